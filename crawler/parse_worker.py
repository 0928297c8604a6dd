"""The process that reads pages, so that no page can stop or break the crawl.

Run by `crawler/parsing.py` with pipes for stdin and stdout. One request: the sizes of a JSON head and of
the body (4 bytes each, little-endian), the head, the body. One answer: its size, then JSON. A page gets a
limited time of the processor; the operating system ends this process when it is over, even inside a
native parser, and the crawl starts another. What it does not know: networks, stores, and what was asked
before. Links are put into their canonical form here, because there can be a thousand.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Any, BinaryIO, Final

from crawler.urls import classify
from searchkit.pages.extract import extract

MEMORY_BYTES_MAX: Final = 3 << 30
"""Address space of this process: eight times what the largest page was seen to need."""


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or fewer if the stream ends."""
    pieces = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def answer(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Extract one page, as plain data."""
    page = extract(body, head["url"], charset=head["charset"], kind=head["kind"])
    links = []
    for link in page.links:
        text, reason = classify(link.url)
        if text:
            links.append([text, reason, link.text, link.nofollow])
    return {
        "title": page.title,
        "text": page.text,
        "language": page.language,
        "links": links,
        "links_left_out": page.links_left_out,
        "canonical": page.canonical,
        "noindex": page.noindex,
        "nofollow": page.nofollow,
        "digest": page.digest,
        "complete": page.complete,
    }


def _limit(seconds: float) -> None:
    """Let the operating system end this process after so much time of the processor."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    """Answer until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the crawl, which closes our stdin.
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(sizes := read_exactly(requests, 8)) == 8:
        head = json.loads(read_exactly(requests, int.from_bytes(sizes[:4], "little")))
        body = read_exactly(requests, int.from_bytes(sizes[4:], "little"))
        _limit(head["seconds"])
        reply = json.dumps(answer(head, body)).encode("ascii")
        _limit(0)
        answers.write(len(reply).to_bytes(4, "little") + reply)
        answers.flush()


if __name__ == "__main__":
    main()

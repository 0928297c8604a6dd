"""Answers on a terminal: one query for people or programs, or one a line of a file.

Apart from the command that asks for them, because a query in plain words does not need what reading its options
costs (`__main__.py`). One query opens one snapshot and never loads the compiler. A batch answers one query a line in
order, each as soon as it is read, and a query that cannot be answered takes only its own line down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import searchkit
from cli.exits import Status
from cli.terminal import Terminal
from searchkit.errors import LimitExceeded, SearchkitError, SourceError
from searchkit.model.snippet import safe_text

if TYPE_CHECKING:
    from searchkit import Results, Snapshot

LINE_BYTES_MAX = 1 << 20
"""Bytes of one line of --batch. The library cuts a query much earlier; this bounds what is read."""


def answer(
    terminal: Terminal,
    directory: Path,
    words: list[str],
    *,
    limit: int = 10,
    mode: Literal["any", "all"] = "any",
    explain: bool = False,
    as_json: bool = False,
) -> Status:
    """Answer one query; the status says whether anything was found."""
    with searchkit.open(directory) as index, index.snapshot() as snapshot:
        results = snapshot.search(" ".join(words), limit=limit, mode=mode, engine="numpy")
        if results.hits:
            index.count_query(results.query)
        if as_json:
            terminal.json(as_dict(results, snapshot if explain else None))
        else:
            show(terminal, results, snapshot if explain else None)
            if not results.hits and limit:
                show_meant(terminal, snapshot, results, limit, mode)
        return Status.DONE if results.hits else Status.NOTHING


def show_meant(
    terminal: Terminal, snapshot: Snapshot, results: Results, limit: int, mode: Literal["any", "all"]
) -> None:
    """Show what a query that found nothing would have found in a better spelling, if there is one."""
    corrections = results.corrections
    if corrections:
        terminal.note(f"Did you mean: {safe_text(corrections[0])}")
        show(terminal, snapshot.search(corrections[0], limit=limit, mode=mode, engine="numpy"))


def answer_batch(
    terminal: Terminal, snapshot: Snapshot, name: str, *, limit: int, mode: Literal["any", "all"], explain: bool
) -> Status:
    """Answer every line of a file in order; 1 is the status if none of them found anything."""
    found = False
    for text in _queries(name, terminal.stdin):
        try:
            if text is None:
                raise LimitExceeded("the query in bytes", LINE_BYTES_MAX + 1, LINE_BYTES_MAX)
            results = snapshot.search(text, limit=limit, mode=mode)
            answer = as_dict(results, snapshot if explain else None)
            found = found or bool(results.hits)
        except SearchkitError as error:
            answer = {"query": text or "", "error": {"code": code_of(error), "message": str(error)}}
        terminal.json(answer)
    return Status.DONE if found else Status.NOTHING


def _queries(name: str, stdin: BinaryIO) -> Iterator[str | None]:
    """Lines of a file as text, None for one that is too long. Bytes that are not UTF-8 become U+FFFD."""
    if name == "-":
        yield from _decoded(stdin)
        return
    from searchkit.sources.stream import open_bytes

    path = Path(name)
    if not path.is_file():
        raise SourceError(name, "there is no such file", hint="It has one query a line.")
    with open_bytes(path) as file:
        yield from _decoded(file)


def _decoded(file: BinaryIO) -> Iterator[str | None]:
    from searchkit.sources.stream import lines

    for line in lines(file, LINE_BYTES_MAX):
        yield None if line.content is None else line.content.decode("utf-8", "replace")


def code_of(error: SearchkitError) -> str:
    """The name of an error for programs, such as ``limit_exceeded``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def as_dict(results: Results, explained_by: Snapshot | None = None) -> dict[str, Any]:
    """What --json prints of one query; with `explained_by`, each hit's score taken apart as well."""
    answer = results.to_dict()
    if explained_by is not None:
        for hit in answer["hits"]:
            hit["explanation"] = explained_by.explain(results.query, hit["id"]).to_dict()
    return answer


def show(terminal: Terminal, results: Results, explained_by: Snapshot | None = None) -> None:
    """Print results for people. Everything that came from a page is made safe for a terminal first."""
    for warning in results.warnings:
        terminal.warn(safe_text(warning))
    for number, hit in enumerate(results.hits, 1):
        title = safe_text(hit.title or hit.url or hit.id)
        terminal.line(f"{number:>3}. {terminal.style(title, 'bold')}  {terminal.style(f'{hit.score:.3f}', 'dim')}")
        if (address := hit.url or hit.id) and safe_text(address) != title:
            terminal.line(f"     {terminal.style(safe_text(address), 'green')}")
        if hit.snippet:
            terminal.line(f"     {hit.snippet.to_terminal(terminal.colour())}")
        if explained_by is not None:
            for line in str(explained_by.explain(results.query, hit.id)).splitlines():
                terminal.line(f"       {safe_text(line)}")
    about = "at least " if results.total_relation == "gte" else ""
    documents = "document" if results.total == 1 else "documents"
    terminal.note(f"{len(results.hits)} of {about}{results.total:,} {documents}, {results.took_ms:.1f} ms")

"""Reading pages in processes that can be ended: the crawl's side of `parse_worker.py`.

A page may be built to make a parser slow, huge or crash. The crawl hands it to one of a few worker
processes and goes on with other hosts; a page that takes too long costs one worker, which is replaced, and
is noted as unreadable. Cost: about 0.2 ms for each page beside the reading, and some 60 MB for each worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from searchkit.pages.records import Reason

_GRACE_FACTOR: Final = 6
"""A worker is ended by us after so many times its time of the processor: it may have had to share the processor."""
_START_S: Final = 30.0
"""Time a new worker may take to start, in seconds; a loaded machine needs a few."""


class Unreadable(Exception):
    """A page that could not be read within its limits. Never leaves the crawler."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a worker found on a page; see `searchkit.pages.extract.Extracted`."""

    title: str
    text: str
    language: str
    links: tuple[tuple[str, Reason | None, str, bool], ...]
    """Canonical address, or the address as found with the reason it has none; its text; nofollow."""
    links_left_out: int
    canonical: str | None
    noindex: bool
    nofollow: bool
    digest: str
    complete: bool

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Reading:
        """From a worker's answer."""
        links = tuple((url, Reason(why) if why else None, text, bool(no)) for url, why, text, no in data.pop("links"))
        return cls(links=links, **data)


class _Worker:
    """One process, started when it is first needed. Blocking: used from a thread of the pool."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def exchange(self, head: dict[str, Any], body: bytes) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        start = json.dumps(head).encode("ascii")
        try:
            process.stdin.write(len(start).to_bytes(4, "little") + len(body).to_bytes(4, "little") + start)
            process.stdin.write(body)
            process.stdin.flush()
            size = process.stdout.read(4)
            reply = process.stdout.read(int.from_bytes(size, "little"))
            return dict(json.loads(reply))
        except (OSError, ValueError) as error:
            status = self.end()
            raise Unreadable(f"the parser ended with status {status}") from error

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "crawler.parse_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        return self._process

    def end(self) -> int | None:
        """End the process if there is one; the next exchange starts another."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        status = process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # What was still buffered for a process that is gone.
                    stream.close()
        return status

    @property
    def running(self) -> bool:
        return self._process is not None


class ParserPool:
    """A few workers. Use from one event loop; close when done.

    Parameters
    ----------
    size : int
        Number of workers.
    seconds : float
        Time of the processor for one page.
    """

    def __init__(self, size: int, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="parse")
        self._workers = [_Worker() for _ in range(size)]
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        for worker in self._workers:
            self._idle.put_nowait(worker)

    async def read(self, body: bytes, url: str, charset: str, kind: str) -> Reading:
        """Read one page.

        Raises
        ------
        Unreadable
            If it took too long, or the parser broke on it.
        """
        worker = await self._idle.get()
        try:
            head = {"url": url, "charset": charset, "kind": kind, "seconds": self._seconds}
            limit = _GRACE_FACTOR * self._seconds + (0.0 if worker.running else _START_S)
            loop = asyncio.get_running_loop()
            answer = loop.run_in_executor(self._threads, worker.exchange, head, body)
            done, _ = await asyncio.wait({answer}, timeout=limit)
            if not done:
                answer.add_done_callback(lambda late: late.exception())  # Its thread wakes up when the process is gone.
                worker.end()
                raise Unreadable(f"reading it took more than {limit:.0f} s")
            return Reading.from_dict(answer.result())
        finally:
            self._idle.put_nowait(worker)

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(wait=True)

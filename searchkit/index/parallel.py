"""Several processes that build segments for one writer: who gets which documents, and in what order segments count.

The writer takes records in, checks them and knows what they replace; batches of them go to a process, which analyses them
and builds a segment (`worker.py`). Each segment holds a stretch of what arrived, and however soon it is written it is
taken over only after those before it: so order of arrival, updates, deletions and all answers are those of one process, and
a commit waits until everything is written. Another process gets the next stretch as soon as one has nothing to do;
while all are busy, stretches grow, up to their share of the memory.

A worker is a fresh interpreter, which loads what it needs by itself: worth it from some ten thousand documents on. It
ignores Ctrl-C, ends when its writer does, however that ended and whatever was forked from it, and what it leaves unlisted
the next writer removes. Its errors are raised in the writer, which then stops. Cost: pickling the documents, about a
microsecond each. What this module does not know: commits.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import secrets
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from searchkit.errors import StorageError
from searchkit.ids import SegmentId
from searchkit.index.builder import Builder
from searchkit.index.writer import IndexWriter
from searchkit.model.intake import Documents
from searchkit.model.schema import Schema
from searchkit.segment.writer import Receipt

STRETCH_CHARACTERS_MIN: Final = 12_000_000
"""Characters, about twenty thousand passages, after which the next process without work gets the next stretch."""
_WAITING_SHARE: Final = 16
"""Characters waiting for all processes are at most this part of the memory, since each takes some bytes on its way."""
_CHARACTER_BYTES: Final = 8
"""Memory of a character that a process has been sent, until it says what that took."""
_FRAME: Final = 8


def write_frame(file: IO[bytes], message: object) -> None:
    """Send one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    file.write(len(data).to_bytes(_FRAME, "little"))
    file.write(data)
    file.flush()


def read_frame(file: IO[bytes]) -> Any:
    """Wait for one message; EOFError if there will be none."""
    head = file.read(_FRAME)
    data = file.read(size) if (size := int.from_bytes(head, "little")) else b""
    if len(head) < _FRAME or len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - from a process of our own, through a pipe that nobody else has


class Worker:
    """A process that builds segments, and the thread that speaks with it.

    Parameters
    ----------
    schema : Schema
    directory : Path
        Of the segments.
    memory : int
        Bytes that a segment it builds may take, about.

    Attributes
    ----------
    memory : int
        What its segment took when it was asked last.
    waiting : int
        Characters that it has not answered for.
    """

    def __init__(self, schema: Schema, directory: Path, memory: int) -> None:
        self._directory = directory
        package = str(Path(__file__).parents[2])
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "searchkit.index.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                start_new_session=True,  # Out of reach of the terminal's Ctrl-C, which is the writer's to answer.
            )
        except OSError as error:
            raise StorageError(directory, f"a process that builds segments could not be started: {error}") from error
        self.memory = self.waiting = 0
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._messages: queue.SimpleQueue[tuple[Any, int, Flight | None] | None] = queue.SimpleQueue()
        self._pending = 0
        self.send(("begin", schema.to_dict(), str(directory), memory))
        self._thread = threading.Thread(target=self._speak, name="searchkit-worker", daemon=True)
        self._thread.start()
        self._end = weakref.finalize(self, _end, self._process, self._messages, os.getpid())
        _workers.add(self)

    @property
    def idle(self) -> bool:
        """Whether it has done all it was told to."""
        return self._pending == 0

    def send(self, message: tuple[Any, ...], characters: int = 0, flight: Flight | None = None) -> None:
        """Have something done, after what was asked before; `flight` gets the receipt."""
        with self._changed:
            self._pending += 1
            self.waiting += characters
        self._messages.put((message, characters, flight))

    def wait_until(self, flight: Flight) -> None:
        """Wait until a segment is written."""
        with self._changed:
            self._changed.wait_for(lambda: flight.done or self.error is not None)
        if not flight.done:
            raise self._raised()

    def wait_below(self, characters: int) -> None:
        """Wait until no more than this many characters wait for it."""
        with self._changed:
            self._changed.wait_for(lambda: self.waiting <= characters or self.error is not None)
        if self.error is not None:
            raise self._raised()

    def _raised(self) -> BaseException:
        if isinstance(self.error, Exception) and not isinstance(self.error, EOFError | OSError):
            return self.error
        status = self._process.poll()
        what = "a process that builds segments ended" + (f" with status {status}" if status else "")
        return StorageError(self._directory, what, hint="Run it again; with fewer jobs if there is not enough memory.")

    def _speak(self) -> None:
        """Send one message after the other, each when the one before is answered."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        try:
            while (item := self._messages.get()) is not None:
                message, characters, flight = item
                write_frame(to, message)
                kind, answer = read_frame(back)
                if kind == "error":
                    raise answer
                with self._changed:
                    if kind == "memory":
                        self.memory = answer
                    elif flight is not None:
                        self.memory, flight.receipt, flight.done = 0, answer, True
                    self._pending -= 1
                    self.waiting -= characters
                    self._changed.notify_all()
        except BaseException as error:  # Whatever it was, the writer's thread raises it.
            with self._changed:
                self.error = error
                self._changed.notify_all()

    def close(self) -> None:
        """End the process now."""
        self._end()
        self._thread.join()

    def let_go(self) -> None:
        """In a forked child: hold no end of its pipes, or it would not notice that its writer has ended."""
        with open(os.devnull, "r+b", buffering=0) as nothing:
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError, ValueError):  # It is closed already.
                    if (
                        pipe is not None
                    ):  # What the pipe's buffer holds must go nowhere, too; so the number stays taken.
                        os.dup2(nothing.fileno(), pipe.fileno(), inheritable=False)


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


def _let_go() -> None:
    for worker in list(_workers):
        worker.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _end(process: subprocess.Popen[bytes], messages: queue.SimpleQueue[Any], pid: int) -> None:
    if os.getpid() != pid:
        return  # A forked child, which would wait for the thread that speaks with the process, and does not have it.
    process.kill()
    process.wait()
    messages.put(None)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # What was still to be sent has nobody to go to.
                pipe.close()


@dataclass(slots=True)
class Flight:
    """A stretch of documents that a worker makes a segment of, which no other segment knows yet.

    Attributes
    ----------
    builder : RemoteBuilder
        Who knows its documents.
    deleted, unwritten : set of str
        As the writer had them when it was handed over.
    receipt : Receipt or None
        Of the segment, once it is written; None if there were no documents left.
    done : bool
        Whether the worker has nothing more to do with it.
    """

    id: SegmentId
    builder: RemoteBuilder
    deleted: set[str]
    unwritten: set[str]
    receipt: Receipt | None = None
    done: bool = False


class RemoteBuilder:
    """A stretch of documents: they are with a worker, what the writer must know of them is here."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.worker: Worker | None = None  # Chosen when there is something to do.
        self._digests: dict[str, int] = {}
        self._characters = 0

    @property
    def full(self) -> bool:
        """Whether the next stretch should begin: there is somebody to take it, or no more memory."""
        if self.worker is None:
            return False
        if self.worker.memory + _CHARACTER_BYTES * self.worker.waiting > self._pool.share:
            return True
        return self._characters >= STRETCH_CHARACTERS_MIN and self._pool.has_idle()

    def add(self, documents: Documents) -> int:
        """Send documents; how many of those here they replaced."""
        if self.worker is None:
            self.worker = self._pool.next()
        replaced = 0
        for id, digest in zip(documents.ids, documents.digests.tolist(), strict=True):
            if self._digests.pop(id, None) is not None:
                replaced += 1
            self._digests[id] = digest
        size = sum(map(len, documents.texts)) + len(documents)
        self._characters += size
        self.worker.send(("add", documents), size)
        self._pool.wait()
        return replaced

    def remove(self, id: str) -> bool:
        """Forget a document; whether it was here."""
        if self._digests.pop(id, None) is None or self.worker is None:
            return False
        self.worker.send(("remove", id))
        return True

    def digest(self, id: str) -> int | None:
        """Digest of a document here, or None."""
        return self._digests.get(id)

    def ids(self) -> list[str]:
        """Ids of the documents here, in order of arrival."""
        return list(self._digests)

    def write(self, path: Path, flight: Flight) -> None:
        """Have the segment written."""
        if self.worker is None:
            flight.done = True
            return
        self.worker.send(("write", str(path)) if self._digests else ("drop",), flight=flight)

    def close(self) -> None:
        """End all workers: what is with them is not wanted any more."""
        self._pool.close()


class Pool:
    """The workers of a writer, started when there is work for them."""

    def __init__(self, jobs: int, schema: Schema, directory: Path, memory: int) -> None:
        self._jobs, self._schema, self._directory, self._memory = jobs, schema, directory, memory
        self.share = memory // jobs
        self._workers: list[Worker] = []

    def has_idle(self) -> bool:
        """Whether there is a worker without work, or could be."""
        return len(self._workers) < self._jobs or any(worker.idle for worker in self._workers)

    def next(self) -> Worker:
        """Who should get the next stretch."""
        idle = [worker for worker in self._workers if worker.idle]
        if not idle and len(self._workers) < self._jobs:
            self._workers.append(Worker(self._schema, self._directory, self.share))
            return self._workers[-1]
        return min(idle or self._workers, key=lambda worker: worker.waiting)

    def wait(self) -> None:
        """Wait until not too much waits for the workers."""
        limit = self._memory // _WAITING_SHARE
        while sum(worker.waiting for worker in self._workers) > limit:
            longest = max(self._workers, key=lambda worker: worker.waiting)
            longest.wait_below(longest.waiting // 2)

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.close()
        self._workers = []


class ParallelWriter(IndexWriter):
    """An `IndexWriter` whose segments are built by several processes.

    Parameters
    ----------
    jobs : int
        How many, at least 1. They share `memory`.
    """

    def __init__(self, *given: Any, jobs: int, **named: Any) -> None:
        self._jobs = jobs
        self._pool: Pool | None = None
        self._flights: list[Flight] = []
        super().__init__(*given, **named)

    def _new_builder(self) -> Builder:
        if self._pool is None:
            directory = self._catalog.segment_path("x").parent
            self._pool = Pool(self._jobs, self._schema, directory, self._memory)
        return RemoteBuilder(self._pool)

    def _begin(self) -> None:
        self._flights = []
        super()._begin()

    def _digests(self, ids: list[str]) -> dict[str, int]:
        found = self._digests_of_segments(ids)
        for flight in self._flights:
            self._amend(found, ids, flight.builder, flight.deleted)
        self._amend(found, ids, self._builder, self._deleted)
        return found

    def _flush(self) -> None:
        """Have what was added written as a segment, and take over those that are written."""
        builder = self._builder
        assert isinstance(builder, RemoteBuilder)
        flight = Flight(secrets.token_hex(8), builder, self._deleted, self._unwritten)
        self._flights.append(flight)
        builder.write(self._catalog.segment_path(flight.id), flight)
        self._deleted, self._unwritten = set(), set()
        self._builder = self._new_builder()
        while self._flights and self._flights[0].done:
            self._land()

    def _settle(self) -> None:
        """Have everything that was written among the segments."""
        while self._flights:
            self._land()

    def _land(self) -> None:
        """Take over the segment that was handed over first."""
        flight = self._flights[0]
        stopped, self._stopped = self._stopped, "a process that builds segments for it failed, or it was interrupted"
        if flight.builder.worker is not None:
            flight.builder.worker.wait_until(flight)
        opened = [] if flight.receipt is None else [self._opened(flight.id, flight.receipt)]
        fresh = flight.builder.ids()
        self._kill(fresh, flight.deleted, flight.unwritten)
        self._segments += opened
        del self._flights[0]
        self._stopped = stopped

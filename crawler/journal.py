"""One thread that writes the page store, many steps to a transaction.

A sync to disk takes as long for one page as for thirty. Whatever steps arrive while one transaction is
being synced are written together in the next, so a slow disk makes larger transactions, not a slow crawl,
and the event loop never waits for the disk. A step is acknowledged when its transaction is on disk. If
writing fails, every step that waits fails with the same error, and so does every later one.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from searchkit.pages.store import PageStore
from searchkit.pages.transaction import PageTxn

T = TypeVar("T")
Step = Callable[[PageTxn], T]

_STEPS_MAX: Final = 64
"""Steps in one transaction, so that one that has to be repeated (the file grew) is soon done."""


class Journal:
    """Commits steps in order. Made and used in one event loop; `close` from there, too.

    Parameters
    ----------
    on_entered : callable
        Told, in the event loop, each host that got new places in the queue.
    """

    def __init__(self, store: PageStore, on_entered: Callable[[str], None]) -> None:
        self._store = store
        self._on_entered = on_entered
        self._loop = asyncio.get_running_loop()
        self._steps: queue.SimpleQueue[tuple[Step[Any], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    async def commit(self, step: Step[T]) -> T:
        """Run a step; when this returns, what it did is on disk.

        Raises
        ------
        SearchkitError
            Why the store cannot be written (a full disk, damage).
        """
        if self.failure is not None:
            raise self.failure
        future: asyncio.Future[T] = self._loop.create_future()
        self._steps.put((step, future))
        return await future

    async def close(self) -> None:
        """Write what waits, and end the thread."""
        self._steps.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        more = True
        while more:
            batch = [self._steps.get()]
            while len(batch) < _STEPS_MAX and batch[-1] is not None:
                try:
                    batch.append(self._steps.get_nowait())
                except queue.Empty:
                    break
            more = batch[-1] is not None
            self._write([item for item in batch if item is not None])

    def _write(self, batch: list[tuple[Step[Any], asyncio.Future[Any]]]) -> None:
        if not batch:
            return

        def steps(txn: PageTxn) -> tuple[list[Any], set[str]]:
            return [step(txn) for step, _ in batch], txn.entered

        try:
            if self.failure is not None:
                raise self.failure
            results, entered = self._store.write(steps)
        except Exception as error:  # whatever it is, whoever waits has to learn of it
            self.failure = error
            self._loop.call_soon_threadsafe(self._fail, [future for _, future in batch], error)
        else:
            self._loop.call_soon_threadsafe(self._done, [future for _, future in batch], results, entered)

    def _done(self, futures: list[asyncio.Future[Any]], results: list[Any], entered: set[str]) -> None:
        for host in entered:
            self._on_entered(host)
        for future, result in zip(futures, results, strict=True):
            if not future.done():
                future.set_result(result)

    def _fail(self, futures: list[asyncio.Future[Any]], error: Exception) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(error)

"""How often each query was asked, kept for completions, if the owner of a collection wants that: off by default.

    queries.lmdb    beside the catalog; there if the log is on
    =format         1, in one byte
    q<text>         how often it was asked, an unsigned 64-bit number, little-endian

All values are framed with checksums (`codec/frame.py`); that the newest commit is what is read, the store sees to.

What is kept of a query is its text, spaces put in order, and a number. No time, no order, no user, no address, no
document; nothing leaves the directory. A query that found nothing is not kept, nor one longer than
`limits.LOGGED_CHARACTERS_MAX`, and one asked once is shown to nobody (`limits.LOGGED_SHOWN_FROM`). There are at most
`limits.LOGGED_QUERIES_MAX`: beyond, all counts are halved, and those that come to nothing leave.

Counts are gathered in memory and written together: after `FLUSH_QUERIES` different queries or `FLUSH_S` seconds, when
asked to, and when the index is closed. What is written is durable; a process that is killed loses what it had gathered;
a forked child leaves what its parent had gathered to the parent.
Cost: half a microsecond a query noted, two syncs and 5 microseconds a query written. What this module does not know:
what is a good completion.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from searchkit import limits
from searchkit.codec.frame import seal, unseal
from searchkit.errors import DamageError, FormatUnsupported, IndexMissing, RequestError, SearchkitError
from searchkit.index.catalog import INDEX_DIRECTORY, QUERY_LOG_FILE
from searchkit.locks import Lock
from searchkit.model.document import clean_text
from searchkit.store.files import os_errors, sync_directory
from searchkit.store.lmdb_store import LmdbStore
from searchkit.store.txn import Txn

FORMAT: Final = 1
FLUSH_QUERIES: Final = 256
FLUSH_S: Final = 10.0
_FORMAT_KEY, _QUERY = b"=format", b"q"


class QueryLog:
    """The log of one collection. Usable from many threads and processes.

    Parameters
    ----------
    directory : Path
        The collection directory.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / INDEX_DIRECTORY / QUERY_LOG_FILE
        self._lock = Lock()
        self._pending: dict[str, int] = {}
        self._pid = os.getpid()
        self._since = 0.0
        self._store: LmdbStore | None = None
        self._file: tuple[int, int] | None = None
        self.enabled = self._identity() is not None
        """Whether queries are kept, as this process last saw it."""

    # --- on and off -------------------------------------------------------------------------------------

    def enable(self) -> None:
        """Keep queries from now on; fine if they are kept already."""
        with os_errors(self.path):
            if not self.path.parent.is_dir():
                raise IndexMissing(self.path.parent.parent)
        with self._lock:
            self._let_go()
            store = LmdbStore(self.path)
            store.write(lambda txn: txn.put(_FORMAT_KEY, seal(_FORMAT_KEY, bytes([FORMAT]))))
            store.close()
            self.enabled = True

    def disable(self) -> None:
        """Keep no more queries, and remove those that were kept."""
        with self._lock:
            self._let_go()
            self._pending, self.enabled = {}, False
            with os_errors(self.path):
                for path in (self.path, self.path.with_name(f"{QUERY_LOG_FILE}-lock")):
                    path.unlink(missing_ok=True)
            sync_directory(self.path.parent)

    # --- writing ----------------------------------------------------------------------------------------

    def note(self, query: str, times: int = 1) -> None:
        """Count a query that found something; written a little later. Never raises for what is wrong with the disk.

        Raises
        ------
        RequestError
            If `times` is no count.
        """
        if not isinstance(times, int) or times < 1:
            raise RequestError(f"a query is counted once or more often, not {times!r} times")
        if not self.enabled:
            return
        text = logged_text(query)
        if not text:
            return
        with self._lock:
            self._leave_to_parent()
            if not self._pending:
                self._since = time.monotonic()
            self._pending[text] = self._pending.get(text, 0) + times
            full = len(self._pending) >= FLUSH_QUERIES or time.monotonic() - self._since > FLUSH_S
        if full:
            self._flush_quietly()

    def _flush_quietly(self) -> None:
        """Write, or say that it cannot be done: a search must not fail because its query cannot be counted."""
        try:
            self.flush()
        except SearchkitError as error:
            with self._lock:
                self._pending = {}
            import logging  # Takes as long as opening an index.

            logging.getLogger("searchkit").warning("queries could not be counted: %s", error)

    def flush(self) -> None:
        """Write what was gathered; durable when this returns. Where the log was turned off meanwhile, it is forgotten.

        Raises
        ------
        StorageError, DamageError, FormatUnsupported
            If it cannot be written. What was gathered is kept for another time.
        """
        with self._lock:
            self._leave_to_parent()
            if not self._pending:
                return
            store = self._opened()
            if store is None:
                self._pending = {}
                return
            pending = dict(self._pending)
            store.write(lambda txn: self._add(txn, pending))
            self._pending = {}

    def _leave_to_parent(self) -> None:
        """In a forked child: what was gathered before is the parent's to write."""
        if self._pid != os.getpid():
            self._pending, self._pid = {}, os.getpid()

    def _add(self, txn: Txn, counts: dict[str, int]) -> None:
        for text, times in counts.items():
            key = _QUERY + text.encode()
            held = txn.get(key)
            self._put(txn, key, times + (0 if held is None else self._count(key, held)))
        while txn.count() - 1 > limits.LOGGED_QUERIES_MAX:
            for key, held in list(txn.items(prefix=_QUERY)):
                half = self._count(key, held) // 2
                if half:
                    self._put(txn, key, half)
                else:
                    txn.delete(key)

    @staticmethod
    def _put(txn: Txn, key: bytes, count: int) -> None:
        txn.put(key, seal(key, min(count, _COUNT_MAX).to_bytes(8, "little")))

    def forget(self, query: str) -> bool:
        """Take a query out of the log; whether it was there."""
        self.flush()
        with self._lock:
            store, text = self._opened(), logged_text(query)
            return bool(text and store is not None and store.write(lambda txn: txn.delete(_QUERY + text.encode())))

    @property
    def pending(self) -> bool:
        """Whether something was gathered that is not written yet."""
        return bool(self._pending)

    # --- reading ----------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """All queries kept, those gathered here included, and how often each was asked; most often first.

        Raises
        ------
        DamageError, FormatUnsupported
            If the log is not what was written.
        """
        self.flush()
        with self._lock:
            store = self._opened()
            if store is None:
                return {}
            with store.read() as txn:
                found = {key[1:].decode(): self._count(key, held) for key, held in txn.items(prefix=_QUERY)}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def watch(self) -> Callable[[], bool]:
        """A function that says whether, since this call, nothing was written to the log, and it was not turned on or off."""
        with self._lock:
            store = self._opened()
            file, (place, number) = self._file, (memoryview(b"\0"), 0) if store is None else store.watch()
        return lambda: self._identity() == file and place[0] == number

    def check(self) -> list[str]:
        """What is wrong with the log; nothing if it is sound, or off."""
        try:
            self.counts()
        except SearchkitError as error:
            return [str(error)]
        return []

    def close(self) -> None:
        """Write what was gathered, and let go of the file."""
        if self._pending:
            self._flush_quietly()
        with self._lock:
            self._let_go()

    # --- the file ---------------------------------------------------------------------------------------

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = self._file = None

    def _opened(self) -> LmdbStore | None:
        """The file that is there now; None if the log is off."""
        there = self._identity()
        if there is None or there != self._file:
            self._let_go()
        self.enabled = there is not None
        if there is not None and self._store is None:
            store = LmdbStore(self.path, create=False)
            with store.read() as txn:
                held = txn.get(_FORMAT_KEY)
            if held is None:
                raise DamageError(self.path, "has no format")
            version = bytes(unseal(_FORMAT_KEY, held, self.path))
            if version != bytes([FORMAT]):
                raise FormatUnsupported(self.path, version[0] if version else 0, (FORMAT,))
            self._store, self._file = store, there
        return self._store

    def _count(self, key: bytes, frame: bytes) -> int:
        return int.from_bytes(unseal(key, frame, self.path), "little")


_COUNT_MAX: Final = (1 << 64) - 1


def logged_text(query: str) -> str:
    """A query as it is kept: spaces put in order; empty if it is not kept."""
    text = " ".join(clean_text(query[: limits.LOGGED_CHARACTERS_MAX + 1]).split())
    return text if len(query) <= limits.LOGGED_CHARACTERS_MAX else ""


def check_log(directory: Path) -> list[str]:
    """What is wrong with the log of a collection; nothing if it is sound, or off."""
    log = QueryLog(directory)
    with contextlib.closing(log):
        return log.check()

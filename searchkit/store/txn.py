"""One transaction over the databases of a store: get, put, delete, count, walk.

What this module does not know: LMDB, of which it is given a transaction and what its errors mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from searchkit.store.lmdb_pages import COMMIT_KEY


class Txn:
    """One transaction over the databases of an `LmdbStore`: every read in it sees the same moment."""

    def __init__(
        self, handle: Any, databases: Mapping[str, Any], errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._handle = handle
        self._databases = databases
        self._errors = errors

    def get(self, key: bytes, database: str = "") -> bytes | None:
        """Value of a key, copied, or None."""
        with self._errors():
            value: bytes | None = self._handle.get(key, db=self._databases.get(database))
        return value

    def put(self, key: bytes, value: bytes, database: str = "") -> None:
        """Set a key (1 to 511 bytes)."""
        with self._errors():
            self._handle.put(key, value, db=self._databases.get(database))

    def delete(self, key: bytes, database: str = "") -> bool:
        """Remove a key; whether it was there."""
        with self._errors():
            return bool(self._handle.delete(key, db=self._databases.get(database)))

    def count(self, database: str = "") -> int:
        """Number of keys."""
        with self._errors():
            entries = int(self._handle.stat(db=self._databases.get(database))["entries"])
            return entries - (not database and self._handle.get(COMMIT_KEY) is not None)

    def items(
        self, database: str = "", *, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Walk keys with `prefix`, from `start` on, in byte order (or the other way round).

        With `reverse`, `start` is the largest key that may come first. Changing the database while
        walking it is not defined: collect first.
        """
        with self._errors(), self._handle.cursor(db=self._databases.get(database)) as cursor:
            if reverse:
                found = _last(cursor, prefix, start)
                step = cursor.iterprev
            else:
                first = max(prefix, start or b"")
                found = cursor.set_range(first) if first else cursor.first()
                step = cursor.iternext
            if found:
                for key, value in step(keys=True, values=True):
                    if not key.startswith(prefix):
                        return
                    if database or key != COMMIT_KEY:
                        yield key, value


def _last(cursor: Any, prefix: bytes, start: bytes | None) -> bool:
    """Stand on the largest key that has `prefix` and is not beyond `start`."""
    if start is not None and cursor.set_range(start):
        return bool(cursor.key() == start or cursor.prev())
    beyond = prefix.rstrip(b"\xff")
    if start is None and beyond and cursor.set_range(beyond[:-1] + bytes([beyond[-1] + 1])):
        return bool(cursor.prev())
    return bool(cursor.last())

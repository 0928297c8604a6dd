"""LMDB environments: the one door to lmdb.

Two kinds of file are kept here. An `LmdbStore` is a mutable file of key-value databases (the catalog, the
page store): any number of readers, one write transaction at a time, durable when `write` returns. A
`ValueFile` is written once by `write_values` and only read afterwards (a segment): a few large values,
seen in place without copying.

LMDB trusts its pages. A mutable store's values therefore carry frames (`codec/frame.py`); a value file has
a `spine` checksum over every page LMDB itself follows, and whoever wrote the values has sums over them.
Costs: a read transaction about a microsecond, a write transaction two syncs. LMDB refuses to open a path
twice in one process, so environments are shared through a registry, by file and not by name, since a
directory can be moved, or removed and made again, while it is open; they must not cross a fork.
"""

from __future__ import annotations

import itertools
import mmap
import os
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar

import lmdb

from searchkit.errors import Closed, DamageError, DiskFull, StorageError
from searchkit.store.files import storage_error

T = TypeVar("T")

_MAP_BYTES = 64 << 20
"""First size of a mutable store's map; doubled whenever it is full, so it only costs address space."""
_FREE_BYTES_MIN = 1 << 20
"""LMDB reports a short write on a full disk as an input/output error; with less than this free, we say so."""
_READERS_MAX = 512
"""Concurrent read transactions on one store, over all threads and processes."""
_META_BYTES, _META_MAGIC = 152, 0xBEEFC0DE
"""Size and first field of an LMDB meta page, its page header included: `MDB_meta` of LMDB's mdb.c."""
_META_TXN = _META_BYTES - 8
"""Where the number of its transaction stands in a meta page."""
_ALREADY_OPEN = "already open in this process"
_CLOSING_ATTEMPTS, _CLOSING_WAIT_S = 2_000, 0.001
"""How long to wait for a thread that is about to close the file we want to open: microseconds, unless it is starved."""


class _Environment:
    """An open LMDB environment that closes when the last one who uses it lets go."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.pid = os.getpid()
        with _lmdb_errors(path):
            self.lmdb = lmdb.open(os.fspath(path), subdir=False, **options)
            self.page_bytes: int = self.lmdb.stat()["psize"]
            with open(path, "rb") as file:
                self.metas = mmap.mmap(file.fileno(), 2 * self.page_bytes, access=mmap.ACCESS_READ)
        self.databases: dict[str, Any] = {}
        self.resizing = threading.Lock()
        weakref.finalize(self, _close, self.lmdb, self.pid)

    def check(self) -> None:
        if os.getpid() != self.pid:
            raise StorageError(
                self.path,
                "was opened before this process was forked",
                hint="Open the index in the child, after the fork.",
            )


def _close(environment: Any, pid: int) -> None:
    if os.getpid() == pid:
        environment.close()


_Key: TypeAlias = tuple[int, int, int]
_environments: weakref.WeakValueDictionary[_Key, _Environment] = weakref.WeakValueDictionary()
_registry = threading.Lock()


def _shared(path: Path, **options: Any) -> _Environment:
    """The open environment of a file, whatever names it has or had, or a new one."""
    with _registry:
        for attempt in itertools.count():
            key = _key(path)
            environment = None if key is None else _environments.get(key)
            if environment is not None:
                return environment
            try:
                environment = _Environment(path, **options)
            except StorageError as error:
                # Another thread let go of this file, is about to close it, and was interrupted in between.
                if _ALREADY_OPEN not in str(error) or attempt == _CLOSING_ATTEMPTS:
                    raise
                time.sleep(_CLOSING_WAIT_S)
                continue
            key = _key(path)
            if key is not None:
                _environments[key] = environment
            return environment
    raise AssertionError("unreachable: the loop returns or raises")


def _key(path: Path) -> _Key | None:
    """What names a file as long as it is open: a path can come to mean another one; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, os.getpid()


def _mutable(path: Path, *, create: bool) -> _Environment:
    """Open for writing, or, where the file system allows only that, for reading."""
    map_bytes = max(_MAP_BYTES, 2 * path.stat().st_size if path.exists() else 0)
    options = {"max_dbs": 16, "max_readers": _READERS_MAX, "mode": 0o600}
    if create or os.access(path, os.W_OK):
        _complete(path, writable=True)
        return _shared(path, map_size=map_bytes, create=create, **options)
    _complete(path, writable=False)
    return _shared(path, readonly=True, create=False, lock=os.access(path.parent, os.W_OK), **options)


def _complete(path: Path, *, writable: bool) -> None:
    """Make a file that was cut short as long again as its meta pages say, with zeros.

    LMDB reads through a map, and to touch a page beyond the end of the file ends the process; a page of zeros
    it calls damage. A shorter file need not be damaged (LMDB leaves out pages that a transaction took and
    gave back), so it is not refused where it can be completed.
    """
    with _lmdb_errors(path):
        if not path.exists():
            return
        with open(path, "rb") as file:
            expected = _bytes_expected(file)
            size = os.fstat(file.fileno()).st_size
        if size >= expected:
            return
        if not writable:
            raise DamageError(path, "the size of the file", expected, size)
        # At the end, wherever that is by now: another process may be writing, and no byte of it must be lost.
        with open(path, "ab") as file:
            file.write(bytes(expected - size))


def _bytes_expected(file: BinaryIO) -> int:
    """Bytes a mutable store takes up to the last page of its newest commit, by its two meta pages; 0 if unknown."""
    first = file.read(_META_BYTES)
    page_bytes = _page_bytes(first)
    file.seek(page_bytes)
    expected = 0
    for meta in (first, file.read(_META_BYTES)):
        if len(meta) == _META_BYTES and int.from_bytes(meta[16:20], "little") == _META_MAGIC:
            size = (int.from_bytes(meta[136:144], "little") + 1) * page_bytes
            if size <= int.from_bytes(
                meta[32:40], "little"
            ):  # Not beyond its map; else it is the number that is wrong.
                expected = max(expected, size)
    return expected


@contextmanager
def _lmdb_errors(where: Path) -> Iterator[None]:
    """Name the cause of an LMDB error in our terms."""
    try:
        yield
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError) as error:
        raise DamageError(where, f"is not a sound LMDB file ({error})") from error
    except lmdb.DiskError as error:
        raise DiskFull(where) from error
    except lmdb.MapFullError:
        raise
    except lmdb.Error as error:
        if "Input/output error" in str(error) and _free_bytes(where) < _FREE_BYTES_MIN:
            raise DiskFull(where) from error
        if "No space left" in str(error) or "File too large" in str(error):
            raise DiskFull(where) from error
        raise StorageError(where, str(error)) from error
    except OSError as error:
        raise storage_error(where, error) from error


def _free_bytes(where: Path) -> int:
    try:
        status = os.statvfs(where if where.exists() else where.parent)
    except (OSError, AttributeError):
        return _FREE_BYTES_MIN
    return status.f_bavail * status.f_frsize


class Txn:
    """One transaction over the databases of an `LmdbStore`: every read in it sees the same moment."""

    def __init__(self, store: LmdbStore, handle: Any) -> None:
        self._store = store
        self._handle = handle

    def get(self, key: bytes, database: str = "") -> bytes | None:
        """Value of a key, copied, or None."""
        with _lmdb_errors(self._store.path):
            value: bytes | None = self._handle.get(key, db=self._store._database(database))
        return value

    def put(self, key: bytes, value: bytes, database: str = "") -> None:
        """Set a key (1 to 511 bytes)."""
        with _lmdb_errors(self._store.path):
            self._handle.put(key, value, db=self._store._database(database))

    def delete(self, key: bytes, database: str = "") -> bool:
        """Remove a key; whether it was there."""
        with _lmdb_errors(self._store.path):
            return bool(self._handle.delete(key, db=self._store._database(database)))

    def count(self, database: str = "") -> int:
        """Number of keys."""
        with _lmdb_errors(self._store.path):
            return int(self._handle.stat(db=self._store._database(database))["entries"])

    def items(
        self, database: str = "", *, prefix: bytes = b"", start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Walk keys with `prefix`, from `start` on, in byte order (or the other way round).

        With `reverse`, `start` is the largest key that may come first. Changing the database while
        walking it is not defined: collect first.
        """
        with _lmdb_errors(self._store.path), self._handle.cursor(db=self._store._database(database)) as cursor:
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
                    yield key, value


def _last(cursor: Any, prefix: bytes, start: bytes | None) -> bool:
    """Stand on the largest key that has `prefix` and is not beyond `start`."""
    if start is not None and cursor.set_range(start):
        return bool(cursor.key() == start or cursor.prev())
    beyond = prefix.rstrip(b"\xff")
    if start is None and beyond and cursor.set_range(beyond[:-1] + bytes([beyond[-1] + 1])):
        return bool(cursor.prev())
    return bool(cursor.last())


class LmdbStore:
    """A durable, mutable file of key-value databases.

    Parameters
    ----------
    path : Path
        The file; its directory exists. Created when missing, unless `readonly`.
    databases : tuple of str
        Named databases to use beside the unnamed one (``""``), which must then not be written to.
    create : bool
        Make the file and the databases when they are missing; otherwise the file must exist, and a
        database that does not is a `StorageError`.

    Raises
    ------
    DamageError, StorageError
        If the file is not LMDB's, or the operating system refuses.
    """

    def __init__(self, path: Path, *, databases: tuple[str, ...] = (), create: bool = True) -> None:
        self.path = path
        self._environment: _Environment | None = _mutable(path, create=create)
        names = tuple(name for name in databases if name not in self._environment.databases)
        with self._environment.resizing, _lmdb_errors(path):
            self._environment.lmdb.reader_check()
            for name in names:
                handle = self._environment.lmdb.open_db(name.encode(), create=create)
                self._environment.databases[name] = handle

    def _open(self) -> _Environment:
        if self._environment is None:
            raise Closed("store")
        self._environment.check()
        return self._environment

    def _database(self, name: str) -> Any:
        return self._open().databases[name] if name else None

    @contextmanager
    def read(self) -> Iterator[Txn]:
        """Look at one moment of the store."""
        environment = self._open()
        with _lmdb_errors(self.path):
            try:
                handle = environment.lmdb.begin()
            except lmdb.MapResizedError:
                with environment.resizing:
                    environment.lmdb.set_mapsize(0)
                handle = environment.lmdb.begin()
        try:
            yield Txn(self, handle)
        finally:
            handle.abort()

    def moment(self) -> bytes:
        """What changes with every transaction that is committed, by whichever process: the numbers of the last two.

        Read where LMDB writes them, in a fifth of a microsecond. Good for seeing that nothing has changed.
        """
        environment = self._open()
        metas, page = environment.metas, environment.page_bytes
        return metas[_META_TXN:_META_BYTES] + metas[page + _META_TXN : page + _META_BYTES]

    def write(self, work: Callable[[Txn], T]) -> T:
        """Run `work` in a write transaction; when this returns, what it did is on disk for good.

        `work` may run more than once (when the map has to grow), so it must have no effect besides the
        transaction and its return value. If it raises, nothing is changed.
        """
        environment = self._open()
        while True:
            with _lmdb_errors(self.path):
                try:
                    with environment.lmdb.begin(write=True) as handle:
                        return work(Txn(self, handle))
                except lmdb.MapFullError:
                    with environment.resizing:
                        environment.lmdb.set_mapsize(2 * environment.lmdb.info()["map_size"])
                except lmdb.MapResizedError:
                    with environment.resizing:
                        environment.lmdb.set_mapsize(0)

    def close(self) -> None:
        """Let go of the file. Other stores on the same path in this process stay usable."""
        self._environment = None


# --- files of values, written once ----------------------------------------------------------------------

_PAGE_BYTES_OFFSET, _OVERFLOW = 10, 0x04


def write_values(path: Path, values: Mapping[str, bytes | memoryview]) -> None:
    """Write a new value file and sync it; the caller syncs the directory.

    One transaction a value, so at most the largest value is held in memory a second time.
    """
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
    total = sum(memoryview(value).nbytes + 2 * page for value in values.values())
    with _lmdb_errors(path):
        environment = lmdb.open(
            os.fspath(path), subdir=False, lock=False, sync=False, map_size=2 * total + 64 * page, mode=0o600
        )
        try:
            for name, value in values.items():
                with environment.begin(write=True) as txn:
                    txn.put(name.encode(), value)
            environment.sync(True)
        finally:
            environment.close()
        # LMDB syncs the data; a size that grew is metadata, and some file systems want it asked for.
        with open(path, "rb") as file:
            os.fsync(file.fileno())


def spine(path: Path) -> tuple[int, int]:
    """Size in bytes of a value file, and a checksum of every page of it that LMDB follows.

    Reads the headers of all runs of overflow pages (where values live) and all other pages whole: a few
    kilobytes. A size or sum that differs from what was noted at writing means that the file must not be
    opened, because LMDB ends the process on some damaged pages.
    """
    with _lmdb_errors(path), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        page_bytes = _page_bytes(file.read(4096))
        check, offset = 0, 0
        while offset < size:
            file.seek(offset)
            header = file.read(16)
            flags = int.from_bytes(header[_PAGE_BYTES_OFFSET : _PAGE_BYTES_OFFSET + 2], "little")
            pages = int.from_bytes(header[12:16], "little")
            if flags == _OVERFLOW and pages > 0:
                check = zlib.crc32(header, check)
                offset += pages * page_bytes
            else:
                check = zlib.crc32(header + file.read(page_bytes - 16), check)
                offset += page_bytes
        return size, check


def _page_bytes(meta_page: bytes) -> int:
    """Page size from LMDB's first meta page (`mm_dbs[0].md_pad`); 4096 if that is not a power of two."""
    pad = int.from_bytes(meta_page[40:44], "little")
    return pad if pad in {1 << power for power in range(9, 17)} else 4096


class ValueFile:
    """A value file opened for reading. Verify it with `spine` first.

    Values are views into the file's map: they are valid while this object lives, so whatever keeps a view
    keeps the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._environment = _shared(path, readonly=True, lock=False, create=False, max_dbs=0)
        with _lmdb_errors(path):
            self._txn = self._environment.lmdb.begin(buffers=True)

    def names(self) -> list[str]:
        """Names of the values, sorted."""
        with _lmdb_errors(self.path):
            return [bytes(key).decode() for key in self._txn.cursor().iternext(keys=True, values=False)]

    def get(self, name: str) -> memoryview:
        """A value, in place. Raises DamageError if there is none of that name."""
        self._environment.check()
        with _lmdb_errors(self.path):
            value = self._txn.get(name.encode())
        if value is None:
            raise DamageError(self.path, f"has no part {name!r}")
        return memoryview(value)

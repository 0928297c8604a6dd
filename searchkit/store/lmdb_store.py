"""LMDB environments: the one door to lmdb.

Two kinds of file are kept here. An `LmdbStore` is a mutable file of key-value databases (the catalog, the
page store): any number of readers, one write transaction at a time, durable when `write` returns. A
`ValueFile` is written once by `write_values` and only read afterwards (a segment): a few large values,
seen in place without copying.

LMDB trusts its pages. A mutable store's pages are therefore looked at before LMDB is let in (`lmdb_pages.py`),
and its values carry frames (`codec/frame.py`); a value file has a checksum over every page LMDB itself follows
(`lmdb_pages.spine`), and whoever wrote the values has sums over them. Costs: a read transaction a few
microseconds, a write transaction two syncs, opening a mutable store about two milliseconds for every thousand
records. LMDB refuses to open a path twice in one process, so environments are shared through a registry, by
file and not by name, since a directory can be moved, or removed and made again, while it is open; a forked
child opens its own (`gate.py`).
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import lmdb

from searchkit.errors import Closed, DamageError, StorageError
from searchkit.store.files import (
    os_errors,
    put_in_place,
    remove_left,
    reserve,
    storage_error,
    sync_directory,
    syncing,
)
from searchkit.store.gate import Forks, Gate
from searchkit.store.lmdb_pages import (
    COMMIT_KEY,
    META_BYTES,
    check_commits,
    check_tree,
    commit_record,
    complete,
)
from searchkit.store.txn import Txn

T = TypeVar("T")

_MAP_BYTES = 64 << 20
"""First size of a mutable store's map; doubled whenever it is full, so it only costs address space."""
_READERS_MAX = 512
"""Concurrent read transactions on one store, over all threads and processes."""
_LOCK_BYTES = (_READERS_MAX + 1) * 64 + 4096
"""More than LMDB's table of so many readers takes."""
_META_TXN = META_BYTES - 8
"""Where the number of its transaction stands in a meta page."""
_ALREADY_OPEN = "already open in this process"
_ALREADY_OPEN_HINT = "If a thread was busy with it when this process was forked, use one that is started afresh."
_CLOSING_ATTEMPTS, _CLOSING_WAIT_S = 2_000, 0.001
"""How long to wait for a thread that is about to close the file we want to open: microseconds, unless it is starved."""
_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EACCES)
_CAUSES = {os.strerror(number): number for number in (*_ERRORS, errno.EPERM, errno.EROFS)}
"""Error numbers by what LMDB says of them."""


class _Environment:
    """An open LMDB environment that closes when the last one who uses it lets go."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.pid = os.getpid()
        with _lmdb_errors(path):
            self.lmdb = lmdb.open(_named(path), subdir=False, **options)
        self.page_bytes: int = self.lmdb.stat()["psize"]
        self.metas: mmap.mmap | None = None
        self.closed = False
        self.databases: dict[str, Any] = {}
        self.gate = Gate(path)
        self.writing = threading.RLock()
        _handles[id(self.lmdb)] = weakref.ref(self), self.lmdb, self.pid
        # Not when the process ends: a thread that nobody waits for may be reading what closing would take away from it.
        weakref.finalize(self, _close, self.lmdb, self.pid).atexit = False

    def meta_pages(self) -> tuple[bytes, bytes]:
        """Both meta pages of a mutable store, as they are now."""
        assert self.metas is not None  # Mapped when a mutable store is opened.
        return self.metas[:META_BYTES], self.metas[self.page_bytes : self.page_bytes + META_BYTES]

    def transaction_numbers(self) -> list[memoryview]:
        """The numbers of the last two transactions of a mutable store, as they are whenever they are looked at."""
        assert self.metas is not None
        return [memoryview(self.metas)[at + _META_TXN :][:8].cast("Q") for at in (0, self.page_bytes)]


def _close(environment: Any, pid: int) -> None:
    """Close it, and let no fork happen meanwhile: LMDB would wait in the child for the thread that closes it here."""
    if os.getpid() == pid:
        with _forks.closing:
            environment.close()
    _handles.pop(id(environment), None)


def _close_orphans() -> None:
    """In a forked child, close what a thread of the parent was about to close: that thread is not here."""
    if _forks.half_closed:
        return
    for number, (owner, handle, pid) in list(_handles.items()):
        if owner() is None and pid != os.getpid():
            handle.close()
            _handles.pop(number, None)


_Key: TypeAlias = tuple[int, int]
_environments: weakref.WeakValueDictionary[_Key, _Environment] = weakref.WeakValueDictionary()
_handles: dict[int, tuple[weakref.ref[_Environment], Any, int]] = {}
"""What LMDB has open, with who uses it, and the process it was opened in."""
_forks = Forks()


def _shared(path: Path, *, mutable: bool, **options: Any) -> _Environment:
    """The open environment of a file, whatever names it has or had, or a new one."""
    with _forks.opening:
        for attempt in itertools.count():
            key = _key(path)
            environment = None if key is None else _environments.get(key)
            if environment is not None:
                return environment
            try:
                environment = _Environment(path, **options)
            except StorageError as error:
                # Another thread let go of this file, is about to close it, and was interrupted in between.
                if _ALREADY_OPEN not in str(error):
                    raise
                if attempt == _CLOSING_ATTEMPTS:
                    raise StorageError(path, _ALREADY_OPEN, hint=_ALREADY_OPEN_HINT) from error
                _close_orphans()
                time.sleep(_CLOSING_WAIT_S)
                continue
            if mutable:
                _check(environment)
                _forks.add(environment.gate, _Forgetting(environment))
            key = _key(path)
            if key is not None:
                _environments[key] = environment
            return environment
    raise AssertionError("unreachable: the loop returns or raises")


def _check(environment: _Environment) -> None:
    """Look at every page of the newest transaction, while a read transaction keeps them from being used again."""
    with _lmdb_errors(environment.path), os_errors(environment.path):
        try:
            held = environment.lmdb.begin()
        except lmdb.MapResizedError:  # Another process let it grow just now; nobody uses our map yet.
            environment.lmdb.set_mapsize(0)
            held = environment.lmdb.begin()
        with held, open(environment.path, "rb") as file:
            check_tree(environment.path, held.id())
            environment.metas = mmap.mmap(file.fileno(), 2 * environment.page_bytes, access=mmap.ACCESS_READ)


def _abandon(environment: _Environment, before: tuple[bytes, ...]) -> None:
    """After a failed commit: close the environment, which LMDB refuses to use further, and mend its meta page.

    If LMDB cannot write a meta page, it leaves the new tree there under the old number, and goes by the other page.
    What was there before is put back, under the lock of writers, so that both pages are sound again.
    """
    with _forks.opening, environment.gate.alone(), contextlib.suppress(lmdb.Error, OSError):
        _Forgetting(environment)()
        fresh = lmdb.open(_named(environment.path), subdir=False, create=False, max_readers=_READERS_MAX)
        try:
            handle = fresh.begin(write=True)
            with open(environment.path, "r+b", buffering=0) as file:
                for number, (was, now) in enumerate(zip(before, environment.meta_pages(), strict=True)):
                    if was != now and was[_META_TXN:] == now[_META_TXN:]:
                        os.pwrite(file.fileno(), was, number * environment.page_bytes)
                        os.fsync(file.fileno())
            handle.abort()
        finally:
            fresh.close()


class _Forgetting:
    """What a forked child does with its copy of an environment: close it, so that it can open one of its own.

    If a thread of its parent is in the middle of something there, LMDB would wait for that thread. Then the copy is left
    as it is, and whoever wants the file is told so.
    """

    def __init__(self, environment: _Environment) -> None:
        self._environment = weakref.ref(environment)

    def __call__(self, quiet: bool = True) -> None:
        environment = self._environment()
        if environment is not None:
            environment.closed = True
            if quiet:
                environment.lmdb.close()
            for key in [key for key, other in _environments.items() if other is environment]:
                del _environments[key]


def _key(path: Path) -> _Key | None:
    """What names a file as long as it is open: a path can come to mean another one; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _mutable(path: Path, *, create: bool, databases: tuple[str, ...]) -> _Environment:
    """Open for writing, or, where the file system allows only that, for reading."""
    if create:
        if not path.exists():
            _make(path, databases)
        remove_left(path.parent, f".{path.name}.*.new")
    key = _key(path)
    if key is not None and (environment := _environments.get(key)) is not None:
        return environment
    map_bytes = max(_MAP_BYTES, 2 * path.stat().st_size if path.exists() else 0)
    options = {"map_size": map_bytes, "max_dbs": 16, "max_readers": _READERS_MAX, "mode": 0o600, "create": False}
    writable = os.access(path, os.W_OK)
    complete(path, writable=writable)
    with os_errors(path):
        check_commits(path)
    if writable:
        # LMDB writes its table of readers through a map: without blocks of its own, a full disk would end the process.
        reserve(path.with_name(f"{path.name}-lock"), _LOCK_BYTES)
        return _shared(path, mutable=True, **options)
    return _shared(path, mutable=True, **options, readonly=True, lock=os.access(path.parent, os.W_OK))


def _make(path: Path, databases: tuple[str, ...]) -> None:
    """Put a new store in place, whole or not at all; one that another process puts there first is kept."""
    import secrets  # Who only reads needs neither this nor what it loads.

    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with _forks.files.passing(), _lmdb_errors(path):
            environment = lmdb.open(_named(fresh), subdir=False, lock=False, sync=False, max_dbs=16, mode=0o600)
            try:
                with environment.begin(write=True) as handle:
                    for name in databases:
                        environment.open_db(name.encode(), txn=handle)
                    handle.put(COMMIT_KEY, commit_record(handle.id()))
            finally:
                environment.close()
        with os_errors(path), open(fresh, "rb") as file, syncing(path):
            os.fsync(file.fileno())
        put_in_place(fresh, path)
    except StorageError:
        if not path.exists():  # Else another process was first, and has tidied up.
            raise
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink()
    sync_directory(path.parent)


def _named(path: Path) -> str:
    """A path as LMDB takes it, which is in UTF-8 only."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        hint = "Rename the directory, or change into it and name it by a dot."
        raise StorageError(path, "its name is not UTF-8, which LMDB needs", hint=hint) from error
    return os.fspath(path)


@contextmanager
def _lmdb_errors(where: Path) -> Iterator[None]:
    """Name the cause of an LMDB error in our terms."""
    try:
        yield
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError) as error:
        raise DamageError(where, f"is not a sound LMDB file ({error})") from error
    except lmdb.MapFullError:
        raise
    except lmdb.ReadonlyError as error:
        raise storage_error(where, OSError(errno.EROFS, os.strerror(errno.EROFS))) from error
    except lmdb.Error as error:
        text = str(error)
        cause = next((number for said, number in _CAUSES.items() if said in text), None)
        if cause is None:
            raise StorageError(where, text) from error
        raise storage_error(where, OSError(cause, os.strerror(cause))) from error
    except OSError as error:
        raise storage_error(where, error) from error


class LmdbStore:
    """A durable, mutable file of key-value databases.

    Parameters
    ----------
    path : Path
        The file; its directory exists. Created when missing, unless `readonly`.
    databases : tuple of str
        Named databases to use beside the unnamed one (``""``), which must then not be written to.
    create : bool
        Make the file with its databases when it is missing; otherwise it must exist.

    Raises
    ------
    DamageError, StorageError
        If the file is not LMDB's, or the operating system refuses.
    """

    def __init__(self, path: Path, *, databases: tuple[str, ...] = (), create: bool = True) -> None:
        self.path = path
        self._databases, self._create = databases, create
        self._environment: _Environment | None = self._opened()

    def _opened(self) -> _Environment:
        environment = _mutable(self.path, create=self._create, databases=self._databases)
        names = tuple(name for name in self._databases if name not in environment.databases)
        with environment.writing, environment.gate.passing(), _lmdb_errors(self.path):
            environment.lmdb.reader_check()
            for name in names:
                try:
                    environment.databases[name] = environment.lmdb.open_db(name.encode(), create=False)
                except lmdb.NotFoundError as error:
                    raise DamageError(self.path, f"has no database {name!r}") from error
        return environment

    def _open(self) -> _Environment:
        if self._environment is None:
            raise Closed("store")
        # In a forked child its parent's is closed, and so is one whose commit failed.
        if self._environment.pid != os.getpid() or self._environment.closed:
            self._environment = self._opened()
        return self._environment

    def _txn(self, environment: _Environment, handle: Any) -> Txn:
        return Txn(handle, environment.databases, lambda: _lmdb_errors(self.path))

    @contextmanager
    def read(self) -> Iterator[Txn]:
        """Look at one moment of the store.

        Raises
        ------
        StorageError
            If another process let the file grow while this thread was reading it already: read again.
        """
        while True:
            environment = self._open()
            with environment.gate.passing():
                if environment.closed:
                    continue
                handle = self._begin(environment)
                if handle is not None:
                    try:
                        yield self._txn(environment, handle)
                    finally:
                        handle.abort()
                    return
            self._grow(environment, 0)

    def _begin(self, environment: _Environment) -> Any:
        """A read transaction, or None if another process made the file larger than our map of it."""
        with _lmdb_errors(self.path):
            try:
                return environment.lmdb.begin()
            except lmdb.MapResizedError:
                return None

    def _grow(self, environment: _Environment, size: int) -> None:
        """Map the file anew, as large as it says or as `size`, while nobody in this process looks at it."""
        environment.gate.refuse_nested()
        with environment.writing, environment.gate.alone(), _lmdb_errors(self.path):
            environment.lmdb.set_mapsize(size)

    def watch(self) -> tuple[memoryview, int]:
        """A place and the number in it, which is another one once a transaction of whichever process was committed.

        It is the number of the last transaction but one, where LMDB writes that of the next. To look takes 50 nanoseconds.
        """
        places = self._open().transaction_numbers()
        number, place = min((place[0], which) for which, place in enumerate(places))
        return places[place], number

    def write(self, work: Callable[[Txn], T]) -> T:
        """Run `work` in a write transaction; when this returns, what it did is on disk for good.

        `work` may run more than once (when the map has to grow), so it must have no effect besides the
        transaction and its return value. If it raises, nothing is changed.
        """
        while True:
            environment = self._open()
            with environment.writing:
                if environment.closed:
                    continue
                size = 0
                before: tuple[bytes, ...] = ()
                try:
                    with environment.gate.passing(), _lmdb_errors(self.path):
                        # A reader that was killed in the middle of a read would keep what it read from being used again.
                        environment.lmdb.reader_check()
                        try:
                            with environment.lmdb.begin(write=True) as handle:
                                before = environment.meta_pages()
                                result = work(self._txn(environment, handle))
                                handle.put(COMMIT_KEY, commit_record(handle.id()))
                            return result
                        except lmdb.MapFullError:
                            size = 2 * environment.lmdb.info()["map_size"]
                        except lmdb.MapResizedError:
                            pass
                except StorageError:
                    if before and not environment.gate.nested:
                        _abandon(environment, before)
                    raise
                self._grow(environment, size)

    def close(self) -> None:
        """Let go of the file. Other stores on the same path in this process stay usable."""
        self._environment = None


def write_values(path: Path, values: Mapping[str, bytes | memoryview]) -> None:
    """Write a new value file and sync it; the caller syncs the directory.

    One transaction a value, so at most the largest value is held in memory a second time.
    """
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
    total = sum(memoryview(value).nbytes + 2 * page for value in values.values())
    with _forks.files.passing(), _lmdb_errors(path):
        environment = lmdb.open(
            _named(path), subdir=False, lock=False, sync=False, map_size=2 * total + 64 * page, mode=0o600
        )
        try:
            for name, value in values.items():
                with environment.begin(write=True) as txn:
                    txn.put(name.encode(), value)
            with _unsynced(path):
                environment.sync(True)
        finally:
            environment.close()
    # LMDB syncs the data; a size that grew is metadata, and some file systems want it asked for.
    with os_errors(path), open(path, "rb") as file, syncing(path):
        os.fsync(file.fileno())


@contextmanager
def _unsynced(where: Path) -> Iterator[None]:
    """Say of an LMDB error that it came from a sync."""
    try:
        with _lmdb_errors(where):
            yield
    except StorageError as error:
        error.unsynced = True
        raise


class ValueFile:
    """A value file opened for reading. Verify it with `lmdb_pages.spine` first.

    Values are views into the file's map: they are valid while this object lives, so whatever keeps a view
    keeps the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._environment = _shared(path, mutable=False, readonly=True, lock=False, create=False, max_dbs=0)
        with _lmdb_errors(path):
            self._txn = self._environment.lmdb.begin(buffers=True)

    def names(self) -> list[str]:
        """Names of the values, sorted."""
        with _lmdb_errors(self.path):
            return [bytes(key).decode() for key in self._txn.cursor().iternext(keys=True, values=False)]

    def get(self, name: str) -> memoryview:
        """A value, in place. Raises DamageError if there is none of that name."""
        with _lmdb_errors(self.path):
            value = self._txn.get(name.encode())
        if value is None:
            raise DamageError(self.path, f"has no part {name!r}")
        return memoryview(value)

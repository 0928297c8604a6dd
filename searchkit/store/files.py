"""What the file system must do for us beyond LMDB: durable names, atomic replacement, and the writer's lock.

A file is durable once it *and its directory entry* were synced; a power cut can take a file whose
directory was not. The lock is one the operating system drops when its holder dies, so a `kill -9` never
leaves an index locked; what the lock file says about its holder is for people and may be stale. Advisory
locks are not reliable on network file systems, and neither is LMDB.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from searchkit.errors import DiskFull, IndexLocked, OutOfMemory, StorageError

_POLL_S = 0.05
_FREE_BYTES_MIN = 1 << 20
"""A short write on a full disk can be reported as an input/output error; with less than this free, we say why."""
_FULL = {
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "no space is left: the disk quota of this user is used up",
    errno.EFBIG: "no space is left: the file is as large as this process may write (see `ulimit -f`)",
}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK}
"""What a file system says that knows no second names of a file."""
_HINTS = {
    errno.EMFILE: "Close other indexes, or raise the limit with `ulimit -n`.",
    errno.ENFILE: "The whole machine has too many files open; end something, or raise fs.file-max.",
    errno.EACCES: "Check who owns the directory and its permissions.",
    errno.EPERM: "Check who owns the directory and its permissions.",
    errno.EROFS: "The file system is read-only; searching works, writing does not.",
    errno.EIO: "The device does not do what it should; look at the system's log. What was acknowledged before is kept.",
}


def storage_error(where: Path | str, error: OSError) -> StorageError:
    """Name the cause of an operating system error in our terms."""
    cause = error.errno or 0
    if cause == errno.EIO:
        cause = _cause_of_short_write(Path(where))
    if cause in _FULL:
        return DiskFull(where, _FULL[cause])
    if cause == errno.ENOMEM:
        return OutOfMemory(where)
    return StorageError(where, error.strerror or str(error), hint=_HINTS.get(cause, ""))


def _cause_of_short_write(where: Path) -> int:
    """What an input/output error may mean: that there was room for a part of what was written."""
    try:
        status = os.statvfs(where if where.exists() else where.parent)
        if status.f_bavail * status.f_frsize < _FREE_BYTES_MIN:
            return errno.ENOSPC
        import resource  # Not on every platform.

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        size = where.stat().st_size if where.exists() else 0
        if limit != resource.RLIM_INFINITY and size + _FREE_BYTES_MIN > limit:
            return errno.EFBIG
    except (OSError, AttributeError, ImportError):
        pass
    return errno.EIO


@contextlib.contextmanager
def os_errors(where: Path | str) -> Iterator[None]:
    """Turn `OSError` inside the block into a `StorageError` that names `where`."""
    try:
        yield
    except OSError as error:
        raise storage_error(where, error) from error


@contextlib.contextmanager
def syncing(where: Path | str) -> Iterator[None]:
    """As `os_errors`, for a sync: one that failed may have lost what was written, and another may not say so.

    The system tells of a failed sync once and forgets what it could not write, so nobody may sync again and go on.
    """
    try:
        yield
    except OSError as error:
        failed = storage_error(where, error)
        failed.unsynced = True
        raise failed from error


def sync_directory(directory: Path) -> None:
    """Make names created, replaced or removed in `directory` durable. Windows does so by itself."""
    if sys.platform == "win32":
        return
    with os_errors(directory):
        handle = os.open(directory, os.O_RDONLY)
    try:
        with syncing(directory):
            os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(directory: Path) -> None:
    """Create a directory and its missing parents, each durable in the one above it. Existing is fine."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    with os_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_directory(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Write a whole file so that, whatever happens, either the old or the new content is there."""
    import tempfile  # Who only reads needs neither this nor what it loads.

    with os_errors(path):
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        os.replace(file.name, path)
    sync_directory(path.parent)


def put_in_place(fresh: Path, path: Path) -> None:
    """Give a new file a further name, unless something has that name already; then that is kept."""
    with os_errors(path):
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if not path.exists():
                fresh.rename(path)


def remove_left(directory: Path, pattern: str) -> None:
    """Remove what a killed process left half made; what cannot be removed may stay."""
    with os_errors(directory):
        for left in directory.glob(pattern):
            with contextlib.suppress(OSError):
                left.unlink()


def reserve(path: Path, size: int) -> None:
    """Give a file blocks on the disk for its first `size` bytes, where the platform can; made when it is missing."""
    with os_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            if hasattr(os, "posix_fallocate") and os.fstat(file).st_blocks * 512 < size:
                os.posix_fallocate(file, 0, size)
        finally:
            os.close(file)


class WriterLock:
    """The right to write an index: one holder at a time on this machine, given back when its process ends.

    Parameters
    ----------
    path : Path
        The lock file; created when missing and never removed, since removing it would race.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._pid = 0

    def acquire(self, timeout_s: float) -> None:
        """Take the lock, waiting up to `timeout_s` seconds.

        Raises
        ------
        IndexLocked
            If another writer still holds it then; names its process, host and start.
        """
        with os_errors(self.path):
            file = open(self.path, "a+b", buffering=0)  # noqa: SIM115 - held for as long as the lock is
        deadline = time.monotonic() + timeout_s
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                holder = self._holder(file)
                file.close()
                raise IndexLocked(self.path, *holder)
            time.sleep(_POLL_S)
        self._file, self._pid = file, os.getpid()
        # Who holds it is for people: on a full disk the lock is as good without.
        with contextlib.suppress(OSError):
            import socket  # Only writers need it.

            about = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
            file.seek(0)
            file.truncate()
            file.write(json.dumps(about).encode())
            file.flush()

    def release(self) -> None:
        """Give the lock back. Doing so twice is fine.

        In a child forked meanwhile it stays with the parent: the two share it, and only its taker may end it.
        """
        if self._file is not None:
            if self._pid == os.getpid():
                _unlock(self._file)
            self._file.close()
            self._file = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock, in the process that took it."""
        return self._file is not None and self._pid == os.getpid()

    @staticmethod
    def _holder(file: IO[bytes]) -> tuple[int, str, str]:
        try:
            file.seek(0)
            about = json.loads(file.read())
            return int(about["pid"]), str(about["host"]), str(about["since"])
        except (ValueError, KeyError, TypeError, OSError):
            return 0, "", ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        # Locks one byte far behind the text, so that the holder's name stays readable.
        file.seek(1 << 30)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(1 << 30)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

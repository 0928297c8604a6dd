"""Where compiled kernels are kept: one private directory of the user for each version of the kernels and processor.

Compiling takes a minute or two, loading what was compiled a quarter of a second. The directory's name has a digest of
the sources of all kernels, so that no change of one is missed because it stands in another file, and of what
compiles them. Compiled code is run as it is found; so a directory that others can write to is not used, and then
kernels are compiled into numba's own cache, beside the sources. Cost: a millisecond. What this module does not
know: numba.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

_STALE_DAYS = 30.0
"""A directory nobody has used for so long belongs to a version that is gone."""
_PACKAGE = Path(__file__).parent


def base() -> Path:
    """The directory of this user's caches for searchkit: SEARCHKIT_CACHE_DIR, or where the platform keeps caches."""
    named = os.environ.get("SEARCHKIT_CACHE_DIR")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "searchkit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "searchkit"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "searchkit"


def digest() -> str:
    """What names a version of the kernels: the sources of all of them, and the compilers' versions."""
    seen = hashlib.blake2b(digest_size=8)
    for path in sorted([_PACKAGE / "jit.py", *_PACKAGE.glob("*/kernels/*.py")]):
        seen.update(path.relative_to(_PACKAGE).as_posix().encode())
        seen.update(path.read_bytes())
    for package in ("numba", "llvmlite", "numpy"):
        seen.update(version(package).encode())
    return seen.hexdigest()


def directory(processor: str) -> Path | None:
    """The directory for the kernels of this version, made if it is missing; None if there can be no private one.

    Parameters
    ----------
    processor : str
        Name of the processor that code is compiled for.
    """
    where = base() / "kernels" / f"{processor}-{digest()}"
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = where.stat()
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
            return None
        if not os.access(where, os.W_OK):
            return None
        os.utime(where)  # In use, and therefore not stale.
    except OSError:
        return None
    return where


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other processes, and other threads, from writing to a directory of kernels meanwhile.

    numba numbers the files of a kernel by what its index lists, and two processes that compile it for two types at the
    same time would choose the same number: one would find the other's code under its own type.
    """
    with contextlib.ExitStack() as held:
        if sys.platform != "win32":
            import fcntl

            with contextlib.suppress(OSError):  # Without a lock it is as it is without us.
                file = held.enter_context(open(directory / ".lock", "ab"))
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove_stale(now: float | None = None) -> int:
    """Remove the directories of versions that were not used for `_STALE_DAYS`; how many there were."""
    oldest, removed = (time.time() if now is None else now) - _STALE_DAYS * 86_400, 0
    parent = base() / "kernels"
    for found in parent.iterdir() if parent.is_dir() else ():
        if found.is_dir() and not found.is_symlink() and found.stat().st_mtime < oldest:
            shutil.rmtree(found, ignore_errors=True)
            removed += 1
    return removed

"""The writer's lock waits, names its holder, and dies with its process; files are replaced whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from searchkit.errors import DiskFull, IndexLocked, StorageError
from searchkit.store.files import WriterLock, make_directory, os_errors, replace_file

HOLDER = """
import sys, time
from pathlib import Path
from searchkit.store.files import WriterLock
lock = WriterLock(Path(sys.argv[1]))
lock.acquire(0)
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    """Another process holds it: waits as long as asked, then names its pid; free again once that is killed."""
    path = tmp_path / "writer.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        started = time.monotonic()
        with pytest.raises(IndexLocked) as caught:
            WriterLock(path).acquire(0.3)
        assert time.monotonic() - started >= 0.3
        assert caught.value.pid == holder.pid
        assert caught.value.since
    finally:
        holder.kill()
        holder.wait()
    lock = WriterLock(path)
    lock.acquire(5)
    assert lock.held
    lock.release()
    lock.release()
    assert not lock.held


def test_two_writers_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    """The lock is the object's, not the process's."""
    one, other = WriterLock(tmp_path / "l"), WriterLock(tmp_path / "l")
    one.acquire(0)
    with pytest.raises(IndexLocked):
        other.acquire(0)
    one.release()
    other.acquire(0)
    other.release()


def test_causes_are_named(tmp_path: Path) -> None:
    """A full disk and a forbidden file are told apart."""
    with pytest.raises(DiskFull, match="no space"), os_errors(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(StorageError, match="Permission denied") as caught, os_errors(tmp_path):
        raise PermissionError(13, "Permission denied")
    assert "permissions" in caught.value.hint


def test_replacing_is_all_or_nothing(tmp_path: Path) -> None:
    """The new content is there, and nothing else is left beside it."""
    path = tmp_path / "file"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_directories_are_made_with_parents(tmp_path: Path) -> None:
    """Missing parents are made; existing ones are fine."""
    make_directory(tmp_path / "a" / "b" / "c")
    make_directory(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()

"""A fork waits for what a child must not find half done, and no longer than some seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from searchkit.errors import StorageError
from searchkit.store import gate, lmdb_store
from searchkit.store.gate import Gate
from searchkit.store.lmdb_store import LmdbStore, ValueFile, write_values
from searchkit.store.txn import Txn
from tests.support.forks import status_of_child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")

VALUES: dict[str, bytes | memoryview] = {"a": b"first", "b": b"second"}


@contextmanager
def thread(work: Callable[[], object]) -> Iterator[None]:
    """Have another thread do something meanwhile."""
    other = threading.Thread(target=work)
    other.start()
    try:
        yield
    finally:
        other.join()


class SlowValues(dict[str, bytes | memoryview]):
    """Values that stop after the first one until they are told to go on."""

    def __init__(self) -> None:
        super().__init__(VALUES)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def items(self) -> Iterator[tuple[str, bytes | memoryview]]:  # type: ignore[override]  # Asked for once.
        """The first, and later the others."""
        for name, value in super().items():
            yield name, value
            self.begun.set()
            assert self.go_on.wait(10)


def read(path: Path) -> None:
    """All values of a file."""
    file = ValueFile(path)
    assert {name: bytes(file.get(name)) for name in file.names()} == VALUES


def test_a_child_reads_a_file_that_was_being_written(tmp_path: Path) -> None:
    """The fork waits until it is written; else LMDB would say in the child that it is in use."""
    values = SlowValues()
    with thread(lambda: write_values(tmp_path / "v", values)):
        assert values.begun.wait(10)
        threading.Timer(0.2, values.go_on.set).start()
        status, took = status_of_child(lambda: read(tmp_path / "v"))
    assert status == 0
    assert took >= 0.1


def test_a_file_that_takes_long_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child can do everything else, and is told which file it cannot have; the parent's thread goes on."""
    monkeypatch.setattr(gate, "_FORK_WAIT_FOR_FILES_S", 0.1)
    monkeypatch.setattr(lmdb_store, "_CLOSING_ATTEMPTS", 10)
    store, values = LmdbStore(tmp_path / "s"), SlowValues()
    write_values(tmp_path / "other", VALUES)

    def work() -> None:
        store.write(lambda txn: txn.put(b"k", b"v"))
        read(tmp_path / "other")
        write_values(tmp_path / "mine", VALUES)
        with pytest.raises(StorageError, match="already open") as refused:
            read(tmp_path / "v")
        assert "started afresh" in str(refused.value.hint)

    with thread(lambda: write_values(tmp_path / "v", values)):
        assert values.begun.wait(10)
        status, took = status_of_child(work)
        values.go_on.set()
    assert status == 0
    assert took < 5
    read(tmp_path / "v")


def test_a_store_that_another_thread_does_not_leave_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child neither waits for that thread nor goes on with its half a transaction: it says so."""
    monkeypatch.setattr(gate, "_FORK_WAIT_S", 0.1)
    monkeypatch.setattr(lmdb_store, "_CLOSING_ATTEMPTS", 10)
    store, inside, leave = LmdbStore(tmp_path / "s"), threading.Event(), threading.Event()

    def write(txn: Txn) -> None:
        txn.put(b"k", b"v")
        inside.set()
        assert leave.wait(10)

    def work() -> None:
        for refused in (lambda: store.read().__enter__(), lambda: store.write(write)):
            with pytest.raises(StorageError, match="already open"):
                refused()

    with thread(lambda: store.write(write)):
        assert inside.wait(10)
        status, took = status_of_child(work)
        leave.set()
    assert status == 0
    assert took < 5
    with store.read() as txn:
        assert txn.get(b"k") == b"v"


class SlowToClose:
    """What LMDB has open, as `_close` sees it."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), False

    def close(self) -> None:
        """Takes its time."""
        self.begun.set()
        time.sleep(0.3)
        self.ended = True


def test_a_fork_waits_for_what_is_being_closed() -> None:
    """To a child it would be half closed for good."""
    slow = SlowToClose()

    def work() -> None:
        assert slow.ended

    with thread(lambda: lmdb_store._close(slow, os.getpid())):
        assert slow.begun.wait(10)
        status, _ = status_of_child(work)
    assert status == 0


def test_what_is_closed_for_too_long_is_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fork goes on, and the child neither waits nor closes what it found half closed."""
    monkeypatch.setattr(gate, "_FORK_WAIT_S", 0.1)
    write_values(tmp_path / "v", VALUES)
    slow = SlowToClose()

    def work() -> None:
        assert not slow.ended
        assert lmdb_store._forks.half_closed
        lmdb_store._close_orphans()
        read(tmp_path / "v")

    with thread(lambda: lmdb_store._close(slow, os.getpid())):
        assert slow.begun.wait(10)
        status, _ = status_of_child(work)
    assert status == 0
    assert not lmdb_store._forks.half_closed


def test_a_gate_that_stays_closed_is_waited_for_until_then() -> None:
    """Who must be alone keeps it; who could not have it does not open it."""
    shut = Gate("x")
    seen: list[tuple[bool, bool]] = []
    with shut.alone(), thread(lambda: seen.append(shut._close(time.monotonic() + 0.05))):
        pass
    assert seen == [(False, False)]
    with shut.passing():
        assert shut._close(time.monotonic() + 0.05) == (True, False)
        shut._open()


def test_forks_of_many_threads_take_turns(tmp_path: Path) -> None:
    """Threads that fork at the same time, while others open and close files, have children that work."""
    write_values(tmp_path / "v", VALUES)
    stop = threading.Event()
    statuses: list[int] = []

    def busy() -> None:
        while not stop.is_set():
            read(tmp_path / "v")

    def forking() -> None:
        statuses.extend(status_of_child(lambda: read(tmp_path / "v"))[0] for _ in range(5))

    with thread(busy), thread(busy):
        with thread(forking), thread(forking):
            pass
        stop.set()
    assert statuses == [0] * 10

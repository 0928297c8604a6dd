"""What a thread holds while another one forks, the child does not wait for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pytest

import searchkit
from searchkit.index.snapshot import SegmentView
from searchkit.locks import Lock
from tests.support.forks import status_of_child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")

ROOT = Path(__file__).resolve().parents[2]


def while_another_thread_is_in(
    held: Callable[[threading.Event, threading.Event], object], work: Callable[[], object]
) -> int:
    """The status of a child that was forked while another thread was in the middle of something."""
    inside, leave = threading.Event(), threading.Event()
    other = threading.Thread(target=held, args=(inside, leave))
    other.start()
    assert inside.wait(10)
    try:
        return status_of_child(work)[0]
    finally:
        leave.set()
        other.join()


def test_a_lock_another_thread_holds_is_free_in_the_child() -> None:
    """The parent's stays taken until it is given back; it can be taken again by its own thread."""
    lock = Lock()

    def hold(inside: threading.Event, leave: threading.Event) -> None:
        with lock, lock:
            inside.set()
            leave.wait(10)

    def take() -> None:
        with lock, lock:
            pass

    assert while_another_thread_is_in(hold, take) == 0
    take()


def test_who_forks_keeps_what_it_holds() -> None:
    """A thread that forks within a lock gives it back in parent and child."""
    lock = Lock()
    with lock:
        status = status_of_child(lambda: lock.__exit__(None, None, None))[0]
    assert status == 0
    with lock:
        pass


def test_a_property_another_thread_works_out_is_worked_out_by_the_child(
    index_of_one: searchkit.Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Python 3.12 all objects of a class share a lock for it."""
    (view,) = index_of_one.snapshot().held.views
    fresh = SegmentView(view.reader, view.dead, 0)
    live = vars(SegmentView)["live"]
    assert isinstance(live, cached_property)
    parent, work = os.getpid(), live.func
    leaves: list[threading.Event] = []

    def slowly(of: SegmentView) -> object:
        if os.getpid() == parent:
            leaves[0].wait(10)
        return work(of)

    monkeypatch.setattr(live, "func", slowly)

    def hold(inside: threading.Event, leave: threading.Event) -> None:
        slow = SegmentView(view.reader, view.dead, 0)
        leaves.append(leave)
        threading.Timer(0.2, inside.set).start()  # By then it is in the middle of the next line.
        assert len(slow.live) == 1

    assert while_another_thread_is_in(hold, lambda: len(fresh.live)) == 0


@pytest.fixture
def index_of_one(tmp_path: Path) -> searchkit.Index:
    """One document."""
    index = searchkit.create(tmp_path / "site")
    with index.writer() as writer:
        writer.add({"id": "1", "text": "word"})
    return index


FORK_WHILE_OTHERS_SEARCH = """
import sys, threading, searchkit
from tests.support.forks import status_of_child
path, stop = sys.argv[1], threading.Event()
def search():
    while not stop.is_set():
        with searchkit.open(path) as index, index.snapshot() as snapshot:
            assert len(snapshot.search("word nowhere", engine="numpy")) == 1
others = [threading.Thread(target=search) for _ in range(3)]
for other in others:
    other.start()
index = searchkit.open(path)
print(*(status_of_child(lambda: index.search("word nowhere", engine="numpy").hits[0].fields)[0] for _ in range(20)))
stop.set()
"""


def test_threads_that_search_do_not_keep_a_child_from_it(index_of_one: searchkit.Index) -> None:
    """A child of a busy process answers, however often it is tried.

    In a process whose lines are not counted: the counter has a lock of its own, which a child may find taken.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", FORK_WHILE_OTHERS_SEARCH, str(index_of_one.path)]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250)
    assert (done.stdout.split(), done.stderr) == (["0"] * 20, "")

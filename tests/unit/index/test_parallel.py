"""A writer with several processes: what it does when one fails, and that none stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import searchkit
from searchkit.errors import Closed, RequestError, StorageError
from searchkit.index import parallel
from searchkit.index.parallel import ParallelWriter


def files(index: searchkit.Index) -> list[str]:
    return sorted(path.name for path in (index.path / "index" / "segments").iterdir())


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parallel, "STRETCH_CHARACTERS_MIN", 1)
    with searchkit.create(tmp_path / "site") as index, index.writer(jobs=2) as opened:
        opened.index = index
        yield opened


def processes(writer: ParallelWriter) -> list[subprocess.Popen[bytes]]:
    return [worker._process for worker in writer._pool._workers]


@pytest.mark.parametrize("jobs", [0, -1, 65, 1.5, True, "2", None])
def test_jobs_are_a_small_number(tmp_path: Path, jobs) -> None:
    """Anything else is refused, and what is allowed is said."""
    with searchkit.create(tmp_path / "site") as index, pytest.raises(RequestError, match="from 1 to 64"):
        index.writer(jobs=jobs)


def test_nothing_is_started_for_nothing(writer) -> None:
    """Processes are started when there are documents for them, and end with the writer."""
    writer.delete("missing")
    assert writer.commit().documents == 0
    assert not processes(writer)
    writer.add({"id": "1", "text": "bread"})
    assert writer.commit().added == 1
    started = processes(writer)
    assert len(started) == 1
    writer.close()
    assert all(process.returncode is not None for process in started)
    with pytest.raises(Closed):
        writer.add({"id": "2"})


def test_a_process_that_dies_stops_the_writer(writer) -> None:
    """The error says so; the index stands at the last commit, and another writer goes on."""
    writer.add({"id": "1", "text": "bread"})
    writer.commit()
    writer.add({"id": "2", "text": "stone"})
    writer._put_all()
    processes(writer)[0].kill()
    with pytest.raises(StorageError, match="a process that builds segments ended"):
        writer.commit()
    with pytest.raises(StorageError, match="this writer has stopped"):
        writer.add({"id": "3"})
    writer.close()
    with writer.index.writer() as other:
        other.add({"id": "3", "text": "river"})
    assert [record["id"] for record in writer.index.export()] == ["1", "3"]


def test_an_error_of_a_process_is_raised_here(writer) -> None:
    """As the error it is, with what it says."""
    folder = writer.index.path / "index" / "segments"
    writer.add({"id": "1", "text": "bread"})
    writer._put_all()
    gone = folder.rename(folder.with_name("gone"))
    with pytest.raises(StorageError, match="segments"):
        writer.commit()
    gone.rename(folder)
    writer.close()
    assert len(writer.index) == 0
    assert files(writer.index) == []


def test_rolling_back_forgets_what_processes_have(writer) -> None:
    """What was handed over is not written, or removed again; and work goes on."""
    writer.add_many({"id": str(number), "text": "bread"} for number in range(50))
    writer._put_all()
    writer.rollback()
    assert files(writer.index) == []
    writer.add({"id": "1", "text": "stone"})
    assert writer.commit().documents == 1


ORPHANS = """
import sys, time
import searchkit
from searchkit.index import parallel
parallel.STRETCH_CHARACTERS_MIN = 1
with searchkit.create(sys.argv[1]) as index, index.writer(jobs=2) as writer:
    writer.add({"id": "1", "text": "bread"})
    writer._put_all()
    print(*(worker._process.pid for worker in writer._pool._workers), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes under /proc")
def test_processes_end_when_their_writer_is_killed(tmp_path: Path) -> None:
    """Nobody can tell them, but nobody sends them anything any more either."""
    command = [sys.executable, "-c", ORPHANS, str(tmp_path / "site")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pids = child.stdout.readline().split()
    assert pids
    child.send_signal(signal.SIGKILL)
    child.communicate()
    deadline = time.monotonic() + 20
    while any(running(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with searchkit.open(tmp_path / "site") as index, index.writer() as writer:
        writer.add({"id": "2", "text": "stone"})
    assert [record["id"] for record in searchkit.open(tmp_path / "site").export()] == ["2"]


FORKED = """
import os, sys, time
import searchkit
with searchkit.create(sys.argv[1]) as index, index.writer(jobs=2) as writer:
    writer.add({"id": "1", "text": "bread"})
    writer._put_all()
    child = os.fork()
    if child == 0:
        os.close(1)
        time.sleep(60)
        os._exit(0)
    leaving = os.fork()
    if leaving == 0:
        sys.exit(0)
    assert os.waitpid(leaving, 0)[1] == 0
    writer.add({"id": "2", "text": "stone"})
    writer.commit()
    print(child, *(worker._process.pid for worker in writer._pool._workers), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes under /proc")
def test_a_forked_child_keeps_no_process_alive(tmp_path: Path) -> None:
    """One that leaves ends none, either, nor does it send what was on its way a second time."""
    command = [sys.executable, "-c", FORKED, str(tmp_path / "site")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child, *pids = parent.stdout.readline().split()
    try:
        assert pids
        assert all(running(pid) for pid in pids)
        parent.kill()
        parent.communicate()
        deadline = time.monotonic() + 20
        while any(running(pid) for pid in pids):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert running(child)
    finally:
        os.kill(int(child), signal.SIGKILL)
    assert [record["id"] for record in searchkit.open(tmp_path / "site").export()] == ["1", "2"]


def running(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"

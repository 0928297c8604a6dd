"""What the machine refuses besides room on a disk: too few files, too little memory, a file system that is read-only."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults import story
from tests.faults.forge import Forge, Outcome

SEED, STEPS = 4, 3


@pytest.fixture(scope="module")
def forge():
    """One for all."""
    with Forge() as opened:
        yield opened


@pytest.fixture
def site(forge, tmp_path) -> Path:
    """An index of three commits."""
    made = forge.run(["live", str(tmp_path / "site"), SEED, 0, STEPS])
    assert made.last == {"done": STEPS}
    return tmp_path / "site"


def said(done: Outcome) -> str:
    """The typed error a task ended with; nothing else may have happened."""
    assert done.status == 0, done.err
    assert "Traceback" not in done.err, done.err
    return f"{done.last['error']}: {done.last['message']} {done.last['hint']}" if "error" in done.last else ""


def whole(forge: Forge, site: Path) -> bool:
    """Whether the index is as the last step left it."""
    state = story.after(story.steps(SEED, STEPS))[-1]
    return forge.run(["look", str(site)]).last["state"] == [list(pair) for pair in state.items()]


def test_too_many_open_files(forge, site):
    """Whatever the limit: an error that says so, or the right answer; then everything is as before."""
    refused = 0
    for files in range(4, 40, 3):
        for task in (["look", str(site)], ["merge", str(site)]):
            if message := said(forge.run(task, limits={"NOFILE": files})):
                assert "ulimit -n" in message
                refused += 1
    assert refused
    assert whole(forge, site)


def test_too_little_memory(forge, site):
    """No room for a map, or for what is to be written: an error that says so, and the last commit stays."""
    refused = 0
    for more in range(2, 130, 9):
        done = forge.run(["live", str(site), SEED, 0, STEPS, 400], limits={"AS": forge.memory_bytes + (more << 20)})
        if message := said(done):
            assert "memory" in message
            refused += 1
    assert refused
    assert forge.run(["sound", str(site)]).last["findings"] == []


def test_a_read_only_file_system(forge, site, tmp_path):
    """Searching works; writing says why it does not."""
    mount = tmp_path / "mount"
    mount.mkdir()
    if not shutil.which("mount") or subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mount], check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        shutil.copytree(site, mount / "site")
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        assert whole(forge, mount / "site")
        assert "read-only" in said(forge.run(["merge", str(mount / "site")]))
        assert "read-only" in said(forge.run(["live", str(mount / "other"), SEED, 0, 1]))
    finally:
        subprocess.run(["umount", mount], check=True)

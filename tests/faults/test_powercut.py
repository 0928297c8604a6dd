"""The images of powercut.py are strict enough to find what they are for: a program that does not sync."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import powercut
from tests.faults.report import Report


@pytest.mark.parametrize("forgotten", ["all", "directories", "segments"])
def test_a_forgotten_sync_is_found(forgotten, monkeypatch):
    """If a record is played back as though some kind of sync had never been asked for, images are bad."""
    real = powercut.Disk._sync

    def forgetful(disk, inode, path):
        directory = inode not in disk.files
        if forgotten == "all" or (forgotten == "directories" and directory):
            return
        if forgotten == "segments" and Path(path).suffix == ".seg":
            return
        real(disk, inode, path)

    monkeypatch.setattr(powercut.Disk, "_sync", forgetful)
    report = Report("forgotten")
    powercut.run(report, images=9, models=("strict",))
    if "skipped" in report.figures:
        pytest.skip(report.figures["skipped"])
    assert report.figures["bad_images"] >= 2


def test_what_was_not_synced_may_be_torn():
    """A write that was not synced can arrive in any of its sectors; one that was has arrived."""
    disk = powercut.Disk("strict")
    disk.play(powercut.Call("MKDIR", [], b"/d"))
    disk.play(powercut.Call("SYNC", ["9"], b"/"))
    disk.play(powercut.Call("CREATE", ["1"], b"/d/f"))
    disk.play(powercut.Call("SYNC", ["8"], b"/d"))
    disk.play(powercut.Call("WRITE", ["1", "0", "0"], b"a" * 1024))
    disk.play(powercut.Call("SYNC", ["1"], b"/d/f"))
    disk.play(powercut.Call("WRITE", ["1", "0", "0"], b"b" * 1024))
    seen = {disk.image(powercut.random.Random(seed))["/d/f"] for seed in range(50)}
    a, b = b"a" * 512, b"b" * 512
    assert seen == {a + a, a + b, b + a, b + b}

"""A disk that fills up while an index grows: nothing acknowledged is lost, it stays searchable, and work goes on later.

Two kinds of full: a file system of some hundred kilobytes (tmpfs, where one may be mounted), with something else on it
that is removed afterwards; and a limit on the size of files (RLIMIT_FSIZE), which is raised afterwards.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.faults import story
from tests.faults.forge import Forge, Outcome
from tests.faults.judge import acknowledged, judge_index, judge_pages, judge_sound
from tests.faults.report import Report

STEPS, SIZE, PAGES = 8, 200, 60


def limited(report: Report, *, runs: int = 50, seed: int = 1) -> None:
    """Files may not grow beyond some size."""
    draw = random.Random(f"limited {seed}")
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        for number in range(runs):
            site = Path(scratch) / "site"
            shutil.rmtree(site, ignore_errors=True)
            bytes_max = draw.choice([draw.randrange(8_192, 65_536), draw.randrange(65_536, 400_000)])
            crawl = number % 5 == 4
            about = f"limited to {bytes_max} bytes, seed {seed}, run {number}"
            done = forge.run(_task(site, number, crawl), limits={"FSIZE": bytes_max})
            _judge(forge, report, site, number, done, about, crawl)


def mounted(report: Report, *, runs: int = 50, seed: int = 1) -> None:
    """A small file system of its own."""
    draw = random.Random(f"mounted {seed}")
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        mount = Path(scratch) / "mount"
        mount.mkdir()
        if _mount(mount, 1 << 20):
            report.figures["skipped"] = "no file system may be mounted here"
            return
        try:
            for number in range(runs):
                _mount(mount, 64 << 20, "remount,")
                site = mount / "site"
                shutil.rmtree(site, ignore_errors=True)
                crawl = number % 5 == 4
                ballast = mount / "ballast"
                free = draw.randrange(60_000, 1_400_000)
                with ballast.open("wb") as file:
                    file.write(bytes((64 << 20) - free))
                about = f"{free} bytes free, seed {seed}, run {number}"
                done = forge.run(_task(site, number, crawl))
                _judge(forge, report, site, number, done, about, crawl, ballast)
        finally:
            subprocess.run(["umount", str(mount)], check=False)


def _mount(where: Path, size: int, how: str = "") -> int:
    command = ["mount", "-t", "tmpfs", "-o", f"{how}size={size}", "tmpfs", str(where)]
    return subprocess.run(command, check=False, capture_output=True).returncode if shutil.which("mount") else 1


def _task(site: Path, seed: int, crawl: bool) -> list[object]:
    if crawl:
        return ["crawl", str(site), seed, 0, PAGES]
    return ["live", str(site), seed, 0, STEPS, SIZE]


def _judge(
    forge: Forge,
    report: Report,
    site: Path,
    seed: int,
    done: Outcome,
    about: str,
    crawl: bool,
    ballast: Path | None = None,
) -> None:
    report.count("runs")
    error = next((event for event in done.events if "error" in event), None)
    if done.status or "Traceback" in done.err:
        report.wrong(f"{about}: ended with {done.status}: {done.err[-400:]}")
    if error is not None:
        report.count("full")
        if error["error"] != "DiskFull" or "no space" not in error["message"]:
            report.wrong(f"{about}: {error}")
    told = story.steps(seed, STEPS, SIZE)
    least = acknowledged(done.events)
    end = PAGES if crawl else STEPS
    # While it is full, what was acknowledged is there, and can be searched.
    if crawl:
        judge_pages(forge, report, site, seed, least, end, about)
    else:
        judge_index(forge, report, site, told, least, min(least + 1, STEPS), about)
    if ballast is not None:
        ballast.unlink()
    # There is room again.
    if crawl:
        forge.run(["crawl", str(site), seed, 0, PAGES])
        judge_pages(forge, report, site, seed, end, end, about + ", gone on")
        return
    at = judge_index(forge, report, site, told, least, min(least + 1, STEPS), about)
    if at is not None and at < STEPS:
        again = forge.run(["live", str(site), seed, at, STEPS, SIZE])
        if again.last != {"done": STEPS}:
            report.wrong(f"{about}: cannot go on: {again.last} {again.err[-300:]}")
    judge_index(forge, report, site, told, STEPS, STEPS, about + ", gone on")
    judge_sound(forge, report, site, about)

"""Fail the first write, then the second, and so on until a run gets through; the same for syncs, names, opens and sizes.

After SQLite's tests of I/O errors. Whatever call fails in a commit, a merge, a deletion or a step of a crawl, the
command ends with an error of ours that names the file, the last good state is there, and the same work done again
succeeds.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from tests.faults import story
from tests.faults.forge import Forge
from tests.faults.judge import acknowledged, judge_index, judge_pages, judge_sound
from tests.faults.report import Report

WAYS = (
    ("write", errno.EIO),
    ("write", errno.ENOSPC),
    ("short", errno.ENOSPC),
    ("sync", errno.EIO),
    ("sync", errno.ENOSPC),
    ("name", errno.EIO),
    ("unlink", errno.EACCES),
    ("open", errno.EMFILE),
    ("open", errno.ENOSPC),
    ("size", errno.ENOSPC),
)
SEED, STEPS = 11, 6
JOBS = ("create", "commit", "merge", "delete", "crawl")


def run(report: Report, *, stride: int = 1, jobs: tuple[str, ...] = JOBS) -> None:
    """Every n (or, with a stride, one in so many) of every way in which every job can fail."""
    with Forge(shim=True) as forge, tempfile.TemporaryDirectory() as scratch:
        if forge.shim is None:
            report.figures["skipped"] = "there is no C compiler to make the shim with"
            return
        folder = Path(scratch)
        template = folder / "template"
        made = forge.run(["live", str(template), SEED, 0, STEPS - 1])
        assert made.last == {"done": STEPS - 1}, made
        crawled = folder / "crawled"
        made = forge.run(["crawl", str(crawled), SEED, 0, 6])
        assert made.last == {"done": 6}, made
        for job in jobs:
            for way in WAYS:
                nth = 1
                while _one(forge, report, folder, job, way, nth):
                    nth += stride
                report.count(f"{job}_calls", nth - 1)


def _one(forge: Forge, report: Report, folder: Path, job: str, way: tuple[str, int], nth: int) -> bool:
    """Fail one call; whether there was one to fail."""
    kind, error = way
    about = f"{job}: {kind} number {nth} fails with {errno.errorcode[error]}"
    where = folder / "work"
    shutil.rmtree(where, ignore_errors=True)
    site = where / "site"
    start, task = _prepare(folder, site, job)
    done = forge.run(task, fail=(str(where), kind, nth, error), timeout=60)
    report.count("runs")
    if done.timed_out or done.status not in ((0,) if task[0] != "cli" else (0, 3)) or "Traceback" in done.err:
        report.wrong(f"{about}: ended with {done.status}{' (hung)' * done.timed_out}: {done.err[-500:]}")
        return done.hit
    failed = next((event for event in done.events if "error" in event), None)
    said = failed["message"] if failed else done.err if done.status else ""
    if said and error == errno.ENOSPC and "no space" not in said:
        report.wrong(f"{about}: does not say that the disk is full: {said}")
    if failed is not None and failed["error"] not in ("StorageError", "DiskFull"):
        report.wrong(f"{about}: {failed}")
    _judge(forge, report, site, job, start, done.events, done.status, about)
    return done.hit


def _prepare(folder: Path, site: Path, job: str) -> tuple[int, list[object]]:
    site.parent.mkdir()
    if job == "create":
        return 0, ["live", str(site), SEED, 0, 1]
    shutil.copytree(folder / ("crawled" if job == "crawl" else "template"), site)
    if job == "crawl":
        return 6, ["crawl", str(site), SEED, 6, 10]
    if job == "commit":
        return STEPS - 1, ["live", str(site), SEED, STEPS - 1, STEPS]
    if job == "delete":
        return STEPS - 1, ["cli", "delete", str(site), *_some()]
    return STEPS - 1, ["merge", str(site)]


def _some() -> list[str]:
    return list(story.after(story.steps(SEED, STEPS))[STEPS - 1])[:5]


def _judge(
    forge: Forge,
    report: Report,
    site: Path,
    job: str,
    start: int,
    events: list[dict[str, object]],
    status: int,
    about: str,
) -> None:
    if job == "crawl":
        least = acknowledged(events, start)
        judge_pages(forge, report, site, SEED, least, 10, about)
        again = forge.run(["crawl", str(site), SEED, 6, 10])
        if again.last != {"done": 10}:
            report.wrong(f"{about}: the same again: {again.last} {again.err[-300:]}")
        judge_pages(forge, report, site, SEED, 10, 10, about + ", again")
        return
    told = story.steps(SEED, 1 if job == "create" else STEPS)
    if job == "delete":
        # The states of this story are: before, and without the documents that are deleted.
        told = [story.Step(put=story.after(told)[STEPS - 1]), story.Step(delete=_some())]
        judge_index(forge, report, site, told, 2 if status == 0 else 1, 2, about)
        forge.run(["cli", "delete", str(site), *_some()])
        judge_index(forge, report, site, told, 2, 2, about + ", again")
    else:
        end = start + (job != "merge")
        reached = acknowledged(events, start) if job != "merge" else start
        judge_index(forge, report, site, told, reached, end, about)
        again = forge.run(["merge", str(site)] if job == "merge" else ["live", str(site), SEED, start, end])
        if "error" in (again.last or {"error": 1}):
            report.wrong(f"{about}: the same again: {again.last} {again.err[-300:]}")
        judge_index(forge, report, site, told, end, end, about + ", again")
    judge_sound(forge, report, site, about)

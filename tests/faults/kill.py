"""Kill a command at any moment (SIGKILL, so nothing can tidy up), again and again: nothing acknowledged is lost.

What the command acknowledged is compared with what is there; then the same command is run to its end, and the
result compared with that of a run nobody disturbed. Moments are drawn over the time the whole work takes.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from pathlib import Path

from tests.faults import story
from tests.faults.forge import Forge, Outcome
from tests.faults.judge import acknowledged, judge_index, judge_sound
from tests.faults.report import Report

STEPS = 8


def index(report: Report, *, kills: int = 500, seed: int = 1, jobs: int = 1) -> None:
    """Adding, updating and deleting, in commits with merges between them; in several processes, if there are jobs."""
    draw = random.Random(f"index {seed}")
    work = (25, True, jobs)
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        whole = forge.run(["live", str(Path(scratch) / "whole"), 1, 0, STEPS, *work]).took
        while report.figures.get("kills", 0) < kills:
            story_seed = draw.randrange(1 << 30)
            told = story.steps(story_seed, STEPS)
            site = Path(scratch) / "site"
            shutil.rmtree(site, ignore_errors=True)
            reached = 0
            while reached < STEPS:
                about = f"index, seed {seed}, story {story_seed}, from step {reached}"
                done = forge.run(
                    ["live", str(site), story_seed, reached, STEPS, *work],
                    kill_after=draw.uniform(0, whole * 0.8),
                    timeout=60,
                )
                _note(report, done, about)
                least = acknowledged(done.events, reached)
                at = judge_index(forge, report, site, told, least, min(least + 1, STEPS), about)
                if at is None:
                    break
                reached = at
            judge_sound(forge, report, site, f"index, seed {seed}, story {story_seed}")


def merge(report: Report, *, kills: int = 500, seed: int = 1) -> None:
    """Merging, which changes no answer at any moment."""
    draw = random.Random(f"merge {seed}")
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        template, site = Path(scratch) / "template", Path(scratch) / "site"
        told = story.steps(5, 7, 150)
        for step in told:
            step.merge = False
        made = forge.run(["live", str(template), 5, 0, 7, 150, False])
        assert made.last == {"done": 7}, made
        _copy(template, site)
        whole = forge.run(["cli", "merge", str(site)]).took
        while report.figures.get("kills", 0) < kills:
            _copy(template, site)
            moment = draw.uniform(0, whole * 1.05)
            about = f"merge, seed {seed}, killed after {moment:.3f} of {whole:.3f} s"
            _note(report, forge.run(["cli", "merge", str(site)], kill_after=moment), about)
            judge_index(forge, report, site, told, 7, 7, about)
            judge_sound(forge, report, site, about)


def delete(report: Report, *, kills: int = 100, seed: int = 1) -> None:
    """Deleting: all of the ids or none, and all of them once the command has ended."""
    draw = random.Random(f"delete {seed}")
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        template, site = Path(scratch) / "template", Path(scratch) / "site"
        made = forge.run(["live", str(template), 5, 0, 7, 150, False])
        assert made.last == {"done": 7}, made
        state = story.after(story.steps(5, 7, 150))[7]
        ids = list(state)[::3]
        told = [story.Step(put=state), story.Step(delete=ids)]
        _copy(template, site)
        whole = forge.run(["cli", "delete", str(site), *ids]).took
        while report.figures.get("kills", 0) < kills:
            _copy(template, site)
            moment = draw.uniform(0, whole * 1.05)
            about = f"delete, seed {seed}, killed after {moment:.3f} of {whole:.3f} s"
            done = forge.run(["cli", "delete", str(site), *ids], kill_after=moment)
            _note(report, done, about)
            judge_index(forge, report, site, told, 2 if done.status == 0 else 1, 2, about)
            judge_sound(forge, report, site, about)


def crawl(report: Report, *, kills: int = 200) -> None:
    """Crawling a site with everything a crawl has to decide; see test_kill_crawl.py, which this lets run for longer."""
    from tests.faults import test_kill_crawl

    with tempfile.TemporaryDirectory() as scratch:
        try:
            report.figures["kills"] = test_kill_crawl.kill_crawls(Path(scratch), kills)
        except AssertionError as error:
            report.wrong(str(error)[:500])


def reopen(report: Report, *, documents: int = 200_000, kills: int = 5, seed: int = 1) -> None:
    """A large index whose writer was killed: how long a new process takes to open it, and to open a writer."""
    draw = random.Random(f"reopen {seed}")
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        grown = forge.run(["grow", str(site), documents], timeout=3_000)
        assert grown.last and grown.last.get("documents") == documents, grown
        report.figures["documents"] = documents
        for number in range(kills):
            forge.run(["grow", str(site), documents, number + 1], kill_after=draw.uniform(0.5, 4), timeout=60)
            report.count("kills")
            for what in ("reopen", "rewrite"):
                began = time.monotonic()
                done = forge.run([what, str(site)], timeout=60)
                if done.status or not done.last or done.last.get("documents", 0) < documents:
                    report.wrong(f"{what} after kill {number}: {done.last} {done.err[-300:]}")
                    continue
                slowest = report.figures.get(f"{what}_s", 0.0)
                report.figures[f"{what}_s"] = round(max(slowest, time.monotonic() - began), 3)
        if report.figures.get("reopen_s", 0) > 2:
            report.wrong(f"reopening took {report.figures['reopen_s']} s")


def _copy(template: Path, site: Path) -> None:
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(template, site)


def _note(report: Report, done: Outcome, about: str) -> None:
    if done.status == -9:
        report.count("kills")
    elif done.status != 0 or "Traceback" in done.err or (done.last and "error" in done.last):
        report.wrong(f"{about}: ended with {done.status}: {done.last} {done.err[-300:]}")
    report.count("rounds")

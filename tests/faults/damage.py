"""Bytes that are not what was written, in every file, in seven ways: the right answers, or an error that names the file.

Each trial damages one file of a copy and asks everything a reader can ask, in a process that may be ended by it.
What counts is the outcome: the same answers as before (harmless), or a typed error with the file's name (noticed).
Other answers, a signal, a traceback or silence are failures; and so is a `check` that finds nothing where a reader
did, or that names another file.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from searchkit.index.catalog import QUERY_LOG_FILE
from tests.faults.forge import Forge, Outcome
from tests.faults.report import Report

PAGE = 4096


def flip_bit(path: Path, draw: random.Random) -> None:
    """One bit; every other time in the first bytes of a page, where headers are."""
    data = bytearray(path.read_bytes())
    at = draw.randrange(len(data))
    if draw.random() < 0.5:
        at = min(at // PAGE * PAGE + draw.randrange(160), len(data) - 1)
    data[at] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


def zero_block(path: Path, draw: random.Random) -> None:
    """Sectors or pages of zeros, as a lost write leaves them."""
    data = bytearray(path.read_bytes())
    size = draw.choice([512, PAGE, 4 * PAGE])
    at = draw.randrange(max(len(data) // size, 1)) * size
    data[at : at + size] = bytes(len(data[at : at + size]))
    path.write_bytes(data)


def garbage(path: Path, draw: random.Random) -> None:
    """Bytes of something else."""
    data = bytearray(path.read_bytes())
    size = draw.choice([1, 8, 64, 512, PAGE])
    at = draw.randrange(len(data))
    data[at : at + size] = draw.randbytes(len(data[at : at + size]))
    path.write_bytes(data)


def truncate(path: Path, draw: random.Random) -> None:
    """The end is missing: anything from a byte to all of it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(draw.choice([0, size - 1, draw.randrange(size), draw.randrange(size // PAGE + 1) * PAGE]))


def swap_pages(path: Path, draw: random.Random) -> None:
    """Two pages changed places."""
    data = bytearray(path.read_bytes())
    one, other = (draw.randrange(max(len(data) // PAGE, 1)) * PAGE for _ in range(2))
    if one != other:
        data[one : one + PAGE], data[other : other + PAGE] = data[other : other + PAGE], data[one : one + PAGE]
    path.write_bytes(data)


def append(path: Path, draw: random.Random) -> None:
    """Something follows that does not belong there."""
    with path.open("ab") as file:
        file.write(draw.choice([bytes, draw.randbytes])(draw.choice([1, 100, PAGE, 3 * PAGE])))


def remove(path: Path, draw: random.Random) -> None:
    """The file is not there."""
    path.unlink()


KINDS: tuple[Callable[[Path, random.Random], None], ...] = (
    flip_bit,
    zero_block,
    garbage,
    truncate,
    swap_pages,
    append,
    remove,
)


def make(forge: Forge, site: Path) -> None:
    """A collection with everything: segments with deletions, merged ones, marks, crawled pages, and counts of queries."""
    for task in (["live", str(site), 3, 0, 6, 80], ["crawl", str(site), 3, 0, 60], ["count_queries", str(site)]):
        made = forge.run(task)
        assert made.last and "done" in made.last, made


def files(site: Path) -> list[Path]:
    """Every file of a collection, the large and important ones more often."""
    found = sorted(path for path in site.rglob("*") if path.is_file() and path.stat().st_size)
    weights = {"catalog.lmdb": 4, "pages.lmdb": 4}
    return [path for path in found for _ in range(2 if path.suffix == ".seg" else weights.get(path.name, 1))]


def run(report: Report, *, trials: int = 1_000, seed: int = 1) -> None:
    """So many trials, over all files and kinds."""
    draw = random.Random(f"damage {seed}")
    with Forge() as forge, tempfile.TemporaryDirectory() as scratch:
        template, site = Path(scratch) / "template", Path(scratch) / "site"
        make(forge, template)
        shutil.copytree(template, site)
        expected = forge.run(["answer", str(site), True])
        assert expected.status == 0 and len(expected.events) == 3, expected
        names = [path.relative_to(template) for path in files(template)]
        for trial in range(trials):
            shutil.rmtree(site)
            shutil.copytree(template, site)
            kind = KINDS[trial % len(KINDS)]
            # A query log that is gone is one that was turned off.
            name = draw.choice([name for name in names if kind is not remove or name.name != QUERY_LOG_FILE])
            kind(site / name, draw)
            about = f"{kind.__name__} of {name}, seed {seed}, trial {trial}"
            _judge(forge, report, site, name, expected, trial, about)
            report.count("trials")


def _judge(forge: Forge, report: Report, site: Path, name: Path, expected: Outcome, trial: int, about: str) -> None:
    seen = forge.run(["answer", str(site), True], timeout=60)
    if seen.status or seen.timed_out or "Traceback" in seen.err:
        report.wrong(f"{about}: {'hung' if seen.timed_out else 'ended'} with {seen.status}: {seen.err[-400:]}")
        return
    verdict = "harmless"
    for got, want in zip(seen.events, expected.events, strict=False):
        if "error" in got:
            # A collection without an index, or without pages, is what is left if the file that is one is gone.
            if name.name not in got["message"] and not (got["error"] == "IndexMissing" and not (site / name).exists()):
                report.wrong(f"{about}: the error does not name it: {got}")
            verdict = "noticed"
        elif got != want:
            if got.get("findings") and any(name.name in finding for finding in got["findings"]):
                verdict = "noticed"
            else:
                report.wrong(f"{about}: other answers without an error: {_difference(got, want)}")
                verdict = "silent"
    report.count(verdict)
    if verdict != "harmless" or trial % 5 == 0:  # What a reader does not meet, a check need not find.
        _check(forge, report, site, name, verdict, about)


def _check(forge: Forge, report: Report, site: Path, name: Path, verdict: str, about: str) -> None:
    """`searchkit check` finds whatever a reader met, and says where."""
    done = forge.run(["cli", "check", str(site)], timeout=120)
    said = done.out.decode() + done.err
    if done.status not in (0, 1, 3) or "Traceback" in said or done.timed_out:
        report.wrong(f"{about}: check ended with {done.status}: {said[-400:]}")
    elif verdict != "harmless" and (done.status == 0 or name.name not in said):
        report.wrong(f"{about}: {verdict}, but check says {said[-400:]}")
    elif verdict != "harmless":
        report.count("found_by_check")
    elif done.status:
        report.count("harmless_but_found")


def _difference(got: Any, want: Any) -> str:
    return "; ".join(
        f"{key}: {str(got.get(key))[:150]} for {str(want.get(key))[:150]}"
        for key in want
        if got.get(key) != want.get(key)
    )

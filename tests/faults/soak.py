"""Every promise of docs/RELIABILITY.md, tried for hours: one line of figures for each part.

    python -m tests.faults.soak [--short] [--seed N] [PART ...]

Without a part all of them run, one after the other. The status is 1 if anything happened that must not.
"""

from __future__ import annotations

import argparse
import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.faults import damage, full, kill, machine, nth, powercut, together
from tests.faults.report import Report


class Part(NamedTuple):
    """A part, and how much of it there is in the long form and the short one."""

    run: Callable[..., None]
    long: dict[str, Any]
    short: dict[str, Any]
    seeded: bool = True


PARTS: dict[str, Part] = {
    "kill-index": Part(kill.index, {"kills": 500}, {"kills": 8}),
    "kill-jobs": Part(kill.index, {"kills": 200, "jobs": 2}, {"kills": 2, "jobs": 2}),
    "kill-merge": Part(kill.merge, {"kills": 500}, {"kills": 4}),
    "kill-delete": Part(kill.delete, {"kills": 100}, {"kills": 2}),
    "kill-crawl": Part(kill.crawl, {"kills": 200}, {"kills": 1}, seeded=False),
    "reopen": Part(kill.reopen, {"documents": 200_000, "kills": 5}, {"documents": 2_000, "kills": 1}),
    "powercut": Part(powercut.run, {"images": 300}, {"images": 3}),
    "damage": Part(damage.run, {"trials": 1_000}, {"trials": 7}),
    "full-limit": Part(full.limited, {"runs": 50}, {"runs": 3}),
    "full-disk": Part(full.mounted, {"runs": 50}, {"runs": 3}),
    "nth-create": Part(functools.partial(nth.run, jobs=("create",)), {}, {"stride": 40}, seeded=False),
    "nth-commit": Part(functools.partial(nth.run, jobs=("commit",)), {}, {"stride": 40}, seeded=False),
    "nth-merge": Part(functools.partial(nth.run, jobs=("merge",)), {}, {"stride": 60}, seeded=False),
    "nth-delete": Part(functools.partial(nth.run, jobs=("delete",)), {}, {"stride": 60}, seeded=False),
    "nth-crawl": Part(functools.partial(nth.run, jobs=("crawl",)), {}, {"stride": 40}, seeded=False),
    "machine": Part(
        machine.run, {"seeds": 50, "steps": 5_000}, {"seeds": 2, "steps": 150, "ranker": "numpy"}, seeded=False
    ),
    "together": Part(
        together.run, {"seconds": 3_600}, {"seconds": 6, "quiet": 1, "pause": 0.3, "judged": False, "ranker": "numpy"}
    ),
}


def run_part(name: str, *, short: bool, seed: int = 1) -> Report:
    """One part, whatever happens in it."""
    part, report = PARTS[name], Report(name)
    options = dict(part.short if short else part.long)
    if part.seeded:
        options["seed"] = seed
    try:
        part.run(report, **options)
    except Exception:
        report.wrong(traceback.format_exc()[-2_000:])
    return report


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Try to break an index, and count how often that worked.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--short", action="store_true", help="the form that the tests run: seconds instead of hours")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    bad = 0
    for name in asked.parts or PARTS:
        report = run_part(name, short=asked.short, seed=asked.seed)
        print(report.line(), flush=True)
        for wrong in report.bad:
            print(f"  {wrong}", file=sys.stderr, flush=True)
        bad += len(report.bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""Did what was acknowledged survive? One place that compares a directory with what its story says."""

from __future__ import annotations

from pathlib import Path

from tests.faults import story
from tests.faults.forge import Forge
from tests.faults.report import Report


def acknowledged(events: list[dict[str, object]], before: int = 0) -> int:
    """The last step that was reported as done."""
    return max((int(str(event["done"])) for event in events if "done" in event), default=before)


def judge_index(
    forge: Forge, report: Report, directory: Path, told: list[story.Step], least: int, most: int, about: str
) -> int | None:
    """See that the index stands after one of the steps `least` to `most`, whole and sound; which one, if it does."""
    states = story.after(told)
    seen = forge.run(["look", str(directory)])
    facts = seen.last
    if seen.status or facts is None:
        report.wrong(f"{about}: looking ended with {seen.status}: {seen.err[-300:]}")
        return None
    if "error" in facts:
        if facts["error"] == "IndexMissing" and least == 0:
            return 0
        report.wrong(f"{about}: {facts['error']}: {facts['message']}")
        return None
    found = [tuple(pair) for pair in facts["state"]]
    at = next((n for n in range(least, most + 1) if found == list(states[n].items())), None)
    if at is None:
        elsewhere = [n for n, state in enumerate(states) if found == list(state.items())]
        report.wrong(
            f"{about}: not the state after step {least} to {most} but {elsewhere or 'none'}, {len(found)} documents"
        )
    return at


def judge_sound(forge: Forge, report: Report, directory: Path, about: str) -> None:
    """See that a writer opens, that nothing is damaged, and that no file is left over."""
    seen = forge.run(["sound", str(directory)])
    facts = seen.last
    if seen.status or facts is None or facts.get("findings") or facts.get("stray") or "error" in facts:
        report.wrong(f"{about}: not sound: {facts} {seen.err[-300:]}")


def judge_pages(
    forge: Forge, report: Report, directory: Path, seed: int, least: int, most: int, about: str
) -> int | None:
    """See that a page store holds the first pages of its story, at least `least` and at most `most` of them."""
    seen = forge.run(["look_at_pages", str(directory)])
    facts = seen.last
    if seen.status or facts is None:
        report.wrong(f"{about}: looking ended with {seen.status}: {seen.err[-300:]}")
        return None
    if "error" in facts:
        if facts["error"] == "IndexMissing" and least == 0:
            return 0
        report.wrong(f"{about}: {facts['error']}: {facts['message']}")
        return None
    wanted = [[page["url"], page["title"], page["text"]] for page in story.pages(seed, most)] if most else []
    number = len(facts["pages"])
    if facts["findings"] or not least <= number <= most or facts["pages"] != sorted(wanted[:number]):
        report.wrong(f"{about}: {number} pages, not {least} to {most} right ones; {facts['findings'][:2]}")
    return number

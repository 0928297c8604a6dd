"""From single times to a table: p50 and p95 of each class, and how many times longer a peer took than we did.

A ratio compares the same questions: where a peer was asked only some, ours are taken over those alone. Above 1 we are
quicker. Of an engine's algorithms, the one with the lowest p50 in that class stands for it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import MODES, Lane, percentile
from benchmarks.questions import CLASSES, Question

OURS = "searchkit"


@dataclass(frozen=True, slots=True)
class Cell:
    """One engine in one class and mode; times in microseconds of thread CPU.

    Attributes
    ----------
    n : int
        Questions asked.
    ratio50, ratio95 : float
        This engine's p50 and p95 by ours on the same questions.
    """

    p50: float
    p95: float
    n: int
    ratio50: float
    ratio95: float
    variant: str = ""


Table = dict[str, dict[str, dict[str, Cell]]]
"""Cells by mode, class and engine."""


def tabulate(lanes: Sequence[Lane], questions: Sequence[Question]) -> Table:
    """The table of a run; the lane of `OURS` must be among them."""
    medians = [
        {(call.mode, call.question): statistics.median(call.times) / 1e3 for call in lane.calls if call.times}
        for lane in lanes
    ]
    ours = next(times for lane, times in zip(lanes, medians, strict=True) if lane.name == OURS)
    table: Table = {mode: {label: {} for label in CLASSES} for mode in MODES}
    for lane, times in zip(lanes, medians, strict=True):
        for mode in MODES:
            for label in CLASSES:
                common = [key for key in times if key[0] == mode and questions[key[1]].label == label and key in ours]
                if not common:
                    continue
                cell = _cell([times[key] for key in common], [ours[key] for key in common], lane.variant)
                best = table[mode][label].get(lane.name)
                if best is None or cell.p50 < best.p50:
                    table[mode][label][lane.name] = cell
    return table


def _cell(theirs: list[float], ours: list[float], variant: str) -> Cell:
    p50, p95 = percentile(theirs, 0.5), percentile(theirs, 0.95)
    return Cell(
        round(p50, 2),
        round(p95, 2),
        len(theirs),
        round(p50 / max(percentile(ours, 0.5), 1e-3), 3),
        round(p95 / max(percentile(ours, 0.95), 1e-3), 3),
        variant,
    )


def losses(table: Table) -> list[str]:
    """Where a peer was quicker than we were: a line for each peer and mode, its classes with the worst first."""
    found: list[str] = []
    names = dict.fromkeys(name for classes in table.values() for cells in classes.values() for name in cells)
    for name in names:
        for mode, classes in table.items():
            lost = [
                (ratio, f"{label} {which} {ratio:.2f}")
                for label, cells in classes.items()
                if name != OURS and name in cells
                for ratio, which in ((cells[name].ratio50, "p50"), (cells[name].ratio95, "p95"))
                if ratio < 1
            ]
            if lost:
                found.append(f"{name}, {mode}, its time by ours: {', '.join(text for _, text in sorted(lost))}")
    return found


def geometric_mean(values: Iterable[float]) -> float:
    """The n-th root of the product of n values; 0 if there are none."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else 0.0


def to_markdown(table: Table, mode: str) -> list[str]:
    """The lines of one mode's table."""
    names = list(dict.fromkeys(name for cells in table[mode].values() for name in cells))
    names.sort(key=lambda name: name != OURS)
    lines = [
        f"| {mode} | n | " + " | ".join([OURS, *(f"{name} (× ours)" for name in names if name != OURS)]) + " |",
        "|---" * (len(names) + 2) + "|",
    ]
    for label, cells in table[mode].items():
        if cells:
            texts = [_text(cells.get(name), name, cells[OURS].n) for name in names]
            lines.append(f"| {label} | {cells[OURS].n} | " + " | ".join(texts) + " |")
    return lines


def _text(cell: Cell | None, name: str, all_asked: int) -> str:
    if cell is None:
        return "–"
    times = f"{_short(cell.p50)} / {_short(cell.p95)}"
    fewer = f"; n {cell.n}" if cell.n < all_asked else ""
    return times if name == OURS else f"{times} ({_short(cell.ratio50)}, {_short(cell.ratio95)}{fewer})"


def _short(value: float) -> str:
    """Three digits, no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def to_plain(table: Table) -> dict[str, Any]:
    """Plain data for the record of a run; empty classes left out."""
    return {
        mode: {label: {name: asdict(cell) for name, cell in cells.items()} for label, cells in classes.items() if cells}
        for mode, classes in table.items()
    }

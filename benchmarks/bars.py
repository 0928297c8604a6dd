"""What we promised of speed, as figures a run either reaches or does not.

Each bar is a number of the table with the limit it must keep; a peer that did not take part leaves its bars open. The
limits are goals, not measurements: they stand here so that nobody reads a table in our favour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.table import OURS, Cell, Table, geometric_mean

ORS = ("or 2", "or 3", "or 4+", "or 5+", "question", "stop words")
TERMS = ("term frequent", "term mid", "term rare")
ANDS = ("and 2", "and 3+")
LARGE = 909_205
"""Passages for which a time is extrapolated."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise and what was measured.

    Attributes
    ----------
    measured : float or None
        None if what it needs was not measured.
    limit : float
    at_most : bool
        Whether `limit` is the largest good value; else it is the smallest.
    where : str
        The class it was measured in, for a bar over many.
    """

    name: str
    measured: float | None
    limit: float
    at_most: bool = False
    where: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the promise was kept; None if nobody can say."""
        if self.measured is None:
            return None
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    def __str__(self) -> str:
        verdict = {True: "reached", False: "NOT reached", None: "not measured"}[self.reached]
        value = "" if self.measured is None else f": {self.measured:.3g}" + (f" ({self.where})" if self.where else "")
        return f"{verdict}: {self.name}, {'at most' if self.at_most else 'at least'} {self.limit:g}{value}"


def judge(table: Table) -> list[Bar]:
    """All bars of searching that one comparison can speak about; `growth_bar` and `large_bar` need several sizes."""
    ten, thousand, count = "top 10", "top 1000", "count"
    everything = (*TERMS, *ORS, *ANDS, "phrase", "prefix")
    return [
        _lowest("tantivy / ours, every class, top 10, p50 and p95", table, "tantivy", ten, everything, 1.0),
        Bar(
            "geometric mean of tantivy / ours over classes, top 10, p50",
            _mean(cell.ratio50 for cell in _cells(table, "tantivy", ten, everything).values()),
            5.0,
        ),
        _lowest("bm25s / ours, every class, top 10", table, "bm25s", ten, everything, 1.0),
        _lowest("PISA / ours, single terms and unions, top 10, p50", table, "pisa", ten, TERMS + ORS, 1.5, _p50),
        _lowest("PISA / ours, intersections, top 10, p50", table, "pisa", ten, ANDS, 1 / 1.1, _p50),
        _lowest("tantivy / ours, unions, top 1000", table, "tantivy", thousand, ORS, 1.0),
        _lowest("bm25s / ours, unions, top 1000", table, "bm25s", thousand, ORS, 1.0),
        Bar("counts, a frequent word by a rare one, ours, p50", _constant(table), 1.25, at_most=True),
        _lowest("tantivy / ours, unions, counts, p50", table, "tantivy", count, ORS, 2.0, _p50),
        _lowest("tantivy / ours, AND and phrase, counts, p50", table, "tantivy", count, (*ANDS, "phrase"), 1.0, _p50),
    ]


def judge_builds(races: dict[str, dict[str, dict[str, Any]]]) -> list[Bar]:
    """The bars of indexing, from figures by text and engine (`build.race`)."""
    bars = []
    for text, what in (("raw", "raw text, each with its own English analysis"), ("tokens", "text analysed before")):
        ours, theirs = races.get(text, {}).get(OURS), races.get(text, {}).get("tantivy")
        quicker = theirs["cpu_s"] / ours["cpu_s"] if ours and theirs else None
        larger = ours["size"] / theirs["size"] if ours and theirs else None
        bars += [
            Bar(f"documents per CPU second by tantivy's, {what}", quicker, 1.5),
            Bar(f"index size by tantivy's, {what}", larger, 1.75, at_most=True),
            Bar(f"GB held while indexing, {what}", ours["peak_mb"] / 1e3 if ours else None, 1.0, at_most=True),
        ]
    return bars


def growth_bar(growth: dict[str, dict[str, float]]) -> Bar:
    """p50 of the union classes, largest corpus by smallest, as a power of their sizes' quotient: below 1 is sublinear.

    Parameters
    ----------
    growth : dict
        By class, p50 in microseconds by number of documents (as text).
    """
    exponents = {label: exponent for label in ORS if (exponent := _exponent(growth.get(label, {}))) is not None}
    name = "exponent of latency over documents, unions, top 10"
    if not exponents:
        return Bar(name, None, 1.0, at_most=True)
    worst = max(exponents, key=lambda label: exponents[label])
    return Bar(name, exponents[worst], 1.0, at_most=True, where=worst)


def large_bar(growth: dict[str, dict[str, float]]) -> Bar:
    """p95 of the union classes at top 1000, extrapolated to `LARGE` documents.

    Each class is extrapolated from the largest corpus by the power with which it grew from the smallest; linearly, which
    is the worst case of a ranker whose work is bounded by its posting lists, where only one corpus was measured.

    Parameters
    ----------
    growth : dict
        By class, p95 in microseconds by number of documents (as text).
    """
    name, times = f"ms of a union, top 1000, p95, extrapolated by its growth to {LARGE:,} documents", {}
    for label in ORS:
        if points := growth.get(label):
            documents = max(map(int, points))
            exponent = _exponent(points)
            power = 1.0 if exponent is None else max(exponent, 0.0)
            times[label] = points[str(documents)] / 1e3 * (LARGE / documents) ** power
    if not times:
        return Bar(name, None, 2.0, at_most=True)
    worst = max(times, key=lambda label: times[label])
    return Bar(name, times[worst], 2.0, at_most=True, where=worst)


def _exponent(points: dict[str, float]) -> float | None:
    """The power of the number of documents with which times grew; None if there is but one."""
    sizes = sorted((int(size), time) for size, time in points.items())
    if len(sizes) < 2:
        return None
    (few, quick), (many, slow) = sizes[0], sizes[-1]
    return math.log(slow / quick) / math.log(many / few)


def _cells(table: Table, peer: str, mode: str, labels: Iterable[str]) -> dict[str, Cell]:
    return {label: table[mode][label][peer] for label in labels if peer in table[mode].get(label, {})}


def _constant(table: Table) -> float | None:
    cells = _cells(table, OURS, "count", ("term frequent", "term rare"))
    return cells["term frequent"].p50 / cells["term rare"].p50 if len(cells) == 2 else None


def _p50(cell: Cell) -> float:
    return cell.ratio50


def _both(cell: Cell) -> float:
    return min(cell.ratio50, cell.ratio95)


def _mean(ratios: Iterable[float]) -> float | None:
    return geometric_mean(ratios) or None


def _lowest(
    name: str,
    table: Table,
    peer: str,
    mode: str,
    labels: Iterable[str],
    limit: float,
    of: Callable[[Cell], float] = _both,
) -> Bar:
    cells = _cells(table, peer, mode, labels)
    if not cells:
        return Bar(name, None, limit)
    worst = min(cells, key=lambda label: of(cells[label]))
    return Bar(name, of(cells[worst]), limit, where=worst)

"""Count documents and pairs of words in one pass: the compiled twin of `harvest.tally`.

About 5 nanoseconds a token, and 8 bytes a token while it lasts. Cells are put in order by two passes of a radix sort,
which costs a third of what comparing them does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import JIT, njit
from searchkit.suggest.pairs import CELL_BITS, PairCounts

_FIRST, _MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)
_FOLD, _SHIFT = np.uint32(15), np.uint32(32 - CELL_BITS)
_HALF = (CELL_BITS + 1) // 2
_LOW = (1 << _HALF) - 1


@njit(**JIT)
def _count(stream: Any, ends: Any, fields: Any, hashes: Any, last: Any, counts: Any, cells: Any) -> Any:
    """Documents of each word into `counts`; the cell of each pair into `cells`, and how many there are."""
    start, held = 0, 0
    for text in range(len(ends)):
        before, doc = np.int64(0), text // fields
        for place in range(start, ends[text]):
            word = np.int64(stream[place])
            if word:
                if last[word - 1] != doc:
                    last[word - 1] = doc
                    counts[word - 1] += 1
                if before:
                    mixed = np.uint32(np.uint32(hashes[before - 1] * _FIRST) + hashes[word - 1])
                    mixed = np.uint32(mixed ^ (mixed >> _FOLD))
                    cells[held] = np.uint32(mixed * _MIX) >> _SHIFT
                    held += 1
            before = word
        start = ends[text]
    return held


@njit(**JIT)
def _sort(cells: Any, held: Any, other: Any, places: Any) -> Any:
    """Sort the first `held` cells; `other` is as long, `places` has a place for each value of half a cell."""
    for shift in (0, _HALF):
        places[:] = 0
        for number in range(held):
            places[(np.int64(cells[number]) >> shift) & _LOW] += 1
        total = 0
        for value in range(len(places)):
            total, places[value] = total + places[value], total
        for number in range(held):
            value = (np.int64(cells[number]) >> shift) & _LOW
            other[places[value]] = cells[number]
            places[value] += 1
        cells, other = other, cells


def tally(stream: Any, ends: Any, fields: int, hashes: Any) -> tuple[Any, PairCounts]:
    """As `harvest.tally`."""
    counts = np.zeros(len(hashes), np.int64)
    cells, other = np.empty(len(stream), np.uint32), np.empty(len(stream), np.uint32)
    held = _count(stream, ends, fields, hashes, np.full(len(hashes), -1, np.int64), counts, cells)
    _sort(cells, held, other, np.zeros(_LOW + 1, np.int64))
    return counts, PairCounts.of_sorted(cells[:held])

"""Count documents and pairs of words in one pass: the compiled twin of `harvest.tally`.

Cells are thrown into buckets by their upper bits, and each bucket is counted in a table that stays in the cache; so they
come out in order without having been sorted. A bucket is a chain of blocks, since nobody knows beforehand how large it
will be. Some 15 nanoseconds a token; while it lasts 4 bytes a token, and 12 a different pair; 2 MB however few there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from searchkit.jit import JIT, njit
from searchkit.suggest.kernels.memory import popcount, prefetch
from searchkit.suggest.pairs import CELL_BITS, PairCounts

_FIRST, _MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)
_FOLD, _SHIFT = np.uint32(15), np.uint32(32 - CELL_BITS)
_LOW_BITS = 17
_BUCKETS = 1 << CELL_BITS - _LOW_BITS
_TO_BUCKET, _LOW = np.uint64(_LOW_BITS), np.uint64((1 << _LOW_BITS) - 1)
_BLOCK_BITS = 9
"""Small enough for the buckets not to fill at the same pace: their ends would share a few places in the cache."""
_BLOCK, _LAST = np.uint64(_BLOCK_BITS), np.uint64((1 << _BLOCK_BITS) - 1)
_LINE, _IN_LINE = np.uint64(6), np.uint64(63)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_ROW = 4
_HASH, _DOCUMENT, _COUNT = 0, 1, 2
"""Columns of a word's row, which lies in one line of the cache: its hash, the last document + 1, how many there were."""
_AHEAD = 24
"""Tokens whose rows are being fetched while one is counted."""


@njit(**JIT)
def _gather(stream: Any, sizes: Any, fields: Any, first: Any, rows: Any, blocks: Any, places: Any, top: Any) -> Any:
    """Put the cells of pairs into the blocks of their buckets; how many blocks there are then, `top` before.

    `places` has where each bucket goes on. The last place of a full block has the number of the next one. What is no pair
    is written and then written over, since a branch that nobody can foresee costs more. Places are unsigned, since else
    each is asked whether it counts from the end.
    """
    start, most = 0, len(stream) - 1
    for text in range(len(sizes)):
        doc, end = np.uint32(first + text // fields + 1), start + sizes[text]
        before, spoken = np.uint32(0), _NONE
        for place in range(start, end):
            prefetch(rows, _ROW * np.int64(stream[min(place + _AHEAD, most)]))
            word = np.uint64(stream[np.uint64(place)])
            hashed = rows[word, _HASH]
            rows[word, _COUNT] += np.uint32(rows[word, _DOCUMENT] != doc)
            rows[word, _DOCUMENT] = doc
            mixed = np.uint32(np.uint32(before * _FIRST) + hashed)
            mixed = np.uint32(mixed ^ (mixed >> _FOLD))
            cell = np.uint32(mixed * _MIX) >> _SHIFT
            bucket = np.uint64(cell) >> _TO_BUCKET
            at = places[bucket]
            blocks[at] = cell
            at += spoken & np.uint64(word != _NONE)
            if at & _LAST == _LAST:
                blocks[at] = top
                at = np.uint64(top) << _BLOCK
                top += 1
            places[bucket] = at
            before, spoken = hashed, np.uint64(word != _NONE)
        start = end
    return top


@njit(**JIT)
def _count_cells(blocks: Any, places: Any, table: Any, lines: Any, cells: Any, counts: Any) -> Any:
    """Each different cell, ascending, and how often it is there; how many there are.

    `table` and `lines` are of zeros. A bit in `lines` tells which numbers of the table are none: one in thirty.
    """
    found = _NONE
    for bucket in range(len(places)):
        at, end = np.uint64(bucket) << _BLOCK, places[bucket]
        while at != end:
            low = np.uint64(blocks[at]) & _LOW
            table[low] += np.uint32(1)
            lines[low >> _LINE] |= _ONE << (low & _IN_LINE)
            at += _ONE
            if at & _LAST == _LAST:
                at = np.uint64(blocks[at]) << _BLOCK
        for line in range(len(lines)):
            bits = lines[line]
            lines[line] = _NONE
            while bits != _NONE:
                low = np.uint64(line) << _LINE | np.uint64(popcount(~bits & (bits - _ONE)))
                cells[found] = np.uint64(bucket) << _TO_BUCKET | low
                counts[found] = table[low]
                table[low] = 0
                found += _ONE
                bits &= bits - _ONE
    return found


def tally(batches: Sequence[Any], fields: int, hashes: Any) -> tuple[Any, PairCounts]:
    """As `harvest.tally`."""
    rows = np.zeros((len(hashes) + 1, _ROW), np.uint32)  # The first is of what is no word.
    rows[1:, _HASH] = hashes
    tokens = sum(len(stream) for stream, _ in batches)
    blocks = np.empty(_BUCKETS + tokens // int(_LAST) << _BLOCK_BITS, np.uint32)
    places, top, first = np.arange(_BUCKETS, dtype=np.uint64) << _BLOCK, _BUCKETS, 0
    for stream, sizes in batches:
        top = _gather(stream, sizes, fields, first, rows, blocks, places, top)
        first += len(sizes) // fields
    cells, times = np.empty(tokens, np.uint32), np.empty(tokens, np.int64)  # What is not written to takes no memory.
    table, lines = np.zeros(1 << _LOW_BITS, np.uint32), np.zeros(1 << _LOW_BITS - 6, np.uint64)
    found = int(_count_cells(blocks, places, table, lines, cells, times))
    return rows[1:, _COUNT].astype(np.int64), PairCounts(cells[:found], times[:found])

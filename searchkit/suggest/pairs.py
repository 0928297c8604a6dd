"""Which words stand side by side, and how often: a table of counts without the words.

A pair of words is known by a hash of the two, its cell, of `CELL_BITS` bits; pairs that share a cell are counted
together, which befalls one in thirty of 200,000 passages. So a count is never too low and hardly ever too high. In
exchange the table takes a byte a pair, tables of segments are simply added, and pairs of deleted documents are simply
taken away, so no count depends on how documents fell into segments.

Cost: 0.05 microseconds a token to gather, 0.1 a pair looked up. Memory: 6 bytes a pair, and 24 MB
from half a million on. What this module does not know:
the words, and where pairs come from.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

CELL_BITS: Final = 27
CELLS: Final = 1 << CELL_BITS
"""Thirty times the different pairs of 200,000 passages of an encyclopedia."""
_COUNT_MAX: Final = 0xFFFF
_BITS_FROM: Final = 1 << 19
"""Pairs from which on 24 MB of bits are worth it, which tell where in the table a pair is: looking for what is not there takes 22 steps through memory without."""
_FIRST, _MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)
_FOLD, _SHIFT = np.uint32(15), np.uint32(32 - CELL_BITS)
_LINE, _IN_LINE, _ONE = np.uint32(6), np.uint32(63), np.uint64(1)


def word_hash(key: str) -> int:
    """The hash of a folded word: CRC-32 of its UTF-8."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass"))


def first_part(first: int) -> int:
    """What the hash of the first word of a pair adds to that of the second."""
    return first * int(_FIRST) & 0xFFFFFFFF


def cells_of(first: npt.NDArray[np.uint32], second: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The cell of each pair of words, given by their hashes; either may be one for all.

    ``((first * 0x9E3779B1 + second) * 0x85EBCA6B …``, see FORMAT.md.
    """
    mixed = first * _FIRST + second
    mixed ^= mixed >> np.uint32(15)
    cells: npt.NDArray[np.uint32] = (mixed * _MIX) >> np.uint32(32 - CELL_BITS)
    return cells


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Cells that are not empty, ascending, and the count of each.

    Attributes
    ----------
    cells : ndarray of shape (n,), uint32
    counts : ndarray of shape (n,), int64
    """

    cells: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, cells: npt.NDArray[np.uint32]) -> PairCounts:
        """Count cells, given once for each pair met."""
        return cls.of_sorted(np.sort(cells))

    @classmethod
    def of_sorted(cls, ordered: npt.NDArray[np.uint32]) -> PairCounts:
        """Count cells, given once for each pair met, in ascending order."""
        firsts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, int)
        return cls(ordered[firsts], np.diff(firsts, append=len(ordered)))

    @classmethod
    def sum(cls, tables: list[PairCounts], less: list[PairCounts]) -> PairCounts:
        """The counts of some tables together, less those of others, which are in them."""
        if len(tables) == 1 and not less:
            return tables[0]
        cells = np.concatenate([np.zeros(0, np.uint32), *(table.cells for table in [*tables, *less])])
        counts = [np.zeros(0, np.int64), *(table.counts for table in tables), *(-table.counts for table in less)]
        order = np.argsort(cells, kind="stable")
        cells = cells[order]
        firsts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1])) if len(cells) else np.zeros(0, int)
        totals = np.add.reduceat(np.concatenate(counts)[order], firsts) if len(cells) else counts[0]
        return cls(cells[firsts][totals > 0], totals[totals > 0])


class Pairs:
    """Counts of pairs, to be asked. Which cells are not empty is also told by bits, where that pays.

    Parameters
    ----------
    table : PairCounts
    often : bool
        Whether more than a few are asked for.
    bits_from : int, optional
        Pairs from which on bits are worth it.
    """

    def __init__(self, table: PairCounts, *, often: bool = True, bits_from: int | None = None) -> None:
        self._cells = table.cells
        self._counts = np.minimum(table.counts, _COUNT_MAX).astype(np.uint16)
        self._bits = self._ahead = None
        if often and len(table.cells) >= (_BITS_FROM if bits_from is None else bits_from):
            self._bits, self._ahead = _bits_of(table.cells)

    @property
    def read(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], npt.NDArray[np.uint16]] | None:
        """What the kernels read: the bits, how many are set ahead, and counts. None where there are no bits."""
        return None if self._bits is None or self._ahead is None else (self._bits, self._ahead, self._counts)

    def after(self, first: int, second: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
        """Which of some words stand right after one, all given by their hashes, and how often.

        Returns
        -------
        which : ndarray of shape (n,), int64
            Their places among the words, ascending.
        counts : ndarray of shape (n,), uint16
        """
        mixed = second + np.uint32(first_part(first))
        mixed ^= mixed >> _FOLD
        mixed *= _MIX
        mixed >>= _SHIFT
        if self._bits is None or self._ahead is None:
            places = np.searchsorted(self._cells, mixed)
            which = np.flatnonzero(places < len(self._cells))
            which = which[self._cells[places[which]] == mixed[which]]
            return which, self._counts[places[which]]
        lines, bits = mixed >> _LINE, mixed & _IN_LINE
        taken = self._bits.take(lines)
        held = taken >> bits
        held &= _ONE
        which = held.nonzero()[0]
        if not len(which):
            return which, self._counts[:0]
        before = taken[which] & ((_ONE << bits[which]) - _ONE)
        return which, self._counts[self._ahead[lines[which]] + np.bitwise_count(before)]

    def count(self, first: str, second: str) -> int:
        """How often two folded words stand side by side in this order."""
        mixed = (word_hash(first) * int(_FIRST) + word_hash(second)) & 0xFFFFFFFF
        mixed ^= mixed >> 15
        cell = (mixed * int(_MIX) & 0xFFFFFFFF) >> (32 - CELL_BITS)
        if self._bits is not None and not int(self._bits[cell >> 6]) >> (cell & 63) & 1:
            return 0
        place = int(self._cells.searchsorted(np.uint32(cell)))
        return int(self._counts[place]) if place < len(self._cells) and self._cells[place] == cell else 0


def _bits_of(cells: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """A bit for each of all cells, set for those given in ascending order; and how many are set before each 64."""
    found = np.zeros(CELLS >> 6, np.uint64)
    lines = cells >> _LINE
    firsts = np.flatnonzero(np.append(True, lines[1:] != lines[:-1]))
    bits = _ONE << (cells & _IN_LINE)
    found[lines[firsts]] = np.bitwise_or.reduceat(bits, firsts)
    set_in = np.bitwise_count(found)
    return found, np.cumsum(set_in, dtype=np.uint32) - set_in

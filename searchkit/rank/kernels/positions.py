"""Where in its document a posting's word stands: positions read one at a time from the stream of a segment.

The stream is that of segment/FORMAT.md: differences in bytes, the last byte of a posting marked. Every 64th posting
has an entry in an index; from there, marks are counted 64 bytes at a time. Cost: some 10 nanoseconds to find a
posting, and 1 for a position. What this module does not know: which positions make a phrase.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.bits import popcount, posting_ends, trailing_zeros
from searchkit.rank.kernels.heap import JIT

PLACE, NEXT, LAST = range(3)
"""Columns of `Scratch.readers`: the position a word is at, where its next one is read, and whether there is none."""
STRIDE_BITS = 6
STRIDE = 1 << STRIDE_BITS
"""Postings between two entries of the index."""


@njit(**JIT)
def posting_start(stream: Any, index: Any, posting: Any) -> Any:
    """Byte at which the positions of a posting begin.

    Parameters
    ----------
    stream, index : ndarray, uint8 and uint32
        The parts `positions` and `position_index`.
    """
    at, left = np.int64(index[posting // STRIDE]), posting % STRIDE
    while left > 0 and at + 64 <= len(stream):
        ends: Any = posting_ends(stream, at)
        held = np.int64(popcount(ends))
        if held >= left:
            for _ in range(left - 1):
                ends &= ends - np.uint64(1)
            return at + trailing_zeros(ends) + 1
        left -= held
        at += 64
    while left > 0 and at < len(stream):
        left -= (stream[at] & 0xC0) == 0x40
        at += 1
    return at


@njit(**JIT)
def advance(stream: Any, readers: Any, word: Any) -> None:
    """Move a word to its next position; none may be left at the end of the stream."""
    at, value, shift = readers[word, NEXT], np.int64(0), np.int64(0)
    byte = np.int64(stream[at]) if at < len(stream) else np.int64(0x40)
    at += 1
    while byte & 0x80 and at < len(stream):
        value |= (byte & 0x7F) << shift
        shift += 7
        byte = np.int64(stream[at])
        at += 1
    readers[word, PLACE] += value | (byte & 0x3F) << shift
    readers[word, NEXT], readers[word, LAST] = at, byte & 0x40

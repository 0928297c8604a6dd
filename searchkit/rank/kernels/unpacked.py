"""What `bits.py` does in one instruction, in plain Python: for running the kernels uncompiled.

With NUMBA_DISABLE_JIT=1 kernels are ordinary functions whose every index is checked and every line is seen by a
coverage tool; the intrinsics of `bits.py` have no Python form, so these stand in for them. Very slow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LANES = 64


def popcount(value: Any) -> int:
    """Number of bits set."""
    return int(value).bit_count()


def trailing_zeros(value: Any) -> int:
    """Position of the lowest bit set in a number above 0."""
    return (int(value) & -int(value)).bit_length() - 1


def popcount_words(values: Any, start: Any, words: Any) -> int:
    """Number of bits set in the first so many of eight words of 64 bits, four uint16 each; all eight must exist."""
    if len(values[start : start + 32]) != 32:
        raise IndexError("a kernel reads beyond its array")
    return int(np.unpackbits(np.ascontiguousarray(values[start : start + 4 * words]).view(np.uint8)).sum())


def at_least(values: Any, start: Any, threshold: Any) -> np.uint64:
    """Bit i says whether values[start + i] >= threshold; all 64 must exist."""
    return _bits(_lanes(values, start) >= threshold)


def equal(values: Any, start: Any, wanted: Any) -> np.uint64:
    """Bit i says whether values[start + i] == wanted; all 64 must exist."""
    return _bits(_lanes(values, start) == wanted)


def equal_few(values: Any, start: Any, wanted: Any) -> np.uint64:
    """The same for 16 of them."""
    return _bits(np.append(_lanes(values, start, 16) == wanted, np.zeros(48, bool)))


def in_block(values: Any, start: Any, block: Any) -> np.uint64:
    """Bit i says whether values[start + i] >> 6 == block; all 32 must exist."""
    return np.uint64(_bits(np.append(_lanes(values, start, 32) >> 6 == block, np.zeros(32, bool))))


def posting_ends(stream: Any, start: Any) -> np.uint64:
    """Bit i says whether stream[start + i] ends a posting; all 64 must exist."""
    return _bits(_lanes(stream, start) & 0xC0 == 0x40)


def _lanes(values: Any, start: Any, count: int = LANES) -> Any:
    lanes = values[start : start + count]
    if len(lanes) != count:
        raise IndexError("a kernel reads beyond its array")
    return lanes


def _bits(flags: Any) -> np.uint64:
    return np.packbits(flags, bitorder="little").view(np.uint64)[0]


def multiply_add(sums: Any, at: Any, codes: Any, start: Any, weight: Any) -> None:
    """sums[at + i] += weight · codes[start + i] for 64 of them, at most the largest uint16."""
    lanes = codes[start : start + LANES].astype(np.int64)
    if len(lanes) != LANES or len(sums[at : at + LANES]) != LANES:
        raise IndexError("a kernel reads beyond its array")
    sums[at : at + LANES] = np.minimum(sums[at : at + LANES] + lanes * int(weight), 0xFFFF)


def clear(values: Any, start: Any) -> None:
    """values[start + i] = 0 for 64 of them, which must exist."""
    _lanes(values, start)[:] = 0


def prefetch(values: Any, at: Any) -> None:
    """Nothing: there is no hurry here."""

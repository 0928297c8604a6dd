"""What it costs to have typed one word for others: the dynamic programme of `noise`, one pair of words at a time.

About 0.3 microseconds a pair of words. What depends on the typed word alone is worked out once, what depends on the
other word alone once a pair; rows that cannot stay below what the best words cost end a pair early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.noise import BAND, BORDER, DOUBLE, LEAST, MOVED, SINGLE, SWAP, SWAP_FIRST

if TYPE_CHECKING:
    from searchkit.suggest.noise import Tables

FAR = 1 << 28
ROW = 64
"""Places of a row; the longest word has forty letters."""
ROOM: Final = 14 * ROW
"""Numbers a room has for `listen` and `cost`: `ROW` for each of what follows, and four for the programme."""
_TYPED, _TYPED_EXTRA, _TYPED_TWO = 0, ROW, 2 * ROW
"""Of each letter typed: its class, its cost if it should not be there, the digraph it ends."""
_CLASS, _MISSED, _WEAK, _TWO = 3 * ROW, 4 * ROW, 5 * ROW, 6 * ROW
"""Of each letter of the word: its class, its cost if left out, how easily it is replaced, the digraph it ends."""
_ROWS = 8 * ROW
"""The four last rows of the programme."""

# Costs lie in one array of small numbers, so that what is looked at stays in the nearest cache: tables of two classes, then
# a row for each digraph, of which there are some sixty.
_WIDE = 32
_TABLE = 28 * _WIDE
_REPLACED, _WEAKENED, _WEAKENED_BEFORE, _LEFT_OUT, _LEFT_OUT_BEFORE, _SWAPPED, _EXTRA, _EXTRA_BEFORE, _DIGRAPH = range(
    0, 9 * _TABLE, _TABLE
)
_RULES = 9 * _TABLE
_MERGED = _RULES + _WIDE


def kernel_costs(tables: Tables) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """The tables as `listen` and `cost` look into them.

    Digraphs are pairs of classes for which one letter is typed, or that are typed for one; they have numbers from 1.
    """
    pairs = np.argwhere(tables.merged.any(axis=2) | tables.parted.any(axis=2))
    digraph = np.zeros((28, 28), np.int64)
    digraph[pairs[:, 0], pairs[:, 1]] = np.arange(1, len(pairs) + 1)
    plain = (
        tables.replaced, tables.weak, tables.weak_before, tables.missed, tables.missed_before, tables.swapped,
        tables.extra, tables.extra_before, digraph,
    )  # fmt: skip
    found = np.zeros(_MERGED + 2 * _WIDE * (len(pairs) + 1), np.int16)
    for number, table in enumerate(plain):
        rows, columns = table.shape
        found[number * _TABLE : (number + 1) * _TABLE].reshape(28, _WIDE)[:rows, :columns] = table
    found[_RULES : _RULES + len(tables.rules)] = tables.rules
    # A digraph's two rows lie side by side: what it costs as one letter, and one letter as it.
    both = found[_MERGED:].reshape(-1, 2, _WIDE)
    both[1:, 0, :27], both[1:, 1, :27] = tables.merged[tuple(pairs.T)], tables.parted[tuple(pairs.T)]
    if max(int(np.abs(table).max()) for table in (*plain, tables.rules, tables.merged, tables.parted)) >= 1 << 15:
        raise ValueError("a cost of a slip is too high")
    return found


@njit(**INLINE)
def letter(code: Any) -> Any:
    """The class of a character: 1 to 26 for a to z, else 0."""
    return np.int64(code) - 96 if 97 <= code <= 122 else np.int64(0)


@njit(**JIT)
def listen(typed: Any, size: Any, costs: Any, room: Any) -> Any:
    """What depends on the typed word alone: the class of each letter, and what it costs if it should not be there."""
    for i in range(size):
        t = letter(typed[i])
        before = letter(typed[i - 1]) if i else np.int64(BORDER)
        after = letter(typed[i + 1]) if i + 1 < size else np.int64(BORDER)
        if t == 0 and i and typed[i] == typed[i - 1]:
            value = np.int64(costs[_RULES + DOUBLE])
        else:
            value = max(
                np.int64(LEAST),
                np.int64(costs[_EXTRA + before * _WIDE + t]) + np.int64(costs[_EXTRA_BEFORE + t * _WIDE + after]),
            )
        room[_TYPED + i] = t
        room[_TYPED_EXTRA + i] = value
        room[_TYPED_TWO + i] = costs[_DIGRAPH + before * _WIDE + t] if i else 0
    return size


@njit(**JIT)
def _read(words: Any, start: Any, length: Any, costs: Any, room: Any) -> Any:
    """What depends on the word alone, and the first row of the programme."""
    room[_ROWS] = 0
    sum = np.int64(0)
    before = np.int64(BORDER)
    w = letter(words[start])
    for j in range(length):
        after = letter(words[start + j + 1]) if j + 1 < length else np.int64(BORDER)
        if w == 0 and j and words[start + j] == words[start + j - 1]:
            value = np.int64(costs[_RULES + SINGLE])
        else:
            value = max(
                np.int64(LEAST),
                np.int64(costs[_LEFT_OUT + before * _WIDE + w]) + np.int64(costs[_LEFT_OUT_BEFORE + w * _WIDE + after]),
            )
        room[_CLASS + j], room[_MISSED + j] = w, value
        room[_WEAK + j] = np.int64(costs[_WEAKENED + before * _WIDE + w]) + np.int64(
            costs[_WEAKENED_BEFORE + w * _WIDE + after]
        )
        room[_TWO + j] = costs[_DIGRAPH + before * _WIDE + w] if j else 0
        sum += value
        room[_ROWS + j + 1] = sum if j < BAND else np.int64(FAR)
        before, w = w, after
    return length


@njit(**JIT)
def cost(typed: Any, size: Any, words: Any, start: Any, length: Any, costs: Any, room: Any, limit: Any) -> Any:
    """The least cost of typing `typed` for a word, or `FAR` if that is above `limit`; after `listen`."""
    if abs(size - length) > BAND:
        return np.int64(FAR)
    _read(words, start, length, costs, room)
    lowest_before = lowest_third = np.int64(0)
    for i in range(1, size + 1):
        here, above = _ROWS + (i & 3) * ROW, _ROWS + ((i - 1) & 3) * ROW
        higher, top = _ROWS + ((i - 2) & 3) * ROW, _ROWS + ((i - 3) & 3) * ROW
        code, t, added = typed[i - 1], room[_TYPED + i - 1], room[_TYPED_EXTRA + i - 1]
        last_code = typed[i - 2] if i > 1 else code
        parted = _MERGED + _WIDE + 2 * _WIDE * room[_TYPED_TWO + i - 1]
        # Alignments stray at most `BAND` letters from the diagonal; what lies beside the band is never cheaper than `FAR`.
        start_j, end_j = max(i - BAND, 1), min(i + BAND, length)
        diagonal = room[above + start_j - 1]
        left = diagonal + added if i <= BAND else np.int64(FAR)
        room[here + start_j - 1] = left
        if end_j < length:
            room[here + end_j + 1] = FAR
        lowest = left
        for j in range(start_j, end_j + 1):
            other, w, over = words[start + j - 1], room[_CLASS + j - 1], room[above + j]
            best = diagonal
            if other != code:
                best += max(np.int64(LEAST), np.int64(costs[_REPLACED + t * _WIDE + w]) + room[_WEAK + j - 1])
                if j > 1 and i > 1 and last_code == other and code == words[start + j - 2]:
                    both = np.int64(costs[_SWAPPED + w * _WIDE + t]) if t and w else np.int64(costs[_RULES + SWAP])
                    value = room[higher + j - 2] + both
                    if i == 2 and j == 2:
                        value += costs[_RULES + SWAP_FIRST]
                    best = min(best, value)
                if i > 2 and j > 2:
                    first, middle, third = words[start + j - 3], words[start + j - 2], typed[i - 3]
                    if (code == first and third == middle and last_code == other) or (
                        code == middle and last_code == first and third == other
                    ):
                        best = min(best, room[top + j - 3] + np.int64(costs[_RULES + MOVED]))
            best = min(best, over + added, left + room[_MISSED + j - 1])
            if room[_TWO + j - 1]:
                two = np.int64(costs[_MERGED + 2 * _WIDE * room[_TWO + j - 1] + t])
                if two:
                    best = min(best, room[above + j - 2] + two)
            if room[_TYPED_TWO + i - 1]:
                two = np.int64(costs[parted + w])
                if two:
                    best = min(best, room[higher + j - 1] + two)
            room[here + j] = best
            left, diagonal = best, over
            lowest = min(lowest, best)
        if lowest > limit and lowest_before > limit and lowest_third > limit:
            return np.int64(FAR)
        lowest_third, lowest_before = lowest_before, lowest
    found = room[_ROWS + (size & 3) * ROW + length]
    return found if found <= limit else np.int64(FAR)

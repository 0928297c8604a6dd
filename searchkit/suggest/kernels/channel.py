"""What it costs to have typed one word for others: the dynamic programme of `noise`, one pair of words at a time.

About 0.3 microseconds a pair of words. What depends on the typed word alone is worked out once, what depends on the
other word alone once a pair; rows that cannot stay below what the best words cost end a pair early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

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
_LONGER = 7 * ROW
"""The least cost of typing a letter more."""
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
_CHEAPEST = _WIDE - 1
"""In the row of a digraph: the least cost in it."""
_U = np.uint64
"""An index that is not negative, and need not be asked if it is."""


def kernel_costs(tables: Tables) -> npt.NDArray[np.int16]:
    """The tables as `listen` and `cost` look into them.

    Digraphs are pairs of classes for which one letter is typed, or that are typed for one; they have numbers from 1.
    """
    pairs = np.argwhere(tables.merged.any(axis=2) | tables.parted.any(axis=2))
    digraph = np.zeros((28, 28), np.int64)
    digraph[pairs[:, 0], pairs[:, 1]] = np.arange(1, len(pairs) + 1)
    plain: tuple[npt.NDArray[Any], ...] = (
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
    both[:, :, _CHEAPEST] = np.where(both[:, :, :27] > 0, both[:, :, :27], np.iinfo(np.int16).max).min(axis=2)
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
    least = np.int64(FAR)
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
        two = np.int64(costs[_DIGRAPH + before * _WIDE + t]) if i else np.int64(0)
        room[_TYPED + i], room[_TYPED_EXTRA + i], room[_TYPED_TWO + i] = t, value, two
        least = min(least, value, np.int64(costs[_MERGED + 2 * _WIDE * two + _WIDE + _CHEAPEST]))
    room[_LONGER] = least
    return size


@njit(**JIT)
def _read(words: Any, start: Any, length: Any, costs: Any, room: Any) -> Any:
    """What depends on the word alone, and the first row of the programme; the least cost of typing a letter less."""
    room[_ROWS] = 0
    sum, least = np.int64(0), np.int64(FAR)
    before = np.int64(BORDER)
    w = letter(words[start])
    for j in range(length):
        after = letter(words[start + j + 1]) if j + 1 < length else np.int64(BORDER)
        if w == 0 and j and words[start + j] == words[start + j - 1]:
            value = np.int64(costs[_RULES + SINGLE])
        else:
            missed = costs[_U(_LEFT_OUT + before * _WIDE + w)]
            value = max(np.int64(LEAST), np.int64(missed) + costs[_U(_LEFT_OUT_BEFORE + w * _WIDE + after)])
        weak = np.int64(costs[_U(_WEAKENED + before * _WIDE + w)])
        two = np.int64(costs[_U(_DIGRAPH + before * _WIDE + w)]) if j else np.int64(0)
        room[_CLASS + j], room[_MISSED + j], room[_TWO + j] = w, value, two
        room[_WEAK + j] = weak + costs[_U(_WEAKENED_BEFORE + w * _WIDE + after)]
        least = min(least, value, np.int64(costs[_U(_MERGED + 2 * _WIDE * two + _CHEAPEST)]))
        sum += value
        room[_ROWS + j + 1] = sum if j < BAND else np.int64(FAR)
        before, w = w, after
    return least


@njit(**INLINE)
def _transposed(
    typed: Any, words: Any, start: Any, i: Any, j: Any, t: Any, w: Any, best: Any, costs: Any, room: Any, higher: Any,
    top: Any,
) -> Any:  # fmt: skip
    """The lesser of `best` and what it costs if letters stand in another order here, where two letters differ."""
    code, other = typed[_U(i - 1)], words[_U(start + j - 1)]
    if i > 1 and j > 1:
        last_code, middle = typed[_U(i - 2)], words[_U(start + j - 2)]
        if last_code == other and code == middle:
            both = np.int64(costs[_U(_SWAPPED + w * _WIDE + t)]) if t and w else np.int64(costs[_RULES + SWAP])
            value = room[_U(higher + j - 2)] + both
            if i == 2 and j == 2:
                value += costs[_RULES + SWAP_FIRST]
            best = min(best, value)
        if i > 2 and j > 2 and (last_code == other or code == middle):
            first, third = words[_U(start + j - 3)], typed[_U(i - 3)]
            if (code == first and third == middle and last_code == other) or (
                code == middle and last_code == first and third == other
            ):
                best = min(best, room[_U(top + j - 3)] + np.int64(costs[_RULES + MOVED]))
    return best


@njit(**JIT)
def cost(typed: Any, size: Any, words: Any, start: Any, length: Any, costs: Any, room: Any, limit: Any) -> Any:
    """The least cost of typing `typed` for a word, or `FAR` if that is above `limit`; after `listen`.

    An alignment that has strayed from the diagonal has to come back to where the words end, letter by letter, and what a
    letter costs at least is known. So only those places are looked at from which it can afterwards be below `limit`.
    """
    if abs(size - length) > BAND:
        return np.int64(FAR)
    longer, shorter = room[_LONGER], _read(words, start, length, costs, room)
    apart = length - size
    spare = limit - (apart * shorter if apart > 0 else -apart * longer)
    if spare < 0:
        return np.int64(FAR)
    detour = spare // (longer + shorter)
    # Alignments stray at most `BAND` letters from the diagonal; what lies beside the band is never cheaper than `FAR`.
    low, high = min(max(-apart, 0) + detour, BAND), min(max(apart, 0) + detour, BAND)
    room[_ROWS + high + 1] = FAR
    lowest_before = lowest_third = np.int64(0)
    for i in range(1, size + 1):
        here, above = _ROWS + (i & 3) * ROW, _ROWS + ((i - 1) & 3) * ROW
        higher, top = _ROWS + ((i - 2) & 3) * ROW, _ROWS + ((i - 3) & 3) * ROW
        code, t, added = typed[i - 1], room[_TYPED + i - 1], room[_TYPED_EXTRA + i - 1]
        parted = _MERGED + _WIDE + 2 * _WIDE * room[_TYPED_TWO + i - 1]
        start_j, end_j = max(i - low, 1), min(i + high, length)
        diagonal = room[above + start_j - 1]
        left = diagonal + added if i <= low else np.int64(FAR)
        room[here + start_j - 1] = left
        room[here + end_j + 1] = FAR
        missing = apart + i - start_j + 1
        lowest = left + (missing * shorter if missing > 0 else -missing * longer)
        for j in range(start_j, end_j + 1):
            w, over, two = room[_U(_CLASS + j - 1)], room[_U(above + j)], room[_U(_TWO + j - 1)]
            best = diagonal
            if words[_U(start + j - 1)] != code:
                best += max(np.int64(LEAST), costs[_U(_REPLACED + t * _WIDE + w)] + room[_U(_WEAK + j - 1)])
                best = _transposed(typed, words, start, i, j, t, w, best, costs, room, higher, top)
            best = min(best, over + added, left + room[_U(_MISSED + j - 1)])
            if two:
                two = np.int64(costs[_U(_MERGED + 2 * _WIDE * two + t)])
                if two:
                    best = min(best, room[_U(above + j - 2)] + two)
            if room[_TYPED_TWO + i - 1]:
                two = np.int64(costs[_U(parted + w)])
                if two:
                    best = min(best, room[_U(higher + j - 1)] + two)
            room[_U(here + j)] = best
            left, diagonal = best, over
            missing -= 1
            lowest = min(lowest, best + (missing * shorter if missing > 0 else -missing * longer))
        if lowest > limit and lowest_before > limit and lowest_third > limit:
            return np.int64(FAR)
        lowest_third, lowest_before = lowest_before, lowest
    found = room[_ROWS + (size & 3) * ROW + length]
    return found if found <= limit else np.int64(FAR)

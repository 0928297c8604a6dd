"""What it costs to have typed one word for others: the dynamic programme of `noise`, one pair of words at a time.

About 0.1 microseconds a pair of words. What depends on the typed word alone is worked out once, what depends on the
other word alone once a pair; rows that cannot stay below what the best words cost end a pair early.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.noise import BAND, BORDER, DOUBLE, LEAST, MOVED, SINGLE, SWAP, SWAP_FIRST

FAR = 1 << 28
ROW = 65
"""Places of a row: one more than the letters of the longest word."""


@njit(**INLINE)
def letter(code: Any) -> Any:
    """The class of a character: 1 to 26 for a to z, else 0."""
    return np.int64(code) - 96 if 97 <= code <= 122 else np.int64(0)


@njit(**JIT)
def listen(typed: Any, size: Any, extra: Any, extra_before: Any, rules: Any, room: Any) -> Any:
    """What depends on the typed word alone: the class of each letter, and what it costs if it should not be there."""
    for i in range(size):
        t = letter(typed[i])
        before = letter(typed[i - 1]) if i else np.int64(BORDER)
        after = letter(typed[i + 1]) if i + 1 < size else np.int64(BORDER)
        if t == 0 and i and typed[i] == typed[i - 1]:
            value = np.int64(rules[DOUBLE])
        else:
            value = max(np.int64(LEAST), np.int64(extra[before, t]) + extra_before[t, after])
        room[0, i] = t
        room[1, i] = value
    return size


@njit(**JIT)
def cost(
    typed: Any,
    size: Any,
    words: Any,
    start: Any,
    length: Any,
    tables: Any,
    room: Any,
    limit: Any,
) -> Any:
    """The least cost of typing `typed` for a word, or `FAR` if that is above `limit`; after `listen`.

    `room` has rows for the classes and costs of what was typed and of the word, four for the programme, and one for how
    easily each letter of the word is replaced.
    """
    if abs(size - length) > BAND:
        return np.int64(FAR)
    replaced, weak, weak_before, missed, missed_before, swapped, merged, parted, has_digraph, rules = tables
    room[4, 0] = 0
    before = np.int64(BORDER)
    w = letter(words[start])
    for j in range(length):
        after = letter(words[start + j + 1]) if j + 1 < length else np.int64(BORDER)
        if w == 0 and j and words[start + j] == words[start + j - 1]:
            value = np.int64(rules[SINGLE])
        else:
            value = max(np.int64(LEAST), np.int64(missed[before, w]) + missed_before[w, after])
        room[2, j], room[3, j] = w, value
        room[8, j] = weak[before, w] + weak_before[w, after]
        room[4, j + 1] = room[4, j] + value if j < BAND else np.int64(FAR)
        before, w = w, after
    lowest_before = lowest_third = np.int64(0)
    for i in range(1, size + 1):
        here, above, higher, top = 4 + (i & 3), 4 + ((i - 1) & 3), 4 + ((i - 2) & 3), 4 + ((i - 3) & 3)
        code, t, added = typed[i - 1], room[0, i - 1], room[1, i - 1]
        last_code = typed[i - 2] if i > 1 else code
        last = room[0, i - 2] if i > 1 else np.int64(0)
        doubled = i > 1 and has_digraph[last, t]
        # Alignments stray at most `BAND` letters from the diagonal; what lies beside the band is never cheaper than `FAR`.
        start_j, end_j = max(i - BAND, 1), min(i + BAND, length)
        left = room[above, 0] + added if i <= BAND else np.int64(FAR)
        room[here, start_j - 1] = left
        if end_j < length:
            room[here, end_j + 1] = FAR
        lowest = left
        for j in range(start_j, end_j + 1):
            other = words[start + j - 1]
            w = room[2, j - 1]
            best = room[above, j - 1]
            if other != code:
                best += max(np.int64(LEAST), replaced[t, w] + room[8, j - 1])
                if j > 1 and i > 1 and last_code == other and code == words[start + j - 2]:
                    value = room[higher, j - 2] + (swapped[w, t] if t and w else rules[SWAP])
                    if i == 2 and j == 2:
                        value += rules[SWAP_FIRST]
                    best = min(best, value)
                if i > 2 and j > 2:
                    first, middle, third = words[start + j - 3], words[start + j - 2], typed[i - 3]
                    if (code == first and third == middle and last_code == other) or (
                        code == middle and last_code == first and third == other
                    ):
                        best = min(best, room[top, j - 3] + rules[MOVED])
            best = min(best, room[above, j] + added, left + room[3, j - 1])
            if j > 1 and has_digraph[room[2, j - 2], w]:
                two = merged[room[2, j - 2], w, t]
                if two:
                    best = min(best, room[above, j - 2] + two)
            if doubled:
                two = parted[last, t, w]
                if two:
                    best = min(best, room[higher, j - 1] + two)
            room[here, j] = best
            left = best
            lowest = min(lowest, best)
        if lowest > limit and lowest_before > limit and lowest_third > limit:
            return np.int64(FAR)
        lowest_third, lowest_before = lowest_before, lowest
    found = room[4 + (size & 3), length]
    return found if found <= limit else np.int64(FAR)

"""What it costs to have typed one word for another: the dynamic programme of `noise`, one pair at a time.

About 0.3 microseconds a pair of words; rows that cannot stay below the limit end it early.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import JIT, njit

FAR = 1 << 28


@njit(**JIT)
def letter(code: Any) -> Any:
    """The class of a character: 1 to 26 for a to z, else 0."""
    return np.int64(code) - 96 if 97 <= code <= 122 else np.int64(0)


@njit(**JIT)
def is_vowel(number: Any) -> Any:
    """Whether a class of letters is a, e, i, o, u or y."""
    return number in (1, 5, 9, 15, 21, 25)


@njit(**JIT)
def cost(
    typed: Any,
    size: Any,
    words: Any,
    start: Any,
    length: Any,
    replaced: Any,
    missed: Any,
    extra: Any,
    digraphs: Any,
    beside: Any,
    rules: Any,
    rows: Any,
    limit: Any,
) -> Any:
    """The least cost of typing `typed` for a word, or `FAR` if that is above `limit`."""
    for j in range(length + 1):
        if j == 0:
            rows[0, 0] = 0
        else:
            rows[0, j] = rows[0, j - 1] + missed_cost(words, start, j, length, missed, rules)
    lowest_before = lowest_third = np.int64(0)
    for i in range(1, size + 1):
        here, above, higher, top = i & 3, (i - 1) & 3, (i - 2) & 3, (i - 3) & 3
        t = letter(typed[i - 1])
        code = typed[i - 1]
        before = letter(typed[i - 2]) if i > 1 else np.int64(0)
        after = letter(typed[i]) if i < size else np.int64(0)
        if i > 1 and code == typed[i - 2]:
            added = rules[3]
        elif is_vowel(t):
            added = extra[t]
            if is_vowel(before) or is_vowel(after):
                added = rules[7]
            if i == size and t == 5:
                added = min(added, rules[9])
        elif beside[t, before] or beside[t, after]:
            added = rules[8]
        else:
            added = extra[t]
        if i == 1:
            added += rules[10]
        rows[here, 0] = rows[above, 0] + added
        lowest = rows[here, 0]
        for j in range(1, length + 1):
            other = words[start + j - 1]
            w = letter(other)
            if other == code:
                best = rows[above, j - 1]
            else:
                best = rows[above, j - 1] + replaced[t, w]
                if i == 1 and j == 1:
                    best += rules[10]
            value = rows[above, j] + added
            best = min(best, value)
            value = rows[here, j - 1] + missed_cost(words, start, j, length, missed, rules)
            best = min(best, value)
            if i > 1 and j > 1 and code == words[start + j - 2] and typed[i - 2] == other and code != other:
                value = rows[higher, j - 2] + (rules[1] if is_vowel(t) and is_vowel(w) else rules[0])
                if i == 2 and j == 2:
                    value += rules[2]
                best = min(best, value)
            if i > 2 and j > 2 and other != code:
                first, middle = words[start + j - 3], words[start + j - 2]
                if (code == first and typed[i - 3] == middle and typed[i - 2] == other) or (
                    code == middle and typed[i - 2] == first and typed[i - 3] == other
                ):
                    value = rows[top, j - 3] + rules[11]
                    best = min(best, value)
            if w and t:
                if j > 1:
                    two = digraphs[letter(words[start + j - 2]), w, t]
                    if two:
                        value = rows[above, j - 2] + two + (rules[10] if j == 2 and letter(words[start]) != t else 0)
                        best = min(best, value)
                if i > 1:
                    two = digraphs[before, t, w]
                    if two:
                        value = rows[higher, j - 1] + two + (rules[10] if i == 2 and before != w else 0)
                        best = min(best, value)
            rows[here, j] = best
            lowest = min(lowest, best)
        if lowest > limit and lowest_before > limit and lowest_third > limit:
            return FAR
        lowest_third, lowest_before = lowest_before, lowest
    found = rows[size & 3, length]
    return found if found <= limit else FAR


@njit(**JIT)
def missed_cost(words: Any, start: Any, j: Any, length: Any, missed: Any, rules: Any) -> Any:
    """What it costs to leave out the j-th letter of a word, counted from 1."""
    w = letter(words[start + j - 1])
    if j > 1 and words[start + j - 1] == words[start + j - 2]:
        return rules[4]
    value = missed[w]
    if is_vowel(w):
        if (j > 1 and is_vowel(letter(words[start + j - 2]))) or (j < length and is_vowel(letter(words[start + j]))):
            value = rules[5]
        if j == length and w == 5:
            value = min(value, rules[6])
    if j == 1:
        value += rules[10]
    return value

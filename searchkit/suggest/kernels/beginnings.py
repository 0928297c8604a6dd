"""Words that begin as a typed beginning does but for one slip: the compiled twin of `Beginnings.one_slip` and `Ranked.best_of`.

The hash of every variant is asked of the bits of `Beginnings` first, none waiting for the answer of another, so that the
processor fetches many lines of memory at once. The dozen that are left are looked up among the words, each within those
that begin with the letters ahead of its slip, and the best ranks of what is found are kept. Cost: 10 microseconds, and 40
bytes a word. What this module does not know: what a word weighs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.beginnings import FIRST, POWERS, known_bits
from searchkit.suggest.kernels.memory import prefetch
from searchkit.suggest.kernels.openings import keep_best, opening_of_words

KEEP_MAX = 160
"""Words of one kind that can be asked for at once."""
LESS_LIKELY = 2
"""The row of an answer of `look_up` that has words with any other slip than two letters exchanged."""
_EXCHANGED, _LESS, _OTHER, _MORE = range(4)
"""What a slip was; with its place and a letter it is a variant."""
_KIND, _PLACE, _LETTER = 16, 8, 0xFF
_AHEAD, _BEHIND = 0, 1
"""Rows of sums: hashes of the first 0, 1, … letters, and of what is left without them."""
_WORD = np.uint64(0xFFFFFFFF)
_HURRY = 32
"""Variants ahead of the one that is looked at whose bits are asked for."""


_known_bits = njit(**INLINE)(known_bits)


@njit(**INLINE)
def _line_of(hashed: Any, shift: Any) -> Any:
    """Where the bits of a hash are."""
    line, _, _, _ = _known_bits(hashed, shift)
    return np.int64(line)


@njit(**INLINE)
def _seems_known(bits: Any, shift: Any, hashed: Any) -> Any:
    """1 if a string with this hash seems to begin a word, else 0."""
    line, first, second, third = _known_bits(hashed, shift)
    held = bits[np.int64(line)]
    return np.int64(held >> first & held >> second & held >> third & np.uint64(1))


@njit(**JIT)
def _variants(typed: Any, sums: Any, bits: Any, shift: Any, letters: Any, variants: Any, hashes: Any) -> Any:
    """What seems to begin a word one slip away from what was typed, in the order of kinds; how many."""
    size, count = len(typed), 0
    one = np.uint64(1)
    sums[_AHEAD, 0] = sums[_BEHIND, size] = 0
    for p in range(size):
        sums[_AHEAD, p + 1] = sums[_AHEAD, p] * POWERS[1] + np.uint64(typed[p]) + one
    for p in range(size - 1, -1, -1):
        sums[_BEHIND, p] = sums[_BEHIND, p + 1] + (np.uint64(typed[p]) + one) * POWERS[size - 1 - p]
    for p in range(FIRST, size - 1):
        stem = (sums[_AHEAD, p] * POWERS[1] + np.uint64(typed[p + 1]) + one) * POWERS[1] + np.uint64(typed[p]) + one
        variants[count] = _EXCHANGED << _KIND | p << _PLACE
        hashes[count] = stem * POWERS[size - p - 2] + sums[_BEHIND, p + 2]
        count += 1
    for p in range(FIRST, size):
        variants[count] = _LESS << _KIND | p << _PLACE
        hashes[count] = sums[_AHEAD, p] * POWERS[size - p - 1] + sums[_BEHIND, p + 1]
        count += 1
    # Another last letter, or one more before it, begins as what lacks the last one does.
    for p in range(FIRST, size - 1):
        ahead, other, more = sums[_AHEAD, p] * POWERS[1], POWERS[size - p - 1], POWERS[size - p]
        for letter in range(len(letters)):
            stem = ahead + letters[letter]
            variants[count] = _OTHER << _KIND | p << _PLACE | letter
            variants[count + 1] = _MORE << _KIND | p << _PLACE | letter
            hashes[count] = stem * other + sums[_BEHIND, p + 1]
            hashes[count + 1] = stem * more + sums[_BEHIND, p]
            count += 2
    held = 0
    for number in range(count + _HURRY):
        if number < count:
            prefetch(bits, _line_of(hashes[number], shift))
        if number >= _HURRY:
            variants[held] = variants[number - _HURRY]
            held += _seems_known(bits, shift, hashes[number - _HURRY])
    return held


@njit(**JIT)
def _spell(typed: Any, variant: Any, letters: Any, spelled: Any) -> Any:
    """A variant, letter by letter; how many letters it has."""
    kind, p, letter = variant >> _KIND, variant >> _PLACE & _LETTER, variant & _LETTER
    size = np.int64(p)
    for place in range(p):
        spelled[place] = typed[place]
    rest = p + 1
    if kind == _EXCHANGED:
        spelled[p], spelled[p + 1], size, rest = typed[p + 1], typed[p], p + 2, p + 2
    elif kind != _LESS:
        spelled[p], size = np.uint32(letters[letter] - np.uint64(1)), p + 1
        if kind == _MORE:
            rest = p
    for place in range(rest, len(typed)):
        spelled[size] = typed[place]
        size += 1
    return size


@njit(**JIT)
def look_up(
    typed: Any, keep: Any, heads: Any, firsts: Any, nexts: Any, codes: Any, starts: Any, bits: Any, shift: Any,
    letters: Any, ranks: Any, best: Any, counts: Any, variants: Any, hashes: Any, spelled: Any, sums: Any, room: Any,
    top: Any,
) -> Any:  # fmt: skip
    """The best words of two kinds, two letters exchanged and any other slip, and their counts, into two rows of `top` each.

    Parameters
    ----------
    typed : ndarray of shape (size,), uint32
        Letters, up to `TYPED_MAX`. Words that begin so are none of either kind.
    keep : int
        Words of each kind that are wanted.

    Returns
    -------
    int
        How many there are of the first kind, and 65,536 times how many of the second.
    """
    count = _variants(typed, sums, bits, shift, letters, variants, hashes)
    exact_low, exact_high = opening_of_words(typed, len(typed), heads, firsts, nexts, codes, starts)
    held, others = 0, 0
    for number in range(count):
        variant = variants[number]
        size = _spell(typed, variant, letters, spelled)
        low, high = opening_of_words(spelled, size, heads, firsts, nexts, codes, starts)
        row = min(variant >> _KIND, 1)
        some = held if row == 0 else others
        some = keep_best(low, min(high, max(exact_low, low)), ranks, best, room[row], some, keep)
        some = keep_best(max(low, min(exact_high, high)), high, ranks, best, room[row], some, keep)
        if row == 0:
            held = some
        else:
            others = some
    for row, kept in ((0, held), (1, others)):
        for place in range(kept):
            prefetch(counts, np.int64(room[row, place] & _WORD))
    for row, kept in ((0, held), (1, others)):
        for place in range(kept):
            word = np.int64(room[row, place] & _WORD)  # The ranks above are cut off.
            top[LESS_LIKELY * row, place], top[LESS_LIKELY * row + 1, place] = word, counts[word]
    return np.int64(held | others << 16)

"""Words that begin as a typed beginning does but for one slip: the compiled twin of `Beginnings.one_slip` and `Ranked.best_of`.

The hash of every variant is asked of the bits of `Beginnings` first, none waiting for the answer of another, so that the
processor fetches many lines of memory at once. The dozen that are left are looked up among the words, each within those
that begin with the letters ahead of its slip, and the best ranks of what is found are kept. Cost: 10 microseconds, and 40
bytes a word. One look-up at a time: it has one room to work in. What this module does not know: what a word weighs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.beginnings import ALPHABET, FIRST, POWERS, TYPED_MAX, known_bits
from searchkit.suggest.lexicon import BLOCK

if TYPE_CHECKING:
    from searchkit.suggest.beginnings import Beginnings
    from searchkit.suggest.lexicon import Ranked

KEEP_MAX = 160
"""Words of one kind that can be asked for at once."""
_EXCHANGED, _LESS, _OTHER, _MORE = range(4)
"""What a slip was; with its place and a letter it is a variant."""
_KIND, _PLACE, _LETTER = 16, 8, 0xFF
_AHEAD, _BEHIND = 0, 1
"""Rows of sums: hashes of the first 0, 1, … letters, and of what is left without them."""
_LOW, _HIGH = 0, 1
"""Rows of ranges: of the words that begin with the first 0, 1, … letters, the first, and one past the last."""
_RANK = np.uint64(32)


@njit(**JIT)
def _compared(codes: Any, starts: Any, word: Any, spelled: Any, done: Any, size: Any) -> Any:
    """Below, at or above 0: a word by the `size` letters spelled, of which the first `done` are known to be its own."""
    start = np.int64(starts[word])
    length = np.int64(starts[word + 1]) - start
    for place in range(done, size):
        if place == length:
            return np.int64(-1)
        apart = np.int64(codes[start + place]) - np.int64(spelled[place])
        if apart != 0:
            return apart
    return np.int64(0)


@njit(**JIT)
def _first_not_below(
    codes: Any, starts: Any, low: Any, high: Any, spelled: Any, done: Any, size: Any, least: Any
) -> Any:
    """The first of some words that compares as `least` or above; `high` if none does."""
    while low < high:
        middle = (low + high) >> 1
        if _compared(codes, starts, middle, spelled, done, size) < least:
            low = middle + 1
        else:
            high = middle
    return low


@njit(**JIT)
def _end_of(codes: Any, starts: Any, low: Any, high: Any, spelled: Any, done: Any, size: Any) -> Any:
    """One past the last of some words that begins as spelled; those that do are the first, mostly a few."""
    step = np.int64(1)
    while low + step < high and _compared(codes, starts, low + step - 1, spelled, done, size) == 0:
        low, step = low + step, 2 * step
    return _first_not_below(codes, starts, low, min(low + step, high), spelled, done, size, 1)


_known_bits = njit(**INLINE)(known_bits)


@njit(**INLINE)
def _seems_known(bits: Any, shift: Any, hashed: Any) -> Any:
    """1 if a string with this hash seems to begin a word, else 0."""
    line, first, second, third = _known_bits(hashed, shift)
    held = bits[np.int64(line)]
    return np.int64(held >> first & held >> second & held >> third & np.uint64(1))


@njit(**JIT)
def _variants(typed: Any, sums: Any, bits: Any, shift: Any, letters: Any, variants: Any) -> Any:
    """What seems to begin a word one slip away from what was typed, in the order of kinds; how many."""
    size, held = len(typed), 0
    one = np.uint64(1)
    sums[_AHEAD, 0] = sums[_BEHIND, size] = 0
    for p in range(size):
        sums[_AHEAD, p + 1] = sums[_AHEAD, p] * POWERS[1] + np.uint64(typed[p]) + one
    for p in range(size - 1, -1, -1):
        sums[_BEHIND, p] = sums[_BEHIND, p + 1] + (np.uint64(typed[p]) + one) * POWERS[size - 1 - p]
    for p in range(FIRST, size - 1):
        stem = (sums[_AHEAD, p] * POWERS[1] + np.uint64(typed[p + 1]) + one) * POWERS[1] + np.uint64(typed[p]) + one
        variants[held] = _EXCHANGED << _KIND | p << _PLACE
        held += _seems_known(bits, shift, stem * POWERS[size - p - 2] + sums[_BEHIND, p + 2])
    for p in range(FIRST, size):
        variants[held] = _LESS << _KIND | p << _PLACE
        held += _seems_known(bits, shift, sums[_AHEAD, p] * POWERS[size - p - 1] + sums[_BEHIND, p + 1])
    # Another last letter, or one more before it, begins as what lacks the last one does.
    for p in range(FIRST, size - 1):
        ahead, other, more = sums[_AHEAD, p] * POWERS[1], POWERS[size - p - 1], POWERS[size - p]
        for letter in range(len(letters)):
            stem = ahead + letters[letter]
            variants[held] = _OTHER << _KIND | p << _PLACE | letter
            held += _seems_known(bits, shift, stem * other + sums[_BEHIND, p + 1])
            variants[held] = _MORE << _KIND | p << _PLACE | letter
            held += _seems_known(bits, shift, stem * more + sums[_BEHIND, p])
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
def _keep(entry: Any, top: Any, held: Any, keep: Any) -> Any:
    """Put a rank with its word among the best, unless it is there; how many there are then."""
    place = held
    while place > 0 and top[place - 1] >= entry:
        place -= 1
    if place == keep or (place < held and top[place] == entry):
        return held
    held = min(held + 1, keep)
    for moved in range(held - 1, place, -1):
        top[moved] = top[moved - 1]
    top[place] = entry
    return held


@njit(**JIT)
def _keep_best(low: Any, high: Any, ranks: Any, best: Any, top: Any, held: Any, keep: Any) -> Any:
    """Put the words from `low` to before `high` among the best; how many there are then."""
    word = low
    while word < high:
        end = min((word // BLOCK + 1) * BLOCK, high)
        if held < keep or np.uint64(best[word // BLOCK]) < top[keep - 1] >> _RANK:
            for number in range(word, end):
                entry = np.uint64(ranks[number]) << _RANK | np.uint64(number)
                if held < keep or entry < top[keep - 1]:
                    held = _keep(entry, top, held, keep)
        word = end
    return held


@njit(**JIT)
def look_up(
    typed: Any, keep: Any, exact_low: Any, exact_high: Any, words: Any, known: Any, ranked: Any, room: Any, top: Any
) -> Any:
    """The best words of two kinds, two letters exchanged and any other slip, into the rows of `top`: ranks above words.

    Parameters
    ----------
    typed : ndarray of shape (size,), uint32
        Letters, up to `TYPED_MAX`.
    keep : int
        Words of each kind that are wanted.
    exact_low, exact_high : int
        Words that begin as typed, which are none of either.

    Returns
    -------
    int
        How many there are of the first kind, and 65,536 times how many of the second.
    """
    codes, starts = words
    bits, shift, letters = known
    ranks, best = ranked
    variants, spelled, sums, ranges = room
    count = _variants(typed, sums, bits, shift, letters, variants)
    ranges[_LOW, 0], ranges[_HIGH, 0], reached = 0, len(starts) - 1, 0
    held, others = 0, 0
    for number in range(count):
        variant = variants[number]
        p = variant >> _PLACE & _LETTER
        while reached < p:
            low, high = ranges[_LOW, reached], ranges[_HIGH, reached]
            low = _first_not_below(codes, starts, low, high, typed, reached, reached + 1, 0)
            ranges[_LOW, reached + 1] = low
            ranges[_HIGH, reached + 1] = _first_not_below(codes, starts, low, high, typed, reached, reached + 1, 1)
            reached += 1
        size = _spell(typed, variant, letters, spelled)
        low, high = ranges[_LOW, p], ranges[_HIGH, p]
        low = _first_not_below(codes, starts, low, high, spelled, p, size, 0)
        high = _end_of(codes, starts, low, high, spelled, p, size)
        row = min(variant >> _KIND, 1)
        some = held if row == 0 else others
        some = _keep_best(low, min(high, max(exact_low, low)), ranks, best, top[row], some, keep)
        some = _keep_best(max(low, min(exact_high, high)), high, ranks, best, top[row], some, keep)
        if row == 0:
            held = some
        else:
            others = some
    return held | others << 16


class SlipIndex:
    """The words of a lexicon, as `look_up` reads them."""

    def __init__(self, beginnings: Beginnings, ranked: Ranked) -> None:
        self._words = beginnings.codes, beginnings.starts
        self._known = beginnings.bits, beginnings.shift, beginnings.letter_codes
        self._ranked = ranked.ranks, ranked.best_of_blocks
        self._room = (
            np.zeros(2 * ALPHABET * TYPED_MAX + 2 * TYPED_MAX, np.int64),
            np.zeros(TYPED_MAX + 1, np.uint32),
            np.zeros((2, TYPED_MAX + 1), np.uint64),
            np.zeros((2, TYPED_MAX + 1), np.int64),
        )
        self._top = np.zeros((2, KEEP_MAX), np.uint64)

    def look_up(self, typed: str, exact: tuple[int, int], keep: int) -> tuple[Any, Any]:
        """Numbers of the best words with two letters exchanged, and of those with any other slip, best first.

        Parameters
        ----------
        typed : str
            Up to `TYPED_MAX` letters.
        exact : tuple of int
            The words that begin as typed, from and to before; they are left out.
        keep : int, 1 to `KEEP_MAX`

        Returns
        -------
        tuple of two ndarrays of uint32
        """
        codes = np.frombuffer(typed.encode("utf-32-le", "surrogatepass"), np.uint32)
        held = look_up(codes, keep, *exact, self._words, self._known, self._ranked, self._room, self._top)
        numbers = self._top.astype(np.uint32)  # The ranks above are cut off.
        return numbers[0, : held & 0xFFFF], numbers[1, : held >> 16]

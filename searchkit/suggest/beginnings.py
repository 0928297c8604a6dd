"""Is this how some word begins? Asked of a thousand strings at once, which are one or two slips away from what was typed.

A slip is one letter more, less, or other than was meant, or two neighbours exchanged, after the first `FIRST` letters.
Hashes of all beginnings of all words are kept as bits, three for each. The hash of a string is a polynomial in its letters,
so those of all variants of a typed beginning come out of a few sums, without any of them being spelled. Some strings are
taken for beginnings that are none: who asks looks them up. Cost: 40 to 100 microseconds for one slip, about a millisecond
for two; 0.3 seconds and 60 bytes a word to get ready. What this module does not know: which of the words found is best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

FIRST: Final = 1
"""Letters of a beginning that are taken to be right."""
TYPED_MAX: Final = 40
"""Letters of a beginning in which slips are looked for; more are no word."""
_BASE: Final = 0x9E3779B97F4A7C15
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_MASK: Final = (1 << 64) - 1
_FOLD, _FIRST_BIT, _SECOND_BIT, _THIRD_BIT = np.uint64(29), np.uint64(12), np.uint64(18), np.uint64(24)
_IN_LINE, _ONE = np.uint64(63), np.uint64(1)
_BITS_A_WORD: Final = 64
"""A word has some four beginnings of its own: of a thousand strings that begin none, two or three seem to, each of which
costs as much as all that is known not to."""
_LEAST_BITS, _MOST_BITS = 12, 28
ALPHABET: Final = 40
"""Letters that may be typed too few or be meant by others: the most frequent ones."""
_SAMPLE: Final = 20_000

Hashes = npt.NDArray[np.uint64]


class Variants(NamedTuple):
    """Strings one slip away from another; the first `exchanged` of them by exchange of two letters.

    Attributes
    ----------
    hashes : ndarray of shape (n,), uint64
    sizes : list of tuple of int
        How many have how many letters, in order.
    exchanged : int
    spell : callable
        The string with a number.
    """

    hashes: Hashes
    sizes: list[tuple[int, int]]
    exchanged: int
    spell: Callable[[int], str]


class Beginnings:
    """The beginnings of some words.

    Parameters
    ----------
    words : sequence of str

    Attributes
    ----------
    codes : ndarray of shape (letters,), uint32
        The letters of all words, one word after the other.
    starts : ndarray of shape (words + 1,), int64
        Where each begins, and where the last one ends.
    bits : ndarray of shape (2 ** n,), uint64
        Three bits are set for each beginning, in one line of 64.
    shift : uint64
        See `known_bits`.
    letter_codes : ndarray of shape (letters,), uint64
        The alphabet of slips, up to `ALPHABET`: code points, each with one added.
    """

    def __init__(self, words: Sequence[str]) -> None:
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        codes = self.codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
        starts = self.starts = np.append(0, np.cumsum(lengths))
        bits = min(max(_LEAST_BITS, (_BITS_A_WORD * len(words)).bit_length()), _MOST_BITS)
        self.shift = np.uint64(64 + 6 - bits)
        held = np.zeros(1 << bits, np.bool_)
        hashes, alive = np.zeros(len(words), np.uint64), np.arange(len(words))
        for depth in range(min(TYPED_MAX + 2, int(lengths.max(initial=0)))):
            going_on = lengths[alive] > depth
            alive, hashes = alive[going_on], hashes[going_on]
            hashes = hashes * np.uint64(_BASE) + codes[starts[alive] + depth] + np.uint64(1)
            lines, *three = known_bits(hashes, self.shift)
            lines <<= np.uint64(6)
            for bit in three:
                held[lines | bit] = True
        self.bits = np.packbits(held, bitorder="little").view(np.uint64)
        letters = Counter("".join(words[:: len(words) // _SAMPLE + 1]))
        self._letters = "".join(letter for letter, _ in letters.most_common(ALPHABET))
        self.letter_codes = np.array([ord(letter) + 1 for letter in self._letters], np.uint64)

    def one_slip(self, typed: str) -> Iterator[list[str]]:
        """Strings that seem to begin words: those two exchanged letters away from a typed one, then the others."""
        found = self._variants(typed, FIRST)
        some = self._known(found.hashes)
        yield [found.spell(number) for number in some.tolist() if number < found.exchanged]
        yield [found.spell(number) for number in some.tolist() if number >= found.exchanged]

    def two_slips(self, typed: str) -> list[str]:
        """Strings that seem to begin words and are at most two slips away from a typed one, none within another."""
        found: list[str] = []
        ahead = _hashes_of(typed)
        tails = [self._variants(typed[place:], 0) for place in range(len(typed))]
        powers = [
            np.repeat(POWERS[[size for _, size in tail.sizes]], [many for many, _ in tail.sizes]) for tail in tails
        ]
        for place in range(FIRST, len(typed)):
            # The first slip is here; what it makes of the letters so far must begin a word itself.
            stems = np.uint64(ahead[place] * _BASE & _MASK) + self.letter_codes
            alive = self._known(stems)
            heads = [typed[:place] + self._letters[number] for number in alive.tolist()]
            firsts = [(heads, stems[alive], place), (heads, stems[alive], place + 1)]
            firsts.append(([typed[:place]], np.array([ahead[place]], np.uint64), place + 1))
            if place + 1 < len(typed):
                swapped = typed[:place] + typed[place + 1] + typed[place]
                firsts.append(([swapped], np.array([_hashes_of(swapped)[-1]], np.uint64), place + 2))
            for spelled, hashes, reached in firsts:
                if reached < len(typed):
                    rest = tails[reached]
                    some = self._known((hashes[:, None] * powers[reached] + rest.hashes).ravel())
                    both = (divmod(number, len(rest.hashes)) for number in some.tolist())
                    found += [spelled[head] + rest.spell(tail) for head, tail in both]
        return found

    # --- hashes -----------------------------------------------------------------------------------------

    def _known(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        """Which strings seem to begin words: numbers, ascending."""
        lines, first, second, third = known_bits(hashes, self.shift)
        held = self.bits.take(lines.view(np.int64))
        seems = held >> first
        seems &= held >> second
        seems &= held >> third
        seems &= _ONE
        known: npt.NDArray[np.int64] = seems.nonzero()[0]
        return known

    def _variants(self, typed: str, first: int) -> Variants:
        """Strings one slip away from a typed one, no earlier than `first`, or that begin with one that is shorter."""
        size, letters = len(typed), self._letters
        places = list(range(first, size))
        swaps = [p for p in places[:-1] if typed[p] != typed[p + 1]]
        ahead, behind = _hashes_of(typed), _tails_of(typed)
        codes = [ord(letter) + 1 for letter in typed]
        powers = [int(power) for power in POWERS[: size + 1]]
        exchanged = [
            ((ahead[p] * _BASE + codes[p + 1]) * _BASE + codes[p]) * powers[size - p - 2] + behind[p + 2] for p in swaps
        ]
        less = [ahead[p] * powers[size - p - 1] + behind[p + 1] for p in places]
        # Another last letter, or one more before it, begins as what lacks the last one does.
        inner = places[:-1]
        stems = np.array([ahead[p] * _BASE & _MASK for p in inner], np.uint64)[:, None] + self.letter_codes
        after = np.array(behind[first:size], np.uint64)[:, None]
        power = POWERS[1 : size - first + 1][::-1, None]
        other, more = stems * power[1:] + after[1:], stems * power[:-1] + after[:-1]
        scalars = np.array([value & _MASK for value in (*exchanged, *less)], np.uint64)

        def spell(number: int) -> str:
            if number < len(swaps):
                p = swaps[number]
                return typed[:p] + typed[p + 1] + typed[p] + typed[p + 2 :]
            if number < len(scalars):
                p = places[number - len(swaps)]
                return typed[:p] + typed[p + 1 :]
            added, rest = divmod(number - len(scalars), other.size)
            p = inner[rest // len(letters)]
            return typed[:p] + letters[rest % len(letters)] + typed[p + 1 - added :]

        sizes = [(len(swaps), size), (len(less), size - 1), (other.size, size), (more.size, size + 1)]
        return Variants(np.concatenate((scalars, other.ravel(), more.ravel())), sizes, len(swaps), spell)


def known_bits(hashes: Any, shift: Any) -> tuple[Any, Any, Any, Any]:
    """The line of 64 bits of each hash, and its three bits there."""
    mixed = (hashes ^ hashes >> _FOLD) * _MIX
    first, second, third = mixed >> _FIRST_BIT, mixed >> _SECOND_BIT, mixed >> _THIRD_BIT
    return mixed >> shift, first & _IN_LINE, second & _IN_LINE, third & _IN_LINE


def _hashes_of(text: str) -> list[int]:
    """The hash of the first 0, 1, … letters."""
    found = [0]
    for letter in text:
        found.append((found[-1] * _BASE + ord(letter) + 1) & _MASK)
    return found


def _tails_of(text: str) -> list[int]:
    """The hash of the text without its first 0, 1, … letters."""
    found, power = [0], 1
    for letter in reversed(text):
        found.append((found[-1] + (ord(letter) + 1) * power) & _MASK)
        power = power * _BASE & _MASK
    return found[::-1]


POWERS: Final = np.array([pow(_BASE, exponent, 1 << 64) for exponent in range(TYPED_MAX + 3)], np.uint64)

"""How people mistype: what each slip of a typist or a speller costs, as tables of small integers.

A cost is a hundredth of a natural logarithm: an error of cost 460 is made once in a hundred chances. The model is a
noisy channel (Kernighan, Church and Gale 1990) with edits of up to two letters for one (after Brill and Moore 2000),
told by classes and not learnt letter by letter: vowels are taken for each other, letters that can sound alike are,
letters are doubled or not, neighbours change places, fingers hit the next key, silent letters are forgotten. The
classes are what is generally known of English spelling; other scripts have the plain costs only. What this module does
not know: words, and how often they are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

LETTERS: Final = 27
"""Classes of characters: 0 for any but a to z, 1 to 26 for those."""
VOWELS: Final = "aeiouy"

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# Letters that can stand for one sound, as English spells it.
_ALIKE: Final = "ck cs sz ck kq cq gj fv vw iy dt bp mn uw tc xs xz cx st gc eu"
# Vowels that nobody can tell apart where they are not stressed: -ance, -ence, -able, -ible, de-, di-.
_NEAR_VOWELS: Final = "ae ei ai ao iy"
# Two letters that are heard as one, or as another one.
_DIGRAPHS: Final = (
    "ph:f ck:k ck:c ch:k ch:c sc:s sc:c qu:k qu:q qu:c gh:g gh:f wh:w rh:r kn:n gn:n wr:r ps:s mb:m mn:m th:t th:d "
    "ss:c dg:g dj:j ge:j ks:x cs:x cc:x xc:x cc:k sh:s sh:c tch:ch ng:n gg:j pt:t st:s lk:k lm:m ld:d ts:s tz:z "
    "ea:e ea:i ei:e ei:i ie:i ie:e ou:u ou:o au:o ai:a ai:e ay:a ee:i ee:e oo:u oo:o ey:y ie:y eu:u ue:u ae:e oe:e "
    "ia:a io:o oa:o ui:u ew:u aw:o ow:o eo:e ey:e uo:o iu:u ua:a er:r re:r le:l el:l al:l ur:r or:r"
)


@dataclass(frozen=True, slots=True)
class Noise:
    """Costs by kind of slip, in hundredths of a nat.

    Attributes
    ----------
    swap, swap_vowels, swap_first : int
        Two neighbours exchanged; both vowels (ie, ei); more at the beginning of a word.
    moved : int
        A letter two places from where it belongs.
    double, single : int
        A letter typed twice that stands once; one typed once that stands twice.
    vowel, vowel_near, alike, key, other : int
        A letter for another one: vowel for vowel, vowels often unstressed (a and e, e and i), one that sounds alike, a
        neighbour on the keyboard, any.
    missed, missed_vowel, missed_beside, missed_silent, missed_last : int
        A letter left out: any, a vowel, a vowel beside another, one that may be silent, e at the end.
    extra, extra_vowel, extra_beside, extra_key, extra_last : int
        A letter too many: any, a vowel, a vowel beside another, the key beside that of a neighbour, e at the end.
    digraph : int
        Two letters for one, or one for two, that sound alike.
    first : int
        Added where the first letter is concerned, which people mostly get right.
    """

    swap: int = 400
    swap_vowels: int = 125
    swap_first: int = 175
    moved: int = 725
    double: int = 275
    single: int = 150
    vowel: int = 575
    vowel_near: int = 450
    alike: int = 500
    key: int = 700
    other: int = 975
    missed: int = 425
    missed_vowel: int = 350
    missed_beside: int = 225
    missed_silent: int = 350
    missed_last: int = 100
    extra: int = 800
    extra_vowel: int = 600
    extra_beside: int = 650
    extra_key: int = 675
    extra_last: int = 375
    digraph: int = 550
    first: int = 175


DEFAULT: Final = Noise()
_SILENT: Final = "hgkwtbpu"
# Places of the costs that depend on neighbouring letters, in the array the kernels get.
(
    SWAP,
    SWAP_VOWELS,
    SWAP_FIRST,
    DOUBLE,
    SINGLE,
    MISSED_BESIDE,
    MISSED_LAST,
    EXTRA_BESIDE,
    EXTRA_KEY,
    EXTRA_LAST,
    FIRST,
    MOVED,
) = range(12)


@dataclass(frozen=True, slots=True)
class Tables:
    """The costs, to be looked up by letter class.

    Attributes
    ----------
    replaced : ndarray of shape (27, 27), int32
        Of typing the first for the second.
    missed, extra : ndarray of shape (27,), int32
    digraphs : ndarray of shape (27, 27, 27), int32
        Of two letters and the one taken for them; 0 where there is no such pair.
    beside : ndarray of shape (27, 27), bool
        Keys that are neighbours.
    rules : ndarray of shape (12,), int32
    """

    replaced: npt.NDArray[np.int32]
    missed: npt.NDArray[np.int32]
    extra: npt.NDArray[np.int32]
    digraphs: npt.NDArray[np.int32]
    beside: npt.NDArray[np.bool_]
    rules: npt.NDArray[np.int32]


def _number(letter: str) -> int:
    return ord(letter) - 96


@cache
def tables(noise: Noise = DEFAULT) -> Tables:
    """The tables of a noise model."""
    beside = np.zeros((LETTERS, LETTERS), np.bool_)
    for row, below in zip(_ROWS, (*_ROWS[1:], ""), strict=True):
        pairs = [*pairwise(row), *zip(row, below, strict=False), *zip(row[1:], below, strict=False)]
        for one, other in pairs:
            beside[_number(one), _number(other)] = beside[_number(other), _number(one)] = True
    replaced = np.full((LETTERS, LETTERS), noise.other, np.int32)
    replaced[beside] = noise.key
    for pair in _ALIKE.split():
        one, other = pair[0], pair[1]
        replaced[_number(one), _number(other)] = replaced[_number(other), _number(one)] = noise.alike
    vowels = [_number(letter) for letter in VOWELS]
    replaced[np.ix_(vowels, vowels)] = noise.vowel
    for pair in _NEAR_VOWELS.split():
        one, other = pair[0], pair[1]
        replaced[_number(one), _number(other)] = replaced[_number(other), _number(one)] = noise.vowel_near
    missed = np.full(LETTERS, noise.missed, np.int32)
    missed[[_number(letter) for letter in _SILENT]] = noise.missed_silent
    missed[vowels] = noise.missed_vowel
    extra = np.full(LETTERS, noise.extra, np.int32)
    extra[vowels] = noise.extra_vowel
    digraphs = np.zeros((LETTERS, LETTERS, LETTERS), np.int32)
    for rule in _DIGRAPHS.split():
        two, _, one = rule.partition(":")
        if len(two) == 2 and len(one) == 1:
            digraphs[_number(two[0]), _number(two[1]), _number(one)] = noise.digraph
    rules = [
        noise.swap,
        noise.swap_vowels,
        noise.swap_first,
        noise.double,
        noise.single,
        noise.missed_beside,
        noise.missed_last,
        noise.extra_beside,
        noise.extra_key,
        noise.extra_last,
        noise.first,
        noise.moved,
    ]
    return Tables(replaced, missed, extra, digraphs, beside, np.array(rules, np.int32))

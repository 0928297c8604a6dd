"""How people mistype: what each slip of a typist or a speller costs, as tables of small integers.

A cost is a hundredth of a natural logarithm: an error of cost 460 is made once in a hundred chances. The model is a
noisy channel (Kernighan, Church and Gale 1990, "A spelling correction program based on a noisy channel model") with edits
of up to two letters for one (after Brill and Moore 2000). What a letter too many or too few costs depends on its
neighbours on both sides. The tables stand in `slips.txt`; `benchmarks/slips.py` fitted them, says on what, and can do so
again. They are of English; letters of other scripts have the usual costs. Cost: two milliseconds to read, once. What this
module does not know: words, and how often they are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

LETTERS: Final = 27
"""Classes of characters: 0 for any but a to z, 1 to 26 for those."""
BORDER: Final = 27
"""The class of what is before the first letter of a word and after its last."""
VOWELS: Final = "aeiouy"
KEYS: Final = (
    "qw qa we wa ws er es ed rt rd rf ty tf tg yu yg yh ui uh uj io ij ik op ok ol pl "
    "as az sd sz sx df dx dc fg fc fv gh gv gb hj hb hn jk jn jm kl km zx xc cv vb bn nm"
)
"""Keys beside each other."""
ALIKE: Final = "ck cs sz kq cq gj fv vw iy dt bp mn uw tc xs xz cx st gc eu"
"""Letters that can stand for one sound, as English spells it."""
NEAR_VOWELS: Final = "ae ei ai ao iy"
"""Vowels that nobody can tell apart where they are not stressed: -ance, -ence, -able, -ible, de-, di-."""
DIGRAPHS: Final = (
    "ph:f ck:k ck:c ch:k ch:c sc:s sc:c qu:k qu:q qu:c gh:g gh:f wh:w rh:r kn:n gn:n wr:r ps:s mb:m mn:m th:t th:d "
    "ss:c dg:g dj:j ge:j ks:x cs:x cc:x xc:x cc:k sh:s sh:c ng:n gg:j pt:t st:s lk:k lm:m ld:d ts:s tz:z "
    "ea:e ea:i ei:e ei:i ie:i ie:e ou:u ou:o au:o ai:a ai:e ay:a ee:i ee:e oo:u oo:o ey:y ie:y eu:u ue:u ae:e oe:e "
    "ia:a io:o oa:o ui:u ew:u aw:o ow:o eo:e ey:e uo:o iu:u ua:a er:r re:r le:l el:l al:l ur:r or:r"
)
"""Two letters that are heard as one, or as another one."""
SINGLE, DOUBLE, SWAP_FIRST, MOVED, SWAP = range(5)
"""Places of the costs that stand alone, in `Tables.rules`."""
BAND: Final = 3
"""Letters too many or too few, in sum, that an alignment may have at any place; of words found, none has more."""
LEAST: Final = 20
"""Least cost of a letter too many, too few or replaced."""
_PATH: Final = Path(__file__).with_name("slips.txt")


@dataclass(frozen=True, slots=True)
class Tables:
    """The costs, to be looked up by letter class.

    Attributes
    ----------
    replaced : ndarray of shape (27, 27), int32
        Of typing the first for the second.
    weak : ndarray of shape (28, 27), int32
        What is added to that for the second if it stands after the first: how easily that place is got wrong.
    weak_before : ndarray of shape (27, 28), int32
        The same for the first if it stands before the second.
    missed, extra : ndarray of shape (28, 27), int32
        Of leaving out, or typing without need, the second after the first.
    missed_before, extra_before : ndarray of shape (27, 28), int32
        What is added to that for the first if it stands before the second.
    swapped : ndarray of shape (27, 27), int32
        Of typing the first before the second where they belong the other way round.
    merged, parted : ndarray of shape (27, 27, 27), int32
        Of typing the third for the first two, and the first two for the third; 0 where they are not alike.
    rules : ndarray of shape (5,), int32
        By place: a character of no class left out that stands twice, or typed twice that stands once; what is added where
        the first letter is exchanged with the second; a letter two places from where it belongs; two characters of which
        one has no class exchanged.
    """

    replaced: npt.NDArray[np.int32]
    weak: npt.NDArray[np.int32]
    weak_before: npt.NDArray[np.int32]
    missed: npt.NDArray[np.int32]
    missed_before: npt.NDArray[np.int32]
    extra: npt.NDArray[np.int32]
    extra_before: npt.NDArray[np.int32]
    swapped: npt.NDArray[np.int32]
    merged: npt.NDArray[np.int32]
    parted: npt.NDArray[np.int32]
    rules: npt.NDArray[np.int32]


_SHAPES: Final = {
    "replaced": (LETTERS, LETTERS),
    "weak": (LETTERS + 1, LETTERS),
    "weak_before": (LETTERS, LETTERS + 1),
    "missed": (LETTERS + 1, LETTERS),
    "missed_before": (LETTERS, LETTERS + 1),
    "extra": (LETTERS + 1, LETTERS),
    "extra_before": (LETTERS, LETTERS + 1),
    "swapped": (LETTERS, LETTERS),
    "rules": (1, 5),
}


def to_text(tables: Tables) -> str:
    """Tables as `slips.txt` holds them: a line ``# name``, then its rows; of digraphs ``two one merged parted``."""
    lines = []
    for name in _SHAPES:
        lines.append(f"# {name}")
        lines += [" ".join(map(str, row)) for row in np.atleast_2d(getattr(tables, name)).tolist()]
    lines.append("# digraphs")
    for one, two, for_one in np.argwhere(tables.merged).tolist():
        costs = int(tables.merged[one, two, for_one]), int(tables.parted[one, two, for_one])
        lines.append(f"{one} {two} {for_one} {costs[0]} {costs[1]}")
    return "\n".join(lines) + "\n"


def from_text(text: str) -> Tables:
    """The tables that `to_text` wrote."""
    sections = {}
    for section in text.split("# ")[1:]:
        name, _, rows = section.partition("\n")
        sections[name.strip()] = np.array([line.split() for line in rows.splitlines()], np.int32)
    plain = {name: sections[name].reshape(shape) for name, shape in _SHAPES.items()}
    merged, parted = np.zeros((2, LETTERS, LETTERS, LETTERS), np.int32)
    one, two, for_one, costs, parted_costs = sections["digraphs"].T
    merged[one, two, for_one], parted[one, two, for_one] = costs, parted_costs
    return Tables(**{**plain, "rules": plain["rules"][0]}, merged=merged, parted=parted)


@cache
def tables() -> Tables:
    """The tables that were fitted."""
    return from_text(_PATH.read_text(encoding="ascii"))

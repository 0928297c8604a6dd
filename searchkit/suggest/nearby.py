"""Which words could have been meant by a typed one, best first: candidates by spelling and by sound, then by cost.

The candidates are defined, not found by chance, so that the two ways to find them agree:

- words at most `edits_allowed` edits away: one, for a rare word or a typed one of up to three letters, else two; three for
  eight letters or more, of which two may concern the first `PREFIX` letters; and
- for six letters or more, words not rare that sound at most one edit away and whose length differs by up to three.

Of them those are best whose `PRIOR` times the logarithm of their count, less the cost of the slip, is highest. The
plain way scans the vocabulary, with the distances of rapidfuzz: 20 milliseconds for 400,000 words. The compiled one looks
into an index of deletions, made at first use in a second and 400 bytes a word: 30 microseconds. What this module does not
know: other words.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from searchkit.locks import Lock
from searchkit.suggest import channel
from searchkit.suggest.lexicon import RARE, Lexicon
from searchkit.suggest.noise import tables
from searchkit.suggest.sounds import sounds

WORD_MAX: Final = 40
"""Letters of a word that is corrected or proposed; longer ones are no words."""
PRIOR: Final = 60
"""Cost that a word's being e times as frequent outweighs."""
COST_MAX: Final = 3_400
"""Cost beyond which nobody would see the likeness."""
SHORT: Final = 3
"""Letters of a typed word up to which one edit is enough."""
SOUNDING: Final = 6
"""Letters from which on words are also found by their sound."""
LONG: Final = 7
"""Letters from which on one edit more is allowed."""
PREFIX: Final = 7
"""Letters at the beginning of a long word of which only two may be concerned."""
LENGTH_APART_MAX: Final = 3
KEEP_MAX: Final = 64
"""Words that can be asked for at once."""


class Near(NamedTuple):
    """A word that could have been meant: its place in the lexicon, the cost of the slip, and its score."""

    number: int
    cost: int
    score: int


class Nearby:
    """The words of a lexicon that can be proposed: without digits, and of up to `WORD_MAX` letters."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.tables = tables()
        lengths = np.fromiter(map(len, lexicon.words), np.int64, len(lexicon.words))
        codes = np.frombuffer("".join(lexicon.words).encode("utf-32-le", "surrogatepass"), np.uint32)
        digits = np.zeros(len(codes) + 1, np.int64)
        np.cumsum((codes >= ord("0")) & (codes <= ord("9")), out=digits[1:])
        ends = np.cumsum(lengths)
        kept = (digits[ends] == digits[ends - lengths]) & (lengths <= WORD_MAX)
        self.numbers = np.flatnonzero(kept)
        self.codes = codes[np.repeat(kept, lengths)]
        self.lengths = lengths[kept]
        self.starts = np.cumsum(self.lengths) - self.lengths
        counts = lexicon.counts[kept]
        self.priors = np.round(PRIOR * np.log(np.maximum(counts, 1))).astype(np.int32)
        self.most = np.where(counts > RARE, 3, 1).astype(np.int8)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.numbers)

    # --- the plain way --------------------------------------------------------------------------------

    @cached_property
    def signatures(self) -> npt.NDArray[np.uint32]:
        """Which letters a word holds, as bits; an edit changes at most two of them."""
        return _signatures_of(self.codes, self.starts, self.lengths)

    @cached_property
    def heard(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[Any]]:
        """How words sound: codes, sizes, starts, signatures."""
        codes, sizes = sounds(self.codes, self.lengths)
        starts = np.cumsum(sizes) - sizes
        return codes, sizes, starts, _signatures_of(codes, starts, sizes)

    def plain(self, typed: str, keep: int) -> list[Near]:
        """The best words for a typed one, by scanning all."""
        codes = _codes_of(typed)
        size = len(codes)
        if not 0 < size <= WORD_MAX or not len(self):
            return []
        found = self._edited(codes, np.minimum(self.most, edits_allowed(size)))
        if size >= SOUNDING:
            some = np.zeros(len(self), np.bool_)
            some[found] = some[self._sounding(codes)] = True
            found = np.flatnonzero(some)
        matrix = _padded(self.codes, self.starts[found], self.lengths[found])
        prices = channel.costs(codes, matrix, self.lengths[found], self.tables)
        scores = self.priors[found] - prices
        order = np.lexsort((found, -scores))
        order = order[prices[order] <= COST_MAX][:keep]
        return [
            Near(int(self.numbers[found[place]]), int(prices[place]), int(scores[place])) for place in order.tolist()
        ]

    def _edited(self, codes: npt.NDArray[np.uint32], most: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        size, own = len(codes), _signature_of(codes)
        # So many letters fewer are so many edits that bring no letter of their own, and so many more take none away.
        longer = self.lengths - size
        maybe = np.flatnonzero(
            (np.bitwise_count(self.signatures & ~own) <= most + np.minimum(longer, 0))
            & (np.bitwise_count(own & ~self.signatures) <= most - np.maximum(longer, 0))
        )
        matrix = _padded(self.codes, self.starts[maybe], self.lengths[maybe])
        near = _near(codes, matrix, self.lengths[maybe], most[maybe])
        return maybe[near]

    def _sounding(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        heard, sizes, starts, signatures = self.heard
        own, own_size = sounds(codes, np.array([len(codes)]))
        maybe = np.flatnonzero(
            (self.most > 1)
            & (np.abs(self.lengths - len(codes)) <= LENGTH_APART_MAX)
            & (np.abs(sizes - own_size[0]) <= 1)
            & (np.bitwise_count(signatures ^ _signature_of(own)) <= 2)
        )
        matrix = _padded(heard, starts[maybe], sizes[maybe])
        return maybe[_near(own, matrix, sizes[maybe], np.ones(len(maybe), np.int64))]

    # --- the compiled way -----------------------------------------------------------------------------

    @cached_property
    def _index(self) -> Any:
        from searchkit.suggest.kernels.index import NearbyIndex

        made = NearbyIndex(self)
        self.__dict__.pop("heard", None)  # It holds all of it that is looked at.
        return made

    def compiled(self, typed: str, keep: int) -> list[Near]:
        """The same as `plain`, through the index of deletions. The first call makes it."""
        scores, numbers, prices, _ = self.look_up(typed, keep)
        return list(map(Near, numbers, prices, scores))

    def look_up(self, typed: str, keep: int) -> tuple[list[int], list[int], list[int], int]:
        """What `compiled` gives, as scores, numbers and costs; and places where it may be two words, see `NearbyIndex`."""
        codes = _codes_of(typed)
        size = len(codes)
        if not 0 < size <= WORD_MAX or not len(self.numbers):
            return [], [], [], 0
        with self._lock:
            return self._index.look_up(codes, keep, edits_allowed(size), size >= SOUNDING)  # type: ignore[no-any-return]


def edits_allowed(size: int) -> int:
    """Edits a word that is not rare may be away from a typed one of so many letters."""
    return 1 if size <= SHORT else 2 if size < LONG else 3


def _codes_of(word: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(word.encode("utf-32-le", "surrogatepass"), np.uint32)


def _signatures_of(
    codes: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    found = np.zeros(len(lengths), np.uint32)
    some = lengths > 0
    if some.any():
        found[some] = np.bitwise_or.reduceat(np.uint32(1) << (codes & np.uint32(31)), starts[some])
    return found


def _padded(
    codes: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """Words as rows of a matrix, filled up with zeros; at least one column."""
    columns = np.arange(max(int(lengths.max(initial=1)), 1))
    inside = columns < lengths[:, None]
    if not len(codes):
        return np.zeros(inside.shape, np.uint32)
    places = np.minimum(starts[:, None] + columns, len(codes) - 1)
    padded: npt.NDArray[np.uint32] = np.where(inside, codes[places], 0).astype(np.uint32)
    return padded


def _signature_of(codes: npt.NDArray[np.uint32]) -> np.uint32:
    found: np.uint32 = np.bitwise_or.reduce(np.uint32(1) << (codes & np.uint32(31)))
    return found


def _near(
    typed: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint32],
    lengths: npt.NDArray[np.int64],
    most: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Which words are at most so many edits away, of which two may concern the first `PREFIX` letters.

    Edits are those of optimal string alignment. Where they are only matters if there are three: then the two beginnings
    must have all letters but two in common, in order.
    """
    from rapidfuzz.distance import OSA, LCSseq
    from rapidfuzz.process import cdist

    if not len(words):
        return np.zeros(0, np.bool_)
    one, rows, width = _text_of(typed), _text_of(words.ravel()), words.shape[1]
    others = [rows[width * row : width * row + size] for row, size in enumerate(lengths.tolist())]
    edits = cdist([one], others, scorer=OSA.distance)[0].astype(np.int64)
    shared = cdist([one[:PREFIX]], [other[:PREFIX] for other in others], scorer=LCSseq.similarity)[0].astype(np.int64)
    longer = np.minimum(np.maximum(lengths, len(typed)), PREFIX)
    found: npt.NDArray[np.bool_] = (edits <= most) & ((edits <= 2) | (longer - shared <= 2))
    return found


def _text_of(codes: npt.NDArray[np.uint32]) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")

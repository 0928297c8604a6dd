"""Which words could have been meant by a typed one, best first: candidates by spelling and by sound, then by cost.

The candidates are defined, not found by chance, so that the two ways to find them agree:

- words at most two edits away (one, for a rare word or a typed one of up to three letters), and
- for six letters or more, words not rare that sound at most one edit away and whose length differs by up to three.

Of them those are best whose `PRIOR` times the logarithm of their count, less the cost of the slip, is highest. The
plain way scans the vocabulary, with the distances of rapidfuzz: 20 milliseconds for 400,000 words. The compiled one looks into an index of deletions,
made at first use in a second and 250 bytes a word: 50 microseconds. What this module does not know: other words.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from searchkit.locks import Lock
from searchkit.suggest import channel
from searchkit.suggest.lexicon import Lexicon
from searchkit.suggest.noise import DEFAULT, Noise, tables
from searchkit.suggest.sounds import sounds

WORD_MAX: Final = 40
"""Letters of a word that is corrected or proposed; longer ones are no words."""
PRIOR: Final = 60
"""Cost that a word's being e times as frequent outweighs."""
COST_MAX: Final = 2_600
"""Cost beyond which nobody would see the likeness."""
SHORT: Final = 3
"""Letters of a typed word up to which one edit is enough."""
SOUNDING: Final = 6
"""Letters from which on words are also found by their sound."""
RARE: Final = 1
"""Count up to which a word is rare: mostly names, numbers of models and slips of other people."""
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

    def __init__(self, lexicon: Lexicon, noise: Noise = DEFAULT) -> None:
        self.tables = tables(noise)
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
        self.priors = np.round(PRIOR * np.log(np.maximum(counts, 1))).astype(np.int64)
        self.most = np.where(counts > RARE, 2, 1).astype(np.int64)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self.numbers)

    # --- the plain way --------------------------------------------------------------------------------

    @cached_property
    def _signatures(self) -> npt.NDArray[np.uint32]:
        """Which letters a word holds, as bits; an edit changes at most two of them."""
        return _signatures_of(self.codes, self.starts, self.lengths)

    @cached_property
    def _heard(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[Any]]:
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
        farthest = 1 if size <= SHORT else 2
        found = self._edited(codes, np.minimum(self.most, farthest))
        if size >= SOUNDING:
            found = np.union1d(found, self._sounding(codes))
        matrix = _padded(self.codes, self.starts[found], self.lengths[found])
        prices = channel.costs(codes, matrix, self.lengths[found], self.tables)
        scores = self.priors[found] - prices
        order = np.lexsort((found, -scores))
        order = order[prices[order] <= COST_MAX][:keep]
        return [
            Near(int(self.numbers[found[place]]), int(prices[place]), int(scores[place])) for place in order.tolist()
        ]

    def _edited(self, codes: npt.NDArray[np.uint32], most: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        size = len(codes)
        own = _signatures_of(codes, np.zeros(1, np.int64), np.array([size]))[0]
        maybe = np.flatnonzero(
            (np.abs(self.lengths - size) <= most) & (np.bitwise_count(self._signatures ^ own) <= 2 * most)
        )
        matrix = _padded(self.codes, self.starts[maybe], self.lengths[maybe])
        return maybe[_edits(codes, matrix, self.lengths[maybe]) <= most[maybe]]

    def _sounding(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        heard, sizes, starts, signatures = self._heard
        own, own_size = sounds(codes, np.array([len(codes)]))
        signature = _signatures_of(own, np.zeros(1, np.int64), own_size)[0]
        maybe = np.flatnonzero(
            (self.most > 1)
            & (np.abs(self.lengths - len(codes)) <= LENGTH_APART_MAX)
            & (np.abs(sizes - own_size[0]) <= 1)
            & (np.bitwise_count(signatures ^ signature) <= 2)
        )
        matrix = _padded(heard, starts[maybe], sizes[maybe])
        return maybe[_edits(own, matrix, sizes[maybe]) <= 1]

    # --- the compiled way -----------------------------------------------------------------------------

    @cached_property
    def _index(self) -> Any:
        from searchkit.suggest.kernels.index import NearbyIndex

        return NearbyIndex(self)

    def compiled(self, typed: str, keep: int) -> list[Near]:
        """The same as `plain`, through the index of deletions. The first call makes it."""
        codes = _codes_of(typed)
        if not 0 < len(codes) <= WORD_MAX or not len(self):
            return []
        with self._lock:
            places, prices, scores = self._index.look_up(codes, keep)
        return list(map(Near, self.numbers[places].tolist(), prices, scores))


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


def _edits(
    typed: npt.NDArray[np.uint32], words: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Optimal string alignment distance of one word to many."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    if not len(words):
        return np.zeros(0, np.int64)
    others = [_text_of(row[:length]) for row, length in zip(words, lengths.tolist(), strict=True)]
    found: npt.NDArray[np.int64] = cdist([_text_of(typed)], others, scorer=OSA.distance)[0].astype(np.int64)
    return found


def _text_of(codes: npt.NDArray[np.uint32]) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")

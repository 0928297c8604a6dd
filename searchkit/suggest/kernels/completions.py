"""The words and titles of one completer, as the kernels of `openings` read them, and the memory these work in.

One look-up at a time: there is one room. What this module does not know: what is done with what was found.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from searchkit.suggest.beginnings import Beginnings
from searchkit.suggest.kernels import openings
from searchkit.suggest.kernels.openings import KNOWN, Openings
from searchkit.suggest.lexicon import Lexicon, Ranked
from searchkit.suggest.pairs import first_part

ASKED_MAX: Final = 256
"""Words or titles that can be asked for, or about, at once."""
_OPENINGS_MAX: Final = 4_096
"""Beginnings whose most frequent words are remembered; a kilobyte each."""
_NO_LETTERS: Final = np.zeros(0, np.uint32), np.zeros(1, np.int64)
_NONE: Final = np.zeros(0, np.uint32)


def codes_of(text: str) -> npt.NDArray[np.uint32]:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


class CompiledTitles:
    """Titles by their beginnings."""

    def __init__(self, ranked: Ranked) -> None:
        self._read = *Openings(ranked.keys).read, ranked.ranks, ranked.best_of_blocks, np.zeros(ASKED_MAX, np.uint64)
        self._top = np.zeros((1, ASKED_MAX), np.int64)
        self._ranked = ranked

    def best(self, key: str, limit: int) -> list[int]:
        """Numbers of the best titles with a beginning."""
        held = openings.best_titles(codes_of(key), limit, *self._read, self._top)
        if held < 0:
            low, high = self._ranked.range_of(key, *self._top[0, :2].tolist())
            numbers: list[int] = self._ranked.best(low, high, limit).tolist()
            return numbers
        found: list[int] = self._top[0, :held].tolist() if held else []
        return found


class CompiledWords:
    """Words by their beginnings, and by the words before them.

    Parameters
    ----------
    lexicon : Lexicon
    pairs : tuple of ndarray
        See `Pairs.read`.
    asked : int
        Words with a beginning, most frequent first, that the word before is asked about.
    """

    def __init__(self, lexicon: Lexicon, pairs: tuple[Any, ...] | None, asked: int) -> None:
        ranked = lexicon.ranked
        self.openings = Openings(lexicon.words)
        self._ranked = ranked.ranks, ranked.best_of_blocks, lexicon.counts
        self._pairs, self._asked = pairs, asked
        self._letters: tuple[Any, ...] | None = None
        self._cells, self._room = np.zeros(ASKED_MAX, np.int64), np.zeros(ASKED_MAX, np.uint64)
        self._top = np.zeros((3, ASKED_MAX), np.int64)
        self._chosen, self._hashes = np.zeros((2, ASKED_MAX), np.uint32)
        self._known: dict[str, tuple[Any, Any]] = {}

    def take_letters(self, beginnings: Beginnings) -> None:
        """Read the letters of words there, which must be done before long beginnings are asked for."""
        self._letters = beginnings.codes, beginnings.starts

    def knows(self, beginning: str) -> bool:
        """Whether that is so, or need not be."""
        return len(beginning) <= KNOWN or self._letters is not None

    def best(self, beginning: str, limit: int) -> tuple[list[int], list[int]]:
        """Numbers and counts of the best words with a beginning."""
        letters = self._letters or _NO_LETTERS
        held = openings.best_words(
            codes_of(beginning), limit, *self.openings.read, *letters, *self._ranked, self._room, self._top
        )
        numbers, weights = self._top[:2, :held].tolist()
        return numbers, weights

    def after(
        self, before: int, beginning: str, limit: int, all_hashes: Any, *, known_only: bool
    ) -> tuple[list[int], list[int], list[int]]:
        """Numbers, counts, and how often they stand after a word, of the best words with a beginning.

        Parameters
        ----------
        before : int
            The hash of the word before.
        all_hashes : ndarray of shape (words,), uint32
        """
        known = self._known.get(beginning)
        if known is not None:
            return self.after_of(before, *known, limit, known_only=known_only)
        found = self._call(
            codes_of(beginning), -self._asked, self._chosen, self._hashes, before, limit, known_only, all_hashes
        )
        if found >> openings.MANY_BIT:
            count = found >> openings.OPEN_BITS & (1 << openings.OPEN_BITS) - 1
            if len(self._known) >= _OPENINGS_MAX:
                self._known = {}
            self._known[beginning] = self._chosen[:count].copy(), self._hashes[:count].copy()
        return self._found(found)

    def after_of(
        self, before: int, chosen: Any, hashes: Any, limit: int, *, known_only: bool = False
    ) -> tuple[list[int], list[int], list[int]]:
        """The same of some words, given by number and hash, best first."""
        return self._found(self._call(_NONE, len(chosen), chosen, hashes, before, limit, known_only, _NONE))

    def _call(
        self,
        typed: Any,
        count: int,
        chosen: Any,
        hashes: Any,
        before: int,
        limit: int,
        known_only: bool,
        all_hashes: Any,
    ) -> int:
        found: int = openings.in_context(
            typed, count, chosen, hashes, first_part(before), limit, known_only, *self.openings.read,
            *(self._letters or _NO_LETTERS), *self._ranked, all_hashes, *(self._pairs or ()), self._cells, self._room,
            self._top,
        )  # fmt: skip
        return found

    def _found(self, found: int) -> tuple[list[int], list[int], list[int]]:
        numbers, weights, together = self._top[:, : found & (1 << openings.OPEN_BITS) - 1].tolist()
        return numbers, weights, together

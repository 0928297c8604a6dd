"""The words and titles of one completer, as the kernels of `openings` read them, and the memory these work in.

One look-up at a time: there is one room. What this module does not know: what is done with what was found.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from searchkit.suggest.beginnings import Beginnings
from searchkit.suggest.kernels import openings
from searchkit.suggest.kernels.memory import Arrays
from searchkit.suggest.kernels.openings import ASKED_MAX, KNOWN, Openings
from searchkit.suggest.lexicon import Lexicon, Ranked
from searchkit.suggest.pairs import first_part

_OPENINGS: Final = np.int64, np.uint32, np.int64
"""Kinds of the arrays that `openings.opening` reads."""
_OPENINGS_MAX: Final = 4_096
"""Beginnings whose most frequent words are remembered; a kilobyte each."""
_NO_LETTERS: Final = np.zeros(0, np.uint32), np.zeros(1, np.int64)
_NONE: Final = np.zeros(0, np.uint32)


def codes_of(text: str) -> npt.NDArray[np.uint32]:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


_NOTHING_TYPED: Final = codes_of("")
"""Which cannot be written to, as nothing can that was typed: a kernel is compiled anew for what can be."""


class Compiled:
    """Words by their beginnings and by the words before them, and titles by their beginnings.

    Parameters
    ----------
    lexicon : Lexicon
    pairs : tuple of ndarray
        See `Pairs.read`.
    titles : Ranked
    asked : int
        Words with a beginning, most frequent first, that the word before is asked about.
    """

    def __init__(self, lexicon: Lexicon, pairs: tuple[Any, ...] | None, titles: Ranked, asked: int) -> None:
        words = lexicon.ranked
        self.openings = Openings(lexicon.words)
        self._asked, self._titles = asked, titles
        self._known: dict[str, tuple[Any, Any]] = {}
        self._chosen, self._hashes = np.zeros((2, ASKED_MAX), np.uint32)
        self._top = np.zeros((openings.TITLES + 1, ASKED_MAX), np.int64)
        of_titles = zip(Openings(titles.keys).read, _OPENINGS, strict=True)
        counts = np.ascontiguousarray(lexicon.counts, np.int64)
        self._before: list[Any] = [*zip(self.openings.read, _OPENINGS, strict=True)]
        self._after: list[Any] = [
            (words.ranks, np.uint32), (words.best_of_blocks, np.uint32), (counts, np.int64), *of_titles,
            (titles.ranks, np.uint32), (titles.best_of_blocks, np.uint32), (np.zeros(ASKED_MAX, np.uint64), np.uint64),
            (self._top, np.int64), *zip(pairs or (), (np.uint64, np.uint32, np.uint16), strict=False),
            *([(np.zeros(ASKED_MAX, np.int64), np.int64)] if pairs else []),
        ]  # fmt: skip
        self._set(*_NO_LETTERS)
        self._has_letters = False

    def _set(self, codes: Any, starts: Any) -> None:
        """Write down what kernels read."""
        self._arrays = Arrays([*self._before, (codes, np.uint32), (starts, np.int64), *self._after])
        self._context = self._arrays.context

    def take_letters(self, beginnings: Beginnings) -> None:
        """Read the letters of words there, which must be done before long beginnings are asked for."""
        self._set(beginnings.codes, beginnings.starts)
        self._has_letters = True

    def knows(self, beginning: str) -> bool:
        """Whether that is so, or need not be."""
        return self._has_letters or len(beginning) <= KNOWN

    def both(self, beginning: str, limit: int) -> tuple[list[int], list[int], list[int]]:
        """Numbers and counts of the best words with a beginning, and numbers of the best titles."""
        found = openings.of_both(codes_of(beginning), limit, self._context)
        held, titles = found & 0xFFFF, found >> openings.OPEN_BITS
        if titles < 0:
            titles = self._titles_between(beginning, limit)
        if not titles:
            numbers, weights = self._top[:2, :held].tolist()
            return numbers, weights, []
        numbers, weights, _, others = self._top[:, : max(held, titles)].tolist()
        return numbers[:held], weights[:held], others[:titles]

    def titles(self, key: str, limit: int) -> list[int]:
        """Numbers of the best titles with a beginning."""
        held = openings.of_titles(codes_of(key), limit, self._context)
        if held < 0:
            held = self._titles_between(key, limit)
        found: list[int] = self._top[openings.TITLES, :held].tolist() if held else []
        return found

    def _titles_between(self, key: str, limit: int) -> int:
        """The best titles with a beginning, among those that begin with as much of it as the kernel looks at; how many."""
        low, high = self._titles.range_of(key, *self._top[openings.TITLES, :2].tolist())
        if low == high:
            return 0
        held: int = openings.of_titles_between(low, high, limit, self._context)
        return held

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
            count = found >> openings.OPEN_BITS & 0xFFFF
            if len(self._known) >= _OPENINGS_MAX:
                self._known = {}
            self._known[beginning] = self._chosen[:count].copy(), self._hashes[:count].copy()
        return self._found(found)

    def after_of(
        self, before: int, chosen: Any, hashes: Any, limit: int, *, known_only: bool = False
    ) -> tuple[list[int], list[int], list[int]]:
        """The same of some words, given by number and hash, best first."""
        return self._found(self._call(_NOTHING_TYPED, len(chosen), chosen, hashes, before, limit, known_only, _NONE))

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
        found: int = openings.of_context(
            typed, count, chosen, hashes, first_part(before), limit, known_only, all_hashes, self._context
        )
        return found

    def _found(self, found: int) -> tuple[list[int], list[int], list[int]]:
        numbers, weights, together = self._top[:3, : found & 0xFFFF].tolist()
        return numbers, weights, together

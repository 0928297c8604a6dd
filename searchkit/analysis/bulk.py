"""From many texts to the numbers of their terms: what an index is built from.

Little text goes the plain way, through `Analyzer.terms`; once there was enough to be worth loading a compiler, the
kernels take over. Both give the same terms in the same order, and a property test holds them equal.

Cost: 0.3 microseconds a term the plain way, 0.02 to 0.03 the other, after half a second of loading. Memory is that of
`surface_table` and of the vocabulary. What this module does not know: documents, fields and positions.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from searchkit.analysis import addresses
from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.surfaces import surfaces
from searchkit.model.vocabulary import Vocabulary

if TYPE_CHECKING:
    from searchkit.analysis.surface_table import SurfaceTable

GUARD: Final = b"\n" * 32
"""What stands after the last text when kernels read many: they look ahead."""
KERNEL_CHARACTERS_MIN: Final = 2_500_000
"""Characters after which the kernels are loaded: what the plain way does in the time that takes."""


class WordNumbers(Protocol):
    """Numbers the words that surfaces are."""

    @property
    def memory(self) -> int:
        """Bytes it takes, about."""
        ...

    def remembered(self, surfaces: Sequence[str]) -> list[int]:
        """The number of the word of each surface; 0 for one that has none."""
        ...

    def enter(
        self,
        letters: npt.NDArray[np.uint8],
        ends: npt.NDArray[np.int64],
        simple: npt.NDArray[np.bool_],
        span: tuple[int, int],
        words: list[str],
    ) -> npt.NDArray[np.uint32]:
        """The same for surfaces `span[0]` to before `span[1]` of some in UTF-8, with a byte between them.

        Those that are `simple` are words themselves, in lower case; `words` are those of the others.
        """
        ...


class BulkAnalyzer:
    """Analyses much text with one analyzer. Not for several threads at once.

    Parameters
    ----------
    analyzer : Analyzer
    words : callable, optional
        Makes an empty numbering of words: from surfaces to the number of the word of each.

    Attributes
    ----------
    vocabulary : Vocabulary
        The terms that numbers stand for.
    words : WordNumbers or None
        Numbers of words as they are written, for suggestions.
    """

    def __init__(self, analyzer: Analyzer, words: Callable[[], WordNumbers] | None = None) -> None:
        self._analyzer = analyzer
        self._new_words = words
        self.words = words() if words else None
        self._by_kernels = False
        self._odd: list[int] = []  # Texts analysed last that went the plain way among others.
        self.vocabulary = Vocabulary()
        self._seen = 0
        self._table: SurfaceTable | None = None

    @property
    def memory(self) -> int:
        """Bytes that grow with the words met, about: the vocabulary, and the surfaces remembered."""
        words = self.words.memory if self.words is not None else 0
        return self.vocabulary.memory + words + (self._table.memory if self._table is not None else 0)

    def begin(self) -> None:
        """Begin with an empty vocabulary."""
        self.vocabulary = Vocabulary()
        self.words = self._new_words() if self._new_words else None
        if self._table is not None:
            self._table.forget(self.vocabulary, self.words)

    def numbers(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Analyse texts.

        Returns
        -------
        terms : ndarray of shape (tokens,), uint32
            Numbers of the terms of all texts, in order.
        counts : ndarray of shape (texts,), uint32
            How many each text has.
        """
        self._by_kernels = False
        if not texts:
            return np.zeros(0, np.uint32), np.zeros(0, np.uint32)
        if self._table is None:
            self._seen += sum(map(len, texts))
            if self._seen < KERNEL_CHARACTERS_MIN:
                return self._plain(texts)
            module = importlib.import_module("searchkit.analysis.surface_table")
            self._table = module.SurfaceTable(self._analyzer.read_surfaces, self.vocabulary, self.words)
        assert self._table is not None
        self._by_kernels = True
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        data = b"\n".join((*encoded, GUARD))
        self._odd = []
        # Asked of all together first: most batches that have the signs of an address have no such address.
        if b"%" in data and b"://" in data:
            self._odd = [n for n, text in enumerate(texts) if "%" in text and addresses.has_encoded(text)]
        if self._odd:
            return self._mixed(texts, encoded, self._table)
        return self._table.numbers(encoded, data)

    def spoken(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]] | None:
        """Numbers of the words of the texts that `numbers` was asked for last, and how many surfaces each text has.

        None where the kernels did not look at them, or nobody wants words.
        """
        if self.words is None or not self._by_kernels or self._table is None:
            return None
        stream, counts = self._table.spoken()
        odd = self._odd
        if odd:  # These went the plain way.
            found = [self.words.remembered(surfaces(texts[number])) for number in odd]
            sizes = [len(one) for one in found]
            ends = np.cumsum(counts, dtype=np.int64)[odd]
            stream = np.insert(stream, np.repeat(ends, sizes), list(itertools.chain.from_iterable(found)))
            counts[odd] = sizes
        return stream, counts

    def _plain(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """The plain way."""
        found = [self._analyzer.terms(text) if text else [] for text in texts]
        counts = np.fromiter(map(len, found), np.uint32, len(found))
        terms = (term for text_terms in found for term in text_terms)
        return np.fromiter(self.vocabulary.numbers(terms), np.uint32, int(counts.sum())), counts

    def _mixed(
        self, texts: Sequence[str], encoded: list[bytes], table: SurfaceTable
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Texts of which some may only go the plain way: those are put between the others."""
        odd = self._odd
        plain_terms, plain_counts = self._plain([texts[number] for number in odd])
        for number in odd:
            encoded[number] = b""
        terms, counts = table.numbers(encoded, b"\n".join((*encoded, GUARD)))
        ends = np.cumsum(counts, dtype=np.int64)
        counts[odd] = plain_counts
        return np.insert(terms, np.repeat(ends[odd], plain_counts), plain_terms), counts

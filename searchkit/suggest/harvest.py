"""What documents hold for those who type: their words as written, the pairs of them, and their titles.

A `Harvest` gathers while a segment is built; a `Yield` is what became of it, as facts: documents that hold each word,
how often each pair of words stands side by side, and the title of each document. Yields of parts of a collection are
added, and what deleted documents held is taken away, by gathering those alone.

Cost: 0.2 microseconds a token to gather, 4 bytes a token of memory until the segment is written. What this module does
not know: how a word is cut out of what was typed (it is told), and files.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.suggest.pairs import PairCounts, cells_of, word_hash

TITLE_FIELD: Final = "title"
"""The field whose texts are offered as whole titles."""
LEFT_OUT: Final = ("url",)
"""Fields that hold no words anybody would type."""
_SURFACE_BYTES, _WORD_BYTES, _TOKEN_BYTES, _TITLE_BYTES = 100, 330, 12, 120
"""Memory of a surface, a word, a token and a document's title, as measured, while a segment is written."""
_TALLIED_AT_ONCE: Final = 1 << 13
"""Tokens counted at a time the plain way, which takes 50 bytes of each."""
_TALLY_TOKENS_MIN: Final = 2_000_000
"""Tokens from which on the compiled tally is worth being loaded."""


@dataclass(frozen=True, slots=True)
class Vocal:
    """How text becomes words: three functions of an analyzer.

    Attributes
    ----------
    surfaces : callable
        The stretches of a text that may be words.
    word : callable
        The word of a surface as it is shown; empty if it has none.
    key : callable
        A word folded, as it is looked up.
    kept : bool
        Whether words are worth being kept: not where the terms of the index are the words.
    """

    surfaces: Callable[[str], list[str]]
    word: Callable[[str], str]
    key: Callable[[str], str]
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Yield:
    """What some documents hold.

    Attributes
    ----------
    words : dict of str to int
        Words as they are shown, and how many documents hold each.
    pairs : PairCounts
    titles : list of str
        Of each document, in order; empty where there is none.
    """

    words: dict[str, int]
    pairs: PairCounts
    titles: list[str]


class Words(dict[str, int]):
    """The number of the word of a surface, given to it at first sight; 0 if it has none. Words count from 1.

    Parameters
    ----------
    vocal : Vocal
    """

    def __init__(self, vocal: Vocal) -> None:
        super().__init__()
        self.vocal = vocal
        self.words: dict[str, int] = {}
        self.hashes = array("I")

    def __missing__(self, surface: str) -> int:
        number = self[surface] = self._number(surface)
        return number

    def _number(self, surface: str) -> int:
        word = self.vocal.word(surface)
        if not word:
            return 0
        number = self.words.get(word)
        return self._new(surface if word == surface else word) if number is None else number

    def _new(self, word: str) -> int:
        number = self.words[word] = len(self.words) + 1
        self.hashes.append(word_hash(word if word.isascii() and word.isalnum() else self.vocal.key(word)))
        return number

    def remembered(self, surfaces: Sequence[str]) -> list[int]:
        """The number of the word of each surface; worked out once for each surface."""
        return list(map(self.__getitem__, surfaces))

    def numbers(self, surfaces: Sequence[str]) -> list[int]:
        """The number of the word of each surface; for those who remember surfaces themselves."""
        known, found = self.words.get, []
        # No surface has a line feed in it, and what `vocal.word` says of plain ones is known without asking.
        for surface, lowered in zip(surfaces, "\n".join(surfaces).lower().split("\n"), strict=True):
            if surface.isalnum() and surface.isascii() and len(surface) <= limits.TERM_BYTES_MAX:
                number = known(lowered)
                found.append(self._new(lowered) if number is None else number)
            else:
                found.append(self._number(surface))
        return found

    @property
    def memory(self) -> int:
        """Bytes it takes, about."""
        return _SURFACE_BYTES * len(self) + _WORD_BYTES * len(self.words)


class Harvest:
    """Gathers from documents, one after the other.

    Parameters
    ----------
    words : Words
        Numbers words; may be shared with other harvests, one after the other.
    fields : sequence of str
        Names of the text fields, in order.
    """

    def __init__(self, words: Words, fields: Sequence[str]) -> None:
        self._words = words
        self._fields = len(fields)
        self._spoken = np.array([name not in LEFT_OUT for name in fields])
        self._title = list(fields).index(TITLE_FIELD) if TITLE_FIELD in fields else None
        self._streams: list[npt.NDArray[np.uint32]] = []  # Numbers of words; 0 for none.
        self._counts: list[npt.NDArray[np.int64]] = []  # How many each text has.
        self._titles: list[str] = []

    def add_many(
        self, texts: Sequence[str], spoken: tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]] | None = None
    ) -> int:
        """Gather from the text fields of documents, document after document.

        Parameters
        ----------
        texts : sequence of str
        spoken : pair of ndarray of uint32, optional
            Numbers of the words of all texts, and how many each has, where they are known already.

        Returns
        -------
        int
            Bytes that takes, about.
        """
        if not texts:
            return 0
        if spoken is None:
            found = [self._words.remembered(self._words.vocal.surfaces(text)) if text else [] for text in texts]
            counts = np.fromiter(map(len, found), np.int64, len(found))
            numbers = np.fromiter(itertools.chain.from_iterable(found), np.uint32, int(counts.sum()))
        else:
            numbers, counts = spoken[0], spoken[1].astype(np.int64)
        wanted = np.tile(self._spoken, len(texts) // self._fields)
        if not wanted.all():
            numbers = numbers[np.repeat(wanted, counts)]
            counts = counts[wanted]
        self._streams.append(numbers)
        self._counts.append(counts)
        if self._title is not None:
            self._titles += map(title_of, texts[self._title :: self._fields])
        return _TOKEN_BYTES * len(numbers) + _TITLE_BYTES * (len(texts) // self._fields)

    def result(self, alive: npt.NDArray[np.bool_] | None = None) -> Yield:
        """What was gathered, of the documents that are still alive."""
        stream = np.concatenate([np.zeros(0, np.uint32), *self._streams])
        sizes = np.concatenate([np.zeros(0, np.int64), *self._counts])
        titles = self._titles
        fields = int(self._spoken.sum())
        if alive is not None and not alive.all():
            kept = np.repeat(alive, fields)
            stream, sizes = stream[np.repeat(kept, sizes)], sizes[kept]
            titles = [title for title, lives in zip(titles, alive.tolist(), strict=False) if lives]
        words, hashes = list(self._words.words), np.array(self._words.hashes, np.uint32)
        if len(stream) < _TALLY_TOKENS_MIN:
            counts, pairs = tally(stream, np.cumsum(sizes), fields, hashes)
        else:
            from searchkit.suggest.kernels.tally import tally as compiled

            counts, pairs = compiled(stream, np.cumsum(sizes), fields, hashes)
        found = zip(words, counts.tolist(), strict=True)
        return Yield({word: count for word, count in found if count}, pairs, titles)

    def parts(self, alive: npt.NDArray[np.bool_]) -> dict[str, bytes]:
        """The parts of a segment made of what was gathered of documents still alive."""
        from searchkit.suggest.parts import encode

        found = self.result(alive)
        self._streams, self._counts = [], []  # A segment is written once; memory is wanted for its postings next.
        return encode(found, words=self._words.vocal.kept)


def tally(
    stream: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64], fields: int, hashes: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.int64], PairCounts]:
    """Count documents and pairs in a stream of word numbers.

    Parameters
    ----------
    stream : ndarray of shape (tokens,), uint32
        Numbers of words, from 1; 0 for what is none.
    ends : ndarray of shape (documents * fields,), int64
        Where each text ends in it.
    fields : int
        Texts of each document.
    hashes : ndarray of shape (words,), uint32

    Returns
    -------
    counts : ndarray of shape (words,), int64
        Documents that hold each word.
    pairs : PairCounts
    """
    counts = np.zeros(len(hashes), np.int64)
    cells = [np.zeros(0, np.uint32)]
    first = 0
    while first < len(ends):
        start = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, start + _TALLIED_AT_ONCE)))
        last = min(-(-last // fields) * fields, len(ends))
        spoken = stream[start : ends[last - 1]].astype(np.int64)
        docs = np.repeat(np.arange(last - first) // fields, np.diff(ends[first:last], prepend=start))
        beside = (spoken[:-1] > 0) & (spoken[1:] > 0)
        inner = ends[first:last] - start
        beside[inner[(inner > 0) & (inner < len(spoken))] - 1] = False
        both = np.flatnonzero(beside)
        if len(both):
            cells.append(cells_of(hashes[spoken[both] - 1], hashes[spoken[both + 1] - 1]))
        there = spoken > 0
        once = np.sort(spoken[there] << 32 | docs[there])
        if len(once):
            words, times = np.unique(once[np.append(True, once[1:] != once[:-1])] >> 32, return_counts=True)
            counts[words - 1] += times
        first = last
    return counts, PairCounts.of(np.concatenate(cells))


def title_of(text: str) -> str:
    """A title as it is offered: one line, and not a page long; empty if it is longer."""
    title = " ".join(text[: limits.TITLE_CHARACTERS_MAX + 1].split()) if text else ""
    return title if len(text) <= limits.TITLE_CHARACTERS_MAX else ""


def total(yields: Sequence[Yield], less: Sequence[Yield]) -> dict[str, int]:
    """Documents that hold each word in some yields, less those of others, which are in them."""
    if not yields:
        return {}
    counts = dict(yields[0].words)
    for one in yields[1:]:
        for word, count in one.words.items():
            counts[word] = counts.get(word, 0) + count
    for one in less:
        for word, count in one.words.items():
            counts[word] = counts.get(word, 0) - count
    return {word: count for word, count in counts.items() if count > 0} if less else counts

"""What documents hold for those who type: their words as written, the pairs of them, and their titles.

A `Harvest` gathers while a segment is built; a `Yield` is what became of it, as facts: documents that hold each word,
how often each pair of words stands side by side, and the title of each document. Yields of parts of a collection are
added, and what deleted documents held is taken away, by gathering those alone.

Cost: 0.2 microseconds a token to gather, 4 bytes a token of memory until the segment is written. What this module does
not know: how a word is cut out of what was typed (it is told), and files.
"""

from __future__ import annotations

import itertools
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

    def __missing__(self, surface: str) -> int:
        number = self[surface] = self._number(surface)
        return number

    def _number(self, surface: str) -> int:
        word = self.vocal.word(surface)
        if word == surface:
            word = surface  # One string for both.
        return self.words.setdefault(word, len(self.words) + 1) if word else 0

    def remembered(self, surfaces: Sequence[str]) -> list[int]:
        """The number of the word of each surface; worked out once for each surface."""
        return list(map(self.__getitem__, surfaces))

    def numbers(self, surfaces: Sequence[str]) -> list[int]:
        """The number of the word of each surface; for those who remember surfaces themselves."""
        return list(map(self._number, surfaces))

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
        self._streams: list[npt.NDArray[np.uint32]] = []  # Numbers of words; 0 for none, and at the end of each text.
        self._sizes: list[npt.NDArray[np.int64]] = []  # Numbers of each document.
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
        stream = np.zeros(len(numbers) + len(counts), np.uint32)
        stream[np.arange(len(numbers)) + np.repeat(np.arange(len(counts)), counts)] = numbers
        self._streams.append(stream)
        fields = max(int(self._spoken.sum()), 1)
        sizes = (
            (counts + 1).reshape(-1, fields).sum(axis=1)
            if len(counts)
            else np.zeros(len(texts) // self._fields, np.int64)
        )
        self._sizes.append(sizes)
        if self._title is not None:
            self._titles += map(title_of, texts[self._title :: self._fields])
        return _TOKEN_BYTES * len(stream) + _TITLE_BYTES * len(sizes)

    def result(self, alive: npt.NDArray[np.bool_] | None = None) -> Yield:
        """What was gathered, of the documents that are still alive."""
        stream = np.concatenate([np.zeros(0, np.uint32), *self._streams])
        sizes = np.concatenate([np.zeros(0, np.int64), *self._sizes])
        titles = self._titles
        if alive is not None and not alive.all():
            stream, sizes = stream[np.repeat(alive, sizes)], sizes[alive]
            titles = [title for title, lives in zip(titles, alive.tolist(), strict=False) if lives]
        ends = np.cumsum(sizes)
        words, key = list(self._words.words), self._words.vocal.key
        hashes = np.fromiter((word_hash(w if w.isascii() and w.isalnum() else key(w)) for w in words), np.uint32)
        if len(stream) < _TALLY_TOKENS_MIN:
            counts, pairs = tally(stream, ends, hashes)
        else:
            from searchkit.suggest.kernels.tally import tally as compiled

            counts, pairs = compiled(stream, ends, hashes)
        found = zip(words, counts.tolist(), strict=True)
        return Yield({word: count for word, count in found if count}, pairs, titles)

    def parts(self, alive: npt.NDArray[np.bool_]) -> dict[str, bytes]:
        """The parts of a segment made of what was gathered of documents still alive."""
        from searchkit.suggest.parts import encode

        found = self.result(alive)
        self._streams, self._sizes = [], []  # A segment is written once; memory is wanted for its postings next.
        return encode(found, words=self._words.vocal.kept)


def tally(
    stream: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64], hashes: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.int64], PairCounts]:
    """Count documents and pairs in a stream of word numbers.

    Parameters
    ----------
    stream : ndarray of shape (tokens,), uint32
        Numbers of words, from 1; 0 for what is none, and between texts.
    ends : ndarray of shape (documents,), int64
        Where each document ends in it.
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
        spoken = stream[start : ends[last - 1]].astype(np.int64)
        docs = np.repeat(np.arange(last - first), np.diff(ends[first:last], prepend=start))
        both = np.flatnonzero((spoken[:-1] > 0) & (spoken[1:] > 0))
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

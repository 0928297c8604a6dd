"""What documents hold for those who type: their words as written, the pairs of them, and their titles.

A `Harvest` gathers while a segment is built; a `Yield` is what became of it, as facts: documents that hold each word,
how often each pair of words stands side by side, and the title of each document. Yields of parts of a collection are
added, and what deleted documents held is taken away, by gathering those alone.

Cost: 0.2 microseconds a token to gather, 4 bytes a token of memory until the segment is written. What this module does
not know: how a word is cut out of what was typed (it is told), and files.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.suggest.pairs import PairCounts, cells_of, word_hash

if TYPE_CHECKING:
    from searchkit.suggest.kernels.words import WordTable
    from searchkit.suggest.parts import Gathered

TITLE_FIELD: Final = "title"
"""The field whose texts are offered as whole titles."""
LEFT_OUT: Final = ("url",)
"""Fields that hold no words anybody would type."""
_SURFACE_BYTES, _WORD_BYTES, _WRITTEN_BYTES, _TITLE_BYTES = 100, 150, 200, 120
"""Memory of a surface, a word, a word that is written down, and a document's title, as measured."""
_TOKEN_BYTES, _PLAIN_BYTES = 4, 8
"""Memory of a token, and what comes on top if pairs are counted the plain way; what the compiled one takes is given back
before postings take more."""
_LINE_FEED: Final = 10
_TITLES_AT_ONCE, _BETWEEN = 256, "\u00a6"
"""Titles looked at together, and a printable sign between them that hardly any has."""
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
    keys : callable
        Words folded, as they are looked up.
    kept : bool
        Whether words are worth being kept: not where the terms of the index are the words.
    """

    surfaces: Callable[[str], list[str]]
    word: Callable[[str], str]
    keys: Callable[[list[str]], list[str]]
    kept: bool = True


Spoken: TypeAlias = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]
"""Numbers of the words of texts, from 1, 0 for what is none; and how many each text has."""


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


class Holding(Protocol):
    """What some documents hold, perhaps read when it is asked for; a `Yield` is one."""

    @property
    def words(self) -> dict[str, int]:
        """Words as they are shown, and how many documents hold each."""

    @property
    def pairs(self) -> PairCounts:
        """How often words stand side by side."""

    @property
    def titles(self) -> list[str]:
        """Of each document, in order."""


class Words(dict[str, int]):
    """The number of the word of a surface, given to it at first sight; 0 if it has none. Words count from 1.

    It begins as a dictionary of surfaces. When somebody who remembers surfaces himself comes with many of them
    (`enter`), words go to a compiled table, and keep their numbers.

    Parameters
    ----------
    vocal : Vocal
    slots : int, optional
        Slots of that table at first, a power of two.
    """

    def __init__(self, vocal: Vocal, slots: int | None = None) -> None:
        super().__init__()
        self.vocal = vocal
        self._slots = {} if slots is None else {"slots": slots}
        self._words: dict[str, int] = {}
        self._unlike: dict[int, str] = {}  # Words that may not be their own keys, until hashes are asked for,
        self._hashed: dict[int, int] = {}  # and the hashes of those asked for before.
        self._table: WordTable | None = None

    def __missing__(self, surface: str) -> int:
        number = self[surface] = self._number(self.vocal.word(surface))
        return number

    def _number(self, word: str) -> int:
        if not word:
            return 0
        if self._table is not None:
            return int(self._enter_words([word])[0])
        number = self._words.get(word)
        if number is None:
            number = self._words[word] = len(self._words) + 1
            self._note([number], [word])
        return number

    def _note(self, numbers: list[int], words: Iterable[str]) -> None:
        self._unlike.update(
            (number, word)
            for number, word in zip(numbers, words, strict=True)
            if not (word.isascii() and word.isalnum())
        )

    def remembered(self, surfaces: Sequence[str]) -> list[int]:
        """The number of the word of each surface; worked out once for each surface."""
        return list(map(self.__getitem__, surfaces))

    def enter(
        self,
        letters: npt.NDArray[np.uint8],
        ends: npt.NDArray[np.int64],
        simple: npt.NDArray[np.bool_],
        span: tuple[int, int],
        words: list[str],
    ) -> npt.NDArray[np.uint32]:
        """The number of the word of each of some surfaces; for those who remember surfaces themselves.

        Parameters
        ----------
        letters : ndarray of uint8
            Surfaces in UTF-8, with one byte between them.
        ends : ndarray of int64
            Where each ends.
        simple : ndarray of bool
            Which are ASCII letters and digits only, and so words themselves.
        span : tuple of int
            From which surface to before which.
        words : list of str
            The words of the others of these; empty for one that has none.
        """
        if self._table is None:
            self._table = importlib.import_module("searchkit.suggest.kernels.words").WordTable(**self._slots)
            self._enter_words(list(self._words))
            self._words = {}
        assert self._table is not None
        numbers = self._table.enter(letters, ends, simple, *span)
        if words:
            numbers[~simple[span[0] : span[1]]] = self._enter_words(words)
        return numbers

    def _enter_words(self, words: list[str]) -> npt.NDArray[np.uint32]:
        """The number of each of some words that may be empty, out of the table."""
        assert self._table is not None
        before = len(self._table)
        joined = "\n".join([*words, ""]).encode("utf-8")  # No word has a line feed in it.
        letters = np.frombuffer(joined, np.uint8)
        ends = np.flatnonzero(letters == _LINE_FEED)
        chosen = np.fromiter(map(bool, words), np.bool_, len(words))
        numbers: npt.NDArray[np.uint32] = self._table.enter(letters, ends, chosen, 0, len(words))
        fresh = np.flatnonzero(numbers > before)
        self._note(numbers[fresh].tolist(), map(words.__getitem__, fresh.tolist()))
        return numbers

    def names(self) -> list[str]:
        """All words, in order of number."""
        return list(self._words) if self._table is None else self._table.words()

    def letters(self) -> bytes:
        """All words in UTF-8, in order of number, a line feed after each."""
        if self._table is not None:
            return self._table.letters()
        return "".join([f"{word}\n" for word in self._words]).encode("utf-8")

    @property
    def gathered(self) -> Gathered | None:
        """What puts letters in another order of words, where that is compiled."""
        return None if self._table is None else self._table.gathered

    def hashes(self) -> npt.NDArray[np.uint32]:
        """What each word is known by in pairs, in order of number."""
        hashes: npt.NDArray[np.uint32]
        if self._table is None:
            hashes = np.fromiter(map(word_hash, self._words), np.uint32, len(self._words))
        else:
            hashes = self._table.checks()
        if self._unlike:  # Folded together, which is a third of the work.
            keys = self.vocal.keys(list(self._unlike.values()))
            self._hashed.update(zip(self._unlike, map(word_hash, keys), strict=True))
            self._unlike = {}
        numbers = np.fromiter(self._hashed, np.int64, len(self._hashed))
        hashes[numbers - 1] = np.fromiter(self._hashed.values(), np.uint32, len(self._hashed))
        return hashes

    @property
    def memory(self) -> int:
        """Bytes it takes, about, and those that writing the words down will take."""
        held, table = (len(self._words), 0) if self._table is None else (len(self._table), self._table.memory)
        written = _WRITTEN_BYTES * held if self.vocal.kept else 0
        unlike = len(self._unlike) + len(self._hashed)
        return _SURFACE_BYTES * len(self) + _WORD_BYTES * (len(self._words) + unlike) + table + written


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
        self._batches: list[Spoken] = []
        self._tokens = 0
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
        self._batches.append((numbers, counts))
        if self._title is not None:
            titles = texts[self._title :: self._fields]
            for first in range(0, len(titles), _TITLES_AT_ONCE):
                some = titles[first : first + _TITLES_AT_ONCE]
                self._titles += some if _are_titles(some) else map(title_of, some)
        plain = max(0, min(_TALLY_TOKENS_MIN - self._tokens, len(numbers)))
        self._tokens += len(numbers)
        return _TOKEN_BYTES * len(numbers) + _PLAIN_BYTES * plain + _TITLE_BYTES * (len(texts) // self._fields)

    def result(self, alive: npt.NDArray[np.bool_] | None = None) -> Yield:
        """What was gathered, of the documents that are still alive."""
        counts, pairs, titles = self._tallied(alive)
        return Yield(
            {word: n for word, n in zip(self._words.names(), counts.tolist(), strict=True) if n}, pairs, titles
        )

    def _tallied(self, alive: npt.NDArray[np.bool_] | None) -> tuple[npt.NDArray[np.int64], PairCounts, list[str]]:
        batches, titles, fields = self._batches, self._titles, int(self._spoken.sum())
        if alive is not None and not alive.all():
            batches = list(_living(batches, alive, fields))
            titles = [title for title, lives in zip(titles, alive.tolist(), strict=False) if lives]
        if sum(len(stream) for stream, _ in batches) < _TALLY_TOKENS_MIN:
            counts, pairs = tally(batches, fields, self._words.hashes())
        else:
            from searchkit.suggest.kernels.tally import tally as compiled

            counts, pairs = compiled(batches, fields, self._words.hashes())
        return counts, pairs, titles

    def parts(self, alive: npt.NDArray[np.bool_]) -> dict[str, bytes]:
        """The parts of a segment made of what was gathered of documents still alive."""
        from searchkit.suggest.parts import encode

        kept = self._words.vocal.kept
        counts, pairs, titles = self._tallied(alive)
        return encode(pairs, titles, self._words.letters() if kept else None, counts, self._words.gathered)


def _living(batches: Sequence[Spoken], alive: npt.NDArray[np.bool_], fields: int) -> Iterator[Spoken]:
    """The same without the documents that are not alive."""
    first = 0
    for stream, sizes in batches:
        kept = np.repeat(alive[first : first + len(sizes) // fields], fields)
        first += len(sizes) // fields
        yield (stream, sizes) if kept.all() else (stream[np.repeat(kept, sizes)], sizes[kept])


def tally(
    batches: Sequence[Spoken], fields: int, hashes: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.int64], PairCounts]:
    """Count documents and pairs in streams of word numbers.

    Parameters
    ----------
    batches : sequence of Spoken
        Of documents one after the other.
    fields : int
        Texts of each document.
    hashes : ndarray of shape (words,), uint32

    Returns
    -------
    counts : ndarray of shape (words,), int64
        Documents that hold each word.
    pairs : PairCounts
    """
    stream = np.concatenate([np.zeros(0, np.uint32), *(stream for stream, _ in batches)])
    ends = np.cumsum(np.concatenate([np.zeros(0, np.int64), *(sizes for _, sizes in batches)]))
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
    found = np.concatenate(cells)
    del cells, stream
    found.sort()
    return counts, PairCounts.of_sorted(found)


def _are_titles(texts: Sequence[str]) -> bool:
    """Whether texts are titles as they are offered, for certain; asked of all together, as nearly all are."""
    joined = _BETWEEN.join(["", *texts, ""])
    return (
        joined.isprintable()  # So that a plain space is the only white space.
        and "  " not in joined
        and f" {_BETWEEN}" not in joined
        and f"{_BETWEEN} " not in joined
        and max(map(len, texts)) <= limits.TITLE_CHARACTERS_MAX
    )


def title_of(text: str) -> str:
    """A title as it is offered: one line, and not a page long; empty if it is longer."""
    title = " ".join(text[: limits.TITLE_CHARACTERS_MAX + 1].split()) if text else ""
    return title if len(text) <= limits.TITLE_CHARACTERS_MAX else ""


def total(yields: Sequence[Holding], less: Sequence[Holding]) -> dict[str, int]:
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

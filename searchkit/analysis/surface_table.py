"""The surfaces of much text, each with a number, and the terms of each number: what the kernels work on.

A text is encoded as UTF-8, `kernels.scan` numbers its surfaces, the analyzer is asked once for each that was never
seen, and the numbers are turned into those of terms. So the cost of folding and stemming is paid by the word and not by
the occurrence, and an occurrence costs some 20 nanoseconds.

Memory: about 60 bytes a surface known. Beyond `SURFACES_MAX` of them, or `ARENA_BYTES_MAX` of letters, all are forgotten
after the batch at hand, and learnt anew. Importing this loads numba; `bulk` does so when there is enough text.
"""

from __future__ import annotations

import re
import secrets
from array import array as packed
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from searchkit.analysis.kernels import scan as kernels
from searchkit.analysis.surfaces import BOUNDARY, PLAIN_CJK
from searchkit.model.vocabulary import Vocabulary

if TYPE_CHECKING:
    from searchkit.analysis.bulk import WordNumbers

SURFACES_MAX: Final = 1 << 20
"""Surfaces remembered from one batch to the next: four times what 200,000 passages of an encyclopedia hold."""
ARENA_BYTES_MAX: Final = 1 << 25
"""Bytes of surfaces remembered from one batch to the next."""
_SLOTS_AT_FIRST: Final = 1 << 18
_COLLECTED: Final = 256
"""Surfaces looked up together; their keys stay in the nearest cache."""

SurfaceReader = Callable[[list[str], npt.NDArray[np.bool_]], "tuple[list[str | tuple[str, ...]], list[str]]"]
"""From surfaces, and which of them are simple, to the terms of each and the words of the others: `read_surfaces`."""


def _classes() -> npt.NDArray[np.uint8]:
    """Flags and joins of every character up to U+FFFF, read off the patterns of `surfaces`."""
    classes = np.full(1 << 16, kernels.WORD | kernels.FOREIGN, np.uint8)
    everything = "".join(map(chr, range(1 << 16)))
    classes[:128] = kernels.WORD
    for boundary in re.finditer(f"[{BOUNDARY}]+", everything):
        classes[boundary.start() : boundary.end()] = 0
    for plain in re.finditer(f"[{PLAIN_CJK}]+", everything):
        classes[plain.start() : plain.end()] |= kernels.CJK
    joins = {
        ":'\u2018\u2019": kernels.JOINS_WORD,
        ",;": kernels.JOINS_NUMBER,
        '"': kernels.JOINS_FOREIGN,
        "\uff0c\uff0e\uff1a\uff1b": kernels.JOINS_WIDE,
        ".": kernels.DOT,
        "_": kernels.LOW_LINE,
    }
    for chars, join in joins.items():
        for char in chars:
            classes[ord(char)] = join << kernels.JOIN_SHIFT
    for char in "0123456789":
        classes[ord(char)] |= kernels.DIGIT
    for char in "nN":
        classes[ord(char)] |= kernels.LETTER_N
    return classes


class SurfaceTable:
    """Surfaces known, with their terms.

    Parameters
    ----------
    read : callable
        Gives the terms and words of surfaces.
    vocabulary : Vocabulary
        Numbers the terms.
    words : WordNumbers, optional
        Numbers the words.
    slots : int, a power of two
        Slots of the hash table at first; it grows.
    """

    def __init__(
        self,
        read: SurfaceReader,
        vocabulary: Vocabulary,
        words: WordNumbers | None = None,
        slots: int = _SLOTS_AT_FIRST,
    ) -> None:
        self._slots_at_first = slots
        self._read = read
        self._vocabulary = vocabulary
        self._classes = _classes()
        self._odd = np.uint64(secrets.randbits(64) | 1)
        self._state = np.zeros(6, np.int64)
        self._found = np.zeros(0, np.uint32)
        self._firsts, self._spoken = np.zeros(1, np.int64), np.zeros(0, np.uint32)
        self._keys, self._spans = np.zeros((_COLLECTED, 3), np.uint64), np.zeros((_COLLECTED, 2), np.int64)
        self.forget(vocabulary, words)

    def forget(self, vocabulary: Vocabulary, words: WordNumbers | None) -> None:
        """Begin anew, with an empty table and numbers of this vocabulary and of these words."""
        self._vocabulary, self._words = vocabulary, words
        self._slots(self._slots_at_first)
        self._arena = np.zeros(4 * self._slots_at_first, np.uint8)
        self._ends = np.zeros(self._slots_at_first // 2, np.int64)
        self._simple = np.zeros(self._slots_at_first // 2, np.bool_)
        # Side by side, so that both are in one line of the cache.
        self._terms_and_words = np.zeros((self._slots_at_first // 2, 2), np.int32)
        self._several = packed("q", (0, 0))  # At 1: no term at all.
        arrays = self._arrays()
        self._bytes_at_first = sum(array.nbytes for array in arrays)
        self._analysed = 0
        self._state[kernels.HELD] = self._state[kernels.ARENA_USED] = 0

    def _slots(self, slots: int) -> None:
        self._table = np.zeros((slots, 4), np.uint64)
        self._shift = np.uint64(65 - slots.bit_length())

    def __len__(self) -> int:
        """Surfaces known."""
        return int(self._state[kernels.HELD])

    @property
    def memory(self) -> int:
        """Bytes of memory beyond what an empty table takes."""
        taken = sum(array.nbytes for array in self._arrays())
        return taken - self._bytes_at_first + self._several.itemsize * len(self._several)

    def _arrays(self) -> tuple[npt.NDArray[Any], ...]:
        return self._table, self._arena, self._ends, self._simple, self._terms_and_words

    def numbers(self, texts: Sequence[bytes], joined: bytes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Analyse texts.

        Parameters
        ----------
        texts : sequence of bytes
            At least one, in UTF-8 where lone surrogates may be, too; anything but addresses with percent signs, which the
            analyzer reads otherwise.
        joined : bytes
            The same with a line feed after each, and at least 32 of them at the end.

        Returns
        -------
        terms : ndarray of shape (tokens,), uint32
            Numbers of the terms of all texts, in order.
        counts : ndarray of shape (texts,), uint32
            How many each text has.
        """
        if self._too_large():
            self.forget(self._vocabulary, self._words)
        sizes, data = np.fromiter(map(len, texts), np.int64, len(texts)), np.frombuffer(joined, np.uint8)
        ends = np.cumsum(sizes + 1) - 1
        firsts = np.zeros(len(texts) + 1, np.int64)
        if len(self._found) < len(data) // 2 + 1:
            self._found = np.empty(len(data) // 2 + 1, np.uint32)
        state = self._state
        state[[kernels.AT, kernels.TEXT, kernels.FOUND, kernels.RUN_END]] = 0
        with np.errstate(over="ignore"):  # Products of 64 bits wrap around on purpose, also where nothing is compiled.
            while True:
                status = kernels.scan(
                    data, ends, self._classes, self._table, self._shift, self._odd, self._arena, self._ends,
                    self._simple, self._found, firsts, state, self._keys, self._spans,
                )  # fmt: skip
                self._analyse_new()
                if status == kernels.DONE:
                    break
                self._grow(status, len(data))
        return self._terms(firsts)

    def spoken(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Numbers of the words of the texts analysed last, in order, and how many surfaces each text has."""
        return self._spoken, np.diff(self._firsts).astype(np.uint32)

    def _too_large(self) -> bool:
        return len(self) > SURFACES_MAX or int(self._state[kernels.ARENA_USED]) > ARENA_BYTES_MAX

    def _analyse_new(self) -> None:
        """Ask for the terms of surfaces that have none yet."""
        first, held, used = self._analysed, len(self), int(self._state[kernels.ARENA_USED])
        if held == first:
            return
        start = int(self._ends[first - 1]) + 1 if first else 0
        # A line feed is a boundary, so no surface has one.
        new = self._arena[start : used - 1].tobytes().decode("utf-8", "surrogatepass").split("\n")
        terms, words = self._read(new, self._simple[first:held])
        if self._words is not None:
            self._terms_and_words[first:held, 1] = self._words.enter(
                self._arena, self._ends, self._simple, (first, held), words
            )
        odd = [place for place, found in enumerate(terms) if type(found) is not str]
        alone = np.ones(held - first, np.bool_)
        alone[odd] = False
        numbers = np.empty(held - first, np.int32)
        single = (found for found in terms if type(found) is str)
        numbers[alone] = np.fromiter(self._vocabulary.numbers(single), np.int32, held - first - len(odd))
        for place in odd:
            numbers[place] = self._place(terms[place])
        self._terms_and_words[first:held, 0] = numbers
        self._analysed = held

    def _place(self, found: Sequence[str]) -> int:
        """What stands in place of a term for the terms of a surface that has none or several."""
        if not found:
            return -1
        place = len(self._several)
        self._several.append(len(found))
        self._several.extend(self._vocabulary.numbers(found))
        return -place

    def _grow(self, status: int, batch: int) -> None:
        if status == kernels.ARENA_FULL:
            self._arena = np.concatenate([self._arena, np.zeros(max(len(self._arena), batch), np.uint8)])
            return
        old = self._table
        self._slots(2 * len(old))
        kernels.refill(old, self._table, self._shift, self._odd)
        self._ends, self._simple, self._terms_and_words = (
            np.concatenate([known, np.zeros_like(known)]) for known in (self._ends, self._simple, self._terms_and_words)
        )

    def _terms(self, firsts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """The terms of the texts that were scanned last; their words are kept for `spoken`."""
        several = np.frombuffer(self._several, np.int64)
        counts = np.empty(len(firsts) - 1, np.uint32)
        found = int(self._state[kernels.FOUND])
        needed = found + found // 16
        self._firsts, self._spoken = firsts, np.empty(found if self._words is not None else 0, np.uint32)
        while True:
            terms = np.empty(needed, np.uint32)
            needed = kernels.write_terms(
                self._found, firsts, self._terms_and_words, several, terms, counts, self._spoken
            )
            if needed <= len(terms):
                return terms[:needed], counts  # What it is too long is not worth a copy.

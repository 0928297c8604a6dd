"""Words with their weights, in order: here is a beginning, which words complete it best?

The words with a prefix lie side by side. Weights become ranks once, and the best rank of every `BLOCK` neighbours is
kept, so the k best of a range of any size come from the k blocks with the best ranks and the two ends: about 15
microseconds for one word in a thousand as for all of them. Memory: 70 bytes a word. What this module does not know:
where words and weights come from, and what a weight means.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

BLOCK: Final = 32
"""Neighbours of which the best rank is kept: small, so that few are looked at; not too small, as blocks are, too."""
RARE: Final = 1
"""Count up to which a word is rare: mostly names, numbers of models and slips of other people."""
_KNOWN_FROM, _KNOWN_MAX = 192, 8_192
"""Keys in a range whose best are remembered, and how many such ranges are: those of a few letters."""
_NEIGHBOURS: Final = 32
_AFTER_ALL: Final = "\U0010ffff"


def prefix_end(prefix: str) -> str | None:
    """The least string above all that begin with `prefix`; None if there is none above."""
    kept = prefix.rstrip(_AFTER_ALL)
    return kept[:-1] + chr(ord(kept[-1]) + 1) if kept else None


class Ranked:
    """Keys in ascending order, each with a rank; the best of any range of them.

    Parameters
    ----------
    keys : sequence of str
        Ascending; equal ones may stand side by side.
    order : ndarray of shape (keys,), int64
        Numbers of the keys from best to worst.
    """

    def __init__(self, keys: Sequence[str], order: npt.NDArray[np.int64]) -> None:
        self.keys = keys
        self._order = order.astype(np.uint32)
        blocks = -(-len(order) // BLOCK)
        self.ranks = np.full(blocks * BLOCK, len(order), np.uint32)
        self.ranks[order] = np.arange(len(order), dtype=np.uint32)
        self._known: dict[tuple[int, int, int], npt.NDArray[np.uint32]] = {}
        self.best_of_blocks = self.ranks.reshape(blocks, BLOCK).min(axis=1, initial=np.uint32(len(order)))

    def range_of(self, prefix: str, least: int = 0, most: int | None = None) -> tuple[int, int]:
        """Numbers of the keys that begin with `prefix`: the first, and one past the last.

        Who knows where to look, says so: from `least` to before `most`.
        """
        keys = self.keys
        low = bisect_left(keys, prefix, least, most)
        if low == len(keys) or not keys[low].startswith(prefix):
            return low, low
        end = prefix_end(prefix)
        if end is None:
            return low, len(keys)
        near = min(low + _NEIGHBOURS, len(keys))  # Mostly it is a few words further on.
        high = bisect_left(keys, end, low, near)
        return low, high if high < near else bisect_left(keys, end, near)

    def best(self, low: int, high: int, limit: int) -> npt.NDArray[np.uint32]:
        """Numbers of the best `limit` keys from `low` to before `high`, best first."""
        if high - low < _KNOWN_FROM:
            return self._found(low, high, limit)
        known = self._known.get((low, high, limit))
        if known is None:
            known = self._known[low, high, limit] = self._found(low, high, limit)
            if len(self._known) > _KNOWN_MAX:
                self._known = {}
        return known

    def best_of(self, ranges: Sequence[tuple[int, int]], limit: int) -> npt.NDArray[np.uint32]:
        """Numbers of the best `limit` keys of some ranges, which may overlap, best first."""
        found = [np.zeros(0, np.uint32), *(self._among(low, high, limit) for low, high in ranges)]
        ranks = np.concatenate(found)
        ranks.sort()
        fresh = np.ones(len(ranks), np.bool_)
        np.not_equal(ranks[1:], ranks[:-1], out=fresh[1:])
        best: npt.NDArray[np.uint32] = self._order[ranks[fresh][:limit]]
        return best

    def _found(self, low: int, high: int, limit: int) -> npt.NDArray[np.uint32]:
        found: npt.NDArray[np.uint32] = self._order[np.sort(self._among(low, high, limit))[:limit]]
        return found

    def _among(self, low: int, high: int, limit: int) -> npt.NDArray[np.uint32]:
        """Ranks of some keys of a range, the best `limit` among them, in no order."""
        ranks, first, last = self.ranks, -(-low // BLOCK), high // BLOCK
        if last - first <= limit:
            found = ranks[low:high]
        else:
            inside = self.best_of_blocks[first:last]
            chosen = np.argpartition(inside, limit)[:limit] + first
            pieces = ranks.reshape(-1, BLOCK)[chosen].ravel()
            found = np.concatenate((ranks[low : first * BLOCK], pieces, ranks[last * BLOCK : high]))
        if len(found) > 4 * limit:
            found = np.partition(found, limit)[:limit]
        return found


class Lexicon:
    """A vocabulary: words, ascending, with how often each occurs.

    Parameters
    ----------
    words : list of str
        Distinct, ascending by code point, none empty.
    counts : ndarray of shape (words,), int64
        Documents that hold each word, or whatever else says how common it is; at least 1.

    Examples
    --------
    >>> lexicon = Lexicon.of({"road": 7, "roar": 2, "roaring": 5, "red": 9})
    >>> lexicon.complete("roa", 2)
    [('road', 7), ('roaring', 5)]
    """

    def __init__(self, words: list[str], counts: npt.NDArray[np.int64]) -> None:
        self.words = words
        self.counts = counts

    @classmethod
    def of(cls, table: Mapping[str, int]) -> Lexicon:
        """A vocabulary from a plain table of words and counts; words without a count above 0 are left out."""
        words = sorted(word for word, count in table.items() if word and count > 0)
        return cls(words, np.fromiter((table[word] for word in words), np.int64, len(words)))

    def __len__(self) -> int:
        return len(self.words)

    def number(self, word: str) -> int | None:
        """The place of a word, or None."""
        place = bisect_left(self.words, word)
        return place if place < len(self.words) and self.words[place] == word else None

    def count(self, word: str) -> int:
        """How often a word occurs; 0 for one that is not here."""
        place = self.number(word)
        return 0 if place is None else int(self.counts[place])

    @cached_property
    def common(self) -> dict[str, int]:
        """The counts of words that are not rare, to be looked up at once: 100 bytes each."""
        known = np.flatnonzero(self.counts > RARE)
        return {self.words[n]: count for n, count in zip(known.tolist(), self.counts[known].tolist(), strict=True)}

    @cached_property
    def total(self) -> int:
        """The sum of all counts."""
        return int(self.counts.sum())

    @cached_property
    def ranked(self) -> Ranked:
        """The words by count; equal counts in order of the words."""
        return Ranked(self.words, np.argsort(-self.counts, kind="stable"))

    def complete(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """The words that begin with `prefix`, most frequent first, then in their order; and their counts."""
        ranked, words, counts = self.ranked, self.words, self.counts
        return [(words[n], int(counts[n])) for n in ranked.best(*ranked.range_of(prefix), limit).tolist()]

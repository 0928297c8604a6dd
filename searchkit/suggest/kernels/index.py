"""The index of deletions over one vocabulary, and the memory its look-ups work in.

What `kernels/nearby.py` walks through: buckets by spelling and by sound. One look-up at a time: it has one scratch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.suggest.kernels import nearby

if TYPE_CHECKING:
    from searchkit.suggest.nearby import Nearby


class NearbyIndex:
    """Buckets of a vocabulary's words by what is left of them after deletions."""

    def __init__(self, words: Nearby) -> None:
        from searchkit.suggest.nearby import KEEP_MAX

        tables = words.tables
        self._tables = (
            tables.replaced, tables.missed, tables.extra, tables.digraphs, tables.beside, tables.rules,
        )  # fmt: skip
        self._codes = words.codes
        self._starts = words.starts.astype(np.uint32)
        self._lengths = words.lengths.astype(np.uint8)
        self._most = words.most.astype(np.uint8)
        self._priors = words.priors.astype(np.int32)
        self._scratch = np.zeros((2, nearby.SOUND_MAX), np.uint32)
        self._rows = np.zeros((4, nearby.SOUND_MAX), np.int32)
        self._stamps = np.zeros(len(words), np.uint32)
        self._stamp = 0
        self._best = np.zeros((3, KEEP_MAX), np.int64)
        self._spelt = self._buckets(4, False)
        self._heard = self._buckets(1, True)

    def _buckets(self, share: int, by_sound: bool) -> tuple[Any, Any]:
        """Ends of buckets, and the words in them; as many buckets as a `share` of the words makes a power of two."""
        buckets = 1 << max(8, (len(self._lengths) * share).bit_length())
        ends = np.zeros(buckets + 1, np.uint32)
        mask = np.uint64(buckets - 1)
        scratch = self._scratch[0]
        ids = np.zeros(1, np.uint32)
        arrays = (self._codes, self._starts, self._lengths, self._most)
        nearby.fill(*arrays, by_sound, mask, ends, ids, scratch, False)
        ends = np.cumsum(ends, dtype=np.uint32)
        ids = np.zeros(max(1, int(ends[-1])), np.uint32)
        nearby.fill(*arrays, by_sound, mask, ends, ids, scratch, True)
        return ends, ids

    def look_up(self, codes: Any, keep: int) -> tuple[Any, list[int], list[int]]:
        """Places, costs and scores of the best words, best first."""
        from searchkit.suggest.nearby import COST_MAX, SHORT, SOUNDING

        self._stamp += 2
        if self._stamp > 0xFFFFFF00:
            self._stamps[:] = 0
            self._stamp = 2
        scores, places, prices = self._best[:, :keep]
        held = nearby.look_up(
            codes, self._codes, self._starts, self._lengths, self._most, self._priors, self._tables, *self._spelt,
            *self._heard, self._stamps, self._stamp, self._scratch, self._rows, COST_MAX, 1 if len(codes) <= SHORT else 2,
            len(codes) >= SOUNDING, scores, places, prices,
        )  # fmt: skip
        return places[:held].copy(), prices[:held].tolist(), scores[:held].tolist()

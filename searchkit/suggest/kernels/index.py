"""The index of deletions over one vocabulary, and the memory its look-ups work in.

What `kernels/nearby.py` walks through: buckets by spelling and by sound. One look-up at a time: it has one scratch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.suggest.kernels import channel, nearby

if TYPE_CHECKING:
    from searchkit.suggest.nearby import Nearby
    from searchkit.suggest.noise import Tables


class NearbyIndex:
    """Buckets of a vocabulary's words by what is left of them after deletions."""

    def __init__(self, words: Nearby) -> None:
        from searchkit.suggest.nearby import KEEP_MAX

        tables = words.tables
        self._added = tables.extra, tables.extra_before, tables.rules
        self._tables = kernel_tables(tables)
        heard, sizes, heard_starts, _ = words.heard
        self._facts = np.zeros((len(words), 4), np.int32)
        self._facts[:, nearby.START], self._facts[:, nearby.SIZE] = words.starts, words.lengths
        self._facts[:, nearby.PRIOR] = words.priors
        self._words = words.codes, *_buckets(words.codes, words.starts, words.lengths, words.most, 2, by_sound=False)
        starts = heard_starts.astype(np.uint32)
        self._heard = heard, starts, *_buckets(heard, heard_starts, sizes, words.most, 1, by_sound=True)
        self._scratch = np.zeros(nearby.SOUND_MAX, np.uint32)
        self._room = np.zeros((9, channel.ROW), np.int64)
        fullest = max(int(np.diff(part[-2]).max(initial=0)) for part in (self._words, self._heard))
        self._chosen = np.zeros((2, nearby.BUCKETS_MAX), np.int64)
        self._maybe = np.zeros(fullest * nearby.BUCKETS_MAX, np.uint64)
        self._found = np.zeros(len(words), np.uint64)
        self._stamp = 0
        self._top = np.zeros((3, KEEP_MAX), np.int64)

    def look_up(self, codes: Any, keep: int, farthest: int, sounding: bool) -> tuple[list[int], list[int], list[int]]:
        """Scores, places and costs of the best words, best first.

        Parameters
        ----------
        codes : ndarray of shape (size,), uint32
            Characters typed.
        keep : int, 1 to `nearby.KEEP_MAX`
        farthest : int
            Edits a word may be away.
        sounding : bool
            Whether to look for what sounds alike, too.
        """
        from searchkit.suggest.nearby import COST_MAX

        self._stamp += 2
        if self._stamp > 0x7FFFFF00:
            self._facts[:, nearby.STAMP] = 0
            self._stamp = 2
        held = nearby.look_up(
            codes, farthest, sounding, self._facts, self._words, self._heard, self._added, self._tables, self._stamp,
            self._scratch, self._chosen, self._maybe, self._found, self._room, COST_MAX, keep, self._top,
        )  # fmt: skip
        scores, places, prices = self._top[:, :held].tolist()
        return scores, places, prices


def kernel_tables(tables: Tables) -> tuple[Any, ...]:
    """The tables `channel.cost` looks into; which two letters have any that sounds alike is told apart."""
    return (
        tables.replaced, tables.weak, tables.weak_before, tables.missed, tables.missed_before, tables.swapped,
        tables.merged, tables.parted, tables.merged.any(axis=2), tables.rules,
    )  # fmt: skip


def _buckets(codes: Any, starts: Any, lengths: Any, most: Any, share: int, *, by_sound: bool) -> tuple[Any, Any]:
    """Ends of buckets, and the entries in them; as many buckets as a `share` of the words makes a power of two."""
    bits = np.uint64(1) << (codes % np.uint32(nearby.SIGNATURE_BITS)).astype(np.uint64)
    entries_of = np.zeros(len(lengths), np.uint64)
    some = lengths > 0
    if some.any():
        entries_of[some] = np.bitwise_or.reduceat(bits, starts[some]) << np.uint64(nearby.SIGNATURE)
    entries_of |= lengths.astype(np.uint64) << np.uint64(nearby.LENGTH) | np.arange(len(lengths), dtype=np.uint64)
    entries_of |= most.astype(np.uint64) << np.uint64(nearby.RARITY)
    buckets = 1 << max(8, (len(lengths) * share).bit_length())
    ends = np.zeros(buckets + 1, np.uint32)
    entries = np.zeros(1, np.uint64)
    known = codes, starts.astype(np.uint32), entries_of, by_sound, np.uint64(buckets - 1)
    nearby.fill(*known, ends, entries, False)
    ends = np.cumsum(ends, dtype=np.uint32)
    entries = np.zeros(max(1, int(ends[-1])), np.uint64)
    nearby.fill(*known, ends, entries, True)
    return ends, entries

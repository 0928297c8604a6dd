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
        heard, sizes, heard_starts, signatures = words.heard
        self._words = (
            _traits(words.signatures, words.lengths, words.most), words.codes, words.starts.astype(np.uint32),
            *_buckets(words.codes, words.starts, words.lengths, words.most, 4, by_sound=False),
        )  # fmt: skip
        self._heard = (
            _traits(signatures, sizes, words.lengths), heard, heard_starts.astype(np.uint32),
            *_buckets(heard, heard_starts, sizes, words.most, 1, by_sound=True),
        )  # fmt: skip
        self._priors = words.priors.astype(np.int32)
        self._scratch = np.zeros(nearby.SOUND_MAX, np.uint32)
        self._room = np.zeros((9, channel.ROW), np.int64)
        self._found = np.zeros(len(words), np.uint32)
        self._stamps = np.zeros(len(words), np.uint32)
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
        if self._stamp > 0xFFFFFF00:
            self._stamps[:] = 0
            self._stamp = 2
        held = nearby.look_up(
            codes, farthest, sounding, self._words, self._heard, self._priors, self._added, self._tables, self._stamps,
            self._stamp, self._scratch, self._found, self._room, COST_MAX, keep, self._top,
        )  # fmt: skip
        scores, places, prices = self._top[:, :held].tolist()
        return scores, places, prices


def kernel_tables(tables: Tables) -> tuple[Any, ...]:
    """The tables `channel.cost` looks into; which two letters have any that sounds alike is told apart."""
    return (
        tables.replaced, tables.weak, tables.weak_before, tables.missed, tables.missed_before, tables.swapped,
        tables.merged, tables.parted, tables.merged.any(axis=2), tables.rules,
    )  # fmt: skip


def _traits(signatures: Any, lengths: Any, more: Any) -> Any:
    """What is looked at first of each word, in one number: 32 bits of signature, 8 of length, 8 of something more."""
    return (
        signatures.astype(np.uint64)
        | lengths.astype(np.uint64) << np.uint64(32)
        | more.astype(np.uint64) << np.uint64(40)
    )


def _buckets(codes: Any, starts: Any, lengths: Any, most: Any, share: int, *, by_sound: bool) -> tuple[Any, Any]:
    """Ends of buckets, and the words in them; as many buckets as a `share` of the words makes a power of two."""
    buckets = 1 << max(8, (len(lengths) * share).bit_length())
    ends = np.zeros(buckets + 1, np.uint32)
    mask = np.uint64(buckets - 1)
    ids = np.zeros(1, np.uint32)
    arrays = codes, starts.astype(np.uint32), lengths.astype(np.uint8), most.astype(np.uint8)
    nearby.fill(*arrays, by_sound, mask, ends, ids, False)
    ends = np.cumsum(ends, dtype=np.uint32)
    ids = np.zeros(max(1, int(ends[-1])), np.uint32)
    nearby.fill(*arrays, by_sound, mask, ends, ids, True)
    return ends, ids

"""The index of deletions over one vocabulary, and the memory its look-ups work in.

What `kernels/nearby.py` walks through: buckets by spelling and by sound, and records of words. All that a look-up reads of
a word lies side by side, mostly in one line of memory. One look-up at a time: it has one scratch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.suggest.kernels import channel, nearby
from searchkit.suggest.kernels.memory import Arrays

if TYPE_CHECKING:
    from searchkit.suggest.nearby import Nearby


_BITS_A_WORD = 16
"""Bits by which words are known that are not rare."""


class NearbyIndex:
    """Buckets of a vocabulary's words by what is left of them after deletions."""

    def __init__(self, words: Nearby) -> None:
        from searchkit.suggest.nearby import COST_MAX, KEEP_MAX, WORD_MAX

        codes, starts, lengths, most = words.codes, words.starts.astype(np.uint32), words.lengths, words.most
        records, places = _records(codes, starts, lengths, nearby.LETTERS)
        records[places + nearby.NUMBER] = words.numbers
        records[places + nearby.FACTS] = words.priors << 8 | lengths
        ends, entries = _buckets(codes, starts, lengths, most, places, 2, by_sound=False)
        self._records, self._stamps = records, places
        # Words that are rare are not found by how they sound.
        heard, sizes, _, _ = words.heard
        common = np.flatnonzero(most > 1)
        heard, sizes, most = heard[np.repeat(most > 1, sizes)], sizes[common], most[common]
        heard_starts = (np.cumsum(sizes) - sizes).astype(np.uint32)
        sounds, sound_places = _records(heard, heard_starts, sizes, nearby.HEARD_LETTERS)
        sounds[sound_places + nearby.HEARD_WORD] = places[common]
        sounds[sound_places + nearby.HEARD_SIZE] = lengths[common]
        sound_ends, sound_entries = _buckets(heard, heard_starts, sizes, most, sound_places, 1, by_sound=True)
        noted = np.zeros(1 << max(0, (len(common) * _BITS_A_WORD // 64).bit_length()), np.uint64)
        nearby.note_words(codes, starts[common], lengths[common], noted)
        costs = channel.kernel_costs(words.tables)
        fullest = max(int(np.diff(part).max(initial=0)) for part in (ends, sound_ends))
        buckets = nearby.BUCKETS_MAX + nearby.SOUND_BUCKETS_MAX
        self._top = np.zeros((3, KEEP_MAX), np.int64)
        read = (
            (records, np.uint32), (ends, np.uint32), (entries, np.uint64), (sounds, np.uint32),
            (sound_ends, np.uint32), (sound_entries, np.uint64), (noted, np.uint64), (costs, np.int16),
        )  # fmt: skip
        room = (
            (np.zeros((2, buckets), np.int64), np.int64),
            (np.zeros(fullest * buckets, np.uint64), np.uint64),
            (np.zeros(len(words) + 1, np.int64), np.int64),
            (np.zeros(nearby.SOUND_MAX, np.uint32), np.uint32),
            (np.zeros((2, WORD_MAX + 1), np.uint64), np.uint64),
            (np.zeros(channel.ROOM + nearby.PLAIN, np.int64), np.int64),
            (self._top, np.int64),
        )
        self._arrays = Arrays([*read, *room])
        self._stamp = 0
        self._limit = COST_MAX

    def look_up(
        self, codes: Any, keep: int, farthest: int, sounding: bool
    ) -> tuple[list[int], list[int], list[int], int]:
        """Scores, numbers and costs of the best words, best first; and where what was typed may be two words.

        A bit is set for each place where both parts seem to be words that are not rare. Some are not, but none is missed.

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
        self._stamp += 2
        if self._stamp > 0x7FFFFF00:
            self._records[self._stamps + nearby.STAMP] = 0
            self._stamp = 2
        found = nearby.look_up(codes, farthest, sounding, self._stamp, self._limit, keep, self._arrays.context)
        scores, numbers, prices = self._top[:, : found & (1 << nearby.HELD_BITS) - 1].tolist()
        return scores, numbers, prices, found >> nearby.HELD_BITS


def _records(codes: Any, starts: Any, sizes: Any, head: int) -> tuple[Any, Any]:
    """Records with the letters of words, all else in them still to be filled in, and where each begins."""
    places = np.zeros(len(sizes), np.uint32)
    size = nearby.lay(sizes, head, places)
    # The first of them is the first of a line of memory.
    spacious = np.zeros(size + 2 * nearby.LINE, np.uint32)
    first = -(spacious.ctypes.data // spacious.itemsize) % nearby.LINE
    records = spacious[first : first + size + nearby.LINE]
    nearby.write(codes, starts, sizes, head, places, records)
    return records, places


def _buckets(
    codes: Any, starts: Any, lengths: Any, most: Any, places: Any, share: int, *, by_sound: bool
) -> tuple[Any, Any]:
    """Ends of buckets, and the entries in them; as many buckets as a `share` of the words makes a power of two."""
    entries_of = lengths.astype(np.uint64) << np.uint64(nearby.LENGTH) | places.astype(np.uint64)
    entries_of |= most.astype(np.uint64) << np.uint64(nearby.RARITY)
    some = lengths > 0
    if some.any():
        bits = np.uint64(1) << (codes % np.uint32(nearby.SIGNATURE_BITS)).astype(np.uint64)
        ordered = np.bitwise_or.reduceat(bits, starts[some])
        entries_of[some] |= ordered << np.uint64(nearby.SIGNATURE)
    buckets = 1 << max(8, (len(lengths) * share).bit_length())
    ends = np.zeros(buckets + 1, np.uint32)
    entries = np.zeros(1, np.uint64)
    known = codes, starts, entries_of, by_sound, np.uint64(buckets - 1)
    nearby.fill(*known, ends, entries, False)
    ends = np.cumsum(ends, dtype=np.uint32)
    entries = np.zeros(max(1, int(ends[-1])), np.uint64)
    nearby.fill(*known, ends, entries, True)
    return ends, entries

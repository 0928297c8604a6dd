"""Number words by their letters, and take their CRC-32: what the dictionary of `harvest.Words` does, for many at once.

An open hash table whose entries are numbers of words, each with 32 bits of its hash beside it; the letters of all words
lie one after the other. The hash multiplies by an odd number drawn anew in every process, and folds after every letter,
so that nobody can write a text whose words all collide. Cost: some 50 nanoseconds a word.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.jit import JIT, njit

_COUNT, _USED = 0, 1
"""Places of the state: how many words there are, and how many bytes of letters."""
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_SLOTS_AT_FIRST = 1 << 12


def _crc_table() -> npt.NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> np.uint32(1) ^ np.uint32(0xEDB88320), table >> np.uint32(1))
    return table


@njit(**JIT)
def _same(arena: Any, start: Any, size: Any, other: Any) -> Any:
    byte = 0
    while byte < size and arena[start + byte] == arena[other + byte]:
        byte += 1
    return byte == size


@njit(**JIT)
def _number(
    letters: Any, ends: Any, chosen: Any, first: Any, last: Any, odd: Any, slots: Any, arena: Any, word_ends: Any,
    state: Any, found: Any,
) -> Any:  # fmt: skip
    """Number the words of rows `first` to before `last`; where it ended, which is before `last` if room ran out."""
    mask = len(slots) - 1
    for row in range(first, last):
        if not chosen[row]:
            continue
        start = ends[row - 1] + 1 if row else 0
        size, count, used = ends[row] - start, state[_COUNT], state[_USED]
        if 2 * (count + 1) > len(slots) or count == len(word_ends) or used + size + 1 > len(arena):
            return row
        hashed = np.uint64(size)
        for byte in range(size):
            letter = letters[start + byte]
            if 65 <= letter <= 90:
                letter |= np.uint8(32)
            arena[used + byte] = letter
            hashed = (hashed ^ np.uint64(letter)) * odd
            hashed ^= hashed >> _HALF
        slot, known = np.int64(hashed & np.uint64(mask)), np.int64(0)
        while slots[slot] != 0:
            if (slots[slot] ^ hashed) & _LOW == 0:
                known = np.int64(slots[slot] >> _HALF)
                begins = word_ends[known - 2] + 1 if known > 1 else 0
                if word_ends[known - 1] - begins == size and _same(arena, used, size, begins):
                    break
                known = 0
            slot = (slot + 1) & mask
        if known == 0:
            arena[used + size] = 10
            word_ends[count] = used + size
            state[_COUNT], state[_USED] = count + 1, used + size + 1
            known = count + 1
            slots[slot] = np.uint64(known) << _HALF | hashed & _LOW
        found[row - first] = known
    return last


@njit(**JIT)
def _refill(old: Any, slots: Any) -> None:
    mask = len(slots) - 1
    for entry in old:
        if entry != 0:
            slot = np.int64(entry & np.uint64(mask))
            while slots[slot] != 0:
                slot = (slot + 1) & mask
            slots[slot] = entry


@njit(**JIT)
def _checks(arena: Any, word_ends: Any, count: Any, table: Any, hashes: Any) -> None:
    start = 0
    for word in range(count):
        check = np.uint32(0xFFFFFFFF)
        for byte in range(start, word_ends[word]):
            check = table[np.int64((check ^ np.uint32(arena[byte])) & np.uint32(0xFF))] ^ (check >> np.uint32(8))
        hashes[word] = ~check
        start = word_ends[word] + 1


class WordTable:
    """Words and their numbers, from 1 in order of appearance.

    Parameters
    ----------
    slots : int, a power of two
        Slots of the table at first; it grows.
    """

    def __init__(self, slots: int = _SLOTS_AT_FIRST) -> None:
        self._slots = np.zeros(slots, np.uint64)
        self._arena = np.zeros(8 * slots, np.uint8)
        self._ends = np.zeros(slots // 2, np.int64)
        self._state = np.zeros(2, np.int64)
        self._odd = np.uint64(secrets.randbits(64) | 1)

    def __len__(self) -> int:
        return int(self._state[_COUNT])

    @property
    def memory(self) -> int:
        """Bytes it takes."""
        return self._slots.nbytes + self._arena.nbytes + self._ends.nbytes

    def enter(
        self,
        letters: npt.NDArray[np.uint8],
        ends: npt.NDArray[np.int64],
        chosen: npt.NDArray[np.bool_],
        first: int,
        last: int,
    ) -> npt.NDArray[np.uint32]:
        """Number words, large ASCII letters read as small ones.

        Parameters
        ----------
        letters : ndarray of uint8
            UTF-8, with one byte between words.
        ends : ndarray of int64
            Where each word ends.
        chosen : ndarray of bool
            Which of them to number.
        first, last : int
            From which word to before which.

        Returns
        -------
        ndarray of shape (last - first,), uint32
            Their numbers; 0 for those not chosen.
        """
        found = np.zeros(last - first, np.uint32)
        at = first
        with np.errstate(over="ignore"):  # Products of 64 bits wrap around on purpose, also where nothing is compiled.
            while True:
                at = _number(
                    letters, ends, chosen, at, last, self._odd, self._slots, self._arena, self._ends, self._state,
                    found[at - first :],
                )  # fmt: skip
                if at == last:
                    return found
                self._grow(int(ends[at] - (ends[at - 1] if at else 0)))

    def _grow(self, size: int) -> None:
        if 2 * (len(self) + 1) > len(self._slots):
            old = self._slots
            self._slots = np.zeros(2 * len(old), np.uint64)
            _refill(old, self._slots)
        if len(self) == len(self._ends):
            self._ends = np.concatenate([self._ends, np.zeros_like(self._ends)])
        if int(self._state[_USED]) + size + 1 > len(self._arena):
            self._arena = np.concatenate([self._arena, np.zeros(max(len(self._arena), size + 1), np.uint8)])

    def letters(self) -> bytes:
        """All words, in order of number, a line feed after each."""
        return self._arena[: int(self._state[_USED])].tobytes()

    def words(self) -> list[str]:
        """The same as a list."""
        return self.letters().decode("utf-8").split("\n")[:-1]

    def checks(self) -> npt.NDArray[np.uint32]:
        """CRC-32 of each word's letters, in order of number."""
        hashes = np.empty(len(self), np.uint32)
        _checks(self._arena, self._ends, len(self), _crc_table(), hashes)
        return hashes

"""Number words by their letters, and take their CRC-32: what the dictionary of `harvest.Words` does, for many at once.

An open hash table whose entries are numbers of words, each with 32 bits of its hash beside it; the letters of all words
lie one after the other. The hash multiplies by an odd number drawn anew in every process, and folds after every letter,
so that nobody can write a text whose words all collide. All are hashed first, so that slots can be fetched before they are
needed. Cost: some 150 nanoseconds a word.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.kernels.memory import prefetch

_COUNT, _USED = 0, 1
"""Places of the state: how many words there are, and how many bytes of letters."""
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_NONE, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_LARGE_A, _LARGE_Z, _CASE = np.uint8(65), np.uint8(90), np.uint8(5)
_AHEAD = 12
"""Words whose slots are being fetched while one is looked up."""
_SLOTS_AT_FIRST = 1 << 12


def _crc_table() -> npt.NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> np.uint32(1) ^ np.uint32(0xEDB88320), table >> np.uint32(1))
    return table


@njit(**INLINE)
def _lower(letter: Any) -> Any:
    """A byte, a large ASCII letter read as a small one; without a branch that nobody could foresee."""
    return letter | np.uint8((letter >= _LARGE_A) & (letter <= _LARGE_Z)) << _CASE


@njit(**JIT)
def _hash(letters: Any, ends: Any, chosen: Any, first: Any, last: Any, odd: Any, hashes: Any) -> None:
    """Hashes of the words of rows `first` to before `last`."""
    for row in range(first, last):
        if chosen[row]:
            at, end = np.uint64(ends[row - 1] + 1 if row else 0), np.uint64(ends[row])
            hashed = end - at
            while at < end:
                hashed = (hashed ^ np.uint64(_lower(letters[at]))) * odd
                hashed ^= hashed >> _HALF
                at += _ONE
            hashes[row - first] = hashed


@njit(**JIT)
def _number(
    letters: Any, ends: Any, chosen: Any, first: Any, last: Any, hashes: Any, slots: Any, arena: Any, word_ends: Any,
    state: Any, found: Any,
) -> Any:  # fmt: skip
    """Number the words of rows `first` to before `last`; where it ended, which is before `last` if room ran out.

    Places are unsigned, since else each is asked whether it counts from the end.
    """
    mask, count, used = np.uint64(len(slots) - 1), np.uint64(state[_COUNT]), np.uint64(state[_USED])
    words_most, bytes_most = np.uint64(min(len(slots) // 2, len(word_ends))), np.uint64(len(arena))
    ended = last
    for row in range(first, last):
        if not chosen[row]:
            continue
        if row + _AHEAD < last:
            prefetch(slots, np.int64(hashes[row - first + _AHEAD] & mask))
        start = np.uint64(ends[row - 1] + 1 if row else 0)
        size = np.uint64(ends[row]) - start
        if count >= words_most or used + size >= bytes_most:
            ended = row
            break
        byte = _NONE
        while byte < size:
            arena[used + byte] = _lower(letters[start + byte])
            byte += _ONE
        hashed = hashes[row - first]
        slot, known = hashed & mask, _NONE
        while slots[slot] != _NONE:
            if (slots[slot] ^ hashed) & _LOW == _NONE:
                known = slots[slot] >> _HALF
                begins = np.uint64(word_ends[known - _TWO] + 1) if known > _ONE else _NONE
                if np.uint64(word_ends[known - _ONE]) - begins == size:
                    byte = _NONE
                    while byte < size and arena[used + byte] == arena[begins + byte]:
                        byte += _ONE
                    if byte == size:
                        break
                known = _NONE
            slot = (slot + _ONE) & mask
        if known == _NONE:
            arena[used + size] = 10
            word_ends[count] = used + size
            count, used = count + _ONE, used + size + _ONE
            known = count
            slots[slot] = known << _HALF | hashed & _LOW
        found[row - first] = known
    state[_COUNT], state[_USED] = count, used
    return ended


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
            letter = np.uint32(arena[np.uint64(byte)])
            check = table[np.uint64((check ^ letter) & np.uint32(0xFF))] ^ (check >> np.uint32(8))
        hashes[word] = ~check
        start = word_ends[word] + 1


@njit(**JIT)
def _gather(arena: Any, word_ends: Any, order: Any, gathered: Any) -> None:
    to = _NONE
    for word in order:
        at, end = np.uint64(word_ends[word - 1] + 1 if word else 0), np.uint64(word_ends[word])
        while at <= end:
            gathered[to] = arena[at]
            at += _ONE
            to += _ONE


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
        found, hashes = np.zeros(last - first, np.uint32), np.zeros(last - first, np.uint64)
        at = first
        with np.errstate(over="ignore"):  # Products of 64 bits wrap around on purpose, also where nothing is compiled.
            _hash(letters, ends, chosen, first, last, self._odd, hashes)
            while True:
                at = _number(
                    letters, ends, chosen, at, last, hashes[at - first :], self._slots, self._arena, self._ends,
                    self._state, found[at - first :],
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

    def gathered(self, order: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Words by their numbers - 1, a line feed after each."""
        sizes = np.diff(self._ends[: len(self)], prepend=-1)
        found = np.empty(int(sizes[order].sum()), np.uint8)
        _gather(self._arena, self._ends, order, found)
        return found

    def words(self) -> list[str]:
        """The same as a list."""
        return self.letters().decode("utf-8").split("\n")[:-1]

    def checks(self) -> npt.NDArray[np.uint32]:
        """CRC-32 of each word's letters, in order of number."""
        hashes = np.empty(len(self), np.uint32)
        _checks(self._arena, self._ends, len(self), _crc_table(), hashes)
        return hashes

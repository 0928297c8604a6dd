"""What kernels work in: memory that each thread has of its own, and rooms in which answers are left.

Memory is large enough for the segments of all snapshots its thread asked last, a few hundred kilobytes for each million
documents. A room (`kernels/asked.py`) has space for keys that fills up query by query; then there is a new one, and the
old one stays for as long as somebody wants its answers. What this module does not know: queries.
"""

from __future__ import annotations

import threading
from array import array
from typing import Any, Final

import numpy as np

from searchkit.rank.kernels.arrays import LEAVES_MAX, new_scratch
from searchkit.rank.kernels.asked import ROOM_KEYS, ROOM_PROGRESS, ROOM_SCRATCH, ROOM_SIZE, ROOM_TERMS
from searchkit.rank.kernels.contexts import Context, context_of

_KEYS_OF_A_ROOM, _ANSWERS_OF_A_ROOM, _KEYS_OF_A_ROOM_MAX = 500, 4, 8_000
"""Keys of a room, 4 KB, or for some answers of those that want more, up to 64 KB: a room costs a microsecond."""
_ZERO: Final = array("q", [0])

_threads = threading.local()


class Memory:
    """Scratch for as many windows as any segment has.

    Attributes
    ----------
    context : ndarray of int64
        For the kernels; see `contexts.scratch_at`. Its `address` is where it lies.
    leaves : ndarray of shape (LEAVES_MAX,), int64
        Where a query's leaves may be written down.
    """

    def __init__(self, windows: int) -> None:
        self.windows = windows
        self._arrays = new_scratch(windows)
        self.context: Context = np.append(context_of(self._arrays), windows)
        self.address: int = self.context.ctypes.data
        self.leaves = np.zeros(LEAVES_MAX, np.int64)


def memory_for(windows: int) -> Memory:
    """This thread's memory, for segments of at most so many windows."""
    memory: Memory | None = getattr(_threads, "memory", None)
    if memory is None or memory.windows < windows:
        memory = _threads.memory = Memory(windows)
    return memory


class Room:
    """Where answers of one thread to queries about one snapshot are left.

    Parameters
    ----------
    windows : int
        Of the snapshot's largest segment.
    keys, terms : int
        How many keys, and terms of a union, it must have space for.

    Attributes
    ----------
    address : int
        For the kernels; see `asked.ROOM_SCRATCH`.
    pairs : memoryview
        Its answers: the place of a document, uint32, and its score, float32, and so on.
    terms : int
    """

    __slots__ = ("_kept", "address", "pairs", "terms")

    def __init__(self, windows: int, keys: int = 0, terms: int = 0) -> None:
        memory = memory_for(windows)
        size = max(keys, _KEYS_OF_A_ROOM, min(_ANSWERS_OF_A_ROOM * keys, _KEYS_OF_A_ROOM_MAX))
        room = _ZERO * (ROOM_KEYS + size)
        progress = _ZERO * (3 * terms)
        room[ROOM_SCRATCH], room[ROOM_PROGRESS] = memory.address, progress.buffer_info()[0]
        room[ROOM_TERMS], room[ROOM_SIZE] = terms, size
        self.address: int = room.buffer_info()[0]
        self.pairs = memoryview(room).cast("B")[8 * ROOM_KEYS :]
        self.terms = terms
        self._kept: tuple[Any, ...] = memory, progress

"""The k best so far, as a binary heap with the worst of them on top.

A document is one integer: the bits of its float32 score above those of its place, turned round. Positive
floats order like their bits, so a larger key is a better document, and ties of score go to the earlier
place, here as everywhere. Places must be below 2^32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit

__all__ = ["INLINE", "JIT", "PLACES_MAX", "key", "key_score", "push", "sort_best_first"]

PLACES_MAX = 1 << 32
_RADIX_MIN = 96
"""Documents above which sorting by bytes is quicker than by comparing."""


@njit(**JIT)
def key(score: Any, place: Any) -> Any:
    """A score above 0 and a place, as one uint64 that orders as the ranking does."""
    return np.uint64(np.float32(score).view(np.uint32)) << np.uint64(32) | np.uint64(0xFFFFFFFF - place)


@njit(**JIT)
def key_score(value: Any) -> Any:
    """The score in a key."""
    return np.uint32(value >> np.uint64(32)).view(np.float32)


@njit(**JIT)
def _sink(heap: Any, held: Any) -> None:
    """Restore the order of a heap whose top was replaced."""
    at, value = 0, heap[0]
    while True:
        child = 2 * at + 1
        if child >= held:
            break
        if child + 1 < held and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@njit(**JIT)
def push(heap: Any, held: Any, value: Any) -> Any:
    """Offer a document to the heap; returns how many it holds now.

    Parameters
    ----------
    heap : ndarray of shape (k,), uint64
        Keys, of which the first `held` are in use.
    """
    value = np.uint64(value)  # A signed one would be compared as a float.
    if held < len(heap):
        at = held
        while at > 0:
            parent = (at - 1) >> 1
            if value >= heap[parent]:
                break
            heap[at] = heap[parent]
            at = parent
        heap[at] = value
        return held + 1
    if held == 0 or value <= heap[0]:
        return held
    heap[0] = value
    _sink(heap, held)
    return held


@njit(**JIT)
def sort_best_first(heap: Any, held: Any, room: Any, counts: Any) -> None:
    """Turn a heap into a list, best first.

    A short one by the second half of Floyd and Williams' heapsort (CACM 7(6), 1964), which compares as good as at
    random; a longer one byte by byte from the lowest on, without comparing (H. H. Seward, MIT master's thesis, 1954).

    Parameters
    ----------
    heap : ndarray of shape (k,), uint64
        The first `held` are put in order.
    room : ndarray of shape (>= k,), int64
    counts : ndarray of shape (>= 256,), int64
        Working memory.
    """
    if held > _RADIX_MIN:
        _sort_by_bytes(heap, held, room, counts)
        return
    for last in range(held - 1, 0, -1):
        best = heap[0]
        heap[0] = heap[last]
        _sink(heap, last)
        heap[last] = best


@njit(**JIT)
def _sort_by_bytes(values: Any, held: Any, room: Any, counts: Any) -> None:
    """Sort in descending order, eight bits at a time, leaving out bytes that all values share."""
    differing = np.uint64(0)
    for i in range(held):
        differing |= values[i] ^ values[0]
    for shift in range(0, 64, 8):
        if differing >> np.uint64(shift) & np.uint64(0xFF) == 0:
            continue
        for digit in range(256):
            counts[digit] = 0
        for i in range(held):
            counts[np.int64(values[i] >> np.uint64(shift) & np.uint64(0xFF))] += 1
            room[i] = np.int64(values[i])
        after = 0
        for digit in range(255, -1, -1):
            after, counts[digit] = after + counts[digit], after
        for i in range(held):
            value = np.uint64(room[i])
            digit = np.int64(value >> np.uint64(shift) & np.uint64(0xFF))
            values[counts[digit]] = value
            counts[digit] += 1

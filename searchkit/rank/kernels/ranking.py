"""The door to the kernels: which of them answers, for one segment, and how many documents match.

One word is looked up by its impacts; required leaves are intersected; other queries, and required leaves that are all
common, go best blocks first while k is small and the segment large. When that turns out to be dearer, or is not to be
had, required leaves are intersected after all, and the others go window by window.
All give the same documents and scores; only their costs differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    BLOCKS_K_MAX,
    CARD,
    DATA,
    FAULT,
    FIRST,
    FREQUENCY,
    MAXIMA,
    REQUIRED,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import popcount
from searchkit.rank.kernels.blocks import GIVEN_UP, rank_blocks
from searchkit.rank.kernels.bounds import floor_of, weigh
from searchkit.rank.kernels.conjunction import count_conjunction, rank_conjunction
from searchkit.rank.kernels.contexts import scratch_of, segment_of
from searchkit.rank.kernels.heap import INLINE, JIT
from searchkit.rank.kernels.lists import open_lists, word_at
from searchkit.rank.kernels.single import rank_single
from searchkit.rank.kernels.windows import rank_windows

BLOCKS_DOCUMENTS_MIN, BLOCKS_DOCUMENTS_FIRST = 1024, 4096
"""Documents of a segment from which on block maxima are worth having; and of one that comes first, without a threshold."""
_INTERSECTED_SHARE = 16
"""Of required leaves of which one stands in fewer than one in so many documents, intersecting beats bounding blocks."""
_SIFT_NS = 4.0


@njit(**INLINE)
def rank_segment(
    at: Any, leaves: Any, scoring: Any, allowed: Any,
    heap: Any, held: Any, least: Any, tight: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer the documents of a segment to a heap of the k best.

    Parameters
    ----------
    at, leaves, scoring : Addresses, Leaves, Scoring
        Between 1 and `LEAVES_MAX` leaves, each occurring in the segment; its posting lists described (`describe.describe_term`).
    allowed : ndarray of shape (ceil(documents / 64),), uint64, or of shape (0,)
        One bit for each document that may be a result; empty if all may.
    heap : ndarray of shape (k,), uint64
        See `heap.push`; k at least 1. The threshold of earlier segments carries over in it.
    held : int
        Entries of the heap in use.
    least : float
        A score that at least k results of the index are known to reach; 0 if none is known.
    tight : float
        Lower over upper scale of the segment's impacts, 0 to 1.
    base_place : int
        Place of the segment's first document.

    Returns
    -------
    held : int
        Entries of the heap in use now, or FAULT.
    scored : int
        Documents scored exactly: what pruning left to do.
    """
    segment, scratch = segment_of(at), scratch_of(at)
    documents, count = len(segment.lengths), len(leaves.places)
    windows = (documents + WINDOW - 1) >> 16
    if open_lists(segment.postings, leaves, scratch.tables, windows) == FAULT:
        return FAULT, 0
    if count == 1 and leaves.places[0, FIRST] >= 0:
        return rank_single(segment, leaves, scoring, allowed, scratch, windows, heap, held, least, base_place)
    required, dense, rarest = 0, True, documents
    for leaf in range(count):
        if leaves.factors[leaf, REQUIRED] != 0:
            required += 1
            dense &= leaves.places[leaf, MAXIMA] >= 0
            rarest = min(rarest, leaves.places[leaf, FREQUENCY])
    dense &= rarest * _INTERSECTED_SHARE > documents
    scale, visited, scored, bounds = weigh(leaves, scratch.weights), -1, 0, scratch.bounds[:0]
    worth = documents >= (BLOCKS_DOCUMENTS_MIN if held == len(heap) else BLOCKS_DOCUMENTS_FIRST)
    if worth and len(heap) <= BLOCKS_K_MAX and (dense or not required):
        cost = rarest * _SIFT_NS if required else 0.0
        before = held
        for i in range(held):
            scratch.saved[i] = heap[i]
        held, visited, scored = rank_blocks(at, leaves, scoring, allowed, scale, cost, heap, held, least, base_place)
        if visited == GIVEN_UP:
            bounds = scratch.bounds
        if visited < 0:  # Another kernel begins anew, with the threshold reached but not the documents.
            least, held = floor_of(heap, held, least), before
            for i in range(held):
                heap[i] = scratch.saved[i]
    if visited >= 0:
        return held, scored
    if required:
        held, _, scored = rank_conjunction(at, leaves, scoring, allowed, windows, heap, held, least, base_place)
        return held, scored
    return rank_windows(at, leaves, scoring, allowed, bounds, scale, tight, heap, held, least, base_place)


@njit(**JIT)
def _unite(segment: Any, leaves: Any, scratch: Any, leaf: Any, window: Any) -> None:
    """Set the bits of a leaf's documents in a window."""
    bits, one = scratch.bits, np.uint64(1)
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    if leaves.places[leaf, FIRST] < 0:
        for at in range(data, data + card):
            low = leaves.list_docs[at] & 0xFFFF
            bits[low >> 6] |= one << np.uint64(low & 63)
    elif card <= ARRAY_MAX:
        for at in range(data, data + card):
            low = np.int64(segment.postings[at])
            bits[low >> 6] |= one << np.uint64(low & 63)
    else:
        for block in range(WINDOW_BLOCKS):
            bits[block] |= word_at(segment.postings, data + 4 * block)


@njit(**JIT)
def count_segment(segment: Any, leaves: Any, allowed: Any, scratch: Any) -> Any:
    """Documents of a segment that match, not ranked; parameters as in `rank_segment`.

    Half a nanosecond a posting in arrays, a hundredth in bitmaps; with required leaves, that of the rarest.
    """
    documents, count = len(segment.lengths), len(leaves.places)
    windows = (documents + WINDOW - 1) >> 16
    if open_lists(segment.postings, leaves, scratch.tables, windows) == FAULT:
        return FAULT
    required = False
    for leaf in range(count):
        required |= leaves.factors[leaf, REQUIRED] != 0
    if required:
        return count_conjunction(segment, leaves, allowed, scratch, windows)
    matched = np.int64(0)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            scratch.bits[block] = 0
        for leaf in range(count):
            if scratch.tables[leaf, window, CARD]:
                _unite(segment, leaves, scratch, leaf, window)
        base = window * WINDOW_BLOCKS
        for block in range(min(WINDOW_BLOCKS, ((documents + 63) >> 6) - base)):
            matched += popcount(scratch.bits[block] & allowed[base + block] if len(allowed) else scratch.bits[block])
    return matched

"""Documents that hold all required leaves: the rarest drives, the others are asked, and the best are scored.

The lists are intersected as in `intersect.py`. While a threshold is known, documents of the driving leaf whose
impact, with the most that all other leaves can add, cannot reach it are left out before anything else is looked
at; where the driver is a bitmap, whole blocks are, by their largest impacts [1]_. Of what remains, the impacts of
all leaves are added before a score is computed. Counting adds up bits and scores nothing. Cost: one to three
nanoseconds for each document of the rarest leaf and other leaf, and some 30 for each that is scored.

.. [1] S. Ding, T. Suel, "Faster top-k document retrieval using block-max indexes", SIGIR 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    BLOCK,
    BOUND,
    CARD,
    FAVOUR,
    FIRST,
    MAXIMA,
    MOST,
    POSTING,
    REQUIRED,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import at_least_u16, multiply_add, popcount, prefetch, some, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of, impact_needed, promising, threshold_of, weigh
from searchkit.rank.kernels.contexts import scratch_of, segment_of
from searchkit.rank.kernels.exact import NARROW, contribution, list_contribution
from searchkit.rank.kernels.heap import INLINE, JIT, key, push
from searchkit.rank.kernels.intersect import (
    count_blocks,
    fetch_ahead,
    fetch_containers,
    is_bitmap,
    meet_others,
    next_chunk,
    order_required,
    spot,
)
from searchkit.rank.kernels.lists import find


@njit(**JIT)
def _most_beside(places: Any, factors: Any, tables: Any, driver: Any, window: Any) -> Any:
    """The most that all leaves but the driver can add to a score in a window."""
    most = 0.0
    for leaf in range(len(places)):
        if leaf != driver and tables[leaf, window, CARD] > 0:
            most += factors[leaf, BOUND] * factors[leaf, MOST] / 255.0
    return most


@njit(**INLINE)
def _fetch_lengths(segment: Any, scratch: Any, window: Any, mask: Any) -> None:
    """Begin to fetch the lengths of a chunk's documents."""
    while mask != 0:
        i = np.int64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        prefetch(segment.lengths, ((window << 16) + scratch.lows[i]) * segment.lengths.shape[1])


@njit(**INLINE)
def _can_reach(segment: Any, leaves: Any, scoring: Any, scratch: Any, window: Any, i: Any, score: Any) -> Any:
    """Whether the impacts of a document of the chunk allow a score; looks up its postings, -1 where it has none."""
    most = 0.0
    for leaf in range(len(leaves.places)):
        if leaves.factors[leaf, REQUIRED] != 0:
            posting = spot(segment, leaves, scratch, leaf, window, i)
        else:
            posting = np.int64(find(segment, leaves, scratch.tables, leaf, window, scratch.lows[i]))
            scratch.spots[leaf, i] = posting
        if posting < 0:
            continue
        if leaves.places[leaf, FIRST] < 0:
            most += list_contribution(leaves, scoring, leaf, posting)
        else:
            most += leaves.factors[leaf, BOUND] * segment.impacts[posting] / 255.0
    return most >= score * FAVOUR


@njit(**INLINE)
def _chunk_score(segment: Any, leaves: Any, scoring: Any, scratch: Any, window: Any, i: Any) -> Any:
    """The exact score of a document of the chunk whose postings have been looked up."""
    score = 0.0
    for leaf in range(len(leaves.places)):
        posting = scratch.spots[leaf, i]
        if posting >= 0:
            score += contribution(segment, leaves, scoring, leaf, posting, (window << 16) + scratch.lows[i])
    return score


@njit(**INLINE)
def _blocks_alive(segment: Any, leaves: Any, scratch: Any, window: Any, start: Any, scale: Any, score: Any) -> Any:
    """Which of the 64 blocks around one can hold a document of a score, by the largest impacts of the leaves."""
    sums, group = scratch.batch, window * WINDOW_BLOCKS + (start & -BLOCK)
    for i in range(BLOCK):
        sums[i] = 0
    for leaf in range(len(leaves.places)):
        at, weight = leaves.places[leaf, MAXIMA], scratch.weights[leaf]
        if at >= 0:
            multiply_add(sums, 0, segment.maxima, at + group, np.uint16(weight))
        else:
            for i in range(BLOCK):
                sums[i] += np.uint16(weight * np.int64(leaves.factors[leaf, MOST]))
    return at_least_u16(sums, 0, np.uint16(threshold_of(score, scale)))


@njit(**JIT)
def rank_conjunction(
    at: Any, leaves: Any, scoring: Any, allowed: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer the documents with all required leaves to the heap; see `ranking.rank_segment`.

    Returns
    -------
    held : int
    through : int
        Documents that hold all required leaves, of those that were not left out before.
    scored : int
    """
    segment, scratch = segment_of(at), scratch_of(at)
    through, scored, scale = np.int64(0), np.int64(0), weigh(leaves, scratch.weights)
    fetch_containers(segment.postings, segment.impacts, segment.ranks, leaves.places, scratch.tables, windows)
    for window in range(windows):
        required = order_required(leaves.places, leaves.factors, scratch.tables, scratch.order, scratch.cursors, window)
        if required == 0:
            continue
        driver, start, alive = scratch.order[0], np.int64(0), ~np.uint64(0)
        card = scratch.tables[driver, window, CARD]
        dense = is_bitmap(leaves.places, card, driver)
        beside = _most_beside(leaves.places, leaves.factors, scratch.tables, driver, window)
        while start < (WINDOW_BLOCKS if dense else card):
            before, score = start, floor_of(heap, held, least)
            if dense and score > 0.0:
                alive = _blocks_alive(segment, leaves, scratch, window, start, scale, score)
            size, start = next_chunk(segment, leaves, scratch, allowed, required, window, start, alive)
            mask = some(size)
            if not dense and leaves.places[driver, FIRST] >= 0 and score * FAVOUR > beside:
                needed = impact_needed(score - beside / FAVOUR, leaves.factors[driver, BOUND])
                mask = promising(segment.impacts, scratch.tables[driver, window, POSTING] + before, size, needed)
            mask = meet_others(segment, leaves, scratch, allowed, required, window, dense, mask)
            through += np.int64(popcount(mask))
            if mask & (mask - np.uint64(1)) != 0:
                shift = 1 if len(segment.vectors) == NARROW else 0
                fetch_ahead(segment, leaves, scratch, required, window, mask, segment.tfs, shift, segment.impacts, 0)
                _fetch_lengths(segment, scratch, window, mask)
            while mask != 0:
                i = np.int64(trailing_zeros(mask))
                mask &= mask - np.uint64(1)
                if _can_reach(segment, leaves, scoring, scratch, window, i, floor_of(heap, held, least)):
                    exact = _chunk_score(segment, leaves, scoring, scratch, window, i)
                    held = push(heap, held, key(exact, base_place + (window << 16) + scratch.lows[i]))
                    scored += 1
    return held, through, scored


@njit(**JIT)
def count_conjunction(segment: Any, leaves: Any, allowed: Any, scratch: Any, windows: Any) -> Any:
    """Documents of a segment with all required leaves."""
    matched = np.int64(0)
    for window in range(windows):
        required = order_required(leaves.places, leaves.factors, scratch.tables, scratch.order, scratch.cursors, window)
        if required == 0:
            continue
        driver, start = scratch.order[0], np.int64(0)
        card = scratch.tables[driver, window, CARD]
        dense = is_bitmap(leaves.places, card, driver)
        bitmaps = dense
        for turn in range(required):
            bitmaps &= leaves.places[scratch.order[turn], FIRST] >= 0
        if bitmaps:
            blocks = min(WINDOW_BLOCKS, ((len(segment.lengths) + 63) >> 6) - window * WINDOW_BLOCKS)
            matched += count_blocks(
                segment.postings, leaves.places, scratch.tables, scratch.order, required, window, blocks, allowed
            )
            continue
        while start < (WINDOW_BLOCKS if dense else card):
            size, start = next_chunk(segment, leaves, scratch, allowed, required, window, start, ~np.uint64(0))
            mask = meet_others(segment, leaves, scratch, allowed, required, window, dense, some(size))
            matched += np.int64(popcount(mask))
    return matched

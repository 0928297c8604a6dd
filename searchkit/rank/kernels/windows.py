"""Windowed term-at-a-time ranking: integer upper bounds for everybody, exact scores for the few that matter.

A segment is walked in windows of 65,536 documents, which is one roaring container. In each, every leaf adds
weight · impact to a 16-bit sum per document, in a tenth to half a nanosecond a posting: this is term-at-a-time
evaluation [1]_ with bounds for accumulators. Documents whose sum may be among the k largest are noted; a
histogram of the sums of all windows raises the threshold as they come. When the room for them is full, or at
the end, those still above the threshold, k and a few hundred, are scored exactly, leaf by leaf, in order of
document. The cost does not depend on how documents are ordered, so this is what other kernels fall back to.

A sum of v proves a score: with W the weight of a leaf and `tight` at most the lower over the upper scale of
impacts, scale · score >= tight · (v - sum of (W + 255)), since rounding up cost each leaf less than W + 255.

.. [1] H. Turtle, J. Flood, "Query evaluation: strategies and optimizations", IPM 31(6), 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    CANDIDATES_MAX,
    CARD,
    DATA,
    FAVOUR,
    FIRST,
    POSTING,
    RANKED,
    RANKS,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import at_least_u16, expand_add, popcount, prefetch, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of, threshold_of
from searchkit.rank.kernels.exact import NARROW, contribution, list_contribution
from searchkit.rank.kernels.heap import JIT, key, push
from searchkit.rank.kernels.lists import bitmap_rank, lower_bound, word_at

_BIN = 16
_LOOK_AGAIN = 512
"""Documents noted before the threshold is looked at again."""
_AHEAD = 12
"""Documents between the one looked at and the one whose words are fetched from memory."""


@njit(**JIT)
def _add_leaf(segment: Any, leaves: Any, scoring: Any, scratch: Any, leaf: Any, window: Any, scale: Any) -> None:
    """Add weight · impact of every posting of a leaf in a window to its document's sum."""
    sums, impacts, postings = scratch.sums, segment.impacts, segment.postings
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    first = scratch.tables[leaf, window, POSTING]
    weight = scratch.weights[leaf]
    if leaves.places[leaf, FIRST] < 0:
        for at in range(data, data + card):
            bound = np.ceil(list_contribution(leaves, scoring, leaf, at) * scale)
            sums[leaves.list_docs[at] & 0xFFFF] += np.uint16(bound)
    elif card <= ARRAY_MAX:
        for i in range(card):
            sums[postings[data + i]] += np.uint16(weight * impacts[first + i])
    else:
        for block in range(WINDOW_BLOCKS):
            word = word_at(postings, data + 4 * block)
            expand_add(sums, block << 6, impacts, first, word, np.uint16(weight))
            first += popcount(word)


@njit(**JIT)
def _reached(histogram: Any, wanted: Any) -> Any:
    """The largest multiple of `_BIN` that at least so many of the noted sums reach; 0 if they are fewer."""
    reached = 0
    for bin_number in range(len(histogram) - 1, -1, -1):
        reached += histogram[bin_number]
        if reached >= wanted:
            return bin_number * _BIN
    return 0


@njit(**JIT)
def _note_window(
    scratch: Any, allowed: Any, base: Any, blocks: Any, threshold: Any, found: Any, k: Any, slack: Any, tight: Any
) -> Any:
    """Note the allowed documents of a window whose sum reaches the threshold, which rises as they are noted.

    Returns how many are noted now, and the threshold.
    """
    looked = found
    for block in range(blocks):
        mask = at_least_u16(scratch.sums, block << 6, np.uint16(threshold))
        if mask == 0:
            continue
        if len(allowed):
            mask &= allowed[(base >> 6) + block]
        while mask != 0:
            low = (block << 6) + trailing_zeros(mask)
            value = np.int64(scratch.sums[low])
            scratch.candidates[found], scratch.values[found] = base + low, value
            scratch.histogram[value // _BIN] += 1
            found += 1
            mask &= mask - np.uint64(1)
        if found - looked >= max(k, _LOOK_AGAIN):
            proven = (_reached(scratch.histogram, k) - slack) * tight
            threshold, looked = max(threshold, np.int64(proven * FAVOUR)), found
    return found, threshold


@njit(**JIT)
def _keep(scratch: Any, found: Any, threshold: Any) -> Any:
    """Forget noted documents below the threshold; returns how many are left."""
    kept = 0
    for i in range(found):
        value = scratch.values[i]
        scratch.candidates[kept], scratch.values[kept] = scratch.candidates[i], value
        kept += value >= threshold
    return kept


@njit(**JIT)
def _advance(values: Any, at: Any, end: Any, wanted: Any) -> Any:
    """The first index from `at` on whose value is not below `wanted`, by galloping."""
    if at >= end or values[at] >= wanted:
        return at
    step = 1
    while at + step < end and values[at + step] < wanted:
        at += step
        step <<= 1
    return lower_bound(values, at + 1, min(at + step, end), wanted)


@njit(**JIT)
def _locate_leaf(segment: Any, leaves: Any, scratch: Any, leaf: Any, count: Any) -> None:
    """Note the posting of a leaf in every chosen document, or -1, and begin to fetch its frequency."""
    postings, entries = segment.postings, scratch.entries
    listed, narrow = leaves.places[leaf, FIRST] < 0, len(segment.vectors) == NARROW
    window, data, card, first, at = -1, np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    ranks_at = np.int64(0)
    for i in range(count):
        doc = scratch.chosen[i]
        if doc >> 16 != window:
            window = doc >> 16
            data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
            first, at = scratch.tables[leaf, window, POSTING], data
            ranks_at = leaves.places[leaf, RANKED] + window * RANKS
        entries[i] = -1
        if card == 0:
            continue
        if listed:
            at = _advance(leaves.list_docs, at, data + card, doc)
            if at < data + card and leaves.list_docs[at] == doc:
                entries[i] = at
            continue
        if card <= ARRAY_MAX:
            at = _advance(postings, at, data + card, doc & 0xFFFF)
            if at < data + card and postings[at] == doc & 0xFFFF:
                entries[i] = first + at - data
        else:
            ahead = scratch.chosen[min(i + _AHEAD, count - 1)]
            if ahead >> 16 == window:
                prefetch(postings, data + 4 * (ahead >> 6 & 1023))
                prefetch(segment.ranks, ranks_at + (ahead >> 9 & 127))
            block, bit = doc >> 6 & 1023, np.uint64(doc & 63)
            word = word_at(postings, data + 4 * block)
            if word >> bit & np.uint64(1):
                rank = bitmap_rank(postings, data, segment.ranks, ranks_at, block)
                entries[i] = first + rank + popcount(word & ((np.uint64(1) << bit) - np.uint64(1)))
        if entries[i] >= 0:
            prefetch(segment.tfs, entries[i] >> narrow)


@njit(**JIT)
def _score_leaf(segment: Any, leaves: Any, scoring: Any, scratch: Any, leaf: Any, count: Any) -> None:
    """Add a leaf's contribution to the score of every chosen document: first all are located, then all are scored."""
    _locate_leaf(segment, leaves, scratch, leaf, count)
    fields = segment.lengths.shape[1]
    for i in range(count):
        prefetch(segment.lengths, scratch.chosen[min(i + _AHEAD, count - 1)] * fields)
        if scratch.entries[i] >= 0:
            scratch.scores[i] += contribution(segment, leaves, scoring, leaf, scratch.entries[i], scratch.chosen[i])


@njit(**JIT)
def _settle(
    segment: Any, leaves: Any, scoring: Any, scratch: Any, found: Any, scale: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Score the noted documents exactly and offer them to the heap: first the k most promising, then what is left.

    Returns `held`, and how many were scored.
    """
    cut = _reached(scratch.histogram, len(heap)) if found > 2 * len(heap) else 0
    scored = 0
    for turn in range(2 if cut else 1):
        threshold, count = threshold_of(floor_of(heap, held, least), scale), 0
        for i in range(found):
            value = scratch.values[i]
            scratch.chosen[count], scratch.scores[count] = scratch.candidates[i], 0.0
            count += value >= threshold and (value >= cut) == (turn == 0)
        for leaf in range(len(leaves.places)):
            _score_leaf(segment, leaves, scoring, scratch, leaf, count)
        for i in range(count):
            held = push(heap, held, key(scratch.scores[i], base_place + scratch.chosen[i]))
        scored += count
    return held, scored


@njit(**JIT)
def rank_windows(
    segment: Any, leaves: Any, scoring: Any, allowed: Any, scratch: Any, scale: Any, tight: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer all documents of a segment to the heap; see `ranking.rank_segment` for the parameters."""
    documents, count, k = len(segment.lengths), len(leaves.places), len(heap)
    slack = 255 * count + _BIN
    for leaf in range(count):
        slack += scratch.weights[leaf]
    for bin_number in range(len(scratch.histogram)):
        scratch.histogram[bin_number] = 0
    threshold, found, scored = threshold_of(floor_of(heap, held, least), scale), 0, 0
    for window in range((documents + WINDOW - 1) >> 16):
        touched = False
        for leaf in range(count):
            touched |= scratch.tables[leaf, window, CARD] > 0
        if not touched:
            continue
        base = window << 16
        blocks = min(WINDOW_BLOCKS, (documents - base + 63) >> 6)
        for low in range(blocks << 6):
            scratch.sums[low] = 0
        for leaf in range(count):
            _add_leaf(segment, leaves, scoring, scratch, leaf, window, scale)
        found, threshold = _note_window(scratch, allowed, base, blocks, threshold, found, k, slack, tight)
        if found > CANDIDATES_MAX - WINDOW:
            found = _keep(scratch, found, threshold)
        if found > CANDIDATES_MAX - WINDOW:
            held, more = _settle(segment, leaves, scoring, scratch, found, scale, heap, held, least, base_place)
            scored, found = scored + more, 0
            threshold = max(threshold, threshold_of(floor_of(heap, held, least), scale))
    found = _keep(scratch, found, threshold)
    held, more = _settle(segment, leaves, scoring, scratch, found, scale, heap, held, least, base_place)
    return held, scored + more

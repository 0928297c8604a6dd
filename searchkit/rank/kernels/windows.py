"""Windowed term-at-a-time ranking: integer upper bounds for everybody, exact scores for the few that matter.

A segment is walked in windows of 65,536 documents, which is one roaring container. In each, leaves add
weight · impact to a 16-bit sum per document, in a tenth to half a nanosecond a posting: this is term-at-a-time
evaluation [1]_ with bounds for accumulators. Not all is added: where `blocks.py` left bounds of blocks, bitmaps only
in blocks that can reach the threshold, and light leaves, which cannot reach it even together (max-score [1]_), only
for documents that can reach it with them. Documents whose sum may be among the k largest are noted; a histogram of
the sums of all windows raises the threshold as they come. When the room for them is full, or at the end, those still
above the threshold, k and a few hundred, are scored exactly, leaf by leaf, in order of document. The cost hardly
depends on how documents are ordered, so this is what other kernels fall back to.

A sum of v proves a score: with W the weight of a leaf and `tight` at most the lower over the upper scale of
impacts, scale · score >= tight · (v - sum of (W + 255)), since rounding up cost each leaf less than W + 255. Where sums
saturate (`bounds.weigh_finely`), v is less than it would be, and proves less.

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
    MOST,
    POSTING,
    RANKED,
    RANKS,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import (
    HAS_EXPAND,
    HAS_SHUFFLE,
    at_least_u16,
    clear_u16,
    expand_add,
    popcount,
    prefetch,
    some,
    trailing_zeros,
)
from searchkit.rank.kernels.bounds import cap_of, floor_of, threshold_of, weigh_finely
from searchkit.rank.kernels.contexts import scratch_of, segment_of
from searchkit.rank.kernels.exact import NARROW, contribution, list_contribution
from searchkit.rank.kernels.heap import JIT, key, push
from searchkit.rank.kernels.lists import bitmap_rank, find, lower_bound, word_at

_BIN = 64
_SETTLE_NS = 8000.0
_ALIVE_BLOCK_NS = 8.0
_BITMAP_BLOCK_NS = 6.0 if HAS_EXPAND else 8.0 if HAS_SHUFFLE else 14.0
_ARRAY_POSTING_NS = 1.2
_LOOK_UP_NS = 15.0
_WHOLE_GROUP = 20
"""Blocks alive of 64 from which on all 64 are added: to begin at one costs as much as to go on over three."""
_AHEAD = 12
"""Documents between the one looked at and the one whose words are fetched from memory."""


@njit(**JIT)
def _find_alive(bounds: Any, alive: Any, window: Any, blocks: Any, threshold: Any) -> Any:
    """Note which blocks of a window can reach the threshold, one bit each; returns how many.

    Where many of 64 neighbours can, all of them count as alive.

    Parameters
    ----------
    bounds : ndarray of shape (>= 64 a word of `alive`,), uint16
        Of all blocks, as `blocks.py` leaves them; of shape (0,) where they are not known.
    alive : ndarray of shape (>= WINDOW_BLOCKS / 64,), uint64
        Filled.
    """
    found = np.int64(0)
    for group in range((blocks + 63) >> 6):
        mask = some(blocks - (group << 6))
        if len(bounds):
            reaching = at_least_u16(bounds, window * WINDOW_BLOCKS + (group << 6), np.uint16(threshold))
            if popcount(reaching) < _WHOLE_GROUP:
                mask &= reaching
        alive[group] = mask
        found += popcount(mask)
    return found


@njit(**JIT)
def _clear(sums: Any, alive: Any, groups: Any) -> None:
    """Let the sums of blocks that are alive begin at 0. What becomes of the others is never looked at."""
    for group in range(groups):
        mask, base = alive[group], group << 12
        if mask == ~np.uint64(0):
            for at in range(base, base + (64 << 6), 64):
                clear_u16(sums, at)
            continue
        while mask != 0:
            clear_u16(sums, base + (trailing_zeros(mask) << 6))
            mask &= mask - np.uint64(1)


@njit(**JIT)
def _add_bitmap(
    segment: Any, sums: Any, alive: Any, groups: Any, data: Any, first: Any, ranks_at: Any, weight: Any
) -> None:
    """Add weight · impact of a bitmap's postings in blocks that are alive."""
    cap = cap_of(weight)
    for group in range(groups):
        mask = alive[group]
        if mask == 0:
            continue
        if mask == ~np.uint64(0):
            posting = first + bitmap_rank(segment.postings, data, segment.ranks, ranks_at, group << 6)
            for block in range(group << 6, (group + 1) << 6):
                word = word_at(segment.postings, data + 4 * block)
                expand_add(sums, block << 6, segment.impacts, posting, word, np.uint16(weight), cap)
                posting += np.int64(popcount(word))
            continue
        while mask != 0:
            block = (group << 6) + trailing_zeros(mask)
            mask &= mask - np.uint64(1)
            posting = first + bitmap_rank(segment.postings, data, segment.ranks, ranks_at, block)
            word = word_at(segment.postings, data + 4 * block)
            expand_add(sums, block << 6, segment.impacts, posting, word, np.uint16(weight), cap)


@njit(**JIT)
def _add_leaf(
    segment: Any, leaves: Any, scoring: Any, scratch: Any, leaf: Any, window: Any, groups: Any, scale: Any
) -> None:
    """Add weight · impact of a leaf's postings in a window to their documents' sums, in blocks that are alive at least."""
    sums, impacts, postings = scratch.sums, segment.impacts, segment.postings
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    first = scratch.tables[leaf, window, POSTING]
    weight = scratch.weights[leaf]
    if leaves.places[leaf, FIRST] < 0:
        for at in range(data, data + card):
            bound = np.int64(min(np.ceil(list_contribution(leaves, scoring, leaf, at) * scale), 65_535.0))
            low = leaves.list_docs[at] & 0xFFFF
            sums[low] = min(np.int64(sums[low]) + bound, 65_535)
    elif card <= ARRAY_MAX:
        lows, own = postings[data : data + card], impacts[first : first + card]
        for i in range(card):
            sums[lows[i]] = min(np.int64(sums[lows[i]]) + weight * np.int64(own[i]), 65_535)
    else:
        ranks_at = leaves.places[leaf, RANKED] + window * RANKS
        _add_bitmap(segment, sums, scratch.bits, groups, data, first, ranks_at, weight)


@njit(**JIT)
def _reached(histogram: Any, wanted: Any) -> Any:
    """The largest multiple of `_BIN` that at least so many of the noted sums reach; 0 if they are fewer."""
    reached = 0
    for bin_number in range((1 << 16) // _BIN - 1, -1, -1):
        reached += histogram[bin_number]
        if reached >= wanted:
            return bin_number * _BIN
    return 0


@njit(**JIT)
def _most(weights: Any, factors: Any, leaf: Any) -> Any:
    """The most that a leaf adds to a sum."""
    return weights[leaf] * np.int64(factors[leaf, MOST])


@njit(**JIT)
def _split_leaves(weights: Any, factors: Any, order: Any, threshold: Any) -> Any:
    """Put leaves in order of weight, heaviest first; returns how many are essential, and the most the others add.

    A document without any essential leaf stays below the threshold.
    """
    count = len(factors)
    for leaf in range(count):
        at = leaf
        while at > 0 and weights[order[at - 1]] < weights[leaf]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = leaf
    essential, rest = count, np.int64(0)
    while essential > 0 and rest + _most(weights, factors, order[essential - 1]) < threshold:
        essential -= 1
        rest += _most(weights, factors, order[essential])
    return essential, rest


@njit(**JIT)
def _leaf_cost(leaves: Any, tables: Any, leaf: Any, window: Any, alive: Any) -> Any:
    """Nanoseconds that adding a leaf's postings in a window takes, about, if so many of its blocks are alive."""
    card = tables[leaf, window, CARD]
    bitmap = card > ARRAY_MAX and leaves.places[leaf, FIRST] >= 0
    return alive * _BITMAP_BLOCK_NS if bitmap else card * _ARRAY_POSTING_NS


@njit(**JIT)
def windows_cost(leaves: Any, scratch: Any, windows: Any, alive: Any, threshold: Any) -> Any:
    """Nanoseconds that ranking by windows takes, about, if the threshold is known and so many blocks are alive."""
    essential, _ = _split_leaves(scratch.weights, leaves.factors, scratch.turns, threshold)
    cost, share = _SETTLE_NS + alive * _ALIVE_BLOCK_NS, alive / windows
    for turn in range(essential):
        for window in range(windows):
            cost += _leaf_cost(leaves, scratch.tables, scratch.turns[turn], window, share)
    return cost


@njit(**JIT)
def _count_window(sums: Any, alive: Any, groups: Any, least: Any) -> Any:
    """Documents of blocks that are alive whose sum is at least `least`."""
    found = np.int64(0)
    for group in range(groups):
        mask, base = alive[group], group << 12
        if mask == ~np.uint64(0):
            for at in range(base, base + (64 << 6), 64):
                found += popcount(at_least_u16(sums, at, np.uint16(least)))
            continue
        while mask != 0:
            found += popcount(at_least_u16(sums, base + (trailing_zeros(mask) << 6), np.uint16(least)))
            mask &= mask - np.uint64(1)
    return found


@njit(**JIT)
def _note_window(scratch: Any, allowed: Any, base: Any, groups: Any, least: Any, found: Any) -> Any:
    """Note the allowed documents of blocks alive whose sum is at least `least`; returns how many are noted now."""
    for group in range(groups):
        left = scratch.bits[group]
        while left != 0:
            block = (group << 6) + trailing_zeros(left)
            left &= left - np.uint64(1)
            mask = at_least_u16(scratch.sums, block << 6, np.uint16(least))
            if mask != 0 and len(allowed):
                mask &= allowed[(base >> 6) + block]
            while mask != 0:
                low = (block << 6) + trailing_zeros(mask)
                scratch.candidates[found], scratch.values[found] = base + low, np.int64(scratch.sums[low])
                found += 1
                mask &= mask - np.uint64(1)
    return found


@njit(**JIT)
def _complete(
    segment: Any, leaves: Any, scoring: Any, scratch: Any, leaf: Any, window: Any, begin: Any, found: Any, least: Any,
    scale: Any,
) -> Any:  # fmt: skip
    """Add a leaf to the documents noted in a window, from entry `begin` on, and forget those still below `least`."""
    data, card, kept = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD], begin
    listed, weight = leaves.places[leaf, FIRST] < 0, scratch.weights[leaf]
    if card > ARRAY_MAX and not listed:
        for i in range(begin, found):
            prefetch(segment.postings, data + 4 * (scratch.candidates[i] >> 6 & 1023))
    for i in range(begin, found):
        doc = scratch.candidates[i]
        posting = np.int64(find(segment, leaves, scratch.tables, leaf, window, doc & 0xFFFF))
        scratch.entries[i] = posting
        if not listed:
            prefetch(segment.impacts, posting)
    for i in range(begin, found):
        value, doc, posting = np.int64(scratch.values[i]), scratch.candidates[i], scratch.entries[i]
        if posting >= 0 and listed:
            value += np.int64(min(np.ceil(list_contribution(leaves, scoring, leaf, posting) * scale), 65_535.0))
        elif posting >= 0:
            value += weight * np.int64(segment.impacts[posting])
        scratch.candidates[kept], scratch.values[kept] = doc, min(value, 65_535)
        kept += value >= least
    return kept


@njit(**JIT)
def _rank_window(
    segment: Any, leaves: Any, scoring: Any, allowed: Any, scratch: Any, bounds: Any, window: Any, blocks: Any,
    found: Any, threshold: Any, scale: Any, settled: Any,
) -> Any:  # fmt: skip
    """Note the documents of a window whose sum reaches the threshold.

    Essential leaves are added for everybody; the others are looked up for the few who can still reach it, heaviest
    first, unless these are so many that adding the next leaf for everybody is cheaper. That is found out by counting
    them, once: `settled` is how many leaves an earlier window added, or 0.

    Returns
    -------
    found, settled : int
        How many documents are noted now; how many leaves were added.
    """
    count, begin, groups = len(leaves.places), found, (blocks + 63) >> 6
    essential, rest = _split_leaves(scratch.weights, leaves.factors, scratch.turns, threshold)
    present = False
    for turn in range(essential):
        present |= scratch.tables[scratch.turns[turn], window, CARD] > 0
    alive = _find_alive(bounds, scratch.bits, window, blocks, threshold) if present else 0
    if alive == 0:
        return found, settled
    _clear(scratch.sums, scratch.bits, groups)
    for turn in range(essential):
        _add_leaf(segment, leaves, scoring, scratch, scratch.turns[turn], window, groups, scale)
    while essential < count:
        leaf = scratch.turns[essential]
        if settled:
            if essential >= settled:
                break
        else:
            noted = _count_window(scratch.sums, scratch.bits, groups, max(threshold - rest, 1))
            if noted * _LOOK_UP_NS <= _leaf_cost(leaves, scratch.tables, leaf, window, alive):
                break
        _add_leaf(segment, leaves, scoring, scratch, leaf, window, groups, scale)
        rest -= _most(scratch.weights, leaves.factors, leaf)
        essential += 1
    found = _note_window(scratch, allowed, window << 16, groups, max(threshold - rest, 1), found)
    for turn in range(essential, count):
        leaf = scratch.turns[turn]
        rest -= _most(scratch.weights, leaves.factors, leaf)
        found = _complete(segment, leaves, scoring, scratch, leaf, window, begin, found, threshold - rest, scale)
    return found, essential


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
    segment: Any, leaves: Any, scoring: Any, scratch: Any, found: Any, scale: Any, highest: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Score the noted documents exactly and offer them to the heap: first the k most promising, then what is left.

    Returns `held`, and how many were scored.
    """
    cut = min(_reached(scratch.histogram, len(heap)), highest) if found > 2 * len(heap) else 0
    scored = 0
    for turn in range(2 if cut else 1):
        threshold, count = min(threshold_of(floor_of(heap, held, least), scale), highest), 0
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
    at: Any, leaves: Any, scoring: Any, allowed: Any, bounds: Any, scale: Any, tight: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer all documents of a segment to the heap; see `ranking.rank_segment` for the other parameters.

    Parameters
    ----------
    bounds : ndarray of uint16
        See `_find_alive`.
    """
    segment, scratch = segment_of(at), scratch_of(at)
    documents, count, k, highest = len(segment.lengths), len(leaves.places), len(heap), 65_535
    if len(bounds) == 0:
        scale, highest = weigh_finely(leaves, scratch.weights, scale, floor_of(heap, held, least))
    slack = 255 * count + _BIN
    for leaf in range(count):
        slack += scratch.weights[leaf]
    for bin_number in range((1 << 16) // _BIN):
        scratch.histogram[bin_number] = 0
    threshold, found, scored, settled = threshold_of(floor_of(heap, held, least), scale), 0, 0, 0
    for window in range((documents + WINDOW - 1) >> 16):
        blocks, begin = min(WINDOW_BLOCKS, (documents - (window << 16) + 63) >> 6), found
        found, settled = _rank_window(
            segment, leaves, scoring, allowed, scratch, bounds, window, blocks, found, threshold, scale, settled
        )
        for i in range(begin, found):
            scratch.histogram[scratch.values[i] // _BIN] += 1
        if found > begin:
            proven = (_reached(scratch.histogram, k) - slack) * tight
            threshold = max(threshold, min(np.int64(proven * FAVOUR), highest))
        if found > CANDIDATES_MAX - WINDOW:
            found = _keep(scratch, found, threshold)
        if found > CANDIDATES_MAX - WINDOW:
            held, more = _settle(
                segment, leaves, scoring, scratch, found, scale, highest, heap, held, least, base_place
            )
            scored, found = scored + more, 0
            threshold = max(threshold, min(threshold_of(floor_of(heap, held, least), scale), highest))
    found = _keep(scratch, found, threshold)
    held, more = _settle(segment, leaves, scoring, scratch, found, scale, highest, heap, held, least, base_place)
    return held, scored + more

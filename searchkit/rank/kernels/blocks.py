"""Block-max ranking, best blocks first: score the few blocks of 64 documents that can hold one of the k best.

For every block the sum of weight · (largest impact of the leaf in it) bounds what any of its documents
scores [1]_. Dense leaves have these maxima ready; sparse ones give them as their postings are walked, and
leave behind where each block's postings begin. Blocks are then visited by the batch, those of the largest bounds
first, which is score-at-a-time processing [2]_ of blocks instead of postings: after a few dozen, the threshold is
near its final value, and the rest is not looked at. Within a batch the heaviest leaf comes first, and a block is
dropped as soon as what it has and what is still to come stay below the threshold (max-score [3]_).

Cost: a bound is a fiftieth of a nanosecond a document and dense leaf; a visited block some 10 nanoseconds a
leaf. Where documents are in no helpful order and the query is long, most blocks stay alive; then this returns
after a batch or two, and the windows take over with the threshold reached and the bounds of all blocks.

.. [1] S. Ding, T. Suel, "Faster top-k document retrieval using block-max indexes", SIGIR 2011.
.. [2] V. N. Anh, A. Moffat, "Pruned query evaluation using pre-computed impacts", SIGIR 2006.
.. [3] H. Turtle, J. Flood, "Query evaluation: strategies and optimizations", IPM 31(6), 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    BATCH,
    CARD,
    DATA,
    FIRST,
    MAXIMA,
    POSTING,
    RANKED,
    RANKS,
    REQUIRED,
    SPARSE_MAX,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import (
    at_least_u16,
    expand_add,
    in_block_u16,
    multiply_add,
    popcount,
    prefetch,
    some,
    trailing_zeros,
)
from searchkit.rank.kernels.bounds import floor_of, threshold_of
from searchkit.rank.kernels.contexts import scratch_of, segment_of
from searchkit.rank.kernels.exact import NARROW, contribution, list_contribution
from searchkit.rank.kernels.heap import INLINE, JIT, key, push
from searchkit.rank.kernels.lists import bitmap_rank, word_at
from searchkit.rank.kernels.windows import windows_cost

GIVEN_UP = -2
_BLOCK_NS = 40.0
"""Of visiting a block, for each leaf: most of it is waiting for memory."""


@njit(**INLINE)
def _bound_sparse(
    segment: Any, leaves: Any, scoring: Any, scratch: Any, leaf: Any, window: Any, starts: Any, scale: Any
) -> None:
    """Add a sparse leaf's block maxima of a window to the bounds; note 1 + where each block begins in its container."""
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    first = scratch.tables[leaf, window, POSTING]
    weight, bounds, base = scratch.weights[leaf], scratch.bounds, window * WINDOW_BLOCKS
    if card > ARRAY_MAX and leaves.places[leaf, FIRST] >= 0:
        for block in range(WINDOW_BLOCKS):
            held = np.int64(popcount(word_at(segment.postings, data + 4 * block)))
            most = 0
            for i in range(held):
                most = max(most, np.int64(segment.impacts[first + i]))
            bounds[base + block] += np.uint16(weight * most)
            starts[base + block] = held > 0
            first += held
        return
    # Blocks are as good as random, so there is no branch on whether a posting begins a new one.
    listed, last, most, before, begins = leaves.places[leaf, FIRST] < 0, np.int64(-1), np.int64(0), np.int64(0), 0
    lows, impacts = segment.postings[data : data + card], segment.impacts[first : first + card]
    for i in range(card):
        if listed:
            block = np.int64(leaves.list_docs[data + i] & 0xFFFF) >> 6
            value = np.int64(np.ceil(list_contribution(leaves, scoring, leaf, data + i) * scale))
        else:
            block, value = np.int64(lows[i]) >> 6, weight * np.int64(impacts[i])
        same = block == last
        most = max(value, most) if same else value
        before = before if same else np.int64(bounds[base + block])
        begins = begins if same else i + 1
        bounds[base + block] = np.uint16(before + most)
        starts[base + block] = begins
        last = block


@njit(**JIT)
def _bound_blocks(at: Any, leaves: Any, scoring: Any, windows: Any, scale: Any) -> None:
    """Fill in the bound of every block, and where the postings of sparse leaves begin in each."""
    segment, scratch = segment_of(at), scratch_of(at)
    blocks = (len(segment.lengths) + 63) >> 6
    padded = (blocks + 63) & -64
    for block in range(padded):
        scratch.bounds[block] = 0
    sparse = 0
    for leaf in range(len(leaves.places)):
        maxima_at = leaves.places[leaf, MAXIMA]
        if maxima_at >= 0:
            for start in range(0, padded, 64):
                multiply_add(scratch.bounds, start, segment.maxima, maxima_at + start, np.uint16(scratch.weights[leaf]))
            continue
        for block in range(padded):
            scratch.starts[sparse, block] = 0
        for window in range(windows):
            _bound_sparse(segment, leaves, scoring, scratch, leaf, window, scratch.starts[sparse], scale)
        sparse += 1


@njit(**INLINE)
def _locate_block(segment: Any, leaves: Any, scratch: Any, leaf: Any, starts: Any, block: Any, row: Any) -> None:
    """Note where a leaf's postings of a block begin, and of a bitmap which documents they are; fetch their impacts.

    In `masks` and `firsts` of the batch: for a bitmap, its word and the number of the first posting; for an
    array, 0 and where in the container to begin; -1 if the leaf has nothing in the block.
    """
    window, within = block >> 10, block & 1023
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    first, at = scratch.tables[leaf, window, POSTING], leaves.places[leaf, MAXIMA]
    scratch.masks[leaf, row], scratch.firsts[leaf, row] = 0, -1
    if card == 0 or (at >= 0 and segment.maxima[at + block] == 0) or (at < 0 and starts[block] == 0):
        return
    listed = leaves.places[leaf, FIRST] < 0
    ranks_at = leaves.places[leaf, RANKED] + window * RANKS
    if not listed and card > ARRAY_MAX:
        posting = first + bitmap_rank(segment.postings, data, segment.ranks, ranks_at, within)
        scratch.masks[leaf, row] = word_at(segment.postings, data + 4 * within)
        scratch.firsts[leaf, row] = posting
        prefetch(segment.impacts, posting)
        return
    i = np.int64(segment.ranks[ranks_at + (within >> 3)]) if at >= 0 else np.int64(starts[block]) - 1
    scratch.firsts[leaf, row] = i
    if not listed:
        prefetch(segment.postings, data + i)
        prefetch(segment.postings, data + i + 31)
        prefetch(segment.impacts, first + i)


@njit(**JIT)
def _members(postings: Any, data: Any, i: Any, card: Any, block: Any) -> Any:
    """How many entries of an array container belong to a block, and the first of them; none of it lies before entry i.

    An array that is not empty is compared 32 entries at a time, since where in a stride a block begins is as good as
    random.
    """
    while data + i + 32 <= len(postings) and i < card:
        mask = in_block_u16(postings, data + i, np.uint16(block)) & some(card - i)
        if mask != 0:
            members, begins = np.int64(popcount(mask)), i + trailing_zeros(mask)
            if mask >> np.uint64(31) == 0:
                return members, begins
            i += 32
            while i < card and np.int64(postings[data + i]) >> 6 == block:
                members += 1
                i += 1
            return members, begins
        i += 32
    while i < card and np.int64(postings[data + i]) >> 6 < block:
        i += 1
    begins = i
    while i < card and np.int64(postings[data + i]) >> 6 == block:
        i += 1
    return i - begins, begins


@njit(**JIT)
def _add_listed(
    leaves: Any, scoring: Any, scratch: Any, leaf: Any, at: Any, end: Any, within: Any, row: Any, scale: Any
) -> Any:
    """Add the entries of a listed leaf that belong to a block; returns the largest."""
    share, mask = np.int64(0), np.uint64(0)
    scratch.firsts[leaf, row] = at
    while at < end and np.int64(leaves.list_docs[at] & 0xFFFF) >> 6 == within:
        low = np.int64(leaves.list_docs[at] & 63)
        value = np.int64(np.ceil(list_contribution(leaves, scoring, leaf, at) * scale))
        mask |= np.uint64(1) << np.uint64(low)
        scratch.batch[(row << 6) + low] += np.uint16(value)
        share = max(share, value)
        at += 1
    scratch.masks[leaf, row] = mask
    return share


@njit(**INLINE)
def _add_block(
    segment: Any, leaves: Any, scoring: Any, scratch: Any, leaf: Any, block: Any, row: Any, scale: Any
) -> Any:
    """Add a leaf's postings of a located block to its row of the batch; returns its share of the block's bound."""
    window, within = block >> 10, block & 1023
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    first = scratch.tables[leaf, window, POSTING]
    weight, at, sums = scratch.weights[leaf], leaves.places[leaf, MAXIMA], scratch.batch
    mask, i = scratch.masks[leaf, row], scratch.firsts[leaf, row]
    if i < 0:
        return np.int64(0)
    share = weight * np.int64(segment.maxima[at + block]) if at >= 0 else np.int64(0)
    if mask != 0:
        expand_add(sums, row << 6, segment.impacts, i, mask, np.uint16(weight), np.uint8(255))
        if at < 0:
            for posting in range(i, i + popcount(mask)):
                share = max(share, weight * np.int64(segment.impacts[posting]))
        return share
    if leaves.places[leaf, FIRST] < 0:
        return _add_listed(leaves, scoring, scratch, leaf, data + i, data + card, within, row, scale)
    members, begins = _members(segment.postings, data, i, card, within)
    scratch.firsts[leaf, row] = first + begins
    for i in range(begins, begins + members):
        low = np.int64(segment.postings[data + i]) & 63
        value = weight * np.int64(segment.impacts[first + i])
        mask |= np.uint64(1) << np.uint64(low)
        sums[(row << 6) + low] += np.uint16(value)
        if at < 0:
            share = max(share, value)
    scratch.masks[leaf, row] = mask
    return share


@njit(**INLINE)
def _fetch_facts(segment: Any, leaves: Any, scratch: Any, block: Any, row: Any, threshold: Any) -> None:
    """Begin to fetch what scoring the promising documents of a block will read: frequencies and lengths."""
    mask, narrow = at_least_u16(scratch.batch, row << 6, np.uint16(threshold)), len(segment.vectors) == NARROW
    while mask != 0:
        bit = np.uint64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        prefetch(segment.lengths, ((block << 6) + np.int64(bit)) * segment.lengths.shape[1])
        for leaf in range(len(leaves.places)):
            held_here = scratch.masks[leaf, row]
            if held_here >> bit & np.uint64(1) and leaves.places[leaf, FIRST] >= 0:
                below = held_here & ((np.uint64(1) << bit) - np.uint64(1))
                prefetch(segment.tfs, (scratch.firsts[leaf, row] + popcount(below)) >> narrow)


@njit(**INLINE)
def _score_block(
    segment: Any, leaves: Any, scoring: Any, allowed: Any, scratch: Any, block: Any, row: Any, scale: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Score exactly the documents of a block whose sums reach the threshold."""
    threshold = threshold_of(floor_of(heap, held, least), scale)
    mask = at_least_u16(scratch.batch, row << 6, np.uint16(threshold))
    if len(allowed):
        mask &= allowed[block]
    count, scored = len(leaves.places), 0
    for leaf in range(count):
        if leaves.factors[leaf, REQUIRED] != 0:
            mask &= scratch.masks[leaf, row]
    while mask != 0:
        bit = np.int64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        if scratch.batch[(row << 6) + bit] < threshold:
            continue
        doc, score = (block << 6) + bit, 0.0
        below = (np.uint64(1) << np.uint64(bit)) - np.uint64(1)
        for leaf in range(count):
            held_here = scratch.masks[leaf, row]
            if held_here >> np.uint64(bit) & np.uint64(1):
                posting = scratch.firsts[leaf, row] + popcount(held_here & below)
                score += contribution(segment, leaves, scoring, leaf, posting, doc)
        held = push(heap, held, key(score, base_place + doc))
        threshold = threshold_of(floor_of(heap, held, least), scale)
        scored += 1
    return held, scored


@njit(**INLINE)
def _fetch_ahead(segment: Any, leaves: Any, scratch: Any, turn: Any, size: Any) -> None:
    """Begin to fetch what adding a leaf to the blocks of a batch will read first: they lie far apart."""
    leaf = scratch.order[turn] & 0xFFFF
    if leaves.places[leaf, MAXIMA] < 0:
        return
    for i in range(size):
        block = scratch.blocks[0, i]
        window, within = block >> 10, block & 1023
        data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
        prefetch(segment.ranks, leaves.places[leaf, RANKED] + window * RANKS + (within >> 3))
        if card > ARRAY_MAX:
            prefetch(segment.postings, data + 4 * within)


@njit(**JIT)
def _score_batch(
    at: Any, leaves: Any, scoring: Any, allowed: Any, size: Any, scale: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Score a batch of blocks, heaviest leaf first, dropping those that fall behind."""
    segment, scratch = segment_of(at), scratch_of(at)
    blocks, rows, rest = scratch.blocks[0], scratch.blocks[1], scratch.rest
    threshold = threshold_of(floor_of(heap, held, least), scale)
    for i in range(size << 6):
        scratch.batch[i] = 0
    for i in range(size):
        rows[i], rest[i] = i, scratch.bounds[blocks[i]]
    count = len(leaves.places)
    _fetch_ahead(segment, leaves, scratch, 0, size)
    for turn in range(count):
        leaf = scratch.order[turn] & 0xFFFF
        starts = scratch.starts[scratch.order[turn] >> 16]
        if turn + 1 < count:
            _fetch_ahead(segment, leaves, scratch, turn + 1, size)
        for i in range(size):
            _locate_block(segment, leaves, scratch, leaf, starts, blocks[i], rows[i])
        for i in range(size):
            rest[rows[i]] -= _add_block(segment, leaves, scoring, scratch, leaf, blocks[i], rows[i], scale)
        if turn == count - 1 or threshold == 1:
            continue
        alive = 0
        for i in range(size):
            needed = threshold - rest[rows[i]]
            if needed <= 0 or at_least_u16(scratch.batch, rows[i] << 6, np.uint16(needed)) != 0:
                blocks[alive], rows[alive] = blocks[i], rows[i]
                alive += 1
        size = alive
    scored = 0
    for i in range(size):
        _fetch_facts(segment, leaves, scratch, blocks[i], rows[i], threshold)
    for i in range(size):
        held, more = _score_block(
            segment, leaves, scoring, allowed, scratch, blocks[i], rows[i], scale, heap, held, least, base_place
        )
        scored += more
    return held, scored


@njit(**JIT)
def _order_leaves(places: Any, weights: Any, order: Any) -> Any:
    """Leaves by descending weight, each with the row of its starts; returns how many are sparse."""
    sparse = 0
    for leaf in range(len(places)):
        entry = leaf
        if places[leaf, MAXIMA] < 0:
            entry |= sparse << 16
            sparse += 1
        at = leaf
        while at > 0 and weights[order[at - 1] & 0xFFFF] < weights[leaf]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = entry
        if sparse >= SPARSE_MAX:
            return sparse
    return sparse


@njit(**JIT)
def _count_from(bounds: Any, words: Any, low: Any) -> Any:
    """Blocks whose bound is at least `low`."""
    found = np.int64(0)
    for word in range(words):
        found += popcount(at_least_u16(bounds, word << 6, np.uint16(low)))
    return found


@njit(**JIT)
def _cut(bounds: Any, words: Any, threshold: Any, high: Any, taken: Any) -> Any:
    """The bound from which on to visit blocks next, if all from `high` on were visited, and how many will have been.

    It is the threshold if what is alive fits a batch; else one that leaves a batch at least a quarter full, as far
    as bounds tell blocks apart.
    """
    low, count = threshold, _count_from(bounds, words, threshold)
    best, reached = low, count
    while count - taken > BATCH and high - low > 1:
        middle = (low + high) >> 1
        found = _count_from(bounds, words, middle)
        if found - taken > BATCH:
            low, count = middle, found
        elif found > taken:
            best, reached = middle, found
            if found - taken >= BATCH // 4:
                break
            high = middle
        else:
            high = middle
    return (best, reached) if best > threshold else (low, count)


@njit(**INLINE)
def rank_blocks(
    at: Any, leaves: Any, scoring: Any, allowed: Any, scale: Any, cost: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer the documents of a segment to the heap, best blocks first; see `ranking.rank_segment`.

    Parameters
    ----------
    cost : float
        Nanoseconds an intersection would take; 0 if it is the windows that are the other way.

    Returns
    -------
    held : int
    visited : int
        Blocks looked into; or, if another kernel has to start anew, -1 if there was no room for so many leaves, and
        GIVEN_UP if too many blocks are alive: then their bounds stand in `scratch.bounds`.
    scored : int
    """
    segment, scratch = segment_of(at), scratch_of(at)
    documents = len(segment.lengths)
    if _order_leaves(leaves.places, scratch.weights, scratch.order) >= SPARSE_MAX:
        return held, -1, 0
    windows = (documents + WINDOW - 1) >> 16
    _bound_blocks(at, leaves, scoring, windows, scale)
    words = ((documents + 63) >> 6) + 63 >> 6
    largest = np.uint16(0)
    for block in range(words << 6):  # In its own width, so that the compiler compares 32 at a time.
        largest = max(largest, scratch.bounds[block])
    high = np.int64(largest) + 1
    threshold = threshold_of(floor_of(heap, held, least), scale)
    taken, scored, size = np.int64(0), 0, 0
    while high > threshold:
        low, reached = _cut(scratch.bounds, words, threshold, high, taken)
        word, last, mask = np.int64(0), words if reached > taken else 0, np.uint64(0)
        while word < last or mask != 0:
            while size < BATCH and (word < last or mask != 0):
                if mask == 0:
                    mask = at_least_u16(scratch.bounds, word << 6, np.uint16(low))
                    if mask != 0 and high <= 0xFFFF:
                        mask &= ~at_least_u16(scratch.bounds, word << 6, np.uint16(high))
                    word += 1
                else:
                    scratch.blocks[0, size] = (word - 1 << 6) + trailing_zeros(mask)
                    mask &= mask - np.uint64(1)
                    size += 1
            held, more = _score_batch(at, leaves, scoring, allowed, size, scale, heap, held, least, base_place)
            scored, size = scored + more, 0
        taken, high = reached, low
        threshold = threshold_of(floor_of(heap, held, least), scale)
        if high > threshold:
            alive = _count_from(scratch.bounds, words, threshold) - taken
            other = cost if cost > 0.0 else windows_cost(leaves, scratch, windows, alive + taken, threshold)
            if alive * len(leaves.places) * _BLOCK_NS > other:
                return held, GIVEN_UP, scored
    return held, taken, scored

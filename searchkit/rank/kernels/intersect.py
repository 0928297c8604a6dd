"""Documents that several lists have in common, 64 of the shortest list at a time.

A *chunk* is up to 64 documents of the driving leaf, whose container in the window is the smallest. What is left of
it after each other leaf is one word of 64 bits, so nothing is copied: a bitmap is asked for one bit a document, an
array is compared 64 entries at once after galloping [1]_ there by blocks of 64. Where the driver is a bitmap itself,
so are the others, and their words are joined before documents are listed. `spots` keeps where in an array a document
was found, since scores are computed from there. Cost: one to three nanoseconds for each document of the driving leaf
and other leaf.

.. [1] J. L. Bentley, A. C. Yao, "An almost optimal algorithm for unbounded searching", IPL 5(3), 1976; for
   sets: E. Demaine, A. López-Ortiz, J. I. Munro, "Adaptive set intersections", SODA 2000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    BLOCK,
    CARD,
    DATA,
    FIRST,
    POSTING,
    RANKED,
    RANKS,
    REQUIRED,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import at_least_u8, equal_u16, popcount, trailing_zeros
from searchkit.rank.kernels.heap import INLINE, JIT
from searchkit.rank.kernels.lists import bitmap_rank, lower_bound, word_at

AT = 0
"""Column of `Scratch.cursors`: from where on an array is searched for the next document."""
_UNKNOWN = -1
"""In `Scratch.spots`: the leaf holds the document, but its posting has not been looked up."""


@njit(**JIT)
def order_required(places: Any, factors: Any, tables: Any, order: Any, cursors: Any, window: Any) -> Any:
    """Put the required leaves in `order` by the size of their containers, ready to be met; returns how many.

    0 if one of them has no documents in this window.
    """
    count = 0
    for leaf in range(len(places)):
        if factors[leaf, REQUIRED] == 0:
            continue
        card = tables[leaf, window, CARD]
        if card == 0:
            return 0
        cursors[leaf, AT] = tables[leaf, window, DATA]
        at = count
        while at > 0 and tables[order[at - 1], window, CARD] > card:
            order[at] = order[at - 1]
            at -= 1
        order[at] = leaf
        count += 1
    return count


@njit(**INLINE)
def is_bitmap(places: Any, card: Any, leaf: Any) -> Any:
    """Whether a leaf's container with so many documents is a bitmap."""
    return card > ARRAY_MAX and places[leaf, FIRST] >= 0


@njit(**JIT)
def joined_word(postings: Any, places: Any, tables: Any, order: Any, required: Any, window: Any, block: Any) -> Any:
    """Documents of a block that stand in the driver, a bitmap, and in every other required leaf that is one."""
    word = word_at(postings, tables[order[0], window, DATA] + 4 * block)
    for turn in range(1, required):
        leaf = order[turn]
        if word == 0:
            break
        if places[leaf, FIRST] >= 0:
            word &= word_at(postings, tables[leaf, window, DATA] + 4 * block)
    return word


@njit(**JIT)
def _next_blocks(
    postings: Any, places: Any, tables: Any, order: Any, required: Any, window: Any, allowed: Any, block: Any,
    alive: Any, lows: Any,
) -> Any:  # fmt: skip
    """List the joined documents of the next blocks, as far as they fit a chunk; returns how many, and the next block."""
    size, group = np.int64(0), block & -BLOCK
    alive &= ~np.uint64(0) << np.uint64(block & (BLOCK - 1))
    while alive != 0:
        block = group + trailing_zeros(alive)
        word = joined_word(postings, places, tables, order, required, window, block)
        if word != 0 and len(allowed):
            word &= allowed[window * WINDOW_BLOCKS + block]
        if size + np.int64(popcount(word)) > BLOCK:
            return size, block
        while word != 0:
            lows[size] = (block << 6) + trailing_zeros(word)
            size += 1
            word &= word - np.uint64(1)
        alive &= alive - np.uint64(1)
    return size, group + BLOCK


@njit(**JIT)
def some(size: Any) -> Any:
    """A mask of so many ones; at most 64."""
    return ~np.uint64(0) if size >= BLOCK else (np.uint64(1) << np.uint64(size)) - np.uint64(1)


@njit(**JIT)
def promising(impacts: Any, at: Any, size: Any, needed: Any) -> Any:
    """One bit for each of up to 64 postings from `at` on whose impact is at least `needed`, 1 to 256."""
    if needed > 255:
        return np.uint64(0)
    if at + 64 <= len(impacts):
        return at_least_u8(impacts, at, np.uint8(needed)) & some(size)
    mask = np.uint64(0)
    for i in range(size):
        mask |= np.uint64(impacts[at + i] >= needed) << np.uint64(i)
    return mask


@njit(**JIT)
def _only_allowed(allowed: Any, lows: Any, mask: Any, window: Any) -> Any:
    """What is left of a chunk if only some documents may be results; `allowed` is not empty."""
    kept, left = np.uint64(0), mask
    while left != 0:
        i = np.uint64(trailing_zeros(left))
        left &= left - np.uint64(1)
        doc = (window << 16) + lows[i]
        kept |= (allowed[doc >> 6] >> np.uint64(doc & 63) & np.uint64(1)) << i
    return kept


@njit(**JIT)
def _meet_bitmap(postings: Any, data: Any, lows: Any, mask: Any, spots: Any) -> Any:
    met = np.uint64(0)
    while mask != 0:
        i = np.uint64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        low = lows[i]
        met |= np.uint64(postings[data + (low >> 4)] >> np.uint16(low & 15) & np.uint16(1)) << i
        spots[i] = _UNKNOWN
    return met


@njit(**JIT)
def _skip_to(postings: Any, at: Any, end: Any, low: Any) -> Any:
    """A place in an array, before which all is below `low`, and that is less than 64 before what is not."""
    at, step = at + BLOCK, BLOCK
    while at + step < end and postings[at + step - 1] < low:
        at += step
        step <<= 1
    while step > BLOCK:
        step >>= 1
        if at + step < end and postings[at + step - 1] < low:
            at += step
    while at + BLOCK < end and postings[at + BLOCK - 1] < low:
        at += BLOCK
    return at


@njit(**JIT)
def _meet_array(postings: Any, data: Any, first: Any, at: Any, end: Any, lows: Any, mask: Any, spots: Any) -> Any:
    """Returns what is met, and from where on to search for the next documents."""
    met = np.uint64(0)
    while mask != 0:
        i = np.uint64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        low = lows[i]
        if at + BLOCK < end and postings[at + BLOCK - 1] < low:
            at = _skip_to(postings, at, end, low)
        if at + BLOCK <= len(postings):
            equal = equal_u16(postings, at, np.uint16(low)) & some(end - at)
            met |= np.uint64(equal != 0) << i
            spots[i] = first + at - data + trailing_zeros(equal | np.uint64(1) << np.uint64(63))
        else:
            place = lower_bound(postings, at, end, low)
            met |= np.uint64(place < end and postings[min(place, end - 1)] == low) << i
            spots[i] = first + place - data
    return met, at


@njit(**JIT)
def _meet_list(docs: Any, base: Any, at: Any, end: Any, lows: Any, mask: Any, spots: Any) -> Any:
    met = np.uint64(0)
    while mask != 0:
        i = np.uint64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        doc, step = base + lows[i], 1
        while at + step < end and docs[at + step] < doc:
            at += step
            step <<= 1
        at = lower_bound(docs, at, min(at + step, end), doc)
        if at >= end:
            break
        met |= np.uint64(docs[at] == doc) << i
        spots[i] = at
    return met, at


@njit(**INLINE)
def meet(segment: Any, leaves: Any, scratch: Any, leaf: Any, window: Any, mask: Any) -> Any:
    """What of a chunk stands in another leaf; `spots` are filled for it."""
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    spots, met = scratch.spots[leaf], np.uint64(0)
    if leaves.places[leaf, FIRST] < 0:
        met, at = _meet_list(
            leaves.list_docs, window << 16, scratch.cursors[leaf, AT], data + card, scratch.lows, mask, spots
        )
        scratch.cursors[leaf, AT] = at
    elif card > ARRAY_MAX:
        met = _meet_bitmap(segment.postings, data, scratch.lows, mask, spots)
    else:
        first, begin = scratch.tables[leaf, window, POSTING], scratch.cursors[leaf, AT]
        met, at = _meet_array(segment.postings, data, first, begin, data + card, scratch.lows, mask, spots)
        scratch.cursors[leaf, AT] = at
    return met


@njit(**INLINE)
def spot(segment: Any, leaves: Any, scratch: Any, leaf: Any, window: Any, i: Any) -> Any:
    """Posting of a leaf for a document of the chunk that is known to hold it."""
    posting = scratch.spots[leaf, i]
    if posting == _UNKNOWN:
        data, low = scratch.tables[leaf, window, DATA], scratch.lows[i]
        word = word_at(segment.postings, data + 4 * (low >> 6))
        ranks_at = leaves.places[leaf, RANKED] + window * RANKS
        rank = bitmap_rank(segment.postings, data, segment.ranks, ranks_at, low >> 6)
        below = (np.uint64(1) << np.uint64(low & 63)) - np.uint64(1)
        posting = scratch.tables[leaf, window, POSTING] + rank + np.int64(popcount(word & below))
        scratch.spots[leaf, i] = posting
    return posting


@njit(**INLINE)
def next_chunk(
    segment: Any, leaves: Any, scratch: Any, allowed: Any, required: Any, window: Any, start: Any, alive: Any
) -> Any:
    """List the next documents of the driver.

    Parameters
    ----------
    start : int
        Where to go on: 0 at first. Of a bitmap, a block; of another container, an entry.
    alive : uint64
        Of the 64 blocks around `start`, those that are wanted, if the driver is a bitmap.

    Returns
    -------
    size : int
        Documents of the chunk, possibly 0. With a bitmap they stand in all bitmaps, and are allowed.
    start : int
        Where to go on; nothing is left from the last block, or the last entry, on.
    """
    driver = scratch.order[0]
    data, card = scratch.tables[driver, window, DATA], scratch.tables[driver, window, CARD]
    size, lows = np.int64(0), scratch.lows
    if is_bitmap(leaves.places, card, driver):
        size, start = _next_blocks(
            segment.postings, leaves.places, scratch.tables, scratch.order, required, window, allowed, start, alive,
            lows,
        )  # fmt: skip
        for turn in range(required):
            for i in range(size):
                scratch.spots[scratch.order[turn], i] = _UNKNOWN
    else:
        size = np.int64(min(card - start, BLOCK))
        first = scratch.tables[driver, window, POSTING] + start
        if leaves.places[driver, FIRST] < 0:
            for i in range(size):
                lows[i] = np.int64(leaves.list_docs[data + start + i] & 0xFFFF)
        else:
            for i in range(size):
                lows[i] = segment.postings[data + start + i]
        for i in range(size):
            scratch.spots[driver, i] = first + i
        start += size
    return size, start


@njit(**INLINE)
def meet_others(
    segment: Any, leaves: Any, scratch: Any, allowed: Any, required: Any, window: Any, dense: Any, mask: Any
) -> Any:
    """What of a chunk is allowed and stands in all other required leaves; `dense` if the driver is a bitmap."""
    for turn in range(1, required):
        leaf = scratch.order[turn]
        if mask != 0 and not (dense and leaves.places[leaf, FIRST] >= 0):
            mask = meet(segment, leaves, scratch, leaf, window, mask)
    if not dense and mask != 0 and len(allowed):
        mask = _only_allowed(allowed, scratch.lows, mask, window)
    return mask


@njit(**JIT)
def count_blocks(
    postings: Any, places: Any, tables: Any, order: Any, required: Any, window: Any, blocks: Any, allowed: Any
) -> Any:
    """Documents in so many blocks of a window that stand in all required leaves, which are bitmaps."""
    matched = np.int64(0)
    for block in range(blocks):
        word = joined_word(postings, places, tables, order, required, window, block)
        if len(allowed):
            word &= allowed[window * WINDOW_BLOCKS + block]
        matched += np.int64(popcount(word))
    return matched

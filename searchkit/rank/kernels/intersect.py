"""Documents that several lists have in common, 64 of the shortest list at a time.

A *chunk* is up to 64 documents of the driving leaf, whose container in the window is the smallest. What is left of
it after each other leaf is one word of 64 bits, so nothing is copied: a bitmap is asked for one bit a document, an
array is compared 64 entries at once, found by its rank directory or else by galloping [1]_ by blocks of 64. Where the driver is a bitmap itself,
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
    RANK_DOCUMENTS,
    RANKED,
    RANKS,
    REQUIRED,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import FEW, equal_few_u16, equal_u16, popcount, prefetch, some, trailing_zeros
from searchkit.rank.kernels.heap import INLINE, JIT
from searchkit.rank.kernels.lists import bitmap_rank, lower_bound, word_at

AT = 0
"""Column of `Scratch.cursors`: from where on an array is searched for the next document."""
_ENTRIES_A_LINE = 32
"""Entries of a rank directory that come from memory together."""
_HELD_BITS = 10
"""Bits for how many entries lie between two of a rank directory, `RANK_DOCUMENTS` at most."""
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


@njit(**JIT)
def fetch_containers(postings: Any, impacts: Any, ranks: Any, places: Any, tables: Any, windows: Any) -> None:
    """Begin to fetch what every container of the leaves is read by first: each lies elsewhere."""
    for leaf in range(len(places)):
        if places[leaf, FIRST] < 0:
            continue
        for window in range(windows):
            if tables[leaf, window, CARD] > 0:
                prefetch(postings, tables[leaf, window, DATA])
                prefetch(impacts, tables[leaf, window, POSTING])
                if places[leaf, RANKED] >= 0:
                    for at in range(0, RANKS, _ENTRIES_A_LINE):
                        prefetch(ranks, places[leaf, RANKED] + window * RANKS + at)


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
def _meet_ranked(
    postings: Any, ranks: Any, data: Any, first: Any, card: Any, ranks_at: Any, lows: Any, mask: Any, spots: Any
) -> Any:
    """What is met in an array with a rank directory: where to look follows from it, so no look waits for the one before."""
    left, met = mask, np.uint64(0)
    while left != 0:
        i = np.int64(trailing_zeros(left))
        left &= left - np.uint64(1)
        stride = lows[i] // RANK_DOCUMENTS
        at = np.int64(ranks[ranks_at + stride])
        held = (np.int64(ranks[ranks_at + stride + 1]) if stride + 1 < RANKS else card) - at
        spots[i] = (data + at) << _HELD_BITS | held
        prefetch(postings, data + at)
        prefetch(postings, data + at + FEW - 1)
    while mask != 0:
        i = np.int64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        at, low = spots[i] >> _HELD_BITS, np.uint16(lows[i])
        end = at + (spots[i] & ((1 << _HELD_BITS) - 1))
        if end - at <= FEW and at + FEW <= len(postings):
            equal = equal_few_u16(postings, at, low) & some(end - at)
            met |= np.uint64(equal != 0) << np.uint64(i)
            spots[i] = first + at - data + trailing_zeros(equal | np.uint64(1) << np.uint64(63))
            continue
        while at + BLOCK <= end and postings[at + BLOCK - 1] < low:
            at += BLOCK
        if at + BLOCK <= len(postings):
            equal = equal_u16(postings, at, low) & some(end - at)
            met |= np.uint64(equal != 0) << np.uint64(i)
            spots[i] = first + at - data + trailing_zeros(equal | np.uint64(1) << np.uint64(63))
        else:
            place = lower_bound(postings, at, end, low)
            met |= np.uint64(place < end and postings[min(place, end - 1)] == low) << np.uint64(i)
            spots[i] = first + place - data
    return met


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


@njit(**JIT)
def _meet(
    postings: Any, ranks: Any, list_docs: Any, places: Any, tables: Any, cursors: Any, lows: Any, all_spots: Any,
    leaf: Any, window: Any, mask: Any,
) -> Any:  # fmt: skip
    """What of a chunk stands in another leaf; `spots` are filled for it."""
    data, card = tables[leaf, window, DATA], tables[leaf, window, CARD]
    spots, at, end = all_spots[leaf], cursors[leaf, AT], data + card
    if places[leaf, FIRST] < 0:
        mask, at = _meet_list(list_docs, window << 16, at, end, lows, mask, spots)
    elif card > ARRAY_MAX:
        mask = _meet_bitmap(postings, data, lows, mask, spots)
    elif places[leaf, RANKED] >= 0:
        ranks_at = places[leaf, RANKED] + window * RANKS
        mask = _meet_ranked(postings, ranks, data, tables[leaf, window, POSTING], card, ranks_at, lows, mask, spots)
    else:
        mask, at = _meet_array(postings, data, tables[leaf, window, POSTING], at, end, lows, mask, spots)
    cursors[leaf, AT] = at
    return mask


@njit(**JIT)
def _meet_others(
    postings: Any, ranks: Any, list_docs: Any, places: Any, tables: Any, cursors: Any, lows: Any, spots: Any, order: Any,
    allowed: Any, required: Any, window: Any, dense: Any, mask: Any,
) -> Any:  # fmt: skip
    for turn in range(1, required):
        leaf = order[turn]
        if mask != 0 and not (dense and places[leaf, FIRST] >= 0):
            mask = _meet(postings, ranks, list_docs, places, tables, cursors, lows, spots, leaf, window, mask)
    if not dense and mask != 0 and len(allowed):
        mask = _only_allowed(allowed, lows, mask, window)
    return mask


@njit(**INLINE)
def meet_others(
    segment: Any, leaves: Any, scratch: Any, allowed: Any, required: Any, window: Any, dense: Any, mask: Any
) -> Any:
    """What of a chunk is allowed and stands in all other required leaves; `dense` if the driver is a bitmap."""
    return _meet_others(
        segment.postings, segment.ranks, leaves.list_docs, leaves.places, scratch.tables, scratch.cursors, scratch.lows,
        scratch.spots, scratch.order, allowed, required, window, dense, mask,
    )  # fmt: skip


@njit(**JIT)
def _spot_in_bitmap(
    postings: Any, ranks: Any, places: Any, tables: Any, lows: Any, spots: Any, leaf: Any, window: Any, i: Any
) -> Any:
    data, low = tables[leaf, window, DATA], lows[i]
    word = word_at(postings, data + 4 * (low >> 6))
    rank = bitmap_rank(postings, data, ranks, places[leaf, RANKED] + window * RANKS, low >> 6)
    below = (np.uint64(1) << np.uint64(low & 63)) - np.uint64(1)
    spots[leaf, i] = tables[leaf, window, POSTING] + rank + np.int64(popcount(word & below))
    return spots[leaf, i]


@njit(**INLINE)
def spot(segment: Any, leaves: Any, scratch: Any, leaf: Any, window: Any, i: Any) -> Any:
    """Posting of a leaf for a document of the chunk that is known to hold it."""
    posting = scratch.spots[leaf, i]
    if posting == _UNKNOWN:
        posting = _spot_in_bitmap(
            segment.postings, segment.ranks, leaves.places, scratch.tables, scratch.lows, scratch.spots, leaf, window, i
        )
    return posting


@njit(**JIT)
def _next_chunk(
    postings: Any, list_docs: Any, places: Any, tables: Any, order: Any, lows: Any, spots: Any, allowed: Any,
    required: Any, window: Any, start: Any, alive: Any,
) -> Any:  # fmt: skip
    driver = order[0]
    data, card = tables[driver, window, DATA], tables[driver, window, CARD]
    size = np.int64(0)
    if is_bitmap(places, card, driver):
        size, start = _next_blocks(postings, places, tables, order, required, window, allowed, start, alive, lows)
        for turn in range(required):
            for i in range(size):
                spots[order[turn], i] = _UNKNOWN
    else:
        size = np.int64(min(card - start, BLOCK))
        first = tables[driver, window, POSTING] + start
        # Of slices, whose indices are known to be good, the compiler copies several at a time.
        if places[driver, FIRST] < 0:
            entries = list_docs[data + start : data + start + size]
            for i in range(size):
                lows[i] = np.int64(entries[i] & 0xFFFF)
        else:
            own = postings[data + start : data + start + size]
            for i in range(size):
                lows[i] = own[i]
        for i in range(size):
            spots[driver, i] = first + i
        start += size
    return size, start


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
    return _next_chunk(
        segment.postings, leaves.list_docs, leaves.places, scratch.tables, scratch.order, scratch.lows, scratch.spots,
        allowed, required, window, start, alive,
    )  # fmt: skip


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


@njit(**JIT)
def _fetch(
    postings: Any, ranks: Any, places: Any, tables: Any, lows: Any, spots: Any, order: Any, required: Any, window: Any,
    mask: Any, first: Any, shift: Any, second: Any, second_shift: Any,
) -> Any:  # fmt: skip
    while mask != 0:
        i = np.int64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        for turn in range(required):
            leaf = order[turn]
            if places[leaf, FIRST] >= 0:
                posting = spots[leaf, i]
                if posting == _UNKNOWN:
                    posting = _spot_in_bitmap(postings, ranks, places, tables, lows, spots, leaf, window, i)
                prefetch(first, posting >> shift)
                prefetch(second, posting >> second_shift)


@njit(**INLINE)
def fetch_ahead(
    segment: Any, leaves: Any, scratch: Any, required: Any, window: Any, mask: Any, first: Any, shift: Any, second: Any,
    second_shift: Any,
) -> None:  # fmt: skip
    """Look up the postings of a chunk's documents, and begin to fetch what two arrays hold of them.

    `shift` and `second_shift` say how many postings, as a power of two, share an entry of the arrays. By the time an
    entry is read it is there, where reading one after the other would wait for memory each time.
    """
    _fetch(
        segment.postings, segment.ranks, leaves.places, scratch.tables, scratch.lows, scratch.spots, scratch.order,
        required, window, mask, first, shift, second, second_shift,
    )  # fmt: skip

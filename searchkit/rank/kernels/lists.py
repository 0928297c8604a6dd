"""Posting lists as they lie in the file: containers, ranks, and which posting is whose.

A list is a roaring bitmap [1]_: for each window of 65,536 documents an array of uint16, or a bitmap where
there are more than 4,096. Lists of up to 8 documents are arrays without headers. `open_lists` finds the containers of all leaves of a query, some nanoseconds each;
`find` says whether a document is in one, and which posting is its own, by the rank directories of
`describe.py` where there are any. Nothing here knows scores.

.. [1] D. Lemire, G. Ssi-Yan-Kai, O. Kaser, "Consistently faster and smaller compressed bitmaps with
   Roaring", Software: Practice and Experience 46(11), 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    CARD,
    DATA,
    END,
    FAULT,
    FIRST,
    FREQUENCY,
    POSTING,
    RANKED,
    RANKS,
    SMALL_LIST_MAX,
    START,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import popcount, popcount_words, trailing_zeros
from searchkit.rank.kernels.heap import INLINE, JIT

_COOKIE = 12346
RANK_WORDS = WINDOW_BLOCKS // RANKS
"""Words of a bitmap between two entries of its rank directory."""


@njit(**JIT)
def word_at(postings: Any, at: Any) -> Any:
    """64 bits of a bitmap container that begin at a uint16."""
    return (
        np.uint64(postings[at])
        | np.uint64(postings[at + 1]) << np.uint64(16)
        | np.uint64(postings[at + 2]) << np.uint64(32)
        | np.uint64(postings[at + 3]) << np.uint64(48)
    )


@njit(**JIT)
def lower_bound(values: Any, low: Any, high: Any, wanted: Any) -> Any:
    """The first index in low..high whose value is not below `wanted`."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@njit(**JIT)
def _open_small_list(postings: Any, place: Any, table: Any, windows: Any) -> Any:
    """Enter the low halves of a small list in a table by window; FAULT if the high ones are not windows in order."""
    start, frequency, last = place[START], place[FREQUENCY], np.int64(0)
    if place[END] - start != 2 * frequency:
        return FAULT
    for window in range(windows):
        table[window, CARD] = 0
    for i in range(frequency):
        window = np.int64(postings[start + frequency + i])
        if window < last or window >= windows:
            return FAULT
        if table[window, CARD] == 0:
            table[window, DATA], table[window, POSTING] = start + i, place[FIRST] + i
        table[window, CARD] += 1
        last = window
    return 0


@njit(**JIT)
def open_posting_list(postings: Any, place: Any, table: Any, windows: Any) -> Any:
    """Enter the containers of a posting list in a table by window; FAULT if a header does not fit its list."""
    start, end, frequency = place[START], place[END], place[FREQUENCY]
    if frequency <= SMALL_LIST_MAX:
        return _open_small_list(postings, place, table, windows)
    if end - start < 4 or postings[start] != _COOKIE:
        return FAULT
    containers = np.int64(postings[start + 2]) | np.int64(postings[start + 3]) << 16
    if start + 4 + 4 * containers > end:
        return FAULT
    before, last = np.int64(0), -1
    for number in range(containers):
        window = np.int64(postings[start + 4 + 2 * number])
        card = np.int64(postings[start + 5 + 2 * number]) + 1
        offset_at = start + 4 + 2 * containers + 2 * number
        offset = np.int64(postings[offset_at]) | np.int64(postings[offset_at + 1]) << 16
        data = start + (offset >> 1)
        size = card if card <= ARRAY_MAX else WINDOW // 16
        if window <= last or window >= windows or offset & 1 or data + size > end or before + card > frequency:
            return FAULT
        for skipped in range(last + 1, window):
            table[skipped, CARD] = 0
        table[window, DATA], table[window, CARD], table[window, POSTING] = data, card, place[FIRST] + before
        before += card
        last = window
    for skipped in range(last + 1, windows):
        table[skipped, CARD] = 0
    return FAULT if before != frequency else 0


@njit(**JIT)
def open_lists(postings: Any, leaves: Any, tables: Any, windows: Any) -> Any:
    """Find the container of every leaf and window. Returns FAULT if a header does not fit its list.

    The entries of a listed leaf count as its postings.
    """
    for leaf in range(len(leaves.places)):
        place = leaves.places[leaf]
        if place[FIRST] >= 0:
            if open_posting_list(postings, place, tables[leaf], windows) == FAULT:
                return FAULT
            continue
        at = place[START]
        for window in range(windows):
            stop = lower_bound(leaves.list_docs, at, place[END], (window + 1) << 16)
            tables[leaf, window, DATA] = tables[leaf, window, POSTING] = at
            tables[leaf, window, CARD] = stop - at
            at = stop
    return 0


@njit(**JIT)
def bitmap_rank(postings: Any, data: Any, ranks: Any, ranks_at: Any, block: Any) -> Any:
    """Documents of a bitmap container before one of its words; `ranks_at` is where its directory begins."""
    first = data + 4 * (block & -RANK_WORDS)
    return np.int64(ranks[ranks_at + block // RANK_WORDS]) + popcount_words(postings, first, block & (RANK_WORDS - 1))


@njit(**JIT)
def bitmap_select(postings: Any, data: Any, ranks: Any, ranks_at: Any, rank: Any) -> Any:
    """The document of a bitmap container that has `rank` documents before it."""
    stride = lower_bound(ranks, ranks_at, ranks_at + RANKS, rank + 1) - ranks_at - 1
    left = rank - np.int64(ranks[ranks_at + stride])
    block = stride * RANK_WORDS
    word = word_at(postings, data + 4 * block)
    while popcount(word) <= left:
        left -= popcount(word)
        block += 1
        word = word_at(postings, data + 4 * block)
    for _ in range(left):
        word &= word - np.uint64(1)
    return (block << 6) + trailing_zeros(word)


@njit(**INLINE)
def find(segment: Any, leaves: Any, tables: Any, leaf: Any, window: Any, doc: Any) -> Any:
    """Which posting of a leaf is that of a document of a window (both 0-based); -1 if it has none."""
    data, card = tables[leaf, window, DATA], tables[leaf, window, CARD]
    first = tables[leaf, window, POSTING]
    if card == 0:
        return -1
    postings, ranks_at = segment.postings, leaves.places[leaf, RANKED] + window * RANKS
    if leaves.places[leaf, FIRST] < 0:
        at = lower_bound(leaves.list_docs, data, data + card, (window << 16) + doc)
        return at if at < data + card and leaves.list_docs[at] == (window << 16) + doc else -1
    if card <= ARRAY_MAX:
        low, high = data, data + card
        if leaves.places[leaf, RANKED] >= 0:
            stride = doc // (WINDOW // RANKS)
            low = data + np.int64(segment.ranks[ranks_at + stride])
            high = high if stride + 1 == RANKS else data + np.int64(segment.ranks[ranks_at + stride + 1])
        stop = data + card
        low = lower_bound(postings, low, high, doc)
        return first + low - data if low < stop and postings[low] == doc else -1
    word, bit = word_at(postings, data + 4 * (doc >> 6)), np.uint64(doc & 63)
    if not word >> bit & np.uint64(1):
        return -1
    rank = bitmap_rank(postings, data, segment.ranks, ranks_at, doc >> 6)
    return first + rank + popcount(word & ((np.uint64(1) << bit) - np.uint64(1)))

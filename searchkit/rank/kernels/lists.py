"""Posting lists as they lie in the file: containers, ranks, block maxima, and which posting is whose.

A list is a roaring bitmap [1]_: for each window of 65,536 documents an array of uint16, or a bitmap where
there are more than 4,096. `open_lists` finds the containers of all leaves of a query, some nanoseconds each.
`describe_term` walks a list once, when a process first meets the term, checks it whole, and derives what
skipping needs: a rank directory, as for rank queries on bit vectors [2]_, and the largest impact of every
block of 64 documents, as in block-max indexes [3]_. That costs about a nanosecond a posting, as much as its
checksum. Nothing here knows scores.

.. [1] D. Lemire, G. Ssi-Yan-Kai, O. Kaser, "Consistently faster and smaller compressed bitmaps with
   Roaring", Software: Practice and Experience 46(11), 2016.
.. [2] G. Jacobson, "Space-efficient static trees and graphs", FOCS 1989.
.. [3] S. Ding, T. Suel, "Faster top-k document retrieval using block-max indexes", SIGIR 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    CARD,
    DATA,
    END,
    FAULT,
    FIRST,
    FREQUENCY,
    MAXIMA,
    POSTING,
    RANKED,
    RANKS,
    START,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import popcount, trailing_zeros
from searchkit.rank.kernels.heap import INLINE, JIT

_COOKIE = 12346
_RANK_WORDS = WINDOW_BLOCKS // RANKS


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
def _open_posting_list(postings: Any, place: Any, table: Any, windows: Any) -> Any:
    """Enter the containers of a roaring bitmap in a table by window; FAULT if a header does not fit its list."""
    start, end, frequency = place[START], place[END], place[FREQUENCY]
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
def open_lists(segment: Any, leaves: Any, tables: Any, windows: Any) -> Any:
    """Find the container of every leaf and window. Returns FAULT if a header does not fit its list.

    The entries of a listed leaf count as its postings.
    """
    for leaf in range(len(leaves.places)):
        place = leaves.places[leaf]
        if place[FIRST] >= 0:
            if _open_posting_list(segment.postings, place, tables[leaf], windows) == FAULT:
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
    rank = np.int64(ranks[ranks_at + block // _RANK_WORDS])
    for before in range(block & -_RANK_WORDS, block):
        rank += popcount(word_at(postings, data + 4 * before))
    return rank


@njit(**JIT)
def bitmap_select(postings: Any, data: Any, ranks: Any, ranks_at: Any, rank: Any) -> Any:
    """The document of a bitmap container that has `rank` documents before it."""
    stride = lower_bound(ranks, ranks_at, ranks_at + RANKS, rank + 1) - ranks_at - 1
    left = rank - np.int64(ranks[ranks_at + stride])
    block = stride * _RANK_WORDS
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


@njit(**INLINE)
def _note(impacts: Any, posting: Any, block: Any, maxima: Any, maxima_at: Any) -> None:
    if maxima_at >= 0:
        maxima[maxima_at + block] = max(maxima[maxima_at + block], impacts[posting])


@njit(**JIT)
def _describe_array(segment: Any, card: Any, data: Any, posting: Any, ranks_at: Any, maxima_at: Any) -> Any:
    """Ranks and maxima of an array container; FAULT unless it ascends."""
    last, filled = np.int64(-1), 0
    for i in range(card):
        doc = np.int64(segment.postings[data + i])
        if doc <= last:
            return FAULT
        if ranks_at >= 0:
            while filled <= doc // (WINDOW // RANKS):
                segment.ranks[ranks_at + filled] = i
                filled += 1
        _note(segment.impacts, posting + i, doc >> 6, segment.maxima, maxima_at)
        last = doc
    while ranks_at >= 0 and filled < RANKS:
        segment.ranks[ranks_at + filled] = card
        filled += 1
    return last


@njit(**JIT)
def _describe_bitmap(segment: Any, card: Any, data: Any, posting: Any, ranks_at: Any, maxima_at: Any) -> Any:
    """Ranks and maxima of a bitmap container; FAULT unless it holds as many documents as its header says."""
    rank, last = 0, 0
    for block in range(WINDOW_BLOCKS):
        if block % _RANK_WORDS == 0:
            segment.ranks[ranks_at + block // _RANK_WORDS] = rank
        word = word_at(segment.postings, data + 4 * block)
        held = np.int64(popcount(word))
        if rank + held > card:
            return FAULT
        for i in range(held):
            _note(segment.impacts, posting + rank + i, block, segment.maxima, maxima_at)
        rank += held
        last = block if held else last
    if rank != card:
        return FAULT
    word = word_at(segment.postings, data + 4 * last)
    for _ in range(popcount(word) - 1):
        word &= word - np.uint64(1)
    return (last << 6) + trailing_zeros(word)


@njit(**JIT)
def describe_term(segment: Any, place: Any, table: Any) -> Any:
    """Check a posting list whole, and fill its rows of `segment.ranks` and `segment.maxima`.

    Parameters
    ----------
    segment : SegmentArrays
        With `maxima` and `ranks` writable.
    place : ndarray of shape (6,), int64
        A row of `Leaves.places`.
    table : ndarray of shape (windows, 3), int64
        Room for the containers of the list; filled.

    Returns
    -------
    int
        0, or FAULT if the list is not what its header and the counts beside it say.
    """
    documents = len(segment.lengths)
    windows = (documents + WINDOW - 1) >> 16
    if _open_posting_list(segment.postings, place, table, windows) == FAULT:
        return FAULT
    if place[FIRST] + place[FREQUENCY] > len(segment.impacts):
        return FAULT
    for window in range(windows):
        data, card, posting = table[window]
        if card == 0:
            continue
        ranks_at = place[RANKED] + window * RANKS if place[RANKED] >= 0 else -1
        maxima_at = place[MAXIMA] + window * WINDOW_BLOCKS if place[MAXIMA] >= 0 else -1
        if card <= ARRAY_MAX:
            last = _describe_array(segment, card, data, posting, ranks_at, maxima_at)
        elif ranks_at < 0:
            return FAULT
        else:
            last = _describe_bitmap(segment, card, data, posting, ranks_at, maxima_at)
        if last == FAULT or (window << 16) + last >= documents:
            return FAULT
    return 0


@njit(**JIT)
def impact_histogram(segment: Any, place: Any, table: Any, allowed: Any, histogram: Any) -> None:
    """How many documents of a described term have each impact, leaving out those that are not allowed.

    Parameters
    ----------
    allowed : ndarray of shape (ceil(documents / 64),), uint64, or of shape (0,)
        One bit for each document that counts; empty if all do.
    histogram : ndarray of shape (256,), int64
        Filled.
    """
    for impact in range(len(histogram)):
        histogram[impact] = 0
    if len(allowed) == 0:
        for posting in range(place[FIRST], place[FIRST] + place[FREQUENCY]):
            histogram[segment.impacts[posting]] += 1
        return
    for window in range(len(table)):
        data, card, posting = table[window]
        base = window * WINDOW_BLOCKS
        if card <= ARRAY_MAX:
            for i in range(card):
                doc = np.int64(segment.postings[data + i])
                if allowed[base + (doc >> 6)] >> np.uint64(doc & 63) & np.uint64(1):
                    histogram[segment.impacts[posting + i]] += 1
            continue
        for block in range(WINDOW_BLOCKS):
            word = word_at(segment.postings, data + 4 * block)
            while word != 0:
                if allowed[base + block] >> np.uint64(trailing_zeros(word)) & np.uint64(1):
                    histogram[segment.impacts[posting]] += 1
                posting += 1
                word &= word - np.uint64(1)

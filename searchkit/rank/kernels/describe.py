"""What is derived of a term when a process first meets it: its list is checked whole, and bounds follow from facts.

Walking the list once gives three things: the impact of each posting, ceil(255 · f / (f + k1)), which bounds
what it can score [1]_; for terms that have room for them, the largest impact in every block of 64 documents,
as in block-max indexes [2]_, and a rank directory, as for rank queries on bit vectors [3]_. Some four
nanoseconds a posting, once a process; none of it is stored, so a file holds facts only and nothing can disagree
with them. Impacts hold for the parameters they were derived with; a query with others scales them (rank/bounds.py).

.. [1] V. N. Anh, O. de Kretser, A. Moffat, "Vector-space ranking with effective early termination", SIGIR 2001.
.. [2] S. Ding, T. Suel, "Faster top-k document retrieval using block-max indexes", SIGIR 2011.
.. [3] G. Jacobson, "Space-efficient static trees and graphs", FOCS 1989.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    FAULT,
    FIRST,
    FREQUENCY,
    MAXIMA,
    RANKED,
    RANKS,
    WINDOW,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import popcount, trailing_zeros
from searchkit.rank.kernels.exact import combined_frequency
from searchkit.rank.kernels.heap import INLINE, JIT
from searchkit.rank.kernels.lists import RANK_WORDS, open_posting_list, word_at


@njit(**INLINE)
def _note(segment: Any, scoring: Any, posting: Any, doc: Any, block: Any, maxima_at: Any) -> None:
    """Derive the impact of a posting, and let its block know."""
    f = combined_frequency(segment, scoring, posting, doc)
    impact = np.uint8(min(max(np.ceil(255.0 * f / (f + scoring.k1)), 1.0), 255.0))
    segment.impacts[posting] = impact
    if maxima_at >= 0:
        segment.maxima[maxima_at + block] = max(segment.maxima[maxima_at + block], impact)


@njit(**JIT)
def _describe_array(
    segment: Any, scoring: Any, base: Any, card: Any, data: Any, posting: Any, ranks_at: Any, maxima_at: Any
) -> Any:
    """Impacts, ranks and maxima of an array container; FAULT unless it ascends within the documents there are."""
    last, filled, documents = np.int64(-1), 0, len(segment.lengths)
    for i in range(card):
        low = np.int64(segment.postings[data + i])
        if low <= last or base + low >= documents:
            return FAULT
        if ranks_at >= 0:
            while filled <= low // (WINDOW // RANKS):
                segment.ranks[ranks_at + filled] = i
                filled += 1
        _note(segment, scoring, posting + i, base + low, low >> 6, maxima_at)
        last = low
    while ranks_at >= 0 and filled < RANKS:
        segment.ranks[ranks_at + filled] = card
        filled += 1
    return 0


@njit(**JIT)
def _describe_bitmap(
    segment: Any, scoring: Any, base: Any, card: Any, data: Any, posting: Any, ranks_at: Any, maxima_at: Any
) -> Any:
    """Impacts, ranks and maxima of a bitmap; FAULT unless it holds what its header says, of documents there are."""
    rank, documents = 0, len(segment.lengths)
    for block in range(WINDOW_BLOCKS):
        if block % RANK_WORDS == 0:
            segment.ranks[ranks_at + block // RANK_WORDS] = rank
        word = word_at(segment.postings, data + 4 * block)
        if rank + np.int64(popcount(word)) > card:
            return FAULT
        while word != 0:
            doc = base + (block << 6) + trailing_zeros(word)
            if doc >= documents:
                return FAULT
            _note(segment, scoring, posting + rank, doc, block, maxima_at)
            word &= word - np.uint64(1)
            rank += 1
    return 0 if rank == card else FAULT


@njit(**JIT)
def describe_term(segment: Any, scoring: Any, place: Any, table: Any) -> Any:
    """Check a posting list whole, and fill its share of `segment.impacts`, `ranks` and `maxima`.

    Parameters
    ----------
    segment : SegmentArrays
        With `impacts`, `maxima` and `ranks` writable.
    scoring : Scoring
        The parameters of the impacts.
    place : ndarray of shape (6,), int64
        A row of `Leaves.places`.
    table : ndarray of shape (windows, 3), int64
        Room for the containers of the list; filled.

    Returns
    -------
    int
        0, or FAULT if the list is not what its header and the counts beside it say.
    """
    windows = (len(segment.lengths) + WINDOW - 1) >> 16
    if open_posting_list(segment.postings, place, table, windows) == FAULT:
        return FAULT
    if place[FIRST] + place[FREQUENCY] > len(segment.impacts):
        return FAULT
    for window in range(windows):
        data, card, posting = table[window]
        if card == 0:
            continue
        ranks_at = place[RANKED] + window * RANKS if place[RANKED] >= 0 else -1
        maxima_at = place[MAXIMA] + window * WINDOW_BLOCKS if place[MAXIMA] >= 0 else -1
        base = window << 16
        if card <= ARRAY_MAX:
            state = _describe_array(segment, scoring, base, card, data, posting, ranks_at, maxima_at)
        elif ranks_at < 0:
            return FAULT
        else:
            state = _describe_bitmap(segment, scoring, base, card, data, posting, ranks_at, maxima_at)
        if state == FAULT:
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

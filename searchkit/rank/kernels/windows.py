"""Windowed term-at-a-time ranking: integer upper bounds for everybody, exact scores for the few that matter.

A segment is walked in windows of 65,536 documents, which is one roaring container. In each, every leaf adds
weight · impact to a 16-bit sum per document: an upper bound of its score, at half a nanosecond a posting.
Documents whose sum cannot reach the k-th best score so far are left alone; the others, a few dozen, are
scored exactly, in float64, with the operations of `rank/bm25.py` in their order. This is the term-at-a-time
half of the hybrid of [1]_, over impacts quantised upwards as in [2]_, so nothing is lost by quantising.

Sums cannot overflow: weights are ceil(scale · bound / 255) with scale = (65,535 - 255 · leaves) / sum of
bounds. A threshold theta becomes floor(theta · scale · (1 - 1e-6)), which rounds in favour of the document.

Arrays are indexed, never addressed: a checked build (NUMBA_BOUNDSCHECK=1) runs the same code. Headers of
posting lists are validated where they are read; `FAULT` as a result means that one did not fit its list.

.. [1] H. Turtle, J. Flood, "Query evaluation: strategies and optimizations", IPM 31(6), 1995 (max-score).
.. [2] V. N. Anh, O. de Kretser, A. Moffat, "Vector-space ranking with effective early termination",
   SIGIR 2001 (impacts). Theirs replace scores; ours only bound them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from searchkit.rank.kernels.bits import popcount, trailing_zeros
from searchkit.rank.kernels.heap import JIT, push

WINDOW = 1 << 16
LEAVES_MAX = 128
"""Leaves of a query the sums have room for; longer ones are answered by the plain ranker."""
FAULT = -1

_ARRAY_MAX = 4096
_COOKIE = 12346
_WORDS = WINDOW // 64
_RANK_STRIDE = 8
_FAVOUR = 1 - 1e-6
_BINS = 1024


class SegmentArrays(NamedTuple):
    """What a kernel reads of a segment; see segment/FORMAT.md.

    `postings` is the part of that name as uint16 pairs of bytes, `lengths` has shape (documents, fields),
    `vectors` (256, fields), `escapes` (len(escaped), fields).
    """

    postings: Any
    impacts: Any
    tfs: Any
    vectors: Any
    escaped: Any
    escapes: Any
    lengths: Any


class Leaves(NamedTuple):
    """The leaves of a query that occur in a segment, in the order their scores are summed.

    Attributes
    ----------
    places : ndarray of shape (n, 4), int64
        For a word: where its posting list begins and ends in `postings`, its first posting, its document
        frequency. For a list: where it begins and ends in `list_docs`, -1, its length.
    idfs, times, bounds : ndarray of shape (n,), float64
        A leaf adds times · idf · f / (f + k1), at most `bounds` times impact / 255.
    list_docs : ndarray of shape (m,), uint32
    list_f : ndarray of shape (m,), float64
        Documents and f of leaves that are no single posting list, one after the other.
    """

    places: Any
    idfs: Any
    times: Any
    bounds: Any
    list_docs: Any
    list_f: Any


class Scratch(NamedTuple):
    """Memory of one thread: sums, candidates of a window, where each leaf stands, counts of bits."""

    sums: Any
    candidates: Any
    values: Any
    cursors: Any
    ranks: Any
    histogram: Any
    weights: Any


def new_scratch() -> Scratch:
    """About 700 KB."""
    return Scratch(
        sums=np.zeros(WINDOW, np.uint16),
        candidates=np.zeros(WINDOW, np.int32),
        values=np.zeros(WINDOW, np.int32),
        cursors=np.zeros((LEAVES_MAX, 5), np.int64),
        ranks=np.zeros((LEAVES_MAX, _WORDS // _RANK_STRIDE), np.int32),
        histogram=np.zeros(_BINS, np.int32),
        weights=np.zeros(LEAVES_MAX, np.int64),
    )


# Columns of Scratch.cursors: which container is next, postings before it, and the container of this window:
# its first uint16 (or list entry), its cardinality (0: none), the number of its first posting.
_NEXT, _BEFORE, _DATA, _CARD, _FIRST = range(5)


@njit(**JIT)
def _word(postings: Any, at: Any) -> Any:
    """64 bits of a bitmap container that begin at a uint16."""
    return (
        np.uint64(postings[at])
        | np.uint64(postings[at + 1]) << np.uint64(16)
        | np.uint64(postings[at + 2]) << np.uint64(32)
        | np.uint64(postings[at + 3]) << np.uint64(48)
    )


@njit(**JIT)
def _enter_window(segment: Any, leaves: Any, scratch: Any, window: Any) -> Any:
    """Point every leaf at its container of this window. Returns FAULT if a header does not fit its list."""
    postings = segment.postings
    for leaf in range(len(leaves.places)):
        cursor = scratch.cursors[leaf]
        start, end, first, frequency = leaves.places[leaf]
        cursor[_CARD] = 0
        if first < 0:
            at = start + cursor[_NEXT]
            stop = at
            while stop < end and leaves.list_docs[stop] >> 16 == window:
                stop += 1
            cursor[_DATA], cursor[_CARD] = at, stop - at
            cursor[_NEXT] = stop - start
            continue
        if end - start < 4 or postings[start] != _COOKIE:
            return FAULT
        containers = np.int64(postings[start + 2]) | np.int64(postings[start + 3]) << 16
        number = cursor[_NEXT]
        if number >= containers:
            continue
        head = start + 4 + 2 * number
        offset_at = start + 4 + 2 * containers + 2 * number
        if offset_at + 2 > end:
            return FAULT
        if postings[head] != window:
            continue
        card = np.int64(postings[head + 1]) + 1
        offset = np.int64(postings[offset_at]) | np.int64(postings[offset_at + 1]) << 16
        data = start + (offset >> 1)
        size = card if card <= _ARRAY_MAX else WINDOW // 16
        if offset & 1 or data + size > end or cursor[_BEFORE] + card > frequency:
            return FAULT
        cursor[_DATA], cursor[_CARD], cursor[_FIRST] = data, card, first + cursor[_BEFORE]
        cursor[_NEXT] = number + 1
        cursor[_BEFORE] += card
        scratch.ranks[leaf, 0] = -1
    return 0


@njit(**JIT)
def _add_bounds(segment: Any, leaves: Any, scratch: Any, scale: Any, k1: Any) -> Any:
    """Add weight · impact of every posting of the window to its document's sum."""
    sums, impacts, postings = scratch.sums, segment.impacts, segment.postings
    for leaf in range(len(leaves.places)):
        _, _, data, card, first = scratch.cursors[leaf]
        weight = scratch.weights[leaf]
        if card == 0:
            continue
        if leaves.places[leaf, 2] < 0:
            for at in range(data, data + card):
                f = leaves.list_f[at]
                score = leaves.times[leaf] * (leaves.idfs[leaf] * (f / (f + k1)))
                sums[leaves.list_docs[at] & 0xFFFF] += np.uint16(np.ceil(score * scale))
        elif card <= _ARRAY_MAX:
            for i in range(card):
                sums[postings[data + i]] += np.uint16(weight * impacts[first + i])
        else:
            posting = first
            stop = first + card
            for word_number in range(_WORDS):
                word = _word(postings, data + 4 * word_number)
                while word != 0 and posting < stop:
                    doc = (word_number << 6) + trailing_zeros(word)
                    sums[doc] += np.uint16(weight * impacts[posting])
                    posting += 1
                    word &= word - np.uint64(1)


@njit(**JIT)
def _mask(allowed: Any, sums: Any, window: Any) -> Any:
    """Clear the sums of documents that are not allowed."""
    base = window * _WORDS
    for word_number in range(_WORDS):
        word = allowed[base + word_number] if base + word_number < len(allowed) else np.uint64(0)
        if word == ~np.uint64(0):
            continue
        for bit in range(64):
            if not word >> np.uint64(bit) & np.uint64(1):
                sums[(word_number << 6) + bit] = 0


@njit(**JIT)
def _posting(segment: Any, leaves: Any, scratch: Any, leaf: Any, doc: Any) -> Any:
    """Which posting of a leaf is that of a document of this window (or list entry); -1 if it has none."""
    _, _, data, card, first = scratch.cursors[leaf]
    if card == 0:
        return -1
    postings = segment.postings
    if leaves.places[leaf, 2] < 0 or card <= _ARRAY_MAX:
        listed = leaves.places[leaf, 2] < 0
        low, high = data, data + card
        while low < high:
            middle = (low + high) >> 1
            value = np.int64(leaves.list_docs[middle] & 0xFFFF) if listed else np.int64(postings[middle])
            if value < doc:
                low = middle + 1
            else:
                high = middle
        if low == data + card:
            return -1
        value = np.int64(leaves.list_docs[low] & 0xFFFF) if listed else np.int64(postings[low])
        if value != doc:
            return -1
        return low if listed else first + low - data
    word = _word(postings, data + 4 * (doc >> 6))
    bit = np.uint64(doc & 63)
    if not word >> bit & np.uint64(1):
        return -1
    ranks = scratch.ranks[leaf]
    if ranks[0] < 0:
        total = 0
        for word_number in range(_WORDS):
            if word_number % _RANK_STRIDE == 0:
                ranks[word_number // _RANK_STRIDE] = total
            total += popcount(_word(postings, data + 4 * word_number))
    stride = (doc >> 6) // _RANK_STRIDE
    rank = np.int64(ranks[stride])
    for word_number in range(stride * _RANK_STRIDE, doc >> 6):
        rank += popcount(_word(postings, data + 4 * word_number))
    return first + rank + popcount(word & ((np.uint64(1) << bit) - np.uint64(1)))


@njit(**JIT)
def _frequency(segment: Any, posting: Any, doc: Any, weights: Any, means: Any, b: Any) -> Any:
    """f of one posting: the sum of `rank.bm25.combined_frequencies`, in its order."""
    code = segment.tfs[posting]
    vector = segment.vectors[code]
    if code == 255:
        low, high = 0, len(segment.escaped)
        while low < high:
            middle = (low + high) >> 1
            if segment.escaped[middle] < posting:
                low = middle + 1
            else:
                high = middle
        vector = segment.escapes[min(low, len(segment.escapes) - 1)]
    f = 0.0
    for field in range(len(weights)):
        if vector[field] > 0:
            norm = (1 - b) + b * (segment.lengths[doc, field] / means[field])
            f += weights[field] * vector[field] / norm
    return f


@njit(**JIT)
def _exact(
    segment: Any, leaves: Any, scratch: Any, base: Any, doc: Any, weights: Any, means: Any, k1: Any, b: Any
) -> Any:
    """The score of a document of this window, in float64, leaves in order."""
    score = 0.0
    for leaf in range(len(leaves.places)):
        posting = _posting(segment, leaves, scratch, leaf, doc)
        if posting < 0:
            continue
        if leaves.places[leaf, 2] < 0:
            f = leaves.list_f[posting]
        else:
            f = _frequency(segment, posting, base + doc, weights, means, b)
        score += leaves.times[leaf] * (leaves.idfs[leaf] * (f / (f + k1)))
    return score


@njit(**JIT)
def _cut(scratch: Any, found: Any, wanted: Any) -> Any:
    """A value that at least `wanted` of the candidates reach, and not many more."""
    histogram = scratch.histogram
    histogram[:] = 0
    for i in range(found):
        histogram[scratch.values[i] >> 6] += 1
    reached = 0
    for bin_number in range(_BINS - 1, -1, -1):
        reached += histogram[bin_number]
        if reached >= wanted:
            return bin_number << 6
    return 0


@njit(**JIT)
def _candidates(scratch: Any, size: Any, threshold: Any) -> Any:
    """Note the documents of a window whose sum reaches the threshold: how many, and how many have a sum at all."""
    found, matched = 0, 0
    for doc in range(size):
        value = np.int64(scratch.sums[doc])
        matched += value > 0
        if value >= threshold:
            scratch.candidates[found], scratch.values[found] = doc, value
            found += 1
    return found, matched


@njit(**JIT)
def _threshold(heap_scores: Any, held: Any, scale: Any) -> Any:
    """The smallest sum a document needs to have a chance: above 0, and not below what the k-th best score asks for."""
    if held < len(heap_scores):
        return np.int64(1)
    if len(heap_scores) == 0:
        return np.int64(WINDOW)
    return max(np.int64(heap_scores[0] * scale * _FAVOUR), np.int64(1))


@njit(**JIT)
def rank_segment(
    segment: Any,
    leaves: Any,
    weights: Any,
    means: Any,
    k1: Any,
    b: Any,
    allowed: Any,
    heap_scores: Any,
    heap_places: Any,
    held: Any,
    base_place: Any,
    scratch: Any,
) -> Any:
    """Offer the documents of a segment to a heap of the k best.

    Parameters
    ----------
    segment : SegmentArrays
    leaves : Leaves
        1 to `LEAVES_MAX` of them, each occurring in the segment.
    weights, means : ndarray of shape (fields,), float64
    k1, b : float
    allowed : ndarray of shape (ceil(documents / 64),), uint64, or of shape (0,)
        One bit for each document that may be a result; empty if all may.
    heap_scores, heap_places : ndarray of shape (k,)
        See `heap.push`; the threshold of earlier segments carries over in them.
    held : int
        Entries of the heap in use.
    base_place : int
        Place of the segment's first document.
    scratch : Scratch

    Returns
    -------
    held : int
        Entries of the heap in use now, or FAULT.
    matched : int
        Documents with any leaf, of those allowed.
    scored : int
        Documents scored exactly: what pruning left to do.
    """
    documents, count = len(segment.lengths), len(leaves.places)
    scale = (65535.0 - 255.0 * count) / leaves.bounds.sum()
    for leaf in range(count):
        scratch.weights[leaf] = np.int64(np.ceil(scale * leaves.bounds[leaf] / 255.0))
        scratch.cursors[leaf, :] = 0
    k, matched, scored = len(heap_scores), 0, 0
    for window in range((documents + WINDOW - 1) >> 16):
        base = window << 16
        if _enter_window(segment, leaves, scratch, window) == FAULT:
            return FAULT, matched, scored
        scratch.sums[:] = 0
        _add_bounds(segment, leaves, scratch, scale, k1)
        if len(allowed):
            _mask(allowed, scratch.sums, window)
        threshold = _threshold(heap_scores, held, scale)
        found, present = _candidates(scratch, min(WINDOW, documents - base), threshold)
        matched += present
        # The most promising first, so that the threshold is high before the rest is looked at.
        cut = _cut(scratch, found, k) if found > 2 * k else 0
        for turn in range(2 if cut else 1):
            for i in range(found):
                value = np.int64(scratch.values[i])
                if (value >= cut) != (turn == 0) or value < threshold:
                    continue
                doc = np.int64(scratch.candidates[i])
                score = np.float32(_exact(segment, leaves, scratch, base, doc, weights, means, k1, b))
                held = push(heap_scores, heap_places, held, score, base_place + base + doc)
                threshold = max(threshold, _threshold(heap_scores, held, scale))
                scored += 1
    return held, matched, scored

"""Documents that hold all required leaves: the rarest drives, the others are asked.

Window by window, the documents of the required leaf with the smallest container are listed and sifted through
the other required leaves in order of size: one bit of a bitmap, or galloping [1]_ through an array. While a
threshold is known, documents whose impact in the driving leaf, with the largest impacts of the others in
their block, cannot reach it are left out first. What remains is scored exactly. Cost: one to five nanoseconds
for each document of the rarest leaf and each other leaf.

.. [1] J. L. Bentley, A. C. Yao, "An almost optimal algorithm for unbounded searching", IPL 5(3), 1976; for
   sets: E. Demaine, A. López-Ortiz, J. I. Munro, "Adaptive set intersections", SODA 2000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    BOUND,
    CARD,
    DATA,
    FAVOUR,
    FIRST,
    MAXIMA,
    POSTING,
    REQUIRED,
    WINDOW_BLOCKS,
)
from searchkit.rank.kernels.bits import trailing_zeros
from searchkit.rank.kernels.bounds import floor_of
from searchkit.rank.kernels.exact import exact_score, is_allowed, list_contribution
from searchkit.rank.kernels.heap import JIT, key, push
from searchkit.rank.kernels.lists import lower_bound, word_at


@njit(**JIT)
def _required_here(leaves: Any, scratch: Any, window: Any) -> Any:
    """Put the required leaves in `order` by the size of their containers; 0 if one has none in this window."""
    count = 0
    for leaf in range(len(leaves.places)):
        if leaves.factors[leaf, REQUIRED] == 0:
            continue
        card = scratch.tables[leaf, window, CARD]
        if card == 0:
            return 0
        at = count
        while at > 0 and scratch.tables[scratch.order[at - 1], window, CARD] > card:
            scratch.order[at] = scratch.order[at - 1]
            at -= 1
        scratch.order[at] = leaf
        count += 1
    return count


@njit(**JIT)
def _list_driver(segment: Any, leaves: Any, scratch: Any, allowed: Any, window: Any) -> Any:
    """List the allowed documents of the driving leaf in a window, with their postings; returns how many."""
    leaf, docs, entries = scratch.order[0], scratch.candidates, scratch.values
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    found, base = 0, window << 16
    if leaves.places[leaf, FIRST] >= 0 and card > ARRAY_MAX:
        rank = 0
        for block in range(WINDOW_BLOCKS):
            word = word_at(segment.postings, data + 4 * block)
            while word != 0:
                docs[found], entries[found] = (block << 6) + trailing_zeros(word), rank
                found += is_allowed(allowed, base + docs[found])
                rank += 1
                word &= word - np.uint64(1)
        return found
    listed = leaves.places[leaf, FIRST] < 0
    for i in range(card):
        low = np.int64(leaves.list_docs[data + i] & 0xFFFF) if listed else np.int64(segment.postings[data + i])
        docs[found], entries[found] = low, i
        found += is_allowed(allowed, base + low)
    return found


@njit(**JIT)
def _sift_bounds(segment: Any, leaves: Any, scoring: Any, scratch: Any, window: Any, found: Any, score: Any) -> Any:
    """Leave out listed documents that cannot reach a score."""
    driver, docs, entries = scratch.order[0], scratch.candidates, scratch.values
    first = scratch.tables[driver, window, POSTING]
    listed, kept = leaves.places[driver, FIRST] < 0, 0
    needed = score * FAVOUR
    for i in range(found):
        block = window * WINDOW_BLOCKS + (docs[i] >> 6)
        if listed:
            most = list_contribution(leaves, scoring, driver, first + entries[i])
        else:
            most = leaves.factors[driver, BOUND] * segment.impacts[first + entries[i]] / 255.0
        for leaf in range(len(leaves.places)):
            if leaf != driver:
                at = leaves.places[leaf, MAXIMA]
                share = segment.maxima[at + block] / 255.0 if at >= 0 else 1.0
                most += leaves.factors[leaf, BOUND] * share
        docs[kept] = docs[i]
        kept += most >= needed
    return kept


@njit(**JIT)
def _sift(values: Any, shift: Any, at: Any, end: Any, docs: Any, found: Any) -> Any:
    """Keep the documents that occur in a sorted array from `at` to `end`; `shift` is added to a document first."""
    kept = 0
    for i in range(found):
        wanted = docs[i] + shift
        if at < end and values[at] < wanted:
            step = 1
            while at + step < end and values[at + step] < wanted:
                at += step
                step <<= 1
            at = lower_bound(values, at + 1, min(at + step, end), wanted)
        if at >= end:
            break
        docs[kept] = docs[i]
        kept += values[at] == wanted
    return kept


@njit(**JIT)
def _sift_leaf(segment: Any, leaves: Any, scratch: Any, leaf: Any, window: Any, found: Any) -> Any:
    """Keep the listed documents that hold a leaf; returns how many."""
    docs = scratch.candidates
    data, card = scratch.tables[leaf, window, DATA], scratch.tables[leaf, window, CARD]
    if leaves.places[leaf, FIRST] < 0:
        return _sift(leaves.list_docs, window << 16, data, data + card, docs, found)
    if card <= ARRAY_MAX:
        return _sift(segment.postings, 0, data, data + card, docs, found)
    kept = 0
    for i in range(found):
        low = docs[i]
        docs[kept] = low
        kept += np.int64(segment.postings[data + (low >> 4)] >> np.uint16(low & 15) & 1)
    return kept


@njit(**JIT)
def rank_conjunction(
    segment: Any, leaves: Any, scoring: Any, allowed: Any, scratch: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer the documents with all required leaves to the heap; see `ranking.rank_segment`.

    Returns `held`, how many documents came through the sieves, and how many were scored. With a heap of size 0
    nothing is left out beforehand, and the first of the two is the number of results.
    """
    through, scored = 0, 0
    for window in range(windows):
        required = _required_here(leaves, scratch, window)
        if required == 0:
            continue
        found = _list_driver(segment, leaves, scratch, allowed, window)
        score = floor_of(heap, held, least) if len(heap) else 0.0
        if score > 0.0:
            found = _sift_bounds(segment, leaves, scoring, scratch, window, found, score)
        for turn in range(1, required):
            if found:
                found = _sift_leaf(segment, leaves, scratch, scratch.order[turn], window, found)
        through += found
        if len(heap) == 0:
            continue
        for i in range(found):
            low = scratch.candidates[i]
            exact = exact_score(segment, leaves, scoring, scratch.tables, window, low)
            held = push(heap, held, key(exact, base_place + (window << 16) + low))
        scored += found
    return held, through, scored

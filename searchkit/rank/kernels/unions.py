"""Many terms as one word: documents of a prefix or wildcard, and the best of them.

A segment is walked in windows of 65,536 documents. In each, the term frequencies of all terms are added up for
every document that holds one (`union_lists.py`), in 16 bits a field, enough for what a document
of fewer than 65,536 tokens can hold. A bitmap remembers which documents were touched. Then their f follows as for
any word; a score is computed only where f reaches what the k-th best so far asks for, and the sums are set back to
zero on the way. This is term-at-a-time evaluation [1]_ with exact frequencies for accumulators, so that nothing has
to be known of a term beforehand but its place in the file, and it is checked here that the documents exist. Cost: two
nanoseconds a document that is touched, beside reading the lists.

.. [1] H. Turtle, J. Flood, "Query evaluation: strategies and optimizations", IPM 31(6), 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.rank.kernels.arrays import FAULT, FAVOUR, WINDOW, WINDOW_BLOCKS
from searchkit.rank.kernels.bits import at_least_u16, clear_u16, popcount, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of
from searchkit.rank.kernels.exact import fetch_lengths
from searchkit.rank.kernels.heap import key, push
from searchkit.rank.kernels.union_lists import (
    BLOCKS,
    DOCUMENTS,
    FIELD_BITS,
    FIELDS_A_WORD,
    add_window,
    open_terms,
    pack,
    small_lists,
)

TOKENS_MAX = 0xFFFF
"""Tokens of a document's longest field up to which sums cannot overflow; other segments are left to the plain twin."""
_AHEAD = 16
"""Blocks between one whose lengths are asked for and the one that is looked at."""


@njit(**INLINE)
def _frequency(segment: Any, scoring: Any, sums: Any, at: Any, doc: Any) -> Any:
    """f of a document from its sums: that of `rank.bm25.combined_frequencies`, in its order."""
    f = 0.0
    for field in range(len(scoring.weights)):
        shift = np.uint64(FIELD_BITS * (field % FIELDS_A_WORD))
        tf = np.int64(np.uint64(sums[at + field // FIELDS_A_WORD]) >> shift & np.uint64(TOKENS_MAX))
        if tf > 0:
            norm = (1 - scoring.b) + scoring.b * (segment.lengths[doc, field] / scoring.means[field])
            f += scoring.weights[field] * tf / norm
    return f


@njit(**JIT)
def _f_needed(score: Any, union: Any, k1: Any) -> Any:
    """The least f of a document that reaches a score."""
    share = score * FAVOUR / (union.times * union.idf)
    return k1 * share / (1 - share) if share < 1.0 else np.inf


@njit(**INLINE)
def _begin(segment: Any, union: Any, table: Any, words: Any, windows: Any, small: Any) -> Any:
    """Begin all lists and pack the vectors; FAULT if a list does not fit."""
    for code in range(len(segment.vectors) - 1):
        for word in range(words):
            table[code * words + word] = pack(segment.vectors[code], union.fields, word)
    return open_terms(
        segment.postings, segment.term_postings, segment.term_first, union.runs, union.progress,
        len(segment.impacts), windows, small,
    )  # fmt: skip


@njit(**JIT)
def _rank(
    segment: Any, union: Any, scoring: Any, allowed: Any, bits: Any, sums: Any, table: Any, small: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """`rank_union`, with sums of the size that the fields need."""
    words = (len(scoring.weights) + FIELDS_A_WORD - 1) // FIELDS_A_WORD
    scored, documents = np.int64(0), len(segment.lengths)
    if _begin(segment, union, table, words, windows, small) == FAULT:
        return np.int64(FAULT), scored
    needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            bits[block] = 0
        read = add_window(segment, union, bits, sums, table, words, window, DOCUMENTS, True, small)
        if read == 0:
            continue
        fault = read == FAULT
        for block in range(WINDOW_BLOCKS):
            mask = bits[block]
            ahead = min(block + _AHEAD, WINDOW_BLOCKS - 1)
            fetch_lengths(segment.lengths, bits[ahead], (window << 16) + (ahead << 6))
            while mask != 0:
                low = (block << 6) + trailing_zeros(mask)
                mask &= mask - np.uint64(1)
                doc, at = (window << 16) + low, low * words
                if doc >= documents:
                    fault = True
                elif len(allowed) == 0 or allowed[doc >> 6] >> np.uint64(doc & 63) & np.uint64(1):
                    f = _frequency(segment, scoring, sums, at, doc)
                    if f > 0.0 and f >= needed:
                        score = union.times * (union.idf * (f / (f + scoring.k1)))
                        held = push(heap, held, key(score, base_place + doc))
                        needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
                        scored += 1
                for word in range(words):
                    sums[at + word] = 0
        if fault:
            return np.int64(FAULT), scored
    return held, scored


@njit(**JIT)
def _fewest(needed: Any, short: Any, slope: Any, weight: Any) -> Any:
    """The smallest sum, at least 1, that reaches an f in the shortest of documents."""
    return min(max(np.ceil(needed * FAVOUR * (short + slope) / weight), 1.0), TOKENS_MAX)


@njit(**JIT)
def _fetch_promising(lengths: Any, sums: Any, blocks: Any, window: Any, group: Any, fewest: Any) -> Any:
    """Begin to fetch the lengths of documents whose sum is large enough, and set blocks without any back to zero.

    Returns the blocks that are left of the 64, and whether there is a sum beyond the last document.
    """
    documents, left, beyond = len(lengths), blocks, False
    while left != 0:
        bit = left & (~left + np.uint64(1))
        left ^= bit
        start = (group << 12) + (trailing_zeros(bit) << 6)
        base, mask = (window << 16) + start, at_least_u16(sums, start, np.uint16(fewest))
        if base + 64 > documents:
            beyond |= at_least_u16(sums, start, np.uint16(1)) >> np.uint64(max(documents - base, 0)) != 0
        if mask == 0:
            clear_u16(sums, start)
            blocks ^= bit
        else:
            fetch_lengths(lengths, mask, base)
    return blocks, beyond


@njit(**JIT)
def _rank_one_field(
    segment: Any, union: Any, scoring: Any, allowed: Any, bits: Any, sums: Any, table: Any, small: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """`rank_union` for a single field, whose sums are compared 64 at a time; few documents have their length looked at."""
    scored = np.int64(0)
    if _begin(segment, union, table, 1, windows, small) == FAULT:
        return np.int64(FAULT), scored
    weight, short, slope = scoring.weights[0], 1 - scoring.b, scoring.b / scoring.means[0]
    needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
    for window in range(windows):
        for group in range(WINDOW_BLOCKS // 64):
            bits[group] = 0
        read = add_window(segment, union, bits, sums, table, 1, window, BLOCKS, True, small)
        if read == 0:
            continue
        fault = read == FAULT
        for group in range(WINDOW_BLOCKS // 64):
            fewest = _fewest(needed, short, slope, weight)
            blocks, beyond = _fetch_promising(segment.lengths, sums, bits[group], window, group, fewest)
            fault |= beyond
            while blocks != 0 and not fault:
                start = (group << 12) + (trailing_zeros(blocks) << 6)
                blocks &= blocks - np.uint64(1)
                base = (window << 16) + start
                mask = at_least_u16(sums, start, np.uint16(_fewest(needed, short, slope, weight)))
                if len(allowed):
                    mask &= allowed[base >> 6]
                while mask != 0:
                    low = start + trailing_zeros(mask)
                    mask &= mask - np.uint64(1)
                    doc = (window << 16) + low
                    if weight * sums[low] < needed * FAVOUR * (short + slope * segment.lengths[doc, 0]):
                        continue
                    f = _frequency(segment, scoring, sums, low, doc)
                    if f >= needed:
                        score = union.times * (union.idf * (f / (f + scoring.k1)))
                        held = push(heap, held, key(score, base_place + doc))
                        needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
                        scored += 1
                clear_u16(sums, start)
        if fault:
            sums[:WINDOW] = 0
            return np.int64(FAULT), scored
    return held, scored


@njit(**JIT)
def rank_union(
    segment: Any, union: Any, scoring: Any, allowed: Any, scratch: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer the documents with any of the terms to the heap; see `ranking.rank_segment`.

    Parameters
    ----------
    union : Union
        Its postings and their `tfs` verified; no field of any document longer than `TOKENS_MAX`.

    Returns
    -------
    held : int
        Or FAULT.
    scored : int
    """
    bits, table, small = scratch.bits, scratch.packed, small_lists(scratch)
    if len(scoring.weights) == 1:
        return _rank_one_field(
            segment, union, scoring, allowed, bits, scratch.tallies, table, small, windows, heap, held, least,
            base_place,
        )  # fmt: skip
    return _rank(
        segment, union, scoring, allowed, bits, scratch.frequencies, table, small, windows, heap, held, least, base_place
    )  # fmt: skip


@njit(**JIT)
def list_union(segment: Any, union: Any, scoring: Any, scratch: Any, windows: Any, docs: Any, f: Any) -> Any:
    """List the documents with any of the terms, deleted ones included.

    Parameters
    ----------
    docs : ndarray of shape (n,), uint32
    f : ndarray of shape (n,), float64
        Filled with the documents, ascending, and their f; n at least the number of documents, or of postings. See
        `rank_union` for the others.

    Returns
    -------
    int
        How many there are, in a field that counts; or FAULT.
    """
    words = (len(scoring.weights) + FIELDS_A_WORD - 1) // FIELDS_A_WORD
    bits, sums, table, small = scratch.bits, scratch.frequencies, scratch.packed, small_lists(scratch)
    found, documents = np.int64(0), len(segment.lengths)
    if _begin(segment, union, table, words, windows, small) == FAULT:
        return np.int64(FAULT)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            bits[block] = 0
        read = add_window(segment, union, bits, sums, table, words, window, DOCUMENTS, True, small)
        if read == 0:
            continue
        fault = read == FAULT
        for block in range(WINDOW_BLOCKS):
            mask = bits[block]
            while mask != 0:
                low = (block << 6) + trailing_zeros(mask)
                mask &= mask - np.uint64(1)
                doc, at = (window << 16) + low, low * words
                if doc >= documents:
                    fault = True
                else:
                    here = _frequency(segment, scoring, sums, at, doc)
                    if here > 0.0:
                        docs[found], f[found] = doc, here
                        found += 1
                for word in range(words):
                    sums[at + word] = 0
        if fault:
            return np.int64(FAULT)
    return found


@njit(**JIT)
def count_union(segment: Any, union: Any, allowed: Any, scratch: Any, windows: Any) -> Any:
    """Allowed documents with any of the terms, in whatever field; parameters as in `rank_union`. FAULT as there."""
    bits, touched, documents, small = scratch.bits, np.int64(0), len(segment.lengths), small_lists(scratch)
    opened = open_terms(
        segment.postings, segment.term_postings, segment.term_first, union.runs, union.progress,
        len(segment.impacts), windows, small,
    )  # fmt: skip
    if opened == FAULT:
        return np.int64(FAULT)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            bits[block] = 0
        sums, table = scratch.frequencies, scratch.packed
        read = add_window(segment, union, bits, sums, table, 1, window, DOCUMENTS, False, small)
        if read == FAULT:
            return np.int64(FAULT)
        base = window * WINDOW_BLOCKS
        if read > 0:
            for block in range(min(WINDOW_BLOCKS, ((documents + 63) >> 6) - base)):
                touched += np.int64(popcount(bits[block] & allowed[base + block] if len(allowed) else bits[block]))
    return touched

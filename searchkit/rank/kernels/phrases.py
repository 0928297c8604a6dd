"""Phrases: documents that hold the words, and of these the ones in which they follow each other.

The words' lists are intersected as in `intersect.py`. How often a phrase occurs is at most how often each of its words
does, in every field, so that the smallest impact of the words bounds what a document can score; only documents that
can be among the k best have their positions compared, the others never do. Positions are read one by one, all words
side by side, so that nothing is copied and memory does not depend on the document. Counting compares the positions of
every document that holds all words, up to the first match. Cost: the intersection, and some 50 nanoseconds for each
document whose positions are compared.

With a slop, matches are the minimal intervals of [1]_: see `search/leaves.py`, which this equals.

.. [1] C. L. A. Clarke, G. V. Cormack, F. J. Burkowski, "An algebra for structured text search and a framework for its
   implementation", The Computer Journal 38(1), 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import CARD, FIELD_GAP, MAXIMA, POSTING, WINDOW_BLOCKS
from searchkit.rank.kernels.bits import at_least_u8, prefetch, some, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of, impact_needed, promising
from searchkit.rank.kernels.contexts import scratch_of, segment_of
from searchkit.rank.kernels.heap import INLINE, JIT, key, push
from searchkit.rank.kernels.intersect import (
    fetch_ahead,
    fetch_containers,
    is_bitmap,
    meet_others,
    next_chunk,
    order_required,
    spot,
)
from searchkit.rank.kernels.positions import LAST, NEXT, PLACE, STRIDE, STRIDE_BITS, advance, posting_start


@njit(**JIT)
def _next_exact(stream: Any, readers: Any, count: Any) -> Any:
    """Where the next match of consecutive words begins, -1 if there is none; the first word stands at its start."""
    while True:
        start, word = readers[0, PLACE], 1
        while word < count:
            wanted = start + word
            while readers[word, PLACE] < wanted:
                if readers[word, LAST]:
                    return np.int64(-1)
                advance(stream, readers, word)
            if readers[word, PLACE] > wanted:
                break
            word += 1
        if word == count:
            return start
        wanted = readers[word, PLACE] - word
        while readers[0, PLACE] < wanted:
            if readers[0, LAST]:
                return np.int64(-1)
            advance(stream, readers, 0)


@njit(**JIT)
def _follow(stream: Any, readers: Any, count: Any) -> Any:
    """Where the words end that follow the first one soonest; -1 if they do not."""
    end = readers[0, PLACE]
    for word in range(1, count):
        while readers[word, PLACE] <= end:
            if readers[word, LAST]:
                return np.int64(-1)
            advance(stream, readers, word)
        end = readers[word, PLACE]
    return end


@njit(**JIT)
def _next_match(stream: Any, readers: Any, count: Any, slop: Any) -> Any:
    """Where the next match ends, -1 if there is none; the first word is left where it begins.

    With a slop, the first word still has to be moved on, since of the matches with one end the last begins a minimal
    interval.
    """
    if slop > 0:
        return _follow(stream, readers, count)
    start = _next_exact(stream, readers, count)
    return start + count - 1 if start >= 0 else np.int64(-1)


@njit(**JIT)
def _frequency(
    stream: Any, readers: Any, lengths: Any, doc: Any, count: Any, slop: Any, fields: Any,
    weights: Any, means: Any, b: Any, enough: Any,
) -> Any:  # fmt: skip
    """f of a phrase in a document whose readers stand at the first place of each word; 0 if it does not occur.

    Operations and order are those of `rank.bm25.combined_frequencies`. With `enough`, the first match in a field that
    counts ends the search, and what is given back only says that there is one.
    """
    field, last_field, f, tf = 0, len(weights) - 1, 0.0, 0
    beyond = np.int64(lengths[doc, 0]) + FIELD_GAP
    start, end, going = np.int64(-1), np.int64(-1), True
    while True:
        found = _next_match(stream, readers, count, slop) if going else np.int64(-1)
        if found != end and end >= 0:  # No later start ends there too, so what was found before is minimal.
            while start >= beyond and field < last_field:
                if tf > 0 and fields >> field & 1:
                    f += weights[field] * tf / ((1 - b) + b * (lengths[doc, field] / means[field]))
                field, tf = field + 1, 0
                beyond += np.int64(lengths[doc, field]) + FIELD_GAP
            tf += end < beyond and end - start - (count - 1) <= slop
            if enough and tf > 0 and fields >> field & 1:
                return 1.0
        if found < 0:
            break
        start, end, going = readers[0, PLACE], found, readers[0, LAST] == 0
        if going:
            advance(stream, readers, 0)
    if tf > 0 and fields >> field & 1:
        f += weights[field] * tf / ((1 - b) + b * (lengths[doc, field] / means[field]))
    return f


@njit(**INLINE)
def _compare(
    segment: Any, leaves: Any, phrase: Any, scoring: Any, scratch: Any, window: Any, i: Any, enough: Any
) -> Any:
    """f of the phrase in a document of the chunk, by its positions."""
    count, readers = len(phrase.words), scratch.readers
    for word in range(count):
        posting = spot(segment, leaves, scratch, phrase.words[word], window, i)
        readers[word, PLACE] = 0
        readers[word, NEXT] = posting_start(segment.positions, segment.position_index, posting)
        advance(segment.positions, readers, word)
    return _frequency(
        segment.positions, readers, segment.lengths, (window << 16) + scratch.lows[i], count, phrase.slop,
        phrase.fields, scoring.weights, scoring.means, scoring.b, enough,
    )  # fmt: skip


@njit(**INLINE)
def _reach(segment: Any, leaves: Any, scratch: Any, window: Any, i: Any, needed: Any) -> Any:
    """Whether every word's impact in a document of the chunk is large enough."""
    reached = True
    for leaf in range(len(leaves.places)):
        if reached:
            reached = segment.impacts[spot(segment, leaves, scratch, leaf, window, i)] >= needed
    return reached


@njit(**INLINE)
def _fetch_positions(segment: Any, leaves: Any, scratch: Any, window: Any, mask: Any) -> None:
    """Begin to fetch the positions and lengths of a chunk's documents; their postings have been looked up."""
    while mask != 0:
        i = np.int64(trailing_zeros(mask))
        mask &= mask - np.uint64(1)
        prefetch(segment.lengths, ((window << 16) + scratch.lows[i]) * segment.lengths.shape[1])
        for leaf in range(len(leaves.places)):
            at = np.int64(segment.position_index[scratch.spots[leaf, i] // STRIDE])
            prefetch(segment.positions, at)
            prefetch(segment.positions, at + 64)
            prefetch(segment.positions, at + 128)


@njit(**INLINE)
def _blocks_alive(segment: Any, leaves: Any, window: Any, start: Any, needed: Any) -> Any:
    """In which of the 64 blocks around one every word has an impact that is large enough, as far as maxima tell."""
    alive = ~np.uint64(0) if needed < 256 else np.uint64(0)
    for leaf in range(len(leaves.places)):
        at = leaves.places[leaf, MAXIMA]
        if at >= 0 and alive != 0:
            alive &= at_least_u8(segment.maxima, at + window * WINDOW_BLOCKS + (start & -64), np.uint8(needed))
    return alive


@njit(**JIT)
def rank_phrase(
    at: Any, leaves: Any, phrase: Any, scoring: Any, allowed: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """Offer the documents with a phrase to the heap; see `ranking.rank_segment`.

    Parameters
    ----------
    leaves : Leaves
        The distinct words of the phrase, in any order, all required; none of them listed. Their positions verified.
    phrase : Phrase
    heap : ndarray of shape (k,), uint64
        k at least 1; `find_phrase` counts.

    Returns
    -------
    held : int
    compared : int
        Documents whose positions were compared.
    scored : int
        Documents that hold the phrase, of these.
    """
    segment, scratch = segment_of(at), scratch_of(at)
    compared, scored = np.int64(0), np.int64(0)
    fetch_containers(segment.postings, segment.impacts, segment.ranks, leaves.places, scratch.tables, windows)
    for window in range(windows):
        required = order_required(leaves.places, leaves.factors, scratch.tables, scratch.order, scratch.cursors, window)
        if required == 0:
            continue
        driver, start, alive = scratch.order[0], np.int64(0), ~np.uint64(0)
        card, first = scratch.tables[driver, window, CARD], scratch.tables[driver, window, POSTING]
        dense = is_bitmap(leaves.places, card, driver)
        while start < (WINDOW_BLOCKS if dense else card):
            before, needed = start, impact_needed(floor_of(heap, held, least), phrase.bound)
            if dense:
                alive = _blocks_alive(segment, leaves, window, start, needed)
            size, start = next_chunk(segment, leaves, scratch, allowed, required, window, start, alive)
            mask = some(size) if dense else promising(segment.impacts, first + before, size, needed)
            mask = meet_others(segment, leaves, scratch, allowed, required, window, dense, mask)
            fetch_ahead(
                segment,
                leaves,
                scratch,
                required,
                window,
                mask,
                segment.impacts,
                0,
                segment.position_index,
                STRIDE_BITS,
            )
            left, mask = mask, np.uint64(0)
            while left != 0:
                i = np.int64(trailing_zeros(left))
                left &= left - np.uint64(1)
                mask |= np.uint64(_reach(segment, leaves, scratch, window, i, needed)) << np.uint64(i)
            _fetch_positions(segment, leaves, scratch, window, mask)
            while mask != 0:
                i = np.int64(trailing_zeros(mask))
                mask &= mask - np.uint64(1)
                if not _reach(segment, leaves, scratch, window, i, needed):
                    continue
                compared += 1
                f = _compare(segment, leaves, phrase, scoring, scratch, window, i, False)
                if f > 0.0:
                    score = phrase.times * (phrase.idf * (f / (f + scoring.k1)))
                    held = push(heap, held, key(score, base_place + (window << 16) + scratch.lows[i]))
                    needed = impact_needed(floor_of(heap, held, least), phrase.bound)
                    scored += 1
    return held, compared, scored


@njit(**JIT)
def find_phrase(
    segment: Any, leaves: Any, phrase: Any, scoring: Any, allowed: Any, scratch: Any, windows: Any, docs: Any, f: Any
) -> Any:
    """Count the documents with a phrase, or list them.

    Parameters
    ----------
    docs : ndarray of shape (n,), uint32
    f : ndarray of shape (n,), float64
        Filled with the documents, ascending, and the phrase's f in each, if n is not 0; then it is at least the
        document frequency of the rarest word. See `rank_phrase` for the others.

    Returns
    -------
    int
        Documents that hold the phrase.
    """
    found, counts = np.int64(0), len(docs) == 0
    for window in range(windows):
        required = order_required(leaves.places, leaves.factors, scratch.tables, scratch.order, scratch.cursors, window)
        if required == 0:
            continue
        driver, start = scratch.order[0], np.int64(0)
        card = scratch.tables[driver, window, CARD]
        dense = is_bitmap(leaves.places, card, driver)
        while start < (WINDOW_BLOCKS if dense else card):
            size, start = next_chunk(segment, leaves, scratch, allowed, required, window, start, ~np.uint64(0))
            mask = meet_others(segment, leaves, scratch, allowed, required, window, dense, some(size))
            fetch_ahead(
                segment, leaves, scratch, required, window, mask,
                segment.position_index, STRIDE_BITS, segment.position_index, STRIDE_BITS,
            )  # fmt: skip
            _fetch_positions(segment, leaves, scratch, window, mask)
            while mask != 0:
                i = np.int64(trailing_zeros(mask))
                mask &= mask - np.uint64(1)
                here = _compare(segment, leaves, phrase, scoring, scratch, window, i, counts)
                if here > 0.0 and not counts:
                    docs[found], f[found] = (window << 16) + scratch.lows[i], here
                found += here > 0.0
    return found

"""Phrases, prefixes and wildcards over all segments in one call: ranked by themselves, counted, or listed for others.

What `answer.py` does for words, on the same contexts. A phrase is the rows of its words in a snapshot's tables; a
prefix or a wildcard is, for each segment, the runs of the numbers of its terms. Listed, they become leaves of a larger
query. What this module does not know: how a kernel ranks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.answer import (
    BASE,
    FIELDS,
    FREE,
    LIVE,
    LIVE_LENGTH,
    MEANS,
    ROW_NUMBERS,
    ROWS,
    SCALES,
    SEGMENTS,
    WEIGHTS,
    WORDS,
    fetch_leaves,
)
from searchkit.rank.kernels.arrays import (
    BOUND,
    FAULT,
    FREQUENCY,
    MOST,
    REQUIRED,
    WINDOW,
    Leaves,
    Phrase,
    Scoring,
    Union,
)
from searchkit.rank.kernels.contexts import (
    Addresses,
    f64_at,
    i64_at,
    scratch_at,
    segment_at,
    u32_at,
    u64_at,
)
from searchkit.rank.kernels.heap import INLINE, JIT, sort_best_first
from searchkit.rank.kernels.lists import open_lists
from searchkit.rank.kernels.phrases import find_phrase, rank_phrase
from searchkit.rank.kernels.rows import MOST_IMPACT, idf_at, segment_facts
from searchkit.rank.kernels.unions import count_union, list_union, rank_union


@njit(**INLINE)
def _scoring(context: Any) -> Any:
    fields, free = context[FIELDS], f64_at(context[FREE], (2,))
    return Scoring(f64_at(context[WEIGHTS], (fields,)), f64_at(context[MEANS], (fields,)), free[0], free[1])


@njit(**JIT)
def _gather_words(context: Any, number: Any, rows: Any, count: Any, most: Any, memory: Any) -> Any:
    """Fill in a leaf for each distinct word of a phrase, and which is whose in `weights`; 0 if one is not there."""
    segments, found = context[SEGMENTS], 0
    for word in range(count):
        leaf = -1
        for before in range(word):
            if rows[before] == rows[word]:
                leaf = memory.weights[before]
                break
        if leaf < 0:
            place, leaf = segment_facts(context[WORDS], segments, rows[word], number), found
            if place[FREQUENCY] == 0:
                return 0
            for column in range(6):
                memory.places[leaf, column] = place[column]
            memory.factors[leaf, BOUND], memory.factors[leaf, REQUIRED] = most, 1.0
            memory.factors[leaf, MOST] = np.float64(place[MOST_IMPACT])
            found += 1
        memory.weights[word] = leaf
    return found


@njit(**JIT)
def _phrase_idf(context: Any, rows: Any, count: Any) -> Any:
    idf = 0.0
    for word in range(count):
        idf += idf_at(context[WORDS], context[SEGMENTS], rows[word])
    return idf


@njit(**INLINE)
def _words(memory: Any, found: Any) -> Any:
    return Leaves(memory.places[:found], memory.factors[:found], u32_at(0, (0,)), f64_at(0, (0,)))


@njit(**JIT)
def answer_phrase(
    context: Any, rows: Any, count: Any, slop: Any, fields: Any, times: Any, scratch: Any, keys: Any
) -> Any:
    """Rank the documents of a snapshot that hold a phrase.

    Parameters
    ----------
    context, scratch, keys
        As for `answer.answer`.
    rows : ndarray of shape (>= count,), int64
        The row of each word, in the order of the phrase. Their positions have been verified.
    count : int
        2 to `PHRASE_WORDS_MAX`.
    slop, fields, times
        As in `arrays.Phrase`.

    Returns
    -------
    held : int
        How many there are; or FAULT - n if segment n does not fit its own numbers.
    compared, scored : int
        Documents whose positions were compared, and which hold the phrase.
    """
    held, compared, scored, memory = 0, np.int64(0), np.int64(0), scratch_at(scratch)
    segments = context[SEGMENTS]
    table, scales = i64_at(context[ROWS], (segments, ROW_NUMBERS)), f64_at(context[SCALES], (segments, 2))
    fetch_leaves(context, rows, count)
    scoring, idf = _scoring(context), _phrase_idf(context, rows, count)
    for number in range(segments):
        most = times * idf * scales[number, 1]
        found = _gather_words(context, number, rows, count, most, memory)
        if found == 0:
            continue
        segment = segment_at(table[number], 0, context[FIELDS])
        leaves, windows = _words(memory, found), (len(segment.lengths) + WINDOW - 1) // WINDOW
        if open_lists(segment.postings, leaves, memory.tables, windows) == FAULT:
            return FAULT - number, compared, scored
        phrase = Phrase(memory.weights[:count], slop, fields, idf, times, most)
        live = u64_at(table[number, LIVE], (table[number, LIVE_LENGTH],))
        held, more, hits = rank_phrase(
            Addresses(table[number], context[FIELDS], scratch),
            leaves,
            phrase,
            scoring,
            live,
            windows,
            keys,
            held,
            0.0,
            table[number, BASE],
        )
        compared, scored = compared + more, scored + hits
    sort_best_first(keys, held, memory.candidates, memory.histogram)
    return held, compared, scored


@njit(**JIT)
def _find_phrase(
    context: Any, number: Any, rows: Any, count: Any, slop: Any, fields: Any, scratch: Any, live: Any, docs: Any, f: Any
) -> Any:
    memory = scratch_at(scratch)
    row = i64_at(context[ROWS] + 8 * ROW_NUMBERS * number, (ROW_NUMBERS,))
    found = _gather_words(context, number, rows, count, 1.0, memory)
    if found == 0:
        return np.int64(0)
    segment = segment_at(row, 0, context[FIELDS])
    leaves, windows = _words(memory, found), (len(segment.lengths) + WINDOW - 1) // WINDOW
    if open_lists(segment.postings, leaves, memory.tables, windows) == FAULT:
        return np.int64(FAULT - number)
    phrase = Phrase(memory.weights[:count], slop, fields, 1.0, 1.0, 1.0)
    allowed = u64_at(row[LIVE], (row[LIVE_LENGTH] if live else 0,))
    return find_phrase(segment, leaves, phrase, _scoring(context), allowed, memory, windows, docs, f)


@njit(**JIT)
def count_phrase(context: Any, rows: Any, count: Any, slop: Any, fields: Any, scratch: Any) -> Any:
    """How many documents hold a phrase; parameters as in `answer_phrase`. FAULT - n as there."""
    total, nothing = np.int64(0), f64_at(0, (0,))
    fetch_leaves(context, rows, count)
    for number in range(context[SEGMENTS]):
        found = _find_phrase(context, number, rows, count, slop, fields, scratch, True, u32_at(0, (0,)), nothing)
        if found < 0:
            return found
        total += found
    return total


@njit(**JIT)
def list_phrase(
    context: Any, number: Any, rows: Any, count: Any, slop: Any, fields: Any, scratch: Any, docs: Any, f: Any
) -> Any:
    """List the documents of segment `number` that hold a phrase, deleted ones included, and its f in each.

    Parameters
    ----------
    docs : ndarray of shape (n,), uint32
    f : ndarray of shape (n,), float64
        Filled; n at least 1, and at least the frequency of the rarest word. See `answer_phrase` for the others.

    Returns
    -------
    int
        How many there are; FAULT - n as there.
    """
    return _find_phrase(context, number, rows, count, slop, fields, scratch, False, docs, f)


@njit(**INLINE)
def _union(runs: Any, ends: Any, number: Any, progress: Any, fields: Any, idf: Any, times: Any) -> Any:
    return Union(runs[ends[number] : ends[number + 1]], progress, fields, idf, times)


@njit(**JIT)
def answer_union(
    context: Any, runs: Any, ends: Any, progress: Any, fields: Any, idf: Any, times: Any, scratch: Any, keys: Any
) -> Any:
    """Rank the documents of a snapshot that hold any of some terms, which count as one.

    Parameters
    ----------
    context, scratch, keys
        As for `answer.answer`.
    runs : ndarray of shape (n, 2), int64
        See `arrays.Union`; those of all segments, one after the other. Their lists have been verified.
    ends : ndarray of shape (segments + 1,), int64
        Where the runs of each segment begin, and n.
    progress : ndarray of shape (terms, 3), int64
        Room, for the segment with the most terms.
    fields, idf, times
        As in `arrays.Union`.

    Returns
    -------
    held : int
        How many there are; or FAULT - n if segment n does not fit its own numbers.
    scored : int
        Documents that were scored.
    """
    held, scored, memory = 0, np.int64(0), scratch_at(scratch)
    segments, scoring = context[SEGMENTS], _scoring(context)
    table = i64_at(context[ROWS], (segments, ROW_NUMBERS))
    for number in range(segments):
        union = _union(runs, ends, number, progress, fields, idf, times)
        if len(union.runs) == 0:
            continue
        segment = segment_at(table[number], 0, context[FIELDS])
        windows = (len(segment.lengths) + WINDOW - 1) // WINDOW
        live = u64_at(table[number, LIVE], (table[number, LIVE_LENGTH],))
        held, more = rank_union(segment, union, scoring, live, memory, windows, keys, held, 0.0, table[number, BASE])
        if held == FAULT:
            return FAULT - number, scored
        scored += more
    sort_best_first(keys, held, memory.candidates, memory.histogram)
    return held, scored


@njit(**JIT)
def count_unions(context: Any, runs: Any, ends: Any, progress: Any, scratch: Any) -> Any:
    """How many documents hold any of some terms, in whatever field; parameters as in `answer_union`, FAULT - n too."""
    total, memory, segments = np.int64(0), scratch_at(scratch), context[SEGMENTS]
    table = i64_at(context[ROWS], (segments, ROW_NUMBERS))
    for number in range(segments):
        union = _union(runs, ends, number, progress, 0, 1.0, 1.0)
        if len(union.runs) == 0:
            continue
        segment = segment_at(table[number], 0, context[FIELDS])
        windows = (len(segment.lengths) + WINDOW - 1) // WINDOW
        live = u64_at(table[number, LIVE], (table[number, LIVE_LENGTH],))
        found = count_union(segment, union, live, memory, windows)
        if found < 0:
            return np.int64(FAULT - number)
        total += found
    return total


@njit(**JIT)
def list_unions(
    context: Any, number: Any, runs: Any, ends: Any, progress: Any, fields: Any, scratch: Any, docs: Any, f: Any
) -> Any:
    """List the documents of segment `number` with any of some terms, deleted ones included, and their f.

    Parameters
    ----------
    docs : ndarray of shape (n,), uint32
    f : ndarray of shape (n,), float64
        Filled; n at least the number of documents, or of postings. See `answer_union` for the others.

    Returns
    -------
    int
        How many there are; FAULT - n as there.
    """
    segments, memory = context[SEGMENTS], scratch_at(scratch)
    row = i64_at(context[ROWS], (segments, ROW_NUMBERS))[number]
    segment = segment_at(row, 0, context[FIELDS])
    windows = (len(segment.lengths) + WINDOW - 1) // WINDOW
    union = _union(runs, ends, number, progress, fields, 1.0, 1.0)
    found = list_union(segment, union, _scoring(context), memory, windows, docs, f)
    return found if found >= 0 else np.int64(FAULT - number)

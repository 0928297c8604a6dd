"""One call for one query: the leaves of all segments are gathered from a snapshot's tables and ranked in turn.

A snapshot's context says where everything lies that queries have in common (`SNAPSHOT`, `segment_row`); a query
adds its leaves, one number each, and is answered without another step in Python. The threshold that one
segment reached goes along to the next. Some 50 nanoseconds a segment and 10 a leaf come on top of ranking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import (
    BOUND,
    FAULT,
    FAVOUR,
    FIRST,
    FREQUENCY,
    IDF,
    MAXIMA,
    MOST,
    REQUIRED,
    START,
    TIMES,
    WINDOW,
    Leaves,
    Scoring,
    SegmentArrays,
)
from searchkit.rank.kernels.bits import prefetch
from searchkit.rank.kernels.bounds import floor_of, impact_needed
from searchkit.rank.kernels.champions import rank_champions
from searchkit.rank.kernels.contexts import (
    Addresses,
    f64_at,
    i64_at,
    scratch_at,
    segment_at,
    u32_at,
    u64_at,
)
from searchkit.rank.kernels.exact import NARROW
from searchkit.rank.kernels.heap import INLINE, JIT, sort_best_first
from searchkit.rank.kernels.lists import open_posting_list
from searchkit.rank.kernels.ranking import count_segment, rank_segment
from searchkit.rank.kernels.rows import (
    CHAMPIONS_MAX,
    COVERED,
    LINE,
    MOST_IMPACT,
    SEGMENT_NUMBERS,
    fetch_row,
    idf_at,
    level_of,
    reached_at,
    segment_facts,
)
from searchkit.rank.kernels.single import rank_single

SEGMENTS, FIELDS, WORDS, WEIGHTS, MEANS, SCALES, ROWS, FREE = range(8)
CONTEXT_NUMBERS = FREE + 1
"""The numbers of a snapshot's context: how many segments and fields, and the addresses of

    WORDS      a row for each word met: see `rows.py`
    WEIGHTS, MEANS   float64 (fields,)
    SCALES     float64 (segments, 2): lower and upper scale of impacts
    ROWS       int64 (segments, ROW_NUMBERS): see `segment_row`
    FREE       float64 (2,): k1 and b
"""
_ARRAYS = 2 * len(SegmentArrays._fields)
LIVE, LIVE_LENGTH, BASE, ROW_NUMBERS = _ARRAYS, _ARRAYS + 1, _ARRAYS + 2, _ARRAYS + 3
"""A segment's row: its arrays, the bits of its live documents (length 0: all live), and its first place."""

ROW_MASK, TIMES_SHIFT, TIMES_MASK = (1 << 32) - 1, 32, 0xFFFF
LISTED_LEAF, REQUIRED_LEAF = 1 << 61, 1 << 62
"""A leaf of a query is one number: its row, or if listed its number among the listed; times shifted; and these bits."""

LIST_IDFS, LIST_ROWS = 0, 1
MASK, MASK_LENGTH, DOCS, DOCS_LENGTH, F, ENDS = range(6)
"""What a query adds that is more than words: the address of the idf of listed leaves; then for each segment, mask of
allowed documents (address 0: the live ones), listed documents and their f, and from ENDS on where each list ends."""


@njit(**JIT)
def _least(context: Any, leaves: Any, count: Any, limit: Any) -> Any:
    """A score that at least `limit` documents reach by one word alone; 0 if none is known.

    Sound only where every live document with the word is a result.
    """
    column, least = level_of(limit), 0.0
    if column < 0:
        return least
    words, segments = context[WORDS], context[SEGMENTS]
    for leaf in range(count):
        code = leaves[leaf]
        if code & REQUIRED_LEAF and count > 1:
            return 0.0
        if code & LISTED_LEAF:
            continue
        row, times = code & ROW_MASK, code >> TIMES_SHIFT & TIMES_MASK
        reached = reached_at(words, segments, row, column)
        least = max(least, times * idf_at(words, segments, row) * reached)
    return least * FAVOUR


@njit(**JIT)
def _gather(
    context: Any, number: Any, leaves: Any, count: Any, lists: Any, list_row: Any, places: Any, factors: Any
) -> Any:
    """Fill in `places` and `factors` of the leaves that occur in a segment.

    Returns how many do; 0 also if no document there can be a result.
    """
    segments, found = context[SEGMENTS], 0
    upper = f64_at(context[SCALES], (segments, 2))[number, 1]
    for leaf in range(count):
        code = leaves[leaf]
        row, times, required = code & ROW_MASK, code >> TIMES_SHIFT & TIMES_MASK, code & REQUIRED_LEAF != 0
        if code & LISTED_LEAF:
            start = lists[list_row + ENDS + row - 1] if row else 0
            end = lists[list_row + ENDS + row]
            place = places[found]
            place[0], place[1], place[2], place[3], place[4], place[5] = start, end, -1, end - start, -1, -1
            idf, scale, most = f64_at(lists[LIST_IDFS] + 8 * row, (1,))[0], 1.0, 255.0
        else:
            facts = segment_facts(context[WORDS], segments, row, number)
            for column in range(6):
                places[found, column] = facts[column]
            idf, scale, most = idf_at(context[WORDS], segments, row), upper, np.float64(facts[MOST_IMPACT])
        if places[found, FREQUENCY] == 0:
            if required:
                return 0
            continue
        factors[found, IDF], factors[found, TIMES] = idf, times
        factors[found, BOUND], factors[found, REQUIRED] = times * idf * scale, required
        factors[found, MOST] = most
        found += 1
    return found


@njit(**JIT)
def fetch_leaves(context: Any, leaves: Any, count: Any) -> None:
    """Begin to fetch what ranking reads first of every leaf in every segment: each lies elsewhere in memory."""
    segments, fields = context[SEGMENTS], context[FIELDS]
    rows = i64_at(context[ROWS], (segments, ROW_NUMBERS))
    for leaf in range(count):
        fetch_row(context[WORDS], segments, leaves[leaf] & ROW_MASK, 1)
    for leaf in range(count):
        code = leaves[leaf]
        if code & LISTED_LEAF:
            continue
        for number in range(segments):
            facts = segment_facts(context[WORDS], segments, code & ROW_MASK, number)
            if facts[FREQUENCY] > 0:
                segment, first = segment_at(rows[number], 0, fields), facts[FIRST]
                prefetch(segment.postings, facts[START])
                prefetch(segment.impacts, first)
                prefetch(segment.maxima, max(facts[MAXIMA], 0))
                prefetch(segment.tfs, first >> 1 if len(segment.vectors) == NARROW else first)


@njit(**JIT)
def _can_reach(factors: Any, count: Any, score: Any) -> Any:
    """Whether the largest impacts of all leaves in a segment together reach a score."""
    most = 0.0
    for leaf in range(count):
        most += factors[leaf, BOUND] * factors[leaf, MOST] / 255.0
    return most >= score * FAVOUR


@njit(**JIT)
def _row_of(lists: Any, number: Any) -> Any:
    """Where a segment's row begins in what a query adds; each has room for as many ends as there are listed leaves."""
    return LIST_ROWS + 1 + number * (ENDS + lists[LIST_ROWS]) if len(lists) else 0


@njit(**INLINE)
def _leaves(memory: Any, count: Any, lists: Any, list_row: Any) -> Any:
    places, factors = memory.places[:count], memory.factors[:count]
    if len(lists) == 0:
        return Leaves(places, factors, u32_at(0, (0,)), f64_at(0, (0,)))
    docs, length = lists[list_row + DOCS], lists[list_row + DOCS_LENGTH]
    return Leaves(places, factors, u32_at(docs, (length,)), f64_at(lists[list_row + F], (length,)))


@njit(**INLINE)
def _allowed(row: Any, lists: Any, list_row: Any) -> Any:
    if len(lists) and lists[list_row + MASK]:
        return u64_at(lists[list_row + MASK], (lists[list_row + MASK_LENGTH],))
    return u64_at(row[LIVE], (row[LIVE_LENGTH],))


@njit(**JIT)
def answer(context: Any, leaves: Any, count: Any, lists: Any, scratch: Any, keys: Any) -> Any:
    """Rank the documents of a snapshot.

    Parameters
    ----------
    context : ndarray of int64
        Of a snapshot and a set of parameters; see `SNAPSHOT`.
    leaves : ndarray of shape (>= count,), int64
        In the order in which scores are summed.
    count : int
        1 to `LEAVES_MAX`.
    lists : ndarray of int64
        See `LIST_IDFS`; of shape (0,) for words alone.
    scratch : ndarray of int64
        A thread's scratch; see `contexts.scratch_at`.
    keys : ndarray of shape (k,), uint64
        Filled with the k best, best first; see `heap.key`. k at least 1.

    Returns
    -------
    held : int
        How many there are; or FAULT - n if segment n does not fit its own numbers.
    scored : int
        Documents scored exactly: what pruning left to do.
    """
    held, total, memory = 0, 0, scratch_at(scratch)
    segments, fields = context[SEGMENTS], context[FIELDS]
    rows, free = i64_at(context[ROWS], (segments, ROW_NUMBERS)), f64_at(context[FREE], (2,))
    scales = f64_at(context[SCALES], (segments, 2))
    scoring = Scoring(f64_at(context[WEIGHTS], (fields,)), f64_at(context[MEANS], (fields,)), free[0], free[1])
    fetch_leaves(context, leaves, count)
    least = 0.0 if len(lists) else _least(context, leaves, count, len(keys))
    for number in range(segments):
        list_row = _row_of(lists, number)
        here = _gather(context, number, leaves, count, lists, list_row, memory.places, memory.factors)
        if here == 0 or not _can_reach(memory.factors, here, floor_of(keys, held, least)):
            continue
        query = _leaves(memory, here, lists, list_row)
        held, scored = rank_segment(
            Addresses(rows[number], fields, scratch), query, scoring, _allowed(rows[number], lists, list_row),
            keys, held, least, scales[number, 0] / scales[number, 1], rows[number, BASE],
        )  # fmt: skip
        if held == FAULT:
            return FAULT - number, total
        total += scored
    sort_best_first(keys, held, memory.candidates, memory.histogram)
    return held, total


@njit(**JIT)
def answer_word(context: Any, leaves: Any, scratch: Any, keys: Any) -> Any:
    """`answer` for one word alone, in less room: what the other kernels need is not even looked up.

    Where its champions are enough, neither is its posting list.
    """
    held, memory, nothing = 0, scratch_at(scratch), i64_at(0, (0,))
    segments, fields = context[SEGMENTS], context[FIELDS]
    rows, free = i64_at(context[ROWS], (segments, ROW_NUMBERS)), f64_at(context[FREE], (2,))
    scoring = Scoring(f64_at(context[WEIGHTS], (fields,)), f64_at(context[MEANS], (fields,)), free[0], free[1])
    row = leaves[0] & ROW_MASK
    if len(keys) > CHAMPIONS_MAX:
        fetch_leaves(context, leaves, 1)
    else:
        fetch_row(context[WORDS], segments, row, SEGMENT_NUMBERS // LINE)
    least = _least(context, leaves, 1, len(keys))
    for number in range(segments):
        facts = segment_facts(context[WORDS], segments, row, number)
        here = _gather(context, number, leaves, 1, nothing, 0, memory.places, memory.factors)
        if here == 0 or not _can_reach(memory.factors, here, floor_of(keys, held, least)):
            continue
        segment, query = segment_at(rows[number], 0, fields), _leaves(memory, here, nothing, 0)
        if impact_needed(floor_of(keys, held, least), memory.factors[0, BOUND]) >= facts[COVERED]:
            held = rank_champions(segment, facts, query, scoring, keys, held, least, rows[number, BASE])
            continue
        windows = (len(segment.lengths) + WINDOW - 1) // WINDOW
        if open_posting_list(segment.postings, memory.places[0], memory.tables[0], windows) == FAULT:
            return np.int64(FAULT - number)
        held, _ = rank_single(
            segment, query, scoring, _allowed(rows[number], nothing, 0), memory, windows,
            keys, held, least, rows[number, BASE],
        )  # fmt: skip
    sort_best_first(keys, held, memory.candidates, memory.histogram)
    return np.int64(held)


@njit(**JIT)
def count_matches(context: Any, leaves: Any, count: Any, lists: Any, scratch: Any) -> Any:
    """How many documents match, not ranked; parameters as in `answer`. FAULT - n as there."""
    total, memory = np.int64(0), scratch_at(scratch)
    segments, fields = context[SEGMENTS], context[FIELDS]
    rows = i64_at(context[ROWS], (segments, ROW_NUMBERS))
    fetch_leaves(context, leaves, count)
    for number in range(segments):
        list_row = _row_of(lists, number)
        here = _gather(context, number, leaves, count, lists, list_row, memory.places, memory.factors)
        if here == 0:
            continue
        found = count_segment(
            segment_at(rows[number], 0, fields), _leaves(memory, here, lists, list_row),
            _allowed(rows[number], lists, list_row), memory,
        )  # fmt: skip
        if found == FAULT:
            return FAULT - number
        total += found
    return total

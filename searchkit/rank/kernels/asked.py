"""Queries written down once and asked by address: three numbers go in, one comes out.

A query that was met before is its *plan*: where the snapshot lies that it is about, and its leaves. A thread has a
*room*: its scratch, and space for keys that fills up query by query, so that neither has to be made for an answer. An
array costs its caller as much as a word costs the kernel, a number next to nothing. What this module does not know:
ranking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.rank.kernels.answer import CONTEXT_NUMBERS, SEGMENTS, answer, answer_word, count_matches
from searchkit.rank.kernels.answer_groups import answer_phrase, answer_union, count_phrase
from searchkit.rank.kernels.contexts import SCRATCH_NUMBERS, f64_at, i64_at, u64_at
from searchkit.rank.kernels.heap import PLACES_MAX

PLAN_CONTEXT, PLAN_COUNT, PLAN_FIELDS, PLAN_LEAVES = range(4)
"""A plan of words or a phrase: address of a snapshot's context, how many leaves, fields that count, and the leaves, as
`answer.answer` has them or, for a phrase, rows of words whose positions have been verified."""
PLAN_RUNS, PLAN_RUN_COUNT, PLAN_ENDS, PLAN_TERMS, PLAN_UNION_FIELDS, PLAN_IDF, PLAN_UNION_NUMBERS = range(1, 8)
"""A plan of a union: the same address; then addresses of its runs, ends and idf, numbers of runs and terms, fields."""

ROOM_SCRATCH, ROOM_PROGRESS, ROOM_TERMS, ROOM_SIZE, ROOM_USED, ROOM_KEYS = range(6)
"""A room: addresses of a thread's scratch and of space for the progress of so many terms, how many keys there is space
for, how many are taken, and the keys: the bits of a float32 score above the 32 of a place."""
HELD_BITS = 16
"""An answer is how many keys were taken before it, shifted, and how many it has."""
FULL = -(1 << 48)
"""Instead of an answer: the room has too little space, for keys or for progress."""


@njit(**INLINE)
def _keys(at: Any, used: Any, limit: Any) -> Any:
    return u64_at(at + 8 * (ROOM_KEYS + used), (limit,))


@njit(**INLINE)
def _kept(room: Any, keys: Any, held: Any) -> Any:
    """The answer of so many keys, which stay in the room as whoever reads them wants them; or what is wrong."""
    if held < 0:
        return np.int64(held)
    for number in range(held):
        keys[number] ^= np.uint64(PLACES_MAX - 1)  # A heap has places from the end, so that the earlier is the greater.
    found = np.int64(room[ROOM_USED] << HELD_BITS | held)
    room[ROOM_USED] += held
    return found


@njit(**JIT)
def ask_words(asked: Any, at: Any, limit: Any) -> Any:
    """Rank the documents of a snapshot for words: all of them required, or none, and none twice.

    Parameters
    ----------
    asked : int
        Address of a plan.
    at : int
        Address of a room.
    limit : int
        How many documents at most; may be 0.

    Returns
    -------
    int
        Where the room has the keys, best first, see `HELD_BITS`; or FULL; or FAULT - n if segment n does not fit its own
        numbers.
    """
    plan, room = i64_at(asked, (PLAN_LEAVES,)), i64_at(at, (ROOM_KEYS,))
    if room[ROOM_USED] + limit > room[ROOM_SIZE]:
        return np.int64(FULL)
    if limit == 0:
        return np.int64(room[ROOM_USED] << HELD_BITS)
    count = plan[PLAN_COUNT]
    leaves = i64_at(asked + 8 * PLAN_LEAVES, (count,))
    context = i64_at(plan[PLAN_CONTEXT], (CONTEXT_NUMBERS,))
    scratch = i64_at(room[ROOM_SCRATCH], (SCRATCH_NUMBERS,))
    keys = _keys(at, room[ROOM_USED], limit)
    if count == 1:
        return _kept(room, keys, answer_word(context, leaves, scratch, keys))
    held, _ = answer(context, leaves, count, i64_at(0, (0,)), scratch, keys)
    return _kept(room, keys, held)


@njit(**JIT)
def ask_phrase(asked: Any, at: Any, limit: Any) -> Any:
    """Rank the documents of a snapshot that hold words side by side; all else as in `ask_words`."""
    plan, room = i64_at(asked, (PLAN_LEAVES,)), i64_at(at, (ROOM_KEYS,))
    if room[ROOM_USED] + limit > room[ROOM_SIZE]:
        return np.int64(FULL)
    if limit == 0:
        return np.int64(room[ROOM_USED] << HELD_BITS)
    rows = i64_at(asked + 8 * PLAN_LEAVES, (plan[PLAN_COUNT],))
    context = i64_at(plan[PLAN_CONTEXT], (CONTEXT_NUMBERS,))
    scratch = i64_at(room[ROOM_SCRATCH], (SCRATCH_NUMBERS,))
    keys = _keys(at, room[ROOM_USED], limit)
    held, _, _ = answer_phrase(context, rows, len(rows), 0, plan[PLAN_FIELDS], 1.0, scratch, keys)
    return _kept(room, keys, held)


@njit(**JIT)
def ask_union(asked: Any, at: Any, limit: Any) -> Any:
    """Rank the documents of a snapshot that hold any of some terms, which count as one; all else as in `ask_words`."""
    plan, room = i64_at(asked, (PLAN_UNION_NUMBERS,)), i64_at(at, (ROOM_KEYS,))
    if room[ROOM_USED] + limit > room[ROOM_SIZE] or plan[PLAN_TERMS] > room[ROOM_TERMS]:
        return np.int64(FULL)
    if limit == 0:
        return np.int64(room[ROOM_USED] << HELD_BITS)
    context = i64_at(plan[PLAN_CONTEXT], (CONTEXT_NUMBERS,))
    scratch = i64_at(room[ROOM_SCRATCH], (SCRATCH_NUMBERS,))
    runs, ends = i64_at(plan[PLAN_RUNS], (plan[PLAN_RUN_COUNT], 2)), i64_at(plan[PLAN_ENDS], (context[SEGMENTS] + 1,))
    progress, idf = i64_at(room[ROOM_PROGRESS], (plan[PLAN_TERMS], 3)), f64_at(plan[PLAN_IDF], (1,))[0]
    keys = _keys(at, room[ROOM_USED], limit)
    held, _ = answer_union(context, runs, ends, progress, plan[PLAN_UNION_FIELDS], idf, 1.0, scratch, keys)
    return _kept(room, keys, held)


@njit(**JIT)
def count_asked_words(asked: Any, at: Any) -> Any:
    """How many documents match a plan of words; FAULT - n as in `ask_words`."""
    plan, room = i64_at(asked, (PLAN_LEAVES,)), i64_at(at, (ROOM_KEYS,))
    leaves = i64_at(asked + 8 * PLAN_LEAVES, (plan[PLAN_COUNT],))
    context = i64_at(plan[PLAN_CONTEXT], (CONTEXT_NUMBERS,))
    scratch = i64_at(room[ROOM_SCRATCH], (SCRATCH_NUMBERS,))
    return np.int64(count_matches(context, leaves, len(leaves), i64_at(0, (0,)), scratch))


@njit(**JIT)
def count_asked_phrase(asked: Any, at: Any) -> Any:
    """How many documents hold the phrase of a plan; FAULT - n as in `ask_words`."""
    plan, room = i64_at(asked, (PLAN_LEAVES,)), i64_at(at, (ROOM_KEYS,))
    rows = i64_at(asked + 8 * PLAN_LEAVES, (plan[PLAN_COUNT],))
    context = i64_at(plan[PLAN_CONTEXT], (CONTEXT_NUMBERS,))
    scratch = i64_at(room[ROOM_SCRATCH], (SCRATCH_NUMBERS,))
    return np.int64(count_phrase(context, rows, len(rows), 0, plan[PLAN_FIELDS], scratch))

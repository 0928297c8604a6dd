"""The best keys with a beginning, and which of them stand after a word: the compiled twin of `Ranked` and `Pairs.after`.

Bisection of strings waits for memory twice a step. So the first `HEAD` letters of keys are looked up in a table of their
own, which is small enough to stay in the cache, and the next ones among numbers that lie side by side; the few keys that
are left are compared letter by letter. Cost: 2 microseconds; 8 bytes a key. What this module does not know: what keys
stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from searchkit.jit import JIT, njit
from searchkit.suggest.kernels.memory import popcount, prefetch
from searchkit.suggest.lexicon import BLOCK
from searchkit.suggest.pairs import CELL_BITS

HEAD: Final = 3
"""Letters of a key in one number."""
KNOWN: Final = 2 * HEAD
"""Letters of a beginning that `opening` looks at."""
_BITS: Final = 21
"""Of a letter: its code point and one, or 0 after the last letter."""
_RANK, _NUMBER = np.uint64(32), np.uint64(0xFFFFFFFF)
_FOLD, _SHIFT, _MIX = 15, 32 - CELL_BITS, 0x85EBCA6B
_MASK: Final = 0xFFFFFFFF
_COUNT_MAX: Final = 0xFFFF
ASKED_MAX: Final = 256
"""Keys that can be asked for, or about, at once."""
TITLES: Final = 3
"""The row of an answer that has titles."""
OPEN_BITS, MANY_BIT = 16, 40
"""Of an answer of `in_context`: where the number of words with the beginning stands, and whether there are more."""


@njit(**JIT)
def _packed(typed: Any, first: Any, size: Any) -> Any:
    """`HEAD` letters from one on as one number."""
    found = np.int64(0)
    for place in range(first, first + HEAD):
        found = found << _BITS | (np.int64(typed[place]) + 1 if place < size else np.int64(0))
    return found


@njit(**JIT)
def _least(keys: Any, low: Any, high: Any, key: Any) -> Any:
    """The first of some ascending numbers that is not below one; `high` if none is."""
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@njit(**JIT)
def opening(typed: Any, size: Any, heads: Any, firsts: Any, nexts: Any) -> Any:
    """Keys with the first `KNOWN` letters of a beginning: the first, and one past the last."""
    if size == 0:
        return np.int64(0), np.int64(len(nexts))
    key = _packed(typed, 0, size)
    place = _least(heads, np.int64(0), np.int64(len(heads)), key)
    if size < HEAD:
        end = _least(heads, place, np.int64(len(heads)), key + (np.int64(1) << _BITS * (HEAD - size)))
        return np.int64(firsts[place]), np.int64(firsts[end])
    if place == len(heads) or heads[place] != key:
        return np.int64(0), np.int64(0)
    low, high = np.int64(firsts[place]), np.int64(firsts[place + 1])
    if size > HEAD:
        key = _packed(typed, HEAD, size)
        low = _least(nexts, low, high, key)
        high = _least(nexts, low, high, key + (np.int64(1) << _BITS * max(KNOWN - size, 0)))
    return low, high


@njit(**JIT)
def _compared(codes: Any, starts: Any, word: Any, spelled: Any, done: Any, size: Any) -> Any:
    """Below, at or above 0: a word by the `size` letters spelled, of which the first `done` are known to be its own."""
    start = np.int64(starts[word])
    length = np.int64(starts[word + 1]) - start
    for place in range(done, size):
        if place == length:
            return np.int64(-1)
        apart = np.int64(codes[start + place]) - np.int64(spelled[place])
        if apart != 0:
            return apart
    return np.int64(0)


@njit(**JIT)
def _first_not_below(
    codes: Any, starts: Any, low: Any, high: Any, spelled: Any, done: Any, size: Any, least: Any
) -> Any:
    """The first of some words that compares as `least` or above; `high` if none does."""
    while low < high:
        middle = (low + high) >> 1
        if _compared(codes, starts, middle, spelled, done, size) < least:
            low = middle + 1
        else:
            high = middle
    return low


@njit(**JIT)
def _end_of(codes: Any, starts: Any, low: Any, high: Any, spelled: Any, done: Any, size: Any) -> Any:
    """One past the last of some words that begins as spelled; those that do are the first, mostly a few."""
    step = np.int64(1)
    while low + step < high and _compared(codes, starts, low + step - 1, spelled, done, size) == 0:
        low, step = low + step, 2 * step
    return _first_not_below(codes, starts, low, min(low + step, high), spelled, done, size, 1)


@njit(**JIT)
def opening_of_words(typed: Any, size: Any, heads: Any, firsts: Any, nexts: Any, codes: Any, starts: Any) -> Any:
    """Words with a beginning: the first, and one past the last. Their letters are needed for more than `KNOWN` of it."""
    low, high = opening(typed, size, heads, firsts, nexts)
    if size > KNOWN and low < high:
        low = _first_not_below(codes, starts, low, high, typed, KNOWN, size, 0)
        high = _end_of(codes, starts, low, high, typed, KNOWN, size)
    return low, high


@njit(**JIT)
def _keep(entry: Any, top: Any, held: Any, keep: Any) -> Any:
    """Put a rank with its word among the best, unless it is there; how many there are then."""
    place = held
    while place > 0 and top[place - 1] >= entry:
        place -= 1
    if place == keep or (place < held and top[place] == entry):
        return held
    held = min(held + 1, keep)
    for moved in range(held - 1, place, -1):
        top[moved] = top[moved - 1]
    top[place] = entry
    return held


@njit(**JIT)
def keep_best(low: Any, high: Any, ranks: Any, best: Any, top: Any, held: Any, keep: Any) -> Any:
    """Put the words from `low` to before `high` among the best; how many there are then."""
    word = low
    while word < high:
        end = min((word // BLOCK + 1) * BLOCK, high)
        if held < keep or np.uint64(best[word // BLOCK]) < top[keep - 1] >> _RANK:
            for number in range(word, end):
                entry = np.uint64(ranks[number]) << _RANK | np.uint64(number)
                if held < keep or entry < top[keep - 1]:
                    held = _keep(entry, top, held, keep)
        word = end
    return held


@njit(**JIT)
def best_between(low: Any, high: Any, limit: Any, ranks: Any, best: Any, room: Any, top: Any) -> Any:
    """The best keys from one to before another, into the last row of `top`; how many."""
    held = keep_best(low, high, ranks, best, room, 0, limit)
    for place in range(held):
        top[TITLES, place] = np.int64(room[place] & _NUMBER)
    return held


@njit(**JIT)
def best_titles(
    key: Any, limit: Any, heads: Any, firsts: Any, nexts: Any, ranks: Any, best: Any, room: Any, top: Any
) -> Any:
    """The best titles with a beginning, into the last row of `top`; how many.

    If it has more than `KNOWN` letters, it is -1 and the range of those with as many.
    """
    low, high = opening(key, len(key), heads, firsts, nexts)
    if len(key) > KNOWN and low < high:
        top[TITLES, 0], top[TITLES, 1] = low, high
        return np.int64(-1)
    return np.int64(best_between(low, high, limit, ranks, best, room, top))


@njit(**JIT)
def best_of_both(
    typed: Any, limit: Any, heads: Any, firsts: Any, nexts: Any, codes: Any, starts: Any, ranks: Any, best: Any,
    counts: Any, title_heads: Any, title_firsts: Any, title_nexts: Any, title_ranks: Any, best_title: Any, room: Any,
    top: Any,
) -> Any:  # fmt: skip
    """The best words with a beginning and their counts, into the first rows of `top`, and the best titles into the last.

    Returns
    -------
    int
        How many words; how many titles, or -1 as in `best_titles`, is `OPEN_BITS` above.
    """
    low, high = opening_of_words(typed, len(typed), heads, firsts, nexts, codes, starts)
    held = keep_best(low, high, ranks, best, room, 0, limit)
    for place in range(held):
        prefetch(counts, np.int64(room[place] & _NUMBER))
        top[0, place] = np.int64(room[place] & _NUMBER)
    titles = best_titles(typed, limit, title_heads, title_firsts, title_nexts, title_ranks, best_title, room, top)
    for place in range(held):
        top[1, place] = counts[top[0, place]]
    return held | titles << OPEN_BITS


@njit(**JIT)
def _stand_after(
    count: Any, hashes: Any, first: Any, bits: Any, ahead: Any, pair_counts: Any, limit: Any, cells: Any, room: Any
) -> Any:
    """Which of some words stand right after one, most often first, into `room`, counts turned round above places."""
    for place in range(count):
        mixed = (np.int64(hashes[place]) + first) & _MASK
        mixed ^= mixed >> _FOLD
        cells[place] = (mixed * _MIX & _MASK) >> _SHIFT
        prefetch(bits, cells[place] >> 6)
        prefetch(ahead, cells[place] >> 6)
    some = 0
    for place in range(count):
        cell = cells[place]
        line, bit = bits[cell >> 6], np.uint64(cell & 63)
        if line >> bit & np.uint64(1):
            at = np.int64(ahead[cell >> 6]) + popcount(line & ((np.uint64(1) << bit) - np.uint64(1)))
            prefetch(pair_counts, at)
            cells[some] = place << 32 | at
            some += 1
    held = 0
    for number in range(some):
        often = np.int64(pair_counts[cells[number] & _MASK])
        entry = np.uint64(_COUNT_MAX - often) << _RANK | np.uint64(cells[number] >> 32)
        held = _keep(entry, room, held, limit)
    return held


@njit(**JIT)
def in_context(
    typed: Any, count: Any, chosen: Any, hashes: Any, first: Any, limit: Any, known_only: Any, heads: Any, firsts: Any,
    nexts: Any, codes: Any, starts: Any, ranks: Any, best: Any, counts: Any, all_hashes: Any, bits: Any, ahead: Any,
    pair_counts: Any, cells: Any, room: Any, top: Any,
) -> Any:  # fmt: skip
    """The best of some words after another: numbers, counts, and how often they stand there, into the rows of `top`.

    Parameters
    ----------
    count : int
        Words in `chosen`, best first, with their hashes; below 0, the best with a beginning are put there first, so many
        at most.
    first : int
        What the word before adds to a hash.
    known_only : bool
        Whether others are left out than those that stand after it.

    Returns
    -------
    int
        How many there are; see `OPEN_BITS` for what else.
    """
    many = np.int64(0)
    if count < 0:
        low, high = opening_of_words(typed, len(typed), heads, firsts, nexts, codes, starts)
        many = np.int64(high - low > -count)
        count = keep_best(low, high, ranks, best, room, 0, -count)
        for place in range(count):
            chosen[place] = np.uint32(room[place] & _NUMBER)
            prefetch(all_hashes, np.int64(chosen[place]))
        for place in range(count):
            hashes[place] = all_hashes[chosen[place]]
    held = _stand_after(count, hashes, first, bits, ahead, pair_counts, limit, cells, room)
    for place in range(held):
        at = np.int64(room[place] & _NUMBER)
        top[0, place], top[2, place] = chosen[at], _COUNT_MAX - np.int64(room[place] >> _RANK)
    if not known_only:
        with_it, place = held, 0
        while held < limit and place < min(count, limit):
            fresh = True
            for other in range(with_it):
                fresh = fresh and np.int64(room[other] & _NUMBER) != place
            if fresh:
                top[0, held], top[2, held] = chosen[place], 0
                held += 1
            place += 1
    for place in range(held):
        prefetch(counts, top[0, place])
    for place in range(held):
        top[1, place] = counts[top[0, place]]
    return held | count << OPEN_BITS | many << MANY_BIT


class Openings:
    """Ascending keys by their first letters.

    Attributes
    ----------
    read : tuple of ndarray
        What `opening` reads: first numbers that occur, the first key with each, and the second numbers of all keys.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        sizes = np.fromiter((min(len(key), KNOWN) for key in keys), np.int64, len(keys))
        text = "".join([key[:KNOWN] for key in keys])
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        letters = np.zeros((len(keys), KNOWN), np.int64)
        letters[np.arange(KNOWN) < sizes[:, None]] = codes.astype(np.int64) + 1
        heads, nexts = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        for place in range(HEAD):
            heads = heads << _BITS | letters[:, place]
            nexts = nexts << _BITS | letters[:, HEAD + place]
        firsts = np.flatnonzero(np.append(True, heads[1:] != heads[:-1])) if len(keys) else np.zeros(0, np.int64)
        self.read = heads[firsts], np.append(firsts, len(keys)).astype(np.uint32), nexts

"""Find the surfaces of many texts in one pass, and number each by what it says.

`scan` reads UTF-8, asks a table for the class of every character (`searchkit.analysis.surface_table` makes it from
the patterns of `surfaces`, which say what a surface is), and looks each surface up in a hash table with open
addressing. Up to eight bytes a surface is its own key; a longer one is compared byte for byte with what is
remembered, so that two which only share a hash never share a number. Slots are chosen by multiplying with odd numbers
that are drawn anew in every process (multiply-shift, [1]_), so that nobody can write a text whose words all collide.

A run of ideographs, kana or hangul alone becomes its overlapping pairs here, because as one surface it would hardly ever
come again; the analyzer would cut it into the same pairs.

Cost: about 1 nanosecond a byte and 10 a surface. What this module does not know: what becomes of a surface.

References
----------
.. [1] M. Dietzfelbinger et al. (1997), "A reliable randomized algorithm for the closest-pair problem", section 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.analysis.kernels.loads import eight_bytes, fetch
from searchkit.jit import INLINE, JIT, njit

WORD, FOREIGN, DIGIT, LETTER_N, CJK = 1, 2, 4, 8, 16
"""Flags of a character: inside a surface; there and beyond ASCII; 0 to 9; n or N; one of `surfaces.PLAIN_CJK`."""
JOIN_SHIFT = 5
JOINS_WORD, JOINS_NUMBER, JOINS_FOREIGN, JOINS_WIDE, DOT, LOW_LINE = 1, 2, 3, 4, 5, 6
"""What a boundary holds together, in the upper bits: any two, before a digit or beyond ASCII, before what is beyond
ASCII, before anything but ideographs; as `JOINS_WORD` and a sign before .NET; only a sign."""

DONE, TABLE_FULL, ARENA_FULL = 0, 1, 2
"""What `scan` says when it stops."""
AT, TEXT, FOUND, HELD, ARENA_USED, RUN_END = 0, 1, 2, 3, 4, 5
"""Places of `state`: the byte to go on at, the text it is in, surfaces found, surfaces known, bytes of the arena, and
where a run of `CJK` ends that is being taken pair by pair."""
SIMPLE_BYTES_MAX = 128
"""Bytes of a surface that is marked as simple: its term is well within the limit whatever a stemmer does."""

_KEY_BYTES = 16
_AHEAD = 16
"""Surfaces whose terms are being fetched while those of one are written down."""
_LONG = np.uint64(1 << 32)
_NUMBER = np.uint64((1 << 32) - 1)
_BYTE, _HALF, _TOP, _SEVEN = np.uint64(8), np.uint64(32), np.uint64(56), np.uint64(7)
_ZERO, _ONE, _ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
# Eight bytes at once: one in each byte, the upper bit of each, and for bytes below 128 what to add or subtract from to
# carry into that bit.
_EACH, _UPPER, _LOWER = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080), np.uint64(0x7F7F7F7F7F7F7F7F)
_CASE = np.uint64(0x20) * _EACH
_FROM_A, _TO_Z = np.uint64(97) * _EACH, _UPPER | np.uint64(122) * _EACH
_FROM_0, _TO_9 = np.uint64(48) * _EACH, _UPPER | np.uint64(57) * _EACH
_PLUS, _HASH = np.uint64(43) * _EACH, np.uint64(35) * _EACH
_ASTRAL = _FOREIGN_BYTE = np.int64(WORD | FOREIGN)


@njit(**INLINE)
def _kind_at(text: Any, at: Any, classes: Any) -> Any:
    """Class of the character that begins at a byte, and its bytes."""
    first = np.int64(text[at])
    if first < 0x80:
        return np.int64(classes[first]), 1
    if first < 0xE0:
        return np.int64(classes[(first & 0x1F) << 6 | (np.int64(text[at + 1]) & 0x3F)]), 2
    if first < 0xF0:
        middle, last = np.int64(text[at + 1]) & 0x3F, np.int64(text[at + 2]) & 0x3F
        return np.int64(classes[(first & 0x0F) << 12 | middle << 6 | last]), 3
    return _ASTRAL, 4


@njit(**JIT)
def _holds(join: Any, after: Any) -> Any:
    """Whether a boundary holds a surface together, given the class of the character after it."""
    if join in (JOINS_WORD, DOT):
        return after & WORD != 0
    if join == JOINS_NUMBER:
        return after & (DIGIT | FOREIGN) != 0
    if join == JOINS_FOREIGN:
        return after & FOREIGN != 0
    if join == JOINS_WIDE:
        return after & WORD != 0 and after & CJK == 0
    return False


@njit(**JIT)
def _surface_end(text: Any, at: Any, classes: Any, start: Any) -> Any:
    """End of the surface that begins at `start` and goes on at `at`; once more if it is two or more `CJK`, else 0."""
    cjk = 0
    while True:
        kind, size = _kind_at(text, at, classes)
        if not kind & WORD:
            if kind == 0 or not _holds(kind >> JOIN_SHIFT, _kind_at(text, at + size, classes)[0]):
                return at, at if 3 * cjk == at - start and cjk > 1 else 0
        else:
            cjk += (kind & CJK) >> 4
        at += size


@njit(**JIT)
def _begins(text: Any, at: Any, classes: Any) -> Any:
    """Whether a surface begins with the character at a byte: one of a surface, or a sign that matters to the next."""
    kind, size = _kind_at(text, at, classes)
    if kind & WORD:
        return True
    join = kind >> JOIN_SHIFT
    if join < DOT:
        return False
    after, _ = _kind_at(text, at + size, classes)
    return after & FOREIGN != 0 or (join == DOT and after & LETTER_N != 0)


@njit(**INLINE)
def _outside(eight: Any) -> Any:
    """The upper bit of each of eight bytes that is no ASCII character of a surface (`surfaces` has them as a class)."""
    cased = eight | _CASE
    letters = ((cased | _UPPER) - _FROM_A) & (_TO_Z - (cased & _LOWER))
    digits = ((eight | _UPPER) - _FROM_0) & (_TO_9 - (eight & _LOWER))
    signs = ~((((eight ^ _PLUS) & _LOWER) + _LOWER) & (((eight ^ _HASH) & _LOWER) + _LOWER))
    return (~(letters | digits | signs) | eight) & _UPPER


@njit(**INLINE)
def _below(outside: Any) -> Any:
    """All bits of the bytes before the first of eight that is outside; of all eight if none is."""
    return ((outside & (_ZERO - outside)) >> _SEVEN) - _ONE


@njit(**INLINE)
def _head(text: Any, start: Any, size: Any) -> Any:
    """The first `size` bytes from a place on, at most eight, as one number."""
    return eight_bytes(text, start) & _ALL >> np.uint64(64 - 8 * size) if size > 0 else _ZERO


@njit(**INLINE)
def _mixed(one: Any, other: Any, odd: Any) -> Any:
    """A hash of two numbers."""
    one = (one ^ (other * odd) >> _HALF ^ other << _HALF) * odd
    return one ^ one >> _HALF


@njit(**JIT)
def _hash(text: Any, start: Any, end: Any, odd: Any) -> Any:
    """A hash of `text[start:end]`, more than sixteen bytes."""
    hashed = eight_bytes(text, end - 8)
    for at in range(start, end - 8, 8):
        hashed = _mixed(hashed, eight_bytes(text, at), odd)
    return hashed


@njit(**INLINE)
def slot_of(first: Any, second: Any, odd: Any, shift: Any) -> Any:
    """The slot where the search for a key begins, in a table of 2^(64 - shift) slots."""
    return np.int64(_mixed(first, second, odd) * odd >> shift)


@njit(**JIT)
def _is_simple(text: Any, start: Any, end: Any) -> Any:
    """Whether a surface is nothing but ASCII letters and digits, and short."""
    if end - start > SIMPLE_BYTES_MAX:
        return False
    for at in range(start, end):
        char = np.int64(text[at])
        if not (48 <= char <= 57 or 65 <= char <= 90 or 97 <= char <= 122):
            return False
    return True


@njit(**JIT)
def _same(text: Any, start: Any, size: Any, arena: Any, first: Any) -> Any:
    """Whether `text[start : start + size]` are the bytes of the arena from `first` on; more than eight of them."""
    for at in range(0, size - 8, 8):
        if eight_bytes(text, start + at) != eight_bytes(arena, first + at):
            return False
    return eight_bytes(text, start + size - 8) == eight_bytes(arena, first + size - 8)


@njit(**JIT)
def _collect(
    text: Any, ends: Any, classes: Any, odd: Any, shift: Any, table: Any, firsts: Any, state: Any, keys: Any, spans: Any
) -> Any:
    """Find the next surfaces, as many as `keys` and `spans` have rows or fewer; how many. See `scan`."""
    at, number_of_text, count, run_end = state[AT], state[TEXT], state[FOUND], state[RUN_END]
    stop, text_end, rows = ends[-1], ends[number_of_text], 0
    while at < stop and rows < len(keys):
        start = at
        first, second = eight_bytes(text, at), eight_bytes(text, at + 8)
        outside = _outside(first)
        below = _below(outside)
        below_too = _below(_outside(second)) if outside == _ZERO else _ZERO
        first &= below
        second &= below_too
        at += np.int64(((below & _EACH) + (below_too & _EACH)) * _EACH >> _TOP)
        if at - start == _KEY_BYTES:
            while text[at] < 0x80 and classes[text[at]] & WORD:
                at += 1
        kind = np.int64(classes[text[at]]) if text[at] < 0x80 else _FOREIGN_BYTE
        if at == start and (kind == 0 or not _begins(text, at, classes)):
            at += 1 if kind == 0 else _kind_at(text, at, classes)[1]
            continue
        while start >= text_end:
            number_of_text += 1
            firsts[number_of_text] = count + rows
            text_end = ends[number_of_text]
        end = at
        if kind == 0:
            at += 1  # Mostly a space.
        else:
            if start >= run_end:
                at, run_end = _surface_end(text, at + (at == start and not kind & WORD), classes, start)
                end = at
            if start < run_end:
                end = start + 6
                at = start + 3 if end < run_end else run_end
            first = _head(text, start, min(end - start, 8))
            second = _head(text, start + 8, min(end - start - 8, 8))
        if end - start > _KEY_BYTES:
            first, second = _hash(text, start, end, odd), np.uint64(end - start)
        slot = slot_of(first, second, odd, shift)
        fetch(table, slot)
        keys[rows, 0], keys[rows, 1], keys[rows, 2] = first, second, np.uint64(slot)
        spans[rows, 0], spans[rows, 1] = start, end
        rows += 1
    state[AT], state[TEXT], state[RUN_END] = at, number_of_text, run_end
    return rows


@njit(**JIT)
def _look_up(
    text: Any,
    table: Any,
    arena: Any,
    surface_ends: Any,
    simple: Any,
    found: Any,
    state: Any,
    keys: Any,
    spans: Any,
    rows: Any,
) -> Any:
    """Number the surfaces that were collected; `DONE`, or why one could not be. See `scan`."""
    count, held, used = state[FOUND], state[HELD], state[ARENA_USED]
    mask, status = len(table) - 1, DONE
    for row in range(rows):
        first, second, slot = keys[row, 0], keys[row, 1], np.int64(keys[row, 2])
        start, size = spans[row, 0], spans[row, 1] - spans[row, 0]
        flag = _LONG if size > _KEY_BYTES else _ZERO
        number = np.int64(-1)
        while True:
            entry = table[slot, 2]
            if entry == _ZERO:
                break
            if table[slot, 0] == first and table[slot, 1] == second and entry & _LONG == flag:
                known = np.int64(entry & _NUMBER) - 1
                if flag == _ZERO or _same(text, start, size, arena, surface_ends[known] - size):
                    number = known
                    break
            slot = (slot + 1) & mask
        if number < 0:
            if held >= len(surface_ends) or used + size >= len(arena):
                status = TABLE_FULL if held >= len(surface_ends) else ARENA_FULL
                state[AT], state[RUN_END] = start, 0
                break
            for byte in range(size):
                arena[used + byte] = text[start + byte]
            arena[used + size] = 10
            surface_ends[held] = used + size
            simple[held] = _is_simple(text, start, start + size)
            used += size + 1
            number = held
            held += 1
            table[slot, 0], table[slot, 1], table[slot, 2] = first, second, np.uint64(held) | flag
        found[count] = number
        count += 1
    state[FOUND], state[HELD], state[ARENA_USED] = count, held, used
    return status


@njit(**JIT)
def scan(
    text: Any,
    ends: Any,
    classes: Any,
    table: Any,
    shift: Any,
    odd: Any,
    arena: Any,
    surface_ends: Any,
    simple: Any,
    found: Any,
    firsts: Any,
    state: Any,
    keys: Any,
    spans: Any,
) -> Any:
    """Number the surfaces of texts, from where `state` says; stop where there is no room for a new one.

    A few hundred surfaces are collected, and only then looked up, since by then the memory has brought the slots.

    Parameters
    ----------
    text : ndarray of uint8
        Texts as UTF-8 (lone surrogates may be encoded, too), each followed by one byte that is a boundary and joins
        nothing; after the last one there are thirty-two of them.
    ends : ndarray of shape (texts,), int64
        Where each text ends; at least one.
    classes : ndarray of shape (65536,), uint8
        Flags and joins of each character; those beyond are `WORD` and `FOREIGN`.
    table : ndarray of shape (slots, 4), uint64
        The bytes of a surface of up to sixteen, or a hash and the number of bytes; then its number + 1 (with bit 32 set
        if there is a hash), 0 where the slot is free. The last column only keeps an entry within one line of a cache.
    shift, odd : uint64
        As `slot_of` takes them.
    arena : ndarray of uint8
        Surfaces known, in order of number, with a line feed after each.
    surface_ends : ndarray of int64
        Where each ends in the arena, its line feed not counted.
    simple : ndarray of bool
        Whether each is ASCII letters and digits only, and short.
    found : ndarray of uint32
        Takes the number of each surface found; room for half as many as there are bytes, and one.
    firsts : ndarray of shape (texts + 1,), int64
        Takes the place in `found` where the surfaces of each text begin.
    state : ndarray of shape (6,), int64
        Where to go on; kept up to date.
    keys, spans : ndarray of shape (rows, 3), uint64; of shape (rows, 2), int64
        Scratch.

    Returns
    -------
    int
        `DONE`, `TABLE_FULL` or `ARENA_FULL`.
    """
    while state[AT] < ends[-1]:
        rows = _collect(text, ends, classes, odd, shift, table, firsts, state, keys, spans)
        status = _look_up(text, table, arena, surface_ends, simple, found, state, keys, spans, rows)
        if status != DONE:
            while firsts[state[TEXT]] > state[FOUND]:
                state[TEXT] -= 1
            return status
    while state[TEXT] < len(ends):
        state[TEXT] += 1
        firsts[state[TEXT]] = state[FOUND]
    return DONE


@njit(**JIT)
def refill(old: Any, table: Any, shift: Any, odd: Any) -> None:
    """Move the entries of a hash table to an empty one of another size."""
    mask = len(table) - 1
    for row in range(len(old)):
        if old[row, 2] != _ZERO:
            slot = slot_of(old[row, 0], old[row, 1], odd, shift)
            while table[slot, 2] != _ZERO:
                slot = (slot + 1) & mask
            for column in range(3):
                table[slot, column] = old[row, column]


@njit(**JIT)
def write_terms(found: Any, firsts: Any, read: Any, several: Any, terms: Any, counts: Any, words: Any) -> Any:
    """Write down the terms and the words of texts, from the numbers of their surfaces.

    Parameters
    ----------
    found, firsts
        As `scan` filled them.
    read : ndarray of shape (surfaces, 2), int32
        For each surface the number of its only term, or -p if it has none or several; and the number of its word.
    several : ndarray of int64
        At p, how many terms such a surface has, and then their numbers.
    terms : ndarray of uint32
        Takes the numbers of the terms, text after text.
    counts : ndarray of shape (texts,), uint32
        Takes how many there are in each text.
    words : ndarray of uint32
        Takes the number of the word of each surface; empty if nobody wants them.

    Returns
    -------
    int
        How many there are; if `terms` is shorter, those beyond it were not written.
    """
    # Places are unsigned, since else each is asked whether it counts from the end.
    written, room, wanted = _ZERO, np.uint64(len(terms)), np.uint64(len(words))
    last = firsts[-1] - 1
    for text in range(len(counts)):
        before = written
        for number in range(firsts[text], firsts[text + 1]):
            fetch(read, np.int64(found[min(number + _AHEAD, last)]))
            place = np.uint64(number)
            surface = np.uint64(found[place])
            term = np.int64(read[surface, 0])
            if place < wanted:
                words[place] = read[surface, 1]
            if term >= 0:
                if written < room:
                    terms[written] = term
                written += _ONE
            else:
                size = np.uint64(several[-term])
                if written + size <= room:
                    for row in range(several[-term]):
                        terms[written + np.uint64(row)] = several[1 - term + row]
                written += size
        counts[text] = written - before
    return np.int64(written)

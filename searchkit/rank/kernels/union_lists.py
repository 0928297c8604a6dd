"""The lists of many terms, read side by side, window by window, and added up.

A list is begun once and then gives its container of each window; most terms have a small list, which is read to its end
at once and filed under its windows. What is added up are term frequencies, all fields at once: a field has 16 bits of a
64-bit word. Lists are not described beforehand, so that what is read is checked here: that they stay within their
bytes, and that windows exist. Cost: about a nanosecond a posting, and some 5 for each term and container. What this
module does not know: scores.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.rank.kernels.arrays import ARRAY_MAX, FAULT, SMALL_LIST_MAX, WINDOW, WINDOW_BLOCKS
from searchkit.rank.kernels.bits import popcount, trailing_zeros
from searchkit.rank.kernels.exact import escape_row, vector_code
from searchkit.rank.kernels.lists import word_at

_COOKIE = 12346
FIELDS_A_WORD, FIELD_BITS = 4, 16
_CONTAINER, _BEFORE, _WINDOW = range(3)
"""Columns of `Union.progress`: the next container (or document of a small list), postings before it, and its window."""
_NO_WINDOW = 1 << 30
DOCUMENTS, BLOCKS = 0, 1
"""What `bits` notes: documents, or blocks of 64, which takes less time where sums are looked at 64 at a time anyway."""
_SPARSE_MAX = 512
"""Documents of a container up to which its blocks are noted one by one; a larger one counts as being in all of them."""


@njit(**INLINE)
def small_lists(scratch: Any) -> Any:
    """Where postings of small lists are filed: the latest of each window, and for each one the one before, 0 for none."""
    return scratch.histogram, scratch.entries, scratch.values


@njit(**JIT)
def _containers(postings: Any, start: Any) -> Any:
    """How many containers a list has that is a bitmap."""
    return np.int64(postings[start + 2]) | np.int64(postings[start + 3]) << 16


@njit(**JIT)
def _announce(postings: Any, start: Any, frequency: Any, progress: Any, term: Any) -> None:
    """Note the window of a list's next container, or of a small list's next document."""
    number = progress[term, _CONTAINER]
    small = frequency <= SMALL_LIST_MAX
    at = start + frequency + number if small else start + 4 + 2 * number
    held = frequency if small else _containers(postings, start)
    progress[term, _WINDOW] = np.int64(postings[at]) if number < held else _NO_WINDOW


@njit(**JIT)
def _file(postings: Any, start: Any, frequency: Any, first: Any, windows: Any, small: Any, filed: Any) -> Any:
    """File the postings of a small list under their windows; how many are filed then, or FAULT."""
    heads, entries, links = small
    for number in range(frequency):
        window = np.int64(postings[start + frequency + number])
        if window >= windows:
            return np.int64(FAULT)
        entries[filed] = (first + number) << 16 | np.int64(postings[start + number])
        links[filed] = heads[window]
        filed += 1
        heads[window] = filed
    return np.int64(filed)


@njit(**JIT)
def open_terms(
    postings: Any, term_postings: Any, term_first: Any, runs: Any, progress: Any, count: Any, windows: Any, small: Any
) -> Any:  # fmt: skip
    """Begin every list; FAULT if one does not fit its place, or if there are fewer than so many postings.

    Small lists are read to their end: most terms have one, and nothing else is to be done for them in each window.
    """
    heads, entries, _ = small
    term, filed, room = 0, np.int64(0), len(entries) if windows <= len(heads) else 0
    for window in range(min(windows, len(heads))):
        heads[window] = 0
    for run in range(len(runs)):
        for number in range(runs[run, 0], runs[run, 1]):
            start, end = np.int64(term_postings[number]), np.int64(term_postings[number + 1])
            frequency = np.int64(term_first[number + 1]) - np.int64(term_first[number])
            if end > len(postings) or term_first[number + 1] > count:
                return FAULT
            if frequency <= SMALL_LIST_MAX and end - start != 2 * frequency:
                return FAULT
            if frequency > SMALL_LIST_MAX and (
                end - start < 4 or postings[start] != _COOKIE or start + 4 + 4 * _containers(postings, start) > end
            ):
                return FAULT
            if frequency <= SMALL_LIST_MAX and filed + frequency <= room:
                filed = _file(postings, start, frequency, np.int64(term_first[number]), windows, small, filed)
                if filed == FAULT:
                    return FAULT
                progress[term, _WINDOW] = _NO_WINDOW
            else:
                progress[term, _CONTAINER], progress[term, _BEFORE] = 0, 0
                _announce(postings, start, frequency, progress, term)
            term += 1
    return 0


@njit(**JIT)
def _next_container(postings: Any, start: Any, end: Any, frequency: Any, progress: Any, term: Any) -> Any:
    """Where a list's documents of its next window begin and how many they are, FAULT if they do not fit; moves on."""
    number, window, card = progress[term, _CONTAINER], progress[term, _WINDOW], np.int64(0)
    if frequency <= SMALL_LIST_MAX:
        while number + card < frequency and postings[start + frequency + number + card] == window:
            card += 1
        data, size = start + number, card
        progress[term, _CONTAINER] = number + card
    else:
        card = np.int64(postings[start + 5 + 2 * number]) + 1
        offset_at = start + 4 + 2 * _containers(postings, start) + 2 * number
        data = start + (np.int64(postings[offset_at]) | np.int64(postings[offset_at + 1]) << 16) // 2
        size = card if card <= ARRAY_MAX else WINDOW // 16
        progress[term, _CONTAINER] = number + 1
    progress[term, _BEFORE] += card
    _announce(postings, start, frequency, progress, term)
    if data + size > end or progress[term, _BEFORE] > frequency or progress[term, _WINDOW] <= window:
        card = np.int64(FAULT)
    return data, card


@njit(**JIT)
def pack(row: Any, fields: Any, word: Any) -> Any:
    """A vector's frequencies in the fields of one word that count, 16 bits each."""
    packed = np.uint64(0)
    for field in range(FIELDS_A_WORD * word, min(len(row), FIELDS_A_WORD * (word + 1))):
        if fields >> field & 1:
            packed |= np.uint64(row[field]) << np.uint64(FIELD_BITS * (field % FIELDS_A_WORD))
    return packed


@njit(**INLINE)
def _add(
    tfs: Any, rows: Any, escaped: Any, escapes: Any, sums: Any, table: Any, words: Any, fields: Any, low: Any, posting: Any
) -> None:  # fmt: skip
    """Add a posting's frequencies to the sums of its document."""
    code = vector_code(tfs, rows, posting)
    for word in range(words):
        if code != rows - 1:
            sums[low * words + word] += table[code * words + word]
        else:
            row = escape_row(escaped, posting, len(escapes))
            sums[low * words + word] += pack(escapes[row], fields, word)


@njit(**JIT)
def _add_filed(
    tfs: Any, rows: Any, escaped: Any, escapes: Any, bits: Any, sums: Any, table: Any, words: Any, fields: Any,
    window: Any, notes: Any, adds: Any, small: Any,
) -> Any:  # fmt: skip
    """The same for what is filed under a window; how many postings that are."""
    heads, entries, links = small
    at, added = np.int64(heads[window]) if window < len(heads) else np.int64(0), np.int64(0)
    while at > 0:
        entry = entries[at - 1]
        low, at = entry & 0xFFFF, np.int64(links[at - 1])
        if notes == DOCUMENTS:
            bits[low >> 6] |= np.uint64(1) << np.uint64(low & 63)
        else:
            bits[low >> 12] |= np.uint64(1) << np.uint64(low >> 6 & 63)
        if adds:
            _add(tfs, rows, escaped, escapes, sums, table, words, fields, low, entry >> 16)
        added += 1
    return added


@njit(**INLINE)
def _add_container(
    postings: Any, tfs: Any, rows: Any, escaped: Any, escapes: Any, bits: Any, sums: Any, table: Any, words: Any,
    fields: Any, data: Any, card: Any, first: Any, notes: Any, adds: Any,
) -> Any:  # fmt: skip
    """Note the documents of a container, add up their frequencies, or both; whether it holds what it says."""
    if notes == BLOCKS and card > _SPARSE_MAX:
        for group in range(WINDOW_BLOCKS // 64):
            bits[group] = ~np.uint64(0)
    rank, blocks = np.int64(0), WINDOW_BLOCKS if card > ARRAY_MAX else 0
    lows = postings[data : data + (card if card <= ARRAY_MAX else 0)]
    for i in range(len(lows)):
        low = np.int64(lows[i])
        if notes == DOCUMENTS:
            bits[low >> 6] |= np.uint64(1) << np.uint64(low & 63)
        elif card <= _SPARSE_MAX:
            bits[low >> 12] |= np.uint64(1) << np.uint64(low >> 6 & 63)
        if adds:
            _add(tfs, rows, escaped, escapes, sums, table, words, fields, low, first + i)
    for block in range(blocks):
        word = word_at(postings, data + 4 * block)
        if notes == DOCUMENTS:
            bits[block] |= word
        if rank + np.int64(popcount(word)) > card:
            return False
        if not adds:
            rank += np.int64(popcount(word))
        while adds and word != 0:
            low = (block << 6) + trailing_zeros(word)
            _add(tfs, rows, escaped, escapes, sums, table, words, fields, low, first + rank)
            word &= word - np.uint64(1)
            rank += 1
    return True


@njit(**JIT)
def _add_lists(
    postings: Any, term_postings: Any, term_first: Any, tfs: Any, rows: Any, escaped: Any, escapes: Any,
    runs: Any, progress: Any, fields: Any, bits: Any, sums: Any, table: Any, words: Any, window: Any, notes: Any, adds: Any,
    small: Any,
) -> Any:  # fmt: skip
    read = _add_filed(tfs, rows, escaped, escapes, bits, sums, table, words, fields, window, notes, adds, small)
    term = -1
    for run in range(len(runs)):
        for number in range(runs[run, 0], runs[run, 1]):
            term += 1
            if progress[term, _WINDOW] != window:
                continue
            start, end = np.int64(term_postings[number]), np.int64(term_postings[number + 1])
            first = np.int64(term_first[number])
            frequency, before = np.int64(term_first[number + 1]) - first, progress[term, _BEFORE]
            data, card = _next_container(postings, start, end, frequency, progress, term)
            if card == FAULT or not _add_container(
                postings, tfs, rows, escaped, escapes, bits, sums, table, words, fields, data, card, first + before,
                notes, adds,
            ):  # fmt: skip
                return np.int64(FAULT)
            read += 1
    return read


@njit(**INLINE)
def add_window(
    segment: Any, union: Any, bits: Any, sums: Any, table: Any, words: Any, window: Any, notes: Any, adds: Any, small: Any
) -> Any:  # fmt: skip
    """Add up what all of the terms have in a window; returns containers and filed postings read, or FAULT."""
    return _add_lists(
        segment.postings, segment.term_postings, segment.term_first, segment.tfs, len(segment.vectors),
        segment.escaped, segment.escapes, union.runs, union.progress, union.fields, bits, sums, table, words, window,
        notes, adds, small,
    )  # fmt: skip

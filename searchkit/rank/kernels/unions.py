"""Many terms as one word: documents of a prefix or wildcard, and the best of them.

A segment is walked in windows of 65,536 documents. In each, the term frequencies of all terms are added up for
every document that holds one, all fields at once: a field has 16 bits of a 64-bit word, enough for what a document
of fewer than 65,536 tokens can hold. A bitmap remembers which documents were touched. Then their f follows as for
any word; a score is computed only where f reaches what the k-th best so far asks for, and the sums are set back to
zero on the way. This is term-at-a-time evaluation [1]_ with exact frequencies for accumulators, so that nothing has
to be known of a term beforehand but its place in the file. Cost: about a nanosecond a posting, two a document that
is touched, and some 5 for each term and container. What this module checks itself, since its lists are not described
beforehand: that lists stay within their bytes and name documents that exist.

.. [1] H. Turtle, J. Flood, "Query evaluation: strategies and optimizations", IPM 31(6), 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import ARRAY_MAX, FAULT, FAVOUR, SMALL_LIST_MAX, WINDOW, WINDOW_BLOCKS
from searchkit.rank.kernels.bits import at_least_u16, clear_u16, popcount, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of
from searchkit.rank.kernels.exact import escape_row, fetch_lengths, vector_code
from searchkit.rank.kernels.heap import INLINE, JIT, key, push
from searchkit.rank.kernels.lists import word_at

TOKENS_MAX = 0xFFFF
"""Tokens of a document's longest field up to which sums cannot overflow; other segments are left to the plain twin."""
_COOKIE = 12346
_FIELDS_A_WORD, _FIELD_BITS = 4, 16
_CONTAINER, _BEFORE, _WINDOW = range(3)
"""Columns of `Union.progress`: the next container (or document of a small list), postings before it, and its window."""
_NO_WINDOW = 1 << 30
_DOCUMENTS, _BLOCKS = 0, 1
"""What `bits` notes: documents, or blocks of 64, which takes less time where sums are looked at 64 at a time anyway."""
_AHEAD = 16
"""Blocks between one whose lengths are asked for and the one that is looked at."""
_SPARSE_MAX = 512
"""Documents of a container up to which its blocks are noted one by one; a larger one counts as being in all of them."""


@njit(**INLINE)
def _small(scratch: Any) -> Any:
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
    if frequency <= SMALL_LIST_MAX:
        at = start + frequency + number if number < frequency else np.int64(-1)
    else:
        at = start + 4 + 2 * number if number < _containers(postings, start) else np.int64(-1)
    progress[term, _WINDOW] = np.int64(postings[at]) if at >= 0 else _NO_WINDOW


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
def _open_terms(
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
def _pack(row: Any, fields: Any, word: Any) -> Any:
    """A vector's frequencies in the fields of one word that count, 16 bits each."""
    packed = np.uint64(0)
    for field in range(_FIELDS_A_WORD * word, min(len(row), _FIELDS_A_WORD * (word + 1))):
        if fields >> field & 1:
            packed |= np.uint64(row[field]) << np.uint64(_FIELD_BITS * (field % _FIELDS_A_WORD))
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
            sums[low * words + word] += _pack(escapes[row], fields, word)


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
        if notes == _DOCUMENTS:
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
    if notes == _BLOCKS and card > _SPARSE_MAX:
        for group in range(WINDOW_BLOCKS // 64):
            bits[group] = ~np.uint64(0)
    rank, blocks = np.int64(0), WINDOW_BLOCKS if card > ARRAY_MAX else 0
    for i in range(card if card <= ARRAY_MAX else 0):
        low = np.int64(postings[data + i])
        if notes == _DOCUMENTS:
            bits[low >> 6] |= np.uint64(1) << np.uint64(low & 63)
        elif card <= _SPARSE_MAX:
            bits[low >> 12] |= np.uint64(1) << np.uint64(low >> 6 & 63)
        if adds:
            _add(tfs, rows, escaped, escapes, sums, table, words, fields, low, first + i)
    for block in range(blocks):
        word = word_at(postings, data + 4 * block)
        if notes == _DOCUMENTS:
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
def _add_window(
    segment: Any, union: Any, bits: Any, sums: Any, table: Any, words: Any, window: Any, notes: Any, adds: Any, small: Any
) -> Any:  # fmt: skip
    """Add up what all of the terms have in a window; returns containers and filed postings read, or FAULT."""
    return _add_lists(
        segment.postings, segment.term_postings, segment.term_first, segment.tfs, len(segment.vectors),
        segment.escaped, segment.escapes, union.runs, union.progress, union.fields, bits, sums, table, words, window,
        notes, adds, small,
    )  # fmt: skip


@njit(**INLINE)
def _frequency(segment: Any, scoring: Any, sums: Any, at: Any, doc: Any) -> Any:
    """f of a document from its sums: that of `rank.bm25.combined_frequencies`, in its order."""
    f = 0.0
    for field in range(len(scoring.weights)):
        shift = np.uint64(_FIELD_BITS * (field % _FIELDS_A_WORD))
        tf = np.int64(np.uint64(sums[at + field // _FIELDS_A_WORD]) >> shift & np.uint64(TOKENS_MAX))
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
            table[code * words + word] = _pack(segment.vectors[code], union.fields, word)
    return _open_terms(
        segment.postings, segment.term_postings, segment.term_first, union.runs, union.progress,
        len(segment.impacts), windows, small,
    )  # fmt: skip


@njit(**JIT)
def _rank(
    segment: Any, union: Any, scoring: Any, allowed: Any, bits: Any, sums: Any, table: Any, small: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """`rank_union`, with sums of the size that the fields need."""
    words = (len(scoring.weights) + _FIELDS_A_WORD - 1) // _FIELDS_A_WORD
    touched, scored, documents = np.int64(0), np.int64(0), len(segment.lengths)
    if _begin(segment, union, table, words, windows, small) == FAULT:
        return np.int64(FAULT), touched, scored
    needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            bits[block] = 0
        read = _add_window(segment, union, bits, sums, table, words, window, _DOCUMENTS, True, small)
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
                    touched += f > 0.0
                    if f > 0.0 and f >= needed:
                        score = union.times * (union.idf * (f / (f + scoring.k1)))
                        held = push(heap, held, key(score, base_place + doc))
                        needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
                        scored += 1
                for word in range(words):
                    sums[at + word] = 0
        if fault:
            return np.int64(FAULT), touched, scored
    return held, touched, scored


@njit(**JIT)
def _rank_one_field(
    segment: Any, union: Any, scoring: Any, allowed: Any, bits: Any, sums: Any, table: Any, small: Any, windows: Any,
    heap: Any, held: Any, least: Any, base_place: Any,
) -> Any:  # fmt: skip
    """`rank_union` for a single field, whose sums are compared 64 at a time; few documents have their length looked at."""
    touched, scored, documents = np.int64(0), np.int64(0), len(segment.lengths)
    if _begin(segment, union, table, 1, windows, small) == FAULT:
        return np.int64(FAULT), touched, scored
    weight, short, slope = scoring.weights[0], 1 - scoring.b, scoring.b / scoring.means[0]
    needed = _f_needed(floor_of(heap, held, least), union, scoring.k1)
    for window in range(windows):
        for group in range(WINDOW_BLOCKS // 64):
            bits[group] = 0
        read = _add_window(segment, union, bits, sums, table, 1, window, _BLOCKS, True, small)
        if read == 0:
            continue
        fault = read == FAULT
        for group in range(WINDOW_BLOCKS // 64):
            blocks = bits[group]
            fewest = min(max(np.ceil(needed * FAVOUR * (short + slope) / weight), 1.0), TOKENS_MAX)
            left = blocks
            while left != 0:
                start = (group << 12) + (trailing_zeros(left) << 6)
                left &= left - np.uint64(1)
                fetch_lengths(segment.lengths, at_least_u16(sums, start, np.uint16(fewest)), (window << 16) + start)
            while blocks != 0:
                start = (group << 12) + (trailing_zeros(blocks) << 6)
                blocks &= blocks - np.uint64(1)
                base = (window << 16) + start
                mask = at_least_u16(sums, start, np.uint16(1))
                if base + 64 > documents and mask >> np.uint64(max(documents - base, 0)) != 0:
                    fault = True
                if mask == 0 or fault:
                    continue
                if len(allowed):
                    mask &= allowed[base >> 6]
                touched += np.int64(popcount(mask))
                fewest = min(max(np.ceil(needed * FAVOUR * (short + slope) / weight), 1.0), TOKENS_MAX)
                mask &= at_least_u16(sums, start, np.uint16(fewest))
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
            for low in range(WINDOW):
                sums[low] = 0
            return np.int64(FAULT), touched, scored
    return held, touched, scored


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
    touched : int
        Allowed documents with any of the terms, in a field that counts.
    scored : int
    """
    if len(scoring.weights) == 1:
        return _rank_one_field(
            segment, union, scoring, allowed, scratch.bits, scratch.tallies, scratch.packed, _small(scratch), windows,
            heap, held, least, base_place,
        )  # fmt: skip
    return _rank(
        segment, union, scoring, allowed, scratch.bits, scratch.frequencies, scratch.packed, _small(scratch), windows,
        heap, held, least, base_place,
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
    words = (len(scoring.weights) + _FIELDS_A_WORD - 1) // _FIELDS_A_WORD
    bits, sums, table, small = scratch.bits, scratch.frequencies, scratch.packed, _small(scratch)
    found, documents = np.int64(0), len(segment.lengths)
    if _begin(segment, union, table, words, windows, small) == FAULT:
        return np.int64(FAULT)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            bits[block] = 0
        read = _add_window(segment, union, bits, sums, table, words, window, _DOCUMENTS, True, small)
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
    bits, touched, documents, small = scratch.bits, np.int64(0), len(segment.lengths), _small(scratch)
    opened = _open_terms(
        segment.postings, segment.term_postings, segment.term_first, union.runs, union.progress,
        len(segment.impacts), windows, small,
    )  # fmt: skip
    if opened == FAULT:
        return np.int64(FAULT)
    for window in range(windows):
        for block in range(WINDOW_BLOCKS):
            bits[block] = 0
        sums, table = scratch.frequencies, scratch.packed
        read = _add_window(segment, union, bits, sums, table, 1, window, _DOCUMENTS, False, small)
        if read == FAULT:
            return np.int64(FAULT)
        base = window * WINDOW_BLOCKS
        if read > 0:
            for block in range(min(WINDOW_BLOCKS, ((documents + 63) >> 6) - base)):
                touched += np.int64(popcount(bits[block] & allowed[base + block] if len(allowed) else bits[block]))
    return touched

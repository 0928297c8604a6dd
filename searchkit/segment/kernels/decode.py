"""Bytes of segments back to arrays, and the arrays of several segments into one: what merging does.

Decoding checks what it relies on, since a list leads it to its containers: about a nanosecond a posting.
Interleaving copies postings term by term, each source in turn, a few nanoseconds a posting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.jit import JIT, njit
from searchkit.segment.interleave import Interleaved, Piece
from searchkit.segment.kernels.encode import ARRAY_MAX, BITMAP_UNITS, COOKIE
from searchkit.segment.layout import SMALL_LIST_MAX


@njit(**JIT)
def _decode_bitmap(units: Any, start: Any, end: Any, docs: Any, at: Any, stop: Any) -> Any:
    """Write down the documents of a roaring bitmap; returns where they end, -1 if it does not fit."""
    if end - start < 4 or units[start] != COOKIE or units[start + 1] != 0:
        return -1
    containers = np.int64(units[start + 2]) | np.int64(units[start + 3]) << 16
    data = start + 4 + 4 * containers
    if data > end:
        return -1
    for number in range(containers):
        high = np.int64(units[start + 4 + 2 * number]) << 16
        card = np.int64(units[start + 5 + 2 * number]) + 1
        size = card if card <= ARRAY_MAX else BITMAP_UNITS
        if data + size > end or at + card > stop:
            return -1
        if card <= ARRAY_MAX:
            for i in range(card):
                docs[at + i] = high | np.int64(units[data + i])
            at += card
        else:
            before = at
            for unit in range(BITMAP_UNITS):
                bits, low = units[data + unit], high | unit << 4
                while bits:
                    if bits & 1:
                        if at == stop:
                            return -1
                        docs[at] = low
                        at += 1
                    bits >>= 1
                    low += 1
            if at - before != card:
                return -1
        data += size
    return at


@njit(**JIT)
def _decode_lists(units: Any, sizes: Any, dfs: Any, docs: Any) -> Any:
    """Write down the documents of all lists; returns 0, or -1 if one does not fit its counts."""
    start, at = 0, 0
    for term in range(len(dfs)):
        end, stop, df = start + sizes[term], at + dfs[term], dfs[term]
        if end > len(units) or stop > len(docs):
            return -1
        if df > SMALL_LIST_MAX:
            if _decode_bitmap(units, start, end, docs, at, stop) != stop:
                return -1
        elif end - start != 2 * df:
            return -1
        else:
            for i in range(df):
                docs[at + i] = np.int64(units[start + i]) | np.int64(units[start + df + i]) << 16
        start, at = end, stop
    return 0 if start == len(units) else -1


def decode_lists(
    units: npt.NDArray[np.uint16], sizes: npt.NDArray[np.int64], dfs: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """As `posting_lists.decode_lists`."""
    docs = np.empty(int(dfs.sum()), np.uint32)
    if _decode_lists(units, sizes, dfs, docs) != 0:
        raise ValueError("a posting list does not fit its size and document frequency")
    return docs


# --- merging ----------------------------------------------------------------------------------------------


@njit(**JIT)
def _count_live(docs: Any, dfs: Any, starts: Any, terms: Any, alive: Any, live: Any, sizes: Any) -> None:
    """Add the live postings of one source's terms, and the bytes of their positions, to those of the new terms."""
    posting = 0
    for old in range(len(dfs)):
        for _ in range(dfs[old]):
            if alive[docs[posting]]:
                live[terms[old]] += 1
                sizes[terms[old]] += starts[posting + 1] - starts[posting]
            posting += 1


@njit(**JIT)
def _copy_live(
    docs: Any, dfs: Any, tfs: Any, stream: Any, starts: Any, terms: Any, alive: Any, new_numbers: Any,
    next_posting: Any, next_byte: Any, new_docs: Any, new_tfs: Any, new_stream: Any, new_starts: Any,
) -> None:  # fmt: skip
    """Copy one source's live postings to their places, and move `next_posting` and `next_byte` of their terms on."""
    posting = 0
    for old in range(len(dfs)):
        term = terms[old]
        for _ in range(dfs[old]):
            if alive[docs[posting]]:
                to, at = next_posting[term], next_byte[term]
                new_docs[to], new_starts[to] = new_numbers[docs[posting]], at
                for field in range(tfs.shape[1]):
                    new_tfs[to, field] = tfs[posting, field]
                for byte in range(starts[posting], starts[posting + 1]):
                    new_stream[at] = stream[byte]
                    at += 1
                next_posting[term], next_byte[term] = to + 1, at
            posting += 1


def interleave(pieces: Sequence[Piece], terms: int) -> Interleaved:
    """As `merge.interleave`."""
    live, sizes = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    for piece in pieces:
        _count_live(piece.docs, piece.dfs, piece.starts, piece.terms, piece.alive, live, sizes)
    next_posting, next_byte = np.cumsum(live) - live, np.cumsum(sizes) - sizes
    postings, fields = int(live.sum()), pieces[0].tfs.shape[1]
    docs, tfs = np.empty(postings, np.uint32), np.empty((postings, fields), np.uint32)
    stream, starts = np.empty(int(sizes.sum()), np.uint8), np.empty(postings, np.int64)
    for piece in pieces:
        _copy_live(
            piece.docs, piece.dfs, piece.tfs, piece.stream, piece.starts, piece.terms, piece.alive, piece.new_numbers,
            next_posting, next_byte, docs, tfs, stream, starts,
        )  # fmt: skip
    return Interleaved(live, docs, tfs, stream, starts)

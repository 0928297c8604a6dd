"""Sorting tokens by term, compiled: what `segment.inversion` does in NumPy, in two passes and without sorting.

Tokens come in order of document, field and position, batch after batch. One pass counts what each term needs; sums of the
counts say where the postings and the positions of each term begin; a second pass puts every token at its term's next
place, its position already encoded (`segment.positions`). So postings of a term end up in order of document by
themselves: a counting sort.

Cost: about 20 nanoseconds a token, most of it waiting for memory. A term's places are numbers of 32 bits, which suffices
for `limits.WRITER_MEMORY_BYTES_MAX`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.analysis.kernels.loads import fetch
from searchkit.jit import JIT, njit
from searchkit.segment.layout import FIELD_GAP, POSITIONS_STRIDE

POSTINGS, BYTES, DOCUMENT, POSITION = 0, 1, 2, 3
"""Columns of the heads of terms: postings and bytes of positions so far (or where the next of each goes), the last
document + 1, and the last position in it."""
_FAR, _NEAR = 24, 12
"""How many tokens ahead the head of a term is fetched, and then the places it points to."""
_END, _MORE = 0x40, 0x80


@njit(**JIT)
def count(tokens: Any, lengths: Any, first: Any, heads: Any) -> None:
    """Count postings and bytes of positions of each term.

    Parameters
    ----------
    tokens : ndarray of shape (occurrences,), uint32
        Numbers of terms.
    lengths : ndarray of shape (documents, fields), uint32
        Tokens of each field.
    first : int
        Number of the first document.
    heads : ndarray of shape (terms, 4), uint32
        Zeros at the first batch.
    """
    place, last = 0, len(tokens) - 1
    for row in range(len(lengths)):
        position, doc = 0, first + row + 1
        for field in range(lengths.shape[1]):
            for _ in range(lengths[row, field]):
                fetch(heads, np.int64(tokens[min(place + _FAR, last)]))
                term = tokens[place]
                delta = position
                if heads[term, DOCUMENT] != doc:
                    heads[term, DOCUMENT] = doc
                    heads[term, POSTINGS] += 1
                else:
                    delta -= np.int64(heads[term, POSITION])
                heads[term, POSITION] = position
                size = 1
                while delta >= _END:
                    delta >>= 7
                    size += 1
                heads[term, BYTES] += size
                place += 1
                position += 1
            position += FIELD_GAP


@njit(**JIT)
def scatter(
    tokens: Any, lengths: Any, first: Any, heads: Any, docs: Any, tfs: Any, stream: Any, strides: Any
) -> None:  # fmt: skip
    """Put every token where it belongs.

    Parameters
    ----------
    tokens, lengths, first
        As in `count`.
    heads : ndarray of shape (terms, 4), uint32
        Where each term's next posting and next position go; no document yet at the first batch.
    docs : ndarray of shape (postings,), uint32
    tfs : ndarray of shape (postings, fields), uint32
        Zeros at the first batch.
    stream : ndarray of shape (bytes,), uint8
        Takes positions, but for the end of each term's last posting: see `finish`.
    strides : ndarray of shape (n,), int64
        Takes where every 64th posting begins in it.
    """
    place, last = 0, len(tokens) - 1
    for row in range(len(lengths)):
        position, doc = 0, first + row
        for field in range(lengths.shape[1]):
            for _ in range(lengths[row, field]):
                fetch(heads, np.int64(tokens[min(place + _FAR, last)]))
                ahead = tokens[min(place + _NEAR, last)]
                fetch(docs, np.int64(heads[ahead, POSTINGS]))
                fetch(tfs, np.int64(heads[ahead, POSTINGS]))
                fetch(stream, np.int64(heads[ahead, BYTES]))
                term = tokens[place]
                posting, at = np.int64(heads[term, POSTINGS]), np.int64(heads[term, BYTES])
                delta = position
                if heads[term, DOCUMENT] != doc + 1:
                    heads[term, DOCUMENT] = doc + 1
                    heads[term, POSTINGS] = posting + 1
                    docs[posting] = doc
                    if at > 0:
                        stream[at - 1] |= _END  # Of the term before, if this is its first: that is overwritten or true.
                    if posting % POSITIONS_STRIDE == 0:
                        strides[posting // POSITIONS_STRIDE] = at
                else:
                    posting -= 1
                    delta -= np.int64(heads[term, POSITION])
                tfs[posting, field] += 1
                heads[term, POSITION] = position
                while delta >= _END:
                    stream[at] = delta & 0x7F | _MORE
                    delta >>= 7
                    at += 1
                stream[at] = delta
                heads[term, BYTES] = at + 1
                place += 1
                position += 1
            position += FIELD_GAP


@njit(**JIT)
def finish(ends: Any, stream: Any) -> None:
    """Mark the end of each term's last posting, given where its positions end."""
    for end in ends:
        stream[end - 1] |= _END

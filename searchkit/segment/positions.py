"""Where in its document a term stands: the position stream, both ways, over whole arrays.

    Posting  := Position+                       positions ascending within one document, over all its fields
    Position := More* Last                      the difference to the position before it (the first: to 0)
    More     := 1ddddddd                        7 bits of the difference, low ones first
    Last     := 0e dddddd                       its 6 highest bits; e = 1 ends the posting

Positions count through the text fields of a document in schema order with a gap of one between fields, so
neighbours in the stream are neighbours in a field. Almost every position takes one byte. Cost: about 10 ns
a position to encode and to decode, in NumPy. What this module does not know: terms, documents and fields.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchkit.segment.layout import FIELD_GAP

_LAST_BITS, _MORE_BITS = 6, 7
_END, _MORE = 0x40, 0x80
_BYTES_MAX = 5


def field_bases(lengths: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """Position at which each field of each document begins, shape (documents, fields), int64."""
    steps = lengths.astype(np.int64) + FIELD_GAP
    return np.cumsum(steps, axis=1) - steps


def encode_positions(
    positions: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Encode the positions of many postings.

    Parameters
    ----------
    positions : ndarray of shape (occurrences,), uint32
        Posting after posting, ascending within each.
    counts : ndarray of shape (postings,), int64
        Positions of each posting, at least 1 everywhere.

    Returns
    -------
    stream : ndarray of shape (bytes,), uint8
    posting_starts : ndarray of shape (postings,), int64
        Byte offset of each posting.
    """
    ends = np.cumsum(counts)
    starts = ends - counts
    deltas = np.empty(len(positions), np.uint32)
    deltas[1:] = positions[1:] - positions[:-1]
    deltas[starts] = positions[starts]
    sizes = np.ones(len(deltas), np.uint8)
    for size in range(1, _BYTES_MAX):
        sizes += deltas >= (1 << (_LAST_BITS + _MORE_BITS * (size - 1)))
    byte_ends = np.cumsum(sizes, dtype=np.int64)
    byte_starts = byte_ends - sizes
    stream = np.empty(int(byte_ends[-1]) if len(byte_ends) else 0, np.uint8)
    rest = deltas
    for size in range(1, _BYTES_MAX):
        longer = np.flatnonzero(sizes > size)
        if len(longer) == 0:
            break
        stream[byte_starts[longer] + size - 1] = (rest[longer] & 0x7F) | _MORE
        rest[longer] >>= _MORE_BITS
    stream[byte_ends - 1] = rest
    stream[byte_ends[ends - 1] - 1] |= _END
    return stream, byte_starts[starts]


def decode_positions(stream: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Decode whole postings.

    Parameters
    ----------
    stream : ndarray of shape (bytes,), uint8
        Begins and ends at posting boundaries.

    Returns
    -------
    positions : ndarray of shape (occurrences,), int64
    counts : ndarray of shape (postings,), int64
    """
    if len(stream) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    last = np.flatnonzero(stream < _MORE)
    starts = np.empty(len(last), np.int64)
    starts[0], starts[1:] = 0, last[:-1] + 1
    more = last - starts
    deltas = (stream[last] & 0x3F).astype(np.int64) << (_MORE_BITS * more)
    for byte in range(int(more.max())):
        longer = np.flatnonzero(more > byte)
        deltas[longer] += (stream[starts[longer] + byte] & 0x7F).astype(np.int64) << (_MORE_BITS * byte)
    ends = np.flatnonzero(stream[last] & _END) + 1
    counts = np.diff(ends, prepend=0)
    sums = np.cumsum(deltas)
    before = np.concatenate(([0], sums[ends[:-1] - 1]))
    return sums - np.repeat(before, counts), counts


def posting_starts(stream: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Byte offsets at which postings begin, and after them the end of the stream."""
    ends = np.flatnonzero((stream & (_MORE | _END)) == _END) + 1
    return np.concatenate(([0], ends))

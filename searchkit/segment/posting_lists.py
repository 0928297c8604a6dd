"""Which documents hold a term: posting lists as bytes, both ways, in NumPy.

    List      := Small | Roaring             in units of 2 bytes
    Small     := low:u16^n high:u16^n        of n <= 8 documents, the low and the high halves of their numbers
    Roaring   := a bitmap in the portable format of the RoaringFormatSpec, without run containers

Most terms of any collection stand in a handful of documents, and a roaring bitmap costs 18 bytes before it
holds anything. The low halves that share a high one lie side by side and ascend, just as in an array
container, so kernels read both alike. Which of the two a list is follows from its document frequency. Cost:
some 30 ns a posting of small lists, 2 microseconds and 2 ns a posting for bitmaps; `kernels/` does the same
at a tenth of it, byte for byte. What this module does not know: terms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.segment.layout import SMALL_LIST_MAX, U2

_HALF = np.uint32(16)


def encode_lists(
    docs: npt.NDArray[np.uint32], dfs: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
    """Encode the posting lists of consecutive terms.

    Parameters
    ----------
    docs : ndarray of shape (postings,), uint32
        List after list, ascending within each.
    dfs : ndarray of shape (terms,), int64
        Documents of each term, at least 1.

    Returns
    -------
    units : ndarray of shape (n,), uint16
    sizes : ndarray of shape (terms,), int64
        Units of each list.
    """
    starts = np.cumsum(dfs) - dfs
    small = dfs <= SMALL_LIST_MAX
    sizes = 2 * dfs
    blobs = {}
    for term in np.flatnonzero(~small).tolist():
        members = docs[starts[term] : starts[term] + dfs[term]]
        blobs[term] = np.frombuffer(bitmap.to_bytes(bitmap.from_array(members)), U2)
        sizes[term] = len(blobs[term])
    offsets = np.cumsum(sizes) - sizes
    units = np.empty(int(sizes.sum()), U2)
    inside = np.flatnonzero(np.repeat(small, dfs))
    at = inside + np.repeat((offsets - starts)[small], dfs[small])
    units[at] = docs[inside] & 0xFFFF
    units[at + np.repeat(dfs[small], dfs[small])] = docs[inside] >> _HALF
    for term, blob in blobs.items():
        units[offsets[term] : offsets[term] + len(blob)] = blob
    return units, sizes


def decode_list(data: memoryview, df: int) -> npt.NDArray[np.uint32]:
    """Documents of one posting list whose checksum has been verified, ascending; whether they do, is not checked.

    Parameters
    ----------
    data : memoryview
        The list's bytes.
    df : int
        Its document frequency.
    """
    if df > SMALL_LIST_MAX:
        return bitmap.to_array(bitmap.from_bytes(data))
    halves = np.frombuffer(data, U2).astype(np.uint32)
    return halves[:df] | halves[df : 2 * df] << _HALF


def decode_lists(
    units: npt.NDArray[np.uint16], sizes: npt.NDArray[np.int64], dfs: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """Documents of consecutive lists, as `encode_lists` was given them.

    Raises
    ------
    ValueError
        If a list does not hold as many documents as its frequency says.
    """
    ends, starts = np.cumsum(sizes), np.cumsum(dfs) - dfs
    small = dfs <= SMALL_LIST_MAX
    if (sizes[small] != 2 * dfs[small]).any() or (len(ends) and ends[-1] != len(units)):
        raise ValueError("a posting list has not the size its document frequency asks for")
    docs = np.empty(int(dfs.sum()), np.uint32)
    inside = np.flatnonzero(np.repeat(small, dfs))
    at = inside + np.repeat((ends - sizes - starts)[small], dfs[small])
    docs[inside] = units[at] | units[at + np.repeat(dfs[small], dfs[small])].astype(np.uint32) << _HALF
    for term in np.flatnonzero(~small).tolist():
        members = bitmap.to_array(bitmap.from_bytes(units[ends[term] - sizes[term] : ends[term]].tobytes()))
        if len(members) != dfs[term]:
            raise ValueError("a posting list does not hold as many documents as its frequency says")
        docs[starts[term] : starts[term] + dfs[term]] = members
    return docs

"""How often a term stands in each field of a document: vectors of frequencies as codes of 4 or 8 bits.

The commonest vectors of a segment are listed in `tf_vectors`; a code is a row there, and the largest code
says that the vector is one of the rarer ones in `tf_escapes`. With one field, 15 vectors cover nearly all
postings, and two of them share a byte, the one with the even number in the low half; pages of several fields take
a byte. A segment takes the width that is smaller in sum. Packed into one integer, vectors are counted and
compared as fast as numbers. Cost: some 20 ns a posting, in NumPy. What this module does not know: documents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchkit.segment.layout import TF_BITS, U4

_NARROW, _WIDE = TF_BITS


@dataclass(frozen=True, slots=True)
class Codes:
    """The code book of a segment.

    Attributes
    ----------
    bits : int
        Width of a code, 4 or 8.
    vectors : ndarray of shape (less than 2 ** bits,), uint64
        Packed vectors that have a code, ascending; the code is the place here.
    """

    bits: int
    vectors: npt.NDArray[np.uint64]

    @property
    def escape(self) -> int:
        """The code of all other vectors."""
        return (1 << self.bits) - 1


def packed_bits(fields: int) -> int:
    """Bits of each frequency in a packed vector; a vector with a larger one is not packed, and has no code."""
    return min(16, 64 // fields)


def pack_vectors(tfs: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """Frequency vectors as one integer each; 0 for a vector with an entry too large to pack.

    Parameters
    ----------
    tfs : ndarray of shape (postings, fields), uint32
    """
    bits = packed_bits(tfs.shape[1])
    packed = np.zeros(len(tfs), np.uint64)
    for field in range(tfs.shape[1]):
        packed |= tfs[:, field].astype(np.uint64) << np.uint64(bits * field)
    packed[tfs.max(axis=1, initial=0) >= 1 << bits] = 0
    return packed


def unpack_vectors(packed: npt.NDArray[np.uint64], fields: int) -> npt.NDArray[np.uint32]:
    """What `pack_vectors` packed, shape (len(packed), fields), uint32."""
    bits = packed_bits(fields)
    mask = np.uint64((1 << bits) - 1)
    columns = [(packed >> np.uint64(bits * field)) & mask for field in range(fields)]
    return np.stack(columns, axis=1).astype(np.uint32)


def count_vectors(packed: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Distinct packed vectors and how many postings have each."""
    values, counts = np.unique(packed, return_counts=True)
    return values, counts.astype(np.int64)


def choose_codes(packed: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64], fields: int) -> Codes:
    """The code book for a segment whose postings have these vectors.

    The vectors with the highest counts get codes, the smaller one first among equals, and codes get the width
    with which they, their list and the escapes take fewer bytes.

    Parameters
    ----------
    packed : ndarray of shape (n,), uint64
        Distinct packed vectors; 0 stands for those that cannot be packed.
    counts : ndarray of shape (n,), int64
        Postings with each.
    """
    usable = (packed != 0) & (counts > 0)
    best = np.flatnonzero(usable)[np.lexsort((packed[usable], -counts[usable]))]
    vector_bytes = U4.itemsize * fields
    sizes = {}
    for bits in TF_BITS:
        coded = best[: (1 << bits) - 1]
        escaped = counts.sum() - counts[coded].sum()
        sizes[bits] = counts.sum() * bits / 8 + len(coded) * vector_bytes + escaped * (U4.itemsize + vector_bytes)
    width = _NARROW if sizes[_NARROW] <= sizes[_WIDE] else _WIDE
    return Codes(width, np.sort(packed[best[: (1 << width) - 1]]))


def encode_codes(tfs: npt.NDArray[np.uint32], codes: Codes) -> npt.NDArray[np.uint8]:
    """The code of each vector, one a byte.

    Parameters
    ----------
    tfs : ndarray of shape (postings, fields), uint32
    """
    packed = pack_vectors(tfs)
    rows = np.searchsorted(codes.vectors, packed)
    rows[rows == len(codes.vectors)] = 0
    known = codes.vectors[rows] == packed if len(codes.vectors) else np.zeros(len(packed), bool)
    return np.where(known, rows, codes.escape).astype(np.uint8)


def pack_codes(codes: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint8]:
    """Codes as they are written: two to a byte if they are narrow, the last one alone if they are odd."""
    if bits == _WIDE:
        return codes
    packed = codes[::2].copy()
    packed[: len(codes) // 2] |= codes[1::2] << np.uint8(_NARROW)
    return packed


def unpack_codes(data: memoryview, bits: int, places: slice | npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Codes at some places of what `pack_codes` gave, one a byte."""
    written = np.frombuffer(data, np.uint8)
    if bits == _WIDE:
        return written[places]
    if isinstance(places, slice):
        both = np.empty((len(written), 2), np.uint8)
        both[:, 0], both[:, 1] = written & np.uint8(15), written >> np.uint8(_NARROW)
        return both.ravel()[places]
    shifts = (places & 1).astype(np.uint8) * np.uint8(_NARROW)
    codes: npt.NDArray[np.uint8] = (written[places >> 1] >> shifts) & np.uint8(15)
    return codes

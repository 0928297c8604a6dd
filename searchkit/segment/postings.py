"""From inverted arrays to the parts of a segment: which documents hold a term, how often, and where.

For each term, in the order of term numbers, three streams grow side by side:

    postings    a posting list, see posting_lists.py
    tfs         for each posting the code of its frequencies, see frequencies.py
    positions   for each posting its positions, see positions.py

A posting's *number* counts through the segment, so the i-th document of a term has its code and its positions
at `term_first[term] + i`. Large segments are encoded by compiled kernels, 20 ns a posting, small ones in NumPy
at eight times the cost, because loading a compiler would cost a small job more than it saves; the bytes are the
same. What this module does not know: what is derived from these facts.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.errors import LimitExceeded
from searchkit.segment import frequencies, layout, positions, posting_lists
from searchkit.segment.frequencies import Codes, choose_codes, pack_codes, unpack_vectors
from searchkit.segment.spool import Spool

_KERNELS = "searchkit.segment.kernels.encode"
_LOADED_POSTINGS_MIN, _LOADING_POSTINGS_MIN = 20_000, 2_000_000
"""Postings of a segment from which on kernels are quicker, when they are there already and when they are not."""


@dataclass(frozen=True, slots=True)
class PostingBatch:
    """Postings of consecutive terms, term after term, documents ascending within each.

    Attributes
    ----------
    dfs : ndarray of shape (terms,), int64
        Postings of each term, at least 1.
    docs : ndarray of shape (postings,), uint32
    tfs : ndarray of shape (postings, fields), uint32
        Occurrences in each text field; at least one above 0 in every row.
    positions : ndarray of shape (occurrences,), uint32
        As in positions.py, `tfs.sum(axis=1)` of them for each posting.
    """

    dfs: npt.NDArray[np.int64]
    docs: npt.NDArray[np.uint32]
    tfs: npt.NDArray[np.uint32]
    positions: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """The same with positions already encoded, as a merge finds them.

    Attributes
    ----------
    dfs, docs, tfs : ndarray
        As in `PostingBatch`.
    stream : ndarray of shape (bytes,), uint8
        The positions as encoded.
    stride_starts : ndarray of shape (n,), int64
        Where in the stream every 64th posting of the segment begins, of those in this batch.
    """

    dfs: npt.NDArray[np.int64]
    docs: npt.NDArray[np.uint32]
    tfs: npt.NDArray[np.uint32]
    stream: npt.NDArray[np.uint8]
    stride_starts: npt.NDArray[np.int64]


def strides_from(posting: int) -> int:
    """How many postings after `posting` the next one with an entry in `position_index` is."""
    return -posting % layout.POSITIONS_STRIDE


class PostingsEncoder:
    """Encodes batches of consecutive terms into the parts of a segment.

    Parameters
    ----------
    fields : int
        Text fields of the schema.
    codes : Codes
        Of the frequencies of all batches together.
    directory : Path
        For temporary files.
    compiled : bool
        Whether kernels do the work; the bytes are the same.
    """

    def __init__(self, fields: int, codes: Codes, directory: Path, *, compiled: bool) -> None:
        self._fields = fields
        self._codes = codes
        self._compiled = compiled
        self._spools = {name: Spool(directory) for name in (layout.POSTINGS, layout.TFS, layout.POSITIONS)}
        self._term_postings: list[npt.NDArray[np.uint32]] = [np.zeros(1, layout.U4)]
        self._term_first: list[npt.NDArray[np.uint32]] = [np.zeros(1, layout.U4)]
        self._position_index: list[npt.NDArray[np.uint32]] = []
        self._escaped: list[npt.NDArray[np.uint32]] = []
        self._escapes: list[npt.NDArray[np.uint32]] = []
        self._odd_code = np.zeros(0, np.uint8)
        self.postings = 0

    def add(self, batch: PostingBatch) -> None:
        """Append the next terms."""
        first = strides_from(self.postings)
        if self._compiled:
            from searchkit.segment.kernels import encode

            stream, starts = encode.encode_positions(batch.positions, batch.tfs, first)
        else:
            counts = batch.tfs.sum(axis=1, dtype=np.int64)
            stream, starts = positions.encode_positions(batch.positions, counts)
            starts = starts[first :: layout.POSITIONS_STRIDE]
        self.add_encoded(EncodedBatch(batch.dfs, batch.docs, batch.tfs, stream, starts))

    def add_encoded(self, batch: EncodedBatch) -> None:
        """Append the next terms, their positions as they are."""
        if self.postings + len(batch.docs) > limits.SEGMENT_POSTINGS_MAX:
            raise LimitExceeded("the number of postings of a segment", self.postings, limits.SEGMENT_POSTINGS_MAX)
        if self._compiled:
            from searchkit.segment.kernels import encode

            units, sizes = encode.encode_lists(batch.docs, batch.dfs)
            codes = encode.encode_codes(batch.tfs, self._codes)
        else:
            units, sizes = posting_lists.encode_lists(batch.docs, batch.dfs)
            codes = frequencies.encode_codes(batch.tfs, self._codes)
        offsets = self._spools[layout.POSTINGS].size // layout.POSTINGS_UNIT + np.cumsum(sizes)
        self._append(layout.POSTINGS, "the posting lists of a segment in bytes", units)
        self._term_postings.append(offsets.astype(layout.U4))
        self._add_codes(codes, batch.tfs)
        before = self._spools[layout.POSITIONS].size
        self._append(layout.POSITIONS, "the positions of a segment in bytes", batch.stream)
        self._position_index.append((before + batch.stride_starts).astype(layout.U4))
        self._term_first.append((self.postings + np.cumsum(batch.dfs)).astype(layout.U4))
        self.postings += len(batch.docs)

    def _add_codes(self, codes: npt.NDArray[np.uint8], tfs: npt.NDArray[np.uint32]) -> None:
        escaped = np.flatnonzero(codes == self._codes.escape)
        self._escaped.append((self.postings + escaped).astype(layout.U4))
        self._escapes.append(tfs[escaped].astype(layout.U4))
        if len(self._odd_code):
            codes = np.concatenate((self._odd_code, codes))
        whole = len(codes) // 2 * 2
        self._odd_code = codes[whole:].copy()
        self._append(
            layout.TFS, "the term frequencies of a segment in bytes", pack_codes(codes[:whole], self._codes.bits)
        )

    def _append(self, name: str, what: str, values: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
        spool = self._spools[name]
        spool.append(values.data)
        if spool.size > limits.SEGMENT_PART_BYTES_MAX:
            raise LimitExceeded(what, spool.size, limits.SEGMENT_PART_BYTES_MAX)

    def parts(self) -> dict[str, bytes | memoryview]:
        """The finished parts; views are readable until `close`. Nothing can be added afterwards."""
        self._spools[layout.TFS].append(pack_codes(self._odd_code, self._codes.bits).data)
        arrays = {
            layout.TERM_POSTINGS: self._term_postings,
            layout.TERM_FIRST: self._term_first,
            layout.POSITION_INDEX: self._position_index,
            layout.TF_ESCAPED: self._escaped,
            layout.TF_ESCAPES: self._escapes,
        }
        vectors = unpack_vectors(self._codes.vectors, self._fields).astype(layout.U4)
        return {
            **{name: spool.view() for name, spool in self._spools.items()},
            **{name: np.concatenate(chunks).tobytes() if chunks else b"" for name, chunks in arrays.items()},
            layout.TF_VECTORS: vectors.tobytes(),
        }

    @property
    def tf_bits(self) -> int:
        """Width of the codes in `tfs`."""
        return self._codes.bits

    def close(self) -> None:
        """Give temporary files back."""
        for spool in self._spools.values():
            spool.close()


def worth_compiling(postings: int) -> bool:
    """Whether kernels should encode a segment of so many postings: whether that is quicker, loading them included."""
    return postings >= (_LOADED_POSTINGS_MIN if _KERNELS in sys.modules else _LOADING_POSTINGS_MIN)


def codes_for(batch: PostingBatch | EncodedBatch, *, compiled: bool) -> Codes:
    """The code book for a segment of one batch."""
    fields = batch.tfs.shape[1]
    if compiled:
        from searchkit.segment.kernels import encode

        return choose_codes(*encode.count_vectors(batch.tfs), fields)
    return choose_codes(*frequencies.count_vectors(frequencies.pack_vectors(batch.tfs)), fields)

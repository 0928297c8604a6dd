"""From inverted arrays to posting lists on disk: which documents hold a term, how often, and where.

For each term, in the dictionary's order, four streams grow side by side:

    postings    a roaring bitmap of its documents (portable format, no run containers), at a multiple of 8
    impacts     one byte a posting: ceil(255 · f / (f + k1)), an upper bound of what it can score
    tfs         one byte a posting: a code of its vector of term frequencies, one for each text field
    positions   see positions.py

A posting's *number* counts through the segment, so the i-th document of a term has its impact, its code and
its positions at `term_first[term] + i`. The 255 commonest frequency vectors of the segment are listed in
`tf_vectors`; a code is a row there. Rarer vectors stand in `tf_escapes`. So a single-field index pays one
byte for its frequency, and so does a page of four fields. Impacts are for skipping only: they were computed
with the parameters noted in `head`, and a query with others scales them. Scores come from `tfs` and lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.codec import bitmap
from searchkit.errors import LimitExceeded
from searchkit.segment import layout
from searchkit.segment.layout import Baked
from searchkit.segment.positions import encode_positions
from searchkit.segment.spool import Spool


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


def pack_vectors(tfs: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """Frequency vectors as one integer each; 0 for a vector with an entry too large to pack.

    Parameters
    ----------
    tfs : ndarray of shape (postings, fields), uint32
    """
    bits = min(16, 64 // tfs.shape[1])
    packed = np.zeros(len(tfs), np.uint64)
    for field in range(tfs.shape[1]):
        packed |= tfs[:, field].astype(np.uint64) << np.uint64(bits * field)
    packed[tfs.max(axis=1, initial=0) >= 1 << bits] = 0
    return packed


def unpack_vectors(packed: npt.NDArray[np.uint64], fields: int) -> npt.NDArray[np.uint32]:
    """What `pack_vectors` packed, shape (len(packed), fields), uint32."""
    bits = min(16, 64 // fields)
    mask = np.uint64((1 << bits) - 1)
    columns = [(packed >> np.uint64(bits * field)) & mask for field in range(fields)]
    return np.stack(columns, axis=1).astype(np.uint32)


def commonest_vectors(packed: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """The at most 255 packed vectors with the highest counts, ascending by value."""
    usable = (packed != 0) & (counts > 0)
    packed, counts = packed[usable], counts[usable]
    best = np.lexsort((packed, -counts))[: layout.ESCAPE]
    return np.sort(packed[best])


def saturation(tfs: npt.NDArray[np.uint32], lengths: npt.NDArray[np.uint32], baked: Baked) -> npt.NDArray[np.float64]:
    """f / (f + k1) of each posting, with the baked parameters: below 1.

    Parameters
    ----------
    tfs : ndarray of shape (postings, fields), uint32
    lengths : ndarray of shape (postings, fields), uint32
        Lengths of the posting's document in tokens.
    """
    f = np.zeros(len(tfs))
    for field, (weight, mean) in enumerate(zip(baked.weights, baked.means, strict=True)):
        if mean > 0:
            norms = (1 - baked.b) + baked.b * (lengths[:, field] / mean)
            f += np.divide(weight * tfs[:, field], norms, out=np.zeros(len(f)), where=tfs[:, field] > 0)
    return f / (f + baked.k1)


class PostingsEncoder:
    """Encodes batches of consecutive terms into the parts of a segment.

    Parameters
    ----------
    lengths : ndarray of shape (documents, fields), uint32
    vectors : ndarray of shape (at most 255,), uint64
        Ascending, from `commonest_vectors`.
    baked : Baked
    directory : Path
        For temporary files.
    """

    def __init__(
        self, lengths: npt.NDArray[np.uint32], vectors: npt.NDArray[np.uint64], baked: Baked, directory: Path
    ) -> None:
        self._lengths = lengths
        self._vectors = vectors
        self._baked = baked
        names = (layout.POSTINGS, layout.IMPACTS, layout.TFS, layout.POSITIONS)
        self._spools = {name: Spool(directory) for name in names}
        self._term_postings: list[npt.NDArray[np.uint32]] = [np.zeros(1, layout.U4)]
        self._term_first: list[npt.NDArray[np.uint32]] = [np.zeros(1, layout.U4)]
        self._position_index: list[npt.NDArray[np.uint32]] = []
        self._escaped: list[npt.NDArray[np.uint32]] = []
        self._escapes: list[npt.NDArray[np.uint32]] = []
        self.postings = 0
        self.occurrences = 0

    def add(self, batch: PostingBatch) -> None:
        """Append the next terms."""
        if self.postings + len(batch.docs) > limits.SEGMENT_POSTINGS_MAX:
            raise LimitExceeded("the number of postings of a segment", self.postings, limits.SEGMENT_POSTINGS_MAX)
        ends = np.cumsum(batch.dfs)
        self._add_documents(batch.docs, ends)
        self._add_frequencies(batch)
        self._add_positions(batch)
        self._term_first.append((self.postings + ends).astype(layout.U4))
        self.postings += len(batch.docs)
        self.occurrences += len(batch.positions)

    def _add_documents(self, docs: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        spool = self._spools[layout.POSTINGS]
        blobs: list[bytes] = []
        units: list[int] = []
        start = 0
        for end in ends.tolist():
            blob = bitmap.to_bytes(bitmap.from_array(docs[start:end]))
            padding = -len(blob) % layout.POSTINGS_ALIGN
            blobs.append(blob + b"\0" * padding)
            units.append((len(blob) + padding) // layout.POSTINGS_ALIGN)
            start = end
        offsets = spool.size // layout.POSTINGS_ALIGN + np.cumsum(units, dtype=np.int64)
        spool.append(b"".join(blobs))
        if spool.size > limits.SEGMENT_PART_BYTES_MAX:
            raise LimitExceeded("the posting lists of a segment in bytes", spool.size, limits.SEGMENT_PART_BYTES_MAX)
        self._term_postings.append(offsets.astype(layout.U4))

    def _add_frequencies(self, batch: PostingBatch) -> None:
        packed = pack_vectors(batch.tfs)
        rows = np.searchsorted(self._vectors, packed)
        rows[rows == len(self._vectors)] = 0
        known = self._vectors[rows] == packed if len(self._vectors) else np.zeros(len(packed), bool)
        self._spools[layout.TFS].append(np.where(known, rows, layout.ESCAPE).astype(np.uint8).data)
        escaped = np.flatnonzero(~known)
        self._escaped.append((self.postings + escaped).astype(layout.U4))
        self._escapes.append(batch.tfs[escaped].astype(layout.U4))
        bounds = np.ceil(layout.IMPACT_MAX * saturation(batch.tfs, self._lengths[batch.docs], self._baked))
        self._spools[layout.IMPACTS].append(np.clip(bounds, 1, layout.IMPACT_MAX).astype(np.uint8).data)

    def _add_positions(self, batch: PostingBatch) -> None:
        counts = batch.tfs.sum(axis=1, dtype=np.int64)
        stream, starts = encode_positions(batch.positions, counts)
        spool = self._spools[layout.POSITIONS]
        first = -self.postings % layout.POSITIONS_STRIDE
        self._position_index.append((spool.size + starts[first :: layout.POSITIONS_STRIDE]).astype(layout.U4))
        spool.append(stream.data)
        if spool.size > limits.SEGMENT_PART_BYTES_MAX:
            raise LimitExceeded("the positions of a segment in bytes", spool.size, limits.SEGMENT_PART_BYTES_MAX)

    def parts(self) -> dict[str, bytes | memoryview]:
        """The finished parts; views are readable until `close`."""
        fields = self._lengths.shape[1]
        arrays = {
            layout.TERM_POSTINGS: self._term_postings,
            layout.TERM_FIRST: self._term_first,
            layout.POSITION_INDEX: self._position_index,
            layout.TF_ESCAPED: self._escaped,
            layout.TF_ESCAPES: self._escapes,
        }
        vectors = unpack_vectors(self._vectors, fields).astype(layout.U4)
        return {
            **{name: spool.view() for name, spool in self._spools.items()},
            **{name: np.concatenate(chunks).tobytes() if chunks else b"" for name, chunks in arrays.items()},
            layout.TF_VECTORS: vectors.tobytes(),
        }

    def close(self) -> None:
        """Give temporary files back."""
        for spool in self._spools.values():
            spool.close()

"""Several segments into one, dead documents dropped: the same answers from fewer, smaller files.

Documents keep their order: first all of the first segment's, then the second's. Only facts are copied;
impacts are computed anew with the merged mean lengths. Cost: every posting and position is decoded and
encoded once, about 0.5 microseconds an occurrence. Decoded arrays of large segments lie in temporary files,
so that memory grows with a chunk of terms, and with the dictionary, but not with the postings.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import LimitExceeded
from searchkit.model.schema import Schema
from searchkit.segment import layout
from searchkit.segment.buffer import SegmentDocuments
from searchkit.segment.positions import decode_positions
from searchkit.segment.postings import PostingBatch, PostingsEncoder, commonest_vectors, pack_vectors
from searchkit.segment.reader import SegmentReader
from searchkit.segment.terms import encode_terms
from searchkit.segment.writer import Receipt, baked_parameters, seal

_CHUNK_OCCURRENCES = 2_000_000
"""Occurrences encoded at a time: about 150 MB of arrays."""
_SCRATCH_BYTES_MAX = 32 << 20
"""Bytes of a decoded array kept in memory; larger ones go to a temporary file."""


@dataclass(frozen=True, slots=True)
class Live:
    """A segment and which of its documents are deleted."""

    reader: SegmentReader
    dead: BitMap


def merge_segments(path: Path, segments: Sequence[Live], schema: Schema) -> Receipt | None:
    """Write the live documents of `segments` as one new segment file, synced; None if there are none.

    Raises
    ------
    LimitExceeded
        If one segment could not hold them all.
    SegmentDamaged
        If anything read does not match its checksum: damage is not copied.
    """
    sources = [_Source(live, path.parent) for live in segments]
    total = sum(source.documents for source in sources)
    if total > limits.SEGMENT_DOCUMENTS_MAX:
        raise LimitExceeded("the number of documents of a segment", total, limits.SEGMENT_DOCUMENTS_MAX)
    if total == 0:
        return None
    documents = _documents(sources, schema)
    for source in sources:
        source.decode()
    terms = sorted(set().union(*(source.live_terms() for source in sources)))
    trie, numbers = encode_terms(terms)
    ordered = [""] * len(terms)
    for term, number in zip(terms, numbers.tolist(), strict=True):
        ordered[number] = term
    baked = baked_parameters(documents.lengths, schema)
    encoder = PostingsEncoder(documents.lengths, _vectors(sources), baked, path.parent)
    try:
        for batch in _batches(sources, ordered):
            encoder.add(batch)
        return seal(path, documents, trie, len(terms), encoder, baked, schema)
    finally:
        encoder.close()


def _documents(sources: list[_Source], schema: Schema) -> SegmentDocuments:
    base = 0
    keywords: dict[tuple[str, str], list[npt.NDArray[np.uint32]]] = {}
    for source in sources:
        source.renumber(base)
        base += source.documents
        for field, value, docs in source.reader.keywords():
            kept = bitmap.to_array(docs - source.dead)
            if len(kept):
                keywords.setdefault((field, value), []).append(source.new_numbers[kept])
    columns = [name for name in sources[0].reader.head.columns if name in schema]
    return SegmentDocuments(
        ids=[id for source in sources for id in source.kept(source.reader.ids())],
        digests=np.concatenate([source.reader.digests[source.alive] for source in sources]),
        stored=(record for source in sources for record in source.kept(source.reader.stored())),
        lengths=np.concatenate([source.reader.lengths[source.alive] for source in sources]),
        columns=np.concatenate(
            [
                np.stack([source.reader.column(name)[source.alive] for name in columns], axis=1)
                if columns
                else np.zeros((source.documents, 0))
                for source in sources
            ]
        ),
        keywords={pair: np.concatenate(docs) for pair, docs in keywords.items()},
    )


def _vectors(sources: list[_Source]) -> npt.NDArray[np.uint64]:
    """The commonest frequency vectors of all live postings."""
    packed, counts = zip(*(source.vectors() for source in sources), strict=True)
    values, places = np.unique(np.concatenate(packed), return_inverse=True)
    return commonest_vectors(values, np.bincount(places, np.concatenate(counts), len(values)).astype(np.int64))


def _batches(sources: list[_Source], terms: list[str]) -> Iterator[PostingBatch]:
    """Postings of all terms in order, some million occurrences at a time."""
    old = [source.numbers_of(terms) for source in sources]
    sizes = sum(
        (source.occurrences_of(numbers) for source, numbers in zip(sources, old, strict=True)), np.zeros(len(terms))
    )
    chunk = (np.cumsum(sizes) // _CHUNK_OCCURRENCES).astype(np.int64)
    bounds = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(terms)]
    for start, stop in itertools.pairwise(bounds):
        pieces = [source.gather(numbers[start:stop]) for source, numbers in zip(sources, old, strict=True)]
        yield _interleaved(pieces, stop - start)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One segment's share of a batch: as `PostingBatch`, with the term (within the batch) of each posting."""

    terms: npt.NDArray[np.int64]
    docs: npt.NDArray[np.uint32]
    tfs: npt.NDArray[np.uint32]
    positions: npt.NDArray[np.uint32]


def _interleaved(pieces: list[_Piece], terms: int) -> PostingBatch:
    term_of = np.concatenate([piece.terms for piece in pieces])
    tfs = np.concatenate([piece.tfs for piece in pieces])
    positions = np.concatenate([piece.positions for piece in pieces])
    order = np.argsort(term_of, kind="stable")
    counts = tfs.sum(axis=1, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    return PostingBatch(
        dfs=np.bincount(term_of, minlength=terms),
        docs=np.concatenate([piece.docs for piece in pieces])[order],
        tfs=tfs[order],
        positions=positions[_ranges(starts[order], counts[order])],
    )


def _ranges(starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices of many ranges one after the other: starts[0], starts[0] + 1, …, starts[1], …"""
    ends = np.cumsum(counts)
    shifts: npt.NDArray[np.int64] = np.repeat(starts - (ends - counts), counts)
    return np.arange(len(shifts), dtype=np.int64) + shifts


class _Source:
    """One of the segments that go into a merge, decoded."""

    def __init__(self, live: Live, directory: Path) -> None:
        self.reader = live.reader
        self.dead = live.dead
        self._directory = directory
        self.alive = np.ones(self.reader.head.documents, bool)
        self.alive[bitmap.to_array(live.dead)] = False
        self.documents = int(self.alive.sum())

    def renumber(self, base: int) -> None:
        """Give live documents their new numbers, from `base` on."""
        self.new_numbers = (base + np.cumsum(self.alive) - 1).astype(np.uint32)

    def kept(self, items: Any) -> Iterator[Any]:
        """Those of one item a document that belong to live documents."""
        return (item for item, alive in zip(items, self.alive.tolist(), strict=True) if alive)

    def decode(self) -> None:
        """Decode all posting lists and positions, chunk by chunk, into flat arrays by posting number."""
        reader, head = self.reader, self.reader.head
        self._docs = _scratch(head.postings, np.dtype(np.uint32), self._directory)
        self._positions = _scratch(head.occurrences, np.dtype(np.uint32), self._directory)
        self._starts = np.zeros(head.postings + 1, np.int64)
        first = reader.term_first
        for term in range(head.terms):
            self._docs[first[term] : first[term + 1]] = reader.docs(term)
        offset = 0
        for start, stop, stream in reader.position_streams():
            positions, counts = decode_positions(stream)
            self._positions[offset : offset + len(positions)] = positions
            np.cumsum(counts, out=self._starts[start + 1 : stop + 1])
            self._starts[start + 1 : stop + 1] += offset
            offset += len(positions)
        self._live = self.alive[self._docs]

    def live_terms(self) -> Iterator[str]:
        """Terms that stand in at least one live document."""
        ends = np.concatenate(([0], np.cumsum(self._live)))
        first = self.reader.term_first
        living = ends[first[1:]] > ends[first[:-1]]
        return (term for term, number in self.reader.terms.items() if living[number])

    def vectors(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Packed frequency vectors of live postings, and how many postings have each."""
        codes = np.frombuffer(self.reader.bytes_of(layout.TFS, 0, self.reader.head.postings), np.uint8)
        counts = np.bincount(codes[self._live], minlength=256)
        counts[layout.ESCAPE] = 0
        escapes = self.reader.tf_escapes[self._live[self.reader.tf_escaped]]
        packed = np.concatenate((pack_vectors(self.reader.tf_vectors), pack_vectors(escapes)))
        return packed, np.concatenate((counts, np.ones(len(escapes), np.int64)))

    def numbers_of(self, terms: list[str]) -> npt.NDArray[np.int64]:
        """This segment's number of each term, -1 where it has none."""
        number = self.reader.terms.number
        return np.fromiter((-1 if (n := number(term)) is None else n for term in terms), np.int64, len(terms))

    def occurrences_of(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Occurrences of each term, those in dead documents included."""
        first = self.reader.term_first
        counts: npt.NDArray[np.int64] = self._starts[first[numbers + 1]] - self._starts[first[numbers]]
        counts[numbers < 0] = 0
        return counts

    def gather(self, numbers: npt.NDArray[np.int64]) -> _Piece:
        """Live postings of some terms, with documents renumbered."""
        here = np.flatnonzero(numbers >= 0)
        first = self.reader.term_first.astype(np.int64)
        starts, ends = first[numbers[here]], first[numbers[here] + 1]
        postings = _ranges(starts, ends - starts)
        terms = np.repeat(here, ends - starts)
        keep = self._live[postings]
        postings, terms = postings[keep], terms[keep]
        begins = self._starts[postings]
        return _Piece(
            terms=terms,
            docs=self.new_numbers[self._docs[postings]],
            tfs=self.reader.frequencies_of(postings),
            positions=self._positions[_ranges(begins, self._starts[postings + 1] - begins)],
        )


def _scratch(size: int, dtype: np.dtype[Any], directory: Path) -> npt.NDArray[Any]:
    """An array to fill: in memory when small, else in an unnamed temporary file."""
    if size * dtype.itemsize <= _SCRATCH_BYTES_MAX:
        return np.empty(size, dtype)
    with tempfile.TemporaryFile(dir=directory) as file:
        return np.memmap(file, dtype, "w+", shape=(size,))

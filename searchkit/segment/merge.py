"""Several segments into one, dead documents dropped: the same answers from fewer, smaller files.

Documents keep their order: first all of the first segment's, then the second's. Terms are numbered in byte
order in every segment, so a range of new terms is a range of terms of each of them, and all are walked side by
side, some million postings at a time: memory grows with a chunk of terms, and with the dictionary, but not with
the postings. Positions are copied as they are written. Cost: some 50 ns a posting in compiled code for chunks
that are worth it, ten times as much in NumPy. Only facts are copied; nothing derived is stored.
"""

from __future__ import annotations

import itertools
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
from searchkit.segment import interleave, layout
from searchkit.segment.buffer import SegmentDocuments
from searchkit.segment.frequencies import Codes, choose_codes, count_vectors, pack_vectors
from searchkit.segment.interleave import Interleaved, Piece
from searchkit.segment.postings import EncodedBatch, PostingsEncoder, strides_from, worth_compiling
from searchkit.segment.reader import SegmentReader
from searchkit.segment.stored import PackedBlock
from searchkit.segment.suggestions import merged_suggestions
from searchkit.segment.terms import encode_terms
from searchkit.segment.writer import Receipt, seal

_CHUNK_WEIGHT = 4_000_000
"""Postings, and bytes of their positions, handled at a time: about 100 MB of arrays."""


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
    compiled = worth_compiling(sum(live.reader.head.postings for live in segments))
    sources = [_Source(live, compiled=compiled) for live in segments]
    total = sum(source.documents for source in sources)
    if total > limits.SEGMENT_DOCUMENTS_MAX:
        raise LimitExceeded("the number of documents of a segment", total, limits.SEGMENT_DOCUMENTS_MAX)
    if total == 0:
        return None
    documents = _documents(sources, schema)
    for source in sources:
        source.count()
    # Lists that are in order each are soon in order together.
    terms = list(dict.fromkeys(sorted(itertools.chain.from_iterable(source.live_names for source in sources))))
    trie, key_numbers, _ = encode_terms(terms)
    numbers = dict(zip(terms, range(len(terms)), strict=True))
    for source in sources:
        source.rename(numbers)
    encoder = PostingsEncoder(len(schema.text_fields), _codes(sources), path.parent, compiled=compiled)
    try:
        for start, stop in _chunks(sources, len(terms)):
            pieces = [source.piece(start, stop) for source in sources]
            encoder.add_encoded(_batch(pieces, stop - start, encoder, compiled=compiled))
        return seal(path, documents, trie, key_numbers, encoder, schema)
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
        stored=(record for source in sources for record in source.stored()),
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
        suggestions=merged_suggestions([(source.reader, source.dead) for source in sources], schema),
    )


def _codes(sources: list[_Source]) -> Codes:
    """The code book of all live postings."""
    packed = np.concatenate([source.vectors for source in sources])
    counts = np.concatenate([source.vector_counts for source in sources])
    values, places = np.unique(packed, return_inverse=True)
    counts = np.bincount(places, counts, len(values)).astype(np.int64)
    return choose_codes(values, counts, len(sources[0].reader.head.text_fields))


def _chunks(sources: list[_Source], terms: int) -> Iterator[tuple[int, int]]:
    """Ranges of new terms whose postings and positions are handled at a time."""
    weights = np.zeros(terms)
    for source in sources:
        weights += source.weights(terms)
    return _cut(weights)


def _cut(weights: npt.NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Cut terms into ranges of about the same weight; a term is never cut."""
    chunk = np.cumsum(weights) // _CHUNK_WEIGHT
    ends = [*(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(weights)]
    return itertools.pairwise([0, *ends] if len(weights) else [])


def _batch(pieces: list[Piece], terms: int, encoder: PostingsEncoder, *, compiled: bool) -> EncodedBatch:
    """The next terms for the encoder."""
    found: Interleaved
    if compiled:
        from searchkit.segment.kernels import decode

        found = decode.interleave(pieces, terms)
    else:
        found = interleave.interleave(pieces, terms)
    strides = found.starts[strides_from(encoder.postings) :: layout.POSITIONS_STRIDE]
    return EncodedBatch(found.dfs, found.docs, found.tfs, found.stream, strides)


class _Source:
    """One of the segments that go into a merge."""

    def __init__(self, live: Live, *, compiled: bool) -> None:
        self._compiled = compiled
        self.reader = live.reader
        self.dead = live.dead
        self.alive = np.ones(self.reader.head.documents, bool)
        self.alive[bitmap.to_array(live.dead)] = False
        self.documents = int(self.alive.sum())

    def renumber(self, base: int) -> None:
        """Give live documents their new numbers, from `base` on."""
        self.new_numbers = (base + np.cumsum(self.alive) - 1).astype(np.uint32)

    def kept(self, items: Any) -> Iterator[Any]:
        """Those of one item a document that belong to live documents."""
        return (item for item, alive in zip(items, self.alive.tolist(), strict=True) if alive)

    def stored(self) -> Iterator[bytes | PackedBlock]:
        """Records of live documents; packed as they are where they are a block of the merged segment, too."""
        size = layout.STORED_BLOCK_DOCUMENTS
        for block, start in enumerate(range(0, len(self.alive), size)):
            alive = self.alive[start : start + size]
            if len(alive) == size and alive.all() and self.new_numbers[start] % size == 0:
                yield self.reader.packed_block(block)
            elif alive.any():
                yield from itertools.compress(self.reader.stored_block(block), alive.tolist())

    def count(self) -> None:
        """Find out which terms stand in live documents, and how many live postings have each vector of frequencies."""
        reader = self.reader
        dfs = reader.document_frequencies(0, reader.head.terms)
        codes = 1 << reader.head.tf_bits
        counts = np.zeros(codes, np.int64)
        escaped = np.ones(len(reader.tf_escaped), bool)
        for start, stop in _cut(dfs.astype(np.float64)):
            first, end = reader.term_first[[start, stop]].tolist()
            found = reader.tf_codes(first, end)
            if self.dead:
                live = self.alive[reader.docs_of_terms(start, stop, compiled=self._compiled)]
                found = found[live]
                dfs[start:stop] = np.add.reduceat(live, reader.term_first[start:stop] - first, dtype=np.int64)
                low, high = np.searchsorted(reader.tf_escaped, (first, end))
                escaped[low:high] = live[reader.tf_escaped[low:high] - first]
            counts += np.bincount(found, minlength=codes)
        counts[-1] = 0  # Escaped: these are counted one by one.
        self.live_terms = np.flatnonzero(dfs)
        self.live_names = list(itertools.compress(reader.terms.names(), dfs.tolist()))
        values, more = count_vectors(pack_vectors(reader.tf_escapes[escaped]))
        self.vectors = np.concatenate((pack_vectors(reader.tf_vectors), values))
        self.vector_counts = np.concatenate((counts, more))

    def rename(self, numbers: dict[str, int]) -> None:
        """Give live terms their new numbers, which ascend like the old ones."""
        self.new_terms = np.fromiter(map(numbers.__getitem__, self.live_names), np.int64, len(self.live_names))

    def weights(self, terms: int) -> npt.NDArray[np.float64]:
        """Postings of each new term in this segment, and about the bytes of their positions; dead ones included."""
        first, index = self.reader.term_first.astype(np.int64), self.reader.position_index
        ends = np.append(index, self.reader.part_sizes[layout.POSITIONS]).astype(np.int64)
        before = first + ends[-(-first // layout.POSITIONS_STRIDE)]
        weights = np.zeros(terms)
        weights[self.new_terms] = np.diff(before)[self.live_terms]
        return weights

    def piece(self, start: int, stop: int) -> Piece:
        """Postings of the new terms from `start` on and before `stop`."""
        low, high = np.searchsorted(self.new_terms, (start, stop))
        # Terms without live documents in between come along; all their postings are dead.
        begin, end = (int(self.live_terms[low]), int(self.live_terms[high - 1]) + 1) if low < high else (0, 0)
        terms = np.zeros(end - begin, np.int64)
        terms[self.live_terms[low:high] - begin] = self.new_terms[low:high] - start
        first, last = self.reader.term_first[[begin, end]].tolist()
        stream, starts = self.reader.positions_of(first, last)
        return Piece(
            terms=terms,
            dfs=self.reader.document_frequencies(begin, end),
            docs=self.reader.docs_of_terms(begin, end, compiled=self._compiled),
            tfs=self.reader.frequencies_of(slice(first, last)),
            stream=stream,
            starts=starts,
            alive=self.alive,
            new_numbers=self.new_numbers,
        )

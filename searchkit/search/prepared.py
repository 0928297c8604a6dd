"""What the kernels need of a segment and of its terms, prepared once and kept as long as the segment is open.

A term that a process meets for the first time is verified against its checksums and walked once: its posting
list is checked whole, and impacts, block maxima, rank directory and levels are derived from it, some four
nanoseconds a posting together. All of it follows from the file, so nothing of it is stored: files stay small,
a merge stays a copy of facts, and there is nothing that could disagree. Memory: a byte a posting for impacts, at
most one more for block maxima (usually a tenth), half a byte for directories, all only for terms that were
asked for. What this module does not know: queries.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.errors import SegmentDamaged
from searchkit.ids import TermId
from searchkit.index.snapshot import SegmentView
from searchkit.rank.bm25 import Parameters
from searchkit.rank.kernels.arrays import (
    ARRAY_MAX,
    BLOCK,
    FAULT,
    FREQUENCY,
    RANKS,
    WINDOW,
    WINDOW_BLOCKS,
    Scoring,
    SegmentArrays,
)
from searchkit.rank.kernels.champions import POSTINGS_MAX, list_champions
from searchkit.rank.kernels.describe import describe_term, impact_histogram
from searchkit.rank.kernels.ranking import BLOCKS_DOCUMENTS_MIN
from searchkit.rank.kernels.rows import CHAMPIONS_MAX, LEVEL_RANKS
from searchkit.segment import layout
from searchkit.segment.reader import SegmentReader

DENSE_SHARE = 4 * BLOCK
"""A term has block maxima if it stands in one of so many documents: then most blocks hold it."""
_DENSE_DOCUMENTS_MIN = 256
_TERMS_REMEMBERED_MAX = 100_000
"""Terms of a segment that are remembered; some 60 MB, then all are forgotten."""
EVERYBODY = np.zeros(0, np.uint64)
"""Stands for a mask with all bits set."""


class _Described(NamedTuple):
    """A term of a segment file, whatever is deleted of it."""

    number: TermId
    place: tuple[int, int, int, int, int, int]
    containers: npt.NDArray[np.int64]
    """See `kernels.describe.describe_term`."""
    alive: PreparedTerm
    """With nothing deleted."""


class PreparedTerm(NamedTuple):
    """A term of a segment.

    Attributes
    ----------
    place : tuple of int
        A row of `Leaves.places`.
    levels : bytes
        For each of `LEVEL_RANKS`, the impact that so many live documents reach, 0 where there are fewer.
    most : int
        The largest impact of all its documents, deleted or not.
    covered : int
    champions : bytes
        See `rows.COVERED`; the champions as int64.
    """

    place: tuple[int, int, int, int, int, int]
    levels: bytes
    most: int
    covered: int
    champions: bytes


class Prepared:
    """A segment file, as the kernels see it; its impacts are derived with the parameters given."""

    def __init__(self, reader: SegmentReader, parameters: Parameters) -> None:
        documents = reader.head.documents
        frequencies = np.diff(reader.term_first.astype(np.int64))
        dense = (frequencies * DENSE_SHARE >= documents) & (frequencies >= _DENSE_DOCUMENTS_MIN)
        dense &= documents >= BLOCKS_DOCUMENTS_MIN
        self.windows = -(-documents // WINDOW)
        self.dense = np.flatnonzero(dense)
        self.ranked = np.flatnonzero(dense | (frequencies > ARRAY_MAX))
        # Zeros take no memory until they are written to.
        self.arrays = SegmentArrays(
            postings=reader.unverified(layout.POSTINGS, np.dtype("<u2")),
            impacts=np.zeros(reader.head.postings, np.uint8),
            tfs=reader.unverified(layout.TFS, layout.BYTE),
            vectors=reader.tf_vectors,
            escaped=reader.tf_escaped,
            escapes=reader.tf_escapes,
            lengths=reader.lengths,
            maxima=np.zeros(len(self.dense) * self.windows * WINDOW_BLOCKS, np.uint8),
            ranks=np.zeros(len(self.ranked) * self.windows * RANKS, np.uint16),
            positions=reader.unverified(layout.POSITIONS, layout.BYTE),
            position_index=reader.position_index,
            term_postings=reader.term_postings,
            term_first=reader.term_first,
        )
        self.parameters = parameters
        self.scoring = Scoring(np.array(parameters.weights), np.array(parameters.means), parameters.k1, parameters.b)

    def place(self, reader: SegmentReader, number: TermId) -> tuple[int, int, int, int, int, int]:
        """The `Leaves.places` row of a term."""
        start, end = reader.postings_range(number)
        maxima, ranks = _row(self.dense, number), _row(self.ranked, number)
        return (
            start // 2,
            end // 2,
            int(reader.term_first[number]),
            reader.document_frequency(number),
            maxima * self.windows * WINDOW_BLOCKS if maxima >= 0 else -1,
            ranks * self.windows * RANKS if ranks >= 0 else -1,
        )


def _row(numbers: npt.NDArray[np.int64], wanted: int) -> int:
    """Where a number stands in an ascending array, or -1."""
    row = int(np.searchsorted(numbers, wanted))
    return row if row < len(numbers) and numbers[row] == wanted else -1


def prepared(reader: SegmentReader, parameters: Parameters) -> Prepared:
    """A segment as the kernels see it. Made once; its impacts are those of the parameters it was first asked with."""
    known: Prepared | None = reader.cache.get("prepared")
    if known is None:
        known = reader.cache.setdefault("prepared", Prepared(reader, parameters))
    return known


def term(view: SegmentView, name: str, parameters: Parameters) -> PreparedTerm | None:
    """A term of a segment, or None if it does not occur there.

    What follows from the file is worked out once. Of what follows from its deletions, only terms that a deleted document
    holds have anything; they are counted anew for each set of deletions.

    Raises
    ------
    SegmentDamaged
        If its bytes are not what was written, or do not fit each other.
    """
    described = _described(view.reader, name, parameters)
    if described is None or not view.dead:
        return None if described is None else described.alive
    terms: dict[str, PreparedTerm] = view.cache.setdefault("terms", {})
    found = terms.get(name)
    if found is None:
        found = described.alive
        if view.document_frequency(name) < view.reader.document_frequency(described.number):
            live = _counted(view.reader, described.place, described.containers, live_bits(view), parameters)
            found = live._replace(most=described.alive.most)
        _remember(terms, name, found)
    return found


def _remember(terms: dict[str, Any], name: str, found: object) -> None:
    if len(terms) >= _TERMS_REMEMBERED_MAX:
        terms.clear()
    terms[name] = found


def _described(reader: SegmentReader, name: str, parameters: Parameters) -> _Described | None:
    terms: dict[str, _Described | None] = reader.cache.setdefault("terms", {})
    if name in terms:
        return terms[name]
    number = reader.terms.number(name)
    found = None if number is None else _describe(reader, number, parameters)
    _remember(terms, name, found)
    return found


def _describe(reader: SegmentReader, number: TermId, parameters: Parameters) -> _Described:
    segment = prepared(reader, parameters)
    place = segment.place(reader, number)
    start, end, first, frequency, _, _ = place
    reader.bytes_of(layout.POSTINGS, 2 * start, 2 * end)
    reader.bytes_of(layout.TFS, *reader.tfs_range(first, first + frequency))
    containers = np.zeros((segment.windows, 3), np.int64)
    # Two threads may do this at once; both write the same.
    if describe_term(segment.arrays, segment.scoring, np.array(place, np.int64), containers) == FAULT:
        raise SegmentDamaged(reader.path, f"the posting list of term {number} does not fit the bytes it was given")
    return _Described(number, place, containers, _counted(reader, place, containers, EVERYBODY, parameters))


def _counted(
    reader: SegmentReader,
    place: tuple[int, int, int, int, int, int],
    containers: npt.NDArray[np.int64],
    live: npt.NDArray[np.uint64],
    parameters: Parameters,
) -> PreparedTerm:
    """A described term, by its documents that are live."""
    histogram, arrays, where = np.zeros(256, np.int64), prepared(reader, parameters).arrays, np.array(place, np.int64)
    impact_histogram(arrays, where, containers, live, histogram)
    reaching = np.cumsum(histogram[::-1])  # Documents of an impact of at least 255, 254, and so on.
    levels = 255 - np.searchsorted(reaching, LEVEL_RANKS)
    fitting = int(np.searchsorted(reaching, CHAMPIONS_MAX, side="right")) if place[FREQUENCY] < POSTINGS_MAX else 0
    covered, champions = max(256 - fitting, 1), np.zeros(CHAMPIONS_MAX, np.int64)
    held = list_champions(arrays, where, containers, live, covered, champions)
    return PreparedTerm(
        place,
        np.clip(levels, 0, 255).astype(np.uint8).tobytes(),
        int(np.flatnonzero(histogram).max(initial=0)),
        covered,
        champions[:held].tobytes(),
    )


def live_bits(view: SegmentView) -> npt.NDArray[np.uint64]:
    """One bit for each live document of a segment; `EVERYBODY` if none was deleted."""
    if not view.dead:
        return EVERYBODY
    bits: npt.NDArray[np.uint64] | None = view.cache.get("live")
    if bits is None:
        known: tuple[bitmap.BitMap, npt.NDArray[np.uint64]] | None = view.reader.cache.get("live")
        if known is not None and known[0] <= view.dead:  # As of a commit before: only what went since is cleared.
            bits = known[1].copy()
            gone = bitmap.to_array(view.dead - known[0])
            np.bitwise_and.at(bits, gone >> 6, ~(np.uint64(1) << (gone & np.uint32(63)).astype(np.uint64)))
        else:
            bits = as_bits(view.live, view.documents)
        view.cache["live"], view.reader.cache["live"] = bits, (view.dead, bits)
    return bits


def as_bits(docs: bitmap.BitMap, documents: int) -> npt.NDArray[np.uint64]:
    """A set of documents as one bit each, little-endian, shape (ceil(documents / 64),)."""
    bits = np.zeros(-(-documents // BLOCK) * BLOCK, np.uint8)
    bits[bitmap.to_array(docs)] = 1
    return np.packbits(bits, bitorder="little").view(np.uint64)

"""One commit, held: an immutable view of all segments, with statistics over the whole index.

Opening one reads the catalog and opens segments not open already; nothing is loaded. It stays valid and
unchanged through later commits, merges and deletions, for any number of threads. Counts are exact over
live documents: a term's document frequency is its postings less those in deleted documents, found by a
roaring intersection and remembered. What this module does not know: queries and scores.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import SegmentDamaged
from searchkit.ids import DocId
from searchkit.index.catalog import Catalog, State
from searchkit.model.document import as_id
from searchkit.model.schema import Schema
from searchkit.segment.reader import SegmentReader

_REMEMBERED_TERMS_MAX = 200_000
"""Document frequencies remembered by a snapshot: some 20 MB; then all are forgotten."""


class SegmentView:
    """A segment within a snapshot.

    Attributes
    ----------
    reader : SegmentReader
    dead : BitMap
        Deleted documents.
    base : int
        Place of its document 0 in the snapshot: documents, live or not, of all segments before it.
    """

    def __init__(self, reader: SegmentReader, dead: BitMap, base: int) -> None:
        self.reader = reader
        self.dead = dead
        self.base = base
        self.documents = reader.head.documents
        self.cache: dict[Any, Any] = {}
        """What others derive from it and want kept; snapshots hand it on as long as nothing is deleted of the segment."""
        self._frequencies: dict[str, int] = {}

    @cached_property
    def live(self) -> BitMap:
        """Documents that are not deleted."""
        return bitmap.full(self.documents) - self.dead

    def document_frequency(self, term: str) -> int:
        """Live documents that hold a term."""
        known = self._frequencies.get(term)
        if known is not None:
            return known
        number = self.reader.terms.number(term)
        if number is None:
            return 0
        frequency = self.reader.document_frequency(number)
        if self.dead:
            frequency -= self.reader.postings(number).intersection_cardinality(self.dead)
            if len(self._frequencies) >= _REMEMBERED_TERMS_MAX:
                self._frequencies.clear()
            self._frequencies[term] = frequency
        return frequency


class IndexSnapshot:
    """All segments of one commit.

    Parameters
    ----------
    directory : Path
        The collection directory.
    state : State
    dead : dict of segment id to BitMap
    readers : dict of segment id to SegmentReader
        One for each segment of `state`.
    before : IndexSnapshot, optional
        One whose views of segments are used again where they are the same.
    """

    def __init__(
        self,
        directory: Path,
        state: State,
        dead: dict[str, BitMap],
        readers: dict[str, SegmentReader],
        before: IndexSnapshot | None = None,
    ) -> None:
        self.directory = directory
        self.state = state
        known = {} if before is None else {view.reader: view for view in before.views}
        views, base = [], 0
        for entry in state.segments:
            reader, gone = readers[entry.id], dead.get(entry.id, BitMap())
            same = known.get(reader)
            if same is None or same.base != base or same.dead != gone:
                same = SegmentView(reader, gone, base)
            views.append(same)
            base += entry.documents
        self.views: tuple[SegmentView, ...] = tuple(views)
        self.places = base
        self.cache: dict[Any, Any] = {}
        """What others derive from this commit and want kept as long as it is held."""
        self._bases = [view.base for view in views]
        self._frequencies: dict[str, int] = {}

    @property
    def generation(self) -> int:
        """The commit this is."""
        return self.state.generation

    @property
    def schema(self) -> Schema:
        """The schema of the index."""
        return self.state.schema

    @cached_property
    def documents(self) -> int:
        """Live documents: N."""
        return sum(entry.live for entry in self.state.segments)

    @cached_property
    def length_totals(self) -> tuple[int, ...]:
        """Tokens of each text field over live documents."""
        fields = len(self.schema.text_fields)
        return tuple(sum(entry.length_totals[field] for entry in self.state.segments) for field in range(fields))

    @cached_property
    def length_means(self) -> tuple[float, ...]:
        """Mean length of each text field over live documents, in tokens; 0 for an empty index."""
        return tuple(total / self.documents if self.documents else 0.0 for total in self.length_totals)

    def document_frequency(self, term: str) -> int:
        """Live documents that hold a term in any text field: n."""
        frequency = self._frequencies.get(term)
        if frequency is None:
            frequency = sum(view.document_frequency(term) for view in self.views)
            if len(self._frequencies) >= _REMEMBERED_TERMS_MAX:
                self._frequencies.clear()
            self._frequencies[term] = frequency
        return frequency

    def locate(self, place: int) -> tuple[SegmentView, DocId]:
        """The segment and document at a place."""
        view = self.views[bisect.bisect_right(self._bases, place) - 1]
        return view, place - view.base

    def find(self, id: object) -> int | None:
        """Place of the live document with an id, or None."""
        kept = as_id(id)
        if kept is None:
            return None
        for view in reversed(self.views):
            for doc in view.reader.find(kept):
                if doc not in view.dead:
                    return view.base + doc
        return None

    @cached_property
    def id(self) -> Callable[[int], str]:
        """What gives the id of the document at a place: every hit comes by here, so one segment is asked directly."""
        return self.views[0].reader.id if len(self.views) == 1 else self._id

    def _id(self, place: int) -> str:
        view = self.views[bisect.bisect_right(self._bases, place) - 1]
        return view.reader.id(place - view.base)

    def record(self, place: int) -> dict[str, Any]:
        """The stored record of the document at a place."""
        view, doc = self.locate(place)
        return view.reader.record(doc)

    def live_places(self) -> npt.NDArray[np.int64]:
        """Places of all live documents, ascending."""
        arrays = [bitmap.to_array(view.live).astype(np.int64) + view.base for view in self.views]
        return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)


_ATTEMPTS = 20


def load_snapshot(catalog: Catalog, before: IndexSnapshot | None = None) -> IndexSnapshot:
    """The newest commit. Segments that `before` has open are used again, and so is all that was derived from them.

    A segment may be merged away between reading the catalog and opening its file; then a newer commit
    exists, and is read instead.
    """
    for attempt in range(_ATTEMPTS):
        state, dead = catalog.load()
        open_readers = {} if before is None else dict(zip(_ids(before), (v.reader for v in before.views), strict=True))
        try:
            readers = {}
            for entry in state.segments:
                readers[entry.id] = open_readers.get(entry.id) or SegmentReader(
                    catalog.segment_path(entry.id), entry.size, entry.spine, entry.sums
                )
            return IndexSnapshot(catalog.directory.parent, state, dead, readers, before)
        except SegmentDamaged:
            if attempt == _ATTEMPTS - 1 or catalog.generation() == state.generation:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _ids(snapshot: IndexSnapshot) -> list[str]:
    return [entry.id for entry in snapshot.state.segments]

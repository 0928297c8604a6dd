"""What queries of one snapshot have in common, laid out so that one kernel call finds everything by number.

Every word that is met gets a row (`kernels/rows.py`): where it lies in each segment, its idf, and what so many documents
are known to reach by it alone. A query of known words is then a few numbers. Rows are made when words are first
asked for, from what `prepared.py` keeps of each segment, some microseconds and segment. Tables belong to a snapshot
and one set of parameters. What this module does not know: how a query was typed, and how it is ranked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.errors import SegmentDamaged
from searchkit.index.snapshot import IndexSnapshot
from searchkit.locks import Lock
from searchkit.rank.bm25 import DEFAULT_B, DEFAULT_K1, Parameters, inverse_document_frequency
from searchkit.rank.bounds import IMPACT_MAX, impact_scale
from searchkit.rank.kernels import answer
from searchkit.rank.kernels.answer import ROW_NUMBERS
from searchkit.rank.kernels.arrays import FAULT, WINDOW
from searchkit.rank.kernels.contexts import context_of
from searchkit.rank.kernels.rows import (
    CHAMPIONS,
    COVERED,
    IDF_OF,
    LEVEL_RANKS,
    LINE,
    MOST_IMPACT,
    REACHED,
    SEGMENT_NUMBERS,
    row_numbers,
)
from searchkit.search.execute import parameters_of
from searchkit.search.prepared import PreparedTerm, live_bits, prepared, term

_ROWS_AT_FIRST = 256
_ROWS_BYTES_MAX = 64 << 20
"""Of the rows of words that are remembered, 200,000 with one segment, 80,000 with three; then all are forgotten."""
_PARAMETERS_MAX = 4
"""Sets of parameters a snapshot keeps tables for."""

_making = Lock()


class Tables:
    """Rows for the words of a snapshot that queries met, under one set of parameters.

    Attributes
    ----------
    context : ndarray of int64
        For `kernels.answer`; `address` is where it lies.
    frequencies : list of int
        Document frequency of the word of each row.
    with_positions : set of int
        Rows whose positions have been verified in all segments.
    groups : dict
        What `groups.py` remembers.
    """

    def __init__(self, snapshot: IndexSnapshot, parameters: Parameters) -> None:
        self.snapshot = snapshot
        self.parameters = parameters
        self.windows = max((-(-view.documents // WINDOW) for view in snapshot.views), default=1)
        segments = len(snapshot.views)
        self._lock = Lock()
        usual = parameters_of(snapshot, snapshot.schema.weights, DEFAULT_K1, DEFAULT_B)
        self._segments = [prepared(view.reader, usual) for view in snapshot.views]
        self._scales = np.array([self._scale(number) for number in range(segments)], np.float64).reshape(-1, 2)
        self._kept: list[Any] = [
            np.array(parameters.weights, np.float64),
            np.array(parameters.means, np.float64),
            self._scales,
            self._segment_rows(),
            np.array([parameters.k1, parameters.b]),
        ]
        self.context = np.zeros(answer.CONTEXT_NUMBERS, np.int64)
        self.context[: answer.FIELDS + 1] = segments, len(parameters.weights)
        self.address: int = self.context.ctypes.data
        self.context[answer.WEIGHTS :] = [array.ctypes.data for array in self._kept]
        self.frequencies: list[int] = []
        self.with_positions: set[int] = set()
        self.groups: dict[Any, Any] = {}
        self._rows: dict[str, int] = {}
        self._words = np.zeros((0, row_numbers(segments)), np.int64)
        self._make_room(_ROWS_AT_FIRST)

    def _scale(self, number: int) -> tuple[float, float]:
        """Lower and upper scale of a segment's impacts."""
        baked, now = self._segments[number].parameters, self.parameters
        if baked == now:
            return 1.0, 1.0
        return impact_scale(
            now.weights,
            now.means,
            now.k1,
            now.b,
            baked_weights=baked.weights,
            baked_means=baked.means,
            baked_k1=baked.k1,
            baked_b=baked.b,
            length_max=self.snapshot.views[number].reader.length_max,
        )

    def _segment_rows(self) -> npt.NDArray[np.int64]:
        rows = np.zeros((len(self._segments), ROW_NUMBERS), np.int64)
        for number, (segment, view) in enumerate(zip(self._segments, self.snapshot.views, strict=True)):
            live = live_bits(view)
            arrays = context_of([*segment.arrays, live])
            rows[number] = [*arrays.tolist(), view.base]
        return rows

    def _make_room(self, rows: int) -> None:
        """Tables for so many rows, with those there are. The old ones stay, for whoever is reading them."""
        used, numbers = len(self.frequencies), self._words.shape[1]
        room = np.zeros(rows * numbers + LINE, np.int64)
        first = -room.ctypes.data // room.itemsize % LINE
        words = room[first : first + rows * numbers].reshape(rows, numbers)
        words[:used] = self._words[:used]
        self._words = words
        self._kept.append(words)
        self.context[answer.WORDS] = words.ctypes.data

    @property
    def full(self) -> bool:
        """Whether there are so many rows that it is time to begin anew."""
        return len(self.frequencies) * self._words.shape[1] * self._words.itemsize >= _ROWS_BYTES_MAX

    def places(self, rows: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.int64]:
        """A row of `Leaves.places` for each of some rows, in segment `number`."""
        first = LINE + SEGMENT_NUMBERS * number
        places: npt.NDArray[np.int64] = self._words[rows, first : first + MOST_IMPACT]
        return places

    def row(self, name: str) -> int:
        """The row of a term; made if it has none yet. Also for a term that does not occur."""
        row = self._rows.get(name)
        if row is not None:
            return row
        found = [term(view, name, self._segments[number].parameters) for number, view in enumerate(self.snapshot.views)]
        frequency = self.snapshot.document_frequency(name)
        with self._lock:
            if name in self._rows:
                return self._rows[name]
            row = len(self.frequencies)
            if row == len(self._words):
                self._make_room(2 * row)
            first = self._words[row, :LINE].view(np.float64)
            first[IDF_OF] = inverse_document_frequency(self.snapshot.documents, frequency)
            first[REACHED : REACHED + len(LEVEL_RANKS)] = self._reached(found)
            for facts, here in zip(self._words[row, LINE:].reshape(-1, SEGMENT_NUMBERS), found, strict=True):
                if here is not None:
                    facts[:MOST_IMPACT], facts[MOST_IMPACT], facts[COVERED] = here.place, here.most, here.covered
                    champions = np.frombuffer(here.champions, np.int64)
                    facts[CHAMPIONS : CHAMPIONS + len(champions)] = champions
            self.frequencies.append(frequency)
            self._rows[name] = row
        return row

    def _reached(self, found: list[PreparedTerm | None]) -> list[float]:
        """For each of `LEVEL_RANKS`, what f / (f + k1) is at least in so many live documents of all segments; or 0."""
        levels = []
        for number, here in enumerate(found):
            if here is not None:
                lower = self._scales[number, 0]
                levels += [
                    (lower * (impact - 1) / IMPACT_MAX, documents, number)
                    for documents, impact in zip(LEVEL_RANKS, here.levels, strict=True)
                    if impact > 1
                ]
        levels.sort(reverse=True)
        reached, by_segment, together = [0.0] * len(LEVEL_RANKS), [0] * len(found), 0
        for value, documents, number in levels:
            together += max(0, documents - by_segment[number])
            by_segment[number] = max(documents, by_segment[number])
            for column, rank in enumerate(LEVEL_RANKS):
                if together >= rank and not reached[column]:
                    reached[column] = value
        return reached


def tables_of(snapshot: IndexSnapshot, parameters: Parameters) -> Tables:
    """The tables of a snapshot for a set of parameters."""
    known: dict[Parameters, Tables] = snapshot.cache.setdefault("tables", {})
    tables = known.get(parameters)
    if tables is None or tables.full:
        with _making:
            if len(known) >= _PARAMETERS_MAX:
                known.clear()
            tables = known[parameters] = Tables(snapshot, parameters)
    return tables


def damaged(tables: Tables, result: int) -> SegmentDamaged:
    """The error for what a kernel returned instead of a number of documents."""
    view = tables.snapshot.views[FAULT - result]
    return SegmentDamaged(view.reader.path, "a posting list does not fit the bytes it was given")

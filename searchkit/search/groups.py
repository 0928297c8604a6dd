"""Phrases, prefixes and wildcards put to the kernels: looked up once in a snapshot, then a few numbers each.

A *group* is what stands for more than one term. For a phrase the tables have rows of its words; before their positions
are read for the first time, they are verified. For a prefix or a wildcard the runs of its terms are kept, with the
number of documents it is in. Groups are remembered with the tables, some microseconds each when they are met again.
What the kernels have no room for is left to the plain twin in `leaves.py`, which they equal: `group_of` gives None.
What this module does not know: plans, and how a kernel ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit.index.snapshot import IndexSnapshot
from searchkit.query.plan import ManyLeaf, PhraseLeaf, ScoredLeaf, TermLeaf
from searchkit.rank.bm25 import inverse_document_frequency
from searchkit.rank.kernels.answer_groups import (
    answer_phrase,
    answer_union,
    count_phrase,
    count_unions,
    list_phrase,
    list_unions,
)
from searchkit.rank.kernels.arrays import FIRST, FREQUENCY, PHRASE_WORDS_MAX
from searchkit.rank.kernels.unions import TOKENS_MAX
from searchkit.search.leaves import term_runs
from searchkit.search.prepared import live_bits
from searchkit.search.resolve import union_frequency
from searchkit.search.scratch import memory_for
from searchkit.search.tables import Tables, damaged
from searchkit.segment import layout

_GROUPS_REMEMBERED_MAX = 1_000
"""Prefixes and wildcards remembered with their runs, 16 bytes each; then all are forgotten."""

Listed: TypeAlias = tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]
"""Documents of a segment, ascending, deleted ones included, and f of a leaf in each."""


@dataclass(frozen=True, slots=True)
class PhraseGroup:
    """A phrase: `rows` of its words in the tables, int64."""

    tables: Tables
    rows: npt.NDArray[np.int64]
    slop: int
    fields: int

    def rank(self, keys: npt.NDArray[np.uint64], times: int) -> int:
        """Fill in the keys of the best documents; how many there are."""
        tables, rows = self.tables, self.rows
        held, _, _ = answer_phrase(
            tables.context, rows, len(rows), self.slop, self.fields, float(times),
            memory_for(tables.windows).context, keys,
        )  # fmt: skip
        if held < 0:
            raise damaged(tables, held)
        return int(held)

    def matches(self) -> int:
        """Live documents that hold it in a field that counts."""
        tables, rows = self.tables, self.rows
        context = memory_for(tables.windows).context
        total = count_phrase(tables.context, rows, len(rows), self.slop, self.fields, context)
        if total < 0:
            raise damaged(tables, total)
        return int(total)

    def listed(self, number: int) -> Listed:
        """Documents of a segment with it."""
        tables, rows = self.tables, self.rows
        room = max(int(tables.places(rows, number)[:, FREQUENCY].min()), 1)
        docs, f = np.empty(room, np.uint32), np.empty(room)
        found = list_phrase(
            tables.context, number, rows, len(rows), self.slop, self.fields,
            memory_for(tables.windows).context, docs, f,
        )  # fmt: skip
        if found < 0:
            raise damaged(tables, found)
        return docs[:found], f[:found]


@dataclass(frozen=True, slots=True)
class UnionGroup:
    """Terms that count as one word.

    Attributes
    ----------
    runs : ndarray of shape (n, 2), int64
    ends : ndarray of shape (segments + 1,), int64
        See `answer_groups.answer_union`.
    terms : int
        Of the segment that has most of them.
    frequency : int
        Live documents with any of them, in whatever field.
    """

    tables: Tables
    runs: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    terms: int
    fields: int
    frequency: int
    idf: npt.NDArray[np.float64]

    def rank(self, keys: npt.NDArray[np.uint64], times: int) -> int:
        """Fill in the keys of the best documents; how many there are."""
        tables = self.tables
        held, _ = answer_union(
            tables.context, self.runs, self.ends, np.empty((self.terms, 3), np.int64), self.fields, self.idf[0],
            float(times), memory_for(tables.windows).context, keys,
        )  # fmt: skip
        if held < 0:
            raise damaged(tables, held)
        return int(held)

    def matches(self) -> int:
        """Live documents with any of the terms in a field that counts."""
        if self.fields == self.tables.snapshot.schema.all_text_mask:
            return self.frequency
        total = 0
        for number, view in enumerate(self.tables.snapshot.views):
            docs, _ = self.listed(number)
            live = live_bits(view)
            total += int((live[docs >> 6] >> (docs & 63) & 1).sum()) if view.dead else len(docs)
        return total

    def listed(self, number: int) -> Listed:
        """Documents of a segment with any of the terms."""
        tables, view = self.tables, self.tables.snapshot.views[number]
        runs = self.runs[self.ends[number] : self.ends[number + 1]]
        firsts = view.reader.term_first[runs].astype(np.int64)
        room = min(int((firsts[:, 1] - firsts[:, 0]).sum()), view.documents)
        docs, f = np.empty(room, np.uint32), np.empty(room)
        found = list_unions(
            tables.context, number, self.runs, self.ends, np.empty((self.terms, 3), np.int64), self.fields,
            memory_for(tables.windows).context, docs, f,
        )  # fmt: skip
        if found < 0:
            raise damaged(tables, found)
        return docs[:found], f[:found]


Group: TypeAlias = PhraseGroup | UnionGroup


def group_of(tables: Tables, leaf: ScoredLeaf) -> Group | None:
    """A leaf as the kernels take it; None for a single term, and for what they have no room for."""
    if isinstance(leaf, TermLeaf):
        return None
    if isinstance(leaf, PhraseLeaf):
        if len(leaf.terms) > PHRASE_WORDS_MAX:
            return None
        return phrase_of(tables, [tables.row(term) for term in leaf.terms], leaf.slop, leaf.fields)
    known: dict[ManyLeaf, UnionGroup | None] = tables.groups
    if leaf not in known:
        if len(known) >= _GROUPS_REMEMBERED_MAX:
            known.clear()
        known[leaf] = _union_of(tables, leaf)
    return known[leaf]


def phrase_of(tables: Tables, rows: list[int], slop: int, fields: int) -> PhraseGroup:
    """The phrase of the words in some rows, ready for its positions to be read."""
    if not tables.with_positions.issuperset(rows):
        for row in rows:
            _verify_positions(tables, row)
        tables.with_positions.update(rows)
    return PhraseGroup(tables, np.array(rows, np.int64), slop, fields)


def _verify_positions(tables: Tables, row: int) -> None:
    for number, view in enumerate(tables.snapshot.views):
        place = tables.places(np.array([row]), number)[0]
        if place[FREQUENCY]:
            view.reader.verify_positions(int(place[FIRST]), int(place[FIRST] + place[FREQUENCY]))


def _union_of(tables: Tables, leaf: ManyLeaf) -> UnionGroup | None:
    snapshot, runs, most = tables.snapshot, [], 1
    for view in snapshot.views:
        if view.reader.length_max > TOKENS_MAX:
            return None
        here = term_runs(view, leaf)
        for low, high in here.tolist():
            start, end = view.reader.postings_range(low)[0], view.reader.postings_range(high - 1)[1]
            first, last = view.reader.term_first[[low, high]].tolist()
            view.reader.bytes_of(layout.POSTINGS, start, end)
            view.reader.bytes_of(layout.TFS, *view.reader.tfs_range(first, last))
        runs.append(here)
        most = max(most, int((here[:, 1] - here[:, 0]).sum()))
    every = np.ascontiguousarray(np.concatenate(runs) if runs else np.zeros((0, 2)), np.int64)
    ends = np.cumsum([0, *map(len, runs)])

    def count(_: IndexSnapshot, __: ManyLeaf) -> int:
        progress = np.empty((most, 3), np.int64)
        total = count_unions(tables.context, every, ends, progress, memory_for(tables.windows).context)
        if total < 0:
            raise damaged(tables, total)
        return int(total)

    frequency = union_frequency(snapshot, leaf, count)
    kept = np.array([inverse_document_frequency(snapshot.documents, frequency)])
    return UnionGroup(tables, every, ends, most, leaf.fields, frequency, kept)

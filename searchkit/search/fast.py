"""The quick way to answer a plan: the same documents and scores as `execute.py`, by one call of a compiled kernel.

Words are rows of the snapshot's tables; a phrase, prefix or wildcard by itself has a kernel of its own
(`groups.py`), beside others it is looked up first and handed over as a list, and so are words restricted to a field.
Leaves that a tree requires are marked as such; where it asks for more, the matching
documents are found by set algebra and handed over as a mask. Matches are only counted when somebody asks how
many there are. Queries of words that were met before need no plan at all: `known_words.py`. What this module
does not know: how a kernel ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.query.plan import ScoredLeaf, TermLeaf
from searchkit.rank.bm25 import Parameters, combined_frequencies
from searchkit.rank.kernels.answer import (
    ENDS,
    LIST_ROWS,
    LISTED_LEAF,
    REQUIRED_LEAF,
    ROW_MASK,
    TIMES_SHIFT,
    answer,
    count_matches,
)
from searchkit.rank.kernels.arrays import LEAVES_MAX
from searchkit.rank.kernels.heap import PLACES_MAX
from searchkit.search.execute import KeyRanking, Ranking, rank_plain
from searchkit.search.groups import Group, group_of
from searchkit.search.leaves import occurrences
from searchkit.search.match import matching, required_leaves
from searchkit.search.prepared import as_bits
from searchkit.search.resolve import ResolvedLeaf, ResolvedPlan
from searchkit.search.scratch import memory_for
from searchkit.search.tables import Tables, damaged, tables_of

WORDS_ONLY = np.zeros(0, np.int64)


class Question(NamedTuple):
    """A query as the kernels take it: leaves by number, and what it has besides words, with its memory kept alive."""

    tables: Tables
    codes: Sequence[int]
    lists: npt.NDArray[np.int64] = WORDS_ONLY
    kept: tuple[Any, ...] = ()

    def rank(self, limit: int) -> tuple[npt.NDArray[np.uint64], int, int]:
        """Keys of the best documents, how many there are, and how many documents were scored."""
        tables, codes = self.tables, self.codes
        memory = memory_for(tables.windows)
        memory.leaves[: len(codes)] = codes
        keys = np.empty(limit, np.uint64)
        held, scored = answer(tables.context, memory.leaves, len(codes), self.lists, memory.context, keys)
        if held < 0:
            raise damaged(tables, held)
        return keys, held, scored

    def matches(self) -> int:
        """Documents that match."""
        tables, codes = self.tables, self.codes
        if len(codes) == 1 and not codes[0] & LISTED_LEAF and not len(self.lists):
            return tables.frequencies[codes[0] & ROW_MASK]
        memory = memory_for(tables.windows)
        memory.leaves[: len(codes)] = codes
        total = count_matches(tables.context, memory.leaves, len(codes), self.lists, memory.context)
        if total < 0:
            raise damaged(tables, total)
        return int(total)


def rank_fast(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int) -> Ranking:
    """Answer a plan with the kernels; as `rank_plain` in every respect but time."""
    root = resolved.plan.root
    if root is None or not 0 < len(resolved.leaves) <= LEAVES_MAX or snapshot.places >= PLACES_MAX:
        return rank_plain(snapshot, resolved, parameters, limit)
    required = required_leaves(resolved.plan)
    tables = tables_of(snapshot, parameters)
    alone = group_of(tables, resolved.leaves[0].leaf) if root == resolved.leaves[0].leaf else None
    if alone is not None:
        return rank_group(alone, resolved.leaves[0].times, limit)
    if required is not None:
        question = pose(snapshot, resolved, parameters, required)
        return _ranked(question, limit, question.matches)

    def docs_of(view: SegmentView, leaf: ScoredLeaf) -> bitmap.BitMap:
        group = group_of(tables, leaf)
        docs = occurrences(view, leaf).docs if group is None else group.listed(snapshot.views.index(view))[0]
        return bitmap.from_array(docs)

    found = [matching(view, root, docs_of) for view in snapshot.views]
    total = sum(map(len, found))
    question = pose(snapshot, resolved, parameters, frozenset(), found)
    ranking = _ranked(question, limit, total)
    if len(ranking.scores) < min(limit, total):
        # Documents that match without any scored word come last, in order of arrival, with a score of 0.
        places = [
            bitmap.to_array(docs).astype(np.int64) + view.base for docs, view in zip(found, snapshot.views, strict=True)
        ]
        rest = np.setdiff1d(np.concatenate(places), ranking.places, assume_unique=True)[: limit - len(ranking.places)]
        scores = np.concatenate((ranking.scores, np.zeros(len(rest), np.float32)))
        return Ranking(scores, np.concatenate((ranking.places, rest)), total)
    return ranking


def _ranked(question: Question, limit: int, total: int | Callable[[], int]) -> Ranking:
    if not limit:
        return Ranking(np.zeros(0, np.float32), np.zeros(0, np.int64), total)
    keys, held, _ = question.rank(limit)
    return KeyRanking(keys[:held].tobytes(), total)


def rank_group(group: Group, times: int, limit: int) -> Ranking:
    """The best documents for a phrase, a prefix or a wildcard by itself."""
    if not limit:
        return Ranking(np.zeros(0, np.float32), np.zeros(0, np.int64), group.matches)
    keys = np.empty(limit, np.uint64)
    held = group.rank(keys, times)
    return KeyRanking(keys[:held].tobytes(), group.matches)


def pose(
    snapshot: IndexSnapshot,
    resolved: ResolvedPlan,
    parameters: Parameters,
    required: frozenset[ScoredLeaf],
    allowed: list[bitmap.BitMap] | None = None,
) -> Question:
    """Put a plan as the kernels take it.

    Parameters
    ----------
    required : frozenset of leaves
        Those that every result must hold.
    allowed : list of BitMap, optional
        Live documents of each segment that may be results; all of them when left out.
    """
    tables = tables_of(snapshot, parameters)
    all_fields = (1 << len(parameters.weights)) - 1
    codes: list[int] = []
    listed: list[ResolvedLeaf] = []
    for leaf in resolved.leaves:
        if isinstance(leaf.leaf, TermLeaf) and leaf.leaf.fields == all_fields:
            code = tables.row(leaf.leaf.term)
        else:
            code = len(listed) | LISTED_LEAF
            listed.append(leaf)
        codes.append(code | leaf.times << TIMES_SHIFT | (REQUIRED_LEAF if leaf.leaf in required else 0))
    if not listed and allowed is None:
        return Question(tables, codes)
    idfs = np.array([leaf.idf for leaf in listed], np.float64)
    lists: list[int] = [idfs.ctypes.data, len(listed)]
    kept: list[npt.NDArray[Any]] = [idfs]
    for number, view in enumerate(snapshot.views):
        mask = as_bits(allowed[number], view.documents) if allowed is not None else np.zeros(0, np.uint64)
        found = [_listed(tables, number, leaf) for leaf in listed]
        docs = np.concatenate([docs for docs, _ in found]) if found else np.zeros(0, np.uint32)
        f = np.concatenate([f for _, f in found]) if found else np.zeros(0)
        lists += [mask.ctypes.data if len(mask) else 0, len(mask), docs.ctypes.data, len(docs), f.ctypes.data]
        lists += np.cumsum([len(docs) for docs, _ in found]).tolist()
        kept += [mask, docs, f]
    assert len(lists) == LIST_ROWS + 1 + len(snapshot.views) * (ENDS + len(listed))
    return Question(tables, codes, np.array(lists, np.int64), tuple(kept))


def _listed(tables: Tables, number: int, leaf: ResolvedLeaf) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """Documents of a segment and f of a leaf that is no single posting list."""
    group, view = group_of(tables, leaf.leaf), tables.snapshot.views[number]
    if group is not None:
        return group.listed(number)
    here = occurrences(view, leaf.leaf)
    f = combined_frequencies(here.tfs, view.reader.lengths[here.docs], tables.parameters, leaf.leaf.fields)
    return np.ascontiguousarray(here.docs, np.uint32), f

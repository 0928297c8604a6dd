"""The quick way to answer a plan: the same documents and scores as `execute.py`, by compiled kernels.

Words go to the kernels as posting lists in place; phrases, prefixes and words restricted to a field are
looked up first and handed over as lists. Leaves that a tree requires are marked as such; where it asks for
more, the matching documents are found by set algebra and handed over as a mask. Matches are only counted when
somebody asks how many there are. What this module does not know: how a kernel ranks.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.errors import SegmentDamaged
from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.query.plan import ScoredLeaf, TermLeaf
from searchkit.rank.bm25 import Parameters, combined_frequencies
from searchkit.rank.bounds import IMPACT_MAX, impact_scale
from searchkit.rank.kernels.arrays import FAULT, FAVOUR, LEAVES_MAX, WINDOW, new_scratch
from searchkit.rank.kernels.heap import PLACES_MAX, best_first
from searchkit.rank.kernels.ranking import count_segment, rank_segment
from searchkit.search.execute import Ranking, rank_plain
from searchkit.search.leaves import occurrences
from searchkit.search.match import matching, required_leaves
from searchkit.search.prepared import LEVEL_RANKS, as_bits, live_bits, segment_arrays, term
from searchkit.search.resolve import ResolvedLeaf, ResolvedPlan

_NO_DOCS, _NO_F, _NO_HEAP = np.zeros(0, np.uint32), np.zeros(0), np.zeros(0, np.uint64)

_REACHED_REMEMBERED_MAX = 100_000
"""Words and limits for which it is remembered what they reach: some 20 MB, then all are forgotten."""

_threads = threading.local()


_Remembered: TypeAlias = tuple[Parameters, tuple[float, float], tuple[Any, ...], dict[tuple[str, int], float]]


class _Share(NamedTuple):
    """A query's share in one segment: `leaves` as the kernels take them, `allowed` documents as bits."""

    view: SegmentView
    leaves: tuple[Any, ...]
    allowed: npt.NDArray[np.uint64]
    tight: float


def rank_fast(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int) -> Ranking:
    """Answer a plan with the kernels; as `rank_plain` in every respect but time."""
    plan = resolved.plan
    if plan.root is None or not 0 < len(resolved.leaves) <= LEAVES_MAX or snapshot.places >= PLACES_MAX:
        return rank_plain(snapshot, resolved, parameters, limit)
    required = required_leaves(plan)
    if required is None:
        return _rank_matching(snapshot, resolved, parameters, limit)
    shares = []
    for view in snapshot.views:
        share = _share(view, resolved, parameters, required, live_bits(view))
        if share is not None:
            shares.append(share)
    least = 0.0 if required or not limit or not shares else _least(snapshot, resolved, parameters, limit)
    scores, places = _rank_shares(shares, parameters, limit, least)
    leaf = resolved.leaves[0]
    if len(resolved.leaves) == 1 and isinstance(leaf.leaf, TermLeaf) and not required and _covers_all(leaf, parameters):
        return Ranking(scores, places, leaf.document_frequency)
    return Ranking(scores, places, lambda: _count(shares))


def _rank_matching(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int) -> Ranking:
    """Answer a plan whose tree asks for more than its scored leaves: first which documents, then the best of them."""
    root = resolved.plan.root
    assert root is not None  # `rank_fast` has answered that.
    shares, found_places, total = [], [], 0
    for view in snapshot.views:
        found = matching(view, root, resolved.expansions)
        total += len(found)
        found_places.append(bitmap.to_array(found).astype(np.int64) + view.base)
        if found:
            share = _share(view, resolved, parameters, frozenset(), as_bits(found, view.documents))
            if share is not None:
                shares.append(share)
    scores, places = _rank_shares(shares, parameters, limit, 0.0)
    if len(scores) < min(limit, total):
        # Documents that match without any scored word come last, in order of arrival, with a score of 0.
        rest = np.setdiff1d(np.concatenate(found_places), places, assume_unique=True)[: limit - len(places)]
        scores, places = np.concatenate((scores, np.zeros(len(rest), np.float32))), np.concatenate((places, rest))
    return Ranking(scores, places, total)


def _rank_shares(
    shares: list[_Share], parameters: Parameters, limit: int, least: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The best documents of all segments; `least` is a score that at least `limit` of them are known to reach."""
    heap, held = np.zeros(limit, np.uint64), 0
    if limit and shares:
        scoring = _scoring(shares[0].view, parameters)
        for share in shares:
            held, _ = rank_segment(
                segment_arrays(share.view), share.leaves, scoring, share.allowed, _scratch(share.view),
                heap, held, least, share.tight, share.view.base,
            )  # fmt: skip
            _check(held, share.view)
    scores, places = np.empty(held, np.float32), np.empty(held, np.int64)
    best_first(heap[:held], scores, places)
    return scores, places


def _count(shares: list[_Share]) -> int:
    """Documents that hold the leaves asked for."""
    total = 0
    for share in shares:
        arrays = segment_arrays(share.view)
        matched = count_segment(arrays, share.leaves, share.allowed, _scratch(share.view), _NO_HEAP)
        _check(matched, share.view)
        total += matched
    return total


def _check(result: int, view: SegmentView) -> None:
    if result == FAULT:
        raise SegmentDamaged(view.reader.path, "a posting list does not fit the bytes it was given")


def _covers_all(leaf: ResolvedLeaf, parameters: Parameters) -> bool:
    """Whether a leaf looks into every text field."""
    return leaf.leaf.fields == (1 << len(parameters.weights)) - 1


def _share(
    view: SegmentView,
    resolved: ResolvedPlan,
    parameters: Parameters,
    required: frozenset[ScoredLeaf],
    allowed: npt.NDArray[np.uint64],
) -> _Share | None:
    """The leaves of a query that occur in a segment; None if no document there can be a result."""
    lower, upper = _scales(view, parameters)
    all_fields = (1 << len(parameters.weights)) - 1
    places: list[tuple[int, ...]] = []
    factors: list[tuple[float, float, float, bool]] = []
    lists: list[tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]] = []
    listed = 0
    for leaf in resolved.leaves:
        most = leaf.times * leaf.idf
        if isinstance(leaf.leaf, TermLeaf) and leaf.leaf.fields == all_fields:
            found = term(view, leaf.leaf.term)
            if found is not None:
                places.append(found.place)
                factors.append((leaf.idf, leaf.times, most * upper, leaf.leaf in required))
                continue
        else:
            docs, f = _listed(view, leaf, parameters)
            if len(docs):
                places.append((listed, listed + len(docs), -1, len(docs), -1, -1))
                factors.append((leaf.idf, leaf.times, most, leaf.leaf in required))
                lists.append((docs, f))
                listed += len(docs)
                continue
        if leaf.leaf in required:
            return None
    if not places:
        return None
    list_docs = np.concatenate([docs for docs, _ in lists]) if lists else _NO_DOCS
    list_f = np.concatenate([f for _, f in lists]) if lists else _NO_F
    leaves = (np.array(places, np.int64), np.array(factors, np.float64), list_docs, list_f)
    return _Share(view, leaves, allowed, lower / upper)


def _least(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int) -> float:
    """A score that at least `limit` documents reach by one word alone; 0 if none is known.

    Sound only where every live document with the word is a result.
    """
    known, least = _remembered(snapshot.views[0], parameters)[3], 0.0
    all_fields = (1 << len(parameters.weights)) - 1
    for leaf in resolved.leaves:
        if isinstance(leaf.leaf, TermLeaf) and leaf.leaf.fields == all_fields:
            share = known.get((leaf.leaf.term, limit))
            if share is None:
                if len(known) >= _REACHED_REMEMBERED_MAX:
                    known.clear()
                share = known[leaf.leaf.term, limit] = _reached(snapshot, leaf.leaf.term, parameters, limit)
            least = max(least, leaf.times * leaf.idf * share)
    return least * FAVOUR


def _reached(snapshot: IndexSnapshot, name: str, parameters: Parameters, limit: int) -> float:
    """A value that f / (f + k1) of a word reaches in at least `limit` live documents, by the levels of all segments."""
    levels = []
    for number, view in enumerate(snapshot.views):
        found, lower = term(view, name), _scales(view, parameters)[0]
        if found is not None:
            levels += [
                (lower * (impact - 1) / IMPACT_MAX, documents, number)
                for documents, impact in zip(LEVEL_RANKS, found.levels, strict=True)
                if impact > 1
            ]
    levels.sort(reverse=True)
    reached = [0] * len(snapshot.views)
    for value, documents, number in levels:
        reached[number] = max(reached[number], documents)
        if sum(reached) >= limit:
            return value
    return 0.0


def _listed(
    view: SegmentView, leaf: ResolvedLeaf, parameters: Parameters
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """Documents and f of a leaf that is no single posting list."""
    here = occurrences(view, leaf.leaf, leaf.expansions)
    f = combined_frequencies(here.tfs, view.reader.lengths[here.docs], parameters, leaf.leaf.fields)
    return np.ascontiguousarray(here.docs), f


def _scales(view: SegmentView, parameters: Parameters) -> tuple[float, float]:
    """Lower and upper scale of a segment's impacts."""
    return _remembered(view, parameters)[1]


def _scoring(view: SegmentView, parameters: Parameters) -> tuple[Any, ...]:
    """The fields of `arrays.Scoring`."""
    return _remembered(view, parameters)[2]


def _remembered(view: SegmentView, parameters: Parameters) -> _Remembered:
    """What follows from the parameters of a query; kept for the last ones, since they seldom change."""
    known: _Remembered | None = view.cache.get("parameters")
    if known is not None and (known[0] is parameters or known[0] == parameters):
        return known
    baked = view.reader.head.baked
    scales = impact_scale(
        parameters.weights,
        parameters.means,
        parameters.k1,
        parameters.b,
        baked_weights=baked.weights,
        baked_means=baked.means,
        baked_k1=baked.k1,
        baked_b=baked.b,
        length_max=view.reader.length_max,
    )
    scoring = np.array(parameters.weights), np.array(parameters.means), float(parameters.k1), float(parameters.b)
    known = view.cache["parameters"] = parameters, scales, scoring, {}
    return known


def _scratch(view: SegmentView) -> tuple[Any, ...]:
    """This thread's scratch memory, large enough for a segment."""
    windows = -(-view.documents // WINDOW)
    known: tuple[int, tuple[Any, ...]] | None = getattr(_threads, "scratch", None)
    if known is None or known[0] < windows:
        known = _threads.scratch = windows, tuple(new_scratch(windows))
    return known[1]

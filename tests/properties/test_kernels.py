"""The kernels give what the plain ranker gives, on posting lists of every shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit.query.planning import plan_query
from searchkit.rank.kernels.arrays import Leaves, Scoring, SegmentArrays, new_scratch
from searchkit.rank.kernels.blocks import GIVEN_UP, rank_blocks
from searchkit.rank.kernels.bounds import floor_of, weigh
from searchkit.rank.kernels.contexts import Addresses, context_of
from searchkit.rank.kernels.heap import sort_best_first
from searchkit.rank.kernels.lists import open_lists
from searchkit.rank.kernels.windows import rank_windows
from searchkit.search import prepared
from searchkit.search.execute import KeyRanking, parameters_of, rank_plain
from searchkit.search.fast import rank_fast
from searchkit.search.resolve import resolve
from searchkit.search.tables import tables_of
from tests.support import corpora

words = st.sampled_from([*corpora.COMMON, *corpora.SCARCE])
pieces = st.one_of(words, words, words, st.sampled_from(
    ["+half", "+tenth", "+hundredth", "-third", "-late", "title:half", '"half third"', "t*", "half half", "+cluster",
     "+few", "(third late)", "tenth AND cluster", "*", "filler", "+thousandth", "+late", '"half tenth"~3', "t*h", "*u*r",
     '-"half third"', "-b*", '+"third tenth"~2', "title:h*f"]
))  # fmt: skip
queries = st.lists(pieces, min_size=1, max_size=7).map(" ".join)
counts = st.sampled_from([0, 1, 2, 10, 11, 100, 150, 1000, 3000])
parameters = st.tuples(st.floats(0.05, 5), st.floats(0, 1), st.floats(0.01, 50), st.floats(0.01, 50))


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: Any) -> dict[str, searchkit.Snapshot]:
    """Both collections of `corpora.build`."""
    return corpora.build(tmp_path_factory.mktemp("corpus"))


def assert_equal_rankings(
    snapshot: searchkit.Snapshot, query: str, mode: Any, k: int, k1: float, b: float, weights: tuple[float, ...]
) -> None:
    held = snapshot.held
    resolved = resolve(plan_query(query, held.schema, snapshot._analyzer, mode), held)
    scoring = parameters_of(held, weights, k1, b)
    plain = rank_plain(held, resolved, scoring, k)
    fast = rank_fast(held, resolved, scoring, k)
    np.testing.assert_array_equal(fast.scores, plain.scores, query)
    np.testing.assert_array_equal(fast.places, plain.places, query)
    assert fast.total == plain.total


@settings(deadline=None, max_examples=120)
@given(which=st.sampled_from(["whole", "worn"]), query=queries, mode=st.sampled_from(["any", "all"]), k=counts)
def test_kernels_equal_the_plain_ranker(
    snapshots: dict[str, searchkit.Snapshot], which: str, query: str, mode: str, k: int
) -> None:
    """Same documents, same float32 scores, same total: bitmaps, arrays, windows, deletions, several segments."""
    assert_equal_rankings(snapshots[which], query, mode, k, 1.2, 0.75, (2.0, 1.0))


groups = st.sampled_from(
    ['"half third"', '"half half"', '"half tenth"~3', '"third half"~2', '"half half third"~4', 'title:"half third"',
     'text:"half half"~1', '"cluster cluster"', '"cluster filler"~5', '"repeated repeated"', '"repeated filler"~9',
     '"late filler"', '"few few"', '"block filler"~20', '"filler filler filler"', '"half nowhere"', "h*", "t*", "title:t*",
     "title:h*", "f*", "repeat*", "nowhere*", "cluste*", "*", "*e*", "h?lf", "*l?t*r", "t*th", "text:*e*", "title:?alf"]
)  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(
    which=st.sampled_from(["whole", "worn"]), query=groups, k=counts, free=parameters | st.just((1.2, 0.75, 2.0, 1.0))
)
def test_phrases_and_unions_have_kernels_of_their_own(
    snapshots: dict[str, searchkit.Snapshot], which: str, query: str, k: int, free: tuple[float, float, float, float]
) -> None:
    """A phrase with or without slop, a prefix or a wildcard by itself: as the plain ranker has it, in any field."""
    assert_equal_rankings(snapshots[which], query, "any", k, free[0], free[1], free[2:])


@settings(deadline=None, max_examples=60)
@given(which=st.sampled_from(["whole", "worn"]), query=queries, k=counts, free=parameters)
def test_parameters_are_free(
    snapshots: dict[str, searchkit.Snapshot], which: str, query: str, k: int, free: tuple[float, float, float, float]
) -> None:
    """The same with other k1, b and weights than the segments were written with."""
    assert_equal_rankings(snapshots[which], query, "any", k, free[0], free[1], free[2:])


@pytest.fixture
def forgetful(snapshots: dict[str, searchkit.Snapshot]) -> Iterator[None]:
    """What was prepared of the segments is forgotten before and after."""

    def forget() -> None:
        for snapshot in snapshots.values():
            snapshot.held.cache.clear()
            snapshot.known_words = None
            for view in snapshot.held.views:
                view.cache.clear()
                view.reader.cache.clear()

    forget()
    yield
    forget()


@pytest.mark.parametrize("dense_share", [1, 2, 2000])
def test_block_maxima_may_be_had_for_few_terms_or_many(
    snapshots: dict[str, searchkit.Snapshot], forgetful: None, monkeypatch: Any, dense_share: int
) -> None:
    """With maxima for no term, sparse terms have bitmaps; with maxima for all, dense ones have short arrays."""
    monkeypatch.setattr(prepared, "DENSE_SHARE", dense_share)
    monkeypatch.setattr(prepared, "_DENSE_DOCUMENTS_MIN", 1)
    texts = ["half third", "cluster block", "tenth late few", "cluster hundredth thousandth repeated", "block one"]
    for query in [*texts, "+tenth +half", "+block +few half", "t* cluster late", "cluster", "+cluster +late"]:
        for snapshot in snapshots.values():
            for k in (1, 10, 100):
                assert_equal_rankings(snapshot, query, "any", k, 1.2, 0.75, (2.0, 1.0))


@settings(deadline=None, max_examples=60)
@given(
    which=st.sampled_from(["whole", "worn"]),
    query=st.lists(words, min_size=2, max_size=6, unique=True).map(" ".join),
    k=st.sampled_from([1, 2, 10, 128, 700]),
    way=st.sampled_from(["blocks", "windows", "windows after blocks"]),
)
def test_either_kernel_answers_alone(
    snapshots: dict[str, searchkit.Snapshot], which: str, query: str, k: int, way: str
) -> None:
    """Best blocks first to the very end, windows from the start, and windows that know the bounds of blocks agree.

    All find what scoring everything finds.
    """
    held = snapshots[which].held
    resolved = resolve(plan_query(query, held.schema, snapshots[which]._analyzer, "any"), held)
    parameters = parameters_of(held, (2.0, 1.0), 1.2, 0.75)
    tables = tables_of(held, parameters)
    heap, kept = np.zeros(k, np.uint64), 0
    for view in held.views:
        segment, scratch = prepared.prepared(view.reader, parameters), new_scratch(tables.windows)
        # Kernels are compiled for arrays that can be written to; for others all of them would be compiled once more.
        segment.arrays = SegmentArrays(*(array if array.flags.writeable else array.copy() for array in segment.arrays))
        places, factors = [], []
        for leaf in resolved.leaves:
            found = prepared.term(view, leaf.leaf.term, segment.parameters)
            if found is not None:
                places.append(found.place)
                factors.append((leaf.idf, leaf.times, leaf.times * leaf.idf, 0.0, found.most))
        if not places:
            continue
        leaves = Leaves(np.array(places, np.int64), np.array(factors), np.zeros(0, np.uint32), np.zeros(0))
        scoring = Scoring(np.array(parameters.weights), np.array(parameters.means), parameters.k1, parameters.b)
        allowed = prepared.live_bits(view)
        at = Addresses(
            context_of(segment.arrays), len(parameters.weights), np.append(context_of(scratch), tables.windows)
        )
        assert open_lists(segment.arrays.postings, leaves, scratch.tables, -(-view.documents // 65_536)) == 0
        scale = weigh(leaves, scratch.weights)
        least, bounds, before, visited = 0.0, scratch.bounds[:0], heap.copy(), -1
        if way != "windows":
            cost = np.inf if way == "blocks" else 1e-9
            found, visited, _ = rank_blocks(at, leaves, scoring, allowed, scale, cost, heap, kept, least, view.base)
            assert visited >= 0 or way != "blocks"
            if visited >= 0:
                kept = found
            else:
                least, heap[:] = floor_of(heap, found, least), before
                bounds = scratch.bounds if visited == GIVEN_UP else bounds
        if visited < 0:
            kept, _ = rank_windows(at, leaves, scoring, allowed, bounds, scale, 1.0, heap, kept, least, view.base)
    sort_best_first(heap, kept, scratch.candidates, scratch.histogram)
    ranked, plain = KeyRanking(heap[:kept].tobytes(), kept), rank_plain(held, resolved, parameters, k)
    np.testing.assert_array_equal(ranked.scores, plain.scores)
    np.testing.assert_array_equal(ranked.places, plain.places)

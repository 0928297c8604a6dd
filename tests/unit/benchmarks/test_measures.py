"""Measures of retrieval against values worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measures import MEASURES, average_precision, evaluate, ndcg, recall, reciprocal_rank

JUDGED = {"a": 1, "b": 3, "c": 0, "d": 2, "e": -1}


def test_ndcg_is_gain_by_rank_over_the_best_possible():
    """Gains are linear, the discount is the logarithm to base 2 of rank + 1, and bad judgements gain nothing."""
    best = 3 + 2 / math.log2(3) + 1 / 2
    assert ndcg(["b", "d", "a"], JUDGED) == pytest.approx(1.0)
    assert ndcg(["x", "a", "e", "b"], JUDGED) == pytest.approx((1 / math.log2(3) + 3 / math.log2(5)) / best)
    assert ndcg(["x"] * 10 + ["b"], JUDGED) == 0.0
    assert ndcg(["b"], JUDGED, depth=1) == 1.0


def test_average_precision_counts_what_was_not_found():
    """Three relevant documents, one found first, one third, one never."""
    assert average_precision(["a", "c", "b"], JUDGED) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision([], JUDGED) == 0.0


def test_recall_and_reciprocal_rank_look_no_deeper_than_told():
    """A relevant document below the depth counts as not found."""
    ranking = ["c", "b", "a", "d"]
    assert recall(ranking, JUDGED) == 1.0
    assert recall(ranking, JUDGED, depth=2) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranking, JUDGED) == 0.5
    assert reciprocal_rank(ranking, JUDGED, depth=1) == 0.0


def test_means_leave_out_what_cannot_be_measured_and_count_what_is_missing():
    """A query with no relevant document has no measure; a judged query without a ranking has 0."""
    measured = evaluate({"1": ["a"]}, {"1": {"a": 1}, "2": {"b": 1}, "3": {"c": 0}})
    assert measured == dict.fromkeys(MEASURES, 0.5)
    assert all(math.isnan(value) for value in evaluate({}, {"3": {"c": 0}}).values())


documents = st.permutations([*"abcdefgh"])
judgements = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-1, 3), min_size=1).filter(
    lambda judged: any(relevance > 0 for relevance in judged.values())
)


@given(ranking=documents, judged=judgements)
def test_every_measure_is_between_0_and_1_and_perfect_for_the_best_ranking(ranking, judged):
    """No ranking measures outside the range, and the one sorted by relevance measures 1."""
    best = sorted(ranking, key=lambda document: -judged.get(document, 0))
    for name, measure in MEASURES.items():
        assert 0.0 <= measure(ranking, judged) <= 1.0, name
        assert measure(best, judged) == pytest.approx(1.0), name


@given(ranking=documents, judged=judgements, at=st.integers(0, 6))
def test_moving_a_better_document_up_never_makes_it_worse(ranking, judged, at):
    """Swapping two neighbours so that the more relevant comes first lowers no measure."""
    first, second = ranking[at], ranking[at + 1]
    if judged.get(second, 0) > judged.get(first, 0):
        better = [*ranking[:at], second, first, *ranking[at + 2 :]]
        for name, measure in MEASURES.items():
            assert measure(better, judged) >= measure(ranking, judged) - 1e-12, name

"""The oracles themselves, against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from tests.reference import bm25f, boolean

DOCUMENTS = [
    {"title": ["roaring", "bitmap"], "text": ["bitmap", "bitmap", "set"], "tags": ["x", "two words"], "year": [2010.0]},
    {"title": ["set"], "text": ["roaring", "bitmap", "roaring"], "tags": [], "year": []},
    {"title": [], "text": ["tree", "set", "tree", "tree", "bit"], "tags": ["x"], "year": [2020.0]},
]
BOTH = ("title", "text")
WEIGHTS = {"title": 2.0, "text": 1.0}


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        (None, set()),
        (("everything",), {0, 1, 2}),
        (("term", "roaring", BOTH), {0, 1}),
        (("term", "roaring", ("title",)), {0}),
        (("phrase", ("roaring", "bitmap"), BOTH), {0, 1}),
        (("phrase", ("bitmap", "bitmap"), BOTH), {0}),
        (("phrase", ("tree", "tree", "bit"), BOTH), {2}),
        (("phrase", ("bit", "tree"), BOTH), set()),
        (("prefix", "bit", (), BOTH), {0, 1, 2}),
        (("prefix", "zz", ("tree",), BOTH), {2}),
        (("keyword", "tags", "two words"), {0}),
        (("keyword", "tags", "two"), set()),
        (("range", "year", 2010.0, math.inf), {0, 2}),
        (("range", "year", 2010.5, 2019.5), set()),
        (("bool", (), (), (("term", "tree", BOTH),)), {0, 1}),
        (("bool", (("term", "set", BOTH),), (("term", "tree", BOTH),), ()), {0, 1, 2}),
        (("bool", (), (("term", "tree", BOTH), ("term", "roaring", BOTH)), (("keyword", "tags", "x"),)), {1}),
    ],
)
def test_boolean_oracle(plan, found):
    """Every kind of node finds the documents it should, counted by hand."""
    assert boolean.matching(DOCUMENTS, plan) == found


def test_bm25f_oracle_on_one_term():
    """The formula, written out with the numbers of one small collection."""
    collection = bm25f.Collection(DOCUMENTS, WEIGHTS)
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    title_mean, text_mean = 1.0, 11 / 3
    f0 = 2.0 * 1 / (0.25 + 0.75 * (2 / title_mean)) + 1.0 * 2 / (0.25 + 0.75 * (3 / text_mean))
    f1 = 1.0 * 1 / (0.25 + 0.75 * (3 / text_mean))
    want = {0: idf * f0 / (f0 + 1.2), 1: idf * f1 / (f1 + 1.2)}
    got = collection.scores([(("term", "bitmap", BOTH), 1)])
    assert got == {number: pytest.approx(score, rel=1e-6) for number, score in want.items()}
    assert all(bm25f.as_float32(score) == score for score in got.values())


def test_bm25f_oracle_on_masks_phrases_prefixes_and_repeats():
    """A mask limits tf and not idf; a phrase has its terms' idfs; a prefix is one term; a repeat counts again."""
    collection = bm25f.Collection(DOCUMENTS, WEIGHTS)
    bitmap, roaring = ("term", "bitmap", BOTH), ("term", "roaring", BOTH)
    assert collection.idf(("term", "bitmap", ("title",))) == collection.idf(bitmap)
    assert set(collection.scores([(("term", "bitmap", ("title",)), 1)])) == {0}
    assert collection.idf(("phrase", ("roaring", "bitmap"), BOTH)) == collection.idf(roaring) + collection.idf(bitmap)
    assert collection.frequencies(("phrase", ("bitmap", "bitmap"), BOTH)) == {0: {"text": 1}}
    assert collection.frequencies(("prefix", "b", (), BOTH)) == {
        0: {"title": 1, "text": 2},
        1: {"text": 1},
        2: {"text": 1},
    }
    assert collection.idf(("prefix", "b", (), BOTH)) == math.log(1 + 0.5 / 3.5)
    once, twice = collection.scores([(bitmap, 1)]), collection.scores([(bitmap, 2)])
    assert twice == {number: 2 * score for number, score in once.items()}
    assert collection.scores([(("term", "absent", BOTH), 1)]) == {}


def test_bm25f_oracle_orders_ties_by_arrival():
    """Best first; equal scores, and documents found without any ranking word, in order of arrival."""
    documents = [{"text": ["a"]}, {"text": ["b"]}, {"text": ["a"]}, {"text": ["b", "b"]}]
    collection = bm25f.Collection(documents, {"text": 1.0}, leaves=[("term", "b", ("text",))])
    hits = collection.top(range(4), [(("term", "b", ("text",)), 1)], k=4)
    assert [number for number, _ in hits] == [3, 1, 0, 2]
    assert hits[2][1] == hits[3][1] == 0.0
    assert set(collection.places) == {"b"}

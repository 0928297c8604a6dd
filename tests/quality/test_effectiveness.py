"""Are the rankings good? The measures against sums done by hand, the hand-written collection, and one real one."""

from __future__ import annotations

import json
import math
import tomllib

import pytest

import searchkit
from benchmarks.effectiveness import EXPECTED, MARGIN, measure, read_judgements, read_queries
from benchmarks.measures import average_precision, ndcg, recall, reciprocal_rank

GRADES = {"a": 2, "b": 1, "c": 0, "d": -1, "e": 1}


def test_measures_by_hand():
    """Each measure equals what a pencil says about the ranking x, b, c, a."""
    ranking = ["x", "b", "c", "a"]
    dcg = 1 / math.log2(3) + 2 / math.log2(5)
    ideal = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(ranking, GRADES) == pytest.approx(dcg / ideal)
    assert ndcg(ranking, GRADES, depth=2) == pytest.approx((1 / math.log2(3)) / (2 + 1 / math.log2(3)))
    assert average_precision(ranking, GRADES) == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert recall(ranking, GRADES) == pytest.approx(2 / 3)
    assert recall(ranking, GRADES, depth=2) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranking, GRADES) == pytest.approx(1 / 2)


@pytest.mark.parametrize("measured", [ndcg, average_precision, recall, reciprocal_rank])
def test_measures_at_their_ends(measured):
    """The best ranking gets 1, an empty one 0, and a query with nothing relevant 0."""
    assert measured(["a", "b", "e"], GRADES) == pytest.approx(1.0)
    assert measured([], GRADES) == 0.0
    assert measured(["c", "d"], {"c": 0, "d": -1}) == 0.0


def test_the_hand_written_collection_is_answered_as_judged(tiny, tmp_path):
    """For each of the eight queries the best document is one judged to answer it fully, and nDCG@10 is above 0.9."""
    judged = read_judgements(tiny / "qrels.txt")
    with searchkit.create(tmp_path / "site") as index:
        with index.writer() as writer:
            writer.add_many(
                json.loads(line) for line in (tiny / "documents.jsonl").read_text(encoding="utf-8").splitlines()
            )
        for number, query in read_queries(tiny / "queries.tsv").items():
            ranking = [hit.id for hit in index.search(query).hits]
            assert judged[number][ranking[0]] == 2, (query, ranking)
            assert ndcg(ranking, judged[number]) > 0.9, (query, ranking)


@pytest.mark.parametrize("name", ["cranfield", "xquad_hi"])
def test_a_real_collection_reaches_its_reference(shared_data, name):
    """nDCG@10 is not more than 0.01 below the reference of benchmarks/effectiveness.toml."""
    if not (shared_data / "collections" / name).is_dir():
        pytest.skip(f"needs the collection {name}, which is not in {shared_data}")
    wanted = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))[name]
    found = measure(name, wanted["language"], shared_data)
    assert found["nDCG@10"] >= wanted["reference"] - MARGIN

"""A whole comparison in small: searchkit and what the standard library brings, on real segments, in seconds."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks.__main__ import Comparison, facts_of, pictures, report
from benchmarks.corpus import write_corpus
from benchmarks.measure import run_rounds
from benchmarks.peers import PEERS
from benchmarks.questions import Question
from benchmarks.table import tabulate

WORDS = [f"w{letter}{other}" for letter in "abcdefgh" for other in "klmnopqrst"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A seeded corpus of 600 documents, indexed and asked."""
    scratch, draw = tmp_path_factory.mktemp("bench"), random.Random(3)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    texts = (" ".join(draw.choices(WORDS, weights, k=draw.randint(3, 60))) for _ in range(600))
    corpus = write_corpus(texts, scratch / "corpus.txt")
    a, b, c = WORDS[0], WORDS[5], WORDS[20]
    questions = [
        Question("term frequent", "term", (a,)),
        Question("term mid", "term", (c,)),
        Question("or 3", "or", (a, b, c)),
        Question("and 2", "and", (a, b)),
        Question("phrase", "phrase", (a, b)),
        Question("prefix", "prefix", ("wa",)),
    ]
    engines = [PEERS["searchkit"]] + [e for e in PEERS.values() if e.name != "searchkit" and not e.missing()]
    comparison = Comparison(corpus, scratch, {})
    engines = comparison.build(engines)
    comparison.check(engines, questions, 60.0)
    run_rounds(comparison.lanes, 1, lambda _: None)
    comparison.close()
    return comparison, questions


def test_every_engine_that_is_here_agrees(made):
    """All kinds of questions, top 10, top 1000 and counts: no answer differs, and every one was timed."""
    comparison, _ = made
    assert [lane.findings for lane in comparison.lanes if lane.findings] == []
    assert comparison.left_out == {}
    for lane in comparison.lanes:
        assert len(lane.calls) == lane.asked > 0
        assert all(len(call.times) == 1 for call in lane.calls)


def test_the_report_tells_all(made):
    """Tables of all modes, the index of every engine, promises, losses and set-ups; pictures of what was measured."""
    comparison, questions = made
    table = tabulate(comparison.lanes, questions)
    text = report(comparison, table, {"searchkit": {}}, [])
    for part in ("| top 10 |", "| top 1000 |", "| count |", "| index |", "Where we lose:", "How they were set up:"):
        assert part in text
    for lane in comparison.lanes:
        assert lane.peer.setup in text
        assert comparison.builds[lane.name]["size"] > 0
        assert comparison.builds[lane.name]["peak_mb"] > 1
    kept = json.loads(json.dumps(facts_of(comparison)))
    assert kept["corpus"]["documents"] == 600
    assert set(kept["index"]) == {lane.name for lane in comparison.lanes}
    assert set(pictures(table, {"searchkit": {"or 3": {"600": 1.0}}}, 600)) == {"latency-by-class"}

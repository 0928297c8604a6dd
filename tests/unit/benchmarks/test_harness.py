"""The harness of the benchmarks: what it asks, how it compares, and what it makes of times. No peer is needed."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import __main__ as command
from benchmarks import bars, plot, record, table
from benchmarks.checks import disagreement
from benchmarks.corpus import first_part, neutral_terms, write_corpus
from benchmarks.measure import MODES, Call, Lane, first_round, one_round, percentile, run_rounds, spread
from benchmarks.peers import PEERS, Answer, Peer
from benchmarks.peers.base import FACTOR, Facts
from benchmarks.questions import CLASSES, Question, choose, evenly, make
from searchkit.analysis.analyzer import analyzer

TEXTS = ["The quick brown foxes", "Näive c++ users of os.path", "the the the dog", "", "北京 university foxes"]


class Fake(Peer):
    """An engine that counts what it was asked and answers what it was told to."""

    name = "fake"
    answer = Answer(3, [3.0, 2.0, 1.0])

    def __init__(self, name="fake", answer=None):
        self.name, self.answer, self.asked = name, answer or self.answer, []

    @classmethod
    def missing(cls):
        return None

    @classmethod
    def version(cls):
        return "1"

    @classmethod
    def build(cls, corpus, directory):
        (directory / "index").write_text(corpus.read_text())

    def prepare(self, question, k, variant):
        return lambda: self.asked.append((question, k)) or k

    def read(self, found, k):
        return Answer(self.answer.total, self.answer.scores[:k])

    def expected(self, question, ours, facts):
        return [(score * 0.9, score * 1.1) for score in ours]


@pytest.fixture
def corpus(tmp_path):
    """Four documents; the empty text has no words and is left out."""
    return write_corpus(TEXTS, tmp_path / "corpus.txt")


def questions_of(*labels):
    return [Question(label, "or", ("a", f"b{number}")) for number, label in enumerate(labels)]


def test_a_corpus_is_plain_words_that_nobody_takes_apart(corpus):
    """ASCII letters and digits only, one document a line, and our neutral analyzer gives each word back."""
    lines = corpus.path.read_text().splitlines()
    assert corpus.documents == len(lines) == 4
    assert sum(len(line.split()) for line in lines) == corpus.tokens
    for word in " ".join(lines).split():
        assert re.fullmatch("[a-z0-9]+", word)
        assert analyzer("none").terms(word) == [word]
    assert corpus.frequencies["the"] == 2
    assert corpus.frequencies["fox"] == 2


def test_stand_ins_are_the_same_every_time():
    """A term that engines would split gets one and the same stand-in, in documents and in queries."""
    once, again = neutral_terms(), neutral_terms()
    assert once("c++") == again("c++") == once("C++ c++")[:1]
    assert once("c++") != once("c#")


def test_the_first_part_of_a_corpus_is_its_beginning(corpus, tmp_path):
    """A smaller corpus has the same first documents, and frequencies of its own."""
    part = first_part(corpus, 2, tmp_path / "part.txt")
    assert part.path.read_text().splitlines() == corpus.path.read_text().splitlines()[:2]
    assert (part.documents, part.frequencies["fox"]) == (2, 1)


@given(st.lists(st.integers(), max_size=50), st.integers(1, 60))
def test_evenly_keeps_order_and_takes_the_first(items, count):
    """A draw is a subsequence of the right length that begins at the beginning."""
    drawn = evenly(list(enumerate(items)), count)
    assert len(drawn) == min(count, len(items))
    assert drawn == sorted(drawn)
    assert not items or drawn[0] == (0, items[0])


def test_a_question_has_only_words_the_corpus_knows(corpus):
    """Unions lose unknown words, and may end by it; intersections and phrases with one end."""
    assert make("or 2", "or", ["the", "fox", "unknown"], corpus) == Question("or 2", "or", ("the", "fox"))
    assert make("or 3", "or", ["the", "fox", "unknown"], corpus) is None
    assert make("and 2", "and", ["the", "unknown"], corpus) is None
    assert make("and 2", "and", ["the", "the"], corpus) is None
    assert make("phrase", "phrase", ["the", "the"], corpus) == Question("phrase", "phrase", ("the", "the"))


def test_every_class_is_asked_and_its_definition_kept(tmp_path):
    """From files as the data has them: all classes appear, with terms as their definitions say, drawn alike twice."""
    draw, words = random.Random(1), [f"word{letter}{other}x" for letter in "abcdefghij" for other in "abcdefghij"]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    texts = [" ".join(["the", "of", "and", *draw.choices(words, weights, k=12)]) for _ in range(2_000)]
    texts += ["rarity blossom", "rarity unseen"]
    corpus = write_corpus(texts, tmp_path / "corpus.txt")
    a, b, c, d, e = words[:5]
    game = [
        {"query": f"{a} {b}", "tags": ["union", "union:num_tokens_2"]},
        {"query": f"{a} {b} {c}", "tags": ["union", "union:num_tokens_3"]},
        {"query": f"{a} {b} {c} {d}", "tags": ["union", "union:num_tokens_>3"]},
        {"query": f"+{a} +{b}", "tags": ["intersection", "intersection:num_tokens_2"]},
        {"query": f"+{a} +{b} +{c}", "tags": ["intersection", "intersection:num_tokens_3"]},
        {"query": f'"{a} {b}"', "tags": ["phrase", "phrase:num_tokens_2"]},
    ]
    (tmp_path / "search_benchmark_game_queries.jsonl").write_text("\n".join(json.dumps(line) for line in game))
    (tmp_path / "short_web_2000.txt").write_text(f"{a} {b} {c} {d} {e}\nthe {a} {b} {c} {d}\n{a}\n")
    (tmp_path / "questions_1000.txt").write_text(f"what of the {a} {b}\n{a} {b} {c}\n")
    chosen = choose(corpus, tmp_path, 10)
    assert chosen == choose(corpus, tmp_path, 10)
    assert {question.label for question in chosen} == set(CLASSES)
    assert [CLASSES.index(question.label) for question in chosen] == sorted(
        CLASSES.index(question.label) for question in chosen
    )
    assert max(Counter(question.label for question in chosen).values()) <= 10
    for question in chosen:
        found = [corpus.frequencies[term] for term in question.terms]
        assert question.kind == "prefix" or all(found)
        if question.label == "term frequent":
            assert found[0] >= 40
        if question.label == "term rare":
            assert 2 <= found[0] <= 20
    assert len([question for question in chosen if question.label == "or 5+"]) == 1
    assert len([question for question in chosen if question.label == "question"]) == 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.floats(0, 1))
def test_percentiles_are_numpys(values, share):
    """p50 and p95 mean what everybody takes them for."""
    assert percentile(values, share) == pytest.approx(float(np.percentile(values, share * 100)), abs=1e-6)


def test_the_first_questions_are_of_all_classes():
    """Whoever has time for few questions is asked some of each class."""
    questions = questions_of("or 2", "or 2", "or 2", "phrase", "phrase", "prefix")
    assert spread(questions) == [0, 3, 5, 1, 4, 2]


FACTS = Facts(100, {"a": 10, "b": 50})
TERM = Question("term mid", "term", ("a",))


@pytest.mark.parametrize(
    ("theirs", "k", "wrong"),
    [
        (Answer(3, []), 0, None),
        (Answer(4, []), 0, "counts 4"),
        (Answer(None, [3.1, 2.0, 1.0]), 10, None),
        (Answer(None, [3.1, 2.0]), 10, "2 hits"),
        (Answer(None, [3.1, 2.0]), 2, None),
        (Answer(None, [3.0, 2.0, 1.2]), 10, "at rank 3"),
        (Answer(None, [3.0, float("nan"), 1.0]), 10, "at rank 2"),
    ],
)
def test_a_different_answer_is_seen(theirs, k, wrong):
    """Another count, another number of hits, a score outside of what the engine's arithmetic allows; a NaN as well."""
    found = disagreement(Fake(), TERM, k, Fake.answer, theirs, FACTS)
    assert (wrong is None and found is None) or (wrong and found and wrong in found)


def test_peers_say_how_their_scores_relate_to_ours():
    """Each expected range is in order; exact engines have narrow ones, quantised lengths only raise scores."""
    for name, engine in PEERS.items():
        expected = engine.expected(engine, TERM, [2.0, 1.0], FACTS)
        if expected is None:
            assert name == "searchkit"
            continue
        assert all(low < high for low, high in expected)
        if name == "tantivy":
            assert expected[0][0] <= 2 * FACTOR <= expected[0][1]
    assert FACTS.probabilistic_idf("b") == 1e-6
    assert FACTS.lucene_idf("a") > FACTS.lucene_idf("b") > 0


def test_only_equal_answers_are_timed():
    """What differs from ours is reported with its question and never measured; what agrees is asked once a round."""
    questions = questions_of("or 2", "or 3")
    good, bad = Lane(Fake("searchkit"), ""), Lane(Fake("bad", Answer(9, [3.0, 2.0, 1.0])), "")
    ours = first_round(good, questions, {}, FACTS, None)
    first_round(bad, questions, ours, FACTS, None)
    assert len(good.calls) == len(questions) * len(MODES)
    assert good.findings == []
    assert bad.calls == []
    assert len(bad.findings) == bad.asked == len(questions) * len(MODES)
    before = len(good.peer.asked)
    run_rounds([good, bad], 3, lambda _: None)
    assert len(good.peer.asked) - before == 3 * len(good.calls)
    assert all(len(call.times) == 3 for call in good.calls)
    assert len(good.shares) == 3


def test_a_slow_engine_is_asked_less():
    """With its budget spent after the first question, nothing more is asked of it."""
    lane = Lane(Fake(), "")
    first_round(lane, questions_of("or 2", "or 3", "phrase"), {}, FACTS, 0.0)
    assert {call.question for call in lane.calls} == {0}


def lane_with(name, variant, times):
    """A lane whose calls, all top 10, took so many microseconds in each round."""
    calls = [Call(number, "top 10", lambda: None, [us * 1_000 for us in rounds]) for number, rounds in times.items()]
    return Lane(Fake(name), variant, calls)


def test_a_ratio_compares_the_same_questions():
    """Medians over rounds, percentiles over questions, ratios over the questions both were asked, best algorithm."""
    questions = questions_of("or 2", "or 2", "or 3")
    ours = lane_with("searchkit", "", {0: [10, 10, 90], 1: [1_000] * 3, 2: [5] * 3})
    slow = lane_with("peer", "one", {0: [40, 40, 40]})
    quick = lane_with("peer", "two", {0: [20, 20, 20]})
    made = table.tabulate([ours, slow, quick], questions)
    cell = made["top 10"]["or 2"]["peer"]
    assert (cell.p50, cell.n, cell.variant, cell.ratio50) == (20.0, 1, "two", 2.0)
    assert made["top 10"]["or 2"]["searchkit"].p50 == 505.0
    assert made["top 10"]["or 3"] == {"searchkit": table.Cell(5.0, 5.0, 1, 1.0, 1.0)}
    assert table.losses(made) == []
    assert "| or 2 | 2 | 505 / 950 | 20 / 20 (2, 2; n 1) |" in table.to_markdown(made, "top 10")
    assert "top 1000" in table.to_plain(made)


def test_losses_are_told():
    """Where a peer is quicker, the report says which one, where, and by how much."""
    made = table.tabulate(
        [lane_with("searchkit", "", {0: [10]}), lane_with("peer", "", {0: [5]})], questions_of("phrase")
    )
    (loss,) = table.losses(made)
    assert "peer, top 10" in loss
    assert "phrase p50 0.50" in loss


def test_bars_are_judged_by_the_worst_class():
    """A promise about many classes names the one that decides; without the peer it stays open."""
    made = table.tabulate(
        [lane_with("searchkit", "", {0: [10], 1: [10]}), lane_with("tantivy", "", {0: [50], 1: [20]})],
        questions_of("or 2", "phrase"),
    )
    judged = bars.judge(made)
    assert (judged[0].measured, judged[0].where, judged[0].reached) == (2.0, "phrase", True)
    assert judged[1].measured == pytest.approx(10**0.5)
    assert judged[2].reached is None
    assert all(str(bar) for bar in judged)
    builds = {"searchkit": {"cpu_s": 2.0, "size": 30, "peak_mb": 500.0}, "tantivy": {"cpu_s": 4.0, "size": 20}}
    judged = bars.judge_builds({"raw": builds, "tokens": {"searchkit": builds["searchkit"]}})
    assert [bar.measured for bar in judged] == [2.0, 1.5, 0.5, None, None, 0.5]
    assert [bar.reached for bar in bars.judge_builds({})] == [None] * 6


def test_counts_of_single_words_are_compared():
    """A frequent word's p50 by a rare one's."""
    lane = lane_with("searchkit", "", {0: [100]})
    lane.calls += [Call(number, "count", lambda: None, [us * 1_000]) for number, us in ((1, 6), (2, 4))]
    asked = questions_of("or 2", "term frequent", "term rare")
    judged = {bar.name.partition(",")[0]: bar for bar in bars.judge(table.tabulate([lane], asked))}
    assert judged["counts"].measured == 1.5


def test_times_are_extrapolated_as_they_grew():
    """Linearly from one corpus; from two by the power between them, each class by its own; the slowest decides."""
    half = str(bars.LARGE // 2)
    one = bars.large_bar({"or 2": {half: 300.0}, "question": {half: 400.0}, "phrase": {half: 9e9}})
    assert (one.measured, one.where) == (pytest.approx(0.8, rel=1e-4), "question")
    eighth = str(bars.LARGE // 8)
    two = bars.large_bar({"or 2": {eighth: 300.0, half: 300.0}, "question": {eighth: 200.0, half: 400.0}})
    assert (two.measured, two.where) == (pytest.approx(0.4 * 2**0.5, rel=1e-3), "question")
    assert bars.large_bar({}).reached is None


def test_growth_is_an_exponent():
    """Twice the documents in twice the time is linear, 1; in the same time, 0; the worst class decides."""
    bar = bars.growth_bar({"or 2": {"100": 5.0, "200": 5.0}, "or 3": {"100": 5.0, "200": 10.0}, "phrase": {"100": 1.0}})
    assert bar.measured == pytest.approx(1.0)
    assert bar.where == "or 3"
    assert bars.growth_bar({}).reached is None


def test_pictures_are_wellformed_and_hold_every_number():
    """Both drawings parse as XML, with one bar or point for each value, escaped, inside their frame."""
    groups = {"or <2>": {"searchkit": 10.0, "pi & sa": 2_000.0}, "phrase": {"searchkit": 0.4}}
    for svg, shape, count in (
        (plot.bars("p50 & more", groups), "rect", 3),
        (plot.curves("growth", {"or 2": {50: 1.0, 100: 2.0}, "or 3": {100: 4.0}}), "circle", 3),
    ):
        root = ET.fromstring(svg)
        named = [e for e in root.iter(f"{{http://www.w3.org/2000/svg}}{shape}") if len(e)]
        assert len(named) == count
        assert all(0 <= float(e.get("y") or e.get("cy")) <= float(root.get("height")) for e in named)
    assert plot.bars("nothing", {})
    assert plot.curves("nothing", {})


def test_a_record_is_one_line_without_a_place(tmp_path):
    """Lines are appended as JSON, and what is said of the machine names no path and no host."""
    said = {
        "machine": record.machine(),
        "load": record.load(),
        "commit": record.commit(),
        "versions": record.versions(),
    }
    for number in range(2):
        path = record.append("run", {"number": number, **said}, tmp_path)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]
    assert str(record.ROOT) not in lines[0]
    assert said["machine"]["cores"] >= 1


def test_without_data_nothing_fails(tmp_path, capsys):
    """No data: one sentence, and exit status 0."""
    assert command.main(["--data", str(tmp_path)]) == 0
    assert "skipped" in capsys.readouterr().out


def test_who_takes_part_is_decided_with_reasons(monkeypatch):
    """Missing packages and engines too slow for the corpus are named with the reason; naming one asks it all the same."""
    for engine in PEERS.values():
        monkeypatch.setattr(engine, "missing", lambda: None)
    chosen, left_out = command.who_takes_part(None, 200_000)
    assert chosen[0].name == "searchkit"
    assert set(left_out) == {"whoosh"}
    chosen, left_out = command.who_takes_part("whoosh", 200_000)
    assert ([engine.name for engine in chosen], left_out) == (["searchkit", "whoosh"], {})
    monkeypatch.setattr(PEERS["pisa"], "missing", lambda: "no compiled module")
    assert command.who_takes_part(None, 100)[1] == {"pisa": "no compiled module"}
    with pytest.raises(SystemExit, match="no such peer"):
        command.who_takes_part("lucene", 100)


def test_one_round_leaves_the_garbage_collector_as_it_was():
    """Even when an engine fails within a round."""
    import gc

    def fail():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        one_round(Lane(Fake(), "", [Call(0, "top 10", fail)]))
    assert gc.isenabled()

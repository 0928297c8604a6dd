"""The measures of overhead, on a small corpus: they compare what they say, and notice what must not be."""

from __future__ import annotations

import random
import sys

import pytest

from benchmarks import overhead
from benchmarks.corpus import write_corpus
from benchmarks.peers.searchkit_peer import Searchkit
from benchmarks.questions import Question

WORDS = [f"w{letter}{other}" for letter in "abcdefgh" for other in "klmnopqrst"]
QUESTIONS = [Question("term mid", "term", (WORDS[3],)), Question("or 2", "or", (WORDS[1], WORDS[9]))]


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """The same 300 documents as one segment and as three, and other documents."""
    folder, draw = tmp_path_factory.mktemp("overhead"), random.Random(5)
    texts = [" ".join(draw.choices(WORDS, k=20)) for _ in range(300)]
    corpus = write_corpus([*texts, "lonely"], folder / "corpus.txt")
    other = write_corpus(texts[:200], folder / "other.txt")
    built = [
        overhead.build_segments(corpus, folder / "one", (1,)),
        overhead.build_segments(corpus, folder / "three", (5, 3, 1)),
        overhead.build_segments(other, folder / "other", (1,)),
    ]
    assert built == [1, 3, 1]
    opened = [Searchkit(folder / name) for name in ("one", "three", "other")]
    yield corpus, opened
    for peer in opened:
        peer.close()


def test_segments_are_compared_on_the_same_documents(peers):
    """All documents are in both; a ratio comes out, and is refused where answers differ."""
    _, (one, three, other) = peers
    assert len(one.index) == len(three.index) == 301
    assert overhead.compare_segments(one, three, QUESTIONS, 2) > 0
    with pytest.raises(ValueError, match="change the answer"):
        overhead.compare_segments(one, other, QUESTIONS, 2)


def test_the_floor_is_that_of_rare_words(peers):
    """A word of at most three documents is found by its id, and the time is positive."""
    corpus, (one, _, _) = peers
    assert min(overhead.floor_us(one, corpus, 2)) > 0


def test_threads_share_the_questions(peers, monkeypatch):
    """One thread and two answer queries until their time is over."""
    _, (one, _, _) = peers
    monkeypatch.setattr(overhead, "_SECONDS_OF_THREADS", 0.05)
    assert overhead.queries_per_second(one, QUESTIONS, 1) > 0
    assert overhead.queries_per_second(one, QUESTIONS, 2) > 0


def test_a_process_is_charged_what_it_used():
    """A process that computes costs more than one that does nothing."""
    scripts = "pass", "sum(range(20_000_000))"
    idle, busy = overhead.children_cpu_ms([[sys.executable, "-S", "-c", script] for script in scripts], 2)
    assert busy > idle


def test_a_cold_query_is_a_whole_process(peers, root, monkeypatch):
    """Each kind of query finds something and is charged; so is what its imports alone cost."""
    corpus, (one, _, _) = peers
    monkeypatch.chdir(root)
    found = overhead.cold_ms(corpus, one.index.path, 1)
    assert len(found) == 5
    assert min(found.values()) > 0


def test_shares_of_ten_segments_are_left_alone_by_merging():
    """Six of one level and four below it: from 7,000 documents on, no eight neighbours are of one level."""
    from searchkit.index.policy import Size, next_merge

    for documents in (7_000, 20_000, 200_000, 909_205):
        sizes = [Size(documents * share // sum(overhead.MANY), 0) for share in overhead.MANY]
        assert len(sizes) == 10
        assert next_merge(sizes) is None


def test_promises_are_judged():
    """Each of the four figures meets its bar or does not."""
    found = {
        "floor_us": 9.0,
        "many_by_one_segment": 2.0,
        "two_threads_by_one": 1.9,
        "cold_by_imports": 1.6,
        "segments": 10,
    }
    assert [bar.reached for bar in overhead.judge(found)] == [True, False, True, False]

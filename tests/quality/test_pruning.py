"""A guard of speed that no busy machine can disturb: how many documents the kernels score exactly.

Seconds say little on a shared machine; work does not depend on it. The corpus is made from a seed, with words as uneven as
in real text, documents of very different lengths, and topics that keep to one part of it. Each class of queries
has a bound on the documents scored exactly for one query, on average: a few dozen for ten hits, of some thousands that
match. When the bounds were set, eleven to fourteen were scored, and 1,070 for a thousand hits. Whoever loses an upper
bound, or visits documents in a worse order, turns this red.
"""

from __future__ import annotations

import numpy as np
import pytest

import searchkit
from searchkit.search import fast, groups, known_words

DOCUMENTS = 30_000
VOCABULARY = 2_000
SEED = 7


def name_of(rank: int) -> str:
    """A word for the rank of its frequency: "wa" for 0."""
    return "w" + "".join(chr(ord("a") + int(digit)) for digit in str(rank))


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The corpus: Zipf's law, log-normal lengths, and in every tenth of it some words three times as often."""
    draw = np.random.default_rng(SEED)
    share = 1 / np.arange(1, VOCABULARY + 1)
    names = np.array([name_of(rank) for rank in range(VOCABULARY)])
    lengths = np.clip(draw.lognormal(3.3, 0.6, DOCUMENTS), 3, 300).astype(int)
    texts = []
    for part, these in enumerate(np.array_split(lengths, 10)):
        here = share.copy()
        here[part + 20 :: 37] *= 3
        words = names[draw.choice(VOCABULARY, these.sum(), p=here / here.sum())]
        texts += [" ".join(own) for own in np.split(words, np.cumsum(these)[:-1])]
    directory = tmp_path_factory.mktemp("pruning")
    schema = searchkit.Schema(text=searchkit.Text(language="none"))
    with searchkit.create(directory, schema) as made:
        with made.writer() as writer:
            writer.add_many({"id": str(number), "text": text} for number, text in enumerate(texts))
        yield made


@pytest.fixture
def work(index, monkeypatch):
    """A function that searches and gives back how many documents the kernel scored exactly, and how many match."""
    counted: list[int] = []
    kernel = fast.answer

    def counting(*arguments):
        found = kernel(*arguments)
        counted.append(int(found[1]))
        return found

    def counting_groups(kernel, column):
        def counting(*arguments):
            found = kernel(*arguments)
            counted.append(int(found[column]))
            return found

        return counting

    monkeypatch.setattr(fast, "answer", counting)
    # The quick way asks the same kernels, but for less: not for how many documents they scored.
    monkeypatch.setattr(known_words.KnownWords, "search", lambda *_: None)
    # Of a phrase, what counts is how many documents have their positions compared.
    monkeypatch.setattr(groups, "answer_phrase", counting_groups(groups.answer_phrase, 1))
    monkeypatch.setattr(groups, "answer_union", counting_groups(groups.answer_union, 1))

    def of(query: str, limit: int) -> tuple[int, int]:
        counted.clear()
        total = index.search(query, limit, engine="numba").total
        assert counted, "the kernel was not asked"
        return sum(counted), total

    return of


def queries(words: int, low: int, high: int, sign: str = "") -> list[str]:
    """Twenty queries of so many words each, drawn from a band of frequency ranks."""
    draw = np.random.default_rng(SEED)
    return [
        " ".join(sign + name_of(int(rank)) for rank in draw.choice(np.arange(low, high), words, replace=False))
        for _ in range(20)
    ]


@pytest.mark.parametrize(
    ("label", "asked", "limit", "scored_max"),
    [
        ("one frequent word", queries(1, 0, 20), 10, 40),
        ("two words", queries(2, 0, 300), 10, 40),
        ("three words", queries(3, 0, 300), 10, 40),
        ("five words", queries(5, 0, 300), 10, 40),
        ("frequent words only", queries(4, 0, 10), 10, 40),
        ("five words, top 1000", queries(5, 0, 300), 1000, 2_000),
        ("intersections", queries(2, 0, 60, "+"), 10, 60),
        ("prefixes", [f"w{digits}*" for digits in ("b", "c", "d", "bc", "cd", "de")], 10, 150),
    ],
)
def test_few_documents_are_scored(work, label, asked, limit, scored_max):
    """The mean over twenty queries of documents scored stays under the bound, and far under that of those that match."""
    scored, matching = (sum(column) for column in zip(*(work(query, limit) for query in asked), strict=True))
    assert scored <= scored_max * len(asked), f"{label}: {scored / len(asked)} of {matching / len(asked)} were scored"
    assert matching > 10 * scored or limit > 10


def test_few_documents_have_their_positions_compared(work, index):
    """For ten hits of a phrase of frequent words, a fifth of the documents that hold its words, at most."""
    asked = [tuple(query.split()) for query in queries(2, 0, 12)]
    compared = sum(work(f'"{first} {second}"', 10)[0] for first, second in asked)
    holding = sum(index.search(f"+{first} +{second}").total for first, second in asked)
    assert 0 < compared < holding / 5, f"{compared} of {holding}"


def test_work_does_not_depend_on_the_run(work):
    """The same query costs the same number of documents each time: what makes the counts above worth checking."""
    query = queries(3, 0, 300)[0]
    assert work(query, 10) == work(query, 10)

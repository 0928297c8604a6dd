"""The champions of a word: which they are, and that they are enough only where nothing else can be a result."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import searchkit
from searchkit.rank.bm25 import DEFAULT_B, DEFAULT_K1
from searchkit.rank.kernels import answer
from searchkit.rank.kernels.rows import CHAMPIONS_MAX, LEVEL_RANKS, LINE, level_of, row_numbers
from searchkit.search.execute import parameters_of
from searchkit.search.prepared import prepared, term
from searchkit.search.tables import Tables

ENDS = (0, 6_000, 7_500, 9_000)
"""Where segments begin and end."""
WORDS = {"all": 1, "most": 2, "some": 40, "tied": 90, "few": 400, "scarce": 300}
"""Of how many documents one holds a word; what "tied" adds to a score is the same everywhere."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[searchkit.Index]:
    """Three segments, bitmaps and arrays, and documents deleted that would have been the best."""
    draw = np.random.default_rng(3)
    directory = tmp_path_factory.mktemp("champions")
    with searchkit.create(directory, searchkit.Schema(text=searchkit.Text(language="none"))) as made:
        for first, end in itertools.pairwise(ENDS):
            records = []
            for number in range(first, end):
                held = [
                    f"{word} " * int(draw.integers(1, 9)) for word, each in WORDS.items() if not draw.integers(each)
                ]
                text = "".join(held) + "filler " * int(draw.integers(0, 30))
                if "tied" in text:
                    text = "tied " + "filler " * 19
                records.append({"id": str(number), "text": text})
            with made.writer() as writer:
                writer.add_many(records)
        with made.writer() as writer:
            for word in WORDS:
                for hit in made.search(word, 7).hits:
                    writer.delete(hit.id)
        yield made


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("sign", ["", "+"])
def test_one_word_is_ranked_alike_with_and_without(index: searchkit.Index, word: str, sign: str) -> None:
    """For any number of results, around the number of champions too, and with other parameters."""
    for limit in (1, 2, 9, 10, 11, CHAMPIONS_MAX, CHAMPIONS_MAX + 1, 500):
        for options in ({}, {"k1": 0.4, "b": 0.1}):
            plain = index.search(sign + word, limit, engine="numpy", **options)
            quick = index.search(sign + word, limit, engine="numba", **options)
            assert [(hit.place, hit.score) for hit in quick] == [(hit.place, hit.score) for hit in plain]


@pytest.mark.parametrize("word", WORDS)
def test_champions_are_all_live_documents_from_an_impact_on(index: searchkit.Index, word: str) -> None:
    """By descending impact, then document; and as many as there is room for."""
    snapshot = index.snapshot().held
    parameters = parameters_of(snapshot, snapshot.schema.weights, DEFAULT_K1, DEFAULT_B)
    for view in snapshot.views:
        found = term(view, word, parameters)
        assert found is not None
        start, count = found.place[2], found.place[3]
        impacts = prepared(view.reader, parameters).arrays.impacts[start : start + count].astype(int)
        documents = view.reader.docs(view.reader.terms.number(word)).tolist()
        live = [(-impacts[i], documents[i], i) for i in range(count) if documents[i] not in view.dead]
        wanted = sorted(entry for entry in live if -entry[0] >= found.covered)
        entries = [int(champion) for champion in np.frombuffer(found.champions, np.uint64)]
        assert [(-(one >> 56), one & 0xFFFFFFFF, one >> 32 & 0xFFFFFF) for one in entries] == wanted
        more = sum(-entry[0] >= found.covered - 1 for entry in live)
        assert found.covered == 1 or more > CHAMPIONS_MAX


def test_a_level_is_known_for_every_number_of_results_up_to_the_last() -> None:
    """The first rank that is at least the number; -1 beyond."""
    for limit in (1, 2, 3, 4, 10, 11, 100, 101, LEVEL_RANKS[-1]):
        assert LEVEL_RANKS[level_of(limit)] == min(rank for rank in LEVEL_RANKS if rank >= limit)
    assert level_of(LEVEL_RANKS[-1] + 1) == -1


def test_rows_begin_at_lines_of_memory_and_are_forgotten_by_their_size(
    index: searchkit.Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after there had to be more room for them."""
    from searchkit.search import tables

    snapshot = index.snapshot().held
    made: Any = Tables(snapshot, parameters_of(snapshot, snapshot.schema.weights, DEFAULT_K1, DEFAULT_B))
    rows = [made.row(f"word{number}") for number in range(600)]
    assert rows == list(range(600))
    assert made.context[answer.WORDS] % (8 * LINE) == 0
    assert row_numbers(len(snapshot.views)) % LINE == 0
    assert not made.full
    monkeypatch.setattr(tables, "_ROWS_BYTES_MAX", 600 * 8 * row_numbers(len(snapshot.views)))
    assert made.full

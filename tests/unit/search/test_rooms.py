"""What the quick way leaves in a thread's room stays as it was found, whatever is asked afterwards, and by whom."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit.errors import Closed
from searchkit.search import known_words, scratch

WORDS = [f"word{letter}" for letter in "abcdefghij"]


@pytest.fixture
def index(tmp_path: Path) -> searchkit.Index:
    """Two segments; an index that answers with its kernels from now on."""
    made = searchkit.create(tmp_path / "site")
    for part in range(2):
        with made.writer() as writer:
            for number in range(300):
                text = " ".join(WORDS[:: 1 + (number + part) % 7] * (1 + number % 3))
                writer.add({"id": f"{part}-{number}", "text": text})
    made.search("worda", engine="numba")
    assert made.snapshot().documents == 600
    return made


def shown(results: searchkit.Results) -> list[tuple[int, float]]:
    """What a reader sees of an answer."""
    return [(hit.place, hit.score) for hit in results]


def expected(index: searchkit.Index, query: str, limit: int) -> tuple[list[tuple[int, float]], int]:
    """The same of the plain way."""
    plain = index.search(query, limit, engine="numpy")
    return shown(plain), plain.total


def test_answers_stay_when_rooms_are_full(index: searchkit.Index) -> None:
    """Several rooms' worth of them, of all kinds and sizes, read in the end only."""
    queries = [*WORDS, "worda wordb", "+wordc +wordd", '"worda wordb"', "word*", "absent"]
    asked = [(query, limit) for limit in (10, 700, 0, 1, 10_000) for _ in range(6) for query in queries]
    kept = [index.search(query, limit) for query, limit in asked]
    for (query, limit), results in zip(asked, kept, strict=True):
        assert (shown(results), results.total) == expected(index, query, limit)


def test_an_answer_is_read_and_counted_by_another_thread(index: searchkit.Index) -> None:
    """Which has no room of its own yet."""
    for query in ("worda wordb", '"worda wordb"', "word*", "wordc"):
        results, seen = index.search(query, 5), []
        other = threading.Thread(target=lambda answer=results, out=seen: out.append((answer.total, shown(answer))))
        other.start()
        other.join()
        assert seen == [expected(index, query, 5)[::-1]]


def test_a_room_has_space_for_the_largest_union(index: searchkit.Index, monkeypatch: Any) -> None:
    """The thread's first prefix finds its room too small."""
    monkeypatch.setattr(scratch, "_KEYS_OF_A_ROOM", 3)
    for _ in range(3):
        for query in ("worda", "word*", "worda*"):
            assert shown(index.search(query, 2)) == expected(index, query, 2)[0]


def test_queries_are_forgotten_when_there_are_too_many(index: searchkit.Index, monkeypatch: Any) -> None:
    """Their number is bounded, and so is their length."""
    monkeypatch.setattr(known_words, "_QUERIES_REMEMBERED_MAX", 3)
    for first in WORDS:
        for second in WORDS[:4]:
            query = f"{first} {second} absent"
            assert shown(index.search(query)) == expected(index, query, 10)[0]
    index.search("worda " + " ".join(f"absent{number}" for number in range(60)))
    (asked,) = [quick._asked["any"] for quick in [index._current().known_words] if quick is not None]
    assert 0 < len(asked) <= 3
    assert max(map(len, asked)) <= 200


def test_a_log_that_is_turned_on_counts_what_is_asked_from_then_on(index: searchkit.Index) -> None:
    """Queries that were answered the quick way before, too."""
    index.search("worda")
    index.query_log.enable()
    for _ in range(3):
        index.search("worda")
    index.query_log.flush()
    assert index.query_log.counts() == {"worda": 3}


def test_a_commit_is_seen_by_the_next_search_and_a_closed_index_is_closed(index: searchkit.Index) -> None:
    """Whatever was remembered."""
    assert len(index.search("wordnew")) == 0
    with searchkit.open(index.path) as other, other.writer() as writer:
        writer.add({"id": "new", "text": "wordnew"})
    assert [hit.id for hit in index.search("wordnew")] == ["new"]
    assert [hit.id for hit in index.search("wordnew")] == ["new"]
    for _ in range(2):
        index.search("wordnew", engine="numba")
        index.search("wordnew")
    assert index._quick[2]("wordnew", 10, "any") is not None
    index.close()
    with pytest.raises(Closed):
        index.search("wordnew")

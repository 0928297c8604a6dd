"""Batches over threads: the same answers in the same order, and the first failure comes through."""

from __future__ import annotations

import threading

import pytest

import searchkit
from searchkit.errors import RequestError
from searchkit.search.many import in_threads


@pytest.mark.parametrize("threads", [None, 1, 2, 3, 500])
@pytest.mark.parametrize("questions", [0, 1, 7, 400])
def test_answers_stand_in_the_order_of_their_questions(questions: int, threads: int | None) -> None:
    """However many threads answer, and also where there are more of them than questions."""
    assert in_threads(lambda number: -number, range(questions), threads) == [-number for number in range(questions)]


def test_threads_share_the_work() -> None:
    """With two threads, two questions can wait for each other."""
    together = threading.Barrier(2, timeout=30)
    assert sorted(in_threads(lambda _: together.wait(), range(2), 2)) == [0, 1]


def test_a_failure_is_raised() -> None:
    """What one question raises, the batch raises."""

    def ask(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return number

    with pytest.raises(ValueError, match="five"):
        in_threads(ask, range(10), 3)


def test_a_batch_of_searches(tmp_path) -> None:
    """Searches side by side give what they give one by one, from the first one on."""
    with searchkit.create(tmp_path) as index:
        with index.writer() as writer:
            writer.add_many({"id": str(number), "text": f"w{number % 7} w{number % 11} all"} for number in range(300))
        queries = [f"w{number % 13} w{number % 5}" for number in range(200)] + ['"w1 w2"', "+all -w3", ""]
        plain = [[(hit.id, hit.score) for hit in index.search(query, engine="numpy")] for query in queries]
        for threads in (None, 4):
            found = index.search_many(queries, threads=threads, engine="numba")
            assert [[(hit.id, hit.score) for hit in results] for results in found] == plain
        with pytest.raises(RequestError):
            index.search_many(queries, threads=0)

"""Hits are read when they are looked at, and not before; an answer is made once, whatever is asked of it first."""

from __future__ import annotations

from typing import Any

import pytest

from searchkit.model.results import Hits, Results, hits_of
from searchkit.model.snippet import Snippet


class Shelf:
    """Counts what is fetched from it."""

    def __init__(self) -> None:
        self.made = 0
        self.fetched: list[str] = []

    def id(self, place: int) -> str:
        """An id."""
        self.fetched.append("id")
        return f"d{place}"

    def record(self, place: int) -> dict[str, Any]:
        """A record."""
        self.fetched.append("record")
        return {"id": f"d{place}", "text": "rye"}

    def snippet(self, record: dict[str, Any]) -> Snippet:
        """Its text."""
        self.fetched.append("snippet")
        return Snippet(record["text"], ())

    def total(self) -> int:
        """All."""
        return 7

    def warnings(self) -> tuple[str, ...]:
        """None."""
        return ()

    corrections = warnings


def answered(shelf: Shelf) -> Results:
    """An answer of three hits."""

    def make(pairs: list[tuple[int, float]]) -> tuple[Shelf, Hits]:
        shelf.made += 1
        return shelf, hits_of(pairs, shelf)

    return Results("rye", (make, ([(4, 2.5), (1, 1.5), (9, 1.5)],)), 0.1, 3)


def test_a_record_is_read_once_and_an_id_without_it() -> None:
    """The snippet needs the record; looking again fetches nothing."""
    shelf = Shelf()
    first = answered(shelf).hits[0]
    assert (first.place, first.score, first.id, shelf.fetched) == (4, 2.5, "d4", ["id"])
    for _ in range(2):
        assert (str(first.snippet), first.url, first.fields["id"]) == ("rye", "", "d4")
    assert shelf.fetched == ["id", "record", "snippet"]


@pytest.mark.parametrize("first", ["hits", "total", "warnings"])
def test_an_answer_is_made_when_somebody_looks(first: str) -> None:
    """Not before, and once."""
    shelf = Shelf()
    results = answered(shelf)
    assert shelf.made == 0
    getattr(results, first)
    assert (results.total, len(results), [hit.id for hit in results]) == (7, 3, ["d4", "d1", "d9"])
    assert results.hits is results.hits
    assert shelf.made == 1


def test_hits_are_a_sequence_of_their_own() -> None:
    """Slices are hits, too; nothing can be put in."""
    hits = answered(Shelf()).hits
    assert [hit.place for hit in hits[1:]] == [1, 9]
    assert hits[-1] is hits[2]
    assert repr(hits[:2]) == "<2 hits>"
    with pytest.raises(TypeError):
        hits[0] = hits[1]  # type: ignore[index]

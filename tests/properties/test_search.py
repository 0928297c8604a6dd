"""However documents come and go, and however they fall into segments, the answer is that of the definition."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Date, Keyword, Number, Schema, Text
from searchkit.query.plan import Plan
from searchkit.query.planning import plan_query
from tests.reference import bm25f, boolean
from tests.support.plans import root_as_tuples, scored_as_tuples

SCHEMA = Schema(title=Text(weight=2.5, language="none"), text=Text(), tags=Keyword(), year=Number(), day=Date())
WORDS = "a b c d e ab abc".split()  # Few words on purpose: terms must collide, and share prefixes.

words = st.lists(st.sampled_from(WORDS), max_size=9)
documents = st.fixed_dictionaries(
    {"title": words, "text": words, "tags": st.lists(st.sampled_from("xy"), max_size=2), "year": st.integers(0, 3)}
)
ids = st.sampled_from("0123456789")
operations = st.one_of(
    st.tuples(st.just("add"), ids, documents),
    st.tuples(st.just("add"), ids, documents),
    st.tuples(st.just("delete"), ids),
    st.tuples(st.just("commit")),
    st.tuples(st.just("rollback")),
    st.tuples(st.just("merge")),
    st.tuples(st.just("reopen")),
)
pieces = st.sampled_from(
    [*WORDS, "a*", "ab*", "a*c", "*b", "a?c", "title:*b*", '"a b"', '"a a"', '"a b"~1', '"a b a"~3',
     'text:"a c"~2', "title:a", "text:ab*", 'title:"b c"', "+a", "-b", "+ab*", "-c", "(a b)",
     "a AND b", "NOT d", "a OR (c AND -e)", "tags:x", "-tags:y", "year:1..2", "year:>0", "*", "a a a"]
)  # fmt: skip
queries = st.lists(pieces, min_size=1, max_size=4).map(" ".join)


@dataclass
class Model:
    """What an index must hold: live documents by id, in order of arrival."""

    committed: dict[str, dict[str, Any]] = field(default_factory=dict)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, id: str, document: dict[str, Any]) -> None:
        self.pending.pop(id, None)  # An updated document arrives anew.
        self.pending[id] = document

    def answer(self, plan: Plan, k: int) -> tuple[list[tuple[str, float]], int]:
        plain = [{**doc, "year": [doc["year"]]} for doc in self.committed.values()]
        found = boolean.matching(plain, root_as_tuples(plan, SCHEMA))
        collection = bm25f.Collection(plain, dict(zip(SCHEMA.text_fields, SCHEMA.weights, strict=True)))
        names = list(self.committed)
        return [
            (names[number], score) for number, score in collection.top(sorted(found), scored_as_tuples(plan, SCHEMA), k)
        ], len(found)


def record(id: str, document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "id": id, "title": " ".join(document["title"]), "text": " ".join(document["text"])}


@contextmanager
def new_index() -> Iterator[searchkit.Index]:
    with tempfile.TemporaryDirectory() as directory, searchkit.create(directory, SCHEMA) as index:
        yield index


def carry_out(index: searchkit.Index, stream: list[tuple[Any, ...]], model: Model) -> None:
    """Do the same to an index and to the model."""
    writer = index.writer()
    for operation in stream:
        if operation[0] == "add":
            writer.add(record(*operation[1:]))
            model.add(*operation[1:])
        elif operation[0] == "delete":
            writer.delete(operation[1])
            model.pending.pop(operation[1], None)
        elif operation[0] == "rollback":
            writer.rollback()
            model.pending = dict(model.committed)
        else:
            if operation[0] == "merge":
                writer.merge_all()
            else:
                writer.commit()
            model.committed = dict(model.pending)
            if operation[0] == "reopen":
                writer.close()
                writer = index.writer()
    writer.commit()
    model.committed = dict(model.pending)
    writer.close()


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@settings(deadline=None)
@given(stream=st.lists(operations, max_size=40), asked=st.lists(queries, min_size=1, max_size=6), k=st.integers(0, 12))
def test_no_history_changes_an_answer(engine: Any, stream: list[tuple[Any, ...]], asked: list[str], k: int) -> None:
    """Adds, updates, deletes, commits, rollbacks and merges, cut anyhow: hits, scores, order, total as defined."""
    model = Model()
    with new_index() as index:
        carry_out(index, stream, model)
        assert [kept["id"] for kept in index.export()] == list(model.committed)
        for query in asked:
            for mode in ("any", "all"):
                results = index.search(query, limit=k, mode=mode, engine=engine)
                plan = plan_query(query, SCHEMA, index.analyzer, mode)
                wanted, total = model.answer(plan, k)
                assert [(hit.id, hit.score) for hit in results.hits] == wanted
                assert results.total == total


@settings(deadline=None)
@given(stream=st.lists(operations, max_size=40), asked=queries)
def test_one_fresh_segment_is_the_same_index(stream: list[tuple[Any, ...]], asked: str) -> None:
    """An index with a history equals one to which the surviving documents were added at once."""
    model = Model()
    with new_index() as worn, new_index() as fresh:
        carry_out(worn, stream, model)
        with fresh.writer() as writer:
            writer.add_many(record(id, document) for id, document in model.committed.items())
        ours, theirs = worn.search(asked), fresh.search(asked)
        assert [(hit.id, hit.score) for hit in ours.hits] == [(hit.id, hit.score) for hit in theirs.hits]
        assert ours.total == theirs.total
        worn.merge()
        merged = worn.search(asked)
        assert [(hit.id, hit.score) for hit in merged.hits] == [(hit.id, hit.score) for hit in theirs.hits]
        assert worn.check().findings == ()


@settings(deadline=None)
@given(
    stream=st.lists(operations, max_size=30),
    asked=queries,
    k1=st.floats(0.05, 5),
    b=st.floats(0, 1) | st.just(1.0),
    title=st.floats(0.01, 50),
)
def test_parameters_are_free_at_query_time(
    stream: list[tuple[Any, ...]], asked: str, k1: float, b: float, title: float
) -> None:
    """Other k1, b and weights than the index was written with: the kernels still equal the plain ranker."""
    with new_index() as index:
        carry_out(index, stream, Model())
        options: dict[str, Any] = {"limit": 3, "k1": k1, "b": b, "weights": {"title": title}}
        fast = index.search(asked, engine="numba", **options)
        plain = index.search(asked, engine="numpy", **options)
        assert [(hit.id, hit.score) for hit in fast.hits] == [(hit.id, hit.score) for hit in plain.hits]


@settings(deadline=None)
@given(stream=st.lists(operations, max_size=30), asked=queries)
def test_an_explanation_adds_up(stream: list[tuple[Any, ...]], asked: str) -> None:
    """The parts of an explanation give the very score of the hit, and say that it matches."""
    with new_index() as index:
        carry_out(index, stream, Model())
        for hit in index.search(asked).hits:
            explanation = index.explain(asked, hit.id)
            assert explanation.matches
            assert explanation.score == hit.score

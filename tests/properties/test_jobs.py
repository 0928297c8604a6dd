"""Several processes build segments, and nothing that can be asked of the index tells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import searchkit
from searchkit.index import parallel
from searchkit.index.writer import IndexWriter

WORDS = ["river", "stones", "bread", "ovens", "Zoë's", "1,000", "a.b", "東京", "rising"]
QUERIES = ["river", "stones bread", '"bread ovens"', "+river -stones", "ris*", "東京", "zoe", "b"]
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
batches = st.lists(st.tuples(st.integers(0, 12).map(str), texts, texts), max_size=6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), batches, st.booleans()),
        st.tuples(st.just("delete"), st.integers(0, 12).map(str), st.none()),
        st.tuples(st.just("commit"), st.none(), st.none()),
        st.tuples(st.just("rollback"), st.none(), st.none()),
    ),
    min_size=1,
    max_size=14,
)


def lived(directory: Path, story: list[Any], *, jobs: int) -> tuple[list[Any], searchkit.Index]:
    """What each commit reported, and the index."""
    index = searchkit.create(directory, searchkit.Schema(title=searchkit.Text(weight=2.0), text=searchkit.Text()))
    told: list[Any] = []
    with index.writer(jobs=jobs) as writer:
        for what, given, unchanged in story:
            if what == "add":
                records = ({"id": id, "title": title, "text": text} for id, title, text in given)
                writer.add_many(records, skip_unchanged=unchanged)
                writer._put_all()  # Else nothing would be sent before the commit.
            elif what == "delete":
                writer.delete(given)
            elif what == "commit":
                told.append(writer.commit())
            else:
                writer.rollback()
        told.append(writer.commit())
    return told, index


def seen(index: searchkit.Index) -> Iterator[Any]:
    """Everything there is to see."""
    yield list(index.export())
    for query, mode in itertools.product(QUERIES, ("any", "all")):
        found = index.search(query, limit=20, mode=mode, engine="numpy")
        yield query, found.total, [(hit.id, hit.score) for hit in found.hits]
    yield [(found.text, found.weight) for found in index.suggest("r")]
    yield index.check().findings


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
@example(story=[
    ("add", [("1", "river", "bread"), ("2", "", "stones"), ("1", "", "ovens")], False), ("delete", "2", None),
    ("add", [("2", "bread", "river"), ("3", "", "東京")], False), ("add", [("1", "", "ovens"), ("4", "", "")], True),
    ("delete", "3", None), ("delete", "12", None), ("commit", None, None), ("delete", "1", None), ("delete", "4", None),
    ("commit", None, None), ("add", [("9", "", "a.b")], False), ("rollback", None, None), ("add", [("2", "", "x")], False),
])  # fmt: skip
def test_jobs_change_nothing(story: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Documents, order, scores, totals, suggestions and how many documents commits report are those of one process."""
    folder = tmp_path_factory.mktemp("jobs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "STRETCH_CHARACTERS_MIN", 1)
        told, index = lived(folder / "one", story, jobs=1)
        others, other = lived(folder / "two", story, jobs=2)
    # What is added and gone again before a commit counts as nothing, or as both if a segment was written in between: so it is
    # with one process and little memory, too. Merges are commits of their own.
    assert [(one.documents, one.unchanged) for one in told] == [(one.documents, one.unchanged) for one in others]
    with index, other:
        assert list(seen(index)) == list(seen(other))


def test_an_index_of_many_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough text for the kernels of the processes, some of them updated: the same index, from several segments."""
    monkeypatch.setattr(parallel, "STRETCH_CHARACTERS_MIN", 1_000_000)
    monkeypatch.setattr("searchkit.index.writer.BATCH_CHARACTERS", 300_000)

    def records() -> Iterator[dict[str, str]]:
        for number in range(24_000):
            words = " ".join(WORDS[(number * step) % len(WORDS)] for step in range(1, 40))
            yield {"id": str(number % 20_000), "title": f"w{number % 977}", "text": words}

    indexes = []
    for jobs in (1, 3):
        index = searchkit.create(tmp_path / str(jobs))
        with index.writer(jobs=jobs) as writer:
            assert isinstance(writer, IndexWriter)
            writer.add_many(records())
            assert writer.commit().documents == 20_000
            assert jobs == 1 or index.stats()["segments"] > 1
        indexes.append(index)
    assert list(seen(indexes[0])) == list(seen(indexes[1]))
    for index in indexes:
        index.close()

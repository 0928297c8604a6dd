"""The face of the library: what can be opened, asked, held and closed, and what it says when it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Keyword, Number, Schema, Text, engine, limits
from searchkit.errors import (
    AnalyzerMismatch,
    Closed,
    DocumentInvalid,
    DocumentMissing,
    IndexExists,
    IndexMissing,
    LimitExceeded,
    NotACollection,
    QueryError,
    RequestError,
    SchemaError,
    StorageError,
)
from searchkit.index.catalog import Catalog
from searchkit.search import engines
from searchkit.search.execute import parameters_of
from searchkit.segment.reader import SegmentReader


@pytest.fixture
def index(tmp_path: Path) -> Any:
    with searchkit.create(tmp_path / "site") as opened:
        with opened.writer() as writer:
            writer.add({"id": "fox", "title": "The <fox>", "url": "https://x.org/", "text": "A quick brown fox. " * 9})
            writer.add({"id": "dog", "title": "Dog", "text": "A lazy dog", "last_crawled": "2026-01-02T03:04:05Z"})
        yield opened


def test_creating_and_opening(tmp_path: Path) -> None:
    """A directory holds one index; asking for another kind of one, or for none, is said clearly."""
    with pytest.raises(IndexMissing, match="no searchkit index"):
        searchkit.open(tmp_path / "none")
    schema = Schema(text=Text(language="de"))
    searchkit.create(tmp_path / "a", schema).close()
    with pytest.raises(IndexExists):
        searchkit.create(tmp_path / "a")
    assert searchkit.create(tmp_path / "a", exist_ok=True).schema == schema
    assert searchkit.create(str(tmp_path / "a"), schema, exist_ok=True).schema == schema
    with pytest.raises(SchemaError, match="another schema"):
        searchkit.create(tmp_path / "a", Schema(text=Text()), exist_ok=True)
    with pytest.raises(SchemaError, match="not both"):
        searchkit.create(tmp_path / "b", schema, language="en")
    (tmp_path / "file").touch()
    with pytest.raises(NotACollection, match="is a file"):
        searchkit.create(tmp_path / "file")
    for use in (searchkit.create, searchkit.open):
        with pytest.raises(StorageError, match="too long"):
            use(tmp_path / ("a" * 300))


def test_schemas_are_checked() -> None:
    """Every way a schema can be wrong is told when it is made."""
    bad: list[dict[str, Any]] = [
        {"id": Text()}, {"a b": Text()}, {"x": 3}, {"n": Number()}, {"t": Text(weight=0)},
        {"a": Text(language="en"), "b": Text(language="de")}, {f"f{n}": Text() for n in range(17)},
    ]  # fmt: skip
    for fields in bad:
        with pytest.raises(SchemaError):
            Schema(**fields)
    schema = Schema(title=Text(weight=2.0), text=Text(language="fr"), year=Number())
    assert Schema.from_dict(schema.to_dict()) == schema
    assert schema.with_weights(title=3.0).weights == (3.0, 1.0)
    with pytest.raises(SchemaError, match="not a text field"):
        schema.with_weights(year=1.0)


def test_an_index_of_another_analyzer_is_refused(index: searchkit.Index) -> None:
    """Its words are not ours: searching it would miss silently. Exporting it is still possible."""
    catalog = Catalog(index.path)
    state, dead = catalog.load()
    from dataclasses import replace

    catalog.commit(replace(state, analyzer="en/99"), dead)
    with pytest.raises(AnalyzerMismatch, match="en/99"):
        searchkit.open(index.path)
    with searchkit.open(index.path, any_analyzer=True) as opened:
        assert len(list(opened.export())) == 2


def test_a_hit_is_read_when_it_is_looked_at(index: searchkit.Index) -> None:
    """Fields, snippet and plain data; what is missing is empty; the table of a notebook is escaped."""
    results = index.search("fox lazy")
    hit = {hit.id: hit for hit in results}
    assert (hit["fox"].url, hit["fox"].title) == ("https://x.org/", "The <fox>")
    assert (hit["dog"].url, hit["dog"].last_crawled) == ("", "2026-01-02T03:04:05Z")
    assert "<mark>fox</mark>" in hit["fox"].snippet.to_html()
    assert hit["fox"].fields["text"].startswith("A quick")
    data = results.to_dict()
    assert set(data["hits"][0]) == {"id", "url", "title", "snippet", "score", "last_crawled"}
    assert (data["total"], data["total_relation"], len(results), len(results.hits[:1])) == (2, "eq", 2, 1)
    page = results._repr_html_()
    assert "The &lt;" in page
    assert "<fox>" not in page


def test_requests_are_checked(index: searchkit.Index) -> None:
    """Arguments outside their range are told; text never is, unless strictness was asked for."""
    with pytest.raises(LimitExceeded):
        index.search("fox", limit=limits.HITS_MAX + 1)
    wrong: list[dict[str, Any]] = [
        {"limit": -1}, {"limit": "3"}, {"limit": 2.5}, {"mode": "some"}, {"ranking": "magic"}, {"k1": 0.0}, {"b": 1.5}, {"engine": "steam"},
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(RequestError):
            index.search("fox", **options)
    with pytest.raises(QueryError):
        index.search('"fox', strict=True)
    assert index.search('"fox').warnings
    assert index.search("fox", limit=0).total == 1
    assert index.search("").hits == index.search("").hits[:0] or not index.search("").hits


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_extreme_parameters_still_rank(index: searchkit.Index, engine: Any) -> None:
    """At either end of what is possible both engines give the same finite scores; beyond it they are refused."""
    for extreme in (limits.PARAMETER_MIN, limits.PARAMETER_MAX):
        found = [
            [(hit.id, hit.score) for hit in index.search("fox dog", k1=extreme, weights={"text": weight}, engine=which)]
            for weight in (limits.PARAMETER_MIN, limits.PARAMETER_MAX)
            for which in (engine, "numpy")
        ]
        assert found[0] == found[1]
        assert found[2] == found[3]
        assert all(0 <= score < 10 for hits in found for _, score in hits)
    for weight in (1e308, 1e-308, float("inf"), "2"):
        with pytest.raises(SchemaError, match="a weight is"):
            index.search("fox", weights={"text": weight}, engine=engine)
    for k1 in (1e308, 1e-308, float("inf"), float("nan"), 0.0):
        with pytest.raises(RequestError, match="k1 is"):
            index.search("fox", k1=k1, engine=engine)
        with pytest.raises(RequestError, match="k1 is"):
            index.explain("fox", "fox", k1=k1)


def test_documents_by_id(index: searchkit.Index) -> None:
    """Getting, containing, explaining; a missing id is an error that names it."""
    assert index.get("dog")["title"] == "Dog"
    assert "dog" in index
    assert "cat" not in index
    for ask in (lambda: index.get("cat"), lambda: index.explain("fox", "cat")):
        with pytest.raises(DocumentMissing, match="cat"):
            ask()
    explanation = index.explain("fox -dog", "dog")
    assert not explanation.matches
    assert "not a result" in str(explanation)


def test_a_document_is_found_by_what_it_was_added_under(index: searchkit.Index) -> None:
    """Ids are cleaned when they are looked for as when they are added; what can be no id is nobody's, or refused."""
    odd: list[Any] = [7, "a\ud800b", "a\0b"]
    with index.writer() as writer:
        writer.add_many({"id": id, "text": "odd"} for id in odd)
    assert all(id in index and index.get(id)["text"] == "odd" for id in odd)
    assert index.explain("odd", odd[1]).matches
    nobody: list[Any] = [None, "", b"7", ["7"]]
    for id in nobody:
        assert id not in index
        with pytest.raises(DocumentMissing):
            index.get(id)
    with index.writer() as writer:
        with pytest.raises(DocumentInvalid, match="an id is"):
            writer.delete(nobody[0])
        for id in odd:
            writer.delete(id)
    assert len(index) == 2


def test_a_snapshot_is_one_commit(index: searchkit.Index) -> None:
    """Held through updates, deletions and merges it answers as before; its hits stay readable when it is closed."""
    with index.snapshot() as snapshot:
        before = [(hit.id, hit.score) for hit in snapshot.search("fox dog")]
        hits = snapshot.search("fox").hits
        with index.writer() as writer:
            writer.delete("fox")
            writer.add({"id": "fox2", "text": "fox"})
        index.merge()
        assert [(hit.id, hit.score) for hit in snapshot.search("fox dog")] == before
        assert (snapshot.documents, len(index)) == (2, 2)
        assert [hit.id for hit in index.search("fox")] == ["fox2"]
    assert hits[0].title == "The <fox>"
    with pytest.raises(Closed):
        snapshot.search("fox")


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    """Using it again is an error, closing it again is not."""
    index = searchkit.create(tmp_path)
    index.close()
    index.close()
    for use in (lambda: index.search("x"), index.writer, index.stats):
        with pytest.raises(Closed, match="index is closed"):
            use()


def test_an_index_that_is_closed_while_a_thread_opens_a_commit_stays_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing waits for whoever is opening the newest commit, and nothing of that is kept."""
    index, real, closing = searchkit.create(tmp_path / "site"), engine.load_snapshot, []

    def load(*given: Any) -> Any:
        closing.append(threading.Thread(target=index.close))
        closing[0].start()
        closing[0].join(0.2)
        return real(*given)

    monkeypatch.setattr(engine, "load_snapshot", load)
    assert index.search("fox").total == 0
    closing[0].join()
    with pytest.raises(Closed):
        index.search("fox")


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes only there")
def test_a_directory_whose_name_is_no_text(tmp_path: Path) -> None:
    """LMDB opens no path that is not UTF-8: that is said, and the directory is fine from inside."""
    try:
        (tmp_path / "\udcff").mkdir()
    except (OSError, UnicodeEncodeError):
        pytest.skip("this file system has no such names")
    with pytest.raises(StorageError, match="not UTF-8"):
        searchkit.create(tmp_path / "\udcff")
    with pytest.raises(IndexMissing):
        searchkit.open(tmp_path / "\udcff")


def test_many_queries_are_one_commit(index: searchkit.Index) -> None:
    """In order, with the same answers as one by one."""
    many = index.search_many(["fox", "dog", ""], limit=1)
    assert [[hit.id for hit in results] for results in many] == [["fox"], ["dog"], []]


@pytest.mark.parametrize("look", [len, searchkit.Index.snapshot, searchkit.Index.stats, lambda index: index.get("fox")])
def test_whoever_sees_a_commit_first_a_search_sees_it_too(index: searchkit.Index, look: Any) -> None:
    """Another look at the index between a commit and a search does not leave the search with the commit before."""
    assert [hit.id for hit in index.search("crow")] == []
    with searchkit.open(index.path) as other, other.writer() as writer:
        writer.add({"id": "crow", "text": "A crow"})
    look(index)
    assert [hit.id for hit in index.search("crow")] == ["crow"]
    assert [hit.id for hit in index.search_many(["crow"])[0]] == ["crow"]


def test_readers_in_threads_see_whole_commits(tmp_path: Path) -> None:
    """While a writer replaces all documents over and over and merges, every search sees one generation of them."""
    index = searchkit.create(tmp_path)
    wrong: list[Any] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                texts = {hit.fields["text"] for hit in index.search("word", limit=20)}
                if len(texts) > 1:
                    wrong.append(texts)
            except BaseException as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    with index.writer() as writer:
        for turn in range(25):
            writer.add_many({"id": str(number), "text": f"word {turn}"} for number in range(20))
            writer.commit()
    index.merge()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert len(index) == 20


def test_a_process_that_stays_gets_the_kernels(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """After enough queries "auto" changes over, with the same answers; a failure to load them is survived."""
    auto = engines._Auto()
    monkeypatch.setattr(engines, "_auto", auto)
    answers = {
        tuple((hit.id, hit.score) for hit in index.search("fox dog")) for _ in range(engines.QUERIES_BEFORE_KERNELS)
    }
    for thread in threading.enumerate():
        if thread.name == "searchkit-kernels":
            thread.join(240)  # As long as compiling takes, if nothing was compiled yet.
    assert auto.loaded
    assert auto._ranker is engines.load_kernels()
    answers.add(tuple((hit.id, hit.score) for hit in index.search("fox dog")))
    assert len(answers) == 1

    def broken() -> Any:
        raise ImportError("no numba today")

    monkeypatch.setattr(engines, "load_kernels", broken)
    failed = engines._Auto()
    held = index.snapshot().held
    failed._try(lambda: failed._load(held, parameters_of(held, held.schema.weights, 1.2, 0.75)))
    assert failed._ranker is engines.rank_plain
    assert not failed.loaded


def test_a_query_of_many_words(index: searchkit.Index) -> None:
    """More leaves than a kernel has room for are answered all the same, by the plain ranker."""
    words = " ".join(f"w{number}" for number in range(300)) + " fox"
    fast, plain = (index.search(words, engine=engine) for engine in ("numba", "numpy"))
    assert [(hit.id, hit.score) for hit in fast] == [(hit.id, hit.score) for hit in plain] != []


def test_a_long_phrase_reads_each_word_once(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a phrase repeats a word; and it is over as soon as no place is left where it could begin."""
    reads: list[int] = []
    real = SegmentReader.positions

    def counted(reader: SegmentReader, term: int, *rest: Any) -> Any:
        reads.append(term)
        return real(reader, term, *rest)

    monkeypatch.setattr(SegmentReader, "positions", counted)
    whole = "quick brown fox " * 3
    assert [hit.id for hit in index.search(f'"{whole}"', engine="numpy")] == []  # There is an "a" between them.
    assert [hit.id for hit in index.search('"quick brown fox a quick brown fox"', engine="numpy")] == ["fox"]
    reads.clear()
    assert index.search(f'"{"fox " * 900}"', engine="numpy").total == 0
    assert len(reads) <= 2  # Once to score, once to match.


def test_a_keyword_too_long_to_be_kept(tmp_path: Path) -> None:
    """Its document is, with all its other values; whoever asks for it is warned that nothing can be found."""
    with searchkit.create(tmp_path / "k", Schema(text=Text(), tags=Keyword())) as index:
        with index.writer() as writer:
            writer.add({"id": "1", "tags": ["x" * 300, "a b", "ü" * 127]})
        assert index.get("1")["tags"][0] == "x" * 300
        assert [index.search(f'tags:"{value}"').total for value in ("a b", "ü" * 127, "x" * 300)] == [1, 1, 0]
        assert "255 bytes" in index.search("tags:" + "x" * 300).warnings[0]
        assert not index.search('tags:"a b"').warnings


def test_statistics_add_up(index: searchkit.Index) -> None:
    """Counts and sizes are those of what was added."""
    stats = index.stats()
    assert (stats["documents"], stats["segments"], stats["deleted"], stats["generation"]) == (2, 1, 0, 1)
    assert stats["fields"]["text"]["tokens"] == 9 * 4 + 3
    report = index.check()
    assert report.sound
    assert report.to_dict()["documents"] == 2


COMPLETING = """
import sys, threading
import searchkit
from searchkit.search import engines

index = searchkit.open(sys.argv[1])
found = [index.suggest("quixk") for _ in range(engines.QUERIES_BEFORE_KERNELS)]
for thread in threading.enumerate():
    if thread.name == "searchkit-kernels":
        thread.join()
assert engines.engine_for_words("auto") == "numba" and "numba" in sys.modules
assert found == [index.suggest("quixk")] * len(found) and found[0], found[0]
print("the same")
"""


def test_a_process_that_goes_on_completing_gets_the_kernels(index: searchkit.Index) -> None:
    """Slips are looked for in NumPy at first, then by the kernels, which find the same words."""
    with index.writer() as writer:
        writer.add({"id": "7", "text": "quicksilver quickens"})
    command = [sys.executable, "-c", COMPLETING, str(index.path)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.stdout.strip() == "the same", child.stderr

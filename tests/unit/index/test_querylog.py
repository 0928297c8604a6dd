"""The query log: off until asked for, counts only, durable, bounded, and its damage is noticed."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import limits
from searchkit.errors import DamageError, FormatUnsupported, IndexMissing, RequestError
from searchkit.index.examine import examine
from searchkit.index.querylog import QueryLog


@pytest.fixture
def index(tmp_path):
    """A few documents about bread."""
    index = searchkit.create(tmp_path / "site")
    with index.writer() as writer:
        for number in range(6):
            writer.add({"id": str(number), "title": f"loaf {number}", "text": "rye bread with sourdough"})
    return index


def test_nothing_is_kept_unless_asked_for(index):
    """Off by default: no file, no counts, nothing offered."""
    for _ in range(5):
        index.search("rye bread")
    assert not index.query_log.enabled and index.query_log.counts() == {}
    assert not index.query_log.path.exists()
    assert [one.kind for one in index.suggest("rye b")] == ["word"]


def test_queries_that_find_something_are_counted_and_offered(index):
    """Counted by text, spaces put in order; those asked twice or more are offered, with how often as their weight."""
    index.query_log.enable()
    for query in ("rye bread", " rye   bread", "Rye Bread", "sourdough", "nothing like it", "x" * 101, ""):
        index.search(query)
    assert index.query_log.counts() == {"rye bread": 2, "Rye Bread": 1, "sourdough": 1}
    assert [(one.text, one.weight) for one in index.suggest("rye") if one.kind == "query"] == [("rye bread", 3)]
    assert [one.kind for one in index.suggest("sour")] == ["word"]
    index.search_many(["sourdough"])
    index.snapshot().search("sourdough")
    assert index.query_log.counts()["sourdough"] == 1


def test_counts_last_and_add_up_over_processes(index, tmp_path):
    """What was written is there for the next one to open it, and two that count at once lose nothing."""
    index.query_log.enable()
    other = searchkit.open(tmp_path / "site")
    for one in (index, other, index):
        one.search("rye bread")
    index.close()
    other.close()
    with searchkit.open(tmp_path / "site") as again:
        assert again.query_log.enabled and again.query_log.counts() == {"rye bread": 3}


def test_an_open_index_notices_that_it_was_turned_on(index, tmp_path):
    """With the next commit, as it notices everything else."""
    index.search("rye bread")
    with searchkit.open(tmp_path / "site") as other:
        other.query_log.enable()
        with other.writer() as writer:
            writer.add({"id": "6", "text": "rye"})
        index.search("rye bread")
        index.query_log.flush()
        assert other.query_log.counts() == {"rye bread": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_counts_its_own(index):
    """What the parent gathered before is counted once, by the parent."""
    index.query_log.enable()
    index.search("rye bread")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            index.search("sourdough")
            index.query_log.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert index.query_log.counts() == {"rye bread": 1, "sourdough": 1}


def test_a_query_whose_documents_are_gone_is_not_offered(index):
    """A completion finds something now, and within the filter that was asked for."""
    index.query_log.enable()
    for _ in range(2):
        index.search("loaf 3")
        index.search("loaf bread")
    kinds = lambda **wanted: [one.text for one in index.suggest("loaf", **wanted) if one.kind == "query"]  # noqa: E731
    assert kinds() == ["loaf 3", "loaf bread"]
    assert kinds(within="nothing") == []
    with index.writer() as writer:
        for number in range(6):
            writer.delete(str(number))
        writer.add({"id": "9", "title": "loaf", "text": "spelt"})
    assert kinds() == ["loaf 3", "loaf bread"]  # Mode "any": one of the words is there.
    with index.writer() as writer:
        writer.delete("9")
    assert kinds() == []


def test_turning_it_off_forgets_everything(index, tmp_path):
    """No file is left, what was gathered is not written, and others see it; one query can be forgotten alone."""
    index.query_log.enable()
    other = searchkit.open(tmp_path / "site")
    for query in ("rye", "bread"):
        index.search(query)
        other.search(query)
    assert index.query_log.forget("rye") and not index.query_log.forget("rye")
    assert index.query_log.counts() == {"bread": 1}
    index.search("bread")
    index.query_log.disable()
    index.query_log.disable()
    other.query_log.flush()
    assert not other.query_log.enabled and other.query_log.counts() == index.query_log.counts() == {}
    assert [path.name for path in (tmp_path / "site" / "index").iterdir() if "queries" in path.name] == []
    index.query_log.enable()
    index.search("rye")
    assert index.query_log.counts() == {"rye": 1}


def test_damage_is_noticed_and_no_search_fails(index, tmp_path):
    """A wrong byte is a typed error that names the file, `check` finds it, and searching goes on."""
    index.query_log.enable()
    index.search("rye bread")
    index.close()
    path = QueryLog(tmp_path / "site").path
    data = bytearray(path.read_bytes())
    at = data.rindex(b"qrye bread") + len(b"qrye bread") + 4
    data[at] ^= 1
    path.write_bytes(bytes(data))
    again = searchkit.open(tmp_path / "site")
    assert again.search("rye bread").total == 6
    with pytest.raises(DamageError, match=r"queries\.lmdb"):
        again.query_log.counts()
    assert any("queries.lmdb" in finding for finding in examine(tmp_path / "site").findings)
    again.query_log.disable()
    assert examine(tmp_path / "site").findings == []


def test_what_cannot_be_is_refused(tmp_path, index):
    """A log needs an index; a count is one or more; another format is named."""
    with pytest.raises(IndexMissing):
        QueryLog(tmp_path / "nowhere").enable()
    with pytest.raises(RequestError):
        index.query_log.note("rye", times=0)
    index.query_log.enable()
    from searchkit.codec.frame import seal
    from searchkit.store.lmdb_store import LmdbStore

    LmdbStore(index.query_log.path).write(lambda txn: txn.put(b"=format", seal(b"=format", b"\x07")))
    with pytest.raises(FormatUnsupported, match="7"):
        QueryLog(tmp_path / "site").counts()


texts = st.text(alphabet="ab é東\ud800\t ", max_size=6) | st.sampled_from(["a", "b", "a b"])


@settings(deadline=None, max_examples=30)
@given(steps=st.lists(st.lists(st.tuples(texts, st.integers(1, 5)), max_size=8), min_size=1, max_size=5))
def test_counts_are_those_of_a_dictionary(tmp_path_factory, steps) -> None:
    """However notes fall into flushes and openings, counts and bounds are those of plain counting."""
    where = tmp_path_factory.mktemp("site")
    searchkit.create(where).close()
    QueryLog(where).enable()
    bound, twin = 3, dict[str, int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "LOGGED_QUERIES_MAX", bound)
        for notes in steps:
            log = QueryLog(where)
            for text, times in notes:
                log.note(text, times)
                plain = " ".join("".join("\ufffd" if c == "\ud800" else c for c in text).split())
                if plain:
                    twin[plain] = twin.get(plain, 0) + times
            log.flush()
            while len(twin) > bound:
                twin = {text: count // 2 for text, count in twin.items() if count // 2}
            assert log.counts() == dict(sorted(twin.items(), key=lambda item: (-item[1], item[0])))
            log.close()

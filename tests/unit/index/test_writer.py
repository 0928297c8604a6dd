"""What a writer promises: all or nothing, one at a time, and nothing left lying about."""

from __future__ import annotations

import errno
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import searchkit
from searchkit import limits
from searchkit.analysis import bulk, surface_table
from searchkit.errors import (
    CatalogDamaged,
    Closed,
    DiskFull,
    DocumentInvalid,
    IndexLocked,
    OutOfMemory,
    RequestError,
    StorageError,
)
from searchkit.index import builder as builder_module
from searchkit.index import writer as writer_module
from searchkit.index.catalog import Catalog
from searchkit.index.memory import memory_bytes


@pytest.fixture
def index(tmp_path: Path) -> Any:
    with searchkit.create(tmp_path / "site") as opened:
        yield opened


def files(index: searchkit.Index) -> list[str]:
    return sorted(path.name for path in (index.path / "index" / "segments").iterdir())


def ids(index: searchkit.Index) -> list[str]:
    return [record["id"] for record in index.export()]


def test_a_commit_says_what_it_did(index: searchkit.Index) -> None:
    """Added, updated, unchanged and deleted are counted once each; the generation grows by one."""
    with index.writer() as writer:
        writer.add_many({"id": str(number), "text": "old"} for number in range(4))
        first = writer.commit()
        assert (first.generation, first.documents, first.added) == (1, 4, 4)
        writer.add_many([{"id": "0", "text": "old"}, {"id": "1", "text": "new"}], skip_unchanged=True)
        writer.delete("2")
        writer.delete("missing")
        writer.add({"id": "9", "text": "new"})
        second = writer.commit()
        counts = (second.added, second.updated, second.unchanged, second.deleted)
        assert (second.generation, second.documents, counts) == (2, 4, (1, 1, 1, 1))
        assert writer.commit().generation == 2  # Nothing changed, nothing is written.
    assert ids(index) == ["0", "3", "1", "9"]


def test_updates_within_a_batch_keep_the_last(index: searchkit.Index) -> None:
    """The same id many times before a commit: the last one stays, and arrives last."""
    with index.writer() as writer:
        for text in ("one", "two", "three"):
            writer.add({"id": "a", "text": text})
            writer.add({"id": text, "text": text})
        writer.delete("two")
        commit = writer.commit()
    assert ids(index) == ["one", "a", "three"]
    assert index.get("a")["text"] == "three"
    assert (commit.added, commit.updated, commit.deleted) == (3, 2, 1)


def test_a_document_is_deleted_once(index: searchkit.Index) -> None:
    """Committed, replaced and then deleted, or deleted and then added again: counted as what became of it."""
    with index.writer() as writer:
        writer.add_many([{"id": "a"}, {"id": "b"}])
        writer.commit()
        writer.add({"id": "a", "text": "new"})
        writer.delete("a")
        writer.delete("a")
        writer.delete("b")
        writer.add({"id": "b", "text": "new"})
        commit = writer.commit()
    assert (commit.documents, commit.added, commit.updated, commit.deleted) == (1, 0, 1, 1)


def test_going_back_and_forth_is_not_unchanged(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A then B then A again ends as A, even if the buffer was written in between."""
    monkeypatch.setattr(limits, "WRITER_MEMORY_BYTES_MIN", 0)
    with index.writer() as writer:
        writer.add({"id": "x", "text": "A"})
    with index.writer(memory=0) as writer:
        writer.add_many([{"id": "x", "text": "B"}, {"id": "x", "text": "A"}], skip_unchanged=True)
    assert index.get("x")["text"] == "A"
    assert len(index) == 1


def test_documents_without_words_are_bounded_too(index: searchkit.Index) -> None:
    """Tiny documents, and many keywords, are written long before their memory is more than the bound."""
    tracemalloc.start()
    try:
        with index.writer(memory="1MB") as writer:
            for start in range(0, 12_000, 1_000):
                writer.add_many({"id": str(number)} for number in range(start, start + 1_000))
            writer.add_many({"id": f"k{n}", "language": [f"{n}-{m}" for m in range(50)]} for n in range(400))
            assert len(files(index)) > 6
            assert tracemalloc.get_traced_memory()[0] < 5_000_000
    finally:
        tracemalloc.stop()
    assert len(index) == 12_400


def words(count: int, seed: int, different: int) -> str:
    drawn = np.random.default_rng(seed).integers(0, different, count)
    return " ".join(f"w{number:x}" for number in drawn.tolist())


@pytest.mark.parametrize(("different", "allowed"), [(2_000, 4_000_000), (1 << 40, 10_000_000)])
def test_the_memory_allowed_is_kept(
    index: searchkit.Index, monkeypatch: pytest.MonkeyPatch, different: int, allowed: int
) -> None:
    """Common words or words that never come again: what building segments takes at the peak is about what was allowed."""
    monkeypatch.setattr(bulk, "KERNEL_CHARACTERS_MIN", 0)
    monkeypatch.setattr(surface_table.SurfaceTable.__init__, "__defaults__", (1 << 12,))

    def records(different: int) -> Any:
        return ({"id": str(number), "text": words(1_000, number, different)} for number in range(200))

    with index.writer() as warm:  # Loading kernels takes memory, once.
        warm.add_many(records(50))
    tracemalloc.start()
    try:
        with index.writer(memory=allowed) as writer:
            writer.add_many(records(different))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 1.25 * allowed + 3_000_000  # A batch on its way, and a table for its words, come on top.
            assert 1 < len(files(index)) < 20
    finally:
        tracemalloc.stop()
    assert len(index) == 200


def test_more_memory_means_fewer_segments(index: searchkit.Index) -> None:
    """With the default a few thousand documents are one segment; what was allowed decides, nothing else."""
    records = [{"id": str(number), "text": words(300, number, 5_000)} for number in range(3_000)]
    with index.writer() as writer:
        writer.add_many(records)
    assert len(files(index)) == 1


@pytest.mark.parametrize("memory", ["", "much", "12 parsecs", "-5MB", 10, 999_999, "999KB", None, True, 1.5])
def test_memory_that_is_none_is_refused(index: searchkit.Index, memory: Any) -> None:
    """Neither an amount nor enough: a typed error says so, and the index is not locked by it."""
    with pytest.raises(RequestError):
        index.writer(memory=memory)
    index.writer().close()


@pytest.mark.parametrize(
    ("memory", "bytes"),
    [
        ("512MB", 512_000_000),
        ("1.5 GiB", 3 << 29),
        ("2g", 2_000_000_000),
        (" 1000 KB ", 1_000_000),
        (5_000_000, 5_000_000),
    ],
)
def test_memory_is_read_as_people_write_it(memory: int | str, bytes: int) -> None:
    """A number of bytes, or one with a unit in any case."""
    assert memory_bytes(memory) == bytes


def test_a_record_can_be_deleted_by_the_source_that_gave_it(index: searchkit.Index) -> None:
    """What a generator deletes while its records are being added is gone in the order in which it was said."""

    def records(writer: searchkit.Writer) -> Any:
        yield {"id": "a", "text": "one"}
        yield {"id": "b", "text": "one"}
        writer.delete("a")
        yield {"id": "c", "text": "one"}
        writer.delete("d")
        yield {"id": "d", "text": "one"}

    for _ in range(2):
        with index.writer() as writer:
            writer.add_many(records(writer), skip_unchanged=True)
        assert sorted(ids(index)) == ["b", "c", "d"]


def test_what_came_before_an_error_is_kept(index: searchkit.Index) -> None:
    """A record that is invalid, or a source that breaks off, raises; the records before it are committed."""

    def records() -> Any:
        yield {"id": "2", "text": "b"}
        raise OSError

    with index.writer() as writer:
        with pytest.raises(DocumentInvalid):
            writer.add_many([{"id": "1", "text": "a"}, {"no": "id"}, {"id": "9"}])
        with pytest.raises(OSError):
            writer.add_many(records(), skip_unchanged=True)
        assert writer.commit().added == 2
    assert ids(index) == ["1", "2"]


def test_an_exception_rolls_back(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a block that raised is seen, and segments written on the way are removed."""
    monkeypatch.setattr(limits, "WRITER_MEMORY_BYTES_MIN", 0)
    with pytest.raises(ZeroDivisionError), index.writer(memory=0) as writer:
        writer.add_many({"id": str(number), "text": "a b c"} for number in range(5))
        assert files(index)
        raise ZeroDivisionError
    assert ids(index) == []
    assert files(index) == []


def test_a_bad_record_keeps_the_good_ones(index: searchkit.Index) -> None:
    """One invalid record raises with its reason, or is handed to `rejected`; the others are added."""
    records: list[Any] = [{"id": "1"}, {"text": "no id"}, {"id": "2", "text": {}}, {"id": "3"}, 7]
    rejected: list[DocumentInvalid] = []
    with index.writer() as writer:
        writer.add_many(records, rejected=rejected.append)
        with pytest.raises(DocumentInvalid, match=r"here:1.*needs an 'id'"):
            writer.add({"text": "x"}, where="here:1")
    assert ids(index) == ["1", "3"]
    assert len(rejected) == 3


def test_a_second_writer_waits_and_is_told(index: searchkit.Index) -> None:
    """While one writes, another waits its time and learns the holder; afterwards it gets its turn."""
    with index.writer(), pytest.raises(IndexLocked) as caught:
        index.writer(lock_timeout=0.1)
    assert caught.value.pid == os.getpid()
    with index.writer(lock_timeout=0.1) as writer:
        writer.add({"id": "1"})
    with pytest.raises(Closed):
        writer.add({"id": "2"})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_cannot_end_its_parents_turn(index: searchkit.Index) -> None:
    """A child that leaves the parent's `with` block neither writes nor gives the lock away."""
    with index.writer() as writer:
        writer.add({"id": "1"})
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with pytest.raises(Closed):
                    writer.add({"id": "2"})
                writer.__exit__(None, None, None)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(IndexLocked):
            index.writer(lock_timeout=0.1)
    assert ids(index) == ["1"]


def test_what_a_killed_writer_left_is_removed(index: searchkit.Index) -> None:
    """A segment file no commit lists goes when the next writer opens, and only then."""
    with index.writer() as writer:
        writer.add({"id": "1", "text": "kept"})
    orphan = index.path / "index" / "segments" / "00000000deadbeef.seg"
    orphan.write_bytes(b"half a segment")
    assert ids(index) == ["1"]
    assert orphan.exists()
    with index.writer():
        assert not orphan.exists()
    assert ids(index) == ["1"]


def test_a_full_disk_while_a_segment_is_written(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the cause, the last commit stays, and the same writer goes on once there is room."""
    with index.writer() as writer:
        writer.add({"id": "1", "text": "safe"})
        writer.commit()
        real = builder_module.write_segment

        def full(path: Path, *_: Any) -> None:
            path.write_bytes(b"part")
            raise DiskFull(path)

        monkeypatch.setattr(builder_module, "write_segment", full)
        writer.add({"id": "2", "text": "waits"})
        with pytest.raises(DiskFull, match="no space is left"):
            writer.commit()
        assert ids(index) == ["1"]
        assert len(files(index)) == 1
        monkeypatch.setattr(builder_module, "write_segment", real)
        writer.commit()
    assert ids(index) == ["1", "2"]


def test_a_segment_that_failed_at_its_end_is_written_whole(
    index: searchkit.Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was gathered is used up by the first try: postings, and what suggestions are made of."""
    with index.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr("searchkit.segment.writer.write_values", no_room)
            writer.add({"id": "1", "title": "Waiting rooms", "text": "waiting rooms"})
            with pytest.raises(DiskFull):
                writer.commit()
        writer.commit()
    assert index.search('"waiting rooms"').total == 1
    assert {found.text for found in index.suggest("waiting r")} >= {"waiting rooms"}


def no_room(path: Path, *_: Any) -> None:
    raise DiskFull(path)


def test_a_failed_catalog_commit_stops_the_writer(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it arrived is not known, so the writer refuses to go on; a new one stands at what did."""

    def failing(*_: Any) -> None:
        raise StorageError("catalog", "Input/output error")

    writer = index.writer()
    writer.add({"id": "1"})
    with monkeypatch.context() as patched:
        patched.setattr(Catalog, "commit", failing)
        with pytest.raises(StorageError, match="Input/output"):
            writer.commit()
    with pytest.raises(StorageError, match="whether it arrived"):
        writer.add({"id": "2"})
    writer.close()
    with index.writer() as writer:
        writer.add({"id": "3"})
    assert ids(index) == ["3"]


def test_marks_come_with_their_commit(index: searchkit.Index) -> None:
    """What is noted with a commit is there after it, and not after a rollback; other marks stay."""
    with index.writer() as writer:
        writer.commit({"pages": 7})
        writer.add({"id": "1"})
        writer.rollback()
    assert index.marks == {"pages": 7}
    with index.writer() as writer:
        writer.commit({"other": 1})
    assert index.marks == {"pages": 7, "other": 1}


def test_merges_keep_segments_few_and_files_no_more(index: searchkit.Index) -> None:
    """Forty commits: merged as they come due, replaced files removed, one left after merging all."""
    with index.writer() as writer:
        for number in range(40):
            writer.add({"id": str(number % 30), "text": f"word{number}"})
            writer.commit()
    assert index.stats()["segments"] <= 8 + 7
    assert len(files(index)) == index.stats()["segments"]
    index.merge()
    assert (index.stats()["segments"], index.stats()["deleted"], len(files(index))) == (1, 0, 1)
    with index.writer() as writer:
        for number in range(30):
            writer.delete(str(number))
    assert (len(index), files(index)) == (0, [])


@pytest.mark.parametrize("marks", [{"a": 1.5}, {"a": object()}, {"a": True}, {5: 1}, {"a": 1 << 80}, [("a", 1)], "a"])
def test_a_mark_that_cannot_be_kept_changes_nothing(index: searchkit.Index, marks: Any) -> None:
    """A typed error before anything is written; the writer goes on."""
    with index.writer() as writer:
        writer.add({"id": "1"})
        before = files(index)
        with pytest.raises(RequestError, match="mark"):
            writer.commit(marks)
        assert files(index) == before
        writer.commit({"a": -1})
    assert index.marks == {"a": -1}


def test_after_a_failed_sync_a_writer_stops(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not sync again and believe it; the last commit stays, and another writer goes on from there."""
    with index.writer() as writer:
        writer.add({"id": "1"})

    def fails(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with index.writer() as writer:
        writer.add({"id": "2"})
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fails)
            with pytest.raises(StorageError, match="Input/output"):
                writer.commit()
        for again in (writer.commit, writer.rollback, lambda: writer.add({"id": "3"})):
            with pytest.raises(StorageError, match="stopped"):
                again()
    assert ids(index) == ["1"]
    with index.writer() as writer:
        writer.add({"id": "4"})
    assert ids(index) == ["1", "4"]
    assert len(files(index)) == 2


def test_without_memory_a_writer_stops(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record half taken in is not committed: the error is ours, and the last commit stays."""
    with index.writer() as writer:
        writer.add({"id": "1"})

    def none_left(*_: Any) -> None:
        raise MemoryError

    with index.writer() as writer:
        with monkeypatch.context() as patched:
            patched.setattr(writer_module.Intake, "add", none_left)
            with pytest.raises(OutOfMemory, match="memory"):
                writer.add({"id": "2"})
        with pytest.raises(StorageError, match="stopped"):
            writer.commit()
    assert ids(index) == ["1"]


def test_what_was_not_committed_goes_at_once(index: searchkit.Index) -> None:
    """Segments of a writer that is left by an exception or closed are removed with it, not by the next."""
    with pytest.raises(KeyError), index.writer(memory=4_000_000) as writer:
        writer.add_many({"id": str(number), "text": words(1_000, number, 2_000)} for number in range(200))
        assert files(index)
        raise KeyError
    assert files(index) == []
    writer = index.writer(memory=4_000_000)
    writer.add_many({"id": str(number), "text": words(1_000, number, 2_000)} for number in range(200))
    assert files(index)
    writer.close()
    assert files(index) == []


def test_a_commit_on_an_older_state_is_refused(index: searchkit.Index) -> None:
    """If the catalog does not stand where the writer does, it is damaged; nothing is written over it."""
    with index.writer() as writer:
        writer.add({"id": "1"})
    catalog = Catalog(index.path)
    state, _ = catalog.load()
    catalog.commit(state, {})
    with pytest.raises(CatalogDamaged, match="generation"):
        catalog.commit(state, {})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_an_index_crosses_a_fork(index: searchkit.Index) -> None:
    """A child searches, holds what its parent held, opens anew and writes; the parent sees it."""
    with index.writer() as writer:
        writer.add({"id": "1", "text": "bread"})
    held = index.snapshot()
    assert [hit.id for hit in held.search("bread").hits] == ["1"]
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert [hit.id for hit in held.search("bread").hits] == ["1"]
            assert [hit.id for hit in index.search("bread").hits] == ["1"]
            with searchkit.open(index.path) as mine, mine.writer() as writer:
                writer.add({"id": "2", "text": "bread"})
            assert len(index) == 2
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert ids(index) == ["1", "2"]
    assert held.documents == 1


def test_an_error_of_a_source_is_the_sources(index: searchkit.Index) -> None:
    """What the records of `add_many` raise comes through as it is; what was added before is kept."""

    def records() -> Iterator[dict[str, str]]:
        yield {"id": "1"}
        raise FileNotFoundError("elsewhere")

    with index.writer() as writer:
        with pytest.raises(FileNotFoundError, match="elsewhere"):
            writer.add_many(records())
        writer.commit()
    assert ids(index) == ["1"]

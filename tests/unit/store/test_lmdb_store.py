"""A mutable store keeps what `write` acknowledged; a value file is what was written, or is not opened."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import Closed, DamageError, SearchkitError, StorageError
from searchkit.store import lmdb_store
from searchkit.store.lmdb_store import LmdbStore, Txn, ValueFile, spine, write_values


def put_all(items: dict[bytes, bytes], database: str = "") -> Any:
    def work(txn: Txn) -> None:
        for key, value in items.items():
            txn.put(key, value, database)

    return work


def test_written_is_read(tmp_path: Path) -> None:
    """Databases are separate; a missing key is None; deleting says whether there was something."""
    store = LmdbStore(tmp_path / "s.lmdb", databases=("one", "two"))
    store.write(put_all({b"k": b"1"}, "one"))
    with store.read() as txn:
        assert (txn.get(b"k", "one"), txn.get(b"k", "two"), txn.count("one")) == (b"1", None, 1)
    assert store.write(lambda txn: txn.delete(b"k", "one"))
    assert not store.write(lambda txn: txn.delete(b"k", "one"))


def test_an_exception_changes_nothing(tmp_path: Path) -> None:
    """Work that raises leaves the store as it was, and the exception comes through."""
    store = LmdbStore(tmp_path / "s.lmdb")

    def work(txn: Txn) -> None:
        txn.put(b"k", b"1")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        store.write(work)
    with store.read() as txn:
        assert txn.get(b"k") is None


def test_the_map_grows(tmp_path: Path) -> None:
    """A transaction larger than the map is done again in a larger one, once as far as anyone can see."""
    store = LmdbStore(tmp_path / "s.lmdb")
    store.write(put_all({number.to_bytes(4, "big"): bytes(1 << 20) for number in range(100)}))
    with store.read() as txn:
        assert txn.count() == 100


keys = st.binary(min_size=1, max_size=3)


@given(keys=st.sets(keys), prefix=st.binary(max_size=2), start=st.none() | keys)
def test_walks_are_sorted_slices(tmp_path_factory: Any, keys: set[bytes], prefix: bytes, start: bytes | None) -> None:
    """Walking either way gives just the keys a sorted list would, prefixes ending in 0xff included."""
    store = LmdbStore(tmp_path_factory.mktemp("walk") / "s.lmdb")
    store.write(put_all(dict.fromkeys(keys, b"")))
    wanted = sorted(key for key in keys if key.startswith(prefix))
    with store.read() as txn:
        forward = [key for key, _ in txn.items(prefix=prefix, start=start)]
        assert forward == [key for key in wanted if start is None or key >= start]
        if start is None or start.startswith(prefix):
            backward = [key for key, _ in txn.items(prefix=prefix, start=start, reverse=True)]
            assert backward == [key for key in reversed(wanted) if start is None or key <= start]


def test_two_stores_on_one_path_are_one(tmp_path: Path) -> None:
    """LMDB forbids opening a path twice in a process; we share it, and closing one leaves the other."""
    one, other = LmdbStore(tmp_path / "s.lmdb"), LmdbStore(tmp_path / "s.lmdb")
    one.write(put_all({b"k": b"1"}))
    one.close()
    with other.read() as txn:
        assert txn.get(b"k") == b"1"
    with pytest.raises(Closed), one.read():
        pass


def test_a_file_is_known_by_itself_and_not_by_its_name(tmp_path: Path) -> None:
    """A directory removed and made again, or moved, while stores on it are open: each store keeps its own file."""
    folder = tmp_path / "a"
    folder.mkdir()
    gone = LmdbStore(folder / "s.lmdb")
    gone.write(put_all({b"k": b"gone"}))
    shutil.rmtree(folder)
    folder.mkdir()
    fresh = LmdbStore(folder / "s.lmdb")
    fresh.write(put_all({b"k": b"fresh"}))
    folder.rename(tmp_path / "b")
    moved = LmdbStore(tmp_path / "b" / "s.lmdb", create=False)
    for store, value in ((gone, b"gone"), (fresh, b"fresh"), (moved, b"fresh")):
        with store.read() as txn:
            assert txn.get(b"k") == value


def test_opening_what_another_thread_is_about_to_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread interrupted between letting go of a file and closing it does not keep others from opening it."""
    closing, real = threading.Event(), lmdb_store._close

    def slowly(*arguments: Any) -> None:
        closing.set()
        time.sleep(0.1)
        real(*arguments)

    path = tmp_path / "s.lmdb"
    with monkeypatch.context() as patched:
        patched.setattr(lmdb_store, "_close", slowly)
        stores = [LmdbStore(path)]
    stores[0].write(put_all({b"k": b"1"}))
    thread = threading.Thread(target=stores.clear)
    thread.start()
    assert closing.wait(10)
    with LmdbStore(path).read() as txn:
        assert txn.get(b"k") == b"1"
    thread.join()


def test_a_foreign_file_is_named(tmp_path: Path) -> None:
    """Something that is not LMDB is a typed error with the path in it."""
    path = tmp_path / "s.lmdb"
    path.write_bytes(b"hello" * 5000)
    with pytest.raises(SearchkitError, match=r"s\.lmdb"):
        LmdbStore(path)


def _read_after_fork(store: LmdbStore, results: Any) -> None:
    try:
        with store.read():
            results.put("read")
    except StorageError as error:
        results.put(str(error))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_crossing_a_fork_is_refused(tmp_path: Path) -> None:
    """A child that uses its parent's environment gets an error that says so, not a corrupted file."""
    context = multiprocessing.get_context("fork")
    store, results = LmdbStore(tmp_path / "s.lmdb"), context.Queue()
    child = context.Process(target=_read_after_fork, args=(store, results))
    child.start()
    assert "forked" in results.get(timeout=30)
    child.join()


def test_values_in_place(tmp_path: Path) -> None:
    """Values of any size come back whole, and the spine notices a change of any page LMDB follows."""
    path = tmp_path / "v.seg"
    values = {"small": b"x" * 10, "page": b"y" * 5000, "large": bytes(range(256)) * 1000}
    write_values(path, values)
    size, check = spine(path)
    assert size == path.stat().st_size
    file = ValueFile(path)
    assert file.names() == sorted(values)
    assert {name: bytes(file.get(name)) for name in values} == values
    with pytest.raises(DamageError, match="no part 'other'"):
        file.get("other")
    data = bytearray(path.read_bytes())
    for page in range(3):
        broken = bytearray(data)
        broken[page * 4096 + 20] ^= 1
        (tmp_path / "b.seg").write_bytes(broken)
        assert spine(tmp_path / "b.seg")[1] != check

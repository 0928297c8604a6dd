"""A mutable store keeps what `write` acknowledged; a value file is what was written, or is not opened."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import Closed, DamageError, SearchkitError, StorageError
from searchkit.store import lmdb_store
from searchkit.store.lmdb_pages import spine
from searchkit.store.lmdb_store import LmdbStore, ValueFile, write_values
from searchkit.store.txn import Txn


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


READER = """import sys, time
from pathlib import Path
from searchkit.store.lmdb_store import LmdbStore
with LmdbStore(Path(sys.argv[1])).read() as txn:
    txn.get(b"k")
    print("reading", flush=True)
    time.sleep(600)
"""


def test_a_killed_reader_does_not_keep_space(tmp_path: Path) -> None:
    """What a process was reading when it was killed is used again, also by a writer that was there before it."""
    store = LmdbStore(tmp_path / "s.lmdb")
    store.write(put_all({b"k": bytes(20_000)}))
    with subprocess.Popen([sys.executable, "-c", READER, str(store.path)], stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"reading\n"
        reader.kill()
    for number in range(40):
        store.write(put_all({b"k": bytes([number]) * 20_000}))
    assert store.path.stat().st_size < 200_000  # 40 times 20,000 bytes if nothing is used again.


def _use_after_fork(store: LmdbStore, results: Any) -> None:
    try:
        with store.read() as txn:
            before = txn.get(b"k")
        store.write(put_all({b"k": b"child"}))
        results.put(before)
    except SearchkitError as error:
        results.put(error)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_opens_its_own(tmp_path: Path) -> None:
    """A child reads and writes, while threads of its parent do; the parent keeps its places in the table of readers."""
    context = multiprocessing.get_context("fork")
    store, results = LmdbStore(tmp_path / "s.lmdb"), context.Queue()
    store.write(put_all({b"k": b"parent"}))
    done = threading.Event()
    wrong: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                with store.read() as txn:
                    assert txn.get(b"k") in (b"parent", b"child")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        child = context.Process(target=_use_after_fork, args=(store, results))
        child.start()
        assert results.get(timeout=30) in (b"parent", b"child")
        child.join()
        with store.read() as txn:
            assert txn.get(b"k") == b"child"
            environment = store._environment
            assert environment is not None
            assert str(os.getpid()) in environment.lmdb.readers()
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_map_grows_while_others_read(tmp_path: Path) -> None:
    """Another process makes the file larger than our map, while threads of ours read: none of them notices."""
    store = LmdbStore(tmp_path / "s.lmdb")
    store.write(put_all({b"k": b"1"}))
    program = (
        "import sys; from pathlib import Path; from searchkit.store.lmdb_store import LmdbStore\n"
        "store = LmdbStore(Path(sys.argv[1]))\n"
        "for part in range(20):\n"
        "    store.write(lambda t: [t.put(b'%d %d' % (part, n), bytes(1 << 20)) for n in range(8)])\n"
    )
    wrong: list[BaseException] = []
    child = subprocess.Popen([sys.executable, "-c", program, str(store.path)])

    def read() -> None:
        try:
            while child.poll() is None:
                with store.read() as txn:
                    assert sum(len(value) for _, value in txn.items(prefix=b"k")) == 1
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert child.wait() == 0
    assert not wrong
    with store.read() as txn:
        assert txn.count() == 161


def test_growing_within_a_read_is_refused(tmp_path: Path) -> None:
    """A thread that reads cannot wait for itself: it is told, and nothing is lost."""
    store = LmdbStore(tmp_path / "s.lmdb")
    with store.read(), pytest.raises(StorageError, match="grown"):
        store.write(put_all({number.to_bytes(4, "big"): bytes(1 << 20) for number in range(100)}))
    store.write(put_all({b"k": b"1"}))


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("meta", [0, 1])
def test_a_flipped_transaction_number_is_noticed(tmp_path: Path, meta: int, bit: int) -> None:
    """Neither meta page can name another transaction than its own: an older commit does not pass for the newest."""
    path = tmp_path / "s.lmdb"
    store = LmdbStore(path)
    for number in range(9):
        store.write(put_all({b"k": b"%d" % number}))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * meta + 144] ^= 1 << bit
    copy = tmp_path / "copy.lmdb"
    copy.write_bytes(data)
    with pytest.raises(DamageError, match=r"copy\.lmdb"):
        LmdbStore(copy)


def test_every_byte_of_a_small_store(tmp_path: Path) -> None:
    """Whatever byte of the pages that LMDB walks is wrong, the file is refused, or reads as it should."""
    path = tmp_path / "s.lmdb"
    store = LmdbStore(path, databases=("one", "two"))
    for number in range(30):
        store.write(put_all({b"%d" % n: bytes(50 * number) for n in range(number)}, "one"))
        store.write(put_all({b"key %d" % number: b"value"}, "two"))
    with store.read() as txn:
        names = {name: [key for key, _ in txn.items(name)] for name in ("one", "two")}
    store.close()
    data = path.read_bytes()
    draw = random.Random(5)
    refused = 0
    for trial in range(400):
        broken = bytearray(data)
        at = draw.randrange(len(data)) if trial % 4 else draw.randrange(len(data) // 4096) * 4096 + draw.randrange(64)
        broken[at] ^= 1 << draw.randrange(8)
        copy = tmp_path / f"copy{trial}.lmdb"
        copy.write_bytes(broken)
        try:
            other = LmdbStore(copy, databases=("one", "two"))
        except DamageError as error:
            assert copy.name in str(error)
            refused += 1
            continue
        with other.read() as txn:
            for name, keys in names.items():
                # A key that is another one now is what frames notice: they hold a checksum of it.
                assert len([key for key, _ in txn.items(name)]) == len(keys)
    assert refused > 20


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


def test_a_store_whose_commit_failed_is_mended_and_opened_anew(tmp_path: Path) -> None:
    """LMDB leaves the new tree under the old number if it cannot write a meta page: that is put back, and reading goes on."""
    path = tmp_path / "s.lmdb"
    store, other = LmdbStore(path), LmdbStore(path)
    for number in range(4):
        store.write(put_all({b"k": b"%d" % number}))
    environment = store._environment
    assert environment is not None
    before = environment.meta_pages()

    def work(txn: Txn) -> None:
        txn.put(b"k", b"lost")
        mixed = bytearray(before[0])
        mixed[88:136] = before[1][88:136]  # The root of another tree, under this number.
        with path.open("r+b") as file:
            file.write(mixed)
        raise StorageError(path, "the commit failed")

    with pytest.raises(StorageError, match="failed"):
        store.write(work)
    assert environment.closed
    for opened in (store, other, LmdbStore(path)):
        with opened.read() as txn:
            assert txn.get(b"k") == b"3"
    store.write(put_all({b"k": b"4"}))
    with other.read() as txn:
        assert txn.get(b"k") == b"4"

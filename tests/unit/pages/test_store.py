"""The page store: what it keeps, what it says, and that damage is noticed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import lmdb
import pytest

from searchkit.errors import DamageError, FormatUnsupported, IndexMissing, PageStoreDamaged
from searchkit.pages.records import Gone, PageRecord, Reason, State
from searchkit.pages.store import FILE_NAME, PageStore
from searchkit.pages.transaction import DATABASES, url_key
from searchkit.store.lmdb_pages import COMMIT_KEY, commit_record


def page(url: str, text: str = "", links: tuple[tuple[str, str], ...] = ()) -> PageRecord:
    """A page with words of its own."""
    return PageRecord(
        url,
        f"Title of {url}",
        text or f"Words of {url}",
        "en",
        "2026-01-02T03:04:05+00:00",
        hashlib.sha256(f"{url} {text}".encode()).hexdigest()[:32],
        1,
        links,
    )


def put(store: PageStore, *pages: PageRecord) -> None:
    """Keep pages, each in a transaction of its own."""
    for one in pages:
        store.write(lambda txn, one=one: (txn.discover(one.url, depth=one.depth), txn.put_page(one, etag="e")))


@pytest.fixture
def store(tmp_path):
    with PageStore.create(tmp_path / "site") as opened:
        yield opened


def test_a_page_comes_back_as_a_document(store):
    """Text, title and times survive; the id is the address; anchors are the texts of links to it."""
    put(
        store,
        page("http://a/"),
        page("http://b/", "", (("http://a/", "see a"), ("http://c/", "c"))),
        page("http://d/", "", (("http://a/", "see a"),)),
    )
    document = store.get("http://a/").to_document()
    assert document == {
        "id": "http://a/",
        "url": "http://a/",
        "title": "Title of http://a/",
        "text": "Words of http://a/",
        "anchors": "see a",
        "language": "en",
        "last_crawled": "2026-01-02T03:04:05+00:00",
    }
    assert store.get("http://nowhere/") is None


def test_changes_are_numbered_and_each_document_has_its_last(store):
    """A new page, other words, another link to it, and its end are changes; the same page again is none."""
    put(store, page("http://a/"), page("http://b/"))
    mark = store.last_change
    put(store, page("http://a/"))
    assert list(store.changed_since(mark)) == []
    put(store, page("http://b/", "other words", (("http://a/", "a"),)))
    assert [found.url for _, found in store.changed_since(mark)] == ["http://b/", "http://a/"]
    mark = store.last_change
    store.write(lambda txn: txn.skip("http://b/", State.SKIPPED, Reason.HTTP_ERROR, "404"))
    changes = [found for _, found in store.changed_since(mark)]
    assert changes[-1] == Gone("http://b/")
    assert changes[0].anchors == ()


def test_a_long_address_is_kept_under_a_short_key(store):
    """LMDB's keys end at 511 bytes; addresses need not."""
    long = "http://a/" + "x" * 1_500
    longer = long + "y"
    put(store, page(long), page(longer))
    assert len(url_key(long)) < 511
    assert url_key(long) != url_key(longer)
    assert store.get(long).url == long
    assert {found.url for found in store.pages()} == {long, longer}


def test_walks_are_complete_beyond_one_batch(store):
    """Several hundred addresses and changes come in full, each once."""
    store.write(
        lambda txn: [(txn.discover(f"http://a/{n}", depth=0), txn.put_page(page(f"http://a/{n}"))) for n in range(700)]
    )
    assert len(list(store.urls())) == len(list(store.pages())) == len(store) == 700
    assert store.check() == []


def test_a_queue_gives_the_nearest_first(store):
    """Places are ordered by depth, then by arrival; a nearer finding moves one forward, a failure to the end of its depth."""

    def add(txn):
        for name, depth in (("deep", 3), ("one", 1), ("two", 1), ("late", 2)):
            txn.discover(f"http://a/{name}", depth=depth)

    def names():
        return [entry.url.rpartition("/")[2] for entry in store.read(lambda txn: txn.waiting("a", 9))]

    store.write(add)
    assert names() == ["one", "two", "late", "deep"]
    store.write(lambda txn: txn.discover("http://a/deep", depth=1))
    assert names() == ["one", "two", "deep", "late"]
    store.write(lambda txn: txn.retry(txn.waiting("a", 1)[0], not_before=12.5))
    assert names() == ["two", "deep", "one", "late"]
    assert store.read(lambda txn: txn.host("a"))["not_before"] == 12.5
    assert store.check() == []


def test_a_failed_canonical_gives_its_page_back(store):
    """A page that named another as canonical stands for itself if that one cannot be had."""
    store.write(lambda txn: txn.discover("http://a/x", depth=0))
    store.write(
        lambda txn: (
            txn.discover("http://a/c", depth=0, fallback="http://a/x"),
            txn.alias("http://a/x", "http://a/c", Reason.CANONICAL),
        )
    )
    store.write(lambda txn: txn.skip("http://a/c", State.SKIPPED, Reason.HTTP_ERROR, "404"))
    waiting = store.read(lambda txn: txn.waiting("a", 9))
    assert [(entry.url, entry.keep) for entry in waiting] == [("http://a/x", True)]


def test_missing_and_foreign_stores(tmp_path):
    """No store, another format and another kind of file are three errors."""
    with pytest.raises(IndexMissing):
        PageStore.open(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"not an LMDB file" * 1_000)
    with pytest.raises(DamageError):
        PageStore.open(tmp_path)
    with PageStore.create(tmp_path / "site") as made:
        made.write(lambda txn: txn.state.update(format=99))
    with pytest.raises(FormatUnsupported):
        PageStore.open(tmp_path / "site")


def test_a_flipped_bit_is_damage_not_an_absent_page(tmp_path):
    """Every value is behind a checksum: reading a changed one raises, and `check` names it."""
    directory = tmp_path / "site"
    with PageStore.create(directory) as made:
        put(made, page("http://a/"))
    _flip(directory, "pages", b"http://a/")
    with PageStore.open(directory) as opened:
        with pytest.raises(PageStoreDamaged, match="http://a/"):
            opened.get("http://a/")
        assert len(opened.check()) == 1


@pytest.mark.parametrize("database", DATABASES)
def test_check_reads_every_record(tmp_path, database):
    """Texts of links, hosts and digests are records, too: one bit of any of them is found."""
    directory = tmp_path / "site"
    with PageStore.create(directory) as made:
        put(made, page("http://a/", links=(("http://a/b", "a link"),)))
        made.write(lambda txn: txn.discover("http://a/c", depth=1))
        assert made.check() == []
    environment = lmdb.open(str(directory / FILE_NAME), subdir=False, max_dbs=16)
    with environment.begin() as txn:
        keys = [bytes(key) for key, _ in txn.cursor(db=environment.open_db(database.encode(), txn, create=False))]
    environment.close()
    assert keys
    for key in keys:
        damaged = tmp_path / f"damaged{keys.index(key)}"
        shutil.copytree(directory, damaged)
        _flip(damaged, database, key)
        try:
            with PageStore.open(damaged) as opened:
                said = opened.check()
        except PageStoreDamaged as error:
            said = [str(error)]
        assert len(said) == 1
        assert str(damaged / FILE_NAME) in said[0]


def _flip(directory: Path, database: str, key: bytes) -> None:
    """Change one bit of a value, past the store's own door."""
    environment = lmdb.open(str(directory / FILE_NAME), subdir=False, max_dbs=16)
    handle = environment.open_db(database.encode(), create=False)
    with environment.begin(write=True) as txn:
        value = bytearray(txn.get(key, db=handle))
        value[len(value) // 2] ^= 1
        txn.put(key, bytes(value), db=handle)
        txn.put(COMMIT_KEY, commit_record(txn.id()))
    environment.close()

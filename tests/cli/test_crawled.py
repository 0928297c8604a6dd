"""`searchkit index DIR` without a source: the crawled pages that changed, once each, whatever happened in between."""

from __future__ import annotations

import json

import pytest

from searchkit.pages.records import PageRecord, Reason, State
from searchkit.pages.store import PageStore
from tests.docs.commands import searchkit


def page(name, text, language="en"):
    """A page as the crawler keeps it."""
    return PageRecord(
        f"https://example.org/{name}",
        name.title(),
        text,
        language=language,
        last_crawled="2026-01-02T03:04:05Z",
        digest=f"{name}{text}",
    )


def keep(where, *pages):
    """Put pages into the page store, one transaction each, as a crawl does."""
    with PageStore.create(where) as store:
        for one in pages:
            store.write(
                lambda txn, one=one: (
                    txn.discover(one.url, depth=0) if txn.url(one.url) is None else None,
                    txn.put_page(one),
                )
            )


def lose(where, name):
    """A page that is gone from its site."""
    with PageStore.open(where) as store:
        store.write(lambda txn: txn.skip(f"https://example.org/{name}", State.SKIPPED, Reason.HTTP_ERROR, "410"))


def index(where, *arguments):
    """Index what changed; the last event."""
    done = searchkit("index", where, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def there(where):
    """Titles and texts by address."""
    return {
        r["id"].rpartition("/")[2]: r["text"] for r in map(json.loads, searchkit("export", where).stdout.splitlines())
    }


@pytest.fixture
def site(tmp_path):
    """A collection with three crawled pages."""
    keep(tmp_path / "site", page("rye", "Rye bread."), page("oven", "A hot oven."), page("knife", "A sharp knife."))
    return tmp_path / "site"


def test_every_page_is_indexed_once(site):
    """First all pages; then, with nothing changed, nothing at all."""
    first = index(site)
    assert (first["records"], first["added"]) == (3, 3)
    assert there(site) == {"rye": "Rye bread.", "oven": "A hot oven.", "knife": "A sharp knife."}
    again = index(site)
    assert (again["records"], again["added"], again["updated"]) == (0, 0, 0)
    assert again["generation"] in (0, first["generation"])


def test_changes_new_pages_and_lost_pages_follow(site):
    """A changed page is updated, a new one added, a lost one deleted, the others not even read."""
    index(site)
    keep(site, page("oven", "A cold oven."), page("stone", "A round stone."), page("rye", "Rye bread."))
    lose(site, "knife")
    last = index(site)
    assert (last["added"], last["updated"], last["deleted"], last["records"]) == (1, 1, 1, 2)
    assert there(site) == {"rye": "Rye bread.", "oven": "A cold oven.", "stone": "A round stone."}
    hits = json.loads(searchkit("query", site, "oven", "--json").stdout)["hits"]
    assert hits[0]["last_crawled"] == "2026-01-02T03:04:05Z"


def test_batches_and_a_start_from_nothing_come_to_the_same(site):
    """One page a commit, or an index made anew: the same documents."""
    one_by_one = searchkit("index", site, "--json", "--batch", "1")
    events = [json.loads(line) for line in one_by_one.stdout.splitlines()]
    assert [event["records"] for event in events if event["event"] == "commit"] == [1, 2, 3]
    before = there(site)
    for file in sorted((site / "index").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    (site / "index").rmdir()
    assert index(site)["added"] == 3
    assert there(site) == before


def test_the_language_is_recognised_from_the_pages(tmp_path):
    """With --language auto what the pages are written in decides."""
    keep(
        tmp_path / "site",
        *(
            page(
                f"seite{n}",
                f"Die Häuser und Gärten der kleinen Stadt liegen am Fluss, und die Kinder spielen auf der Wiese {n}.",
                language="de",
            )
            for n in range(5)
        ),
    )
    index(tmp_path / "site", "--language", "auto")
    assert json.loads(searchkit("stats", tmp_path / "site", "--json").stdout)["language"] == "de"
    assert json.loads(searchkit("query", tmp_path / "site", "Garten", "--json").stdout)["total"] == 5


def test_where_nothing_was_crawled(tmp_path):
    """Without a page store and without a source there is nothing to do, and the message says what to type."""
    done = searchkit("index", tmp_path / "site")
    assert done.returncode == 2
    assert b"searchkit crawl" in done.stderr
    assert not (tmp_path / "site").exists()


def test_check_looks_at_the_pages_too(site):
    """A damaged page store is found by `check`, while a sound one passes."""
    index(site)
    assert searchkit("check", site).returncode == 0
    content = bytearray((site / "pages.lmdb").read_bytes())
    at = content.find(b'https://example.org/rye","Rye')
    assert at > 0
    content[at + 10] ^= 1
    (site / "pages.lmdb").write_bytes(bytes(content))
    done = searchkit("check", site, "--json")
    assert done.returncode == 1, done.stderr
    assert any("pages.lmdb" in finding for finding in json.loads(done.stdout)["findings"])

"""Any history of a page store keeps its facts, and whoever follows its changes has its pages."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from searchkit.pages.records import Gone, PageRecord, Reason, State
from searchkit.pages.store import PageStore
from searchkit.pages.transaction import PageTxn

URLS = [f"http://{host}/{name}" for host in ("a", "b.example:81") for name in ("", "x", "yy")]
CONTENTS = ["one", "two", ""]
TEXTS = ["here", "there"]

url = st.sampled_from(URLS)
links = st.dictionaries(url, st.sampled_from(TEXTS), max_size=3).map(lambda found: tuple(found.items()))
step = st.one_of(
    st.tuples(st.just("discover"), url, st.integers(0, 3), st.sampled_from([None, Reason.TOO_DEEP, Reason.NOFOLLOW])),
    st.tuples(st.just("page"), url, st.sampled_from(CONTENTS), links),
    st.tuples(st.just("alias"), url, url),
    st.tuples(st.just("skip"), url, st.sampled_from([State.SKIPPED, State.FAILED])),
    st.tuples(st.just("confirm"), url),
    st.tuples(st.just("again"), url),
    st.tuples(st.just("retry"), url),
)


def act(txn: PageTxn, what: tuple[Any, ...]) -> None:
    """Do one step, if the crawl could: outcomes are of addresses that are known."""
    name, address, *rest = what
    if name == "discover":
        txn.discover(address, depth=rest[0], reason=rest[1])
        return
    if txn.url(address) is None:
        txn.discover(address, depth=0)
    record = txn.url(address)
    assert record is not None
    if name == "page":
        page = PageRecord(address, f"T {rest[0]}", rest[0], "en", "now", rest[0] and f"digest {rest[0]}", 0, rest[1])
        txn.put_page(page, etag="e")
    elif name == "alias" and rest[0] != address:
        target = txn.url(rest[0])
        if target is None:
            txn.discover(rest[0], depth=0, fallback=address)
        if target is None or target.state in (State.NEW, State.PAGE):
            txn.alias(address, rest[0], Reason.CANONICAL)
    elif name == "skip":
        txn.skip(address, rest[0], Reason.HTTP_ERROR, "a reason")
    elif name == "confirm" and record.state is State.PAGE:
        txn.confirm(address, checked="later")
    elif name == "again":
        txn.again(address)
    elif name == "retry" and record.entry:
        entry = next(entry for entry in txn.waiting(address.split("/")[2], 99) if entry.url == address)
        txn.retry(entry)


@given(st.lists(st.lists(step, max_size=4), max_size=12))
def test_any_history_is_sound_and_can_be_followed(history):
    """After every transaction the facts hold, and a follower of changes sees the pages a reader sees."""
    with tempfile.TemporaryDirectory() as folder, PageStore.create(Path(folder)) as store:
        followed: dict[str, dict[str, Any]] = {}
        mark = 0
        for steps in history:
            store.write(lambda txn, steps=steps: [act(txn, one) for one in steps])
            assert store.check() == []
            for number, page in store.changed_since(mark):
                assert number > mark
                mark = number
                if isinstance(page, Gone):
                    followed.pop(page.url, None)
                else:
                    followed[page.url] = page.to_document()
            assert followed == {page.url: page.to_document() for page in store.pages()}
            contents = [page.digest for page in store.pages() if page.digest]
            assert len(contents) == len(set(contents))


@given(
    st.lists(st.tuples(url, st.sampled_from(["one", "two"])), min_size=1, max_size=8, unique_by=lambda pair: pair[0]),
    st.randoms(),
)
def test_which_copy_is_kept_does_not_depend_on_the_order(pages, chance):
    """Of several addresses with one content the shortest is kept, whatever came first."""
    shuffled = list(pages)
    chance.shuffle(shuffled)
    kept = []
    for order in (pages, shuffled):
        with tempfile.TemporaryDirectory() as folder, PageStore.create(Path(folder)) as store:
            for address, content in order:
                store.write(lambda txn, what=("page", address, content, ()): act(txn, what))
            kept.append({page.url for page in store.pages()})
    assert kept[0] == kept[1]

"""What children of a forge do. Each prints JSON lines: what is acknowledged, what was found, or a typed error."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import io
import itertools
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import searchkit
from crawler.journal import Journal
from searchkit.errors import SearchkitError
from searchkit.index import parallel
from searchkit.index import writer as index_writer
from searchkit.index.catalog import Catalog
from searchkit.index.examine import examine_segments
from searchkit.index.querylog import QueryLog
from searchkit.pages.records import PageRecord, Reason
from searchkit.pages.store import PageStore
from tests.faults import story
from tests.faults.forge import mark

VOCABULARY = [f"word{number}" for number in range(20_000)]
WEIGHTS = list(itertools.accumulate(1 / (number + 1) for number in range(20_000)))
"""Sums of how often each word is drawn, so that the commonest is in every tenth place."""
QUERIES = ("river bread", '"stone oven"', "wat* -salt", "version1 version2 version3", "+index +letter")


def tell(**facts: Any) -> None:
    """A line, on its way before anything else happens."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _error(error: SearchkitError) -> None:
    tell(error=type(error).__name__, message=str(error), hint=error.hint)


def warm() -> None:
    """Do a little of everything, so that what a process loads on its way is loaded; closes all it opens."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        live(f"{scratch}/site", 1, 0, 4)
        crawl(f"{scratch}/site", 1, 0, 4)
        answer(f"{scratch}/site", pages=True)
        sound(f"{scratch}/site")
        importlib.import_module("cli.check")
        importlib.import_module("cli.delete")
        importlib.import_module("cli.merge")
    gc.collect()


# --- an index -------------------------------------------------------------------------------------------


def live(directory: str, seed: int, first: int, end: int, size: int = 25, merging: bool = True, jobs: int = 1) -> None:
    """Do the steps `first` to `end` of a story, each a commit, acknowledged when it returns."""
    if jobs > 1:  # Small stretches, so that some segments of a commit are built at the same time.
        index_writer.BATCH_CHARACTERS, parallel.STRETCH_CHARACTERS_MIN = 800, 1
    try:
        with searchkit.create(directory, exist_ok=True) as index, index.writer(jobs=jobs) as writer:
            told = story.steps(seed, end, size)
            for number in range(first, end):
                mark(f"begin {number + 1}")
                step = told[number]
                for id in step.delete:
                    writer.delete(id)
                writer.add_many({"id": id, "text": text} for id, text in step.put.items())
                writer.commit()
                mark(f"done {number + 1}")
                tell(done=number + 1)
                if step.merge and merging:
                    writer.merge_all()
    except SearchkitError as error:
        _error(error)


def merge(directory: str) -> None:
    """Merge everything."""
    try:
        with searchkit.open(directory) as index:
            index.merge()
        tell(done=True)
    except SearchkitError as error:
        _error(error)


def grow(directory: str, documents: int, again: int = 0) -> None:
    """Many documents in some commits; with `again`, replace some of them."""
    draw = random.Random(again)
    with searchkit.create(directory, exist_ok=True) as index, index.writer() as writer:
        for start in range(0, documents, 20_000):
            numbers = range(start, min(start + 20_000, documents), 1 if not again else 7)
            writer.add_many(
                {"id": str(n), "text": " ".join(draw.choices(VOCABULARY, cum_weights=WEIGHTS, k=40))} for n in numbers
            )
            writer.commit()
        tell(documents=len(index))


def reopen(directory: str) -> None:
    """Open, ask and read."""
    with searchkit.open(directory) as index:
        found = index.search("word1 word20").hits
        tell(documents=len(index), first=found[0].id, snippet=str(found[0].snippet))


def rewrite(directory: str) -> None:
    """Open a writer and change a document."""
    with searchkit.open(directory) as index, index.writer() as writer:
        writer.add({"id": "1", "text": "changed"})
        writer.commit()
        tell(documents=len(index))


def look(directory: str) -> None:
    """What is in an index: ids and texts, or the error."""
    try:
        with searchkit.open(directory) as index:
            records = list(index.export())
            answers = [[(hit.id, hit.score) for hit in index.search(query, limit=20).hits] for query in QUERIES]
            tell(state=[[record["id"], record["text"]] for record in records], answers=answers)
    except SearchkitError as error:
        _error(error)


def sound(directory: str) -> None:
    """Open a writer (which tidies up), and see that all is well: findings, and files nobody needs."""
    try:
        with searchkit.create(directory, exist_ok=True) as index:
            index.writer().close()
            catalog = Catalog(Path(directory))
            found = examine_segments(catalog)
            listed = {entry.id for entry in catalog.load()[0].segments}
            stray = [path.name for path in catalog.segment_path("x").parent.iterdir() if path.stem not in listed]
            tell(findings=found.findings, stray=stray, documents=len(index))
    except SearchkitError as error:
        _error(error)


def count_queries(directory: str) -> None:
    """Turn the query log on, and count some queries."""
    log = QueryLog(Path(directory))
    log.enable()
    for times, query in enumerate(QUERIES, 1):
        log.note(query, times)
    log.close()
    tell(done=True)


def answer(directory: str, pages: bool) -> None:
    """Everything a reader can see of an index, and of its page store and its query log."""
    if pages:
        try:
            tell(queries=QueryLog(Path(directory)).counts())  # Before anything is asked, and counted.
        except SearchkitError as error:
            _error(error)
    look(directory)
    if pages:
        look_at_pages(directory)


# --- a page store ---------------------------------------------------------------------------------------


def crawl(directory: str, seed: int, first: int, end: int, at_once: int = 2) -> None:
    """Keep the pages `first` to `end` of a story, as a crawl does: through its journal, some at a time."""
    try:
        with PageStore.create(Path(directory)) as store:
            store.lock(5)
            asyncio.run(_crawl(store, story.pages(seed, end)[first:], first, at_once))
    except SearchkitError as error:
        _error(error)


async def _crawl(store: PageStore, made: list[dict[str, Any]], first: int, at_once: int) -> None:
    journal = Journal(store, lambda _host: None)
    try:
        for start in range(0, len(made), at_once):
            batch = made[start : start + at_once]
            mark(f"begin {first + start + len(batch)}")
            await asyncio.gather(*(journal.commit(_step(page)) for page in batch))
            mark(f"done {first + start + len(batch)}")
            tell(done=first + start + len(batch))
    finally:
        await journal.close()


def _step(page: dict[str, Any]) -> Any:
    def step(txn: Any) -> None:
        txn.discover(page["url"], depth=0)
        txn.put_page(
            PageRecord(page["url"], page["title"], page["text"], links=tuple((u, "a link") for u in page["links"]))
        )
        for url in page["links"]:
            txn.discover(url, depth=1, found_on=page["url"])
        txn.discover(page["url"] + "/private", depth=1, reason=Reason.ROBOTS)

    return step


def look_at_pages(directory: str) -> None:
    """What is in a page store, or the error."""
    try:
        with PageStore.open(Path(directory)) as store:
            pages = [[page.url, page.title, page.text] for page in store.pages()]
            urls = [[record.url, str(record.state), record.change] for record in store.urls()]
            tell(pages=sorted(pages), urls=urls, findings=store.check())
    except SearchkitError as error:
        _error(error)

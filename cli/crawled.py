"""The crawled pages that changed since they were last indexed: what `searchkit index DIR` does without a source.

How far the page store has been read is kept in the index's own commit, so the two can never disagree: a kill between
two commits only means reading some changes again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.indexing import SAMPLE_RECORDS, open_or_create, recognise
from searchkit.errors import SourceError
from searchkit.pages.records import Gone, PageRecord
from searchkit.pages.store import PageStore

if TYPE_CHECKING:
    from cli.indexing import Run
    from searchkit import Writer

MARK = "pages"
"""Name under which an index keeps the number of the last change it has seen."""
STORE_MARK = "pages-store"
"""Name under which it keeps of which page store that is."""


def index_crawled(run: Run, directory: Path, language: str | None) -> None:
    """Index the pages that changed, delete those that are gone, and remember how far that went.

    Raises
    ------
    SourceError
        If nothing was ever crawled into this directory.
    """
    if not PageStore.exists(directory):
        raise SourceError(
            str(directory),
            "there are no crawled pages here",
            hint="Crawl first with `searchkit crawl DIR URL`, or name a source: `searchkit index DIR pages.jsonl`.",
        )
    with PageStore.open(directory) as pages, run.stop:
        if language == "auto":
            sample = itertools.islice(pages.pages(), SAMPLE_RECORDS)
            language = recognise(page.to_document() for page in sample)
            run.terminal.note(f"recognised language: {language}")
        with open_or_create(directory, language) as index, index.writer(jobs=run.jobs) as writer:
            marks, store = index.marks, pages.id
            # Another store's numbers say nothing of this one: then everything is looked at once more.
            since = marks.get(MARK, 0) if marks.get(STORE_MARK) == store else 0
            changes = pages.changed_since(since)
            waiting = max(pages.last_change - since, 0)
            with run.terminal.progress("indexing", min(waiting, len(pages)) or None, "pages") as show:
                while batch := list(itertools.islice(changes, run.batch)):
                    since = _add(run, writer, batch, since, show)
                    run.commit(writer, {MARK: since, STORE_MARK: store})
                    if run.stop.wanted:
                        break
    run.finish(directory)


def _add(run: Run, writer: Writer, batch: list[tuple[int, PageRecord | Gone]], since: int, show: Any) -> int:
    """Add one batch of changes; the number of the last one dealt with."""

    def records() -> Iterator[dict[str, Any]]:
        nonlocal since
        for change, page in batch:
            if run.stop.wanted:
                return
            if isinstance(page, Gone):
                writer.delete(page.url)
            else:
                run.where, run.records = page.url, run.records + 1
                yield page.to_document()
            since = change
            show(run.records, f"{run.records:,} pages")

    run.add(writer, records())
    return since

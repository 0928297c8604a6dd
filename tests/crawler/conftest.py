"""A site on loopback, and a crawl of it with no politeness to wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.job import CrawlJob, CrawlReport
from crawler.run import run
from searchkit.pages.store import PageStore
from tests.crawler.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty site; a test fills `site.routes`."""
    with Site() as running:
        yield running


@pytest.fixture
def crawl(tmp_path: Path) -> Callable[..., CrawlReport]:
    """Crawl a site into one collection, and look that the store is sound afterwards."""

    def go(site: Site, *paths: str, **options: Any) -> CrawlReport:
        job = {
            "seeds": tuple(site.url(path) for path in paths or ("/",)),
            "delay_s": 0.0,
            "backoff_s": 0.02,
            "allow_private": frozenset({site.pair}),
            **options,
        }
        on_event = job.pop("on_event", None)
        report = run(CrawlJob(tmp_path / "site", **job), on_event)
        with PageStore.open(tmp_path / "site") as store:
            assert store.check() == []
        assert report.problems == ()
        return report

    return go


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Callable[[], PageStore]]:
    """Open what `crawl` left."""
    opened: list[PageStore] = []

    def open_it() -> PageStore:
        opened.append(PageStore.open(tmp_path / "site"))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()

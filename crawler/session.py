"""What the parts of one running crawl share. Scrapy makes its components itself; each finds this on the spider."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from crawler.frontier import Frontier
from crawler.job import CrawlJob
from crawler.journal import Journal
from crawler.parsing import ParserPool
from crawler.settle import Settled, Step
from crawler.urls import Rules
from searchkit.pages.records import Entry
from searchkit.pages.store import PageStore

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def session_of(crawler: Crawler) -> Session:
    """The running crawl that a component of Scrapy belongs to."""
    return cast("Session", cast("Any", crawler.spider).session)


OnEvent = Callable[[dict[str, Any]], None]


class Archive(Protocol):
    """Something that keeps answers as they came (`warc.py`)."""

    def write(self, url: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Keep one answer."""

    def close(self) -> None:
        """Finish the file."""


@dataclass(slots=True)
class Session:
    """One running crawl. Lives in one event loop."""

    job: CrawlJob
    store: PageStore
    rules: Rules
    frontier: Frontier
    journal: Journal
    parser: ParserPool
    on_event: OnEvent
    archive: Archive | None = None
    stop: Callable[[], None] = lambda: None
    """Ends the crawl after what is under way; set when it runs."""
    fetched: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    requests: int = 0
    problems: list[str] = field(default_factory=list)
    failure: BaseException | None = None
    """Why the crawl cannot go on, if so."""
    interrupted: bool = False
    started: float = field(default_factory=time.monotonic)

    async def settle(self, entry: Entry, step: Step) -> None:
        """Commit the outcome of an entry, then tell it."""
        try:
            settled = await self.journal.commit(step)
        except Exception as error:  # told by `run`, from the thread that called it
            self.abort(error)
            return
        self.frontier.settled(entry, pages=settled.pages)
        self._count(settled)
        try:
            self.on_event(settled.event)
        except Exception as error:  # a pipe that closed, mostly: whoever listened is gone
            self.abort(error)

    def abort(self, failure: BaseException) -> None:
        """End the crawl because of a failure that `run` will raise."""
        if self.failure is None:
            self.failure = failure
        self.frontier.stopping = True
        asyncio.get_running_loop().call_soon(self.stop)

    def _count(self, settled: Settled) -> None:
        if settled.event["event"] == "page":
            self.fetched += 1
            self.changed += settled.event["change"] is not None
            self.unchanged += settled.event["change"] is None
        self.removed += settled.removed
        if settled.moved_seed:
            self.rules = self.rules.with_seed(settled.moved_seed)

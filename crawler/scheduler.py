"""The frontier as Scrapy's scheduler and duplicate filter.

Scrapy asks for the next request whenever it has room; the frontier answers, or says when to ask again. Seen
addresses are the store's business, so Scrapy's duplicate filter has nothing left to do. What this module
does not know: how entries are chosen.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.download import ROBOTS
from crawler.outcomes import retry_after_s
from crawler.session import session_of
from crawler.settle import RETRY_AFTER_S_MAX
from searchkit.pages.urls import host_of

ENTRY = "searchkit_entry"
"""Request meta key: the frontier's entry."""


class FrontierScheduler(BaseScheduler):
    """Hands out requests; holds none."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._session = session_of(crawler)
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FrontierScheduler:
        """Made by Scrapy."""
        return cls(crawler)

    def open(self, spider: Any) -> None:
        """Learn when hosts are free again, and what throttling asks."""
        self._session.frontier.learned_delay = self._learned_delay
        self._crawler.signals.connect(self._downloaded, signals.response_downloaded)
        self._crawler.signals.connect(self._left_downloader, signals.request_left_downloader)

    def close(self, reason: str) -> None:
        """Stop asking again."""
        if self._timer is not None:
            self._timer.cancel()

    def has_pending_requests(self) -> bool:
        """Whether the crawl should stay open."""
        return self._session.frontier.has_more()

    def enqueue_request(self, request: Request) -> bool:
        """Refuse: whatever is to be fetched enters the store with the page that named it."""
        return False

    def next_request(self) -> Request | None:
        """The next request that may be made now."""
        entry = self._session.frontier.next()
        if entry is None:
            self._ask_again(self._session.frontier.wake_in())
            return None
        spider = cast("Any", self._crawler.spider)
        return Request(
            entry.url,
            callback=spider.on_answer,
            errback=spider.on_failure,
            dont_filter=True,
            meta={ENTRY: entry, "verbatim_url": True},
        )

    def _learned_delay(self, host: str) -> float:
        slot = self._crawler.engine.downloader.slots.get(urlsplit(f"//{host}").hostname or "")
        return float(slot.delay) if slot is not None else 0.0

    def _downloaded(self, response: Response, request: Request, spider: Any) -> None:
        if response.status in (429, 503):
            # Before anything else is asked of this host, not only before this address is asked again.
            wait_s = retry_after_s(response) or self._session.job.backoff_s
            self._session.frontier.pause(host_of(request.url), min(wait_s, RETRY_AFTER_S_MAX))

    def _left_downloader(self, request: Request, spider: Any) -> None:
        if not request.meta.get(ROBOTS):
            # A latency is noted when an answer's head arrived: the host is there, whatever became of the rest.
            self._session.frontier.answered(request.url, reached="download_latency" in request.meta)

    def _ask_again(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        # Scrapy has no public way to say that the scheduler has something again; without this it looks every 5 s.
        slot = self._crawler.engine._slot
        if slot is not None and slot.closing is None:
            slot.nextcall.schedule()

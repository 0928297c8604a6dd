"""What is done to each request and answer besides robots.txt: a page we have is asked for only if it changed."""

from __future__ import annotations

from scrapy import Request
from scrapy.crawler import Crawler

from crawler.download import ROBOTS
from crawler.session import session_of
from searchkit.pages.records import State


class ConditionalMiddleware:
    """Asks for a page we have only if it changed, with the validators its server gave."""

    def __init__(self, crawler: Crawler) -> None:
        self._store = session_of(crawler).store

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ConditionalMiddleware:
        """Made by Scrapy."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Add If-None-Match and If-Modified-Since."""
        if request.meta.get(ROBOTS):
            return
        known = self._store.why(request.url)
        if known is None or known.state is not State.PAGE:
            return
        if known.etag:
            request.headers["If-None-Match"] = known.etag
        if known.modified:
            request.headers["If-Modified-Since"] = known.modified

"""What is done to each request and answer besides robots.txt: conditional requests, and bombs named as such."""

from __future__ import annotations

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from crawler.download import ROBOTS
from crawler.outcomes import Refused, Resting, Unreachable
from crawler.session import session_of
from searchkit import limits
from searchkit.pages.records import Reason, State


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


class BombMiddleware:
    """Says what it means that a body could not be unpacked: Scrapy only says that the request is ignored."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BombMiddleware:
        """Made by Scrapy."""
        return cls()

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Give exceptions of HttpCompressionMiddleware a reason."""
        if isinstance(exception, (Refused, Unreachable, Resting)):
            return
        if isinstance(exception, IgnoreRequest):
            raise Refused(Reason.TOO_LARGE, f"unpacks to more than {limits.PAGE_BYTES_MAX:,} bytes") from exception

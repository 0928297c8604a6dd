"""The spider: what an answer, or the lack of one, means. Links are followed by the store, not by Scrapy.

Every request ends in exactly one settlement. A fault of our own while handling a page is one, too: the page
is noted as unreadable with the fault's name, and the crawl goes on.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler import settle
from crawler.outcomes import Refused, Resting, Unreachable, retry_after_s
from crawler.parsing import Unreadable
from crawler.pipelines import Settlement
from crawler.scheduler import ENTRY
from crawler.settle import Step
from searchkit import limits
from searchkit.pages.extract import content_kind, decode, robots_directives
from searchkit.pages.records import Entry, Reason
from searchkit.pages.urls import host_of

if TYPE_CHECKING:
    from crawler.session import Session

_RETRIED = {408: Reason.TIMEOUT, 425: Reason.RATE_LIMITED, 429: Reason.RATE_LIMITED}


class SiteSpider(Spider):
    """Settles entries. Given the running crawl's `Session`."""

    name = "site"

    def __init__(self, session: Session, **rest: Any) -> None:
        super().__init__(**rest)
        self.session = session

    async def start(self) -> AsyncIterator[Any]:
        """Nothing to begin with: seeds are in the frontier already."""
        nothing: tuple[Any, ...] = ()
        for none in nothing:
            yield none

    async def on_answer(self, response: Response) -> AsyncIterator[Settlement]:
        """An answer came."""
        entry: Entry = response.meta[ENTRY]
        self.session.requests += 1
        try:
            step = await self._answered(entry, response)
        except Exception as error:  # a bug must not cost the other pages
            self.session.problems.append(f"{entry.url}: {type(error).__name__}: {error}")
            step = settle.refused(entry, Reason.UNREADABLE, f"a fault of the crawler: {type(error).__name__}")
        yield Settlement(entry, step)

    def on_failure(self, failure: Any) -> list[Settlement]:
        """No answer came, or none that is read."""
        entry: Entry = failure.request.meta[ENTRY]
        error = failure.value
        if isinstance(error, Refused):
            return [Settlement(entry, settle.refused(entry, error.reason, error.detail))]
        if isinstance(error, Resting):
            self.session.frontier.rest(host_of(entry.url), error.why)
            return [Settlement(entry, settle.waits(entry, error.why))]
        if isinstance(error, Unreachable):
            if resting := self.session.frontier.resting().get(host_of(entry.url)):
                return [Settlement(entry, settle.waits(entry, f"{resting}; the last: {error.detail}"))]
            return [Settlement(entry, self._again(entry, error.reason, error.detail))]
        if isinstance(error, IgnoreRequest):  # HttpCompressionMiddleware's word for a bomb.
            detail = f"unpacks to more than {limits.PAGE_BYTES_MAX:,} bytes"
            return [Settlement(entry, settle.refused(entry, Reason.TOO_LARGE, detail))]
        detail = f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
        if "download_latency" in failure.request.meta:  # An answer came, and could not be unpacked.
            return [Settlement(entry, settle.refused(entry, Reason.UNREADABLE, detail))]
        return [Settlement(entry, self._again(entry, Reason.NETWORK, detail))]

    # --- inside -----------------------------------------------------------------------------------------

    async def _answered(self, entry: Entry, response: Response) -> Step:
        status = response.status
        if status == 200:
            return await self._page(entry, response)
        if status == 304:
            etag, modified = _validators(response)
            return settle.unchanged(entry, at=_now(), etag=etag, modified=modified)
        if 300 <= status < 400 and response.headers.get("Location"):
            location = response.urljoin(decode(response.headers.get("Location") or b"").strip())
            return settle.redirect(entry, location, self.session.rules)
        if status in _RETRIED or status >= 500:
            reason = _RETRIED.get(status, Reason.SERVER_ERROR)
            return self._again(entry, reason, f"the server answered {status}", retry_after_s(response))
        return settle.refused(entry, Reason.HTTP_ERROR, f"the server answered {status}")

    async def _page(self, entry: Entry, response: Response) -> Step:
        declared = decode(response.headers.get("Content-Type") or b"")
        kind = content_kind(declared, response.body) if "unread" not in response.flags else None
        if kind is None and (response.body or "unread" in response.flags):
            return settle.refused(entry, Reason.NOT_TEXT, declared.partition(";")[0].strip()[:100] or "no type given")
        if packed := decode(response.headers.get("Content-Encoding") or b""):  # What was left of it: none we know.
            return settle.refused(entry, Reason.UNREADABLE, f"packed as {packed[:40]!r}")
        if self.session.archive is not None:
            headers = [(name, value) for name, values in response.headers.items() for value in values]
            self.session.archive.write(entry.url, response.status, headers, response.body)
        try:
            reading = await self.session.parser.read(response.body, entry.url, _charset(declared), kind or "text")
        except Unreadable as error:
            return settle.refused(entry, Reason.UNREADABLE, str(error))
        noindex = nofollow = False
        for header in response.headers.getlist("X-Robots-Tag"):
            one, other = robots_directives(decode(header))
            noindex, nofollow = noindex or one, nofollow or other
        etag, modified = _validators(response)
        return settle.page(
            entry,
            reading,
            self.session.rules,
            at=_now(),
            noindex=noindex,
            nofollow=nofollow,
            etag=etag,
            modified=modified,
        )

    def _again(self, entry: Entry, reason: Reason, detail: str, wait_s: float = 0.0) -> Step:
        """Try again after a pause of the host, or give up."""
        wait_s = wait_s or self.session.job.backoff_s * 2**entry.attempts
        if wait_s > settle.RETRY_AFTER_S_MAX:
            why = f"{detail} and asks for {wait_s:.0f} s of rest"
            self.session.frontier.rest(host_of(entry.url), why)
            return settle.waits(entry, why, not_before=time.time() + wait_s)
        if entry.attempts + 1 < settle.ATTEMPTS_MAX:
            self.session.frontier.pause(host_of(entry.url), wait_s)
        return settle.failed(entry, reason, detail, not_before=time.time() + wait_s)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _charset(content_type: str) -> str:
    _, _, charset = content_type.lower().partition("charset=")
    return charset.partition(";")[0].strip(" \"'")[:40]


def _validators(response: Response) -> tuple[str, str]:
    """ETag and Last-Modified, as far as they can be sent back as they are."""
    values = (decode(response.headers.get(name) or b"").strip() for name in ("ETag", "Last-Modified"))
    etag, modified = (
        value if len(value) <= 200 and value.isprintable() and value.isascii() else "" for value in values
    )
    return etag, modified

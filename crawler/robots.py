"""robots.txt as RFC 9309 has it: what a site asks of crawlers, and what silence means.

An answer of 4xx allows everything; 5xx, 429 or no answer forbids everything for now, so the host is left
alone for the rest of the run and its addresses keep their places. At most 500 KiB are read and five
redirects followed, each under the same address check as any request. Rules are kept for a day. Scrapy's own
middleware takes any body of any status for rules and no answer for permission, hence this one.

Matching is Protego's. Lines it trips over are taken out before: directives it does not know (which split
groups that belong together), and everything behind the product token in `User-agent`.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler.download import ROBOTS
from crawler.outcomes import Refused, Resting, Unreachable
from crawler.session import session_of
from searchkit import limits
from searchkit.pages.extract import decode
from searchkit.pages.records import Reason
from searchkit.pages.urls import canonical_url, host_of

AGE_S_MAX: Final = 24 * 3_600.0
"""How long rules are believed, in seconds; RFC 9309 says not longer than a day."""
REDIRECTS_MAX: Final = 5
CRAWL_DELAY_S_MAX: Final = 60.0
"""Longest crawl delay that is honoured, in seconds; a site that asks for more is crawled at this pace."""
_TRIES: Final = 2
_KNOWN: Final = re.compile(r"\s*(user-agent|allow|disallow|crawl-delay)\s*:\s*(.*)", re.IGNORECASE)
_PRODUCT: Final = re.compile(r"[A-Za-z_-]+|\*")
_LINE_CHARACTERS_MAX: Final = 4_096


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What one robots.txt says to us.

    Parameters
    ----------
    rules : Protego or None
        None stands for a site without rules.
    unavailable : str
        Why the rules could not be had; then nothing may be fetched for now.
    """

    rules: Any
    agent: str
    read_at: float
    unavailable: str = ""

    @classmethod
    def parse(cls, body: bytes, agent: str, read_at: float = 0.0) -> RobotsRules:
        """Read a robots.txt. Never raises: what cannot be understood is no rule."""
        lines = []
        for line in decode(body[: limits.ROBOTS_BYTES_MAX]).splitlines():
            match = _KNOWN.match(line[:_LINE_CHARACTERS_MAX].partition("#")[0])
            if match is None:
                continue
            name, value = match[1].lower(), match[2].strip()
            if name == "user-agent":
                product = _PRODUCT.match(value)
                value = product[0] if product else ""
            if value or name != "user-agent":
                lines.append(f"{name}: {value}")
        return cls(Protego.parse("\n".join(lines)), agent, read_at)

    def allows(self, url: str) -> bool:
        """Whether an address may be fetched."""
        return self.rules is None or bool(self.rules.can_fetch(url, self.agent))

    @property
    def delay_s(self) -> float:
        """Seconds between requests that the site asks for, within bounds; 0 if it does not."""
        delay = self.rules.crawl_delay(self.agent) if self.rules is not None else None
        return min(max(float(delay or 0.0), 0.0), CRAWL_DELAY_S_MAX)


class RobotsMiddleware:
    """Asks the robots.txt of each site once, and holds every request until it is known."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._session = session_of(crawler)
        self._agent: str = self._session.job.product
        self._known: dict[str, RobotsRules] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """Made by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let a request pass, or raise `Refused` or `Resting`."""
        if request.meta.get(ROBOTS):
            return
        rules = await self._rules(request.url)
        if rules.unavailable:
            raise Resting(rules.unavailable)
        if not rules.allows(request.url):
            raise Refused(Reason.ROBOTS, f"robots.txt does not allow it to {self._agent}")

    async def _rules(self, url: str) -> RobotsRules:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        async with self._locks.setdefault(site, asyncio.Lock()):
            known = self._known.get(site)
            if known is None or time.monotonic() - known.read_at > AGE_S_MAX:
                known = self._known[site] = await self._fetch(site)
                if known.delay_s:
                    self._session.frontier.slow_down(host_of(url), known.delay_s)
            return known

    async def _fetch(self, site: str) -> RobotsRules:
        """Rules of a site; `unavailable` says why there are none to go by."""
        now = time.monotonic()
        url, problem = f"{site}/robots.txt", ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(self._session.job.backoff_s)
            try:
                response = await self._follow(url)
            except Unreachable as error:
                problem = error.detail
                continue
            except Refused as error:
                if error.reason is Reason.PRIVATE_ADDRESS:
                    raise
                return RobotsRules(None, self._agent, now)  # Redirected out of reach: as if there were none.
            if response.status < 400:
                return RobotsRules.parse(response.body, self._agent, now)
            if response.status < 500 and response.status != 429:
                return RobotsRules(None, self._agent, now)
            problem = f"it answered {response.status}"
        return RobotsRules(None, self._agent, now, unavailable=f"{url} could not be read: {problem}")

    async def _follow(self, url: str) -> Response:
        """Fetch a robots.txt, following its redirects; after the last one, its answer counts as none."""
        for _ in range(REDIRECTS_MAX + 1):
            request = Request(url, meta={ROBOTS: True}, callback=NO_CALLBACK, dont_filter=True)
            response: Response = await self._crawler.engine.download_async(request)
            location = response.headers.get("Location")
            if not (300 <= response.status < 400 and location):
                return response
            target = canonical_url(urljoin(url, decode(location)))
            if target is None:
                break
            url = target
        raise Refused(Reason.TOO_MANY_REDIRECTS, url)

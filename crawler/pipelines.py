"""From what the spider made of an answer to the page store: one durable step each, then its event."""

from __future__ import annotations

from dataclasses import dataclass

from scrapy.crawler import Crawler

from crawler.session import session_of
from crawler.settle import Step
from searchkit.pages.records import Entry


@dataclass(frozen=True)
class Settlement:
    """What the spider yields: an entry and the step that settles it."""

    entry: Entry
    step: Step


class StorePipeline:
    """Waits until a settlement is on disk. Scrapy counts the request as under way until then."""

    def __init__(self, crawler: Crawler) -> None:
        self._session = session_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        """Made by Scrapy."""
        return cls(crawler)

    async def process_item(self, item: Settlement) -> Settlement:
        """Commit one settlement."""
        await self._session.settle(item.entry, item.step)
        return item

"""Ways in which a request ends without an answer, as exceptions of our own that Scrapy hands to the spider.

They never leave the crawler: `spiders/site.py` turns each into a step on the page store.
"""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest

from searchkit.pages.records import Reason


class Refused(IgnoreRequest):
    """We do not fetch this, and would not the next time either."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Unreachable(IgnoreRequest):
    """The host gave no answer this time."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Resting(IgnoreRequest):
    """The whole host is left alone for the rest of the run; the request was not made."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

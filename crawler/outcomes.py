"""Ways in which a request ends without an answer, and answers that ask for patience.

The exceptions are our own, are handed to the spider by Scrapy and never leave the crawler: `spiders/site.py`
turns each into a step on the page store.
"""

from __future__ import annotations

import email.utils
import time
from datetime import UTC

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from searchkit.pages.extract import decode
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


def retry_after_s(response: Response) -> float:
    """Seconds a server asks us to wait; 0 if it does not say, or says nonsense."""
    value = decode(response.headers.get("Retry-After") or b"").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time())

"""HTML of a folder or an archive as the fields of a record, by the same extraction as crawled pages.

Cost and bounds are those of `pages/extract.py`. A page marked `noindex` asks search engines on the web to leave it out;
somebody who names the file wants it in, so that wish is not followed here.
"""

from __future__ import annotations

from typing import Any

from searchkit import limits
from searchkit.pages.extract import extract

CUT = (
    f"it is larger than a page may be ({limits.PAGE_BYTES_MAX:,} bytes), or nested too deeply; part of it was left out"
)


def html_fields(content: bytes, url: str, *, charset: str | None = None) -> tuple[dict[str, Any], str]:
    """Title, text and language of a page.

    Returns
    -------
    (dict, str)
        The fields, and a note if not all of the page could be read; empty otherwise.
    """
    page = extract(content, url, charset=charset or "")
    fields = {"title": page.title, "text": page.text, "language": page.language}
    return fields, "" if page.complete else CUT

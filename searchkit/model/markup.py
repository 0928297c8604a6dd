"""Results as an HTML table, for notebooks and pages: everything escaped, no script, no style, no foreign resource.

Each hit is one row: its title (a link only if the address is http or https), its address, the snippet with marks, the
score and when it was crawled. Text of any direction stays in its own cell (``dir="auto"``). The same few
elements come out whatever the documents hold; a test compares the skeletons. This module knows nothing of
how results are found: anything with the attributes of `Shown` will do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from searchkit import limits
from searchkit.model.snippet import Snippet, escape_html, safe_link


class Shown(Protocol):
    """What a hit needs to be shown; `url`, `title` and `last_crawled` may be empty or None."""

    @property
    def id(self) -> str:
        """What names it."""
        ...

    @property
    def url(self) -> str | None:
        """Its address."""
        ...

    @property
    def title(self) -> str | None:
        """Its title."""
        ...

    @property
    def snippet(self) -> str:
        """Why it was found."""
        ...

    @property
    def score(self) -> float:
        """How well it fits."""
        ...

    @property
    def last_crawled(self) -> object:
        """When it was fetched."""
        ...


_COLUMNS = ("title", "snippet", "score", "last crawled")


def results_html(query: str, total: int, total_relation: str, took_ms: float, hits: Iterable[Shown]) -> str:
    """A table of hits under a line that says what was asked and how much was found.

    Parameters
    ----------
    query : str
        As typed.
    total : int
        Documents found, which may be more than the hits shown.
    total_relation : {"eq", "gte"}
        Whether `total` is exact or a lower bound.
    took_ms : float
        Milliseconds the search took.
    hits : iterable of Shown
        Best first.

    Returns
    -------
    str
        One ``div`` element, ASCII or not, safe to put into any page.
    """
    asked = escape_html(query[: limits.QUERY_CHARACTERS_MAX])
    least = "at least " if total_relation == "gte" else ""
    noun = "document" if total == 1 else "documents"
    heads = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    rows = "".join(map(_row, hits))
    said = f'{least}{total:,} {noun} for <q dir="auto">{asked}</q> in {took_ms:.1f} ms'
    return (
        f'<div class="searchkit-results"><p>{said}</p>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(hit: Shown) -> str:
    url = str(hit.url or "")
    title = str(hit.title or "").strip() or url or str(hit.id)
    shown = escape_html(title[: limits.TITLE_CHARACTERS_MAX])
    link = safe_link(url)
    if link is not None:
        shown = f'<a href="{escape_html(link)}" rel="noopener noreferrer nofollow">{shown}</a>'
    snippet = hit.snippet if isinstance(hit.snippet, Snippet) else Snippet(hit.snippet or "")
    return (
        f'<tr><td dir="auto">{shown}<br><small dir="auto">{escape_html(url[: limits.ID_BYTES_MAX])}</small></td>'
        f'<td dir="auto">{snippet.to_html()}</td><td>{hit.score:.3f}</td><td>{_moment(hit.last_crawled)}</td></tr>'
    )


def _moment(value: object) -> str:
    if value is None:
        return ""
    return escape_html(value.isoformat() if isinstance(value, date) else str(value))

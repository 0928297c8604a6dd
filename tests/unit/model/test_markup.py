"""The table of results: the same skeleton whatever the documents hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.model.markup import results_html
from searchkit.model.snippet import Snippet
from tests.support.hostile import LINKS, MARKUP, TERMINAL


@dataclass(frozen=True)
class Found:
    id: str = "1"
    url: str | None = "https://example.com/"
    title: str | None = "Title"
    snippet: str = Snippet("some words here", [(5, 10)])
    score: float = 1.25
    last_crawled: object = None


class Skeleton(HTMLParser):
    """Elements and attribute names in order, with the values of those that could do harm; and all text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[Any] = []
        self.links: list[str | None] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple((name, value) for name, value in attrs if name != "href")))
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.shape.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.shape.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.shape.append("instruction")


def table(*hits: Found, query: str = "words", total: int = 1, relation: str = "eq") -> str:
    return results_html(query, total, relation, 1.234, hits)


PLAIN = Skeleton(table(Found())).shape


def test_what_a_table_shows():
    """The query, how much was found, and of each hit its title as a link, address, marked snippet, score and date."""
    page = table(Found(last_crawled=datetime(2024, 5, 1, tzinfo=UTC)), query="a & b", total=12_345, relation="gte")
    assert "at least 12,345 documents" in page
    assert '<q dir="auto">a &amp; b</q> in 1.2 ms' in page
    assert '<a href="https://example.com/" rel="noopener noreferrer nofollow">Title</a>' in page
    assert "some <mark>words</mark> here" in page
    assert "<td>1.250</td><td>2024-05-01T00:00:00+00:00</td>" in page
    assert "1 document for" in table()


@pytest.mark.parametrize(
    ("hit", "shown"),
    [
        (Found(title=""), ">https://example.com/</a>"),
        (Found(title=None, url=None), '<td dir="auto">1<br>'),
        (Found(url="javascript:alert(1)"), '<td dir="auto">Title<br><small dir="auto">javascript:alert(1)</small>'),
        (Found(snippet="plain & simple"), "plain &amp; simple"),
        (Found(last_crawled="2024-05-01"), "<td>2024-05-01</td>"),
    ],
)
def test_missing_and_unsafe_pieces(hit, shown):
    """A hit without a title shows its address or id; an unsafe address is text, not a link."""
    assert shown in table(hit)


@pytest.mark.parametrize("payload", MARKUP + TERMINAL)
def test_no_payload_changes_the_skeleton(payload):
    """Whatever is in the query or in any field of a hit, elements and attributes are those of a harmless table."""
    hit = Found(id=payload, title=f"x{payload}", snippet=Snippet(f"some {payload} here", [(5, 5 + len(payload))]))
    assert Skeleton(table(hit, query=payload)).shape == PLAIN
    assert Skeleton(table(replace(hit, last_crawled=payload))).shape == PLAIN
    linked = Skeleton(table(replace(hit, url=f"https://example.com/{payload}")))
    unlinked = Skeleton(table(replace(hit, url=payload)))
    without_link = [part for part in PLAIN if part != "/a" and part[0] != "a"]
    assert linked.shape in (PLAIN, without_link)
    assert unlinked.shape == without_link
    page = table(hit, query=payload)
    page.encode()
    assert "\x1b" not in page
    assert "\x00" not in page


@pytest.mark.parametrize("url", LINKS)
def test_unsafe_addresses_are_shown_and_not_linked(url):
    """An address that may not become a link is text."""
    assert Skeleton(table(Found(url=url))).links == []


@given(query=st.text(), title=st.text(min_size=1), url=st.text(), snippet=st.text(min_size=1), crawled=st.text())
def test_any_text_keeps_the_skeleton(query, title, url, snippet, crawled):
    """The law behind the list of payloads."""
    hit = Found("1", url, f"t{title}", Snippet(f"some {snippet}", [(0, 4)]), 0.0, crawled)
    shape = Skeleton(table(hit, query=query)).shape
    assert [part[0] for part in shape if isinstance(part, tuple)] in (
        [part[0] for part in PLAIN if isinstance(part, tuple)],
        [part[0] for part in PLAIN if isinstance(part, tuple) and part[0] != "a"],
    )


def test_long_pieces_are_cut():
    """A page author cannot fill the table."""
    assert len(table(Found(title="t" * 10**6, url="u" * 10**6), query="q" * 10**6)) < 12_000

"""What a crawl is asked to do, and what it reports: plain frozen data, every limit with its unit.

This module knows no network and no Scrapy; it is what the command line and programs hand to
`crawler.run.run` and get back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

from searchkit import __version__
from searchkit.errors import CrawlInvalid
from searchkit.pages.urls import canonical_host, canonical_url

Scope = Literal["page", "path", "host", "domain"]
SCOPES: Final = get_args(Scope)

USER_AGENT: Final = f"searchkit/{__version__} (site search; ask whoever runs this address, or see --user-agent)"
"""Who we say we are. An operator should name a contact of their own with `--user-agent`."""

_PRODUCT: Final = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class CrawlJob:
    """One crawl. Seeds and rules given before are remembered by the collection; these are added or replace them.

    Raises
    ------
    CrawlInvalid
        If an address is not http or https, a pattern does not compile, or a number is out of range.
    """

    directory: Path
    """The collection."""
    seeds: tuple[str, ...] = ()
    """Addresses to begin with; may be empty where an earlier crawl left some."""
    scope: Scope = "host"
    """How far from the seeds links are followed: these pages, below their paths, on their hosts, or in their domains."""
    include: tuple[str, ...] = ()
    """Patterns (searched in the canonical address) of which one must match; seeds are exempt."""
    exclude: tuple[str, ...] = ()
    """Patterns of which none may match; seeds are exempt."""
    max_pages: int | None = None
    """Stop when the collection holds this many pages."""
    max_depth: int = 16
    """Links from a seed. 16 reaches all of a sensible site and little of a calendar without end."""
    delay_s: float = 1.0
    """Smallest gap between two requests to one host, in seconds. 0 also turns off automatic throttling."""
    concurrency: int = 8
    """Requests under way at once, over all hosts; each host gets one at a time."""
    user_agent: str = USER_AGENT
    allow_private: frozenset[tuple[str, int]] = frozenset()
    """Exact pairs of host and port that may be on a private or loopback address."""
    recrawl: bool = False
    """Ask for every known page again, conditionally."""
    warc: Path | None = None
    """Write every fetched page to this WARC file as well."""
    backoff_s: float = 2.0
    """First pause after a failure worth repeating, in seconds; doubled each time."""
    timeout_s: float = 30.0
    """Time for one response from connecting to its last byte, in seconds."""
    parse_s: float = 5.0
    """Processor time for reading one page, in seconds."""
    lock_timeout_s: float = 10.0
    """How long to wait for another crawl of the same collection, in seconds."""

    def __post_init__(self) -> None:
        for seed in self.seeds:
            seed_url(seed)
        for pattern in (*self.include, *self.exclude):
            try:
                re.compile(pattern)
            except re.error as error:
                raise CrawlInvalid(f"{pattern!r} is not a regular expression: {error}") from error
        if self.scope not in SCOPES:
            raise CrawlInvalid(f"the scope is one of {', '.join(SCOPES)}, not {self.scope!r}")
        pages = 1 if self.max_pages is None else self.max_pages
        if self.concurrency < 1 or self.delay_s < 0 or self.max_depth < 0 or pages < 1:
            raise CrawlInvalid("concurrency and max_pages are at least 1, delay and max_depth at least 0")
        if not self.product:
            raise CrawlInvalid(f"{self.user_agent!r} does not begin with a name of letters, which robots.txt needs")

    @property
    def product(self) -> str:
        """The name that robots.txt files call us by: the first word of the user agent."""
        match = _PRODUCT.match(self.user_agent)
        return match[0] if match else ""


def seed_url(text: str) -> str:
    """Canonical address of what a person typed; `https://` is put before one without a scheme."""
    typed = text.strip()
    url = canonical_url(typed if "://" in typed else f"https://{typed}")
    if url is None:
        raise CrawlInvalid(
            f"{text!r} is not an address that can be crawled", hint="Give one such as https://example.com/."
        )
    return url


def host_and_port(text: str) -> tuple[str, int]:
    """Read HOST:PORT as it is given to `--allow-private`."""
    host, colon, port = text.rpartition(":")
    name = canonical_host(host.strip("[]"))
    if not colon or name is None or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise CrawlInvalid(f"{text!r} is not HOST:PORT", hint="Give one such as 127.0.0.1:8000.")
    return name, int(port)


@dataclass(frozen=True, slots=True)
class CrawlReport:
    """What a crawl did, and what the collection holds now."""

    pages: int
    """Pages in the collection."""
    fetched: int
    """Pages fetched and stored durably by this run, changed or not."""
    changed: int
    """Of these, pages that are new or differ from before."""
    unchanged: int
    """Of these, pages that are as they were, or that the server says are."""
    removed: int
    """Pages that are gone or have another address now."""
    requests: int
    """Requests answered, robots.txt files included."""
    waiting: int
    """Addresses still in the frontier."""
    ended: Literal["complete", "max-pages", "interrupted"]
    took_s: float
    counts: dict[str, int] = field(default_factory=dict)
    """Every address ever seen, by what became of it: `page`, `skipped:robots`, ..."""
    resting: dict[str, str] = field(default_factory=dict)
    """Hosts nothing more was asked of in this run, and why; their addresses wait."""
    problems: tuple[str, ...] = ()
    """Faults of the crawler itself, one sentence each."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return {
            "pages": self.pages,
            "fetched": self.fetched,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "requests": self.requests,
            "waiting": self.waiting,
            "ended": self.ended,
            "took_s": round(self.took_s, 3),
            "counts": self.counts,
            "resting": self.resting,
            "problems": list(self.problems),
        }

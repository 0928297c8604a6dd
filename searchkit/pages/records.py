"""What the page store keeps: a page, what is known of an address, and a place in the queue.

Records are plain frozen data with their own bytes: compact JSON for small ones; for a page a JSON head,
then its text and links compressed. Bytes are read only after the frame around them held
(`codec/frame.py`). What this module does not know: keys, databases and transactions (`pages/store.py`).

    Page := head_size:u32 head:JSON body:zstd(JSON)         body holds what is large: text and links
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from searchkit.codec import zstd


class State(StrEnum):
    """What became of an address."""

    NEW = "new"
    """Seen, allowed, not fetched yet; it waits in the frontier."""
    PAGE = "page"
    """Fetched; there is a document under this address."""
    ALIAS = "alias"
    """Another address stands for it: a redirect, a canonical link, or an exact copy."""
    SKIPPED = "skipped"
    """Not fetched, or fetched and not kept, and trying again would give the same."""
    FAILED = "failed"
    """Could not be fetched this time; the next crawl tries again."""


class Reason(StrEnum):
    """Why an address has no document. Shown to people and counted in reports; never renamed."""

    # Rules of the crawl: decided before anything is fetched, and again when the rules change.
    OUT_OF_SCOPE = "out-of-scope"
    NOT_INCLUDED = "not-included"
    EXCLUDED = "excluded"
    TOO_DEEP = "too-deep"
    TRAP = "trap"
    REPEATS = "repeats"
    # The address or the page that named it.
    NOT_HTTP = "not-http"
    URL_INVALID = "url-invalid"
    NOFOLLOW = "nofollow"
    # The site's wish, or ours.
    ROBOTS = "robots"
    NOINDEX = "noindex"
    PRIVATE_ADDRESS = "private-address"
    # What came back.
    NOT_TEXT = "not-text"
    TOO_LARGE = "too-large"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    HTTP_ERROR = "http-error"
    SERVER_ERROR = "server-error"
    RATE_LIMITED = "rate-limited"
    TIMEOUT = "timeout"
    NETWORK = "network"
    REDIRECT_LOOP = "redirect-loop"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    # Another address has the document.
    REDIRECT = "redirect"
    CANONICAL = "canonical"
    DUPLICATE = "duplicate"


RULES: Final = frozenset(
    {Reason.OUT_OF_SCOPE, Reason.NOT_INCLUDED, Reason.EXCLUDED, Reason.TOO_DEEP, Reason.TRAP, Reason.NOFOLLOW}
    | {Reason.REPEATS}
)
"""Reasons that may not hold when the address is seen again, from elsewhere or under other rules."""
UNFETCHED: Final = RULES | {Reason.NOT_HTTP, Reason.URL_INVALID}
"""Reasons of addresses that were never asked for; a re-crawl leaves them alone."""


@dataclass(frozen=True, slots=True)
class UrlRecord:
    """All that is known of one address, whether or not it was ever fetched."""

    url: str
    state: State
    reason: str = ""
    detail: str = ""
    """One clause for people: a status, an exception, a limit."""
    depth: int = 0
    """Links from a seed."""
    found_on: str = ""
    """The page that first named it; empty for a seed."""
    entry: str = ""
    """Hexadecimal key of its place in the frontier; empty if it does not wait there."""
    target: str = ""
    """For an alias, the address that stands for it."""
    fallback: str = ""
    """An alias that named this address as canonical, to be kept instead should this one fail."""
    change: int = 0
    """Number of the last change of its document; 0 if it never had one."""
    checked: str = ""
    """When its document was last confirmed, ISO 8601, UTC."""
    etag: str = ""
    modified: str = ""
    """Validators the server gave, for a conditional request."""

    @property
    def counted_as(self) -> str:
        """Name it is counted under in a report: `page`, `skipped:robots`, ..."""
        return f"{self.state}:{self.reason}" if self.reason else str(self.state)

    def to_dict(self) -> dict[str, Any]:
        """Plain data without what is empty."""
        return {name: value for name in _URL_FIELDS if (value := getattr(self, name))}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> UrlRecord:
        """Rebuild what `to_dict` gave."""
        return cls(**{**data, "state": State(data["state"])})


_URL_FIELDS: Final = tuple(field.name for field in fields(UrlRecord))


@dataclass(frozen=True, slots=True)
class Entry:
    """One address waiting in the frontier. `key` is its place; the rest decides how it is treated."""

    key: bytes
    url: str
    depth: int
    attempts: int = 0
    """Requests made so far that failed in a way worth repeating."""
    redirects: int = 0
    """Redirects that led here in a row."""
    repeats: int = 0
    """Exact copies of known pages passed in a row on the way here."""
    keep: bool = False
    """Keep the page under its own address, whatever canonical link it has."""

    def to_list(self) -> list[Any]:
        """Plain data; the key is where it is stored."""
        return [self.url, self.depth, self.attempts, self.redirects, self.repeats, int(self.keep)]

    @classmethod
    def from_list(cls, key: bytes, data: list[Any]) -> Entry:
        """Rebuild what `to_list` gave."""
        url, depth, attempts, redirects, repeats, keep = data
        return cls(key, url, depth, attempts, redirects, repeats, bool(keep))


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What one fetch of one page left behind."""

    url: str
    title: str
    text: str
    language: str = ""
    last_crawled: str = ""
    """When this content was fetched, ISO 8601, UTC."""
    digest: str = ""
    """Equal for exact copies (`Extracted.digest`); empty for a page without words."""
    depth: int = 0
    links: tuple[tuple[str, str], ...] = ()
    """Canonical address and text of every link that was allowed to be followed."""
    anchors: tuple[str, ...] = ()
    """Texts of links of other pages to this one, sorted; filled in when the page is read back."""
    change: int = 0
    """Number of the last change of this document; filled in when the page is read back."""

    def to_document(self) -> dict[str, Any]:
        """The record `searchkit index` adds: its id is the canonical URL."""
        return {
            "id": self.url,
            "url": self.url,
            "title": self.title,
            "text": self.text,
            "anchors": "\n".join(self.anchors),
            "language": self.language,
            "last_crawled": self.last_crawled,
        }

    def same_content(self, other: PageRecord) -> bool:
        """Whether an index would see no difference (anchors are judged apart)."""
        return (self.title, self.text, self.language) == (other.title, other.text, other.language)

    def to_bytes(self) -> bytes:
        """Head and compressed body, without a frame."""
        head = _json([self.url, self.title, self.language, self.last_crawled, self.digest, self.depth])
        body = zstd.compress(_json([self.text, self.links]))
        return len(head).to_bytes(4, "little") + head + body

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> PageRecord:
        """Rebuild what `to_bytes` gave. Only for bytes whose checksum held."""
        size = int.from_bytes(data[:4], "little")
        url, title, language, last_crawled, digest, depth = json.loads(bytes(data[4 : 4 + size]))
        text, links = json.loads(zstd.decompress(data[4 + size :], _BODY_BYTES_MAX))
        return cls(url, title, text, language, last_crawled, digest, depth, tuple((to, name) for to, name in links))


@dataclass(frozen=True, slots=True)
class Gone:
    """In a list of changes: there is no document under this address any more."""

    url: str


_BODY_BYTES_MAX: Final = 64 << 20
"""Bytes of text and links together: their limits in `searchkit/limits.py`, four bytes a character, and quotes."""


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

"""Which addresses a crawl may follow: scope, patterns, depth and traps. Pure functions of an address.

How an address is spelled is `searchkit/pages/urls.py`'s business; whether the site allows it is
`crawler/robots.py`'s. Cost: about 5 microseconds for each address.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import tldextract

from crawler.job import Scope
from searchkit.pages.records import Reason
from searchkit.pages.urls import canonical_url, host_of, same_site

Refusal = tuple[Reason, str]

PATH_SEGMENTS_MAX: Final = 20
"""Segments of a path; deeper ones are made by programs that append to their own address."""
SEGMENT_REPEATS_MAX: Final = 3
"""Times one segment may stand in a path, as in /2024/01/01; one more is a link that is resolved wrongly again and again."""
PARAMETERS_MAX: Final = 12
"""Parameters of a query; more of them are filters that can be combined without end."""

_CODE_SCHEMES: Final = ("javascript:", "data:", "about:", "blob:")

# The suffix list that comes with tldextract; nothing is fetched or cached.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


@lru_cache(maxsize=4_096)
def registered_domain(host: str) -> str:
    """`example.co.uk` for `www.example.co.uk`; the host itself for an address or a bare suffix."""
    found = _suffixes.extract_str(host)
    return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else host


class Rules:
    """Decides for each canonical address whether it is followed.

    Parameters
    ----------
    seeds : iterable of str
        Canonical addresses; they are always in scope, and patterns do not apply to them.
    """

    def __init__(
        self, seeds: Iterable[str], scope: Scope, include: tuple[str, ...], exclude: tuple[str, ...], max_depth: int
    ) -> None:
        self.seeds = frozenset(seeds)
        self.scope = scope
        self.max_depth = max_depth
        self._include = [re.compile(pattern) for pattern in include]
        self._exclude = [re.compile(pattern) for pattern in exclude]
        self._places = frozenset(self._place(seed) for seed in self.seeds)
        described = [sorted(self.seeds), scope, include, exclude, max_depth]
        self.signature: str = hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]

    def with_seed(self, seed: str) -> Rules:
        """The same rules with one more seed."""
        include = tuple(pattern.pattern for pattern in self._include)
        exclude = tuple(pattern.pattern for pattern in self._exclude)
        return Rules((*self.seeds, seed), self.scope, include, exclude, self.max_depth)

    def refuse(self, url: str, depth: int) -> Refusal | None:
        """Why an address is not followed, with a clause for people; None if it is."""
        if url in self.seeds:
            return None
        if not self._in_scope(url):
            return Reason.OUT_OF_SCOPE, f"outside the {self.scope} of every seed"
        if any(pattern.search(url) for pattern in self._exclude):
            return Reason.EXCLUDED, "matches an --exclude pattern"
        if self._include and not any(pattern.search(url) for pattern in self._include):
            return Reason.NOT_INCLUDED, "matches no --include pattern"
        if trap := trap_of(url):
            return Reason.TRAP, trap
        if depth > self.max_depth:
            return Reason.TOO_DEEP, f"more than {self.max_depth} links from a seed"
        return None

    def moves_with(self, seed: str, target: str) -> bool:
        """Whether a seed that redirects to `target` merely moved: to https, to or from www, within its domain."""
        if same_site(seed, target):
            return True
        one, other = urlsplit(seed).hostname or "", urlsplit(target).hostname or ""
        return registered_domain(one) == registered_domain(other)

    def _in_scope(self, url: str) -> bool:
        if self.scope == "path":
            host, path = host_of(url), urlsplit(url).path
            return any(host == place[0] and path.startswith(place[1]) for place in self._places)
        return self._place(url) in self._places

    def _place(self, url: str) -> tuple[str, str]:
        if self.scope == "page":
            return url, ""
        if self.scope == "path":
            return host_of(url), urlsplit(url).path.rpartition("/")[0] + "/"
        if self.scope == "host":
            return host_of(url), ""
        return registered_domain(urlsplit(url).hostname or ""), ""


def trap_of(url: str) -> str:
    """What makes an address look like one of endlessly many, or empty."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    if len(segments) > PATH_SEGMENTS_MAX:
        return f"{len(segments)} segments in the path"
    if len(segments) > SEGMENT_REPEATS_MAX:
        segment, times = Counter(segments).most_common(1)[0]
        if times > SEGMENT_REPEATS_MAX:
            return f"{segment!r} stands {times} times in the path"
    if parts.query.count("&") >= PARAMETERS_MAX:
        return f"{parts.query.count('&') + 1} parameters"
    return ""


def classify(raw: str) -> tuple[str, Reason | None]:
    """The canonical form of a link as found, or the raw text with the reason why it has none.

    An empty text stands for a link that is no address at all but code or data.
    """
    url = canonical_url(raw)
    if url is not None:
        return url, None
    text = raw.strip()
    if not text or text.lower().startswith(_CODE_SCHEMES):
        return "", None
    scheme = text.partition(":")[0].lower() if ":" in text else ""
    return text, Reason.URL_INVALID if scheme in ("http", "https", "") else Reason.NOT_HTTP

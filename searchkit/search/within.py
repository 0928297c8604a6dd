"""Which documents a filter of suggestions leaves: those of a site, in a language, or found by a query.

A site is a host and all hosts below it; the host of a document is that of its id, if that is an address, else of its
`url`. The hosts of a segment are told apart once, while it is open: 2 microseconds a document, 20 where
records have to be read for it. What this module does not know: what is done with the documents.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from searchkit.analysis.analyzer import Analyzer
from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import RequestError
from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.query.planning import plan_query
from searchkit.search.match import matching
from searchkit.search.resolve import resolve
from searchkit.segment.reader import SegmentReader

LANGUAGE_FIELD: Final = "language"
_HOSTS: Final = "hosts"


class Within(NamedTuple):
    """A filter: documents that are all of it.

    Attributes
    ----------
    query : str
        Found by this query, all of its words; empty for any.
    site : str
        Of this host or one below it; empty for any.
    language : str
        With this value of the keyword `language`; empty for any.
    """

    query: str = ""
    site: str = ""
    language: str = ""


def checked(query: object, site: object, language: object) -> Within | None:
    """A filter as it was asked for; None if nothing was.

    Raises
    ------
    RequestError
        If a part is no text, or a site no host.
    """
    for name, value in (("within", query), ("site", site), ("language", language)):
        if value is not None and not isinstance(value, str):
            raise RequestError(f"{name} is a text, not {type(value).__name__}")
    host = ""
    if isinstance(site, str) and site.strip():
        host = host_of(site if "://" in site else f"//{site.strip()}")
        if not host:
            raise RequestError(f"a site is a host such as example.org, not {site!r:.80}")
    asked = Within(str(query or "").strip(), host, str(language or "").strip())
    return asked if any(asked) else None


def documents_within(snapshot: IndexSnapshot, analyzer: Analyzer, wanted: Within) -> tuple[BitMap, ...]:
    """Live documents of each segment that a filter leaves.

    Raises
    ------
    RequestError
        If documents have no keyword `language`, and one is asked for.
    """
    if wanted.language and (LANGUAGE_FIELD not in snapshot.schema or snapshot.schema[LANGUAGE_FIELD].kind != "keyword"):
        raise RequestError(
            "the documents of this index have no keyword `language`",
            hint="Give the schema language=Keyword(), or name a query instead.",
        )
    root = None
    if wanted.query:
        plan = resolve(plan_query(wanted.query, snapshot.schema, analyzer, "all"), snapshot).plan
        root = plan.root
    found = []
    for view in snapshot.views:
        docs = view.live
        if wanted.query:
            docs = BitMap() if root is None else docs & matching(view, root)
        if wanted.language:
            docs = docs & view.reader.keyword(LANGUAGE_FIELD, wanted.language)
        if wanted.site:
            docs = docs & _of_site(view, wanted.site)
        found.append(docs)
    return tuple(found)


def host_of(address: str) -> str:
    """The host of an address, in lower case and as names are registered; empty if it has none."""
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""


def _of_site(view: SegmentView, site: str) -> BitMap:
    hosts = _hosts(view.reader)
    return bitmap.union(docs for host, docs in hosts.items() if host == site or host.endswith("." + site))


def _hosts(reader: SegmentReader) -> dict[str, BitMap]:
    """Documents of each host of a segment, deleted ones included."""
    known: dict[str, BitMap] | None = reader.cache.get(_HOSTS)
    if known is None:
        ids = reader.ids()
        addresses = ids if all("://" in id for id in ids) else map(_address, ids, reader.stored())
        docs_of: dict[str, list[int]] = {}
        for doc, address in enumerate(addresses):
            docs_of.setdefault(host_of(address), []).append(doc)
        docs_of.pop("", None)
        known = reader.cache[_HOSTS] = {host: BitMap(docs) for host, docs in docs_of.items()}
    return known


def _address(id: str, record: bytes) -> str:
    return id if "://" in id else str(json.loads(record).get("url") or "")

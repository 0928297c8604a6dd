"""Everything that changes the page store, as steps of one transaction.

A crawl acknowledges a page when the transaction that holds the page, the addresses it leads to and the
removal of its own place in the frontier is on disk: all of it or nothing. The steps keep these facts true
at every commit, and `PageStore.check` looks at each:

- an address waits in the frontier exactly once or not at all, and its record knows where;
- a page, and nothing else, has the state `page`; one content (by digest) has one page: of several
  addresses the shortest, then the first in order, whatever order they were fetched in;
- every change of a document (its own content, or the texts of links to it) has a number, larger than all
  before; a document keeps only its last one, so the list of changes is as long as the list of pages;
- counts equal what a walk would count.

What this module does not know: networks, politeness, and what may be followed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from searchkit import limits
from searchkit.codec.frame import seal, seal_json, unseal, unseal_json
from searchkit.errors import PageStoreDamaged
from searchkit.pages.records import RULES, Entry, PageRecord, Reason, State, UrlRecord
from searchkit.pages.urls import host_of
from searchkit.store.txn import Txn

META, PAGES, CHANGES, URLS, FRONTIER, HOSTS, ANCHORS, DIGESTS = (
    "meta",
    "pages",
    "changes",
    "urls",
    "frontier",
    "hosts",
    "anchors",
    "digests",
)
DATABASES: Final = (META, PAGES, CHANGES, URLS, FRONTIER, HOSTS, ANCHORS, DIGESTS)
FORMAT: Final = 2
STATE_KEY: Final = b"state"

_KEY_BYTES_MAX: Final = 480
_HOST_KEY_BYTES: Final = 8
_COPIES_MAX: Final = 8
_ALIASES_MAX: Final = 16


def url_key(url: str) -> bytes:
    """Key of an address: itself, or, longer than LMDB takes, its start and a digest."""
    key = url.encode("utf-8", "replace")
    if len(key) <= _KEY_BYTES_MAX:
        return key
    return key[: _KEY_BYTES_MAX - 40] + b"#" + hashlib.sha256(key).hexdigest()[:39].encode()


def host_key(host: str) -> bytes:
    """Key of a host; the first bytes of the keys of everything that waits for it."""
    return hashlib.sha256(host.encode()).digest()[:_HOST_KEY_BYTES]


def new_state() -> dict[str, Any]:
    """What the store counts: the last change and queue numbers, addresses by state; what is crawled; and which it is."""
    return {
        "format": FORMAT,
        "id": secrets.randbits(48),
        "change": 0,
        "place": 0,
        "counts": {},
        "rules": "",
        "seeds": [],
        "recrawl": False,
    }


@dataclass(frozen=True, slots=True)
class Stored:
    """What `PageTxn.put_page` did: the number of the change, if there was one, or whose copy the page is."""

    change: int | None
    copy_of: str = ""


class PageTxn:
    """One read or write transaction over the page store, in the store's own terms."""

    def __init__(self, txn: Txn, where: Path) -> None:
        self._txn = txn
        self._where = where
        self._hosts: dict[str, dict[str, Any]] = {}
        self.entered: set[str] = set()
        """Hosts that got a new place in the queue in this transaction."""
        found = self._get(STATE_KEY, META)
        self.state: dict[str, Any] = found if found is not None else new_state()

    def finish(self) -> None:
        """Write what was kept in memory until now. The last step of a write transaction."""
        for host, record in self._hosts.items():
            self._put(host_key(host), record, HOSTS)
        self._put(STATE_KEY, self.state, META)

    # --- looking ----------------------------------------------------------------------------------------

    def url(self, url: str) -> UrlRecord | None:
        """What is known of an address."""
        found = self._get(url_key(url), URLS)
        return UrlRecord.from_dict(found) if found is not None else None

    def page(self, url: str) -> PageRecord | None:
        """A page as stored: without the texts of links to it."""
        key = url_key(url)
        frame = self._txn.get(key, PAGES)
        return PageRecord.from_bytes(unseal(key, frame, self._where, PageStoreDamaged)) if frame is not None else None

    def document(self, url: str) -> PageRecord | None:
        """A page as an index sees it; raises PageStoreDamaged where a page and its record do not know of each other."""
        page, record = self.page(url), self.url(url)
        if (page is not None) != (record is not None and record.state is State.PAGE):
            there = "a page without a record" if page else f"a record that says {State.PAGE}, without a page"
            raise PageStoreDamaged(self._where, f"for {url} there is {there}")
        if page is None:
            return None
        return replace(page, anchors=self.anchors(url), change=record.change if record else 0)

    def anchors(self, url: str) -> tuple[str, ...]:
        """Texts of links to a page or to an alias of it, each once, sorted."""
        record = self._anchors(url)
        texts = set(record["texts"])
        for alias in record["aliases"]:
            texts.update(self._anchors(alias)["texts"])
        return tuple(sorted(texts)[: limits.ANCHOR_TEXTS_MAX])

    def host(self, host: str) -> dict[str, Any]:
        """What is known of a host: places waiting, pages, a note, and when it may be asked again."""
        known = self._hosts.get(host)
        if known is None:
            found = self._get(host_key(host), HOSTS)
            known = (
                found if found is not None else {"host": host, "waiting": 0, "pages": 0, "note": "", "not_before": 0}
            )
        return known

    def hosts(self) -> Iterator[dict[str, Any]]:
        """Every host ever met, in no order."""
        for key, frame in self._txn.items(HOSTS):
            yield unseal_json(key, frame, self._where, PageStoreDamaged)

    def waiting(self, host: str, count: int, *, after: bytes = b"") -> list[Entry]:
        """The first places in the queue of a host behind `after`: nearest to a seed first, then first come."""
        found: list[Entry] = []
        start = after + b"\x00" if after else None
        for key, frame in self._txn.items(FRONTIER, prefix=host_key(host), start=start):
            found.append(Entry.from_list(key, unseal_json(key, frame, self._where, PageStoreDamaged)))
            if len(found) >= count:
                break
        return found

    def urls(self, *, start: bytes = b"") -> Iterator[UrlRecord]:
        """Every address ever seen, in byte order."""
        for key, frame in self._txn.items(URLS, start=start or None):
            yield UrlRecord.from_dict(unseal_json(key, frame, self._where, PageStoreDamaged))

    def changes(self, after: int) -> Iterator[tuple[int, str]]:
        """Numbers and addresses of changes, oldest first."""
        for key, frame in self._txn.items(CHANGES, start=_number(after + 1)):
            yield int.from_bytes(key, "big"), bytes(unseal(key, frame, self._where, PageStoreDamaged)).decode()

    # --- the frontier -----------------------------------------------------------------------------------

    def discover(
        self,
        url: str,
        *,
        depth: int,
        found_on: str = "",
        reason: Reason | None = None,
        detail: str = "",
        repeats: int = 0,
        redirects: int = 0,
        fallback: str = "",
    ) -> bool:
        """Note that an address was seen. Without a reason against it, it gets a place in the queue.

        Returns whether it waits in the queue now because of this call. An address that was turned down by a
        rule is taken in when it is seen again where the rule does not apply; one that waits moves forward
        when it is found nearer to a seed.
        """
        known = self.url(url)
        if known is None:
            record = UrlRecord(url, State.NEW, depth=depth, found_on=found_on, fallback=fallback)
            if reason is not None:
                self._save(None, replace(record, state=State.SKIPPED, reason=reason, detail=detail))
                return False
            self._enter(None, record, Entry(b"", url, depth, 0, redirects, repeats))
            return True
        if reason is not None:
            return False
        if fallback and not known.fallback:
            known = self._save(known, replace(known, fallback=fallback))
        if known.state is State.SKIPPED and known.reason in RULES and not known.entry:
            record = replace(
                known, state=State.NEW, reason="", detail="", depth=depth, found_on=found_on or known.found_on
            )
            self._enter(known, record, Entry(b"", url, depth, 0, redirects, repeats))
            return True
        if known.entry and depth < known.depth:
            waiting = self._entry(known)
            self._leave(known)
            self._enter(known, replace(known, depth=depth), replace(waiting, depth=depth))
        return False

    def again(self, url: str, *, keep: bool = False) -> bool:
        """Put a known address into the queue once more, whatever became of it. False if it waits already."""
        known = self.url(url)
        if known is None or known.entry:
            return False
        self._enter(known, known, Entry(b"", url, known.depth, keep=keep))
        return True

    def retry(self, entry: Entry, *, not_before: float = 0.0) -> None:
        """Move a place to the end of its depth after a failed request; the host rests until `not_before`."""
        known = self._known(entry.url)
        self._leave(known)
        self._enter(known, known, replace(entry, attempts=entry.attempts + 1))
        if not_before:
            host = self._host_for_change(host_of(entry.url))
            host["not_before"] = max(host["not_before"], not_before)

    def note_host(self, host: str, note: str, *, not_before: float = 0.0) -> None:
        """Say of a host why nothing is fetched from it at present (empty when that is over), and until when."""
        known = self.host(host)
        if known["note"] != note or not_before > known["not_before"]:
            record = self._host_for_change(host)
            record["note"], record["not_before"] = note, max(not_before, record["not_before"])

    # --- outcomes ---------------------------------------------------------------------------------------

    def skip(self, url: str, state: State, reason: Reason, detail: str = "") -> int | None:
        """An address has no document: note why, take it out of the queue, and remove the document it had.

        If another address had named it as canonical, that one is queued again to stand for itself. A page
        that was there before is kept when the state is `FAILED`: a site that is down has not changed.

        Returns
        -------
        int or None
            Number of the change, if a document was removed.
        """
        known = self._known(url)
        if state is State.FAILED and known.state is State.PAGE:
            self._save(known, replace(self._leave(known), detail=detail))
            return None
        change = self._remove_page(known)
        known = self._unalias(self._known(url))
        record = self._leave(known)
        self._save(known, replace(record, state=state, reason=reason, detail=detail, target="", fallback=""))
        if known.fallback:
            self.again(known.fallback, keep=True)
        return change

    def alias(self, url: str, target: str, reason: Reason) -> int | None:
        """Another address stands for this one. Returns the number of the change if it had a document."""
        known = self._known(url)
        if known.state is State.ALIAS and known.target == target:
            self._save(known, replace(self._leave(known), reason=reason, detail=""))
            return None
        change = self._remove_page(known)
        known = self._unalias(self._known(url))
        self._save(known, replace(self._leave(known), state=State.ALIAS, reason=reason, detail="", target=target))
        before = self.anchors(target)
        own, record = self._anchors(url), self._anchors(target)
        for name in own["aliases"]:  # What stood for this address now stands for the target, too: no chains.
            other = self.url(name)
            if other is not None and name != target and other.target == url:
                self._save(other, replace(other, target=target))
        aliases = dict.fromkeys([*record["aliases"], url, *own["aliases"]])
        aliases.pop(target, None)
        self._put(url_key(url), {**own, "aliases": []}, ANCHORS)
        self._put(url_key(target), {**record, "aliases": list(aliases)[:_ALIASES_MAX]}, ANCHORS)
        if self.anchors(target) != before:
            self._touch(target)
        return change

    def confirm(self, url: str, *, checked: str, etag: str = "", modified: str = "") -> None:
        """The page is as it was (304): no change, only the time and validators."""
        known = self._known(url)
        record = replace(self._leave(known), checked=checked, detail="")
        self._save(known, replace(record, etag=etag or known.etag, modified=modified or known.modified))

    def put_page(self, page: PageRecord, *, etag: str = "", modified: str = "") -> Stored:
        """Keep a page, unless it is an exact copy of one with a better address; then note that.

        Returns
        -------
        Stored
            No change number if an index would see no difference from the page kept before.
        """
        known = self._known(page.url)
        owner = self._owner(page)
        if owner and (len(owner), owner) < (len(page.url), page.url):
            self._join_copies(page.digest, page.url)
            return Stored(self.alias(page.url, owner, Reason.DUPLICATE), owner)
        if owner:
            self._join_copies(page.digest, page.url, first=True)  # So that no other copy is asked to stand in.
            self.alias(owner, page.url, Reason.DUPLICATE)
            known = self._known(page.url)
        before = self.page(page.url)
        if before is not None and before.digest != page.digest:
            self._leave_copies(before)
        known = self._unalias(known)
        record = replace(self._leave(known), state=State.PAGE, reason="", detail="", target="", fallback="")
        record = replace(record, checked=page.last_crawled, etag=etag, modified=modified)
        changed = before is None or not before.same_content(page)
        if before is None or changed or (before.links, before.digest) != (page.links, page.digest):
            kept = page if before is None or changed else replace(page, last_crawled=before.last_crawled)
            self._txn.put(url_key(page.url), seal(url_key(page.url), kept.to_bytes()), PAGES)
        if changed:
            record = self._new_change(record)
        self._save(known, record)
        if page.digest:
            self._join_copies(page.digest, page.url, first=True)
        if before is None:
            self._host_for_change(host_of(page.url))["pages"] += 1
        self._relink(page.url, before.links if before else (), page.links)
        return Stored(record.change if changed else None)

    # --- inside -----------------------------------------------------------------------------------------

    def _get(self, key: bytes, database: str) -> Any:
        frame = self._txn.get(key, database)
        return unseal_json(key, frame, self._where, PageStoreDamaged) if frame is not None else None

    def _put(self, key: bytes, value: Any, database: str) -> None:
        self._txn.put(key, seal_json(key, value), database)

    def _known(self, url: str) -> UrlRecord:
        known = self.url(url)
        if known is None:
            raise PageStoreDamaged(self._where, f"has no record of {url}")
        return known

    def _save(self, before: UrlRecord | None, record: UrlRecord) -> UrlRecord:
        counts: dict[str, int] = self.state["counts"]
        if before is not None and before.counted_as != record.counted_as:
            counts[before.counted_as] -= 1
        if before is None or before.counted_as != record.counted_as:
            counts[record.counted_as] = counts.get(record.counted_as, 0) + 1
        self._put(url_key(record.url), record.to_dict(), URLS)
        return record

    def _host_for_change(self, host: str) -> dict[str, Any]:
        record = self._hosts[host] = self.host(host)
        return record

    def _enter(self, before: UrlRecord | None, record: UrlRecord, entry: Entry) -> None:
        self.state["place"] += 1
        key = host_key(host_of(entry.url)) + min(entry.depth, 0xFFFF).to_bytes(2, "big") + _number(self.state["place"])
        self._put(key, entry.to_list(), FRONTIER)
        self._save(before, replace(record, entry=key.hex()))
        host = host_of(entry.url)
        self._host_for_change(host)["waiting"] += 1
        self.entered.add(host)
        self.state["counts"]["waiting"] = self.state["counts"].get("waiting", 0) + 1

    def _leave(self, known: UrlRecord) -> UrlRecord:
        """Take an address out of the queue, if it is there. The record given back is not saved."""
        if known.entry and self._txn.delete(bytes.fromhex(known.entry), FRONTIER):
            self._host_for_change(host_of(known.url))["waiting"] -= 1
            self.state["counts"]["waiting"] -= 1
        return replace(known, entry="")

    def _entry(self, known: UrlRecord) -> Entry:
        key = bytes.fromhex(known.entry)
        found = self._get(key, FRONTIER)
        if found is None:
            raise PageStoreDamaged(self._where, f"has lost the place in the queue of {known.url}")
        return Entry.from_list(key, found)

    def _new_change(self, record: UrlRecord) -> UrlRecord:
        if record.change:
            self._txn.delete(_number(record.change), CHANGES)
        self.state["change"] += 1
        key = _number(self.state["change"])
        self._txn.put(key, seal(key, record.url.encode("utf-8", "replace")), CHANGES)
        return replace(record, change=self.state["change"])

    def _touch(self, url: str) -> None:
        """The texts of links to an address changed: a change of the document it stands for, if it has one."""
        known = self.url(url)
        if known is not None and known.state is State.ALIAS:
            known = self.url(known.target)
        if known is not None and known.state is State.PAGE:
            self._save(known, self._new_change(known))

    def _remove_page(self, known: UrlRecord) -> int | None:
        before = self.page(known.url)
        if before is None:
            return None
        self._txn.delete(url_key(known.url), PAGES)
        self._relink(known.url, before.links, ())
        self._leave_copies(before)
        self._host_for_change(host_of(known.url))["pages"] -= 1
        known = self._known(known.url)
        record = self._new_change(replace(known, checked="", etag="", modified=""))
        self._save(known, record)
        return record.change

    def _unalias(self, known: UrlRecord) -> UrlRecord:
        if known.target:
            record = self._anchors(known.target)
            if known.url in record["aliases"]:
                record["aliases"].remove(known.url)
                self._put(url_key(known.target), record, ANCHORS)
                if self._anchors(known.url)["texts"]:
                    self._touch(known.target)
        return known

    def _anchors(self, url: str) -> dict[str, Any]:
        found = self._get(url_key(url), ANCHORS)
        return found if found is not None else {"texts": {}, "aliases": []}

    def _relink(self, source: str, before: Iterable[tuple[str, str]], after: Iterable[tuple[str, str]]) -> None:
        """Count the texts of links from one page: those that went, and those that came."""
        old, new = dict(before), dict(after)
        for target in old.keys() | new.keys():
            if target == source or old.get(target) == new.get(target):
                continue
            record = self._anchors(target)
            texts: dict[str, int] = record["texts"]
            kinds = len(texts)
            gone, come = old.get(target), new.get(target)
            if gone in texts:
                texts[gone] -= 1
                if texts[gone] <= 0:
                    del texts[gone]
            fresh = bool(come) and come not in texts and len(texts) < limits.ANCHOR_TEXTS_MAX
            if come and (come in texts or fresh):
                texts[come] = texts.get(come, 0) + 1
            self._put(url_key(target), record, ANCHORS)
            if fresh or len(texts) != kinds:
                self._touch(target)

    def _owner(self, page: PageRecord) -> str:
        """The page that holds this content under another address, or empty."""
        for url in self._get(page.digest.encode(), DIGESTS) or () if page.digest else ():
            if url != page.url:
                record = self.url(url)
                if record is not None and record.state is State.PAGE:
                    return str(url)
        return ""

    def _join_copies(self, digest: str, url: str, *, first: bool = False) -> None:
        copies = [other for other in self._get(digest.encode(), DIGESTS) or [] if other != url]
        copies.insert(0 if first else len(copies), url)
        self._put(digest.encode(), copies[:_COPIES_MAX], DIGESTS)

    def _leave_copies(self, page: PageRecord) -> None:
        """A page no longer has this content: forget it as a copy, and ask the next copy again."""
        if not page.digest:
            return
        copies = [other for other in self._get(page.digest.encode(), DIGESTS) or [] if other != page.url]
        if not copies:
            self._txn.delete(page.digest.encode(), DIGESTS)
            return
        self._put(page.digest.encode(), copies, DIGESTS)
        record = self.url(copies[0])
        if record is not None and record.state is State.ALIAS:
            self.again(copies[0])


def _number(value: int) -> bytes:
    return value.to_bytes(8, "big")

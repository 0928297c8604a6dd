"""What each answer means for the page store: one function from an answer to one step of a transaction.

Every entry that was handed out is settled by exactly one of these steps, in one transaction with all that
follows from it. Each gives back the event that may be told once the step is on disk. Nothing here knows
Scrapy or sockets; everything here can be tested with a store alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from crawler.parsing import Reading
from crawler.urls import Refusal, Rules, classify
from searchkit.pages.records import RULES, Entry, PageRecord, Reason, State
from searchkit.pages.transaction import PageTxn
from searchkit.pages.urls import host_of

REDIRECTS_MAX: Final = 5
"""Redirects followed in a row; RFC 9309 asks for five, and no honest page needs more."""
REPEATS_MAX: Final = 3
"""Exact copies of known pages in a row after which their links are not followed: the mark of a loop of addresses."""
ATTEMPTS_MAX: Final = 3
"""Requests for one address before it is given up for this run."""
RETRY_AFTER_S_MAX: Final = 120.0
"""Longest wait a server may ask for; a host that wants more is asked again in the next run."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a step did, told once it is on disk."""

    event: dict[str, Any]
    pages: int = 0
    """By how much the number of pages in the collection changed."""
    removed: int = 0
    """Documents that are gone because of it."""
    moved_seed: str = ""
    """Where a seed has moved to, if it has."""


Step = Callable[[PageTxn], Settled]


def counted(settle: Callable[[PageTxn], Settled]) -> Step:
    """Let a step say by how much it changed the number of pages."""

    def step(txn: PageTxn) -> Settled:
        before = int(txn.state["counts"].get("page", 0))
        settled = settle(txn)
        return replace(settled, pages=int(txn.state["counts"].get("page", 0)) - before)

    return step


def page(
    entry: Entry, reading: Reading, rules: Rules, *, at: str, noindex: bool, nofollow: bool, etag: str, modified: str
) -> Step:
    """A page was fetched and read.

    Parameters
    ----------
    at : str
        When, ISO 8601, UTC.
    noindex, nofollow : bool
        What the answer's X-Robots-Tag asked for; the page's own wishes are in the reading.
    """
    nofollow = nofollow or reading.nofollow
    links = [_judge(link, rules, entry.depth + 1, nofollow) for link in reading.links]
    followed = tuple({url: text for url, text, refusal in links if refusal is None and url != entry.url}.items())
    record = PageRecord(
        entry.url, reading.title, reading.text, reading.language, at, reading.digest, entry.depth, followed
    )

    def settle(txn: PageTxn) -> Settled:
        repeats = 0
        if noindex or reading.noindex:
            change = txn.skip(entry.url, State.SKIPPED, Reason.NOINDEX, "the page asks not to be indexed")
            settled = _skipped(entry, Reason.NOINDEX, "", change)
        elif not (reading.title or reading.text):
            settled = _refuse(txn, entry, Reason.EMPTY, "the page has neither a title nor words")
        elif target := _canonical(txn, entry, reading, rules):
            txn.discover(target, depth=entry.depth, found_on=entry.url, fallback=entry.url, repeats=entry.repeats)
            settled = _alias(entry, target, Reason.CANONICAL, txn.alias(entry.url, target, Reason.CANONICAL))
        else:
            stored = txn.put_page(record, etag=etag, modified=modified)
            if stored.copy_of:
                repeats = entry.repeats + 1
                settled = _alias(entry, stored.copy_of, Reason.DUPLICATE, stored.change)
            else:
                event = {
                    "event": "page",
                    "url": entry.url,
                    "status": 200,
                    "change": stored.change,
                    "depth": entry.depth,
                }
                settled = Settled(event)
        stopped: Refusal | None = None
        if repeats > REPEATS_MAX:
            stopped = Reason.REPEATS, f"found behind {repeats} copies of known pages in a row"
        for url, _, refusal in links:
            reason, detail = refusal or stopped or (None, "")
            txn.discover(url, depth=entry.depth + 1, found_on=entry.url, reason=reason, detail=detail, repeats=repeats)
        return settled

    return counted(settle)


def redirect(entry: Entry, location: str, rules: Rules) -> Step:
    """The answer was another address. It is fetched in its own right, under all the rules."""
    target, why = classify(location)

    def settle(txn: PageTxn) -> Settled:
        if why is not None or not target:
            return _refuse(txn, entry, why or Reason.URL_INVALID, f"redirects to {target or location}")
        known = txn.url(target)
        final = known.target if known is not None and known.state is State.ALIAS else target
        if final == entry.url:
            return _refuse(txn, entry, Reason.REDIRECT_LOOP, f"redirects to {target}")
        if entry.redirects >= REDIRECTS_MAX:
            return _refuse(txn, entry, Reason.TOO_MANY_REDIRECTS, f"{entry.redirects} in a row, then to {target}")
        moved = entry.url in rules.seeds and target not in rules.seeds and rules.moves_with(entry.url, target)
        refusal = (rules.with_seed(target) if moved else rules).refuse(target, entry.depth)
        if refusal is not None:
            txn.discover(target, depth=entry.depth, found_on=entry.url, reason=refusal[0], detail=refusal[1])
            return _refuse(txn, entry, refusal[0], f"redirects to {target}")
        if moved and target not in txn.state["seeds"]:
            txn.state["seeds"] = [*txn.state["seeds"], target]
        txn.discover(
            target, depth=entry.depth, found_on=entry.url, repeats=entry.repeats, redirects=entry.redirects + 1
        )
        change = txn.alias(entry.url, final, Reason.REDIRECT)
        return replace(_alias(entry, final, Reason.REDIRECT, change), moved_seed=target if moved else "")

    return counted(settle)


def unchanged(entry: Entry, *, at: str, etag: str, modified: str) -> Step:
    """The server says that the page is as it was (304)."""

    def settle(txn: PageTxn) -> Settled:
        txn.confirm(entry.url, checked=at, etag=etag, modified=modified)
        return Settled({"event": "page", "url": entry.url, "status": 304, "change": None, "depth": entry.depth})

    return counted(settle)


def refused(entry: Entry, reason: Reason, detail: str) -> Step:
    """There will be no document, and asking again would give the same."""
    return counted(lambda txn: _refuse(txn, entry, reason, detail))


def failed(entry: Entry, reason: Reason, detail: str, *, not_before: float = 0.0) -> Step:
    """It did not work this time: try again, or give up until the next run.

    Parameters
    ----------
    not_before : float
        When the host may be asked again, seconds since 1970; 0 for any time.
    """

    def settle(txn: PageTxn) -> Settled:
        if entry.attempts + 1 < ATTEMPTS_MAX:
            txn.retry(entry, not_before=not_before)
            event = {"event": "retry", "url": entry.url, "reason": reason, "detail": detail}
            return Settled({**event, "attempt": entry.attempts + 1})
        change = txn.skip(entry.url, State.FAILED, reason, detail)
        return _skipped(entry, reason, detail, change)

    return counted(settle)


def waits(entry: Entry, why: str, *, not_before: float = 0.0) -> Step:
    """Its host cannot be asked at present; the entry keeps its place, and the host's record says why."""

    def settle(txn: PageTxn) -> Settled:
        txn.note_host(host_of(entry.url), why, not_before=not_before)
        return Settled({"event": "resting", "url": entry.url, "host": host_of(entry.url), "detail": why})

    return settle


# --- inside ---------------------------------------------------------------------------------------------


def _judge(
    link: tuple[str, Reason | None, str, bool], rules: Rules, depth: int, page_nofollow: bool
) -> tuple[str, str, Refusal | None]:
    url, reason, text, nofollow = link
    if reason is not None:
        return url, text, (reason, "")
    refusal = rules.refuse(url, depth)
    if refusal is None and (nofollow or page_nofollow):
        refusal = Reason.NOFOLLOW, "the page asks not to follow it"
    return url, text, refusal


def _canonical(txn: PageTxn, entry: Entry, reading: Reading, rules: Rules) -> str:
    """The address this page should be kept under, if it names another that can still have it."""
    target = reading.canonical
    if not target or target == entry.url or entry.keep or rules.refuse(target, entry.depth) is not None:
        return ""
    known = txn.url(target)
    usable = known is None or known.state in (State.NEW, State.PAGE) or known.reason in RULES
    return target if usable else ""


def _refuse(txn: PageTxn, entry: Entry, reason: Reason, detail: str) -> Settled:
    return _skipped(entry, reason, detail, txn.skip(entry.url, State.SKIPPED, reason, detail))


def _skipped(entry: Entry, reason: Reason, detail: str, change: int | None) -> Settled:
    event = {"event": "skipped", "url": entry.url, "reason": reason, "detail": detail, "change": change}
    return Settled(event, removed=int(change is not None))


def _alias(entry: Entry, target: str, reason: Reason, change: int | None) -> Settled:
    event = {"event": "alias", "url": entry.url, "target": target, "reason": reason, "change": change}
    return Settled(event, removed=int(change is not None))

"""The only door: run one crawl, from a job to a report.

    report = run(CrawlJob(Path("site"), seeds=("https://example.com/",)), on_event=print)

`run` may be called again and again in one process. It goes on where the last crawl of the collection
stopped, however it stopped: what is fetched, and what comes next, is in the page store and nowhere else.
Ctrl-C once ends the crawl after what is under way; twice ends it at once, which costs nothing but the
requests then under way. What this module does not know: how anything is shown.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from crawler.frontier import Frontier
from crawler.job import CrawlJob, CrawlReport, seed_url
from crawler.journal import Journal
from crawler.parsing import ParserPool
from crawler.session import OnEvent, Session
from crawler.settings import settings_for
from crawler.settle import RETRY_AFTER_S_MAX
from crawler.urls import Rules
from searchkit.errors import CrawlInvalid, NetworkError
from searchkit.pages.records import RULES, UNFETCHED, Reason, State
from searchkit.pages.store import PageStore
from searchkit.pages.transaction import PageTxn

_OUTSTANDING_FACTOR: Final = 2
"""Entries under way for each concurrent request: one being fetched, one being read and written."""


def run(job: CrawlJob, on_event: OnEvent | None = None) -> CrawlReport:
    """Crawl.

    Parameters
    ----------
    job : CrawlJob
        What to do.
    on_event : callable, optional
        Told, in order, what became of each entry once that is on disk: plain data with `event` (`page`,
        `alias`, `skipped`, `retry` or `resting`) and `url`. If it raises, the crawl ends and so does `run`.

    Returns
    -------
    CrawlReport
        What was done, and what the collection holds now.

    Raises
    ------
    CrawlInvalid
        If there is nothing to crawl.
    IndexLocked
        If another crawl of this collection is running.
    NetworkError
        If nothing could be fetched at all and there is nothing from before.
    MissingExtra, DamageError, StorageError
        If the WARC file or the page store cannot be written.
    """
    with PageStore.create(job.directory) as store:
        store.lock(job.lock_timeout_s)
        rules = _prepare(store, job)
        with _quiet_scrapy() as faults:
            session = _wait_for(_crawl(job, store, rules, on_event or (lambda _: None)))
        if session.failure is not None:
            raise session.failure
        report = _report(session, faults)
    if report.pages == 0 and report.ended != "interrupted" and (report.resting or report.counts.get("failed:network")):
        where, why = next(iter(report.resting.items()), (next(iter(rules.seeds)), "no answer"))
        raise NetworkError(where, why, hint="Check the address and the connection, then run the same command again.")
    return report


def _wait_for(crawl: Coroutine[Any, Any, Session]) -> Session:
    """Run a crawl to its end; in a thread of its own where this one has an event loop already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(crawl)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, crawl).result()


# --- before ---------------------------------------------------------------------------------------------


def _prepare(store: PageStore, job: CrawlJob) -> Rules:
    """Put into the queue what this run is to fetch: seeds, what failed before, and, if asked, every page again."""
    given = [seed_url(seed) for seed in job.seeds]

    def rules_of(txn: PageTxn) -> Rules:
        seeds = dict.fromkeys([*txn.state["seeds"], *given])
        return Rules(seeds, job.scope, job.include, job.exclude, job.max_depth)

    rules = store.read(rules_of)
    if not rules.seeds:
        raise CrawlInvalid("there is nothing to crawl", hint="Name an address, such as https://example.com/.")
    known = store.read(lambda txn: dict(txn.state))
    again: list[str] = []
    if any(name.startswith(State.FAILED) for name in store.counts()):  # A walk over every address is worth avoiding.
        again = [record.url for record in store.urls() if record.state is State.FAILED]
    if job.recrawl and not known["recrawl"]:
        again += [record.url for record in store.urls() if record.reason not in UNFETCHED]
    changed = [] if known["rules"] == rules.signature else _affected(store, rules)

    def begin(txn: PageTxn) -> None:
        txn.state["seeds"] = sorted(rules.seeds)
        txn.state["rules"] = rules.signature
        txn.state["recrawl"] = bool(known["recrawl"] or job.recrawl)
        for host in list(txn.hosts()):
            txn.note_host(host["host"], "")
        for url in given:
            txn.discover(url, depth=0)
        for url in again:
            txn.again(url)
        for url, reason, detail, depth, found_on in changed:
            if reason is None:
                txn.discover(url, depth=depth, found_on=found_on)
            else:
                txn.skip(url, State.SKIPPED, reason, detail)

    store.write(begin)
    return rules


def _affected(store: PageStore, rules: Rules) -> list[tuple[str, Reason | None, str, int, str]]:
    """Addresses that other rules let in, or keep out of the queue; documents stay, whatever the rules."""
    found: list[tuple[str, Reason | None, str, int, str]] = []
    for record in store.urls():
        turned_down = record.state is State.SKIPPED and record.reason in RULES - {Reason.NOFOLLOW, Reason.REPEATS}
        if turned_down or record.state is State.NEW:
            refusal = rules.refuse(record.url, record.depth)
            if turned_down and refusal is None:
                found.append((record.url, None, "", record.depth, record.found_on))
            elif refusal is not None and record.state is State.NEW:
                found.append((record.url, *refusal, record.depth, record.found_on))
    return found


# --- during ---------------------------------------------------------------------------------------------


async def _crawl(job: CrawlJob, store: PageStore, rules: Rules, on_event: OnEvent) -> Session:
    # Scrapy is imported here: it takes a third of a second, and a mistake in the job is told without it.
    from scrapy.crawler import AsyncCrawlerRunner, Crawler
    from scrapy.settings import Settings

    from crawler.spiders.site import SiteSpider

    frontier = Frontier(
        store,
        delay_s=job.delay_s,
        outstanding_max=_OUTSTANDING_FACTOR * job.concurrency,
        pages_max=job.max_pages,
        rest_s_max=RETRY_AFTER_S_MAX,
    )
    parser = ParserPool(max(1, min(os.cpu_count() or 1, job.concurrency, 4)), job.parse_s)
    journal = Journal(store, frontier.entered)
    session = Session(job, store, rules, frontier, journal, parser, on_event)
    try:
        if job.warc is not None:
            from crawler.warc import WarcArchive

            session.archive = WarcArchive(job.warc, job.user_agent)
        crawler = Crawler(SiteSpider, Settings(settings_for(job)))
        runner = AsyncCrawlerRunner()
        runner.settings.set("TWISTED_REACTOR_ENABLED", False)
        running = runner.crawl(crawler, session=session)

        def stop() -> None:
            frontier.stopping = True
            if crawler.crawling:
                stopping.append(asyncio.ensure_future(crawler.stop_async()))

        stopping: list[asyncio.Future[None]] = []
        session.stop = stop
        with _interruptible(session):
            await running
            for one in stopping:
                await one
        if session.failure is None and not frontier.stopping and not frontier.full:
            await journal.commit(_finish)
    finally:
        await journal.close()
        await asyncio.to_thread(parser.close)
        if session.archive is not None:
            session.archive.close()
    return session


def _finish(txn: PageTxn) -> None:
    """A re-crawl that came to its end is over; the next one asks for everything anew."""
    txn.state["recrawl"] = False


@contextmanager
def _interruptible(session: Session) -> Iterator[None]:
    """Let the first Ctrl-C end the crawl gently, and the second at once. Only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def interrupt() -> None:
        session.interrupted = True
        restore()
        session.stop()

    def restore() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (NotImplementedError, RuntimeError):  # Windows: Ctrl-C stays what it is, and costs nothing either.
        yield
        return
    try:
        yield
    finally:
        restore()
        signal.signal(signal.SIGINT, before)


@contextmanager
def _quiet_scrapy() -> Iterator[list[str]]:
    """Keep Scrapy's log off the terminal, and collect what it calls an error: faults of the crawler."""
    faults: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if len(faults) < 100:
                faults.append(_describe(record))

    handler = Collector(logging.ERROR)
    loggers = [logging.getLogger(name) for name in ("scrapy", "asyncio", "twisted", "py.warnings")]
    before = [(one.propagate, one.level) for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.propagate = False
    try:
        yield faults
    finally:
        for one, (propagate, level) in zip(loggers, before, strict=True):
            one.removeHandler(handler)
            one.propagate, one.level = propagate, level


def _describe(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    text = record.getMessage().splitlines()[0][:300]
    return f"{text} ({type(error).__name__}: {error})" if error is not None else text


# --- after ----------------------------------------------------------------------------------------------


def _report(session: Session, faults: list[str]) -> CrawlReport:
    counts = session.store.counts()
    waiting = counts.pop("waiting", 0)
    ended: Any = "complete"
    if session.interrupted:
        ended = "interrupted"
    elif session.frontier.full and waiting:
        ended = "max-pages"
    return CrawlReport(
        pages=len(session.store),
        fetched=session.fetched,
        changed=session.changed,
        unchanged=session.unchanged,
        removed=session.removed,
        requests=session.requests,
        waiting=waiting,
        ended=ended,
        took_s=time.monotonic() - session.started,
        counts=counts,
        resting=session.frontier.resting(),
        problems=(*session.problems, *faults),
    )

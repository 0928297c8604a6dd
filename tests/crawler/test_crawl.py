"""Crawls of small sites: going on, crawling again, scope and limits, robots.txt, and what is told."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.job import CrawlJob, host_and_port
from crawler.run import run
from crawler.spiders.site import SiteSpider
from searchkit.errors import CrawlInvalid, DiskFull, IndexLocked, MissingExtra, NetworkError
from searchkit.pages.records import Gone, State
from searchkit.pages.store import PageStore
from tests.crawler.server import Answer, Request, Site, html, redirect

ROOT = Path(__file__).parents[2]


def chain(length: int) -> dict[str, Answer]:
    """Pages that each lead to the next, and back to the first."""
    return {f"/{number}": html(f"Page {number}", [f"/{number + 1}", "/0"]) for number in range(length)}


def titles(store: PageStore) -> list[str]:
    """Titles of all pages, sorted."""
    return sorted(page.title for page in store.pages())


# --- going on -------------------------------------------------------------------------------------------


def test_a_finished_crawl_has_nothing_left_to_do(site, crawl):
    """The same command after the end asks for nothing and changes nothing."""
    site.routes = dict(chain(5))
    first = crawl(site, "/0")
    asked = len(site.log)
    second = crawl(site, "/0")
    assert (first.fetched, first.changed, first.ended) == (5, 5, "complete")
    assert (second.fetched, second.requests, len(site.log)) == (0, 0, asked)
    assert second.pages == 5


def test_a_crawl_goes_on_where_a_limit_stopped_it(site, crawl, store):
    """`max_pages` is the size of the collection: raising it goes on, and no page is fetched twice."""
    site.routes = dict(chain(9))
    assert crawl(site, "/0", max_pages=4).ended == "max-pages"
    assert crawl(site, "/0", max_pages=4).fetched == 0
    report = crawl(site, "/0", max_pages=7)
    assert (report.fetched, report.pages) == (3, 7)
    assert crawl(site, "/0").pages == 9
    assert all(site.asked(f"/{number}") == 1 for number in range(9))
    assert len(titles(store())) == 9


def test_pages_that_turn_out_to_be_none_do_not_use_up_the_limit(site, crawl):
    """Room that an error page did not take is given to another page."""
    site.routes = {"/": html("Home", [f"/missing{number}" for number in range(6)] + ["/a", "/b", "/c"])}
    site.routes |= {path: html(path) for path in ("/a", "/b", "/c")}
    report = crawl(site, max_pages=3)
    assert report.pages == 3


def test_seeds_are_remembered(site, crawl):
    """Without an address, a crawl goes on with what it was given before; with none ever, it says so."""
    site.routes = dict(chain(6))
    crawl(site, "/0", max_pages=2)
    report = crawl(site, seeds=())
    assert report.pages == 6


def test_nothing_to_crawl_is_said(tmp_path):
    """A collection without seeds is no crawl."""
    with pytest.raises(CrawlInvalid, match="nothing to crawl"):
        run(CrawlJob(tmp_path / "site"))


def test_wider_rules_let_in_what_was_turned_down(site, crawl):
    """Links refused by depth or pattern are taken in when the rules change, without fetching known pages again."""
    site.routes = dict(chain(5)) | {"/0": html("Page 0", ["/1", "/private/a"]), "/private/a": html("Private")}
    report = crawl(site, "/0", max_depth=2, exclude=("/private/",))
    assert report.pages == 3
    assert report.counts["skipped:too-deep"] == report.counts["skipped:excluded"] == 1
    assert crawl(site, "/0").pages == 6
    assert site.asked("/0") == 1


def test_narrower_rules_take_waiting_addresses_out(site, crawl, store):
    """What waits and is now forbidden gets its reason; pages that are there stay."""
    site.routes = dict(chain(5))
    crawl(site, "/0", max_pages=2)
    report = crawl(site, "/0", exclude=("/2$",))
    assert report.pages == 2
    assert store().why(site.url("/2")).reason == "excluded"


def test_one_crawl_at_a_time(site, tmp_path):
    """A second crawl of a collection is told who is crawling it."""
    with PageStore.create(tmp_path / "site") as held:
        held.lock(0)
        with pytest.raises(IndexLocked):
            run(CrawlJob(tmp_path / "site", seeds=(site.url(),), lock_timeout_s=0.05))


def test_events_are_told_after_they_are_durable(site, tmp_path):
    """When an event is told, another reader of the store already sees the page and the links it brought."""
    site.routes = dict(chain(4))
    seen = []

    def tell(event):
        with PageStore.open(tmp_path / "site") as store:
            record = store.why(event["url"])
            seen.append((event["event"], record.state, record.entry, store.get(event["url"]).change == event["change"]))

    run(
        CrawlJob(tmp_path / "site", seeds=(site.url("/0"),), delay_s=0, allow_private=frozenset({site.pair})),
        lambda event: tell(event) if event["event"] == "page" else None,
    )
    assert seen == [("page", State.PAGE, "", True)] * 4


def test_a_listener_that_fails_ends_the_crawl(site, tmp_path):
    """A closed pipe is not ignored: `run` raises it, and what was stored is kept."""
    site.routes = dict(chain(50))

    def tell(event):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(CrawlJob(tmp_path / "site", seeds=(site.url("/0"),), delay_s=0, allow_private=frozenset({site.pair})), tell)
    with PageStore.open(tmp_path / "site") as store:
        assert store.check() == []
        assert 1 <= len(store) < 50


def test_a_full_disk_ends_the_crawl_and_loses_nothing(site, tmp_path, monkeypatch):
    """Fail the first write, then the second, and so on: the error is told, and what was acknowledged is there."""
    site.routes = dict(chain(4))
    job = CrawlJob(tmp_path / "site", seeds=(site.url("/0"),), delay_s=0, allow_private=frozenset({site.pair}))
    whole = PageStore.write
    for nth in itertools.count(1):
        writes = itertools.count(1)

        def write(store, work, nth=nth, writes=writes):
            if next(writes) >= nth:
                raise DiskFull(store.path)
            return whole(store, work)

        acknowledged = []
        monkeypatch.setattr(PageStore, "write", write)
        try:
            run(job, lambda event, told=acknowledged: told.append(event["url"]))
        except DiskFull:
            monkeypatch.setattr(PageStore, "write", whole)
            with PageStore.create(tmp_path / "site") as store:
                assert store.check() == []
                assert all(store.get(url) is not None for url in acknowledged)
        else:
            break
    assert nth > 3
    with PageStore.open(tmp_path / "site") as store:
        assert len(store) == 4


def test_a_fault_of_ours_costs_one_page(site, tmp_path, monkeypatch):
    """A bug met on one page is told and noted with that page; every other page is crawled."""
    site.routes = dict(chain(3))
    page = SiteSpider._page

    async def faulty(spider, entry, response):
        if entry.url.endswith("/1"):
            raise ZeroDivisionError("a bug")
        return await page(spider, entry, response)

    monkeypatch.setattr(SiteSpider, "_page", faulty)
    report = run(
        CrawlJob(tmp_path / "site", seeds=(site.url("/0"),), delay_s=0, allow_private=frozenset({site.pair})),
    )
    assert report.pages == 1
    assert report.counts["skipped:unreadable"] == 1
    assert "ZeroDivisionError: a bug" in report.problems[0]


def test_warc_needs_its_package(site, tmp_path, monkeypatch):
    """Without FastWARC, --warc is refused by name before anything is fetched."""
    monkeypatch.setitem(sys.modules, "fastwarc", None)
    with pytest.raises(MissingExtra, match="fastwarc"):
        run(CrawlJob(tmp_path / "site", seeds=(site.url(),), warc=tmp_path / "pages.warc"))
    assert site.log == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_ends_the_crawl_gently(site, tmp_path):
    """SIGINT lets what is under way finish, reports the crawl as interrupted, and the same command goes on."""
    pages = {f"/{number}": html(f"Page {number}", [f"/{2 * number + 1}", f"/{2 * number + 2}"]) for number in range(40)}
    pages |= {f"/{number}": html(f"Leaf {number}") for number in range(20, 40)}
    site.routes = {path: Answer(page.body, 200, page.headers, delay_s=0.05) for path, page in pages.items()}
    arguments = [sys.executable, "-m", "tests.crawler.drive", str(tmp_path / "site"), site.url("/0")]
    process = subprocess.Popen([*arguments, f"127.0.0.1:{site.port}"], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    events = [json.loads(line) for line in [first, *process.stdout]]
    assert process.wait() == 0
    assert events[-1]["ended"] == "interrupted"
    assert 1 <= events[-1]["pages"] < 40
    report = run(CrawlJob(tmp_path / "site", delay_s=0, allow_private=frozenset({site.pair})))
    assert report.pages == 40
    assert all(site.asked(f"/{number}") == 1 for number in range(40))


def test_a_crawl_can_be_run_from_a_notebook(site, tmp_path):
    """Where an event loop is running already, the crawl takes a thread of its own."""
    site.routes = dict(chain(3))
    job = CrawlJob(tmp_path / "site", seeds=(site.url("/0"),), delay_s=0, allow_private=frozenset({site.pair}))

    async def cell():
        return run(job)

    assert asyncio.run(cell()).pages == 3


# --- crawling again -------------------------------------------------------------------------------------


def test_recrawl_asks_conditionally(site, crawl, store):
    """A 304 is no change; a changed page is one; a page that is gone is removed; a broken server changes nothing."""
    etags: list[str | None] = []

    def constant(request: Request) -> Answer:
        etags.append(request.headers.get("if-none-match"))
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(status=304)
        return Answer(
            html("Constant", ["/same", "/new", "/gone", "/down"]).body,
            headers={"Content-Type": "text/html", "ETag": '"v1"'},
        )

    site.routes = {"/": constant, **{f"/{name}": html(name) for name in ("same", "new", "gone", "down")}}
    assert crawl(site).changed == 5
    with PageStore.open(store().directory) as before:
        mark = before.last_change
        crawled = before.get(site.url("/same")).last_crawled

    site.routes["/new"] = html("new", text="Quite other words than before.")
    del site.routes["/gone"]
    site.routes["/down"] = Answer(b"", 500)
    report = crawl(site, recrawl=True)
    assert etags == [None, '"v1"']
    assert (report.changed, report.unchanged, report.removed) == (1, 2, 1)
    changes = {page.url: page for _, page in store().changed_since(mark)}
    assert set(changes) == {site.url("/new"), site.url("/gone")}
    assert isinstance(changes[site.url("/gone")], Gone)
    assert store().get(site.url("/down")) is not None
    assert store().get(site.url("/same")).last_crawled == crawled


def test_an_interrupted_recrawl_goes_on(site, crawl):
    """A re-crawl that was cut short asks each page once in all, not from the start again."""
    site.routes = dict(chain(12))
    crawl(site, "/0")
    site.log.clear()
    stop_after = []

    def tell(event):
        stop_after.append(event)
        if len(stop_after) == 4:
            raise KeyError("enough")

    with pytest.raises(KeyError):
        crawl(site, "/0", recrawl=True, on_event=tell, concurrency=1)
    crawl(site, "/0", recrawl=True)
    assert all(site.asked(f"/{number}") == 1 for number in range(12))


def test_failed_addresses_are_tried_again_by_the_next_run(site, crawl):
    """What failed for a reason that may pass is asked once more by each run; an error of the page is not."""
    site.routes = {"/": html("Home", ["/down", "/missing"]), "/down": Answer(b"", 503)}
    assert crawl(site).counts["failed:server-error"] == 1
    site.routes["/down"] = html("Up again")
    assert crawl(site).pages == 2
    assert site.asked("/missing") == 1


# --- scope ----------------------------------------------------------------------------------------------


def test_scopes(site, crawl):
    """page stays on the seeds, path below them, host on their hosts."""
    site.routes = {
        "/docs/": html("Docs", ["/docs/a", "/blog/"]),
        "/docs/a": html("A", ["/docs/deep/b"]),
        "/docs/deep/b": html("B"),
        "/blog/": html("Blog"),
    }
    assert crawl(site, "/docs/", scope="page").pages == 1
    assert crawl(site, "/docs/", scope="path").pages == 3
    assert crawl(site, "/docs/", scope="host").pages == 4


def test_domain_scope_does_not_reach_private_ports(site, crawl, store):
    """In scope or not, a private address that was not named exactly is refused when it is connected to."""
    with Site({"/": html("Canary"), "/robots.txt": html("Canary")}) as canary:
        port = canary.port
        odd = [
            f"http://127.0.0.1:{port}/",
            f"http://0x7f.1:{port}/",
            f"http://[::ffff:127.0.0.1]:{port}/",
            f"http://localhost:{port}/",
        ]
        site.routes = {"/": html("Home", [*odd, "/hop"]), "/hop": redirect(f"http://127.0.0.1:{port}/x")}
        crawl(site, scope="domain", seeds=(site.url("/"), *odd))
        assert canary.log == []
        reasons = {record.url: record.reason for record in store().skipped()}
    assert reasons[f"http://127.0.0.1:{port}/"] == "private-address"
    assert reasons[f"http://localhost:{port}/"] == "private-address"
    assert reasons[f"http://127.0.0.1:{port}/x"] == "private-address"


def test_include_lets_nothing_else_in(site, crawl):
    """With --include, an address has to match one of the patterns; the seed need not."""
    site.routes = {"/": html("Home", ["/keep/1", "/drop/1"]), "/keep/1": html("Keep"), "/drop/1": html("Drop")}
    report = crawl(site, include=("/keep/",))
    assert report.pages == 2
    assert report.counts["skipped:not-included"] == 1


def test_a_seed_that_moved_within_its_domain_takes_the_scope_along(crawl):
    """example.com that redirects to www.example.com is crawled there; here: from one name of this machine to another."""
    with Site() as site:
        there = f"http://www.localhost.test:{site.port}/"
        site.routes = {"/": redirect(there)}
        report = crawl(site, seeds=(f"http://127.0.0.1:{site.port}/",))
        assert report.pages == 0
        assert report.counts == {"skipped:out-of-scope": 2}


# --- politeness -----------------------------------------------------------------------------------------


def test_one_request_at_a_time_with_a_gap(site, crawl):
    """Between two requests to a host lies at least the delay, whatever the concurrency."""
    site.routes = {"/": html("Home", [f"/{number}" for number in range(4)])} | {f"/{n}": html(str(n)) for n in range(4)}
    crawl(site, delay_s=0.15, concurrency=8)
    times = [request.at for request in site.log if request.path != "/robots.txt"]
    assert min(late - early for early, late in itertools.pairwise(times)) >= 0.14


def test_hosts_take_turns(tmp_path):
    """A large site does not keep a small one waiting."""
    with Site() as large, Site() as small:
        for one, count in ((large, 30), (small, 3)):
            one.routes = {"/": html("Home", [f"/{number}" for number in range(count)])}
            one.routes |= {f"/{number}": html(f"{one.port} {number}") for number in range(count)}
        order = []
        run(
            CrawlJob(
                tmp_path / "site",
                seeds=(large.url(), small.url()),
                delay_s=0.02,
                concurrency=1,
                allow_private=frozenset({large.pair, small.pair}),
            ),
            lambda event: order.append(str(small.port) in event["url"]),
        )
        assert len(order) == 35
        assert order.index(True) < 6
        assert max(place for place, of_small in enumerate(order) if of_small) < 20


def test_we_say_who_we_are(site, crawl):
    """Every request carries the user agent, and robots.txt is asked first; no cookies, no referrer."""
    site.routes = {
        "/": Answer(html("Home", ["/a"]).body, headers={"Content-Type": "text/html", "Set-Cookie": "id=1"}),
        "/a": html("A"),
    }
    crawl(site, user_agent="testbot/9 (+mailto:me@example.com)")
    assert [request.path for request in site.log] == ["/robots.txt", "/", "/a"]
    for request in site.log:
        assert request.headers["user-agent"] == "testbot/9 (+mailto:me@example.com)"
        assert "cookie" not in request.headers
        assert "referer" not in request.headers


# --- robots.txt -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 403, 410])
def test_without_robots_everything_is_allowed(site, crawl, status):
    """RFC 9309, 2.3.1.3: an answer of 4xx means no rules."""
    site.routes = {"/robots.txt": Answer(b"User-agent: *\nDisallow: /", status), "/": html("Home")}
    assert crawl(site).pages == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_robots_that_cannot_be_had_forbid_everything(site, crawl, store, status):
    """RFC 9309, 2.3.1.4: 5xx means hands off; the address waits, and the next run may find the site mended."""
    site.routes = {"/robots.txt": Answer(b"User-agent: *\nAllow: /", status), "/": html("Home")}
    with pytest.raises(NetworkError, match=r"robots\.txt"):
        crawl(site)
    assert site.asked("/") == 0
    record = store().why(site.url("/"))
    assert record.state is State.NEW
    assert record.entry
    site.routes["/robots.txt"] = Answer(b"")
    assert crawl(site).pages == 1


def test_robots_redirects_are_followed(site, crawl):
    """Up to five redirects lead to the rules; a loop means none."""
    site.routes = {
        "/robots.txt": redirect("/r1"),
        "/r1": redirect("/r2"),
        "/r2": Answer(b"User-agent: *\nDisallow: /a"),
    }
    site.routes |= {"/": html("Home", ["/a", "/b"]), "/a": html("A"), "/b": html("B")}
    assert crawl(site).counts["skipped:robots"] == 1


def test_robots_loop_means_no_rules(site, crawl):
    """After five redirects the rules count as unavailable, which allows access."""
    site.routes = {"/robots.txt": redirect("/robots.txt"), "/": html("Home")}
    assert crawl(site).pages == 1
    assert site.asked("/robots.txt") == 6


def test_crawl_delay_is_honoured(site, crawl):
    """A Crawl-delay is a gap like --delay, if it is larger."""
    site.routes = {"/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 0.3"), **chain(3)}
    crawl(site, "/0")
    times = [request.at for request in site.log if request.path in ("/1", "/2")]
    assert times[1] - times[0] >= 0.28


def test_a_site_nobody_answers_for_is_a_network_error(tmp_path):
    """Nothing listens: one clear error, and the address waits for the next run."""
    with Site() as gone:
        pair, url = gone.pair, gone.url()
    with pytest.raises(NetworkError) as error:
        run(CrawlJob(tmp_path / "site", seeds=(url,), delay_s=0, backoff_s=0.01, allow_private=frozenset({pair})))
    assert "robots.txt" in str(error.value)
    with PageStore.open(tmp_path / "site") as store:
        assert store.counts() == {"new": 1, "waiting": 1}


def test_a_host_that_stops_answering_is_left_alone(site, crawl):
    """After five failures in a row nothing more is asked of a host, and its addresses wait."""
    site.routes = {"/": html("Home", [f"/dead{number}" for number in range(30)])}
    site.routes |= {f"/dead{number}": Answer(delay_s=5.0) for number in range(30)}
    report = crawl(site, timeout_s=0.1)
    assert len(report.resting) == 1
    assert report.waiting >= 25
    assert sum(request.path.startswith("/dead") for request in site.log) <= 12


def test_a_long_retry_after_leaves_the_host_alone(site, crawl):
    """Who asks for an hour of rest gets it: until another run."""
    site.routes = {
        "/": html("Home", ["/busy", "/other"]),
        "/busy": Answer(b"", 429, {"Retry-After": "3600"}),
        "/other": html("O"),
    }
    started = time.monotonic()
    report = crawl(site, concurrency=1)
    assert "asks for 3600 s" in next(iter(report.resting.values()))
    assert report.waiting == 2
    again = crawl(site)
    assert "another 3" in next(iter(again.resting.values()))
    assert (site.asked("/busy"), site.asked("/other")) == (1, 0)
    assert time.monotonic() - started < 10


# --- a copy of what was fetched -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pages.warc", "pages.warc.gz"])
def test_warc(site, crawl, tmp_path, name):
    """Every fetched page is in the WARC as it came, readable by others; a second crawl adds to the file."""
    archive = pytest.importorskip("fastwarc.warc")
    site.routes = dict(chain(3))
    crawl(site, "/0", max_pages=2, warc=tmp_path / name)
    crawl(site, "/0", warc=tmp_path / name)
    with open(tmp_path / name, "rb") as file:
        found = {}
        for record in archive.ArchiveIterator(file, record_types=archive.WarcRecordType.response):
            found[record.headers["WARC-Target-URI"]] = (record.http_headers.status_code, record.reader.read())
    assert found == {site.url(f"/{number}"): (200, site.routes[f"/{number}"].body) for number in range(3)}


# --- jobs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"seeds": ("ftp://example.com/",)},
        {"seeds": ("http://",)},
        {"include": ("(",)},
        {"scope": "galaxy"},
        {"concurrency": 0},
        {"max_pages": 0},
        {"user_agent": "1234"},
    ],
)
def test_a_job_that_cannot_be_done_is_refused_at_once(tmp_path, wrong):
    """Before anything is created or fetched."""
    with pytest.raises(CrawlInvalid):
        CrawlJob(tmp_path / "site", **wrong)
    assert not (tmp_path / "site").exists()


def test_host_and_port():
    """HOST:PORT is exact, in any notation of the host; anything else is refused."""
    assert host_and_port("127.0.0.1:80") == ("127.0.0.1", 80)
    assert host_and_port("[::1]:8080") == ("[::1]", 8080)
    assert host_and_port("LOCALHOST:1") == ("localhost", 1)
    for wrong in ("localhost", "localhost:", ":80", "localhost:99999", "a b:1"):
        with pytest.raises(CrawlInvalid):
            host_and_port(wrong)

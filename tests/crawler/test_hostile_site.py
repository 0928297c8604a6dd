"""One site that misbehaves in every way we know: every good page is found, and every bad one has its reason."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.job import CrawlJob, CrawlReport
from crawler.run import run
from searchkit import limits
from searchkit.pages.records import PageRecord, State, UrlRecord
from searchkit.pages.store import PageStore
from tests.crawler.server import Answer, Request, Site, bomb, html, redirect

HTML = {"Content-Type": "text/html"}
GOOD = 20


def calendar(request: Request) -> Answer:
    """A calendar without end: every month leads to the next."""
    month = int(request.path.rpartition("=")[2])
    return html(f"Month {month}", [f"/calendar?month={month + 1}"])


def spiral(request: Request) -> Answer:
    """A relative link that is resolved wrongly again and again."""
    return html(f"Spiral {len(request.path)}", ["deeper/"])


def routes(site: Site, canary: Site) -> dict[str, object]:
    """Every trap there is, and twenty good pages between them."""
    good = {f"/good{number}": html(f"Good {number}", [f"/good{(number + 1) % GOOD}"]) for number in range(GOOD)}
    flaky: list[int] = []
    limited: list[float] = []

    def flaky_answer(request: Request) -> Answer:
        flaky.append(1)
        return Answer(b"down", 503) if len(flaky) < 2 else html("Flaky, but there")

    def limited_answer(request: Request) -> Answer:
        limited.append(request.at)
        return Answer(b"slow down", 429, {"Retry-After": "1"}) if len(limited) < 2 else html("Patience pays")

    traps: dict[str, object] = {
        "/robots.txt": Answer(
            b"User-agent: searchkit\nnonsense: x\nDisallow: /forbidden\n\nUser-agent: *\nDisallow: /\n"
        ),
        "/slow": Answer(b"late", delay_s=3.0),
        "/drip": Answer(headers=HTML, drip_s=0.05),
        "/500": Answer(b"oops", 500),
        "/404": Answer(b"no", 404),
        "/flaky": flaky_answer,
        "/limited": limited_answer,
        "/loop": redirect("/loop"),
        "/ping": redirect("/pong"),
        "/pong": redirect("/ping"),
        **{f"/chain{step}": redirect(f"/chain{step + 1}") for step in range(9)},
        "/inward": redirect(canary.url("/secret")),
        "/by-number": redirect(f"http://2130706433:{canary.port}/secret"),
        "/to-file": redirect("file:///etc/passwd"),
        "/moved": redirect("/good1", 301),
        "/bomb": bomb(300_000_000),
        "/odd-packing": Answer(b"??", headers={**HTML, "Content-Encoding": "rot13"}),
        "/bad-gzip": Answer(b"not gzip", headers={**HTML, "Content-Encoding": "gzip"}),
        "/huge": Answer(b"x" * (limits.PAGE_BYTES_MAX + 10), headers=HTML),
        "/binary": Answer(bytes(range(256)) * 50, headers=HTML),
        "/image": Answer(b"\x89PNG\r\n", headers={"Content-Type": "image/png"}),
        "/untyped": Answer(html("Untyped").body),
        "/plain": Answer(b"Just words.\n\nIn two paragraphs.", headers={"Content-Type": "text/plain"}),
        "/charset": Answer(
            "<title>Größe</title><p>über Äpfel".encode(), headers={"Content-Type": "text/html; charset=latin-1"}
        ),
        "/latin": Answer(
            "<title>Gr\xf6\xdfe</title><p>caf\xe9".encode("latin-1"),
            headers={"Content-Type": "text/html; charset=iso-8859-1"},
        ),
        "/deep": Answer(b"<title>Deep</title>" + b"<div>" * 100_000 + b"words at the bottom", headers=HTML),
        "/links": Answer(b"".join(b"<a href=/many%d>x</a>" % number for number in range(300_000)), headers=HTML),
        "/attributes": Answer(b"<p>before<div " + b"a=1 " * 200_000 + b">words", headers=HTML),
        "/escapes": html("\x1b[31mRed\x1b]0;title\x07 \u202eevil"),
        "/noindex": html("Hidden", ["/behind-noindex"], head='<meta name="robots" content="noindex">'),
        "/behind-noindex": html("Behind noindex"),
        "/header-noindex": Answer(html("Hidden, too").body, headers={**HTML, "X-Robots-Tag": "noindex"}),
        "/nofollow": html("No follow", ["/unfollowed"], head='<meta name="robots" content="nofollow">'),
        "/variant": html("Variant", ["/good2"], head='<link rel="canonical" href="/good3">'),
        "/foreign": html("Foreign", head='<link rel="canonical" href="https://elsewhere.example/">'),
        "/broken-canonical": html("Broken canonical", head='<link rel="canonical" href="/404-canonical">'),
        "/copy-longer": html("Copy", text="These words are under two addresses."),
        "/copy": html("Copy", text="These words are under two addresses."),
        "/empty": Answer(b"", headers=HTML),
        "/calendar?month=0": calendar,
        "/spiral/": spiral,
    }
    strange = [
        "mailto:a@example.com",
        "javascript:alert(1)",
        "http://[broken",
        "ftp://example.com/x",
        "http://example.com/away",
    ]
    linked = [path for path in traps if path not in {"*", "/robots.txt"} and not path.startswith("/chain")]
    home = html("Home", [*good, *linked, "/chain0", "/forbidden/x", canary.url("/secret"), *strange])

    def endless(request: Request) -> Answer:
        if request.path.startswith("/calendar"):
            return calendar(request)
        return spiral(request) if request.path.startswith("/spiral") else Answer(b"not here", 404)

    return {"/": home, **good, **traps, "*": endless}


class Crawled:
    """What is left after the hostile site was crawled once."""

    def __init__(self, site: Site, canary: Site, report: CrawlReport, store: PageStore, took_s: float) -> None:
        self.site, self.canary, self.report, self.store, self.took_s = site, canary, report, store, took_s

    def why(self, path: str) -> UrlRecord:
        known = self.store.why(self.site.url(path))
        assert known is not None, path
        return known

    def page(self, path: str) -> PageRecord:
        page = self.store.get(self.site.url(path))
        assert page is not None, path
        return page


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    directory: Path = tmp_path_factory.mktemp("hostile")
    with Site() as site, Site() as canary:
        site.routes = routes(site, canary)  # type: ignore[assignment]
        canary.routes = {"*": html("Secret")}
        job = CrawlJob(
            directory,
            seeds=(site.url(), site.url("/").replace("127.0.0.1", "localhost")),
            scope="host",
            delay_s=0.0,
            backoff_s=0.02,
            timeout_s=0.8,
            parse_s=30.0,  # No page here is made to need it; being slow under a tracer is no fault.
            max_depth=12,
            exclude=("/many",),
            allow_private=frozenset({site.pair}),
        )
        started = time.monotonic()
        report = run(job)
        with PageStore.open(directory) as store:
            yield Crawled(site, canary, report, store, time.monotonic() - started)


def test_every_good_page_is_found(crawled: Crawled) -> None:
    """Traps cost no good page, and none of our own faults came up."""
    for number in range(GOOD):
        assert crawled.why(f"/good{number}").state is State.PAGE
    assert crawled.report.problems == ()
    assert crawled.store.check() == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/slow", "timeout"),
        ("/drip", "timeout"),
        ("/500", "server-error"),
        ("/404", "http-error"),
        ("/loop", "redirect-loop"),
        ("/chain5", "too-many-redirects"),
        ("/empty", "empty"),
        ("/to-file", "not-http"),
        ("/bomb", "too-large"),
        ("/huge", "too-large"),
        ("/odd-packing", "unreadable"),
        ("/bad-gzip", "unreadable"),
        ("/binary", "not-text"),
        ("/image", "not-text"),
        ("/noindex", "noindex"),
        ("/header-noindex", "noindex"),
        ("/unfollowed", "nofollow"),
        ("/forbidden/x", "robots"),
        ("/moved", "redirect"),
        ("/variant", "canonical"),
        ("/copy-longer", "duplicate"),
        ("/calendar?month=12", "too-deep"),
    ],
)
def test_every_address_without_a_document_has_its_reason(crawled: Crawled, path: str, reason: str) -> None:
    """Whatever was seen and has no document can be asked why."""
    assert crawled.why(path).reason == reason


def test_reasons_are_counted(crawled: Crawled) -> None:
    """The report counts every address ever seen, each once."""
    assert sum(crawled.report.counts.values()) == sum(1 for _ in crawled.store.urls())
    assert crawled.report.counts["skipped:robots"] == 1
    assert crawled.report.pages == crawled.report.counts["page"] == len(crawled.store)


def test_private_addresses_are_never_asked(crawled: Crawled) -> None:
    """Neither a link nor a redirect, in whatever notation, reaches another port of this machine; nor does a name for it."""
    assert crawled.canary.log == []
    assert crawled.why("/inward").reason in ("out-of-scope", "private-address")
    assert crawled.store.why(crawled.site.url("/").replace("127.0.0.1", "localhost")).reason == "private-address"


def test_links_that_are_no_pages_are_noted(crawled: Crawled) -> None:
    """Mail addresses, other schemes, other sites and broken addresses have their reasons; code has none, being no address."""
    reasons = {record.url: record.reason for record in crawled.store.skipped()}
    assert reasons["mailto:a@example.com"] == "not-http"
    assert reasons["ftp://example.com/x"] == "not-http"
    assert reasons["http://example.com/away"] == "out-of-scope"
    assert reasons["http://[broken"] == "url-invalid"
    assert not any("javascript" in url for url in reasons)


def test_failures_worth_repeating_are_repeated(crawled: Crawled) -> None:
    """A 503 and a 429 are asked again, the latter not before its Retry-After; a 500 three times and no more."""
    assert crawled.page("/flaky").title == "Flaky, but there"
    first, second = (request.at for request in crawled.site.log if request.path == "/limited")
    assert second - first >= 0.95
    assert crawled.page("/limited").title == "Patience pays"
    assert crawled.site.asked("/500") == 3
    assert crawled.site.asked("/404") == 1


def test_charsets_are_what_the_bytes_say(crawled: Crawled) -> None:
    """UTF-8 under a wrong label is read as UTF-8, and Latin-1 as Latin-1."""
    assert crawled.page("/charset").title == "Größe"
    assert crawled.page("/charset").text == "über Äpfel"
    assert crawled.page("/latin").title == "Größe"


def test_pages_made_to_break_parsers_still_give_their_words(crawled: Crawled) -> None:
    """Depth, attributes and hundreds of thousands of links cost neither the words nor the crawl."""
    assert "words at the bottom" in crawled.page("/deep").text
    assert "before" in crawled.page("/attributes").text
    many = sum(record.url.startswith(crawled.site.url("/many")) for record in crawled.store.urls())
    assert many == limits.PAGE_LINKS_MAX


def test_control_characters_do_not_reach_titles(crawled: Crawled) -> None:
    """No escape sequence survives extraction."""
    title = crawled.page("/escapes").title
    assert "\x1b" not in title
    assert "\x07" not in title


def test_noindex_pages_are_followed_but_not_kept(crawled: Crawled) -> None:
    """noindex is about the page, nofollow about its links."""
    assert crawled.why("/behind-noindex").state is State.PAGE
    assert crawled.store.get(crawled.site.url("/noindex")) is None
    assert crawled.why("/nofollow").state is State.PAGE
    assert crawled.site.asked("/unfollowed") == 0


def test_one_document_a_page(crawled: Crawled) -> None:
    """A copy, a redirect and a canonical link lead to one document; a foreign or dead canonical is not believed."""
    assert crawled.why("/copy-longer").target == crawled.site.url("/copy")
    assert crawled.why("/variant").target == crawled.site.url("/good3")
    assert crawled.why("/moved").target == crawled.site.url("/good1")
    assert crawled.why("/foreign").state is State.PAGE
    assert crawled.why("/broken-canonical").state is State.PAGE
    assert "to /variant" in crawled.page("/good3").anchors


def test_untyped_and_plain_pages_are_read(crawled: Crawled) -> None:
    """HTML without a type is recognised, and plain text keeps its paragraphs."""
    assert crawled.page("/untyped").title == "Untyped"
    assert crawled.page("/plain").text == "Just words.\n\nIn two paragraphs."


def test_traps_are_bounded(crawled: Crawled) -> None:
    """A calendar ends at the depth limit, a spiral at the repeated segment."""
    calendars = sum(request.path.startswith("/calendar") for request in crawled.site.log)
    spirals = sum(request.path.startswith("/spiral") for request in crawled.site.log)
    assert calendars <= 13
    assert spirals <= 5


def test_bombs_do_not_fill_the_memory(crawled: Crawled) -> None:
    """300 MB from 300 KB are not unpacked: the process stays small."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_200_000  # Kilobytes, of the whole test process.


def test_the_crawl_ends_soon(crawled: Crawled) -> None:
    """All of it together takes seconds: every wait has a limit."""
    assert crawled.took_s < 45

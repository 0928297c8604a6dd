"""Which addresses are followed, which sites allow it, and which networks are public."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.addresses import PrivateAddress, PublicResolver, is_public
from crawler.robots import CRAWL_DELAY_S_MAX, RobotsRules
from crawler.urls import Rules, classify, registered_domain, trap_of
from searchkit import limits
from searchkit.pages.records import Reason

SEED = "https://www.example.co.uk/docs/start"


def rules(scope="host", include=(), exclude=(), max_depth=5):
    """Rules around one seed."""
    return Rules((SEED,), scope, include, exclude, max_depth)


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ("page", [SEED], ["https://www.example.co.uk/docs/", "https://www.example.co.uk/docs/start/x"]),
        (
            "path",
            ["https://www.example.co.uk/docs/x/y"],
            ["https://www.example.co.uk/doc", "https://example.co.uk/docs/x"],
        ),
        (
            "host",
            ["https://www.example.co.uk/x", "http://www.example.co.uk/"],
            ["https://example.co.uk/", "https://www.example.co.uk:8443/"],
        ),
        (
            "domain",
            ["https://other.example.co.uk/x", "https://example.co.uk:99/"],
            ["https://another.co.uk/", "https://example.com/"],
        ),
    ],
)
def test_scope(scope, inside, outside):
    """A scope takes in what it names and nothing else; co.uk is nobody's domain."""
    for url in inside:
        assert rules(scope).refuse(url, 1) is None
    for url in outside:
        assert rules(scope).refuse(url, 1)[0] is Reason.OUT_OF_SCOPE


def test_the_order_of_reasons():
    """Exclusion beats inclusion, depth comes last, and seeds are exempt from all."""
    strict = rules(include=("/docs/",), exclude=("print",))
    assert strict.refuse("https://www.example.co.uk/docs/a?print=1", 1)[0] is Reason.EXCLUDED
    assert strict.refuse("https://www.example.co.uk/other", 1)[0] is Reason.NOT_INCLUDED
    assert strict.refuse("https://www.example.co.uk/docs/a", 6)[0] is Reason.TOO_DEEP
    assert strict.refuse("https://www.example.co.uk/docs/a", 5) is None
    assert rules(exclude=(".",)).refuse(SEED, 99) is None


def test_signature_names_the_rules():
    """Equal rules have equal signatures, others others: a crawl knows when to think again."""
    assert rules().signature == rules().signature
    assert (
        len({rules().signature, rules("path").signature, rules(max_depth=6).signature, rules(exclude=("a",)).signature})
        == 4
    )
    assert rules().with_seed("https://b.example/").refuse("https://b.example/x", 1) is None


def test_a_moved_seed():
    """To www, to https, to a sister host is moving; to another domain is not."""
    assert rules().moves_with("http://example.com/", "https://www.example.com/")
    assert rules().moves_with("https://example.com/", "https://docs.example.com/")
    assert not rules().moves_with("https://example.com/", "https://example.org/")


@pytest.mark.parametrize(
    ("url", "trapped"),
    [
        ("http://a/2024/01/01/01", False),
        ("http://a/x/x/x/x/", True),
        ("http://a/" + "/".join(map(str, range(21))), True),
        ("http://a/" + "/".join(map(str, range(20))), False),
        ("http://a/?" + "&".join(f"p{number}=1" for number in range(12)), False),
        ("http://a/?" + "&".join(f"p{number}=1" for number in range(13)), True),
    ],
)
def test_traps(url, trapped):
    """Repeated segments, deep paths and heaps of parameters are traps; dates are not."""
    assert bool(trap_of(url)) == trapped


def test_classify():
    """A link is a canonical address, or text with a reason, or no address at all."""
    assert classify("HTTP://A.example/#x") == ("http://a.example/", None)
    assert classify("mailto:a@b.c") == ("mailto:a@b.c", Reason.NOT_HTTP)
    assert classify("http://[") == ("http://[", Reason.URL_INVALID)
    assert classify("JavaScript:void(0)") == ("", None)
    assert classify("  ") == ("", None)
    assert registered_domain("127.0.0.1") == "127.0.0.1"


# --- robots.txt -----------------------------------------------------------------------------------------


def allowed(text, path, agent="searchkit"):
    """Whether a robots.txt allows a path."""
    return RobotsRules.parse(text.encode(), agent).allows(f"http://a{path}")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: other\nDisallow: /", "/x", True),
        ("User-agent: searchkit\nAllow: /\n\nUser-agent: *\nDisallow: /", "/x", True),
        ("User-agent: SEARCHKIT/1.0 beta\nDisallow: /", "/x", False),
        ("User-agent: searchkit\nNonsense: here\nUser-agent: other\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf?y", True),
        ("\ufeffuser-AGENT : *\r\nDISALLOW : /x # comment\r\n", "/x", False),
        ("<html>not found</html>", "/x", True),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/caf%C3%A9", False),
    ],
)
def test_robots(text, path, expected):
    """RFC 9309: the most specific agent, the longest match, allow wins ties, nonsense is no rule."""
    assert allowed(text, path) is expected


@given(st.binary(max_size=300))
def test_any_robots_can_be_read(body):
    """No bytes raise; there is always an answer."""
    assert RobotsRules.parse(b"User-agent: *\nDisallow: " + body, "searchkit").allows("http://a/x") in (True, False)


def test_robots_are_bounded():
    """What lies beyond 500 KiB is not read, and a crawl delay has a bound and no negative."""
    padding = "#" * limits.ROBOTS_BYTES_MAX
    assert allowed(f"{padding}\nUser-agent: *\nDisallow: /", "/x")
    slow = RobotsRules.parse(b"User-agent: *\nCrawl-delay: 86400", "searchkit")
    assert slow.delay_s == CRAWL_DELAY_S_MAX
    assert RobotsRules.parse(b"User-agent: *\nCrawl-delay: -5", "searchkit").delay_s == 0
    assert RobotsRules(None, "searchkit", 0.0).delay_s == 0


# --- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 192.0.2.1 ::1 :: "
    "fe80::1 fc00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: 2001::1 fe80::1%eth0 nonsense".split(),
)
def test_addresses_that_are_not_public(address):
    """Private, local, shared, multicast, reserved, and those that carry such a one inside."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses(address):
    """The public internet, in either family."""
    assert is_public(address)


def test_the_resolver_keeps_public_addresses_only():
    """A name for this machine is refused, unless exactly this host and port were allowed."""

    async def resolve(host, port, allowed=frozenset()):
        resolver = PublicResolver(allowed)
        try:
            return await resolver.resolve(host, port, socket.AF_INET)
        finally:
            await resolver.close()

    with pytest.raises(PrivateAddress):
        asyncio.run(resolve("localhost", 80))
    with pytest.raises(PrivateAddress):
        asyncio.run(resolve("localhost", 80, frozenset({("localhost", 81)})))
    assert asyncio.run(resolve("localhost", 80, frozenset({("localhost", 80)})))


def test_literal_addresses_are_checked_without_resolving():
    """A host that is an address is refused by itself, in brackets or not."""

    async def check(host, port):
        PublicResolver(frozenset({("[::1]", 80)})).check_literal(host, port)

    asyncio.run(check("8.8.8.8", 80))
    asyncio.run(check("example.com", 80))
    asyncio.run(check("[::1]", 80))
    for host in ("127.0.0.1", "[::ffff:10.0.0.1]", "::1"):
        with pytest.raises(PrivateAddress):
            asyncio.run(check(host, 81))

"""One spelling for each address."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.pages.urls import canonical_host, canonical_url, host_of, same_site

CASES = [
    ("http://example.com", "http://example.com/"),
    ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A"),
    ("http://example.com:8080/", "http://example.com:8080/"),
    ("http://user:password@example.com/", "http://example.com/"),
    ("http://example.com./", "http://example.com/"),
    ("http://example.com/a/./b/../c#part", "http://example.com/a/c"),
    ("http://example.com/../../x", "http://example.com/x"),
    ("http://example.com/a/%2e%2e/b", "http://example.com/b"),
    ("http://example.com/%7euser/%c3%a9", "http://example.com/~user/%C3%A9"),
    ("http://example.com/a b", "http://example.com/a%20b"),
    ("http://example.com/?b=2&a=1", "http://example.com/?a=1&b=2"),
    ("http://example.com/?utm_source=x&q=1&fbclid=y", "http://example.com/?q=1"),
    ("http://example.com/a;jsessionid=123?x=1", "http://example.com/a?x=1"),
    ("http://example.com/?", "http://example.com/"),
    ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
    ("http://2130706433/", "http://127.0.0.1/"),
    ("http://0x7f.0.0.1/", "http://127.0.0.1/"),
    ("http://0177.1/", "http://127.0.0.1/"),
    ("http://[0:0::1]:80/", "http://[::1]/"),
    (" http://example.com/\n", "http://example.com/"),
    ("http://exam\nple.com/", "http://example.com/"),
    ("http:\\\\example.com\\a", "http://example.com/a"),
]
WRONG = ["", "example.com", "/path", "mailto:a@b.c", "ftp://example.com/", "javascript:x", "http://", "http:///x"]
WRONG += [
    "http://a b/",
    "http://-a/",
    "http://a..b/",
    "http://example.com:0/",
    "http://example.com:70000/",
    "http://[::1/",
]
WRONG += ["http://256.256.256.256/", "http://" + "a" * 300 + ".com/", "http://example.com/" + "a" * limits.ID_BYTES_MAX]


@pytest.mark.parametrize(("found", "canonical"), CASES)
def test_spellings(found, canonical):
    """Every spelling of an address gives the same one."""
    assert canonical_url(found) == canonical


@pytest.mark.parametrize("found", WRONG)
def test_what_is_no_address(found):
    """Whatever cannot be fetched over http gives None, never an exception."""
    assert canonical_url(found) is None


@given(st.text() | st.text(alphabet="htp:/.?&=#%aA1[]@\\ é;~+").map(lambda text: f"http://a.b/{text}"))
@example("http://a/%")
@example("http://a/?%=%&&;=&utm_=")
@example("http://a/%252e%252e/..;/")
@example("http://[::ffff:127.0.0.1]/")
def test_canonical_is_canonical(found):
    """Applying it twice changes nothing more; the result is ASCII, bounded, and http or https."""
    once = canonical_url(found)
    if once is not None:
        assert canonical_url(once) == once
        assert once.isascii()
        assert len(once) <= limits.ID_BYTES_MAX
        assert once.startswith(("http://", "https://"))
        assert "#" not in once
        assert "@" not in host_of(once)


def test_hosts():
    """Hosts of addresses, and which belong to one site."""
    assert host_of("http://example.com:81/x") == "example.com:81"
    assert canonical_host("EXAMPLE.com.") == "example.com"
    assert canonical_host("a_b.example") == "a_b.example"
    assert canonical_host("[::1%eth0]") is None or "%" in canonical_host("[::1%eth0]")
    assert same_site("http://example.com/", "https://www.example.com:444/x")
    assert not same_site("http://example.com/", "http://example.org/")

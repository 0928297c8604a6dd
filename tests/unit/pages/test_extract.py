"""What a page says and where it leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.pages.extract import Link, content_kind, decode, extract, one_line, paragraphs, robots_directives

PAGE = b"""<!doctype html><html lang="de-AT"><head><title> Ein
 Titel </title><base href="/docs/"><link rel="Canonical" href="page?b=2&amp;a=1#x">
<meta name="Robots" content="NoFollow"></head><body>
<nav><ul><li><a href="/">Start</a><li><a href="b.html">B <b>bold</b></a></ul></nav>
<main><h1>Kopf</h1><p>Der erste Absatz ist lang genug, um als Haupttext zu gelten, denn er hat viele Worte.</p>
<p>Der zweite Absatz, mit <a rel="nofollow" href="https://other.example/c">einem Link</a> und einem zweiten Satz.</p>
<script>var hidden = "not words";</script><style>p { color: red }</style></main>
<a href="#top">up</a><a href="b.html#part">again</a><a href="img.html"><img alt="a picture" src=x></a>
<footer>Impressum</footer></body></html>"""


def test_an_ordinary_page():
    """Title, main text with its paragraphs, language, canonical and links come out as a reader would say."""
    page = extract(PAGE, "http://example.com/docs/page")
    assert page.title == "Ein Titel"
    assert page.language == "de"
    assert page.canonical == "http://example.com/docs/page?a=1&b=2"
    assert page.nofollow
    assert not page.noindex
    assert "gelten, denn er hat viele Worte.\n" in page.text
    assert "Der zweite Absatz, mit einem Link" in page.text
    for absent in ("hidden", "color", "Impressum", "Start"):
        assert absent not in page.text
    assert page.links == (
        Link("http://example.com/", "Start", nofollow=True),
        Link("http://example.com/docs/b.html", "B bold", nofollow=True),
        Link("https://other.example/c", "einem Link", nofollow=True),
        Link("http://example.com/docs/img.html", "a picture", nofollow=True),
    )
    assert page.complete


def test_a_page_of_links_is_read_whole():
    """Where the main text is next to nothing, everything is taken: an index page is a page, too."""
    items = "".join(f"<li><a href='/{number}'>entry number {number}</a></li>" for number in range(100))
    page = extract(f"<title>Index</title><body><nav><ul>{items}</ul></nav>".encode(), "http://a/")
    assert "entry number 57" in page.text


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (b"<title>One</title>", "One"),
        (b"<meta property='og:title' content='Open'>", "Open"),
        (b"<title> </title></head><body><h1>Head <i>line</i></h1>", "Head line"),
        (b"<body><svg><title>Icon</title></svg>", ""),
        (b"<title>" + b"x" * 9_999, "x" * limits.TITLE_CHARACTERS_MAX),
        (b"<title>a\x00b\x1b[31mc&#27;d\x7f\xc2\x9be</title>", "ab[31mcde"),
    ],
)
def test_titles(head, title):
    """The title, else what stands for it; bounded, on one line, without control characters."""
    found = extract(b"<html><head>" + head, "http://a/").title
    assert found.replace("\ufffd", "") == title


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("Größe".encode(), "iso-8859-1", "Größe"),
        ("Größe".encode("latin-1"), "iso-8859-1", "Größe"),
        ("Größe".encode("latin-1"), "utf-8", "Größe"),
        ("“quoted”".encode("cp1252"), "latin1", "“quoted”"),
        ("\ufeffmark".encode(), "", "mark"),
        ("шифр в тексте".encode("utf-16"), "", "шифр в тексте"),
        ("шифр в тексте, и ещё слова".encode("koi8-r"), "koi8-r", "шифр в тексте, и ещё слова"),
        ("日本語".encode("iso-2022-jp"), "iso-2022-jp", "日本語"),
        ("日本語の文章".encode("shift_jis"), "Shift_JIS", "日本語の文章"),
        (b"plain", "zlib", "plain"),
        (b"cut \xe2\x82", "", "cut \ufffd"),
    ],
)
def test_charsets(body, charset, text):
    """The bytes decide where they can; a label is believed where it fits; nothing raises."""
    assert decode(body, charset) == text


def test_charset_of_a_meta_tag():
    """A page that names its own encoding is read in it."""
    page = '<meta charset="windows-1251"><title>Привет, мир и люди</title>'.encode("cp1251")
    assert extract(page, "http://a/").title == "Привет, мир и люди"


@pytest.mark.parametrize(
    ("declared", "body", "kind"),
    [
        ("text/html; charset=x", b"<p>", "html"),
        ("application/xhtml+xml", b"", "html"),
        ("text/plain", b"words", "text"),
        ("TEXT/Markdown", b"# words", "text"),
        ("", b" \n<!DOCTYPE HTML><p>", "html"),
        ("application/octet-stream", b"<html>", "html"),
        ("", b"words", None),
        ("image/png", b"<html>", None),
        ("application/pdf", b"%PDF", None),
        ("text/html", b"\x89\x00\x01", None),
        ("text/plain", "\ufeffwide".encode("utf-16-le"), "text"),
    ],
)
def test_content_kind(declared, body, kind):
    """The declared type decides; without one, the first bytes; binary is never text."""
    assert content_kind(declared, body) == kind


def test_links_are_bounded_and_counted():
    """At most a thousand links are kept; the rest is counted, and each address appears once."""
    anchors = b"".join(b"<a href=/%d>%d</a>" % (number, number) for number in range(1_500)) + b"<a href=/1>again</a>"
    page = extract(anchors, "http://a/")
    assert len(page.links) == limits.PAGE_LINKS_MAX
    assert page.links_left_out == 500


def test_links_beyond_the_limit_are_not_resolved(monkeypatch):
    """However many links a page has, a thousand addresses are made absolute; a known one may still name its text."""
    resolved = []
    monkeypatch.setattr("searchkit.pages.extract.urljoin", lambda base, href: resolved.append(href) or f"{base}{href}")
    anchors = b"<a href=0></a>" + b"".join(b"<a href=%d>x</a>" % number for number in range(3_000))
    page = extract(anchors, "http://a/")
    assert len(resolved) == len(page.links) == limits.PAGE_LINKS_MAX
    assert page.links[0] == Link("http://a/0", "x")
    assert page.links_left_out == 2_000


HOSTILE = {
    "deep": b"<div>" * 50_000 + b"words<a href=/x>y</a>" + b"</div>" * 50_000,
    "deep and wide": (b"<div>" * 1_900 + b"words" + b"</div>" * 1_900) * 30,
    "attributes": b"<p>words<a " + b"a " * 100_000 + b"href=/x>",
    "comments": b"<!-- x -->" * 100_000 + b"words",
    "brackets": b"<" * 1_000_000 + b"words",
    "unclosed": b"<a " * 300_000 + b"words",
    "tags": b"<p>words" * 600_000,
    "scripts": b"<script>" * 300_000,
    "formatting": b"<b><i><u>words" * 600,
    "spaces": b" " * 4_000_000 + b"words",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_take_bounded_time(name):
    """Whatever is built to make a parser quadratic is read in seconds, and without an exception."""
    page = extract(HOSTILE[name], "http://a/")
    assert len(page.text) <= limits.PAGE_TEXT_CHARACTERS_MAX
    if name not in ("scripts", "unclosed", "brackets"):
        assert "words" in page.text


def test_tag_by_tag_reading_keeps_title_words_and_links():
    """A page too deep for a parser still has its title, its words without scripts, and its addresses."""
    page = extract(
        b"<title>Deep &amp; wide</title><script>var x='<b>no</b>'</script>"
        + b"<div>" * 3_000
        + b"first &lt;words&gt; <a href='/a?b=1&amp;c=2' rel=nofollow>link</a>"
        + b"</div>" * 3_000
        + b"last",
        "http://a/",
    )
    assert page.title == "Deep & wide"
    assert "first <words>" in page.text
    assert "last" in page.text
    assert "no" not in page.text.split()
    assert page.links == (Link("http://a/a?b=1&c=2", "", nofollow=True),)
    assert not page.complete


@given(st.binary(max_size=400) | st.text(alphabet="<>/abp \"'=&#;!-x\n\0", max_size=300).map(str.encode))
def test_any_bytes_give_a_page(body):
    """No bytes raise; texts can be encoded, have no control characters, and titles are one line."""
    for kind in ("html", "text"):
        page = extract(body, "http://a/", kind=kind)
        (page.title + page.text + "".join(link.text for link in page.links)).encode()
        assert not any(ord(letter) < 32 and letter != "\n" for letter in page.text)
        assert "\n" not in page.title


def test_copies_have_one_digest():
    """Equal words and title give an equal digest, other words another, and no words none."""
    one = extract(b"<title>T</title><p>Some  words</p><!-- 1 -->", "http://a/")
    two = extract(b"<title>T</title><div>Some words<script>2</script></div>", "http://b/")
    other = extract(b"<title>T</title><p>Other words</p>", "http://a/")
    assert one.digest == two.digest != other.digest
    assert extract(b"<p>", "http://a/").digest == ""


def test_language_is_recognised_where_it_is_not_declared():
    """From some hundred letters on; a short text stays without one."""
    german = (
        "Der schnelle braune Fuchs springt über den faulen Hund, und danach schlafen alle beide in der warmen Sonne. "
    )
    assert extract((german * 3).encode(), "http://a/", kind="text").language == "de"
    assert extract(b"short", "http://a/", kind="text").language == ""


def test_canonical_of_another_site_is_not_believed():
    """A page cannot put itself under the address of someone else, nor under no address."""
    for target in ("https://other.example/", "javascript:alert(1)", "http://[x"):
        page = extract(f'<link rel=canonical href="{target}"><p>x'.encode(), "http://example.com/")
        assert page.canonical is None


def test_small_texts():
    """White space and control characters, on one line and in paragraphs; robots directives."""
    assert one_line(" a\r\n\tb\x00c \u2028d") == "a bc d"
    assert paragraphs("a \r\n\r\n\r\n b\tc \x07\n d") == "a\n\nb c\nd"
    assert robots_directives("NOINDEX, follow") == (True, False)
    assert robots_directives("googlebot: none") == (True, True)
    assert robots_directives("") == (False, False)

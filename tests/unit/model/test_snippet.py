"""Snippets and what makes text safe to show."""

from __future__ import annotations

import copy
import html
import pickle
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import RequestError
from searchkit.model.snippet import COMBINING_RUN_MAX, Snippet, escape_html, safe_link, safe_text
from tests.support.hostile import LINKS, MARKUP, TERMINAL

any_text = st.text(st.characters(), max_size=80) | st.sampled_from(MARKUP + TERMINAL)
any_spans = st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=6)


def test_a_snippet_is_its_text():
    """It compares, hashes, slices and prints as the plain text; only the spans are its own."""
    snippet = Snippet("sets & maps", [(7, 11)])
    assert snippet == "sets & maps"
    assert hash(snippet) == hash("sets & maps")
    assert f"{snippet}" == str(snippet) == "sets & maps"
    assert snippet.spans == ((7, 11),)
    assert Snippet().spans == ()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_keep_their_spans(copied):
    """Copying and pickling keep text, spans and type."""
    twin = copied(Snippet("abc", [(1, 2)]))
    assert (type(twin), twin, twin.spans) == (Snippet, "abc", ((1, 2),))


@pytest.mark.parametrize(
    ("spans", "tidy"),
    [
        ([(2, 3), (0, 1)], ((0, 1), (2, 3))),
        ([(0, 2), (1, 3)], ((0, 3),)),
        ([(0, 1), (1, 3)], ((0, 3),)),
        ([(-5, 2), (4, 99)], ((0, 2), (4, 5))),
        ([(3, 3), (4, 2), (9, 12)], ()),
        ([(0, 5), (1, 2)], ((0, 5),)),
    ],
)
def test_spans_are_put_in_order(spans, tidy):
    """Whatever spans are given, those kept are in order, inside the text, not empty, and apart."""
    assert Snippet("abcde", spans).spans == tidy


def test_html_is_escaped_piece_by_piece():
    """Marks stand where the spans are, and the text around and in them is escaped."""
    snippet = Snippet("<b> & \"c\" 'd'", [(0, 3), (6, 9)])
    assert snippet.to_html() == "<mark>&lt;b&gt;</mark> &amp; <mark>&quot;c&quot;</mark> &#x27;d&#x27;"
    assert snippet.to_html("b").startswith("<b>&lt;b&gt;</b>")


@pytest.mark.parametrize("tag", ["", "b onclick=x", "b>", "B", "\u0431", "1b", "b\n"])
def test_a_tag_is_a_name(tag):
    """Nothing but a plain element name is put between the angle brackets."""
    with pytest.raises(RequestError):
        Snippet("a").to_html(tag)


def test_terminal_marks():
    """With colour the spans stand out and everything is reset after them; without, it is plain text."""
    snippet = Snippet("a\x1b[31mb\nc", [(6, 7)])
    assert snippet.to_terminal(colour=True) == "a\x1b[1;33mb\x1b[0m c"
    assert snippet.to_terminal(colour=False) == "ab c"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain \u00e9\u4eac \U0001f600", "plain \u00e9\u4eac \U0001f600"),
        ("a\n\tb", "a b"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://e.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]never ended", "never ended"),
        ("a\u202eb", "ab"),
        ("\ud800", "\ufffd"),
        ("\u05e9\u05dc\u05d5\u05dd \u200fx", "\u05e9\u05dc\u05d5\u05dd \u200fx"),
    ],
)
def test_safe_text(text, safe):
    """Commands go, words stay."""
    assert safe_text(text) == safe


@given(text=any_text)
def test_safe_text_holds_nothing_a_terminal_obeys(text):
    """No control character, line end, bidi control or surrogate is left, and few marks in a row; twice is as once."""
    safe = safe_text(text)
    assert not [c for c in safe if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", safe)
    assert not re.search(f"[\u0300-\u036f]{{{COMBINING_RUN_MAX + 1}}}", safe)
    assert safe_text(safe) == safe
    safe.encode()


@given(text=any_text, spans=any_spans)
def test_snippets_show_safely_anywhere(text, spans):
    """HTML has no element but the marks, terminal text no escape but ours, and neither loses a plain character."""
    snippet = Snippet(text, spans)
    assert all(0 <= start < end <= len(text) for start, end in snippet.spans)
    assert all(one[1] < two[0] for one, two in zip(snippet.spans, snippet.spans[1:], strict=False))
    assert "".join(piece for piece, _ in snippet.pieces()) == text
    shown = snippet.to_html()
    assert re.sub("</?mark>", "", shown).count("<") == 0
    assert shown.count("<mark>") == shown.count("</mark>") == len(snippet.spans)
    kept = "".join(filter(str.isalnum, text))
    if not re.search("[\u0300-\u036f]", text):
        assert "".join(filter(str.isalnum, html.unescape(re.sub("</?mark>", "", shown)))) == kept
    terminal = snippet.to_terminal(colour=True)
    assert "\x1b" not in terminal.replace("\x1b[1;33m", "").replace("\x1b[0m", "")


@given(text=any_text)
def test_escaped_html_cannot_leave_its_place(text):
    """Neither element content nor a quoted attribute can be ended by what is in it."""
    assert not re.search("[<>\"']", escape_html(text))


@pytest.mark.parametrize("url", LINKS)
def test_unsafe_addresses_are_no_links(url):
    """Only http and https with a plain host become links."""
    assert safe_link(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com:8080/a?b=c&d#e",
        "HTTPS://Example.com/",
        "http://[::1]/",
        "https://\u4eac.example/\u00e9",
    ],
)
def test_safe_addresses_are_links(url):
    """An ordinary address is given back as it is."""
    assert safe_link(url) == url

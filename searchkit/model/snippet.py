"""Text of strangers on its way to a screen: snippets with their marks, and what makes text safe to show.

Everything crawled is hostile until it has passed one of these. `Snippet.to_html` and `escape_html` escape for HTML, in
element content and in quoted attributes alike; marks are set between escaped pieces, never in escaped text.
`safe_text` and `Snippet.to_terminal` are for terminals, where control characters are commands. `safe_link` says
whether an address may become a link. All run in time linear in the text. How a snippet is chosen is not known
here (`search/highlight.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Self

from searchkit.errors import RequestError

COMBINING_RUN_MAX: Final = 8
"""Combining marks shown on one character; a flood of them would be drawn over the neighbouring lines."""

Spans = tuple[tuple[int, int], ...]

_MARK_ON, _MARK_OFF = "\x1b[1;33m", "\x1b[0m"
_LINE_ENDS: Final = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
_ESCAPES: Final = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # CSI: colours, cursor, modes
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*+(?:\x07|\x1b\\\\|\x9c)"  # OSC, DCS and their kin, if ended
    "|\x1b[ -/]*+[0-~]?"  # Anything else that begins with ESC
)
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_FLOOD: Final = re.compile(
    f"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{{{COMBINING_RUN_MAX}}})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]++"
)
_UNFIT_FOR_LINKS: Final = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\\\\]")
_ELEMENT: Final = re.compile("[a-z][a-z0-9]*", re.ASCII)


def safe_text(text: str) -> str:
    r"""Text that a terminal only displays: one line, no commands, nothing that reorders its neighbours.

    Escape sequences and control characters are removed, line ends and tabs become spaces, bidi controls that embed,
    override or isolate are removed, lone surrogates become U+FFFD, and marks beyond `COMBINING_RUN_MAX` are cut.

    Examples
    --------
    >>> safe_text("a\x1b[31mred\x07\nnext\u202eevil")
    'ared nextevil'
    """
    return _displayable(_ESCAPES.sub("", text))


def escape_html(text: str) -> str:
    """Text as HTML element content or as the value of a quoted attribute; controls are treated as by `safe_text`."""
    import html  # Its table of entities is of no use to a terminal.

    return html.escape(_displayable(text), quote=True)


def _displayable(text: str) -> str:
    text = _CONTROLS.sub("", _LINE_ENDS.sub(" ", text))
    return _FLOOD.sub(r"\1", _SURROGATES.sub("\ufffd", _BIDI.sub("", text)))


def safe_link(url: str) -> str | None:
    """The address if it may become a link, else None.

    Only ``http`` and ``https`` with a host; no user name, which could pose as the host; no space, control
    character, bidi control or backslash, which browsers and parsers read differently. It still has to be escaped.
    """
    if _UNFIT_FOR_LINKS.search(url):
        return None
    try:
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return url


class Snippet(str):  # noqa: SLOT000 - a str with slots cannot be pickled by protocol 0 and 1
    """A piece of a document's text that knows which parts of it answer the query.

    It is a `str` of the plain text, so that whoever does not care for marks need not know of them.

    Parameters
    ----------
    text : str
        One line of text, not yet escaped in any way.
    spans : iterable of (int, int)
        Start and end of each part to mark. They are put in order, cut to the text, and joined where they touch.

    Examples
    --------
    >>> Snippet("sets & maps", [(7, 11)]).to_html()
    'sets &amp; <mark>maps</mark>'
    """

    spans: Spans

    def __new__(cls, text: str = "", spans: Iterable[tuple[int, int]] = ()) -> Self:
        """Make one; `spans` in any order."""
        self = super().__new__(cls, text)
        self.spans = _tidy(spans, len(text))
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return str(self), self.spans

    def to_html(self, tag: str = "mark") -> str:
        """Escaped HTML, with each span in an element of that name.

        Raises
        ------
        RequestError
            If `tag` is not the plain lower-case name of an element.
        """
        if not _ELEMENT.fullmatch(tag):
            raise RequestError(f"{tag!r} is not the name of an HTML element", hint="Use mark, b, strong or em.")
        pieces = (
            f"<{tag}>{escape_html(piece)}</{tag}>" if marked else escape_html(piece) for piece, marked in self.pieces()
        )
        return "".join(pieces)

    def to_terminal(self, colour: bool = True) -> str:
        """Text for a terminal, through `safe_text`; the spans stand out if `colour`, and nothing does if not."""
        if not colour:
            return safe_text(self)
        cleaned = ((safe_text(piece), marked) for piece, marked in self.pieces())
        return "".join(f"{_MARK_ON}{piece}{_MARK_OFF}" if marked else piece for piece, marked in cleaned)

    def pieces(self) -> list[tuple[str, bool]]:
        """The text cut at the spans: (piece, whether it is marked), in order; no piece is empty."""
        pieces: list[tuple[str, bool]] = []
        here, text = 0, str(self)
        for start, end in self.spans:
            if here < start:
                pieces.append((text[here:start], False))
            pieces.append((text[start:end], True))
            here = end
        if here < len(text):
            pieces.append((text[here:], False))
        return pieces


def _tidy(spans: Iterable[tuple[int, int]], length: int) -> Spans:
    """Spans in order, within the text, none empty, none touching another."""
    tidy: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        start, end = max(start, 0), min(end, length)
        if start >= end:
            continue
        if tidy and start <= tidy[-1][1]:
            tidy[-1] = (tidy[-1][0], max(end, tidy[-1][1]))
        else:
            tidy.append((start, end))
    return tuple(tidy)

"""What a page says and where it leads: bytes in, title, main text, links, language and wishes out.

Pure: no network, no files, no state, and it has never heard of a crawler. It is used on fetched pages, on
WARC records and on folders of HTML files alike. Cost: 5 to 15 ms for 100 KB of HTML, most of it finding the
main text. A page is never trusted: its size, nesting, number of tags, links and all its texts are bounded
(`searchkit/limits.py`), and a page nested deeper than HTML parsers can bear (they are quadratic in depth)
is read tag by tag instead, which still finds its words. What remains unbounded is a parser's own fault;
callers who face strangers run this in a process they can end (`crawler/parsing.py`).

What this module does not know: whether a link may be followed, and what a page looks like when its
scripts have run.
"""

from __future__ import annotations

import codecs
import hashlib
import html
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from resiliparse.parse.lang import detect_fast
from selectolax.lexbor import LexborHTMLParser, LexborNode

from searchkit import limits
from searchkit.pages.urls import canonical_url, same_site


@dataclass(frozen=True, slots=True)
class Link:
    """A link: its absolute address as found, the text on it, and whether the page asks not to follow it."""

    url: str
    text: str
    nofollow: bool = False


@dataclass(frozen=True, slots=True)
class Extracted:
    """What `extract` found. Every text is free of control characters and bounded."""

    title: str
    text: str
    language: str = ""
    """Primary language tag (`en`), declared or recognised; empty if neither."""
    links: tuple[Link, ...] = ()
    links_left_out: int = 0
    """Links beyond `limits.PAGE_LINKS_MAX`."""
    canonical: str | None = None
    """Canonical spelling of the address the page says it belongs to; always of the same site."""
    noindex: bool = False
    nofollow: bool = False
    digest: str = ""
    """Of title and visible words, the same for two copies of one page; empty for a page without words."""
    complete: bool = True
    """False if the page was cut at a limit, or too deep for a parser and read tag by tag."""


_HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_TEXT_TYPES: Final = frozenset({"text/plain", "text/markdown", "text/x-markdown", "text/x-rst"})
_UNKNOWN_TYPES: Final = frozenset({"", "application/octet-stream", "unknown/unknown", "application/unknown"})
_HTML_START: Final = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_SNIFF_BYTES: Final = 1_024


def content_kind(content_type: str, body: bytes) -> str | None:
    """Say how to read a body: ``"html"``, ``"text"``, or None for what has no words to read.

    The declared type decides; without a usable one, the first bytes do.
    """
    declared = content_type.partition(";")[0].strip().lower()
    if declared in _HTML_TYPES or declared in _TEXT_TYPES:
        start = body[:_SNIFF_BYTES]
        if b"\x00" in start and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return None  # Declared as text, but is not.
        return "html" if declared in _HTML_TYPES else "text"
    if declared in _UNKNOWN_TYPES and _HTML_START.match(body[:_SNIFF_BYTES]):
        return "html"
    return None


def extract(body: bytes, url: str, *, charset: str = "", kind: str = "html") -> Extracted:
    """Read a page.

    Parameters
    ----------
    body : bytes
        The page, decompressed. Only the first `limits.PAGE_BYTES_MAX` bytes are read.
    url : str
        The page's own absolute address, which relative links are resolved against.
    charset : str
        The encoding the server declared, if any. It is believed only where the bytes agree.
    kind : str
        ``"html"`` or ``"text"``, see `content_kind`.

    Returns
    -------
    Extracted
        Never raises on account of the page, whatever its bytes are.
    """
    complete = len(body) <= limits.PAGE_BYTES_MAX
    text = decode(body[: limits.PAGE_BYTES_MAX], charset, sniff=kind == "html")
    if kind != "html":
        return _finish("", text, text, complete=complete)
    if _too_deep(text):
        return _tag_by_tag(text, url)
    return _parsed(text, url, complete)


def decode(body: bytes, charset: str = "", *, sniff: bool = False) -> str:
    """Turn bytes into text: byte order mark, then UTF-8 if the bytes are UTF-8, then what is declared.

    A page that is valid UTF-8 is UTF-8, whatever it or its server says: other encodings do not look like
    it by accident. Bytes that fit nothing are replaced by U+FFFD, never dropped in silence.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    declared = _known_encoding(charset)
    if b"\x1b$" in body and declared in ("", "iso2022_jp"):  # ISO-2022-JP, which looks like ASCII.
        declared = _known_encoding(detect_encoding(body, from_html_meta=sniff) or "")
    if declared != "iso2022_jp":
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start >= len(body) - 3 and error.reason == "unexpected end of data":
                return body.decode("utf-8", "replace")
    found = _known_encoding(detect_encoding(body, from_html_meta=sniff) or "")
    for name in (declared, found):
        if name and name != "utf-8":
            try:
                return body.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return body.decode(declared or found or "utf-8", "replace")


def _known_encoding(name: str) -> str:
    """A Python codec of the web's own list (so never zlib or utf-7), or empty."""
    name = name.strip(" \"'").lower()
    if not name or not name.isascii():
        return ""
    mapped: str | None = map_encoding_to_html5(name, fallback_utf8=False)
    try:
        return codecs.lookup(mapped).name if mapped else ""
    except LookupError:
        return ""


def robots_directives(content: str) -> tuple[bool, bool]:
    """Read a robots meta tag or an X-Robots-Tag header: (noindex, nofollow)."""
    words = {word.strip().lower() for word in re.split(r"[,;:\s]+", content[:1_000])}
    return bool(words & {"noindex", "none"}), bool(words & {"nofollow", "none"})


# --- reading a tree -------------------------------------------------------------------------------------


def _parsed(text: str, url: str, complete: bool) -> Extracted:
    tree = LexborHTMLParser(text)
    base = _base(tree, url)
    noindex, nofollow = _meta_robots(tree)
    links, left_out = _links(tree, base, nofollow)
    canonical = _canonical(tree, base, url)
    title = _title(tree)
    declared = tree.root.attributes.get("lang") if tree.root is not None else None
    main = extract_plain_text(text, main_content=True, preserve_formatting=True, alt_texts=False, list_bullets=False)
    tree.strip_tags(["script", "style", "noscript", "template", "head"])
    words = tree.body.text(separator=" ") if tree.body is not None else ""
    if len(main) < min(_MAIN_CHARACTERS_MIN, len(words) // 4):
        # The heuristics took the page for navigation; an index of everything beats one of nothing.
        main = extract_plain_text(text, preserve_formatting=True, alt_texts=False, list_bullets=False)
    return _finish(
        title,
        main,
        words,
        declared=declared or "",
        links=links,
        links_left_out=left_out,
        canonical=canonical,
        noindex=noindex,
        nofollow=nofollow,
        complete=complete,
    )


_MAIN_CHARACTERS_MIN: Final = 250
"""Characters of main text below which a page with four times as many words is read whole."""


def _finish(
    title: str, text: str, words: str, *, declared: str = "", complete: bool = True, **rest: object
) -> Extracted:
    title = one_line(title)[: limits.TITLE_CHARACTERS_MAX].rstrip()
    text = paragraphs(text)
    return Extracted(
        title=title,
        text=text[: limits.PAGE_TEXT_CHARACTERS_MAX],
        language=_language(declared, text),
        digest=_digest(title, words),
        complete=complete and len(text) <= limits.PAGE_TEXT_CHARACTERS_MAX,
        **rest,  # type: ignore[arg-type]
    )


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    return _join(url, _attribute(node, "href")) if node is not None else url


def _join(base: str, href: str) -> str:
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return href.strip()


def _title(tree: LexborHTMLParser) -> str:
    head = tree.head
    node = head.css_first("title") if head is not None else None
    title = node.text() if node is not None else ""
    if not title.strip() and (node := tree.css_first('meta[property="og:title"]')) is not None:
        title = _attribute(node, "content")
    if not title.strip() and (node := tree.css_first("h1")) is not None:
        title = node.text(separator=" ")
    return title


def _meta_robots(tree: LexborHTMLParser) -> tuple[bool, bool]:
    noindex = nofollow = False
    for node in tree.css("meta[name][content]")[:200]:
        if _attribute(node, "name").strip().lower() in ("robots", "searchkit"):
            one, other = robots_directives(_attribute(node, "content"))
            noindex, nofollow = noindex or one, nofollow or other
    return noindex, nofollow


def _canonical(tree: LexborHTMLParser, base: str, url: str) -> str | None:
    own = canonical_url(url)
    for node in tree.css("link[rel][href]")[:500]:
        if "canonical" in _attribute(node, "rel").lower().split():
            target = canonical_url(_join(base, _attribute(node, "href")))
            return target if target and own and same_site(own, target) else None
    return None


def _links(tree: LexborHTMLParser, base: str, page_nofollow: bool) -> tuple[tuple[Link, ...], int]:
    found: dict[str, Link] = {}
    targets: dict[str, str] = {}
    left_out = 0
    for node in tree.css("a[href], area[href]"):
        href = _attribute(node, "href").strip()
        if not href or href.startswith("#") or len(href) > 4 * limits.ID_BYTES_MAX:
            continue
        target = targets.get(href)
        if target is None:
            if len(found) >= limits.PAGE_LINKS_MAX:
                left_out += 1  # Without resolving it, which costs more than all the rest.
                continue
            target = targets[href] = _join(base, href).partition("#")[0]
        known = found.get(target)
        if known is not None and known.text and not known.nofollow:
            continue
        nofollow = page_nofollow or "nofollow" in _attribute(node, "rel").lower().split()
        text = one_line(node.text(separator=" ")[: 4 * limits.ANCHOR_CHARACTERS_MAX]) or _image_text(node)
        text = text[: limits.ANCHOR_CHARACTERS_MAX]
        if known is not None:
            text, nofollow = known.text or text, known.nofollow and nofollow
        found[target] = Link(target, text, nofollow)
    return tuple(found.values()), left_out


def _image_text(node: LexborNode) -> str:
    image = node.css_first("img[alt]")
    return one_line(_attribute(image, "alt")) if image is not None else one_line(_attribute(node, "title"))


# --- pages no parser should see -------------------------------------------------------------------------

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)([^<>]*)>")
# Elements that never nest: they have no content, or the parser closes them by itself.
_FLAT: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"p", "li", "dt", "dd", "td", "th", "tr", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup"}
    | {"html", "head", "body"}
)
_UNREAD: Final = frozenset({"script", "style", "noscript", "template", "textarea"})
_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'""")
_HREF: Final = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def _too_deep(text: str) -> bool:
    """Whether a tree of this page could be deeper, larger or wider than a parser should be given. Linear."""
    if any(_attributes(chunk) > limits.PAGE_ATTRIBUTES_MAX for chunk in text.split(">") if len(chunk) > _LONG_TAG):
        return True
    starts = text.count("<")
    if starts <= limits.PAGE_NESTING_MAX:
        return False
    if starts > limits.PAGE_TAGS_MAX and _TAG.subn("", text)[1] > limits.PAGE_TAGS_MAX:
        return True  # Counted in one call: a page made to be slow should not be walked through twice.
    depth = depths = 0
    for match in _TAG.finditer(text):
        depths += depth
        if depths > _DEPTHS_MAX:
            return True
        if match[2].lower() in _FLAT or match[3].endswith("/"):
            continue
        depth = max(depth + (-1 if match[1] else 1), 0)
        if depth > limits.PAGE_NESTING_MAX:
            return True
    return False


_LONG_TAG: Final = 8_192
_DEPTHS_MAX: Final = 20_000_000
"""Sum of the depths of all tags; a page of 100,000 tags is ten times less. Finding main text costs this much."""


def _attributes(chunk: str) -> int:
    """About how many attributes a tag has; `chunk` is what stands before its `>`."""
    return len(_QUOTED.sub(" ", chunk[chunk.rfind("<") + 1 :]).split()) if "<" in chunk else 0


def _tag_by_tag(text: str, url: str) -> Extracted:
    """Read a page without building a tree: every word outside scripts, and every address. Linear."""
    pieces: list[str] = []
    links: dict[str, Link] = {}
    title = ""
    position, inside, left_out = 0, "", 0
    for match in _TAG.finditer(text):
        name = match[2].lower()
        if not inside:
            pieces.append(text[position : match.start()])
        elif inside == "title" and name == "title":
            title = title or text[position : match.start()]
        position = match.end()
        if inside:
            inside = "" if match[1] and name == inside else inside
        elif not match[1] and (name in _UNREAD or name == "title"):
            inside = name
        if name == "a" and (href := _HREF.search(match[3])) is not None:
            if len(links) < limits.PAGE_LINKS_MAX:
                target = _join(url, html.unescape(href[1] or href[2] or href[3] or "")).partition("#")[0]
                links.setdefault(target, Link(target, "", "nofollow" in match[3].lower()))
            else:
                left_out += 1
    if not inside:
        pieces.append(text[position:])
    words = html.unescape("\n".join(pieces))
    return _finish(
        html.unescape(title), words, words, links=tuple(links.values()), links_left_out=left_out, complete=False
    )


# --- texts ----------------------------------------------------------------------------------------------

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES: Final = re.compile(r"[^\S\n]+")
_BREAKS: Final = re.compile(r" ?\n ?(?:\n ?)+")


def one_line(text: str) -> str:
    """Control characters out, every run of white space one space."""
    return " ".join(_CONTROL.sub("", text.replace("\r", " ").replace("\x85", " ")).split())


def paragraphs(text: str) -> str:
    """Control characters out, runs of spaces one space, line breaks kept, at most one empty line together."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _SPACES.sub(" ", text).replace(" \n", "\n").replace("\n ", "\n")
    return _BREAKS.sub("\n\n", text).strip()


def _digest(title: str, words: str) -> str:
    plain = one_line(words)
    if not plain:
        return ""
    return hashlib.sha256(f"{title}\n{plain}".encode("utf-8", "replace")).hexdigest()[:32]


_LANGUAGE_CHARACTERS: Final = 2_000
_LANGUAGE_RANK_MAX: Final = 1_000
"""Out-of-place rank above which a recognised language is mostly wrong (resiliparse says 1,200 for all texts)."""


def _language(declared: str, text: str) -> str:
    primary = re.match(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)", declared[:40])
    if primary:
        return primary[1].lower()
    if len(text) < 150:
        return ""
    name, rank = detect_fast(text[:_LANGUAGE_CHARACTERS])
    return str(name) if rank <= _LANGUAGE_RANK_MAX and name != "unknown" else ""

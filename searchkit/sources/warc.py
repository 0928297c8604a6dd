"""WARC archives, the format that web archives and Common Crawl share: the pages in them as records.

Of responses those answered with 200 and holding HTML or plain text are read, and the texts of WET files (`conversion`).
What is not a page (a picture, a redirect, a request) is skipped and counted. A record is placed by its byte in the
unpacked archive. Memory is bounded by one page of `limits.SOURCE_FILE_BYTES_MAX`; a larger record is passed over
without being held.

The reader is our own and small, because an archive cut short must be an error: the native readers we tried hand out a
record whose end is missing as if it were whole. Source of the format: ISO 28500:2017, sections 4 to 6.
"""

from __future__ import annotations

import http.client
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from searchkit import limits
from searchkit.errors import SourceError
from searchkit.pages.extract import decode
from searchkit.sources.folder import is_binary
from searchkit.sources.page import html_fields
from searchkit.sources.record import Item, Record, Rejected

_HTML = ("text/html", "application/xhtml+xml")
_PAGES = ("response", "resource", "conversion")
_HEAD_BYTES_MAX = 65_536  # of a record or of an HTTP answer; real ones take one or two thousand
_PIECE_BYTES = 1 << 18


class _Archive:
    """A position in the unpacked archive, and reads that know when the archive ends too early."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.position = file, name, 0
        self.start = 0
        """Where the record at hand begins."""

    def damaged(self, what: str) -> SourceError:
        hint = "Every page before it was kept. Fetch the archive again, or cut it there."
        return SourceError(f"{self.name}@{self.position}", what, hint=hint)

    def line(self) -> bytes:
        line = self.file.readline(_HEAD_BYTES_MAX)
        self.position += len(line)
        return line

    def read(self, count: int) -> bytes:
        data = self.file.read(count)
        self.position += len(data)
        if len(data) < count:
            raise self.damaged("the archive ends in the middle of a record")
        return data

    def skip(self, count: int) -> None:
        while count > 0:
            count -= len(self.read(min(count, _PIECE_BYTES)))

    def head(self) -> dict[str, str] | None:
        """The named fields of the next record, names in lower case; None at the end of the archive."""
        while (line := self.line()) in (b"\r\n", b"\n"):
            pass
        if not line:
            return None
        self.start = self.position - len(line)
        if not line.startswith((b"WARC/0.", b"WARC/1.")):
            raise self.damaged("there should be a record here, beginning with WARC/1.0 or WARC/1.1")
        fields, size = {}, 0
        while (line := self.line()) not in (b"\r\n", b"\n"):
            size += len(line)
            if not line.endswith(b"\n") or size > _HEAD_BYTES_MAX:
                raise self.damaged("the head of a record is cut short, or far too long")
            key, colon, value = line.decode("utf-8", "replace").partition(":")
            if colon:  # A line without one continues the line above, in a way of writing nobody uses.
                fields[key.strip().lower()] = value.strip()
        return fields


def read_warc(file: BinaryIO, name: str) -> Iterator[Item]:
    """Records of the pages in an archive.

    Parameters
    ----------
    file : binary file
        Unpacked.
    name : str
        What to call the source in places.

    Raises
    ------
    SourceError
        If the archive is damaged, cut short or holds no record; what came before was yielded.
    """
    archive = _Archive(file, name)
    while True:
        if (head := archive.head()) is None:
            break
        length = head.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            raise archive.damaged("a record does not say how long it is")
        where, size = f"{name}@{archive.start}", int(length)
        if head.get("warc-type") not in _PAGES:
            archive.skip(size)
        elif size > limits.SOURCE_FILE_BYTES_MAX:
            archive.skip(size)
            yield Rejected(where, f"larger than {limits.SOURCE_FILE_BYTES_MAX:,} bytes: {_url(head)}")
        else:
            yield _page(head, archive.read(size), where)
    if archive.position == 0:
        raise archive.damaged("the archive is empty")


def _url(head: dict[str, str]) -> str:
    return head.get("warc-target-uri", "").strip("<>")  # WARC 1.0 put it in angle brackets.


def _page(head: dict[str, str], block: bytes, where: str) -> Item:
    url, kind, charset, content = _url(head), head.get("content-type", ""), None, block
    if kind.startswith("application/http"):
        try:
            status, answer, content = _http(block)
        except (ValueError, http.client.HTTPException) as error:
            return Rejected(where, f"not an HTTP answer ({error}): {url}")
        if status != http.HTTPStatus.OK:
            return Rejected(where, f"answered {status}: {url}", failed=False)
        kind, charset = answer.get("Content-Type", ""), answer.get_content_charset()
    kind = kind.partition(";")[0].strip().lower()
    if kind not in (*_HTML, "text/plain"):
        return Rejected(where, f"{kind or 'of no known type'}: {url}", failed=False)
    if not url:
        return Rejected(where, "a page without a WARC-Target-URI")
    fields: dict[str, Any]
    note = ""
    if kind in _HTML:
        fields, note = html_fields(content, url, charset=charset)
    elif is_binary(content):
        return Rejected(where, f"binary, whatever its type says: {url}")
    else:
        fields = {"title": "", "text": decode(content, charset or "")}
    if not fields["text"].strip():
        return Rejected(where, f"there is no text in it: {url}")
    if moment := head.get("warc-date"):
        fields["last_crawled"] = moment
    return Record({"id": url, "url": url, **fields}, where, note)


def _http(block: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, head and unpacked body of a stored answer."""
    stream = io.BytesIO(block)
    first = stream.readline(_HEAD_BYTES_MAX).split(None, 2)
    if len(first) < 2 or not first[0].startswith(b"HTTP/") or not first[1].isdigit():
        raise ValueError("no status line")
    answer = http.client.parse_headers(stream)
    body = stream.read()
    if "chunked" in answer.get("Transfer-Encoding", "").lower():
        body = _dechunked(body)
    return int(first[1]), answer, _decoded(body, answer.get("Content-Encoding", "").strip().lower())


def _dechunked(body: bytes) -> bytes:
    """Join the chunks of a body. Many archives store it joined and keep the header, so what has no chunks stays."""
    pieces: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\n", at)
        try:
            size = int(body[at:end].partition(b";")[0].strip() or b"?", 16)
        except ValueError:
            return body if not pieces else b"".join(pieces)
        if size <= 0:
            return b"".join(pieces)
        pieces.append(body[end + 1 : end + 1 + size])
        at = end + 1 + size
        at += 2 if body[at : at + 2] == b"\r\n" else 1


def _decoded(body: bytes, coding: str) -> bytes:
    """Unpack gzip or deflate up to the bound. As with chunks, a body that is not packed stays as it is.

    Raises
    ------
    ValueError
        If the body is packed in another way, or is larger than the bound once unpacked.
    """
    if coding in ("", "identity") or not body:
        return body
    if coding in ("gzip", "x-gzip", "deflate"):
        for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib by its own head, then bare deflate
            unpacker = zlib.decompressobj(bits)
            try:
                content = unpacker.decompress(body, limits.SOURCE_FILE_BYTES_MAX)
            except zlib.error:
                continue
            if unpacker.unconsumed_tail:
                raise ValueError(f"larger than {limits.SOURCE_FILE_BYTES_MAX:,} bytes once unpacked")
            return content
        return body
    if b"<" in body[:1024]:  # It was unpacked by whoever stored it.
        return body
    raise ValueError(f"packed with {coding}, which is not read")

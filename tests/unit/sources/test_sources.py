"""Sources: every kind gives the same records, and every fault is told with its place, never passed over."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.errors import SourceError
from searchkit.sources.jsonl import read_jsonl
from searchkit.sources.record import Record, Rejected, as_record, content_id
from searchkit.sources.source import open_source
from searchkit.sources.stream import lines

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstd.compress}

RECORDS = [
    {"id": "1", "title": "One", "text": "the first"},
    {"id": "2", "text": "zweites, mit Ü und 面包"},
    {"url": "https://example.org/3", "text": "third"},
]
JSON = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS).encode()

plain_values = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8)
records = st.dictionaries(st.text(min_size=1, max_size=6), plain_values, max_size=5)


def read(spec, **options):
    """What a source holds, good and bad apart."""
    items = list(open_source(spec, **options))
    return [item.data for item in items if isinstance(item, Record)], [i for i in items if isinstance(i, Rejected)]


# --- JSON lines -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", PACK)
def test_packed_and_plain_files_hold_the_same_records(tmp_path, suffix):
    """A packed file of JSON lines gives what the plain one gives, with ids filled in."""
    path = tmp_path / f"pages.jsonl{suffix}"
    path.write_bytes(PACK[suffix](JSON))
    good, bad = read(path)
    assert not bad
    assert good == [{**record, "id": record.get("id", record.get("url"))} for record in RECORDS]


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_a_packed_file_cut_short_keeps_what_came_before_and_is_an_error(tmp_path, suffix):
    """The good beginning is handed out; then the damage is told, by the file's name."""
    path = tmp_path / f"pages.jsonl{suffix}"
    path.write_bytes(PACK[suffix](b"".join(b'{"id": %d}\n' % n for n in range(50_000)))[:-9])
    seen = []
    with pytest.raises(SourceError, match="packed data") as caught:
        seen.extend(open_source(path))
    assert len(seen) > 10_000
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_every_kind_of_broken_line_is_told_with_its_number(tmp_path):
    """Each faulty line is rejected by its number and reason; the lines around it are kept."""
    path = tmp_path / "bad.jsonl"
    path.write_bytes(
        b"\n".join(
            [
                b'\xef\xbb\xbf{"id": "first"}',
                b'{"id": "broken"',
                b"[1, 2]",
                b'{"id": "latin \xe9"}',
                b'{"id": "nan", "n": NaN}',
                b'{"id": "big", "n": 1e999}',
                b"[" * 100_000,
                b'{"id": ["list"]}',
                b'{"id": true}',
                b"{}",
                b"",
                b"   ",
                b'{"id": "last"}',
            ]
        )
    )
    good, bad = read(path)
    assert [record["id"] for record in good] == ["first", "last"]
    assert [item.where for item in bad] == [f"{path}:{n}" for n in range(2, 11)]
    assert all(item.failed and item.why for item in bad)


def test_a_huge_line_is_told_without_being_held(monkeypatch):
    """A line beyond the bound is passed over in pieces: memory does not grow with it."""
    monkeypatch.setattr(limits, "SOURCE_LINE_BYTES_MAX", 1 << 20)

    class Endless(io.RawIOBase):
        """48 MB without a line end, then a good record."""

        left = 48 << 20

        def readable(self):
            return True

        def readinto(self, buffer):
            if self.left > 0:
                self.left -= len(buffer)
                buffer[:] = b"x" * len(buffer)
                return len(buffer)
            text, self.left = (b'\n{"id": "after"}\n', -(1 << 40)) if self.left > -(1 << 30) else (b"", self.left)
            buffer[: len(text)] = text
            return len(text)

    tracemalloc.start()
    found = [(line.number, line.content) for line in lines(io.BufferedReader(Endless()), 1 << 20)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(1, None), (2, b'{"id": "after"}')]
    assert peak < 8 << 20


def test_standard_input_is_json_lines():
    """`-` reads JSON lines, and faults there have line numbers too."""
    good, bad = read("-", stdin=io.BytesIO(b'{"id": 1}\nx\n'))
    assert good == [{"id": "1"}]
    assert [item.where for item in bad] == ["standard input:2"]


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise(content):
    """Whatever the bytes are, each line that is not blank is a record or a reason."""
    items = list(read_jsonl(io.BytesIO(content), "x"))
    numbers = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b"\r").strip()]
    assert len(items) == len(numbers)


# --- ids ------------------------------------------------------------------------------------------------


@given(records)
def test_a_nameless_record_is_named_by_its_content(data):
    """The name depends on what a record says, not on the order it says it in; other content, another name."""
    reordered = dict(reversed(data.items()))
    assert content_id(data) == content_id(reordered)
    assert content_id({**data, "more": 1}) != content_id(data) or data.get("more") == 1


@given(records)
def test_a_record_keeps_its_fields_and_gets_an_id(data):
    """An id is added, nothing else changes; only an unusable id or an empty record is refused."""
    item = as_record(data, "here")
    if isinstance(item, Rejected):
        assert (
            isinstance(data.get("id"), bool)
            or isinstance(data.get("url"), bool)
            or not any(value not in ("", None) for value in data.values())
        )
    else:
        assert isinstance(item.data["id"], str)
        assert item.data["id"]
        assert {k: v for k, v in item.data.items() if k != "id"} == {k: v for k, v in data.items() if k != "id"}


# --- tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "comma"), [("t.csv", ","), ("t.csv", ";"), ("t.tsv", "\t"), ("t.csv.gz", ",")])
def test_tables_with_any_separator(tmp_path, name, comma):
    """The first row names the fields; quoted cells may hold separators and line breaks; an empty cell is no field."""
    table = f'id,title,text\r\n1,"a{comma} b","two\r\nlines"\r\n2,,plain\r\n\r\n'.replace(",", comma).replace(
        f'"a{comma}{comma} b"', f'"a{comma} b"'
    )
    path = tmp_path / name
    content = table.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    good, bad = read(path)
    assert not bad
    assert good == [{"id": "1", "title": f"a{comma} b", "text": "two\nlines"}, {"id": "2", "text": "plain"}]


def test_rows_that_do_not_fit_are_told(tmp_path):
    """A row of another length, in another encoding or with a stray quote is rejected by its line."""
    path = tmp_path / "t.csv"
    path.write_bytes(b'id,text\n1,a\n2\n3,b,c\n4,caf\xe9\n5,"x"y\n6,z\n')
    good, bad = read(path)
    assert [record["id"] for record in good] == ["1", "6"]
    assert [item.where.rpartition(":")[2] for item in bad] == ["3", "4", "5", "6"]


@pytest.mark.parametrize("content", [b"", b"\n1,2\n", b"id,id\n1,2\n", b"\xff,a\n1,2\n"])
def test_a_table_without_names_is_an_error(tmp_path, content):
    """Without a first row that names each field once nothing can be read."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        list(open_source(path))


# --- folders --------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every kind of thing in it."""
    top = tmp_path / "docs"
    (top / "b").mkdir(parents=True)
    (top / ".hidden").mkdir()
    (top / ".hidden" / "x.txt").write_text("not seen")
    (top / "page.html").write_text(
        "<html lang=en><title>A page</title><body><p>Words of a page, &amp; more.</p><script>no()</script></body></html>"
    )
    (top / "b" / "note.md").write_text(
        "---\ntitle: 'The note'\ndate: x\n---\n# Heading #\n\nSee [the *oven*](https://example.org/oven \"t\").\n\n```py\ncode\n```\n"
    )
    (top / "b" / "plain.txt").write_bytes("\ufeffÜber den Fluss".encode())
    (top / "b" / "old.txt").write_bytes("Über den Fluss".encode("cp1252"))
    (top / "b" / "wide.txt").write_text("Über den Fluss", encoding="utf-16")
    (top / "empty.txt").write_text(" \n")
    (top / "binary.txt").write_bytes(b"\x00\x01\x02" * 50)
    (top / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "outside.txt").write_text("outside")
    (top / "link.txt").symlink_to(tmp_path / "outside.txt")
    (top / "circle").symlink_to(top)
    return top


def test_a_folder_is_read_in_order_and_nothing_is_passed_over_in_silence(folder):
    """Pages, Markdown and text in sorted order; links are not followed; what cannot be read has its reason."""
    good, bad = read(folder)
    assert [record["url"].rpartition("/docs/")[2] for record in good] == [
        "b/note.md",
        "b/old.txt",
        "b/plain.txt",
        "b/wide.txt",
        "page.html",
    ]
    note, old, plain, wide, page = good
    assert note["title"] == "The note"
    assert "See the *oven*." in note["text"]
    assert "example.org" not in note["text"]
    assert old["text"] == plain["text"] == wide["text"] == "Über den Fluss"
    assert plain["title"] == "plain"
    assert page["title"] == "A page"
    assert "Words of a page, & more." in page["text"]
    assert "no()" not in page["text"]
    why = {Path(item.where).name: item for item in bad}
    assert {name for name, item in why.items() if item.failed} == {"empty.txt", "binary.txt"}
    assert {name for name, item in why.items() if not item.failed} == {"picture.png", "link.txt", "circle"}


def test_ids_of_files_do_not_depend_on_where_one_stands(folder, monkeypatch):
    """The same file has the same id from every working directory."""
    before = [record["id"] for record in read(folder)[0]]
    monkeypatch.chdir(folder.parent)
    assert [record["id"] for record in read("docs")[0]] == before
    assert read(folder / "b" / "note.md")[0][0]["id"] == before[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read_is_told(folder):
    """Missing permission is a reason, not a crash."""
    (folder / "page.html").chmod(0)
    assert "page.html" in {Path(item.where).name for item in read(folder)[1] if item.failed}


# --- archives -------------------------------------------------------------------------------------------


def warc_record(kind: str, url: str, block: bytes, content_type: str = "application/http; msgtype=response") -> bytes:
    """One record as ISO 28500 writes it."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-01T10:00:00Z\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def http(body: bytes, status: str = "200 OK", kind: str = "text/html", **headers: str) -> bytes:
    """An HTTP answer as it is stored."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


PAGE = "<title>Crème</title><p>Über den Fluss führt eine Brücke aus Stein.</p>"
CHUNKED = (
    b"5\r\n"
    + PAGE.encode()[:5]
    + b"\r\n"
    + f"{len(PAGE.encode()) - 5:x};x=y\r\n".encode()
    + PAGE.encode()[5:]
    + b"\r\n0\r\n\r\n"
)
ARCHIVE = [
    warc_record("warcinfo", "", b"software: none\r\n", "application/warc-fields"),
    warc_record("request", "http://example.org/1", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request"),
    warc_record("response", "<http://example.org/1>", http(PAGE.encode("latin-1"), kind="text/html; charset=latin-1")),
    warc_record("response", "http://example.org/2", http(gzip.compress(PAGE.encode()), Content_Encoding="gzip")),
    warc_record("response", "http://example.org/3", http(CHUNKED, Transfer_Encoding="chunked")),
    warc_record(
        "response", "http://example.org/4", http(PAGE.encode(), Transfer_Encoding="chunked", Content_Encoding="gzip")
    ),
    warc_record("response", "http://example.org/gone", http(b"x", "404 Not Found")),
    warc_record("response", "http://example.org/p.png", http(b"\x89PNG", kind="image/png")),
    warc_record("response", "http://example.org/br", http(b"\x0b\x02\x80", Content_Encoding="br")),
    warc_record("response", "http://example.org/bad", b"nonsense"),
    warc_record("response", "http://example.org/bin", http(b"a\0b", kind="text/plain")),
    warc_record("conversion", "http://example.org/wet", b"Text einer Seite", "text/plain"),
]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "whole.warc.gz", "a.warc.xz"])
def test_archives_give_their_pages(tmp_path, name):
    """Pages are found however bodies and records are packed; what is not a page is skipped, what is broken is told."""
    if name == "a.warc.gz":
        content = b"".join(gzip.compress(record) for record in ARCHIVE)
    else:
        content = {"whole.warc.gz": gzip.compress, "a.warc.xz": lzma.compress}.get(name, bytes)(b"".join(ARCHIVE))
    (tmp_path / name).write_bytes(content)
    good, bad = read(tmp_path / name)
    assert [record["url"].rpartition("/")[2] for record in good] == ["1", "2", "3", "4", "wet"]
    assert all(record["title"] == "Crème" and "führt eine Brücke" in record["text"] for record in good[:4])
    assert good[0]["last_crawled"] == "2024-05-01T10:00:00Z"
    assert [item.failed for item in bad] == [False, False, True, True, True]
    assert bad[0].where == f"{tmp_path / name}@{sum(map(len, ARCHIVE[:6]))}"


def test_an_archive_cut_anywhere_is_an_error_or_whole_records(tmp_path):
    """Wherever an archive is cut, no half page is handed out: the end of a record, or a `SourceError`."""
    whole = b"".join(ARCHIVE[2:4])
    ends = [len(ARCHIVE[2]), len(whole)]
    path = tmp_path / "cut.warc"
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        seen = []
        if any(end - 4 <= cut <= end for end in ends):  # The blank lines after a record may be missing.
            seen.extend(open_source(path))
        else:
            with pytest.raises(SourceError):
                seen.extend(open_source(path))
        assert len(seen) == sum(end - 4 <= cut for end in ends)


# --- what is no source ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.jsonl", "a\0b", "x" * 5_000])
def test_a_missing_source_is_told_at_once(tmp_path, name):
    """Opening says so, before anything is read."""
    with pytest.raises(SourceError):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["page.docx", "noname", "pages.json", "pages.gz", "page.html.gz"])
def test_an_unknown_kind_is_told_with_what_is_known(tmp_path, name):
    """The hint lists what can be read."""
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(SourceError) as caught:
        open_source(tmp_path / name)
    assert ".jsonl" in caught.value.hint


def test_progress_is_counted_in_bytes_on_disk(tmp_path):
    """`done` grows to `size` as a packed file is read, so that a progress bar can know the end."""
    path = tmp_path / "pages.jsonl.xz"
    path.write_bytes(lzma.compress(JSON * 100))
    source = open_source(path)
    list(source)
    assert source.done == source.size == path.stat().st_size

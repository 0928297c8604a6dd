"""FORMAT.md is what the code writes and reads, byte for byte."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import numpy as np
import pytest

import searchkit.segment
from searchkit.codec import zstd
from searchkit.model.document import to_document
from searchkit.model.schema import Keyword, Number, Schema, Text
from searchkit.segment.buffer import Buffer
from searchkit.segment.reader import SegmentReader
from searchkit.segment.suggestions import gleaner_for
from searchkit.segment.writer import write_segment
from searchkit.suggest import parts

SCHEMA = Schema(title=Text(weight=2.0, language="none"), text=Text(), tags=Keyword(), year=Number())
FORMAT = Path(searchkit.segment.__file__).with_name("FORMAT.md")


@pytest.fixture
def example(tmp_path: Path) -> SegmentReader:
    """The segment of the worked example."""
    buffer = Buffer(fields=2, columns=1)
    first = {"id": "a", "title": "red fox", "text": "fox runs", "tags": ["x"], "year": 2020}
    buffer.add(to_document(first, SCHEMA), [["red", "fox"], ["fox", "runs"]])
    buffer.add(to_document({"id": "b", "text": "fox fox"}, SCHEMA), [[], ["fox", "fox"]])
    path = tmp_path / "example.seg"
    receipt = write_segment(path, buffer, SCHEMA)
    return SegmentReader(path, receipt.size, receipt.spine, receipt.sums)


def documented() -> dict[str, bytes]:
    """Bytes of each part as FORMAT.md gives them; a name with + goes on where the last line stopped."""
    block = re.search(r"```hex\n(.*?)```", FORMAT.read_text("utf-8"), re.DOTALL)
    assert block is not None
    parts: dict[str, bytes] = {}
    for line in block[1].splitlines():
        name, _, digits = line.partition(" ")
        parts[name.rstrip("+")] = parts.get(name.rstrip("+"), b"") + bytes.fromhex(digits)
    return parts


def test_the_example_is_what_we_write(example: SegmentReader) -> None:
    """Every part listed has the bytes listed."""
    parts = documented()
    assert len(parts) > 15
    for name, expected in parts.items():
        assert bytes(example.bytes_of(name, 0, len(expected))) == expected, name
        assert example.part_sizes[name] == len(expected), name


def test_the_example_reads_as_it_says(example: SegmentReader) -> None:
    """Term numbers, documents, frequencies and positions are those told in words below the bytes."""
    assert dict(example.terms.items()) == {"fox": 0, "red": 1, "runs": 2}
    assert example.docs(0).tolist() == [0, 1]
    assert example.frequencies(0).tolist() == [[1, 1], [0, 2]]
    positions, counts = example.positions(0)
    assert positions.tolist() == [1, 3, 1, 2]
    assert counts.tolist() == [2, 2]
    assert example.positions(2)[0].tolist() == [4]
    assert set(example.keyword("tags", "x")) == {0}
    assert example.record(1) == {"id": "b", "text": "fox fox"}


def test_every_part_is_documented(example: SegmentReader) -> None:
    """A part nobody can look up does not exist."""
    table = FORMAT.read_text("utf-8")
    for name in example.part_sizes:
        generic = re.sub(r"(lengths)\..*", r"\1.<i>", re.sub(r"(column)\..*", r"\1.<name>", name))
        assert f"`{generic}`" in table, name


def test_sums_are_computed_as_documented(example: SegmentReader) -> None:
    """A stranger's reading of section 4 gives the checksums in the file."""
    sums = bytes(example._file.get("sums"))
    assert zlib.crc32(sums[:-4]) == int.from_bytes(sums[-4:], "little")
    count, at, sizes = int.from_bytes(sums[:4], "little"), 4, {}
    for _ in range(count):
        name = sums[at + 1 : at + 1 + sums[at]].decode()
        at += 1 + sums[at]
        sizes[name] = int.from_bytes(sums[at : at + 8], "little")
        at += 8
    assert list(sizes) == sorted(sizes)
    for name, size in sizes.items():
        part = bytes(example.bytes_of(name, 0, size))
        for start in range(0, size, 65536):
            assert zlib.crc32(part[start : start + 65536]) == int.from_bytes(sums[at : at + 4], "little")
            at += 4
    assert at == len(sums) - 4


def test_the_parts_for_suggestions_are_what_we_write() -> None:
    """Words, pairs and titles of the example have the unpacked bytes told, and are read back from them."""
    block = re.search(r"```hex-unpacked\n(.*?)```", FORMAT.read_text("utf-8"), re.DOTALL)
    assert block is not None
    told = {name: bytes.fromhex(digits) for name, _, digits in (line.partition(" ") for line in block[1].splitlines())}
    harvest = gleaner_for(Schema(title=Text(language="en"), text=Text()))
    harvest.add_many(["red fox", "fox runs", "", "fox fox"])
    found = harvest.parts(np.array([True, True]))
    assert {name: zstd.decompress(part, 1_000) for name, part in found.items()} == told
    assert parts.decode_words(found[parts.WORDS]) == {"fox": 2, "red": 1, "runs": 1}
    assert parts.decode_pairs(found[parts.PAIRS]).cells.tolist() == [19_731_714, 58_571_902, 74_537_619]
    assert parts.decode_titles(found[parts.TITLES], 2) == ["red fox", ""]

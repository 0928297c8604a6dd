"""Check tells facts that contradict each other, and has nothing to say of those that do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searchkit.errors import FormatUnsupported, SegmentDamaged
from searchkit.model.document import to_document
from searchkit.model.schema import Keyword, Schema, Text
from searchkit.segment import layout, writer
from searchkit.segment.buffer import Buffer
from searchkit.segment.check import check_segment
from searchkit.segment.postings import PostingBatch, PostingsEncoder, codes_for
from searchkit.segment.reader import SegmentReader
from searchkit.segment.terms import encode_terms

SCHEMA = Schema(title=Text(), text=Text(), tags=Keyword())


@pytest.fixture
def buffer() -> Buffer:
    """Twelve documents with two words each, one of them common."""
    buffer = Buffer(fields=2, columns=0)
    for number in range(12):
        record = {"id": f"id{number}", "title": "common", "text": f"common w{number}", "tags": ["x"]}
        buffer.add(to_document(record, SCHEMA), [["common"], ["common", f"w{number}"]])
    return buffer


def written(path: Path, buffer: Buffer, change: Callable[[PostingBatch], PostingBatch]) -> SegmentReader:
    """A segment whose checksums are right and whose postings were changed before they were encoded."""
    documents, (terms, inverted) = buffer.documents(), buffer.invert()
    trie, key_numbers, numbers = encode_terms(terms)
    batch = change(inverted.batch(numbers))
    encoder = PostingsEncoder(2, codes_for(batch, compiled=False), path.parent, compiled=False)
    encoder.add(batch)
    receipt = writer.seal(path, documents, trie, key_numbers, encoder, SCHEMA)
    encoder.close()
    return SegmentReader(path, receipt.size, receipt.spine, receipt.sums)


def changed(array: np.ndarray[Any, Any], at: Any, value: Any) -> np.ndarray[Any, Any]:
    copy = array.copy()
    copy[at] = value
    return copy


def test_a_sound_segment_has_no_findings(tmp_path: Path, buffer: Buffer) -> None:
    """What was written as it should be passes, small lists and bitmaps."""
    assert check_segment(written(tmp_path / "s.seg", buffer, lambda batch: batch)) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda batch: replace(batch, tfs=changed(batch.tfs, 0, (2, 0))), "other fields than its frequencies"),
        (lambda batch: replace(batch, positions=changed(batch.positions, 1, 99)), "'common' lies outside the fields"),
        (lambda batch: replace(batch, docs=changed(batch.docs, 12, 99)), "name documents that do not exist"),
    ],
    ids=["fields", "positions", "documents"],
)
def test_facts_that_contradict_each_other_are_found(
    tmp_path: Path, buffer: Buffer, change: Callable[[PostingBatch], PostingBatch], finding: str
) -> None:
    """The finding names the term or the terms."""
    findings = check_segment(written(tmp_path / "s.seg", buffer, change))
    assert any(finding in one for one in findings), findings


def test_a_small_list_out_of_order_is_found(tmp_path: Path) -> None:
    """Documents that do not ascend, in a list without a header."""
    buffer = Buffer(fields=2, columns=0)
    for number in range(3):
        buffer.add(to_document({"id": str(number), "text": "word"}, SCHEMA), [[], ["word"]])
    reader = written(tmp_path / "s.seg", buffer, lambda batch: replace(batch, docs=batch.docs[[1, 0, 2]]))
    assert any("the documents of 'word' do not ascend" in one for one in check_segment(reader))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (layout.TERM_NUMBERS, b"\xff\xff\xff\xff"),
        (layout.TERM_POSTINGS, b"\xff\xff\xff\xff"),
        (layout.TERM_FIRST, b"\x01\x00\x00\x00"),
        (layout.POSITION_INDEX, b"\xff\xff\xff\xff"),
        (layout.ID_DOCS, b"\xff\xff\xff\xff"),
        (layout.ID_HASHES, b"\xff\xff\xff\xff"),
        (layout.TFS, b"\xff" * 100),
        (layout.TF_VECTORS, bytes(8 * 300)),
    ],
)
def test_tables_that_do_not_fit_are_noticed(
    tmp_path: Path, buffer: Buffer, monkeypatch: pytest.MonkeyPatch, name: str, value: bytes
) -> None:
    """Numbers that lead out of what they point into are refused at the latest when they are asked for."""
    real = writer.encode_sums

    def tampered(parts: dict[str, Any]) -> bytes:
        kept = len(bytes(parts[name])) - len(value)
        parts[name] = value + bytes(parts[name])[len(value) :] if kept > 0 else value
        return real(parts)

    monkeypatch.setattr(writer, "encode_sums", tampered)
    try:
        reader = written(tmp_path / "s.seg", buffer, lambda batch: batch)
    except SegmentDamaged:
        return
    assert check_segment(reader)


def test_the_first_format_is_refused_by_name(tmp_path: Path, buffer: Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment of format 1 is not read as if it were one of today's."""
    monkeypatch.setattr(layout, "FORMAT_VERSION", 1)
    with pytest.raises(FormatUnsupported) as caught:
        written(tmp_path / "s.seg", buffer, lambda batch: batch)
    assert "1" in str(caught.value)
    assert json.loads(json.dumps(layout.FORMATS_READ)) == [2]

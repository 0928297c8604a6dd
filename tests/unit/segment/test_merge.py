"""A merged segment is, byte for byte, the segment that would be written afresh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.codec.bitmap import BitMap
from searchkit.model.document import to_document
from searchkit.model.schema import Keyword, Number, Schema, Text
from searchkit.segment import merge, writer
from searchkit.segment.buffer import Buffer
from searchkit.segment.check import check_segment
from searchkit.segment.merge import Live, merge_segments
from searchkit.segment.reader import SegmentReader
from searchkit.segment.suggestions import gleaner_for
from searchkit.segment.writer import Receipt, write_segment

SCHEMA = Schema(title=Text(weight=2.0), text=Text(), tags=Keyword(), year=Number())

words = st.lists(st.sampled_from(["a", "b", "c", "long" * 9, "ü", "東京"]), max_size=70)
records = st.fixed_dictionaries(
    {"title": words, "text": words, "tags": st.lists(st.sampled_from("xyz")), "year": st.none() | st.integers(0, 9)}
)
cuts = st.lists(st.lists(st.tuples(records, st.booleans()), min_size=1, max_size=8), min_size=1, max_size=4)


def read(path: Path, receipt: Receipt) -> SegmentReader:
    return SegmentReader(path, receipt.size, receipt.spine, receipt.sums)


def write(path: Path, documents: list[tuple[str, dict[str, Any]]]) -> SegmentReader:
    buffer = Buffer(fields=2, columns=1, gleaner=gleaner_for(SCHEMA))
    for id, record in documents:
        texts = {name: " ".join(record[name]) for name in ("title", "text")}
        buffer.add(to_document({**record, **texts, "id": id}, SCHEMA), [record["title"], record["text"]])
    path.unlink(missing_ok=True)
    return read(path, write_segment(path, buffer, SCHEMA))


@pytest.mark.parametrize(("kernels", "chunk"), [(False, 4_000_000), (True, 4_000_000), (False, 9), (True, 9)])
@settings(deadline=None, max_examples=25)
@given(cut=cuts)
def test_merging_is_writing_afresh(
    tmp_path_factory: Any, kernels: bool, chunk: int, cut: list[list[tuple[dict[str, Any], bool]]]
) -> None:
    """However documents were cut into segments, whichever died, compiled or not, the merged file has the same parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "_CHUNK_WEIGHT", chunk)
        for module in (merge, writer):
            patch.setattr(module, "worth_compiling", lambda _: kernels)
        _merge_and_compare(tmp_path_factory.mktemp("merge"), cut)


def _merge_and_compare(folder: Path, cut: list[list[tuple[dict[str, Any], bool]]]) -> None:
    lives, kept, number = [], [], 0
    for part, group in enumerate(cut):
        named = [(f"id{number + i}", record) for i, (record, _) in enumerate(group)]
        number += len(group)
        dead = BitMap([i for i, (_, alive) in enumerate(group) if not alive])
        kept += [document for document, (_, alive) in zip(named, group, strict=True) if alive]
        lives.append(Live(write(folder / f"{part}.seg", named), dead))
    receipt = merge_segments(folder / "merged.seg", lives, SCHEMA)
    if not kept:
        assert receipt is None
        return
    assert receipt is not None
    merged = read(folder / "merged.seg", receipt)
    fresh = write(folder / "fresh.seg", kept)
    assert merged.part_sizes == fresh.part_sizes
    for name, size in merged.part_sizes.items():
        assert bytes(merged.bytes_of(name, 0, size)) == bytes(fresh.bytes_of(name, 0, size)), name
    assert check_segment(merged) == []

"""Ids are found by document and documents by id, each through bytes that were verified."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from searchkit.errors import SegmentDamaged
from searchkit.limits import CHECKSUM_BLOCK_BYTES
from searchkit.model.document import id_hash_bytes
from searchkit.segment.ids import IdTable, encode_ids
from searchkit.segment.sums import Sums, encode_sums, sums_total

# Two blocks and a half, of which no border is one of an id; the last id is empty, which no writer writes.
IDS = [f"https://example.com/ümläut/{number:07}" for number in range(4_500)] + [""]


def table(ids: list[str], *, broken_at: int | None = None) -> IdTable:
    """The ids as a segment holds them, with one byte changed after they were summed."""
    text, ends, hashes, docs = encode_ids(ids)
    data = encode_sums({"ids": text})
    sums, part = Sums(data, sums_total(data), Path("x.seg")), bytearray(text)
    if broken_at is not None:
        part[broken_at] ^= 1
    arrays = np.array(ends, np.uint32), np.frombuffer(hashes, "<u4"), np.frombuffer(docs, "<u4")
    view = memoryview(part)
    return IdTable(*arrays, view, sums.flags("ids"), partial(sums.verify, "ids", view))


@pytest.mark.parametrize("order", [1, -1])
def test_every_id_is_found_both_ways(order: int) -> None:
    """From the front and from the back, before and after its block was verified, alone and all together."""
    found = table(IDS)
    for doc in range(len(IDS))[::order]:
        assert found.id(doc) == IDS[doc]
    assert found.all() == IDS
    assert found.find(IDS[2_900]) == [2_900]
    assert found.find("elsewhere") == []
    asked = [*IDS[7::900], "elsewhere"]
    hashes = np.frombuffer(id_hash_bytes(asked), "<u8")
    assert found.find_many(asked, hashes) == {id: IDS.index(id) for id in asked[:-1]}


def test_a_changed_byte_is_noticed_by_every_id_of_its_block() -> None:
    """Also by the one that only ends in it; and never by those of another block."""
    ends = table(IDS)
    length = len(IDS[0].encode())
    crossing = CHECKSUM_BLOCK_BYTES // length
    found = table(IDS, broken_at=CHECKSUM_BLOCK_BYTES + 5)
    assert found.id(crossing - 1) == ends.id(crossing - 1)
    for doc in (crossing, crossing + 1, crossing + 100):
        with pytest.raises(SegmentDamaged, match="ids"):
            found.id(doc)
    with pytest.raises(SegmentDamaged):
        found.all()
    assert found.id(len(IDS) - 2) == IDS[-2]

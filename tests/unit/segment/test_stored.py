"""Stored records come back as they went in, whatever blocks they came in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.segment.layout import STORED_BLOCK_DOCUMENTS
from searchkit.segment.stored import PackedBlock, decode_block, encode_stored

records = st.lists(st.binary(max_size=30), max_size=70)


def decoded(blocks: list[bytes], count: int) -> list[bytes]:
    """All records of consecutive blocks."""
    sizes = [min(STORED_BLOCK_DOCUMENTS, count - start) for start in range(0, count, STORED_BLOCK_DOCUMENTS)]
    return [record for block, size in zip(blocks, sizes, strict=True) for record in decode_block(block, size)]


@given(st.lists(records, max_size=4))
def test_packed_blocks_are_records(groups: list[list[bytes]]) -> None:
    """Blocks packed before, full or not, aligned or not, give the bytes that their records give one by one."""
    everything = [record for group in groups for record in group]
    items: list[bytes | PackedBlock] = []
    for number, group in enumerate(groups):
        if number % 2:
            items += group
        else:
            starts = range(0, len(group), STORED_BLOCK_DOCUMENTS)
            for block, start in zip(encode_stored(group), starts, strict=True):
                items.append(PackedBlock(block, min(STORED_BLOCK_DOCUMENTS, len(group) - start)))
    blocks = [bytes(block) for block in encode_stored(items)]
    assert blocks == [bytes(block) for block in encode_stored(everything)]
    assert decoded(blocks, len(everything)) == everything


@pytest.mark.parametrize("documents", [1, 3])
def test_a_block_of_another_size_is_refused(documents: int) -> None:
    """A block that does not hold as many records as it should says so."""
    (block,) = encode_stored([b"one", b"two"])
    with pytest.raises(ValueError, match=r"should hold|shorter"):
        decode_block(block, documents)

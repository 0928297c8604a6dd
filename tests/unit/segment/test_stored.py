"""Stored records come back as they went in, whatever blocks they came in."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.segment import spool
from searchkit.segment.layout import STORED_BLOCK_DOCUMENTS
from searchkit.segment.stored import PackedBlock, StoredBlocks, StoredPart, decode_block, encode_stored

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


@pytest.mark.parametrize("memory", [0, 40, spool._MEMORY_BYTES_MAX])
@given(groups=st.lists(records, min_size=1, max_size=4))
def test_a_finished_part_has_the_blocks_of_its_records(
    memory: int, tmp_path_factory: pytest.TempPathFactory, groups: list[list[bytes]]
) -> None:
    """In memory or in a file, and however often it is asked for while records are still being added."""
    everything: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_MEMORY_BYTES_MAX", memory)
        blocks = StoredBlocks(tmp_path_factory.getbasetemp())
        for group in groups:
            everything += group
            blocks.append(group)
            part = blocks.records(np.ones(len(everything), np.bool_))
            assert isinstance(part, StoredPart)
            found = [bytes(part.data[start:end]) for start, end in itertools.pairwise(part.offsets)]
            assert found == [bytes(block) for block in encode_stored(everything)]
            assert part.offsets[-1] == len(part.data)
        chosen = np.arange(len(everything)) % 3 > 0
        if len(everything):
            wanted = blocks.records(chosen)
            assert not isinstance(wanted, StoredPart)
            left = list(itertools.compress(everything, chosen.tolist()))
            assert [bytes(block) for block in encode_stored(wanted)] == [bytes(block) for block in encode_stored(left)]
        blocks.close()

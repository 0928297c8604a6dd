"""Here is a document number, give me its record: stored fields, compressed in blocks of 16 documents.

    Block := zstd( size:u32 x documents, record x documents )         records are UTF-8 JSON

`stored_index` holds the byte offset of every block and of the end. Cost: one block, about 50 microseconds,
for one record; reading neighbours together is cheaper. Not for ranking: whoever reads records for more
than the hits shown is doing something else wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from searchkit import limits
from searchkit.codec import zstd
from searchkit.segment.layout import STORED_BLOCK_DOCUMENTS, U4

_BLOCK_BYTES_MAX = STORED_BLOCK_DOCUMENTS * (limits.DOCUMENT_CHARACTERS_MAX + 4)


@dataclass(frozen=True, slots=True)
class PackedBlock:
    """A block as `encode_stored` gave it, whose checksum has been verified, and how many records it holds."""

    data: bytes | memoryview
    documents: int


def encode_stored(records: Iterable[bytes | PackedBlock]) -> Iterator[bytes | memoryview]:
    """Compress records in order: the blocks of the `stored` part, one at a time.

    A block that is packed already goes through as it is where it is full and another one ends before it; elsewhere
    it is taken apart. Either way the blocks are those of the records one by one.
    """
    compressor, group = zstd.Compressor(), list[bytes]()
    for item in records:
        if not isinstance(item, PackedBlock):
            group.append(item)
        elif not group and item.documents == STORED_BLOCK_DOCUMENTS:
            yield item.data
        else:
            group += decode_block(item.data, item.documents)
        if len(group) >= STORED_BLOCK_DOCUMENTS:
            yield _packed(compressor, group[:STORED_BLOCK_DOCUMENTS])
            del group[:STORED_BLOCK_DOCUMENTS]
    if group:
        yield _packed(compressor, group)


def _packed(compressor: zstd.Compressor, group: list[bytes]) -> bytes:
    return compressor.compress(b"".join((np.array(list(map(len, group)), U4).tobytes(), *group)))


def decode_block(block: bytes | memoryview, documents: int) -> list[bytes]:
    """Records of one block of `documents` documents, or ValueError if the block is not sound."""
    unpacked = zstd.decompress(block, _BLOCK_BYTES_MAX)
    head = 4 * documents
    if len(unpacked) < head:
        raise ValueError("is shorter than its table of sizes")
    ends = np.cumsum(np.frombuffer(unpacked, U4, documents), dtype=np.int64) + head
    if ends[-1] != len(unpacked):
        raise ValueError(f"should hold {ends[-1]} bytes, holds {len(unpacked)}")
    starts = [head, *ends[:-1].tolist()]
    return [unpacked[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]

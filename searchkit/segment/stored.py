"""Here is a document number, give me its record: stored fields, compressed in blocks of 16 documents.

    Block := zstd( size:u32 x documents, record x documents )         records are UTF-8 JSON

`stored_index` holds the byte offset of every block and of the end. Cost: one block, about 50 microseconds,
for one record; reading neighbours together is cheaper. Not for ranking: whoever reads records for more
than the hits shown is doing something else wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from searchkit import limits
from searchkit.codec import zstd
from searchkit.segment.layout import STORED_BLOCK_DOCUMENTS, U4

_BLOCK_BYTES_MAX = STORED_BLOCK_DOCUMENTS * (limits.DOCUMENT_CHARACTERS_MAX + 4)


def encode_stored(records: Iterable[bytes]) -> Iterator[bytes]:
    """Compress records in order: the blocks of the `stored` part, one at a time."""
    compressor, rest = zstd.Compressor(), iter(records)
    while group := list(itertools.islice(rest, STORED_BLOCK_DOCUMENTS)):
        yield compressor.compress(b"".join((np.array(list(map(len, group)), U4).tobytes(), *group)))


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

"""Here is a document number, give me its record: stored fields, compressed in blocks of 16 documents.

    Block := zstd( size:u32 x documents, record x documents )         records are UTF-8 JSON

`stored_index` holds the byte offset of every block and of the end. Cost: one block, about 50 microseconds,
for one record; reading neighbours together is cheaper. Not for ranking: whoever reads records for more
than the hits shown is doing something else wrong.
"""

from __future__ import annotations

import itertools
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.codec import zstd
from searchkit.segment.layout import STORED_BLOCK_DOCUMENTS, U4
from searchkit.segment.spool import Spool

_BLOCK_BYTES_MAX = STORED_BLOCK_DOCUMENTS * (limits.DOCUMENT_CHARACTERS_MAX + 4)


@dataclass(frozen=True, slots=True)
class PackedBlock:
    """A block as `encode_stored` gave it, whose checksum has been verified, and how many records it holds."""

    data: bytes | memoryview
    documents: int


@dataclass(frozen=True, slots=True)
class StoredPart:
    """All blocks of a segment, one after the other, as they are written.

    Attributes
    ----------
    data : memoryview
        The `stored` part.
    offsets : sequence of int
        Of each block, and of the end.
    """

    data: memoryview
    offsets: Sequence[int]


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


class StoredBlocks:
    """Records of a segment that is being built: compressed as they come, block by block, in a temporary file.

    Parameters
    ----------
    directory : Path
        For the temporary file.
    """

    def __init__(self, directory: Path) -> None:
        self._spool = Spool(directory)
        self._offsets = array("Q", (0,))
        self._compressor = zstd.Compressor()
        self._waiting: list[bytes] = []  # Less than a block.

    def append(self, records: Iterable[bytes]) -> None:
        """Add records at the end."""
        rest = itertools.chain(self._waiting, records)
        while len(group := list(itertools.islice(rest, STORED_BLOCK_DOCUMENTS))) == STORED_BLOCK_DOCUMENTS:
            self._spool.append(_packed(self._compressor, group))
            self._offsets.append(self._spool.size)
        self._waiting = group

    def records(self, alive: npt.NDArray[np.bool_]) -> Iterable[bytes | PackedBlock] | StoredPart:
        """Those that are wanted: the finished part if all are, else what `encode_stored` takes. Until the next `append`.

        Parameters
        ----------
        alive : ndarray of shape (records,), bool
            Which are wanted.
        """
        if not alive.all():
            return self._wanted(alive)
        rest = _packed(self._compressor, self._waiting) if self._waiting else b""
        offsets = array("Q", self._offsets)
        if rest:
            offsets.append(self._spool.size + len(rest))
        return StoredPart(self._spool.view(rest), offsets)

    def _wanted(self, alive: npt.NDArray[np.bool_]) -> Iterator[bytes | PackedBlock]:
        """In blocks as they are where all of a block are wanted."""
        first, size = 0, STORED_BLOCK_DOCUMENTS
        view = self._spool.view()
        for start, end in itertools.pairwise(self._offsets):
            wanted = alive[first : first + size]
            if wanted.all():
                yield PackedBlock(view[start:end], size)
            elif wanted.any():
                yield from itertools.compress(decode_block(view[start:end], size), wanted.tolist())
            first += size
        yield from itertools.compress(self._waiting, alive[first:].tolist())

    def close(self) -> None:
        """Give the temporary file back."""
        self._spool.close()


def _packed(compressor: zstd.Compressor, group: list[bytes]) -> bytes:
    return compressor.compress(struct.pack(f"<{len(group)}I", *map(len, group)) + b"".join(group))


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

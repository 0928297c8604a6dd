"""Checksums over the parts of a segment, in blocks, so that a query verifies what it touches and no more.

    Sums      := count:u32 Part^count Check^blocks total:u32          integers unsigned, little-endian
    Part      := name_size:u8 name:name_size bytes, size:u64          in the order of their names
    Check     := crc32:u32 of one block of 65,536 bytes (the last of a part may be shorter)
    total     := crc32:u32 of every byte before it

Each block is verified the first time any byte of it is asked for (about 40 microseconds) and remembered, so
a cold query pays for a few blocks and a busy process for nothing. `total` also stands in the catalog, so a
part list from another file does not pass. What this module does not know: what the parts mean.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from searchkit.errors import SegmentDamaged
from searchkit.limits import CHECKSUM_BLOCK_BYTES

_U4 = struct.Struct("<I")
_U8 = struct.Struct("<Q")


def encode_sums(parts: Mapping[str, bytes | memoryview]) -> bytes:
    """The `sums` part for all other parts of a segment."""
    names = sorted(parts)
    head = [_U4.pack(len(names))]
    checks = []
    for name in names:
        view = memoryview(parts[name]).cast("B")
        head.append(bytes([len(name)]) + name.encode() + _U8.pack(len(view)))
        for start in range(0, len(view), CHECKSUM_BLOCK_BYTES):
            checks.append(_U4.pack(zlib.crc32(view[start : start + CHECKSUM_BLOCK_BYTES])))
    body = b"".join(head + checks)
    return body + _U4.pack(zlib.crc32(body))


def sums_total(sums: bytes | memoryview) -> int:
    """The checksum of a `sums` part that the catalog notes."""
    return int(_U4.unpack(sums[-4:])[0])


class Sums:
    """Verifies ranges of parts against a `sums` part.

    Parameters
    ----------
    data : bytes-like
        The part as read.
    total : int
        What the catalog says its checksum is.
    where : Path
        The segment file, for errors.

    Raises
    ------
    SegmentDamaged
        If the part itself does not match `total`.
    """

    def __init__(self, data: bytes | memoryview, total: int, where: Path) -> None:
        data = bytes(data)
        self.where = where
        got = zlib.crc32(data[:-4])
        if len(data) < 8 or got != total or sums_total(data) != total:
            raise SegmentDamaged(where, "the checksum of the part 'sums'", f"{total:08x}", f"{got:08x}")
        self._sizes: dict[str, int] = {}
        self._first: dict[str, int] = {}
        offset, blocks = 4, 0
        for _ in range(_U4.unpack_from(data)[0]):
            name_end = offset + 1 + data[offset]
            name = data[offset + 1 : name_end].decode()
            size = _U8.unpack_from(data, name_end)[0]
            self._sizes[name], self._first[name] = size, blocks
            blocks += -(-size // CHECKSUM_BLOCK_BYTES)
            offset = name_end + 8
        self._checks = memoryview(data)[offset : offset + 4 * blocks].cast("I")
        self._verified = bytearray(blocks)

    @property
    def parts(self) -> dict[str, int]:
        """Size in bytes of each part, by name."""
        return dict(self._sizes)

    def size(self, name: str) -> int:
        """Size in bytes of a part; raises SegmentDamaged if the segment has none of that name."""
        if name not in self._sizes:
            raise SegmentDamaged(self.where, f"has no part {name!r}")
        return self._sizes[name]

    def flags(self, name: str) -> memoryview:
        """Which blocks of a part are known to be what was written, as they become known: 0 or 1 for each."""
        first, size = self._first[name], self.size(name)
        return memoryview(self._verified)[first : first + -(-size // CHECKSUM_BLOCK_BYTES)]

    def verify(self, name: str, part: memoryview, start: int = 0, stop: int | None = None) -> None:
        """Raise SegmentDamaged unless bytes `start` to `stop` of a part are what was written."""
        size = self.size(name)
        if len(part) != size:
            raise SegmentDamaged(self.where, f"the size of the part {name!r}", size, len(part))
        stop = size if stop is None else stop
        if not 0 <= start <= stop <= size:
            raise SegmentDamaged(self.where, f"a range of the part {name!r}", f"within 0..{size}", f"{start}..{stop}")
        if start == stop:
            return
        first = self._first[name]
        for block in range(start // CHECKSUM_BLOCK_BYTES, (stop - 1) // CHECKSUM_BLOCK_BYTES + 1):
            if self._verified[first + block]:
                continue
            at = block * CHECKSUM_BLOCK_BYTES
            got = zlib.crc32(part[at : at + CHECKSUM_BLOCK_BYTES])
            if got != self._checks[first + block]:
                what = f"the checksum of bytes {at} to {min(at + CHECKSUM_BLOCK_BYTES, size)} of the part {name!r}"
                raise SegmentDamaged(self.where, what, f"{self._checks[first + block]:08x}", f"{got:08x}")
            self._verified[first + block] = 1

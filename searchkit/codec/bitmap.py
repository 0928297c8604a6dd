"""Sets of 32-bit integers as roaring bitmaps: the one door to pyroaring.

A set is kept in the portable format of the RoaringFormatSpec, so that our files can be read by any
roaring library. Reading trusts its bytes: callers check a checksum first, because a damaged bitmap is
accepted by the parser more often than not. Set algebra costs about a nanosecond per 64 members where sets
are dense. What this module does not know: what the integers stand for.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

__all__ = ["BitMap", "from_array", "from_bytes", "full", "to_array", "to_bytes", "union"]


def from_array(members: npt.NDArray[np.uint32]) -> BitMap:
    """Make a set of an array of members, sorted or not."""
    return BitMap(members, optimize=False)


def to_array(bitmap: BitMap) -> npt.NDArray[np.uint32]:
    """Members in ascending order, shape (len(bitmap),), uint32."""
    return np.frombuffer(bitmap.to_array(), np.uint32)


def to_bytes(bitmap: BitMap) -> bytes:
    """Portable roaring bytes; containers are arrays and bitmaps, never runs (see segment/FORMAT.md)."""
    return bitmap.serialize()


def from_bytes(data: bytes | memoryview) -> BitMap:
    """Read portable roaring bytes whose checksum has been verified."""
    return BitMap.deserialize(bytes(data))


def full(count: int) -> BitMap:
    """The set 0, 1, …, count - 1."""
    return BitMap(range(count), optimize=False)


def union(bitmaps: Iterable[BitMap]) -> BitMap:
    """Members of any of the sets."""
    return BitMap.union(*bitmaps) if (bitmaps := list(bitmaps)) else BitMap()

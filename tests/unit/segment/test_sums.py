"""A part's bytes are verified where they are touched, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.errors import SegmentDamaged
from searchkit.segment.sums import Sums, encode_sums, sums_total

BLOCK = 65_536


@pytest.fixture
def parts() -> dict[str, bytes]:
    """An empty part, a short one, and one of two and a half blocks."""
    return {"empty": b"", "short": b"abc", "long": bytes(range(256)) * 640}


def test_sound_parts_pass(parts: dict[str, bytes]) -> None:
    """Every range of every part, empty ranges included."""
    data = encode_sums(parts)
    sums = Sums(data, sums_total(data), Path("x"))
    assert sums.parts == {name: len(part) for name, part in parts.items()}
    for name, part in parts.items():
        sums.verify(name, memoryview(part))
        sums.verify(name, memoryview(part), len(part), len(part))


def test_only_touched_blocks_are_looked_at(parts: dict[str, bytes]) -> None:
    """Damage in one block is an error there, named by its bytes, and none in its neighbour."""
    data = encode_sums(parts)
    broken = bytearray(parts["long"])
    broken[BLOCK + 5] ^= 4
    sums = Sums(data, sums_total(data), Path("x.seg"))
    sums.verify("long", memoryview(broken), 0, BLOCK)
    with pytest.raises(SegmentDamaged, match=r"x\.seg: .*bytes 65536 to 131072 of the part 'long'"):
        sums.verify("long", memoryview(broken), BLOCK - 1, BLOCK + 1)


def test_sizes_and_ranges_are_checked(parts: dict[str, bytes]) -> None:
    """A part of another size, a range beyond the end, and an unknown part are errors."""
    data = encode_sums(parts)
    sums = Sums(data, sums_total(data), Path("x"))
    for name, part, start, stop in (("short", b"ab", 0, 1), ("short", b"abc", 1, 9), ("none", b"", 0, 0)):
        with pytest.raises(SegmentDamaged):
            sums.verify(name, memoryview(part), start, stop)


def test_the_sums_themselves_are_covered(parts: dict[str, bytes]) -> None:
    """Any flipped bit in the table of sums is noticed, and a table of another segment is refused."""
    data = encode_sums(parts)
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(SegmentDamaged):
            Sums(bytes(broken), sums_total(data), Path("x"))
    with pytest.raises(SegmentDamaged):
        Sums(data, sums_total(encode_sums({"short": b"xyz"})), Path("x"))

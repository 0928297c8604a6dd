"""A frame knows its key and every bit of its payload."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.codec import zstd
from searchkit.codec.frame import seal, seal_json, unseal, unseal_json
from searchkit.errors import CatalogDamaged, DamageError, DiskFull, IndexLocked, SearchkitError, SegmentDamaged


@given(key=st.binary(max_size=20), payload=st.binary(max_size=200), bit=st.integers(0))
def test_a_flipped_bit_is_noticed(key: bytes, payload: bytes, bit: int) -> None:
    """What was sealed comes back; any single flipped bit, and any other key, is an error."""
    frame = seal(key, payload)
    assert bytes(unseal(key, frame, "file")) == payload
    broken = bytearray(frame)
    broken[bit // 8 % len(frame)] ^= 1 << bit % 8
    with pytest.raises(DamageError):
        unseal(key, bytes(broken), "file")
    with pytest.raises(DamageError):
        unseal(key + b"x", frame, "file")


def test_errors_name_the_record() -> None:
    """The file, the key, and both sums stand in the sentence."""
    with pytest.raises(CatalogDamaged, match=r"catalog: the checksum of record 'state'"):
        unseal(b"state", b"\0\0\0\0xyz", "catalog", CatalogDamaged)
    with pytest.raises(CatalogDamaged, match="length"):
        unseal(b"state", b"\0", "catalog", CatalogDamaged)


def test_equal_data_has_equal_bytes() -> None:
    """JSON is sealed in one form, whatever the order of keys."""
    assert seal_json(b"k", {"b": 1, "a": "ü"}) == seal_json(b"k", {"a": "ü", "b": 1})
    assert unseal_json(b"k", seal_json(b"k", {"a": "ü"}), "file") == {"a": "ü"}


def test_unpacking_is_bounded() -> None:
    """A block larger than expected, or no block at all, is refused."""
    block = zstd.compress(b"x" * 1000)
    assert zstd.decompress(block, 1000) == b"x" * 1000
    for bad, size, why in ((block, 999, "more than 999"), (b"no block", 10, ""), (block[:5], 1000, "too early")):
        with pytest.raises(ValueError, match=why or "."):
            zstd.decompress(bad, size)


@pytest.mark.parametrize(
    "error",
    [
        SegmentDamaged(Path("a.seg"), "the size", 1, 2),
        IndexLocked(Path("lock"), 7, "host", "now"),
        DiskFull("x"),
        SearchkitError("plain", hint="do this"),
    ],
)
def test_errors_survive_pickling(error: SearchkitError) -> None:
    """An error from another process keeps its type, its sentence, its facts and its hint."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.hint, copy.__dict__) == (str(error), error.hint, error.__dict__)

"""Positions in, the same positions out, and an index that points where postings begin."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.segment.positions import decode_positions, encode_positions, field_bases, posting_starts

positions_of_postings = st.lists(
    st.lists(st.one_of(st.integers(0, 70), st.integers(0, 20_000), st.integers(0, 2**31)), min_size=1, unique=True),
    min_size=1,
    max_size=200,
)


@given(positions_of_postings)
def test_round_trip(postings: list[list[int]]) -> None:
    """Whatever the sizes of gaps, decoding gives back what was encoded."""
    ascending = [sorted(posting) for posting in postings]
    flat = np.array([position for posting in ascending for position in posting], np.uint32)
    counts = np.array([len(posting) for posting in ascending], np.int64)
    stream, starts = encode_positions(flat, counts)
    positions, decoded_counts = decode_positions(stream)
    assert positions.tolist() == flat.tolist()
    assert decoded_counts.tolist() == counts.tolist()
    assert posting_starts(stream).tolist() == [*starts.tolist(), len(stream)]


def test_sizes_at_the_edges_of_a_byte() -> None:
    """6 bits fit one byte, 13 two, 20 three: the widths FORMAT.md implies."""
    for gap, size in ((63, 1), (64, 2), (8191, 2), (8192, 3), (2**20 - 1, 3), (2**20, 4)):
        stream, _ = encode_positions(np.array([gap], np.uint32), np.array([1]))
        assert len(stream) == size, gap


def test_nothing_encodes_to_nothing() -> None:
    """No postings, no bytes."""
    stream, starts = encode_positions(np.zeros(0, np.uint32), np.zeros(0, np.int64))
    assert len(stream) == len(starts) == 0
    assert decode_positions(stream)[0].tolist() == []


def test_fields_leave_a_gap() -> None:
    """A phrase cannot reach from the last word of one field to the first of the next."""
    assert field_bases(np.array([[2, 3], [0, 1]], np.uint32)).tolist() == [[0, 3], [0, 1]]

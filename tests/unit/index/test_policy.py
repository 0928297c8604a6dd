"""The merge policy keeps segments few, writes logarithmically often, and never touches what is settled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from searchkit.index.policy import FACTOR, LEVEL_ZERO_DOCUMENTS, Size, level, next_merge

sizes = st.lists(st.builds(Size, st.integers(0, 3_000_000), st.integers(0, 1_000)), max_size=60)


def settle(segments: list[Size]) -> int:
    """Carry merges out until there are none; documents rewritten."""
    written = 0
    while bounds := next_merge(segments):
        start, end = bounds
        merged = Size(sum(size.live for size in segments[start:end]), 0)
        written += merged.live
        segments[start:end] = [merged] if merged.live else []
    return written


@given(sizes)
def test_merging_comes_to_an_end(segments: list[Size]) -> None:
    """Whatever the sizes, there is a state with nothing more to merge, and it has no more documents."""
    live = sum(size.live for size in segments)
    settle(segments)
    assert sum(size.live for size in segments) == live
    assert next_merge(segments) is None


def test_segments_stay_logarithmic() -> None:
    """A thousand small commits: at most seven segments a level at any time, each document rewritten once a level."""
    segments: list[Size] = []
    written = 0
    for _ in range(1000):
        segments.append(Size(500, 0))
        written += settle(segments)
        levels = [level(size) for size in segments]
        assert all(levels.count(each) < FACTOR for each in set(levels))
    assert written <= 500_000 * (max(level(size) for size in segments) + 1)


def test_a_big_segment_is_left_alone_by_small_ones() -> None:
    """Eight small neighbours are merged with each other, not into the million beside them."""
    big, small = Size(1_000_000, 0), Size(LEVEL_ZERO_DOCUMENTS, 0)
    assert next_merge([big] + [small] * FACTOR) == (1, 1 + FACTOR)
    assert next_merge([big] + [small] * (FACTOR - 1)) is None


def test_deleted_documents_are_forgotten_in_the_end() -> None:
    """A segment more than a third dead is rewritten alone; one less dead is not."""
    assert next_merge([Size(100, 10), Size(100, 60)]) == (1, 2)
    assert next_merge([Size(100, 40)]) is None

"""Which segments to merge next: a pure function of their sizes.

Sizes fall into levels, each eight times the one below. Whenever eight neighbours of one level stand
together (with smaller ones between them), they become one segment of the next, so an index of n documents
has at most seven segments a level, about 7 · log8(n / 1,000), and a document is rewritten once a level.
Only neighbours are merged, because the order of segments is the order of arrival. A segment that is more
than a third deleted is rewritten, so that updates do not hold disk for ever. This is the logarithmic method
of Bentley & Saxe (1980, "Decomposable searching problems I"), as in Lucene's LogMergePolicy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from searchkit import limits

FACTOR = 8
"""Segments of a level that are merged into one: fewer would rewrite more often, more would slow queries."""
LEVEL_ZERO_DOCUMENTS = 1_000
"""Live documents up to which a segment is of level 0, however small."""
DELETED_SHARE_MAX = 1 / 3
"""Share of deleted documents beyond which a segment is rewritten; bounds disk use at 1.5 times the live size."""


class Size(NamedTuple):
    """Documents of a segment, live and deleted."""

    live: int
    deleted: int


def level(size: Size) -> int:
    """Level of a segment: 0 up to a thousand live documents, then one more for every factor of eight."""
    documents, result = size.live, 0
    while documents > LEVEL_ZERO_DOCUMENTS:
        documents //= FACTOR
        result += 1
    return result


def next_merge(sizes: Sequence[Size]) -> tuple[int, int] | None:
    """The next merge to do, as a range of segments (first, one past the last), or None.

    Examples
    --------
    >>> next_merge([Size(9_000, 0)] + [Size(10, 0)] * 8)
    (1, 9)
    >>> next_merge([Size(9_000, 0), Size(10, 0)]) is None
    True
    """
    levels = [level(size) for size in sizes]
    for wanted in range(max(levels, default=-1) + 1):
        start = 0
        for end in range(len(sizes) + 1):
            if end < len(sizes) and levels[end] <= wanted:
                continue
            full = levels[start:end].count(wanted) >= FACTOR
            if full and sum(size.live for size in sizes[start:end]) <= limits.MERGE_DOCUMENTS_MAX:
                return start, end
            start = end + 1
    for number, size in enumerate(sizes):
        if size.deleted > DELETED_SHARE_MAX * (size.live + size.deleted):
            return number, number + 1
    return None

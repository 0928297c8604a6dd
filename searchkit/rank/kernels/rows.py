"""What a snapshot knows of a word that was met, in one stretch of memory: its row.

A query reads the row of each of its words before anything else, so a row begins at a line of memory (64 bytes) and holds
together what is read together: idf and the scores that are reached by the word alone; then, for each segment, where
the word lies, and its *champions* [1]_, the postings of largest impact. 64 bytes, and 256 more a segment. Nothing here
knows how a row is used.

.. [1] C. D. Manning, P. Raghavan, H. Schütze, "Introduction to Information Retrieval", 2008, section 7.1.3. There a list
   of champions is all that is looked at, and the answer inexact; here it is used where it is known to be enough.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, njit
from searchkit.rank.kernels.bits import prefetch
from searchkit.rank.kernels.contexts import f64_at, i64_at

LINE = 8
"""Numbers of a line of memory."""
IDF_OF, REACHED = 0, 1
"""In the first line of a row, float64: the idf, and from here on, for each of `LEVEL_RANKS`, what f / (f + k1) reaches in so
many live documents of the index, or 0."""
LEVEL_RANKS = (1, 3, 10, 30, 100, 1_000, 10_000)
MOST_IMPACT, COVERED, CHAMPIONS = 6, 7, 8
"""In what a row holds of a segment, int64: after a row of `Leaves.places`, of which a frequency of 0 says that the word is not
there, the largest impact; the smallest impact of which all live documents are champions, 256 if there are none; and the
champions, as `champions.list_champions` has them, and zeros."""
CHAMPIONS_MAX = 24
SEGMENT_NUMBERS = CHAMPIONS + CHAMPIONS_MAX


def row_numbers(segments: int) -> int:
    """How many numbers of 64 bits a row has."""
    return LINE + SEGMENT_NUMBERS * segments


@njit(**INLINE)
def _at(words: Any, segments: Any, row: Any) -> Any:
    return words + 8 * (LINE + SEGMENT_NUMBERS * segments) * row


@njit(**INLINE)
def idf_at(words: Any, segments: Any, row: Any) -> Any:
    """The idf of a word. `words` is the address of the rows of a snapshot of so many segments."""
    return f64_at(_at(words, segments, row), (LINE,))[IDF_OF]


@njit(**INLINE)
def reached_at(words: Any, segments: Any, row: Any, column: Any) -> Any:
    """What f / (f + k1) reaches in `LEVEL_RANKS[column]` documents."""
    return f64_at(_at(words, segments, row), (LINE,))[REACHED + column]


@njit(**INLINE)
def segment_facts(words: Any, segments: Any, row: Any, number: Any) -> Any:
    """What a row holds of segment `number`: see `MOST_IMPACT`."""
    return i64_at(_at(words, segments, row) + 8 * (LINE + SEGMENT_NUMBERS * number), (SEGMENT_NUMBERS,))


@njit(**INLINE)
def fetch_row(words: Any, segments: Any, row: Any, lines: Any) -> None:
    """Begin to fetch a row from memory: its first line, and so many lines of each segment."""
    prefetch(i64_at(_at(words, segments, row), (LINE,)), 0)
    for number in range(segments):
        facts = segment_facts(words, segments, row, number)
        for line in range(lines):
            prefetch(facts, LINE * line)


@njit(**INLINE)
def level_of(limit: Any) -> Any:
    """The column of REACHED for a number of results, or -1."""
    for column, rank in enumerate(LEVEL_RANKS):
        if rank >= limit:
            return np.int64(column)
    return np.int64(-1)

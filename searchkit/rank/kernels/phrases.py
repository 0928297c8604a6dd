"""Phrases: documents that hold the words, and of these the ones in which they follow each other.

The words' lists are intersected as in `intersect.py`. How often a phrase occurs is at most how often each of its words
does, in every field, so that the smallest impact of the words bounds what a document can score; only documents that
can be among the k best have their positions compared, the others never do. Positions are read one by one, all words
side by side, so that nothing is copied and memory does not depend on the document. Counting compares the positions of
every document that holds all words, up to the first match. Cost: the intersection, and some 50 nanoseconds for each
document whose positions are compared.

With a slop, matches are the minimal intervals of [1]_: see `search/leaves.py`, which this equals.

.. [1] C. L. A. Clarke, G. V. Cormack, F. J. Burkowski, "An algebra for structured text search and a framework for its
   implementation", The Computer Journal 38(1), 1995.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from searchkit.rank.kernels.arrays import CARD, FAVOUR, FIELD_GAP, FIRST, MAXIMA, POSTING, WINDOW_BLOCKS
from searchkit.rank.kernels.bits import at_least_u8, popcount, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of
from searchkit.rank.kernels.heap import INLINE, JIT, key, push
from searchkit.rank.kernels.intersect import (
    is_bitmap,
    meet,
    next_chunk,
    only_allowed,
    order_required,
    promising,
    some,
    spot,
)
from searchkit.rank.kernels.positions import LAST, NEXT, PLACE, advance, posting_start


@njit(**JIT)
def _next_exact(stream: Any, readers: Any, count: Any) -> Any:
    """Where the next match of consecutive words begins, -1 if there is none; the first word stands at its start."""
    while True:
        start, word = readers[0, PLACE], 1
        while word < count:
            wanted = start + word
            while readers[word, PLACE] < wanted:
                if readers[word, LAST]:
                    return np.int64(-1)
                advance(stream, readers, word)
            if readers[word, PLACE] > wanted:
                break
            word += 1
        if word == count:
            return start
        wanted = readers[word, PLACE] - word
        while readers[0, PLACE] < wanted:
            if readers[0, LAST]:
                return np.int64(-1)
            advance(stream, readers, 0)


@njit(**JIT)
def _follow(stream: Any, readers: Any, count: Any) -> Any:
    """Where the words end that follow the first one soonest; -1 if they do not."""
    end = readers[0, PLACE]
    for word in range(1, count):
        while readers[word, PLACE] <= end:
            if readers[word, LAST]:
                return np.int64(-1)
            advance(stream, readers, word)
        end = readers[word, PLACE]
    return end


@njit(**JIT)
def _next_minimal(stream: Any, readers: Any, count: Any) -> Any:
    """Where the next minimal interval begins and ends, -1 if there is none; the first word is left at its next place.

    It is the last of the starts whose words end soonest in the same place.
    """
    end = _follow(stream, readers, count)
    start = readers[0, PLACE]
    while end >= 0 and not readers[0, LAST]:
        advance(stream, readers, 0)
        if _follow(stream, readers, count) != end:
            break
        start = readers[0, PLACE]
    return start, end


@njit(**INLINE)
def _field_share(scoring: Any, field: Any, length: Any, tf: Any) -> Any:
    """What tf occurrences in a field add to f; see `exact.combined_frequency`."""
    norm = (1 - scoring.b) + scoring.b * (length / scoring.means[field])
    return scoring.weights[field] * tf / norm

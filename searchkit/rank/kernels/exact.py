"""The score of one document, as `rank/bm25.py` computes it: float64, leaves and fields in order.

Some 10 nanoseconds a leaf. The operations and their order are those of the plain ranker, which is why both
give the same float32; whoever changes one changes the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import FIRST, IDF, TIMES
from searchkit.rank.kernels.bits import prefetch
from searchkit.rank.kernels.heap import INLINE, JIT
from searchkit.rank.kernels.lists import lower_bound

NARROW = 16
"""Rows of `vectors` when codes have 4 bits, two to a byte, the earlier posting in the lower half."""


@njit(**INLINE)
def vector_code(tfs: Any, rows: Any, posting: Any) -> Any:
    """Which of so many rows of `vectors` a posting's frequencies are; the last if they are among the `escapes`."""
    return np.int64(tfs[posting >> 1]) >> ((posting & 1) << 2) & 15 if rows == NARROW else np.int64(tfs[posting])


@njit(**JIT)
def escape_row(escaped: Any, posting: Any, count: Any) -> Any:
    """The row of `escapes` of a posting with a vector of its own."""
    return np.int64(min(lower_bound(escaped, 0, len(escaped), posting), count - 1))


@njit(**INLINE)
def combined_frequency(segment: Any, scoring: Any, posting: Any, doc: Any) -> Any:
    """f of one posting: the sum of `rank.bm25.combined_frequencies`, in its order."""
    row, escape = vector_code(segment.tfs, len(segment.vectors), posting), np.int64(-1)
    if row == len(segment.vectors) - 1:
        escape = escape_row(segment.escaped, posting, len(segment.escapes))
    f = 0.0
    for field in range(len(scoring.weights)):
        tf = segment.vectors[row, field] if escape < 0 else segment.escapes[escape, field]
        if tf > 0:
            norm = (1 - scoring.b) + scoring.b * (segment.lengths[doc, field] / scoring.means[field])
            f += scoring.weights[field] * tf / norm
    return f


@njit(**INLINE)
def contribution(segment: Any, leaves: Any, scoring: Any, leaf: Any, posting: Any, doc: Any) -> Any:
    """What a leaf adds to the score of a document, given its posting."""
    listed = leaves.places[leaf, FIRST] < 0
    f = leaves.list_f[posting] if listed else combined_frequency(segment, scoring, posting, doc)
    return leaves.factors[leaf, TIMES] * (leaves.factors[leaf, IDF] * (f / (f + scoring.k1)))


@njit(**INLINE)
def list_contribution(leaves: Any, scoring: Any, leaf: Any, entry: Any) -> Any:
    """What an entry of a listed leaf adds."""
    f = leaves.list_f[entry]
    return leaves.factors[leaf, TIMES] * (leaves.factors[leaf, IDF] * (f / (f + scoring.k1)))


@njit(**INLINE)
def is_allowed(allowed: Any, doc: Any) -> Any:
    """Whether a document may be a result; `allowed` is empty if all may."""
    return len(allowed) == 0 or np.int64(allowed[doc >> 6] >> np.uint64(doc & 63) & np.uint64(1)) != 0


@njit(**INLINE)
def fetch_lengths(lengths: Any, mask: Any, doc: Any) -> None:
    """Begin to fetch the lengths of some of 64 documents, as many at a time as lie in about a line of memory."""
    fields = lengths.shape[1]
    step = max(16 // fields, 1)
    while mask != 0:
        if mask & ((np.uint64(1) << np.uint64(step)) - np.uint64(1)) != 0:
            prefetch(lengths, doc * fields)
            prefetch(lengths, (doc + step) * fields - 1)
        mask >>= np.uint64(step)
        doc += step

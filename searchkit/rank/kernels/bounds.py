"""Integer upper bounds: 16 bits for what a document can score, and the way between them and scores.

Every leaf has a weight, ceil(scale · bound / 255) with scale = (65,535 - 255 · leaves) / sum of bounds, so
that sums of weight · impact are at least scale · score and cannot overflow. A threshold theta becomes
floor(theta · scale · (1 - 1e-6)), which rounds in favour of the document. Impacts quantised upwards stand
for scores in [1]_; here they only bound them, and nothing is lost.

.. [1] V. N. Anh, O. de Kretser, A. Moffat, "Vector-space ranking with effective early termination",
   SIGIR 2001.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import BOUND, FAVOUR
from searchkit.rank.kernels.heap import JIT, key_score

_SUM_MAX = 65535


@njit(**JIT)
def weigh(leaves: Any, weights: Any) -> Any:
    """Fill in the weight of each leaf; returns the scale."""
    count = len(leaves.factors)
    total = 0.0
    for leaf in range(count):
        total += leaves.factors[leaf, BOUND]
    scale = (_SUM_MAX - 255.0 * count) / total
    for leaf in range(count):
        weights[leaf] = np.int64(np.ceil(scale * leaves.factors[leaf, BOUND] / 255.0))
    return scale


@njit(**JIT)
def floor_of(heap: Any, held: Any, least: Any) -> Any:
    """The score below which no document can be among the k best: that of the k-th so far, or what is known before."""
    if held == len(heap):
        return max(np.float64(key_score(heap[0])), least)
    return least


@njit(**JIT)
def threshold_of(score: Any, scale: Any) -> Any:
    """The smallest sum a document of at least this score can have; at least 1."""
    return min(max(np.int64(score * scale * FAVOUR), 1), _SUM_MAX)

"""Integer upper bounds: 16 bits for what a document can score, and the way between them and scores.

Every leaf has a weight, ceil(scale · bound / 255) with scale = (65,535 - 255 · leaves) / sum of bounds · largest
impacts / 255, so that sums of weight · impact are at least scale · score and cannot overflow. A threshold theta becomes
floor(theta · scale · (1 - 1e-6)), which rounds in favour of the document. Where a known threshold is small beside these
sums, windows use a larger scale, add with saturation, and take half the range for boundless (`weigh_finely`). Impacts
quantised upwards stand for scores in [1]_; here they only bound them, and nothing is lost.

.. [1] V. N. Anh, O. de Kretser, A. Moffat, "Vector-space ranking with effective early termination",
   SIGIR 2001.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import njit
from searchkit.rank.kernels.arrays import BOUND, FAVOUR, MOST
from searchkit.rank.kernels.bits import at_least_u8, some
from searchkit.rank.kernels.heap import JIT, key_score

_SUM_MAX = 65535
_ROOM = 4.0
"""How many times the threshold known at first may be outgrown, for each leaf, before sums are too small for it."""
SATURATED = 1 << 15
"""Half the range of sums: the smallest product that `cap_of` may have cut."""


@njit(**JIT)
def weigh(leaves: Any, weights: Any) -> Any:
    """Fill in the weight of each leaf; returns the scale."""
    count = len(leaves.factors)
    total = 0.0
    for leaf in range(count):
        total += leaves.factors[leaf, BOUND] * leaves.factors[leaf, MOST] / 255.0
    scale = (_SUM_MAX - 255.0 * count) / total
    for leaf in range(count):
        weights[leaf] = np.int64(np.ceil(scale * leaves.factors[leaf, BOUND] / 255.0))
    return scale


@njit(**JIT)
def weigh_finely(leaves: Any, weights: Any, scale: Any, least: Any) -> Any:
    """Choose a larger scale where a threshold is known that is small beside the sum of bounds.

    Otherwise a leaf of small weight, next to a heavy one, has too few steps to tell its documents apart, and the many
    results that hold nothing else would all be scored. Sums are then added with saturation, and one of at least
    `SATURATED` may stand for any. A weight of up to 65,535 and impacts of at most `cap_of` that weight keep products
    in 16 bits, and what they leave out is at least `SATURATED`.

    Returns
    -------
    scale : float
    highest : int
        The largest threshold that sums can be compared with.
    """
    count = len(leaves.factors)
    if least * scale * _ROOM * count >= SATURATED or least <= 0.0:
        return scale, _SUM_MAX
    scale = SATURATED / (_ROOM * count * least)
    for leaf in range(count):
        weights[leaf] = np.int64(min(np.ceil(scale * leaves.factors[leaf, BOUND] / 255.0), np.float64(_SUM_MAX)))
    return scale, SATURATED


@njit(**JIT)
def cap_of(weight: Any) -> Any:
    """The largest impact whose product with a weight has 16 bits; from it on products count as boundless."""
    return np.uint8(min(255, _SUM_MAX // max(weight, 1)))


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


@njit(**JIT)
def impact_needed(score: Any, bound: Any) -> Any:
    """The smallest impact, 1 to 256, that a posting of a leaf has in a document of at least this score."""
    return np.int64(min(max(np.ceil(score * FAVOUR * 255.0 / bound), 1.0), 256.0))


@njit(**JIT)
def promising(impacts: Any, at: Any, size: Any, needed: Any) -> Any:
    """One bit for each of up to 64 postings from `at` on whose impact is at least `needed`, 1 to 256."""
    if needed > 255:
        return np.uint64(0)
    if at + 64 <= len(impacts):
        return at_least_u8(impacts, at, np.uint8(needed)) & some(size)
    mask = np.uint64(0)
    for i in range(size):
        mask |= np.uint64(impacts[at + i] >= needed) << np.uint64(i)
    return mask

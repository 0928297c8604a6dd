"""Upper bounds of contributions from stored impacts: what lets a kernel skip without ever being wrong.

An impact is ceil(255 · f' / (f' + k1')) with parameters noted when its segment was written (k1', b', weights',
means'). A query may use others: means drift as documents come, weights and k1 are free. For any document
f <= ratio · f', where ratio is the largest of weight · norm' / (weight' · norm) over fields and lengths, and
with s = max(1, ratio, k1'/k1 · ratio) the contribution f / (f + k1) is at most s · impact / 255. The norm is
linear in the length, so the ratio of two norms is largest at one end of the lengths there are.
"""

from __future__ import annotations

from collections.abc import Sequence

IMPACT_MAX = 255


def impact_scale(
    weights: Sequence[float],
    means: Sequence[float],
    k1: float,
    b: float,
    *,
    baked_weights: Sequence[float],
    baked_means: Sequence[float],
    baked_k1: float,
    baked_b: float,
    length_max: int,
) -> float:
    """The factor s, at least 1, such that f / (f + k1) <= s · impact / 255 in every document of a segment.

    Parameters
    ----------
    weights, means : sequence of float
        Of each text field, for the query; `baked_…` for the segment's impacts. A mean of 0 stands for a
        field that is empty everywhere (in the segment, for a baked one).
    length_max : int
        Largest length of a field in the segment, in tokens.
    """
    ratio = 0.0
    for weight, mean, baked_weight, baked_mean in zip(weights, means, baked_weights, baked_means, strict=True):
        if baked_mean <= 0 or mean <= 0:
            continue
        for length in (1, max(1, length_max)):
            norm = (1 - b) + b * (length / mean)
            baked_norm = (1 - baked_b) + baked_b * (length / baked_mean)
            ratio = max(ratio, weight * baked_norm / (baked_weight * norm) if norm > 0 else 1e9)
    # f/(f + k1) with f <= ratio·f' is at most max(1, ratio·k1'/k1) · f'/(f' + k1').
    return max(1.0, ratio * baked_k1 / k1) * (1 + 1e-9)

"""Upper bounds of contributions from stored impacts: what lets a kernel skip without ever being wrong.

An impact is ceil(255 · f' / (f' + k1')) with parameters noted when its segment was written (k1', b', weights',
means'). A query may use others: means drift as documents come, weights and k1 are free. For any document
f <= ratio · f', where ratio is the largest of weight · norm' / (weight' · norm) over fields and lengths, and
with s = max(1, ratio, k1'/k1 · ratio) the contribution f / (f + k1) is at most s · impact / 255. The norm is
linear in the length, so the ratio of two norms is largest at one end of the lengths there are. It is smallest
at the other: f >= least ratio · f', and with min(1, least ratio · k1'/k1) the same impacts prove that a score
is reached, since 255 · f' / (f' + k1') is above impact - 1.
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
) -> tuple[float, float]:
    """Factors r <= 1 and s >= 1 such that r · (impact - 1) / 255 <= f / (f + k1) <= s · impact / 255.

    This holds in every live document of a segment, for every leaf that is not restricted to some fields.

    Parameters
    ----------
    weights, means : sequence of float
        Of each text field, for the query; `baked_…` for the segment's impacts. A mean of 0 stands for a
        field that is empty everywhere (in the segment, for a baked one).
    length_max : int
        Largest length of a field in the segment, in tokens.
    """
    ratios: list[float] = []
    for weight, mean, baked_weight, baked_mean in zip(weights, means, baked_weights, baked_means, strict=True):
        if baked_mean <= 0 or mean <= 0:
            continue
        for length in (1, max(1, length_max)):
            norm = (1 - b) + b * (length / mean)
            baked_norm = (1 - baked_b) + baked_b * (length / baked_mean)
            ratios.append(weight * baked_norm / (baked_weight * norm) if norm > 0 else 1e9)
    # f/(f + k1) with f <= ratio·f' is at most max(1, ratio·k1'/k1) · f'/(f' + k1'); and so from below.
    highest, lowest = max(ratios, default=0.0), min(ratios, default=0.0)
    return min(1.0, lowest * baked_k1 / k1) * (1 - 1e-9), max(1.0, highest * baked_k1 / k1) * (1 + 1e-9)

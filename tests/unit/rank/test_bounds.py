"""Scaled impacts are upper bounds for any parameters; the k best are the k best."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.rank.bm25 import Parameters, combined_frequencies
from searchkit.rank.bounds import IMPACT_MAX, impact_scale
from searchkit.rank.topk import best

positive = st.floats(0.01, 100)


def saturation(tfs: np.ndarray, lengths: np.ndarray, parameters: Parameters) -> np.ndarray:
    """f / (f + k1) of each posting."""
    f = combined_frequencies(tfs, lengths, parameters, (1 << tfs.shape[1]) - 1)
    return f / (f + parameters.k1)


@given(
    data=st.data(), fields=st.integers(1, 4), k1=positive, b=st.floats(0, 1), baked_k1=positive, baked_b=st.floats(0, 1)
)
def test_no_score_exceeds_its_bound(
    data: st.DataObject, fields: int, k1: float, b: float, baked_k1: float, baked_b: float
) -> None:
    """For any frequencies, lengths, weights and means: lower * (impact - 1) <= 255 * f / (f + k1) <= upper * impact."""
    weights, baked_weights, means, baked_means = (
        data.draw(st.lists(positive, min_size=fields, max_size=fields)) for _ in range(4)
    )
    rows = st.lists(st.integers(0, 50), min_size=fields, max_size=fields)
    tfs = np.array(data.draw(st.lists(rows, min_size=1, max_size=20)), np.uint32)
    lengths = tfs + np.array(data.draw(st.lists(rows, min_size=len(tfs), max_size=len(tfs))), np.uint32)
    baked = Parameters(baked_k1, baked_b, tuple(baked_weights), tuple(baked_means))
    impacts = np.ceil(IMPACT_MAX * saturation(tfs, lengths, baked))
    lower, upper = impact_scale(
        weights, means, k1, b, baked_weights=baked_weights, baked_means=baked_means,
        baked_k1=baked_k1, baked_b=baked_b, length_max=int(lengths.max()),
    )  # fmt: skip
    actual = saturation(tfs, lengths, Parameters(k1, b, tuple(weights), tuple(means)))
    present = tfs.any(axis=1)
    assert (actual[present] <= upper * impacts[present] / IMPACT_MAX * (1 + 1e-9)).all()
    assert (actual[present] >= lower * (impacts[present] - 1) / IMPACT_MAX * (1 - 1e-9)).all()


def test_the_same_parameters_need_no_scale() -> None:
    """A segment asked with what it was written with has the tightest bounds."""
    lower, upper = impact_scale(
        [2.0], [10.0], 1.2, 0.75, baked_weights=[2.0], baked_means=[10.0], baked_k1=1.2, baked_b=0.75, length_max=99
    )
    assert 1 - 1e-8 < lower <= 1 <= upper < 1 + 1e-8


@given(st.lists(st.integers(0, 5), max_size=50), st.integers(0, 60))
def test_the_best_are_sorted_with_ties_by_arrival(values: list[int], k: int) -> None:
    """As sorting everything by score descending, then place ascending."""
    scores = np.array(values, np.float32)
    places = np.arange(len(values))[::-1].copy()
    found = list(zip(*(array.tolist() for array in best(scores, places, k)), strict=True))
    wanted = sorted(zip(scores.tolist(), places.tolist(), strict=True), key=lambda pair: (-pair[0], pair[1]))[:k]
    assert found == wanted

"""A ranking gives its documents one by one, whatever form it keeps them in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.search.execute import KeyRanking, Ranking

found = st.lists(
    st.tuples(st.integers(0, (1 << 32) - 1), st.floats(0, width=32, allow_nan=False, allow_infinity=False)), max_size=12
)


@given(found)
def test_keys_are_places_and_scores(pairs: list[tuple[int, float]]) -> None:
    """Read from the bytes of the keys or computed from them, they are the same."""
    places = np.array([place for place, _ in pairs], np.int64)
    scores = np.array([score for _, score in pairs], np.float32)
    keys = scores.view(np.uint32).astype(np.uint64) << np.uint64(32) | ((1 << 32) - 1 - places).astype(np.uint64)
    held = KeyRanking(keys.tobytes(), 0)
    assert held.places.tolist() == places.tolist()
    assert held.scores.tolist() == scores.tolist()
    assert list(held.pairs()) == list(Ranking(scores, places, 0).pairs()) == pairs

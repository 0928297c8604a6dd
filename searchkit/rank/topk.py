"""The k best, ties decided: higher score first, then earlier arrival. Never left to the sort's mood.

Cost: linear in the number of scores, plus sorting those that are kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def best(
    scores: npt.NDArray[np.float32], places: npt.NDArray[np.int64], k: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The k best of (score, place) pairs.

    Parameters
    ----------
    scores : ndarray of shape (n,), float32
        No NaN.
    places : ndarray of shape (n,), int64
        Order of arrival of each document, distinct.
    k : int
        How many to keep, at least 0.

    Returns
    -------
    scores, places : ndarray of shape (min(k, n),)
        By score, descending, then by place, ascending.
    """
    if k < len(scores):
        if k == 0:
            return scores[:0], places[:0]
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = scores >= threshold  # Ties with the last one are sorted out below, by place.
        scores, places = scores[kept], places[kept]
    order = np.lexsort((places, -scores))[:k]
    return scores[order], places[order]

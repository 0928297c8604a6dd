"""The k best so far, as a binary heap with the worst of them on top. Ties are broken by place, here as everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

JIT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**JIT)
def worse(score: Any, place: Any, other_score: Any, other_place: Any) -> Any:
    """Whether (score, place) ranks behind the other: a lower score, or the same and a later place."""
    return score < other_score or (score == other_score and place > other_place)


@njit(**JIT)
def push(scores: Any, places: Any, held: Any, score: Any, place: Any) -> Any:
    """Offer a document to the heap; returns how many it holds now.

    Parameters
    ----------
    scores : ndarray of shape (k,), float32
    places : ndarray of shape (k,), int64
        The heap, of which the first `held` entries are in use.
    """
    if held < len(scores):
        at = held
        while at > 0:
            parent = (at - 1) >> 1
            if not worse(score, place, scores[parent], places[parent]):
                break
            scores[at], places[at] = scores[parent], places[parent]
            at = parent
        scores[at], places[at] = score, place
        return held + 1
    if worse(score, place, scores[0], places[0]):
        return held
    at = 0
    while True:
        child = 2 * at + 1
        if child >= held:
            break
        if child + 1 < held and worse(scores[child + 1], places[child + 1], scores[child], places[child]):
            child += 1
        if not worse(scores[child], places[child], score, place):
            break
        scores[at], places[at] = scores[child], places[child]
        at = child
    scores[at], places[at] = score, place
    return held


def empty_heap(k: int) -> tuple[Any, Any]:
    """Room for the k best: scores, float32, and places, int64."""
    return np.zeros(k, np.float32), np.zeros(k, np.int64)

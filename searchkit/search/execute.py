"""The plain way to answer a plan: score everything that matches, keep the best. NumPy, no numba.

This is what one-shot queries run (nothing is compiled or loaded for it) and what the kernels must equal.
Segment by segment, every scored leaf adds to a dense array of float64 scores in the order of the plan; the
matching documents' scores are rounded to float32 and the best of all segments kept. Cost: about 5 ns a
posting and 10 bytes a document of the largest segment.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.rank.bm25 import Parameters, combined_frequencies, contributions
from searchkit.rank.topk import best
from searchkit.search.leaves import occurrences
from searchkit.search.match import is_plain_disjunction, matching
from searchkit.search.resolve import ResolvedPlan

_PLACE_MASK = (1 << 32) - 1
_KEY = struct.Struct("<If")
"""The two halves of a key in memory, as on any machine that reads segments in place."""


class Ranking:
    """The best documents for a plan.

    Parameters
    ----------
    scores : ndarray of shape (n,), float32
        Descending.
    places : ndarray of shape (n,), int64
        Places of the documents in the snapshot; ascending among equal scores.
    total : int or function
        Documents that match, or what counts them; it is called when `total` is first asked for.
    """

    __slots__ = ("_places", "_scores", "_total")

    def __init__(
        self, scores: npt.NDArray[np.float32], places: npt.NDArray[np.int64], total: int | Callable[[], int]
    ) -> None:
        self._scores = scores
        self._places = places
        self._total = total

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """Descending."""
        return self._scores

    @property
    def places(self) -> npt.NDArray[np.int64]:
        """Places of the documents in the snapshot; ascending among equal scores."""
        return self._places

    def pairs(self) -> Iterable[tuple[int, float]]:
        """Place and score of each document."""
        return zip(self._places.tolist(), self._scores.tolist(), strict=True)

    @property
    def total(self) -> int:
        """Documents that match."""
        if not isinstance(self._total, int):
            self._total = self._total()
        return self._total


class KeyRanking(Ranking):
    """A ranking as the kernels give it: the bits of a float32 score above those of 2^32 - 1 - place.

    Parameters
    ----------
    keys : bytes
        Keys of 8 bytes, descending: whoever looks at a few hits needs no array of them.
    total : int or function
        As in `Ranking`.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: bytes, total: int | Callable[[], int]) -> None:
        self._keys = keys
        self._total = total

    def __len__(self) -> int:
        return len(self._keys) // _KEY.size

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """Descending."""
        return (np.frombuffer(self._keys, np.uint64) >> np.uint64(32)).astype(np.uint32).view(np.float32)

    @property
    def places(self) -> npt.NDArray[np.int64]:
        """Places of the documents in the snapshot; ascending among equal scores."""
        return _PLACE_MASK - (np.frombuffer(self._keys, np.uint64) & np.uint64(_PLACE_MASK)).astype(np.int64)

    def pairs(self) -> Iterable[tuple[int, float]]:
        """Place and score of each document."""
        return [(_PLACE_MASK - low, score) for low, score in _KEY.iter_unpack(self._keys)]


def parameters_of(snapshot: IndexSnapshot, weights: tuple[float, ...], k1: float, b: float) -> Parameters:
    """Scoring parameters for a snapshot: the caller's k1, b and weights, its own mean lengths."""
    return Parameters(k1, b, weights, snapshot.length_means)


def rank_plain(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int) -> Ranking:
    """Answer a plan by scoring every matching document.

    Parameters
    ----------
    limit : int
        How many documents to give back at most.
    """
    scores: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)]
    places: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    total = 0
    for view in snapshot.views:
        docs, found = _score_segment(view, resolved, parameters)
        total += len(docs)
        kept = best(found.astype(np.float32), docs.astype(np.int64) + view.base, limit)
        scores.append(kept[0])
        places.append(kept[1])
    return Ranking(*best(np.concatenate(scores), np.concatenate(places), limit), total)


def _score_segment(
    view: SegmentView, resolved: ResolvedPlan, parameters: Parameters
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """Matching live documents of a segment, and their scores in float64."""
    plan = resolved.plan
    if plan.root is None:
        return np.zeros(0, np.uint32), np.zeros(0)
    totals = np.zeros(view.documents)
    touched = np.zeros(view.documents, bool)
    for leaf in resolved.leaves:
        here = occurrences(view, leaf.leaf)
        f = combined_frequencies(here.tfs, view.reader.lengths[here.docs], parameters, leaf.leaf.fields)
        totals[here.docs] += contributions(f, idf=leaf.idf, times=leaf.times, k1=parameters.k1)
        touched[here.docs] = True
    if is_plain_disjunction(plan):
        touched[bitmap.to_array(view.dead)] = False
        docs = np.flatnonzero(touched).astype(np.uint32)
    else:
        docs = bitmap.to_array(matching(view, plan.root))
    return docs, totals[docs]

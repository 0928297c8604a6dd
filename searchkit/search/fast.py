"""The quick way to answer a plan: the same documents and scores as `execute.py`, by compiled kernels.

Words go to the kernel as posting lists in place; phrases, prefixes and words restricted to a field are
looked up first and handed over as lists. Where the tree of the plan asks for more than "any of these", the
matching documents are found by set algebra and handed over as a mask. What this module does not know: how
a kernel ranks; it only prepares what one reads, and verifies every byte of it before.
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.errors import SegmentDamaged
from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.query.plan import TermLeaf
from searchkit.rank.bm25 import Parameters, combined_frequencies
from searchkit.rank.bounds import impact_scale
from searchkit.rank.kernels.heap import empty_heap
from searchkit.rank.kernels.windows import FAULT, LEAVES_MAX, Leaves, Scratch, SegmentArrays, new_scratch, rank_segment
from searchkit.rank.topk import best
from searchkit.search.execute import Ranking, rank_plain
from searchkit.search.leaves import occurrences
from searchkit.search.match import is_plain_disjunction, matching
from searchkit.search.resolve import ResolvedLeaf, ResolvedPlan
from searchkit.segment import layout

_NOTHING = np.zeros(0, np.uint64)
_TERMS_REMEMBERED_MAX = 100_000
"""Terms of a segment whose verified ranges are remembered; some 20 MB, then all are forgotten."""

_threads = threading.local()


def rank_fast(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int) -> Ranking:
    """Answer a plan with the kernels; as `rank_plain` in every respect but time."""
    plan = resolved.plan
    if plan.root is None or not 0 < len(resolved.leaves) <= LEAVES_MAX:
        return rank_plain(snapshot, resolved, parameters, limit)
    plain = is_plain_disjunction(plan)
    heap_scores, heap_places = empty_heap(limit)
    weights, means = np.array(parameters.weights), np.array(parameters.means)
    held, total = 0, 0
    unscored: list[npt.NDArray[np.int64]] = []
    for view in snapshot.views:
        found = None if plain else matching(view, plan.root, resolved.expansions)
        leaves = _leaves(view, resolved, parameters)
        if leaves is not None and (found is None or found):
            allowed = _NOTHING if plain and not view.dead else _bits(view.live if found is None else found, view)
            held, matched, _ = rank_segment(
                _arrays(view), leaves, weights, means, parameters.k1, parameters.b,
                allowed, heap_scores, heap_places, held, view.base, _scratch(),
            )  # fmt: skip
            if held == FAULT:
                raise SegmentDamaged(view.reader.path, "a posting list does not fit the bytes it was given")
            total += matched if plain else 0
        if found is not None:
            total += len(found)
            unscored.append(bitmap.to_array(found).astype(np.int64) + view.base)
    scores, places = best(heap_scores[:held], heap_places[:held], limit)
    if len(scores) < limit and unscored:
        return Ranking(*_padded(scores, places, np.concatenate(unscored), limit), total)
    return Ranking(scores, places, total)


def _padded(
    scores: npt.NDArray[np.float32], places: npt.NDArray[np.int64], found: npt.NDArray[np.int64], limit: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Documents that match without any scored word come last, in order of arrival, with a score of 0."""
    rest = np.setdiff1d(found, places, assume_unique=True)[: limit - len(places)]
    return np.concatenate((scores, np.zeros(len(rest), np.float32))), np.concatenate((places, rest))


def _leaves(view: SegmentView, resolved: ResolvedPlan, parameters: Parameters) -> Leaves | None:
    """The scored leaves that occur in a segment, or None if none does."""
    places: list[tuple[int, int, int, int]] = []
    kept: list[tuple[ResolvedLeaf, float]] = []
    list_docs: list[npt.NDArray[np.uint32]] = [np.zeros(0, np.uint32)]
    list_f: list[npt.NDArray[np.float64]] = [np.zeros(0)]
    listed = 0
    scale = _scale(view, parameters)
    all_fields = (1 << len(parameters.weights)) - 1
    for leaf in resolved.leaves:
        if isinstance(leaf.leaf, TermLeaf) and leaf.leaf.fields == all_fields:
            place = _term_place(view, leaf.leaf.term)
            if place is not None:
                places.append(place)
                kept.append((leaf, scale))
            continue
        here = occurrences(view, leaf.leaf, leaf.expansions)
        if len(here.docs):
            f = combined_frequencies(here.tfs, view.reader.lengths[here.docs], parameters, leaf.leaf.fields)
            places.append((listed, listed + len(f), -1, len(f)))
            kept.append((leaf, 1.0))
            list_docs.append(here.docs)
            list_f.append(f)
            listed += len(f)
    if not kept:
        return None
    return Leaves(
        places=np.array(places, np.int64),
        idfs=np.array([leaf.idf for leaf, _ in kept]),
        times=np.array([leaf.times for leaf, _ in kept], np.float64),
        bounds=np.array([leaf.times * leaf.idf * leaf_scale for leaf, leaf_scale in kept]),
        list_docs=np.concatenate(list_docs),
        list_f=np.concatenate(list_f),
    )


def _term_place(view: SegmentView, term: str) -> tuple[int, int, int, int] | None:
    """Where a term's postings lie, all bytes of them verified; None if it does not occur."""
    places: dict[str, tuple[int, int, int, int] | None] = view.cache.setdefault("places", {})
    if term in places:
        return places[term]
    reader = view.reader
    number = reader.terms.number(term)
    place = None
    if number is not None:
        start, end = reader.postings_range(number)
        first, frequency = int(reader.term_first[number]), reader.document_frequency(number)
        reader.bytes_of(layout.POSTINGS, start, end)
        reader.bytes_of(layout.IMPACTS, first, first + frequency)
        reader.bytes_of(layout.TFS, first, first + frequency)
        place = (start // 2, end // 2, first, frequency)
    if len(places) >= _TERMS_REMEMBERED_MAX:
        places.clear()
    places[term] = place
    return place


def _arrays(view: SegmentView) -> SegmentArrays:
    arrays: SegmentArrays | None = view.cache.get("arrays")
    if arrays is None:
        reader = view.reader
        arrays = view.cache["arrays"] = SegmentArrays(
            postings=reader.unverified(layout.POSTINGS, np.dtype("<u2")),
            impacts=reader.unverified(layout.IMPACTS, layout.BYTE),
            tfs=reader.unverified(layout.TFS, layout.BYTE),
            vectors=reader.tf_vectors,
            escaped=reader.tf_escaped,
            escapes=reader.tf_escapes,
            lengths=reader.lengths,
        )
    return arrays


def _scale(view: SegmentView, parameters: Parameters) -> float:
    baked = view.reader.head.baked
    return impact_scale(
        parameters.weights,
        parameters.means,
        parameters.k1,
        parameters.b,
        baked_weights=baked.weights,
        baked_means=baked.means,
        baked_k1=baked.k1,
        baked_b=baked.b,
        length_max=view.reader.length_max,
    )


def _bits(docs: bitmap.BitMap, view: SegmentView) -> npt.NDArray[np.uint64]:
    """A set of documents as one bit each, little-endian."""
    bits = np.zeros(-(-view.documents // 64) * 64, np.uint8)
    bits[bitmap.to_array(docs)] = 1
    return np.packbits(bits, bitorder="little").view(np.uint64)


def _scratch() -> Scratch:
    scratch: Scratch | None = getattr(_threads, "scratch", None)
    if scratch is None:
        scratch = _threads.scratch = new_scratch()
    return scratch

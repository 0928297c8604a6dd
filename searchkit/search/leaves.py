"""Where in one segment a leaf occurs, and how often in each field: words, phrases and prefixes alike.

A word is its posting list. A phrase is found by positions: the documents that hold all its words, then the
places where they follow each other. A prefix or a wildcard is the sum of its words, however many; those of a prefix
are neighbours in the dictionary, those of a wildcard are looked for among the words with its beginning. All of it is
NumPy over whole lists; a phrase of frequent words costs about 10 ns for each of their positions in documents that
hold them all. Deleted documents are still in what this module gives back.

**A phrase with a slop** of s, as in ``"a b"~s``: its words stand in their order within one field, and at most s other
words stand between the first and the last of them. How often it occurs is the number of *minimal intervals* [1]_: of
stretches of the field that hold the words in order, begin with the first and end with the last, and hold no shorter
such stretch. They may overlap; no place serves the same word of the phrase in two of them, so a phrase never occurs
more often than any of its words, and with a slop of 0 the count is that of exact matches. ``a x a b`` holds ``"a b"~2``
once: from the second a. Found for every place of the last word by taking the nearest place of the word before it, and
so on; of stretches with one beginning the first is minimal. Lucene's ordered intervals with a maximum of gaps find the
same. Lucene's ``"a b"~s`` also allows changes of order, each counted as moves within s, and weighs a match by its
distance; this one keeps the order and counts every match as one.

.. [1] C. L. A. Clarke, G. V. Cormack, F. J. Burkowski, "An algebra for structured text search and a framework for its
   implementation", The Computer Journal 38(1), 1995.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.ids import TermId
from searchkit.index.snapshot import SegmentView
from searchkit.query.plan import ManyLeaf, PhraseLeaf, PrefixLeaf, ScoredLeaf, TermLeaf, WildcardLeaf
from searchkit.query.wildcards import Wildcard
from searchkit.segment.positions import field_bases

Runs: TypeAlias = npt.NDArray[np.int64]
"""Runs of term numbers: shape (n, 2), the first and one past the last of each."""

_RUNS_REMEMBERED_MAX = 256
"""Prefixes and wildcards whose terms are remembered for a segment; then all are forgotten."""
_REACH = 1 << 32
"""Larger than any position: a document's number times this, plus a position, is one integer per place."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Documents of a segment in which a leaf occurs.

    Attributes
    ----------
    docs : ndarray of shape (n,), uint32
        Ascending.
    tfs : ndarray of shape (n, fields), uint32
        How often in each text field; outside the leaf's mask too, at least once inside it.
    """

    docs: npt.NDArray[np.uint32]
    tfs: npt.NDArray[np.uint32]


def occurrences(view: SegmentView, leaf: ScoredLeaf) -> Occurrences:
    """Find a leaf in a segment."""
    if isinstance(leaf, TermLeaf):
        found = _term(view, leaf.term)
    elif isinstance(leaf, PhraseLeaf):
        found = _phrase(view, leaf)
    else:
        found = _sum(view, term_runs(view, leaf))
    fields = [field for field in range(found.tfs.shape[1]) if leaf.fields >> field & 1]
    if len(fields) == found.tfs.shape[1]:
        return found
    inside = found.tfs[:, fields].any(axis=1)
    return Occurrences(found.docs[inside], found.tfs[inside])


def term_runs(view: SegmentView, leaf: ManyLeaf) -> Runs:
    """The terms of a segment that a prefix or a wildcard stands for, as runs of numbers.

    For a wildcard, one comparison for each term with its beginning, about a microsecond; remembered.

    Returns
    -------
    ndarray of shape (n, 2), int64
        First number, and one past the last, ascending.
    """
    known: dict[ManyLeaf, Runs] = view.reader.cache.setdefault("runs", {})
    runs = known.get(leaf)
    if runs is None:
        if len(known) >= _RUNS_REMEMBERED_MAX:
            known.clear()
        runs = known[leaf] = _prefix_runs(view, leaf) if isinstance(leaf, PrefixLeaf) else _wildcard_runs(view, leaf)
    return runs


def _prefix_runs(view: SegmentView, leaf: PrefixLeaf) -> Runs:
    terms = view.reader.terms
    low, high = terms.prefix_range(leaf.prefix)
    also = (terms.number(term) for term in leaf.also)
    runs = [(number, number + 1) for number in also if number is not None and not low <= number < high]
    if low < high:
        runs.append((low, high))
    return np.array(sorted(runs), np.int64).reshape(-1, 2)


def _wildcard_runs(view: SegmentView, leaf: WildcardLeaf) -> Runs:
    pattern = Wildcard(leaf.pattern)
    fits, terms = pattern.matches, view.reader.terms
    numbers = np.array([number for term, number in terms.with_prefix(pattern.beginning) if fits(term)], np.int64)
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = np.concatenate((numbers[:1], numbers[breaks + 1]))
    lasts = np.concatenate((numbers[breaks], numbers[-1:]))
    return np.stack((firsts, lasts + 1), axis=1)


def _nothing(view: SegmentView) -> Occurrences:
    fields = len(view.reader.head.text_fields)
    return Occurrences(np.zeros(0, np.uint32), np.zeros((0, fields), np.uint32))


def _term(view: SegmentView, term: str) -> Occurrences:
    number = view.reader.terms.number(term)
    if number is None:
        return _nothing(view)
    return Occurrences(view.reader.docs(number), view.reader.frequencies(number))


def union_docs(view: SegmentView, runs: Runs) -> npt.NDArray[np.uint32]:
    """Documents of a segment with any of some terms, ascending."""
    docs = [view.reader.docs_of_terms(low, high, compiled=False) for low, high in runs.tolist()]
    return np.unique(np.concatenate(docs)) if docs else np.zeros(0, np.uint32)


def _sum(view: SegmentView, runs: Runs) -> Occurrences:
    """Any of several terms: their documents, frequencies added up."""
    if len(runs) == 0:
        return _nothing(view)
    reader = view.reader
    every = np.concatenate([reader.docs_of_terms(low, high, compiled=False) for low, high in runs.tolist()])
    postings = [slice(first, last) for first, last in reader.term_first[runs].tolist()]
    tfs_of_every = np.concatenate([reader.frequencies_of(run) for run in postings])
    docs, places = np.unique(every, return_inverse=True)
    tfs = np.zeros((len(docs), tfs_of_every.shape[1]), np.uint32)
    np.add.at(tfs, places, tfs_of_every)
    return Occurrences(docs, tfs)


def _phrase(view: SegmentView, leaf: PhraseLeaf) -> Occurrences:
    reader = view.reader
    numbers = [reader.terms.number(term) for term in leaf.terms]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return _nothing(view)
    sets = sorted({number: reader.postings(number) for number in known}.values(), key=len)
    common = sets[0]
    for other in sets[1:]:
        common = common & other
    docs = bitmap.to_array(common)
    if len(docs) == 0:
        return _nothing(view)
    # A term may stand in a phrase hundreds of times: its places are read once.
    places: dict[TermId, npt.NDArray[np.int64]] = {}
    for number in dict.fromkeys(known):
        ranks = np.searchsorted(reader.docs(number), docs)
        positions, counts = reader.positions(number, ranks)
        places[number] = np.repeat(np.arange(len(docs)) * _REACH, counts) + positions
    if leaf.slop == 0:
        starts = _side_by_side([places[number] for number in known])
    else:
        starts, ends = _minimal_intervals([places[number] for number in known])
        near = ends - starts - (len(known) - 1) <= leaf.slop
        starts, ends = starts[near], ends[near]
        together = _fields(view, docs, starts) == _fields(view, docs, ends)
        starts = starts[together]
    return _by_field(view, docs, starts)


def _side_by_side(places: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Where words stand one after the other, given the places of each."""
    starts = places[0]
    for offset, here in enumerate(places[1:], start=1):
        starts = np.intersect1d(starts, here - offset, assume_unique=True)
    return starts


def _minimal_intervals(
    places: list[npt.NDArray[np.int64]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the minimal intervals of words in order begin and end; some of them reach over fields and documents."""
    starts = ends = places[-1]
    for here in reversed(places[:-1]):
        before = np.searchsorted(here, starts) - 1
        there = before >= 0
        starts, ends = here[before[there]], ends[there]
    starts, first = np.unique(starts, return_index=True)
    return starts, ends[first]


def _fields(view: SegmentView, docs: npt.NDArray[np.uint32], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Number of the field in which each place lies."""
    rows, positions = np.divmod(places, _REACH)
    bases = field_bases(view.reader.lengths[docs])
    fields: npt.NDArray[np.int64] = (bases[rows] <= positions[:, None]).sum(axis=1) - 1
    return fields


def _by_field(view: SegmentView, docs: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64]) -> Occurrences:
    """Count where phrases start, document by document and field by field."""
    rows, width = starts // _REACH, len(view.reader.head.text_fields)
    counts = np.bincount(rows * width + _fields(view, docs, starts), minlength=len(docs) * width)
    tfs = counts.reshape(-1, width).astype(np.uint32)
    present = tfs.any(axis=1)
    return Occurrences(docs[present], tfs[present])

"""Where in one segment a leaf occurs, and how often in each field: words, phrases and prefixes alike.

A word is its posting list. A phrase is found by positions: the documents that hold all its words, then the
places where they follow each other. A prefix is the sum of its words. All of it is NumPy over whole lists;
a phrase of frequent words costs about 10 ns for each of their positions in documents that hold them all.
Deleted documents are still in what this module gives back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.ids import TermId
from searchkit.index.snapshot import SegmentView
from searchkit.query.plan import PhraseLeaf, PrefixLeaf, ScoredLeaf, TermLeaf
from searchkit.segment.positions import field_bases

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


def occurrences(view: SegmentView, leaf: ScoredLeaf, expansions: tuple[str, ...] = ()) -> Occurrences:
    """Find a leaf in a segment.

    Parameters
    ----------
    expansions : tuple of str
        The terms of a `PrefixLeaf`; see `resolve.expand`.
    """
    if isinstance(leaf, TermLeaf):
        found = _term(view, leaf.term)
    elif isinstance(leaf, PhraseLeaf):
        found = _phrase(view, leaf)
    else:
        found = _sum(view, expansions)
    fields = [field for field in range(found.tfs.shape[1]) if leaf.fields >> field & 1]
    if len(fields) == found.tfs.shape[1]:
        return found
    inside = found.tfs[:, fields].any(axis=1)
    return Occurrences(found.docs[inside], found.tfs[inside])


def leaf_expansions(leaf: ScoredLeaf, expansions: dict[PrefixLeaf, tuple[str, ...]]) -> tuple[str, ...]:
    """The terms of a prefix, nothing for other leaves."""
    return expansions[leaf] if isinstance(leaf, PrefixLeaf) else ()


def _nothing(view: SegmentView) -> Occurrences:
    fields = len(view.reader.head.text_fields)
    return Occurrences(np.zeros(0, np.uint32), np.zeros((0, fields), np.uint32))


def _term(view: SegmentView, term: str) -> Occurrences:
    number = view.reader.terms.number(term)
    if number is None:
        return _nothing(view)
    return Occurrences(view.reader.docs(number), view.reader.frequencies(number))


def _sum(view: SegmentView, terms: tuple[str, ...]) -> Occurrences:
    """Any of several terms: their documents, frequencies added up."""
    found = [_term(view, term) for term in terms if view.reader.terms.number(term) is not None]
    if not found:
        return _nothing(view)
    every = np.concatenate([one.docs for one in found])
    docs, places = np.unique(every, return_inverse=True)
    tfs = np.zeros((len(docs), found[0].tfs.shape[1]), np.uint32)
    np.add.at(tfs, places, np.concatenate([one.tfs for one in found]))
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
    starts: npt.NDArray[np.int64] | None = None
    for offset, number in enumerate(known):
        if number not in places:
            ranks = np.searchsorted(reader.docs(number), docs)
            positions, counts = reader.positions(number, ranks)
            places[number] = np.repeat(np.arange(len(docs)) * _REACH, counts) + positions
        here = places[number] - offset
        starts = here if starts is None else np.intersect1d(starts, here, assume_unique=True)
        if len(starts) == 0:
            return _nothing(view)
    assert starts is not None  # A phrase has at least one term.
    return _by_field(view, docs, starts)


def _by_field(view: SegmentView, docs: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64]) -> Occurrences:
    """Count where phrases start, document by document and field by field."""
    rows, positions = np.divmod(starts, _REACH)
    lengths = view.reader.lengths[docs]
    bases = field_bases(lengths)
    fields = (bases[rows] <= positions[:, None]).sum(axis=1) - 1
    width = lengths.shape[1]
    tfs = np.bincount(rows * width + fields, minlength=len(docs) * width).reshape(-1, width).astype(np.uint32)
    present = tfs.any(axis=1)
    return Occurrences(docs[present], tfs[present])

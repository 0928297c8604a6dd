"""From documents to terms: tokens in order of document become postings in order of term.

Small batches are sorted in NumPy, at 0.3 microseconds and 60 bytes of memory a token; large ones are counted and put in
their places by compiled code (`kernels.inversion`), at a tenth of both. The postings are the same. What this module
does not know: what terms say, and how postings are written.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit.segment import layout
from searchkit.segment.positions import field_bases
from searchkit.segment.postings import EncodedBatch, PostingBatch, worth_compiling

Tokens: TypeAlias = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]
"""Term numbers in order of document, field and position; and tokens of each field, of shape (documents, fields)."""


class Inverted:
    """Tokens of a segment, to be sorted by term.

    Parameters
    ----------
    batches : list of Tokens
        Of documents one after the other; at least one.
    vocabulary : int
        How many terms have a number.

    Attributes
    ----------
    used : ndarray of shape (terms,), int64
        Ascending; which of those numbers occur at all. A term of the segment is known by its place here.
    """

    def __init__(self, batches: list[Tokens], vocabulary: int) -> None:
        self._batches = batches
        self._vocabulary = vocabulary
        self._heads: npt.NDArray[np.uint32] | None = None
        if worth_compiling(sum(len(tokens) for tokens, _ in batches)):
            from searchkit.segment.kernels import inversion

            self._heads = np.zeros((vocabulary, 4), np.uint32)
            first = 0
            for tokens, lengths in batches:
                inversion.count(tokens, lengths, first, self._heads)
                first += len(lengths)
            self.used = np.flatnonzero(self._heads[:, inversion.POSTINGS])
        else:
            occurs = np.zeros(vocabulary, np.bool_)
            for tokens, _ in batches:
                occurs[tokens] = True
            self.used = np.flatnonzero(occurs)

    def batch(self, numbers: npt.NDArray[np.int64]) -> PostingBatch | EncodedBatch:
        """All postings, terms in the order of `numbers`, the new number of each term of `used`; to be asked once."""
        if self._heads is not None:
            return self._placed(numbers, self._heads)
        tokens, lengths = (np.concatenate(arrays) for arrays in zip(*self._batches, strict=True))
        if len(tokens) == 0:
            empty = np.zeros(0, np.uint32)
            return PostingBatch(np.zeros(0, np.int64), empty, np.zeros((0, lengths.shape[1]), np.uint32), empty)
        new = np.zeros(self._vocabulary, np.uint32)
        new[self.used] = numbers
        return _sorted(new[tokens], lengths, len(self.used))

    def _placed(self, numbers: npt.NDArray[np.int64], heads: npt.NDArray[np.uint32]) -> EncodedBatch:
        """The same, by counting."""
        from searchkit.segment.kernels import inversion

        order = np.empty(len(self.used), np.int64)
        order[numbers] = self.used
        dfs = heads[order, inversion.POSTINGS].astype(np.int64)
        ends = np.cumsum(heads[order, inversion.BYTES], dtype=np.int64)
        heads[:] = 0
        heads[order, inversion.POSTINGS] = np.cumsum(dfs) - dfs
        heads[order[1:], inversion.BYTES] = ends[:-1]
        postings = int(dfs.sum())
        docs, stream = np.empty(postings, np.uint32), np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
        tfs = np.zeros((postings, self._batches[0][1].shape[1]), np.uint32)
        strides = np.empty(-(-postings // layout.POSITIONS_STRIDE), np.int64)
        first = 0
        for tokens, lengths in self._batches:
            inversion.scatter(tokens, lengths, first, heads, docs, tfs, stream, strides)
            first += len(lengths)
        inversion.finish(ends, stream)
        return EncodedBatch(dfs=dfs, docs=docs, tfs=tfs, stream=stream, stride_starts=strides)


def _sorted(terms: npt.NDArray[np.uint32], lengths: npt.NDArray[np.uint32], count: int) -> PostingBatch:
    """Postings of `count` terms from their numbers in order of document: sorted by term, in NumPy."""
    documents, fields = lengths.shape
    counts = lengths.ravel()
    slots = np.repeat(np.arange(documents * fields, dtype=np.uint32), counts)
    starts = np.cumsum(counts, dtype=np.int64) - counts
    shift = field_bases(lengths).ravel() - starts
    positions = (np.arange(len(slots)) + shift[slots]).astype(np.uint32)
    order = np.argsort(terms, kind="stable")
    terms, slots, positions = terms[order], slots[order], positions[order]
    docs = slots // np.uint32(fields)
    changes = np.empty(len(terms), bool)
    changes[0] = True
    changes[1:] = (terms[1:] != terms[:-1]) | (docs[1:] != docs[:-1])
    firsts = np.flatnonzero(changes)
    postings = np.cumsum(changes) - 1
    tfs = np.empty((len(firsts), fields), np.uint32)
    for field in range(fields):
        inside = postings[slots % np.uint32(fields) == field]
        tfs[:, field] = np.bincount(inside, minlength=len(firsts))
    return PostingBatch(
        dfs=np.bincount(terms[firsts], minlength=count),
        docs=docs[firsts],
        tfs=tfs,
        positions=positions,
    )

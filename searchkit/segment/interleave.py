"""Postings of the same terms from several segments, one after the other for each term, dead documents left out.

Documents of a segment keep their order and come after all of the segments before, so nothing is compared: each
posting is copied to its place, its positions as they are written. Some 30 ns a posting in NumPy; `kernels/`
does the same at a tenth of it. What this module does not know: files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment's postings of a range of terms.

    Attributes
    ----------
    terms : ndarray of shape (terms,), int64
        New number of each term, counted from the first of the batch; of a term without live documents, any.
    dfs : ndarray of shape (terms,), int64
    docs : ndarray of shape (postings,), uint32
    tfs : ndarray of shape (postings, fields), uint32
    stream : ndarray of shape (bytes,), uint8
        Positions as encoded.
    starts : ndarray of shape (postings + 1,), int64
        Where each posting begins in the stream, and the end.
    alive : ndarray of shape (documents,), bool
    new_numbers : ndarray of shape (documents,), uint32
        Where documents go to, of those alive.
    """

    terms: npt.NDArray[np.int64]
    dfs: npt.NDArray[np.int64]
    docs: npt.NDArray[np.uint32]
    tfs: npt.NDArray[np.uint32]
    stream: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    alive: npt.NDArray[np.bool_]
    new_numbers: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Postings of consecutive new terms: `EncodedBatch`, with the start of every posting in the stream."""

    dfs: npt.NDArray[np.int64]
    docs: npt.NDArray[np.uint32]
    tfs: npt.NDArray[np.uint32]
    stream: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]


def interleave(pieces: Sequence[Piece], terms: int) -> Interleaved:
    """Put the live postings of at least one piece in order.

    Parameters
    ----------
    terms : int
        New terms of the batch.
    """
    kept = [np.flatnonzero(piece.alive[piece.docs]) for piece in pieces]
    together = list(zip(pieces, kept, strict=True))
    term_of = np.concatenate([np.repeat(piece.terms, piece.dfs)[live] for piece, live in together])
    order = np.argsort(term_of, kind="stable")
    sizes = np.concatenate([np.diff(piece.starts)[live] for piece, live in together])
    # Where each posting's positions begin, were the streams of all pieces one.
    before = np.cumsum([0, *(len(piece.stream) for piece in pieces[:-1])])
    begins = np.concatenate([piece.starts[live] + shift for (piece, live), shift in zip(together, before, strict=True)])
    stream = np.concatenate([piece.stream for piece in pieces])
    sizes = sizes[order]
    return Interleaved(
        dfs=np.bincount(term_of, minlength=terms),
        docs=np.concatenate([piece.new_numbers[piece.docs[live]] for piece, live in together])[order],
        tfs=np.concatenate([piece.tfs[live] for piece, live in together])[order],
        stream=stream[_ranges(begins[order], sizes)],
        starts=np.cumsum(sizes) - sizes,
    )


def _ranges(starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices of many ranges one after the other: starts[0], starts[0] + 1, …, starts[1], …"""
    ends = np.cumsum(counts)
    shifts: npt.NDArray[np.int64] = np.repeat(starts - (ends - counts), counts)
    return np.arange(len(shifts), dtype=np.int64) + shifts

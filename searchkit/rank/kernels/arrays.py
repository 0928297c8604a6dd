"""What the kernels read and write: a segment's arrays, a query's leaves, a thread's scratch memory.

Kernels index these arrays and never take an address from a file. What they rely on beyond that is checked
once for each term, when it is first met (`describe.describe_term`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

WINDOW = 1 << 16
"""Documents of a window: those of one roaring container."""
BLOCK = 64
"""Documents of a block: those of one word of a bitmap."""
WINDOW_BLOCKS = WINDOW // BLOCK
ARRAY_MAX = 4096
"""Documents up to which a container is an array; a bitmap beyond."""
SMALL_LIST_MAX = 8
"""Documents up to which a posting list is their low halves and then their high ones: arrays, but for a header."""
RANK_DOCUMENTS = 512
"""Documents between two entries of a rank directory."""
RANKS = WINDOW // RANK_DOCUMENTS
LEAVES_MAX = 128
"""Leaves of a query the sums have room for; longer ones are answered by the plain ranker."""
SPARSE_MAX = 32
"""Leaves without stored block maxima that the block-max kernel has room for."""
BATCH = 32
"""Blocks scored together: their sums are 4 KB."""
BLOCKS_K_MAX = 128
"""Results up to which visiting single blocks pays."""
CANDIDATES_MAX = 2 * WINDOW
PHRASE_WORDS_MAX = 128
"""Words of a phrase the kernels have room for; longer ones are found by the plain twin."""
FIELD_GAP = 1
"""Positions left free between two fields of a document: that of segment/FORMAT.md, which a lower room may not import."""
VECTOR_WORDS_MAX = 4
"""Words of 64 bits that hold 16 bits for each of `limits.FIELDS_MAX` fields."""
FAULT = -1
FAVOUR = 1 - 1e-6
"""Thresholds are lowered by this factor wherever they are rounded or compared with float32 scores."""

START, END, FIRST, FREQUENCY, MAXIMA, RANKED = range(6)
"""Columns of `Leaves.places`."""
DATA, CARD, POSTING = range(3)
"""Columns of `Scratch.tables`: where the container of a window begins, documents in it, its first posting."""
IDF, TIMES, BOUND, REQUIRED, MOST = range(5)
"""Columns of `Leaves.factors`."""


class SegmentArrays(NamedTuple):
    """What a kernel reads of a segment; see segment/FORMAT.md.

    `postings` is the part of that name as uint16 pairs of bytes, `lengths` has shape (documents, fields),
    `vectors` (16 or 256, fields) as codes in `tfs` have 4 or 8 bits, `escapes` (len(escaped), fields). What follows from facts is filled in term by term
    (`describe.py`): `impacts`, uint8, the bound of each posting; `maxima` holds the largest impact of each
    block of 64 documents, uint8, a row of whole windows for each dense term; `ranks` the postings before
    every 512th document of a window, uint16, `RANKS` of them a window, a row for each term that has any.
    `positions`, `position_index`, `term_postings` and `term_first` are the parts of those names, uint8 and uint32.
    """

    postings: Any
    impacts: Any
    tfs: Any
    vectors: Any
    escaped: Any
    escapes: Any
    lengths: Any
    maxima: Any
    ranks: Any
    positions: Any
    position_index: Any
    term_postings: Any
    term_first: Any


class Leaves(NamedTuple):
    """The leaves of a query that occur in a segment, in the order their scores are summed.

    Attributes
    ----------
    places : ndarray of shape (n, 6), int64
        For a word: where its posting list begins and ends in `postings`, its first posting, its document
        frequency, where its rows of `maxima` and `ranks` begin (-1: none). For a list: where it begins and
        ends in `list_docs`, -1, its length, -1, -1.
    factors : ndarray of shape (n, 5), float64
        idf, times, bound, 1 if a result must hold the leaf, and the largest impact. It adds times · idf · f / (f + k1),
        at most bound · impact / 255.
    list_docs : ndarray of shape (m,), uint32
    list_f : ndarray of shape (m,), float64
        Documents and f of leaves that are no single posting list, one after the other.
    """

    places: Any
    factors: Any
    list_docs: Any
    list_f: Any


class Scoring(NamedTuple):
    """Weights and mean lengths of the fields, float64 arrays; k1 and b."""

    weights: Any
    means: Any
    k1: Any
    b: Any


class Phrase(NamedTuple):
    """Words side by side, or nearly so, whose distinct ones are the leaves of a query, all of them required.

    Attributes
    ----------
    words : ndarray of shape (n,), int64
        The leaf of each word, in the order of the phrase; between 2 and `PHRASE_WORDS_MAX` words.
    slop : int
        How many other words may stand between them, together; see `search/leaves.py`.
    fields : int
        Mask of the text fields that count.
    idf, times, bound : float
        As in `Leaves.factors`, of the phrase; the leaves have the same bound.
    """

    words: Any
    slop: Any
    fields: Any
    idf: Any
    times: Any
    bound: Any


class Union(NamedTuple):
    """Terms that count as one word, as a prefix stands for them.

    Attributes
    ----------
    runs : ndarray of shape (n, 2), int64
        Terms of the segment as runs of their numbers: the first, and one past the last.
    progress : ndarray of shape (>= terms, 3), int64
        Room for how far each term's list has been read.
    fields : int
        Mask of the text fields that count.
    idf, times : float
        As in `Leaves.factors`.
    """

    runs: Any
    progress: Any
    fields: Any
    idf: Any
    times: Any


class Scratch(NamedTuple):
    """Memory of one thread.

    `tables` has shape (leaves, windows, 3); `bounds` one sum a block and `starts` one entry a block and
    sparse leaf; `sums` one sum and `bits` one bit a
    document of a window; `candidates`, `values`, `chosen`, `entries` and `scores` what passed;
    `masks`, `firsts` and `rest` belong to a batch of blocks whose sums are in `batch`;
    `saved` is a heap as it was; `places` and `factors` are those of `Leaves`, for one segment; `lows` and `spots` are
    the documents of a chunk of the driving leaf within their window and the postings of the leaves there
    (`intersect.py`), `cursors` where each leaf is read next, and `readers` where each word of a phrase is in a document
    (`phrases.py`); `frequencies` are sums for each document of a window, `tallies` the same for a single field, both all zero
    unless `unions.py` is at work, and `packed` the frequency vectors of a segment as they are added to them; `turns` are leaves by weight (`windows.py`).
    """

    tables: Any
    weights: Any
    order: Any
    bounds: Any
    starts: Any
    sums: Any
    bits: Any
    candidates: Any
    values: Any
    chosen: Any
    scores: Any
    histogram: Any
    batch: Any
    blocks: Any
    masks: Any
    firsts: Any
    rest: Any
    saved: Any
    places: Any
    factors: Any
    lows: Any
    spots: Any
    cursors: Any
    readers: Any
    frequencies: Any
    tallies: Any
    packed: Any
    entries: Any
    turns: Any


def new_scratch(windows: int) -> Scratch:
    """Scratch for segments of at most so many windows: 7 MB, and 140 KB a window, once all is used."""
    return Scratch(
        tables=np.zeros((LEAVES_MAX, windows, 3), np.int64),
        weights=np.zeros(LEAVES_MAX, np.int64),
        order=np.zeros(LEAVES_MAX, np.int64),
        bounds=np.zeros(windows * WINDOW_BLOCKS, np.uint16),
        starts=np.zeros((SPARSE_MAX, windows * WINDOW_BLOCKS), np.int32),
        sums=np.zeros(WINDOW, np.uint16),
        bits=np.zeros(WINDOW_BLOCKS, np.uint64),
        candidates=np.zeros(CANDIDATES_MAX, np.int64),
        values=np.zeros(CANDIDATES_MAX, np.int32),
        chosen=np.zeros(CANDIDATES_MAX, np.int64),
        scores=np.zeros(CANDIDATES_MAX, np.float64),
        histogram=np.zeros(4096, np.int64),
        batch=np.zeros(BATCH * BLOCK, np.uint16),
        blocks=np.zeros((2, BATCH), np.int64),
        masks=np.zeros((LEAVES_MAX, BATCH), np.uint64),
        firsts=np.zeros((LEAVES_MAX, BATCH), np.int64),
        rest=np.zeros(BATCH, np.int64),
        saved=np.zeros(BLOCKS_K_MAX, np.uint64),
        places=np.zeros((LEAVES_MAX, 6), np.int64),
        factors=np.zeros((LEAVES_MAX, 5), np.float64),
        lows=np.zeros(BLOCK, np.int64),
        spots=np.zeros((LEAVES_MAX, BLOCK), np.int64),
        cursors=np.zeros((LEAVES_MAX, 1), np.int64),
        readers=np.zeros((PHRASE_WORDS_MAX, 3), np.int64),
        frequencies=np.zeros(WINDOW * VECTOR_WORDS_MAX, np.uint64),
        tallies=np.zeros(WINDOW, np.uint16),
        packed=np.zeros(256 * VECTOR_WORDS_MAX, np.uint64),
        entries=np.zeros(CANDIDATES_MAX, np.int64),
        turns=np.zeros(LEAVES_MAX, np.int64),
    )

"""The segment being built: documents added in memory, not yet searchable, inverted when it is written.

Adding costs one dictionary look-up a token. Inverting sorts all tokens by term once, in NumPy: about 0.3
microseconds a token and 60 bytes of memory a token while it lasts, which is what `limits.WRITER_TOKENS_MAX`
bounds. A document added under an id that is already here replaces it. What this module does not know:
other segments, files, and how text becomes terms (the caller hands in terms).
"""

from __future__ import annotations

import itertools
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from searchkit.model.document import Document
from searchkit.segment.positions import field_bases
from searchkit.segment.postings import PostingBatch
from searchkit.segment.stored import PackedBlock

_DOCUMENT_BYTES, _KEYWORD_BYTES = 600, 200
"""Memory of a document and of each of its keywords besides their letters, measured: of tiny ones it is most of it."""


@dataclass(frozen=True, slots=True)
class SegmentDocuments:
    """What a segment keeps of its documents besides postings, in document order.

    Attributes
    ----------
    ids : list of str
    digests : ndarray of shape (documents,), uint64
    stored : iterable of bytes or PackedBlock
        Records as JSON, or blocks of them; walked through once.
    lengths : ndarray of shape (documents, fields), uint32
        Tokens of each text field.
    columns : ndarray of shape (documents, columns), float64
        Number and Date fields in schema order; NaN where missing.
    keywords : dict of (str, str) to ndarray of uint32
        Documents of each field and value, ascending.
    """

    ids: list[str]
    digests: npt.NDArray[np.uint64]
    stored: Iterable[bytes | PackedBlock]
    lengths: npt.NDArray[np.uint32]
    columns: npt.NDArray[np.float64]
    keywords: dict[tuple[str, str], npt.NDArray[np.uint32]]


class Buffer:
    """Documents waiting to become a segment.

    Parameters
    ----------
    fields : int
        Text fields of the schema.
    columns : int
        Number and Date fields of the schema.
    """

    def __init__(self, fields: int, columns: int) -> None:
        self._fields = fields
        self._columns = columns
        self._numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
        self._tokens = array("I")
        self._lengths = array("I")
        self._documents: list[Document | None] = []
        self._by_id: dict[str, int] = {}
        self.document_bytes = 0
        """Memory that documents take, about, those replaced included: records, and what Python needs to hold them."""

    def __len__(self) -> int:
        """Live documents."""
        return len(self._by_id)

    @property
    def tokens(self) -> int:
        """Tokens held, those of replaced documents included."""
        return len(self._tokens)

    def __contains__(self, id: str) -> bool:
        return id in self._by_id

    def digest(self, id: str) -> int | None:
        """Digest of a live document here, or None."""
        place = self._by_id.get(id)
        document = self._documents[place] if place is not None else None
        return document.digest if document is not None else None

    def ids(self) -> list[str]:
        """Ids of live documents, in order of arrival."""
        return [document.id for document in self._documents if document is not None]

    def add(self, document: Document, terms: Sequence[Sequence[str]]) -> bool:
        """Add a document with the terms of each of its text fields, in order of position.

        Returns whether it replaced one of this buffer.
        """
        was_here = self.remove(document.id)
        self._by_id[document.id] = len(self._documents)
        self._documents.append(replace(document, texts=()))  # The terms are here; the texts would double the memory.
        for field_terms in terms:
            self._tokens.extend(map(self._numbers.__getitem__, field_terms))
            self._lengths.append(len(field_terms))
        self.document_bytes += len(document.stored) + _DOCUMENT_BYTES + _KEYWORD_BYTES * len(document.keywords)
        return was_here

    def remove(self, id: str) -> bool:
        """Forget a document; whether it was here."""
        place = self._by_id.pop(id, None)
        if place is None:
            return False
        self._documents[place] = None
        return True

    def documents(self) -> SegmentDocuments:
        """Live documents in order of arrival."""
        live = [document for document in self._documents if document is not None]
        alive = np.array([document is not None for document in self._documents], bool)
        lengths = np.frombuffer(self._lengths, np.uint32).reshape(-1, self._fields)[alive]
        columns = np.array([document.columns for document in live], np.float64)
        keywords: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for doc, document in enumerate(live):
            for pair in document.keywords:
                keywords[pair].append(doc)
        return SegmentDocuments(
            ids=[document.id for document in live],
            digests=np.array([document.digest for document in live], np.uint64),
            stored=[document.stored for document in live],
            lengths=lengths,
            columns=columns.reshape(len(live), self._columns),
            keywords={pair: np.array(docs, np.uint32) for pair, docs in keywords.items()},
        )

    def invert(self) -> tuple[list[str], Inverted]:
        """Terms of live documents, and the postings to be had in any order of them."""
        alive = np.array([document is not None for document in self._documents], bool)
        lengths = np.frombuffer(self._lengths, np.uint32).reshape(-1, self._fields)
        tokens = np.frombuffer(self._tokens, np.uint32)
        kept = tokens[np.repeat(alive, lengths.sum(axis=1, dtype=np.int64))] if not alive.all() else tokens
        used = np.zeros(len(self._numbers), bool)
        used[kept] = True
        names = list(self._numbers)
        terms = [names[number] for number in np.flatnonzero(used).tolist()]
        compact = np.cumsum(used, dtype=np.int64) - 1
        return terms, Inverted(compact.astype(np.uint32)[kept], lengths[alive], len(terms))


class Inverted:
    """Tokens of a segment, to be sorted by term.

    Parameters
    ----------
    tokens : ndarray of shape (occurrences,), uint32
        Term numbers in order of document, field and position.
    lengths : ndarray of shape (documents, fields), uint32
    terms : int
        Distinct terms.
    """

    def __init__(self, tokens: npt.NDArray[np.uint32], lengths: npt.NDArray[np.uint32], terms: int) -> None:
        self._tokens = tokens
        self._lengths = lengths
        self._terms = terms

    def batch(self, numbers: npt.NDArray[np.int64]) -> PostingBatch:
        """All postings, terms in the order of `numbers` (the new number of each term)."""
        documents, fields = self._lengths.shape
        if len(self._tokens) == 0:
            empty = np.zeros(0, np.uint32)
            return PostingBatch(np.zeros(0, np.int64), empty, np.zeros((0, fields), np.uint32), empty)
        counts = self._lengths.ravel()
        slots = np.repeat(np.arange(documents * fields, dtype=np.uint32), counts)
        starts = np.cumsum(counts, dtype=np.int64) - counts
        shift = field_bases(self._lengths).ravel() - starts
        positions = (np.arange(len(slots)) + shift[slots]).astype(np.uint32)
        terms = numbers.astype(np.uint32)[self._tokens]
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
            dfs=np.bincount(terms[firsts], minlength=self._terms),
            docs=docs[firsts],
            tfs=tfs,
            positions=positions,
        )

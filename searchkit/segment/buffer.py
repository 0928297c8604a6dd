"""The segment being built: documents added in memory, not yet searchable, inverted when it is written.

Documents are kept as columns, tokens as four bytes each, and records compressed in a temporary file, so that a large
segment can be built at once. A document added under an id that is already here replaces it; a segment written
afterwards has the bytes it would have if the replaced one had never come.

`memory` says about how much building and writing the segment takes, after this model, which was measured:

    a token         4 bytes, and 7 more with 3 for each text field: itself, its position, and its part of a posting
                    (10 more and 2 for each field of each of the first ones, since a small segment is sorted in NumPy)
    a document      400 bytes and its id, and 8 for each keyword
    a keyword       400 bytes and its letters
    a term          150 bytes when the dictionary is made, besides the vocabulary, which has its own `memory`

What this module does not know: other segments, files, and how text becomes terms (the caller hands in numbers).
"""

from __future__ import annotations

import dataclasses
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit.model.document import Document
from searchkit.model.intake import Documents
from searchkit.model.vocabulary import Vocabulary
from searchkit.segment.inversion import Inverted
from searchkit.segment.stored import PackedBlock, StoredBlocks, StoredPart

Spoken: TypeAlias = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]

_TOKEN_BYTES, _FIELD_BYTES = 11, 3
_PLAIN_TOKENS, _PLAIN_TOKEN_BYTES, _PLAIN_FIELD_BYTES = 2_000_000, 10, 2
_DOCUMENT_BYTES, _KEYWORD_BYTES = 400, 400
_TERM_BYTES = 150


@dataclass(frozen=True, slots=True)
class SegmentDocuments:
    """What a segment keeps of its documents besides postings, in document order.

    Attributes
    ----------
    ids : list of str
    digests : ndarray of shape (documents,), uint64
    stored : StoredPart, or iterable of bytes or PackedBlock
        All blocks of records; or records as JSON and blocks of them, walked through once.
    lengths : ndarray of shape (documents, fields), uint32
        Tokens of each text field.
    columns : ndarray of shape (documents, columns), float64
        Number and Date fields in schema order; NaN where missing.
    keywords : dict of (str, str) to ndarray of uint32
        Documents of each field and value, ascending.
    suggestions : dict of str to bytes
        Parts made of them for completing and correcting; see suggestions.py.
    """

    ids: list[str]
    digests: npt.NDArray[np.uint64]
    stored: Iterable[bytes | PackedBlock] | StoredPart
    lengths: npt.NDArray[np.uint32]
    columns: npt.NDArray[np.float64]
    keywords: dict[tuple[str, str], npt.NDArray[np.uint32]]
    suggestions: dict[str, bytes] = dataclasses.field(default_factory=dict)


class Gleaner(Protocol):
    """Who gathers from documents what suggestions are made of."""

    def add_many(self, texts: Sequence[str], spoken: Spoken | None) -> int:
        """Gather from the text fields of documents, one after the other; about how many bytes that takes."""
        ...

    def parts(self, alive: npt.NDArray[np.bool_]) -> dict[str, bytes]:
        """The parts of a segment made of what was gathered of documents still alive."""
        ...


class Buffer:
    """Documents waiting to become a segment.

    Parameters
    ----------
    fields : int
        Text fields of the schema.
    columns : int
        Number and Date fields of the schema.
    directory : Path, optional
        For temporary files; the system's own place for them when left out.
    vocabulary : Vocabulary, optional
        The terms that numbers of tokens stand for; an empty one when left out.
    gleaner : Gleaner, optional
        Gathers what suggestions are made of.
    """

    def __init__(
        self,
        fields: int,
        columns: int,
        directory: Path | None = None,
        vocabulary: Vocabulary | None = None,
        gleaner: Gleaner | None = None,
    ) -> None:
        self._gleaner = gleaner
        self._fields = fields
        self._columns = columns
        self._vocabulary = Vocabulary() if vocabulary is None else vocabulary
        self._stored = StoredBlocks(directory or Path(tempfile.gettempdir()))
        self._tokens: list[npt.NDArray[np.uint32]] = []
        self._lengths: list[npt.NDArray[np.uint32]] = []
        self._digests = array("Q")
        self._values = array("d")
        self._ids: list[str] = []
        self._keywords: defaultdict[tuple[str, str], array[int]] = defaultdict(lambda: array("I"))
        self._alive = bytearray()
        self._by_id: dict[str, int] = {}
        self._occurrences = 0
        self._bytes = 0

    def __len__(self) -> int:
        """Live documents."""
        return len(self._by_id)

    @property
    def memory(self) -> int:
        """Bytes that building and writing this segment takes, about, replaced documents included, the vocabulary not."""
        return self._bytes + _TERM_BYTES * len(self._vocabulary)

    def __contains__(self, id: str) -> bool:
        return id in self._by_id

    def digest(self, id: str) -> int | None:
        """Digest of a live document here, or None."""
        place = self._by_id.get(id)
        return None if place is None else self._digests[place]

    def ids(self) -> list[str]:
        """Ids of live documents, in order of arrival."""
        return list(self._by_id)

    def add(self, document: Document, terms: Sequence[Sequence[str]]) -> bool:
        """Add one document with the terms of each of its text fields, in order of position.

        Returns whether it replaced one of this buffer.
        """
        tokens = np.fromiter(self._vocabulary.numbers(term for field in terms for term in field), np.uint32)
        lengths = np.array([[len(field) for field in terms]], np.uint32)
        digests = np.array([document.digest], np.uint64)
        alone = Documents(
            [document.id], list(document.texts), [document.keywords], [document.columns], [document.stored], digests
        )
        return self.add_many(alone, tokens, lengths) > 0

    def add_many(
        self,
        documents: Documents,
        tokens: npt.NDArray[np.uint32],
        lengths: npt.NDArray[np.uint32],
        spoken: Spoken | None = None,
    ) -> int:
        """Add documents.

        Parameters
        ----------
        documents : Documents
        tokens : ndarray of shape (occurrences,), uint32
            Numbers of their terms, in order of document, field and position.
        lengths : ndarray of shape (documents, fields), uint32
            How many each field has.
        spoken : pair of arrays, optional
            Numbers of the words of their texts, and how many each text has, where they are known already.

        Returns
        -------
        int
            How many documents of this buffer they replaced.
        """
        first = len(self._ids)
        self._alive += b"\1" * len(documents)
        replaced = self._enter(documents.ids, first)
        self._ids += documents.ids
        self._tokens.append(tokens)
        self._lengths.append(lengths)
        self._digests.frombytes(documents.digests.tobytes())
        self._stored.append(documents.stored)
        if self._gleaner is not None:
            self._bytes += self._gleaner.add_many(documents.texts, spoken)
        if self._columns:
            for values in documents.columns:
                self._values.extend(values)
        if any(documents.keywords):
            self._add_keywords(documents.keywords, first)
        plain = max(0, min(_PLAIN_TOKENS - self._occurrences, len(tokens)))
        self._occurrences += len(tokens)
        self._bytes += (
            (_PLAIN_TOKEN_BYTES + _PLAIN_FIELD_BYTES * self._fields) * plain
            + (_TOKEN_BYTES + _FIELD_BYTES * self._fields) * len(tokens)
            + _DOCUMENT_BYTES * len(documents)
            + sum(map(len, documents.ids))
        )
        return replaced

    def _add_keywords(self, keywords: list[tuple[tuple[str, str], ...]], first: int) -> None:
        for doc, pairs in enumerate(keywords, first):
            for pair in pairs:
                if pair not in self._keywords:
                    self._bytes += _KEYWORD_BYTES + 4 * len(pair[1])
                self._bytes += 8
                self._keywords[pair].append(doc)

    def _enter(self, ids: list[str], first: int) -> int:
        """Note where documents are found by their ids; how many others they take the place of."""
        by_id = self._by_id
        fresh = set(ids)
        if len(fresh) == len(ids) and by_id.keys().isdisjoint(fresh):
            by_id.update(zip(ids, range(first, first + len(ids)), strict=True))
            return 0
        replaced = 0
        for place, id in enumerate(ids, first):
            replaced += self.remove(id)
            by_id[id] = place
        return replaced

    def remove(self, id: str) -> bool:
        """Forget a document; whether it was here."""
        place = self._by_id.pop(id, None)
        if place is None:
            return False
        self._alive[place] = 0
        return True

    def _live(self) -> npt.NDArray[np.bool_]:
        return np.array(self._alive, np.bool_)

    def _all_lengths(self) -> npt.NDArray[np.uint32]:
        return np.concatenate([np.zeros((0, self._fields), np.uint32), *self._lengths])

    def documents(self) -> SegmentDocuments:
        """Live documents in order of arrival."""
        alive = self._live()
        places = np.cumsum(alive, dtype=np.uint32) - np.uint32(1)
        keywords: dict[tuple[str, str], npt.NDArray[np.uint32]] = {}
        for pair, docs in self._keywords.items():
            here = np.array(docs, np.uint32)
            if len(kept := places[here[alive[here]]]):
                keywords[pair] = kept
        values = np.array(self._values, np.float64).reshape(len(alive), self._columns)
        return SegmentDocuments(
            ids=list(self._by_id),
            digests=np.array(self._digests, np.uint64)[alive],
            stored=self._stored.records(alive),
            lengths=self._all_lengths()[alive],
            columns=values[alive],
            keywords=keywords,
            suggestions={} if self._gleaner is None else self._gleaner.parts(alive),
        )

    def invert(self) -> tuple[list[str], Inverted]:
        """Terms of live documents, and the postings to be had in any order of them."""
        alive, batches, first = self._live(), [], 0
        for tokens, lengths in zip(self._tokens, self._lengths, strict=True):
            kept = alive[first : first + len(lengths)]
            first += len(lengths)
            if not kept.all():
                tokens, lengths = tokens[np.repeat(kept, lengths.sum(axis=1, dtype=np.int64))], lengths[kept]
            batches.append((tokens, lengths))
        inverted = Inverted(batches, len(self._vocabulary))
        names = self._vocabulary.names()
        return [names[number] for number in inverted.used.tolist()], inverted

    def close(self) -> None:
        """Give temporary files back."""
        self._stored.close()

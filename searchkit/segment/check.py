"""Every invariant of FORMAT.md, tried against a segment file: reported, not repaired.

Reads everything: all checksums first, then what the numbers must say about each other. Cost: some four seconds
for every ten million postings, and as much for 200,000 documents. What this module does not know: the catalog,
and what to do about a finding.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from searchkit.errors import DamageError
from searchkit.model.document import id_hash
from searchkit.segment.positions import decode_positions, field_bases
from searchkit.segment.reader import SegmentReader

_POSTINGS_AT_ONCE = 500_000
"""Postings decoded at a time: about 100 MB of arrays."""


def check_segment(reader: SegmentReader) -> list[str]:
    """Findings about a segment, each a sentence that names the part; none if it is sound."""
    try:
        reader.verify_all()
    except DamageError as error:
        return [str(error)]
    findings: list[str] = []
    checks: tuple[Callable[[SegmentReader], Iterator[str]], ...] = (_check_terms, _check_documents)
    for check in checks:
        try:
            findings += [f"{reader.path}: {finding}" for finding in check(reader)]
        except DamageError as error:
            findings.append(str(error))
        except (ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
            findings.append(f"{reader.path}: {error}")
    return findings


def _check_terms(reader: SegmentReader) -> Iterator[str]:
    head = reader.head
    for rank, (term, number) in enumerate(reader.terms.items()):
        if number != rank:
            yield f"{term!r} has the number {number}, and not its place {rank} in the order of terms"
            return
    if len(reader.terms) != head.terms:
        yield f"'terms' holds {len(reader.terms)} terms, 'head' says {head.terms}"
        return
    totals, occurrences = np.zeros(len(head.text_fields), np.int64), 0
    bases = field_bases(reader.lengths)
    ends = bases + reader.lengths
    chunk = np.cumsum(reader.document_frequencies(0, head.terms)) // _POSTINGS_AT_ONCE
    cuts = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), head.terms]
    for start, stop in itertools.pairwise(cuts):
        found = _Terms(reader, start, stop)
        yield from found.findings(bases, ends)
        totals += found.tfs.sum(axis=0, dtype=np.int64)
        occurrences += len(found.positions)
    if tuple(totals.tolist()) != head.length_totals or occurrences != head.occurrences:
        yield "the frequencies of all terms do not add up to the lengths of the documents"


class _Terms:
    """All that a segment says of the terms from `start` on and before `stop`, decoded."""

    def __init__(self, reader: SegmentReader, start: int, stop: int) -> None:
        self._reader = reader
        self._dfs = reader.document_frequencies(start, stop)
        self._term_of = np.repeat(np.arange(start, stop), self._dfs)
        self._docs = reader.docs_of_terms(start, stop, compiled=False)
        first = int(reader.term_first[start])
        last = first + len(self._docs)
        self.tfs = reader.frequencies_of(slice(first, last))
        self.positions, self._counts = decode_positions(reader.positions_of(first, last)[0])

    def findings(self, bases: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Iterator[str]:
        """What does not fit, each with a term in which it does not."""
        docs, term_of = self._docs, self._term_of
        if (self._dfs == 0).any():
            yield "a term stands in no document"
        falls = np.flatnonzero((docs[1:] <= docs[:-1]) & (term_of[1:] == term_of[:-1]))
        if len(falls):
            yield f"the documents of {self._named(falls)} do not ascend"
        differing = np.flatnonzero(self._counts != self.tfs.sum(axis=1))
        if len(differing):
            yield f"the positions of {self._named(differing)} are not as many as its frequencies say"
            return
        posting_of = np.repeat(np.arange(len(docs)), self._counts)
        rows = docs[posting_of]
        fields = (bases[rows] <= self.positions[:, None]).sum(axis=1) - 1
        outside = np.flatnonzero(self.positions >= ends[rows, fields])
        if len(outside):
            yield f"a position of {self._named(posting_of[outside])} lies outside the fields of its document"
        counted = np.zeros(self.tfs.shape, np.int64)
        np.add.at(counted, (posting_of, fields), 1)
        moved = np.flatnonzero((counted != self.tfs).any(axis=1))
        if len(moved) and not len(outside):
            yield f"the positions of {self._named(moved)} are in other fields than its frequencies say"

    def _named(self, postings: npt.NDArray[np.int64]) -> str:
        return repr(self._reader.terms.term(int(self._term_of[postings[0]])))


def _check_documents(reader: SegmentReader) -> Iterator[str]:
    head = reader.head
    ids = reader.ids()
    if len(set(ids)) != head.documents:
        yield f"'ids' holds {len(set(ids))} different ids, 'head' says {head.documents} documents"
    for doc, (id, record) in enumerate(zip(ids, reader.stored(), strict=True)):
        if json.loads(record)["id"] != id:
            yield f"the record of document {doc} is not that of {id!r}"
        if reader.find(id) != [doc]:
            yield f"document {doc} is not found by its id {id!r} (hash {id_hash(id):016x})"
    if tuple(reader.lengths.sum(axis=0, dtype=np.int64).tolist()) != head.length_totals:
        yield "the lengths do not add up to the totals in 'head'"
    for field, value, docs in reader.keywords():
        if not docs or docs.max() >= head.documents:
            yield f"the keyword {field}:{value} names documents that do not exist"

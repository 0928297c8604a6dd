"""Every invariant of FORMAT.md, tried against a segment file: reported, not repaired.

Reads everything: all checksums first, then what the numbers must say about each other. Cost: about a second
for every million postings. What this module does not know: the catalog, and what to do about a finding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np

from searchkit.errors import DamageError
from searchkit.model.document import id_hash
from searchkit.segment.positions import field_bases
from searchkit.segment.reader import SegmentReader


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
    if len(reader.terms) != head.terms:
        yield f"'terms' holds {len(reader.terms)} terms, 'head' says {head.terms}"
        return
    totals = np.zeros(len(head.text_fields), np.int64)
    occurrences = 0
    bases = field_bases(reader.lengths)
    ends = bases + reader.lengths
    for rank, (term, number) in enumerate(reader.terms.items()):
        if number != rank:
            yield f"{term!r} has the number {number}, and not its place {rank} in the order of terms"
        docs = reader.docs(number)
        tfs = reader.frequencies(number)
        positions, counts = reader.positions(number)
        if len(docs) == 0 or (np.diff(docs.astype(np.int64)) <= 0).any():
            yield f"the documents of {term!r} do not ascend"
        if len(counts) != len(docs) or (counts != tfs.sum(axis=1)).any():
            yield f"the positions of {term!r} are not as many as its frequencies say"
            continue
        rows = np.repeat(docs, counts)
        fields = (bases[rows] <= positions[:, None]).sum(axis=1) - 1
        if (positions >= ends[rows, fields]).any():
            yield f"a position of {term!r} lies outside the fields of its document"
        totals += tfs.sum(axis=0, dtype=np.int64)
        occurrences += len(positions)
    if tuple(totals.tolist()) != head.length_totals or occurrences != head.occurrences:
        yield "the frequencies of all terms do not add up to the lengths of the documents"


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

"""Parts in, one sealed segment file out. Write-only: it never reads a segment.

A segment is assembled from three things: documents (`SegmentDocuments`), a term dictionary, and postings
already encoded in the dictionary's order. `seal` adds ids, keywords, columns and stored records, computes
the checksums, writes the file and syncs it. The caller makes the directory entry durable and enters the
receipt into the catalog; until then the file does not exist for any reader.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.codec import bitmap
from searchkit.errors import LimitExceeded
from searchkit.model.schema import Keyword, Schema, Text
from searchkit.segment import layout
from searchkit.segment.buffer import Buffer, SegmentDocuments
from searchkit.segment.ids import encode_ids
from searchkit.segment.layout import Head
from searchkit.segment.postings import EncodedBatch, PostingsEncoder, codes_for, worth_compiling
from searchkit.segment.spool import Spool
from searchkit.segment.stored import PackedBlock, StoredPart, encode_stored
from searchkit.segment.sums import encode_sums, sums_total
from searchkit.segment.terms import encode_terms
from searchkit.store.lmdb_pages import spine
from searchkit.store.lmdb_store import write_values


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the catalog must know to open a segment file safely, and to count without opening it.

    `size` is in bytes; `spine` and `sums` are checksums; `length_totals` are tokens of each text field.
    """

    documents: int
    size: int
    spine: int
    sums: int
    length_totals: tuple[int, ...]


def write_segment(path: Path, buffer: Buffer, schema: Schema) -> Receipt:
    """Invert a buffer of at least one document and write it as a new segment file, synced."""
    documents = buffer.documents()
    terms, inverted = buffer.invert()
    trie, key_numbers, numbers = encode_terms(terms)
    batch = inverted.batch(numbers)
    compiled = worth_compiling(len(batch.docs))
    codes = codes_for(batch, compiled=compiled)
    encoder = PostingsEncoder(len(schema.text_fields), codes, path.parent, compiled=compiled)
    try:
        if isinstance(batch, EncodedBatch):
            encoder.add_encoded(batch)
        else:
            encoder.add(batch)
        del batch
        return seal(path, documents, trie, key_numbers, encoder, schema)
    finally:
        encoder.close()


def seal(
    path: Path,
    documents: SegmentDocuments,
    trie: bytes,
    key_numbers: npt.NDArray[np.uint32],
    encoder: PostingsEncoder,
    schema: Schema,
) -> Receipt:
    """Write all parts of a segment to a new file and sync it."""
    parts: dict[str, bytes | memoryview] = {
        layout.TERMS: trie,
        layout.TERM_NUMBERS: key_numbers.astype(layout.U4).tobytes(),
        **encoder.parts(),
    }
    widths = _add_lengths(parts, documents.lengths)
    columns = tuple(name for name, field in schema.items() if not isinstance(field, (Text, Keyword)))
    for number, name in enumerate(columns):
        parts[layout.COLUMN.format(name)] = documents.columns[:, number].astype(layout.F8).tobytes()
    _add_keywords(parts, documents.keywords)
    _add_ids(parts, documents.ids)
    parts.update(documents.suggestions)
    parts[layout.DIGESTS] = documents.digests.astype(layout.U8).tobytes()
    stored = _add_stored(parts, documents.stored, path.parent)
    totals = tuple(documents.lengths.sum(axis=0, dtype=np.int64).tolist())
    head = Head(
        documents=len(documents.ids),
        terms=len(key_numbers),
        postings=encoder.postings,
        occurrences=sum(totals),
        text_fields=schema.text_fields,
        keyword_fields=tuple(name for name, field in schema.items() if isinstance(field, Keyword)),
        columns=columns,
        length_totals=totals,
        length_widths=widths,
        tf_bits=encoder.tf_bits,
    )
    parts[layout.HEAD] = json.dumps(head.to_dict(), sort_keys=True).encode()
    sums = encode_sums(parts)
    # An empty part is one that is not there.
    values = {name: part for name, part in parts.items() if memoryview(part).nbytes}
    write_values(path, {**values, layout.SUMS: sums})
    stored.close()
    size, spine_check = spine(path)
    return Receipt(head.documents, size, spine_check, sums_total(sums), head.length_totals)


def _add_lengths(parts: dict[str, bytes | memoryview], lengths: npt.NDArray[np.uint32]) -> tuple[int, ...]:
    widths = []
    for field in range(lengths.shape[1]):
        column = lengths[:, field]
        largest = int(column.max(initial=0))
        width = 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4
        parts[layout.LENGTHS.format(field)] = column.astype(f"<u{width}").tobytes()
        widths.append(width)
    return tuple(widths)


def _add_stored(
    parts: dict[str, bytes | memoryview], records: Iterable[bytes | PackedBlock] | StoredPart, directory: Path
) -> Spool:
    """Add the records; what must be closed once they are written."""
    spool, offsets = Spool(directory), [0]
    if not isinstance(records, StoredPart):
        for block in encode_stored(records):
            spool.append(block)
            offsets.append(spool.size)
        records = StoredPart(spool.view(), offsets)
    parts[layout.STORED_INDEX] = _offsets(records.offsets, "the stored records of a segment in bytes")
    parts[layout.STORED] = records.data
    return spool


def _offsets(offsets: Sequence[int], what: str) -> bytes:
    """Ascending offsets within one part, which are 32 bits wide because a part has at most that many bytes."""
    if offsets[-1] > limits.SEGMENT_PART_BYTES_MAX:
        raise LimitExceeded(what, offsets[-1], limits.SEGMENT_PART_BYTES_MAX)
    return np.array(offsets, layout.U4).tobytes()


def _add_keywords(
    parts: dict[str, bytes | memoryview], keywords: Mapping[tuple[str, str], npt.NDArray[np.uint32]]
) -> None:
    keys = [layout.keyword_key(field, value) for field, value in keywords]
    trie, key_numbers, numbers = encode_terms(keys)
    blobs = [b""] * len(keywords)
    for number, docs in zip(numbers.tolist(), keywords.values(), strict=True):
        blobs[number] = bitmap.to_bytes(bitmap.from_array(docs))
    parts[layout.KEYWORDS] = trie
    parts[layout.KEYWORD_NUMBERS] = key_numbers.astype(layout.U4).tobytes()
    parts[layout.KEYWORD_POSTINGS] = b"".join(blobs)
    ends = itertools.accumulate(map(len, blobs), initial=0)
    parts[layout.KEYWORD_OFFSETS] = _offsets(list(ends), "the keywords of a segment in bytes")


def _add_ids(parts: dict[str, bytes | memoryview], ids: list[str]) -> None:
    parts[layout.IDS], ends, parts[layout.ID_HASHES], parts[layout.ID_DOCS] = encode_ids(ids)
    parts[layout.ID_ENDS] = _offsets(ends, "the ids of a segment in bytes")

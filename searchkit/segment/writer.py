"""Parts in, one sealed segment file out. Write-only: it never reads a segment.

A segment is assembled from three things: documents (`SegmentDocuments`), a term dictionary, and postings
already encoded in the dictionary's order. `seal` adds ids, keywords, columns and stored records, computes
the checksums, writes the file and syncs it. The caller makes the directory entry durable and enters the
receipt into the catalog; until then the file does not exist for any reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.model.document import id_hash
from searchkit.model.schema import Keyword, Schema, Text
from searchkit.segment import layout
from searchkit.segment.buffer import Buffer, SegmentDocuments
from searchkit.segment.layout import Baked, Head
from searchkit.segment.postings import PostingsEncoder, commonest_vectors, pack_vectors
from searchkit.segment.spool import Spool
from searchkit.segment.stored import encode_stored
from searchkit.segment.sums import encode_sums, sums_total
from searchkit.segment.terms import encode_terms
from searchkit.store.lmdb_store import spine, write_values

BAKED_K1, BAKED_B = 1.2, 0.75


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


def baked_parameters(lengths: npt.NDArray[np.uint32], schema: Schema) -> Baked:
    """The parameters a new segment's impacts are computed with: the defaults, and its own mean lengths."""
    means = lengths.mean(axis=0, dtype=np.float64) if len(lengths) else np.zeros(lengths.shape[1])
    return Baked(BAKED_K1, BAKED_B, schema.weights, tuple(means.tolist()))


def write_segment(path: Path, buffer: Buffer, schema: Schema) -> Receipt:
    """Invert a buffer of at least one document and write it as a new segment file, synced."""
    documents = buffer.documents()
    terms, inverted = buffer.invert()
    trie, numbers = encode_terms(terms)
    batch = inverted.batch(numbers)
    vectors, counts = np.unique(pack_vectors(batch.tfs), return_counts=True)
    baked = baked_parameters(documents.lengths, schema)
    encoder = PostingsEncoder(documents.lengths, commonest_vectors(vectors, counts), baked, path.parent)
    try:
        encoder.add(batch)
        return seal(path, documents, trie, len(terms), encoder, baked, schema)
    finally:
        encoder.close()


def seal(
    path: Path,
    documents: SegmentDocuments,
    trie: bytes,
    terms: int,
    encoder: PostingsEncoder,
    baked: Baked,
    schema: Schema,
) -> Receipt:
    """Write all parts of a segment to a new file and sync it."""
    parts: dict[str, bytes | memoryview] = {layout.TERMS: trie, **encoder.parts()}
    widths = _add_lengths(parts, documents.lengths)
    columns = tuple(name for name, field in schema.items() if not isinstance(field, (Text, Keyword)))
    for number, name in enumerate(columns):
        parts[layout.COLUMN.format(name)] = documents.columns[:, number].astype(layout.F8).tobytes()
    _add_keywords(parts, documents.keywords)
    _add_ids(parts, documents.ids)
    parts[layout.DIGESTS] = documents.digests.astype(layout.U8).tobytes()
    stored = _add_stored(parts, documents.stored, path.parent)
    head = Head(
        documents=len(documents.ids),
        terms=terms,
        postings=encoder.postings,
        occurrences=encoder.occurrences,
        text_fields=schema.text_fields,
        keyword_fields=tuple(name for name, field in schema.items() if isinstance(field, Keyword)),
        columns=columns,
        length_totals=tuple(documents.lengths.sum(axis=0, dtype=np.int64).tolist()),
        length_widths=widths,
        baked=baked,
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


def _add_stored(parts: dict[str, bytes | memoryview], records: Iterable[bytes], directory: Path) -> Spool:
    spool = Spool(directory)
    offsets = [0]
    for block in encode_stored(records):
        spool.append(block)
        offsets.append(spool.size)
    parts[layout.STORED] = spool.view()
    parts[layout.STORED_INDEX] = np.array(offsets, layout.U8).tobytes()
    return spool


def _add_keywords(
    parts: dict[str, bytes | memoryview], keywords: Mapping[tuple[str, str], npt.NDArray[np.uint32]]
) -> None:
    trie, numbers = encode_terms([layout.keyword_key(field, value) for field, value in keywords])
    blobs = [b""] * len(keywords)
    for number, docs in zip(numbers.tolist(), keywords.values(), strict=True):
        blobs[number] = bitmap.to_bytes(bitmap.from_array(docs))
    offsets = np.zeros(len(blobs) + 1, layout.U8)
    np.cumsum([len(blob) for blob in blobs], out=offsets[1:])
    parts[layout.KEYWORDS] = trie
    parts[layout.KEYWORD_POSTINGS] = b"".join(blobs)
    parts[layout.KEYWORD_OFFSETS] = offsets.tobytes()


def _add_ids(parts: dict[str, bytes | memoryview], ids: list[str]) -> None:
    encoded = [id.encode("utf-8") for id in ids]
    hashes = np.array([id_hash(id) for id in ids], layout.U8)
    order = np.argsort(hashes, kind="stable")
    parts[layout.IDS] = b"".join(encoded)
    parts[layout.ID_ENDS] = np.cumsum([len(id) for id in encoded], dtype=np.uint64).astype(layout.U8).tobytes()
    parts[layout.ID_HASHES] = hashes[order].tobytes()
    parts[layout.ID_DOCS] = order.astype(layout.U4).tobytes()

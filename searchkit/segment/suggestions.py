"""What a segment keeps for those who type, read and merged: words as written, pairs of them, titles.

Counts of a part of a collection are facts and can be added; what deleted documents held is found by reading those
documents again and taken away, about 100 microseconds a document of a hundred words, once for as long as the segment is
open. So nothing depends on how documents fell into segments, and deleting costs nothing until somebody asks for a
suggestion. What some documents hold is found likewise: by reading those, or the others, whichever are fewer. What this
module does not know: what suggestions are made of this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from searchkit.analysis.analyzer import Analyzer, analyzer
from searchkit.analysis.bulk import BulkAnalyzer
from searchkit.analysis.surfaces import surfaces
from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import SegmentDamaged
from searchkit.model.document import to_document
from searchkit.model.schema import Schema
from searchkit.segment import layout
from searchkit.segment.reader import SegmentReader
from searchkit.suggest import parts
from searchkit.suggest.harvest import TITLE_FIELD, Harvest, Holding, Vocal, Words, Yield, total
from searchkit.suggest.pairs import PairCounts

_DEAD = "suggest.dead"
_AT_ONCE = 512
"""Documents read at a time."""
_BULK_FROM = 2_000
"""Documents from which on reading them is worth what the bulk analyzer does besides."""


Decoded = TypeVar("Decoded")


def vocal_of(analyzer: Analyzer) -> Vocal:
    """How an analyzer makes words of text."""
    return Vocal(surfaces, analyzer.word, analyzer.fold_all, analyzer.stems)


def words_of(analyzer: Analyzer) -> Callable[[], Words]:
    """What makes an empty numbering of the words an analyzer finds."""
    return lambda: Words(vocal_of(analyzer))


def gleaner_for(schema: Schema, words: object = None) -> Harvest:
    """What gathers from the documents of a segment that is being built, perhaps with words numbered before."""
    numbered = words if isinstance(words, Words) else Words(vocal_of(analyzer(schema.language)))
    return Harvest(numbered, schema.text_fields)


class Held:
    """What all documents of a segment hold, deleted ones included; each part is read when it is first asked for.

    Asking raises `SegmentDamaged` if the part is not what was written.

    Parameters
    ----------
    reader : SegmentReader
    schema : Schema
    """

    def __init__(self, reader: SegmentReader, schema: Schema) -> None:
        self._reader = reader
        self._schema = schema

    @cached_property
    def words(self) -> dict[str, int]:
        """Words as they are shown, and how many documents hold each."""
        if not analyzer(self._schema.language).stems:
            return terms_as_words(self._reader)
        part = _part(self._reader, parts.WORDS)
        return self._sound(parts.decode_words, part) if part else {}

    @property
    def letters(self) -> tuple[bytes, npt.NDArray[np.int64]] | None:
        """Words as bytes, ascending, a line feed after each, and their counts; None where terms are the words."""
        if not analyzer(self._schema.language).stems:
            return None
        part = _part(self._reader, parts.WORDS)
        return self._sound(parts.unpack_words, part) if part else (b"", np.zeros(0, np.int64))

    @cached_property
    def pairs(self) -> PairCounts:
        """How often words stand side by side."""
        part = _part(self._reader, parts.PAIRS)
        return self._sound(parts.decode_pairs, part) if part else PairCounts.of(bitmap.to_array(BitMap()))

    @cached_property
    def titles(self) -> list[str]:
        """The title of each document; none at all if documents have no titles."""
        return titles(self._reader, self._schema)

    def _sound(self, decode: Callable[[memoryview], Decoded], part: memoryview) -> Decoded:
        try:
            return decode(part)
        except ValueError as error:
            raise SegmentDamaged(self._reader.path, f"a part for suggestions {error}") from error


def titles(reader: SegmentReader, schema: Schema) -> list[str]:
    """The title of each document of a segment, deleted ones included; none at all if documents have no titles.

    Raises
    ------
    SegmentDamaged
        If the part is not what was written.
    """
    part, documents = _part(reader, parts.TITLES), reader.head.documents
    if not part:
        return [""] * documents * (TITLE_FIELD in schema.text_fields)
    try:
        return parts.decode_titles(part, documents)
    except ValueError as error:
        raise SegmentDamaged(reader.path, f"a part for suggestions {error}") from error


def _part(reader: SegmentReader, name: str) -> memoryview | None:
    size = reader.part_sizes.get(name)
    return reader.bytes_of(name, 0, size) if size else None


def held_by(reader: SegmentReader, docs: BitMap, schema: Schema) -> tuple[list[Holding], list[Holding]]:
    """What some documents of a segment hold: yields to be added, and to be taken away. Their titles are of no use."""
    others = bitmap.full(reader.head.documents) - docs
    if len(docs) <= len(others):
        return [_gathered(reader, docs, schema)], []
    return [Held(reader, schema)], [_gathered(reader, others, schema)] if others else []


def terms_as_words(reader: SegmentReader) -> dict[str, int]:
    """Documents that hold each term, where terms are words."""
    first = reader.term_first.tolist()
    return {term: first[number + 1] - first[number] for term, number in reader.terms.items()}


def lost(reader: SegmentReader, dead: BitMap, schema: Schema) -> Yield | None:
    """What deleted documents of a segment hold; None if there are none. Remembered while the segment is open."""
    if not dead:
        return None
    known: tuple[BitMap, Yield] | None = reader.cache.get(_DEAD)
    if known is not None and known[0] == dead:
        return known[1]
    fresh = dead - known[0] if known is not None and known[0] <= dead else dead
    found = _gathered(reader, fresh, schema)
    if known is not None and fresh is not dead:
        found = Yield(total([known[1], found], []), PairCounts.sum([known[1].pairs, found.pairs], []), [])
    reader.cache[_DEAD] = (dead, found)
    return found


def _gathered(reader: SegmentReader, docs: BitMap, schema: Schema) -> Yield:
    """What some documents hold, by reading their records."""
    how, fields = analyzer(schema.language), len(schema.text_fields)
    bulk = BulkAnalyzer(how, words_of(how)) if len(docs) >= _BULK_FROM or not how.stems else None
    numbered = bulk.words if bulk is not None and isinstance(bulk.words, Words) else Words(vocal_of(how))
    harvest = gleaner_for(schema, numbered)
    held_in: list[npt.NDArray[np.uint32]] = [np.zeros(0, np.uint32)]
    for records in _batches(reader, docs):
        texts = [text for record in records for text in to_document(json.loads(record), schema).texts]
        if bulk is None:
            harvest.add_many(texts)
            continue
        terms, counts = bulk.numbers(texts)
        harvest.add_many(texts, bulk.spoken(texts))
        if not how.stems:
            documents = np.repeat(np.arange(len(texts)) // fields, counts)
            once = np.unique(documents.astype(np.uint64) << np.uint64(32) | terms.astype(np.uint64))
            held_in.append((once & np.uint64(0xFFFFFFFF)).astype(np.uint32))
    found = harvest.result()
    if bulk is None or how.stems:
        return found
    words = bulk.vocabulary.names()
    counts_of = np.bincount(np.concatenate(held_in), minlength=len(words)).tolist()
    return Yield(
        {word: count for word, count in zip(words, counts_of, strict=True) if count}, found.pairs, found.titles
    )


def _batches(reader: SegmentReader, docs: BitMap) -> Iterator[list[bytes]]:
    """Records of some documents, block by block, some hundred at a time."""
    batch: list[bytes] = []
    number, block = -1, list[bytes]()
    for doc in bitmap.to_array(docs).tolist():
        if doc // layout.STORED_BLOCK_DOCUMENTS != number:
            number = doc // layout.STORED_BLOCK_DOCUMENTS
            block = reader.stored_block(number)
        batch.append(block[doc % layout.STORED_BLOCK_DOCUMENTS])
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def merged_suggestions(sources: list[tuple[SegmentReader, BitMap]], schema: Schema) -> dict[str, bytes]:
    """The parts of a segment that holds the live documents of some others, in order."""
    yields = [Held(reader, schema) for reader, _ in sources]
    gone = [found for reader, dead in sources if (found := lost(reader, dead, schema)) is not None]
    titles = [
        title
        for (_, dead), found in zip(sources, yields, strict=True)
        for doc, title in enumerate(found.titles)
        if not dead or doc not in dead
    ]
    stems = analyzer(schema.language).stems
    words = total(yields, gone) if stems else {}
    counts = np.fromiter(words.values(), np.int64, len(words))
    pairs = PairCounts.sum([found.pairs for found in yields], [found.pairs for found in gone])
    letters = "".join([f"{word}\n" for word in words]).encode("utf-8")
    return parts.encode(pairs, titles, letters, counts)

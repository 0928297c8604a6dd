"""What a segment keeps for those who type, read and merged: words as written, pairs of them, titles.

Counts of a part of a collection are facts and can be added; what deleted documents held is found by reading those
documents again and taken away, about 150 microseconds a document, once for as long as the segment is open. So nothing
depends on how documents fell into segments, and deleting costs nothing until somebody asks for a suggestion. What this
module does not know: what suggestions are made of this.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from searchkit.analysis.analyzer import Analyzer, analyzer
from searchkit.analysis.surfaces import surfaces
from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import SegmentDamaged
from searchkit.model.document import to_document
from searchkit.model.schema import Schema
from searchkit.segment import layout
from searchkit.segment.reader import SegmentReader
from searchkit.suggest import parts
from searchkit.suggest.harvest import TITLE_FIELD, Harvest, Vocal, Words, Yield, total
from searchkit.suggest.pairs import PairCounts

_DEAD = "suggest.dead"


def vocal_of(analyzer: Analyzer) -> Vocal:
    """How an analyzer makes words of text."""
    return Vocal(surfaces, analyzer.word, analyzer.fold, analyzer.stems)


def words_of(analyzer: Analyzer) -> Callable[[], Words]:
    """What makes an empty numbering of the words an analyzer finds."""
    return lambda: Words(vocal_of(analyzer))


def gleaner_for(schema: Schema, words: object = None) -> Harvest:
    """What gathers from the documents of a segment that is being built, perhaps with words numbered before."""
    numbered = words if isinstance(words, Words) else Words(vocal_of(analyzer(schema.language)))
    return Harvest(numbered, schema.text_fields)


def held(reader: SegmentReader, schema: Schema) -> Yield:
    """What all documents of a segment hold, deleted ones included.

    Raises
    ------
    SegmentDamaged
        If a part is not what was written.
    """
    sizes = reader.part_sizes
    documents = reader.head.documents
    empty = PairCounts.of(bitmap.to_array(BitMap()))

    def part(name: str) -> memoryview | None:
        return reader.bytes_of(name, 0, sizes[name]) if sizes.get(name) else None

    try:
        words, pairs, titles = part(parts.WORDS), part(parts.PAIRS), part(parts.TITLES)
        return Yield(
            terms_as_words(reader)
            if not analyzer(schema.language).stems
            else parts.decode_words(words)
            if words
            else {},
            parts.decode_pairs(pairs) if pairs else empty,
            parts.decode_titles(titles, documents)
            if titles
            else [""] * documents * (TITLE_FIELD in schema.text_fields),
        )
    except ValueError as error:
        raise SegmentDamaged(reader.path, f"a part for suggestions {error}") from error


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
    stems = analyzer(schema.language).stems
    harvest = gleaner_for(schema)
    words: dict[str, int] = {}
    block_number, block = -1, []
    for doc in bitmap.to_array(docs).tolist():
        if doc // layout.STORED_BLOCK_DOCUMENTS != block_number:
            block_number = doc // layout.STORED_BLOCK_DOCUMENTS
            block = reader.stored_block(block_number)
        texts = to_document(json.loads(block[doc % layout.STORED_BLOCK_DOCUMENTS]), schema).texts
        harvest.add_many(texts)
        if not stems:
            terms = {term for text in texts for term in analyzer(schema.language).terms(text)}
            for term in terms:
                words[term] = words.get(term, 0) + 1
    found = harvest.result()
    return found if stems else Yield(words, found.pairs, found.titles)


def merged_suggestions(sources: list[tuple[SegmentReader, BitMap]], schema: Schema) -> dict[str, bytes]:
    """The parts of a segment that holds the live documents of some others, in order."""
    yields = [held(reader, schema) for reader, _ in sources]
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

"""tantivy through tantivy-py: one segment, positions, a query object made beforehand, no count beside the ranking.

Its lengths are one byte each (Lucene's SmallFloat), exact below 40 and rounded down by at most one eighth above. A
shorter document scores more, so at each rank its score lies between ours and ours / 0.875, times k1 + 1. Prefixes
are not ranked by it (every match scores 1): it is asked by an automaton made beforehand, the quickest of its ways that
finds all documents (`phrase_prefix_query` stops at 50 words).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.corpus import read_raw, read_tokens
from benchmarks.peers.base import FACTOR, Answer, Facts, Peer, package_missing, within
from benchmarks.questions import Question

_HEAP_BYTES = 1_000_000_000


class Tantivy(Peer):
    """`Searcher.search(query, k, count=False)`; counting is `doc_freq` for one word, else `search` of a constant score."""

    name: ClassVar[str] = "tantivy"
    setup: ClassVar[str] = (
        "one writer thread, 1 GB of heap, one segment, id and texts stored, raw text by its en_stem; lengths of one byte: "
        "scores up to 1/7 above ours"
    )

    @classmethod
    def missing(cls) -> str | None:
        return package_missing("tantivy", "tantivy")

    @classmethod
    def version(cls) -> str:
        from importlib.metadata import version

        return version("tantivy")

    @staticmethod
    def _register(index: Any) -> None:
        import tantivy

        index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())

    @classmethod
    def _write(cls, directory: Path, tokenizer: str, documents: Iterator[dict[str, str]]) -> None:
        """Index documents by a key and by texts with positions, all stored, as searchkit keeps them.

        One thread and a heap that holds everything is what its documentation advises for a single segment; of the four ways
        to hand over a document this one is as quick as any.
        """
        import tantivy

        fields, first = tantivy.SchemaBuilder(), next(documents)
        for name in first:
            if name == "id":
                fields.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
            else:
                fields.add_text_field(name, stored=True, tokenizer_name=tokenizer, index_option="position")
        index = tantivy.Index(fields.build(), path=str(directory))
        cls._register(index)
        writer = index.writer(_HEAP_BYTES, 1)
        for values in itertools.chain([first], documents):
            document = tantivy.Document()
            for name, text in values.items():
                document.add_text(name, text)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    @classmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        cls._write(directory, "spaces", read_tokens(corpus))

    @classmethod
    def build_raw(cls, corpus: Path, directory: Path) -> None:
        cls._write(directory, "en_stem", read_raw(corpus))

    @classmethod
    def size(cls, directory: Path) -> int:
        files = (path for path in directory.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files if path.suffix != ".store")

    def __init__(self, directory: Path) -> None:
        import tantivy

        index = tantivy.Index.open(str(directory))
        self._register(index)
        self._schema, self._searcher = index.schema, index.searcher()
        self.segments = self._searcher.num_segments

    def _query(self, question: Question) -> Any:
        import tantivy

        if question.kind == "prefix":
            return tantivy.Query.regex_query(self._schema, "text", question.terms[0] + ".*")
        if question.kind == "phrase":
            return tantivy.Query.phrase_query(self._schema, "text", list(question.terms))
        words = [tantivy.Query.term_query(self._schema, "text", term, "freq") for term in question.terms]
        if len(words) == 1:
            return words[0]
        occur = tantivy.Occur.Must if question.kind == "and" else tantivy.Occur.Should
        return tantivy.Query.boolean_query([(occur, word) for word in words])

    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        import tantivy

        query, search = self._query(question), self._searcher.search
        if k:
            return lambda: search(query, k, False)
        if question.kind == "term":
            count, term = self._searcher.doc_freq, question.terms[0]
            return lambda: count("text", term)
        counted = tantivy.Query.const_score_query(query, 1.0)
        return lambda: search(counted, 1, True)

    def read(self, found: Any, k: int) -> Answer:
        if k:
            return Answer(None, [score for score, _ in found.hits])
        return Answer(found if isinstance(found, int) else found.count, [])

    def expected(self, question: Question, ours: list[float], facts: Facts) -> list[tuple[float, float]] | None:
        if question.kind == "prefix":
            return None
        return within(ours, FACTOR * (1 - 1e-5), FACTOR / 0.875 * (1 + 1e-5))

"""Whoosh, the engine in plain Python that many programs still embed, as whoosh-reloaded keeps it alive.

Its idf is ln(N / (n + 1)) + 1 and its lengths take one byte, in steps of 3.3 % and at least one token: scores of single
words are compared, within a tenth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.peers.base import FACTOR, K1, Answer, B, Facts, Peer, package_missing, within
from benchmarks.questions import Question


class Whoosh(Peer):
    """`Searcher.search(query, limit=k)` with BM25F; counting walks the matching documents."""

    name: ClassVar[str] = "whoosh"
    documents_max: ClassVar[int | None] = 50_000
    setup: ClassVar[str] = "one process, one segment; its own idf: scores of single words compared, within a tenth"

    @classmethod
    def missing(cls) -> str | None:
        return package_missing("whoosh", "whoosh-reloaded")

    @classmethod
    def version(cls) -> str:
        from importlib.metadata import version

        return version("whoosh-reloaded")

    @classmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        from whoosh import analysis, fields, index

        text = fields.TEXT(analyzer=analysis.SpaceSeparatedTokenizer(), phrase=True)
        writer = index.create_in(str(directory), fields.Schema(text=text)).writer(limitmb=512, procs=1)
        with corpus.open(encoding="ascii") as lines:
            for line in lines:
                writer.add_document(text=line)
        writer.commit(optimize=True)

    def __init__(self, directory: Path) -> None:
        from whoosh import index, scoring

        self._index = index.open_dir(str(directory))
        self._searcher = self._index.searcher(weighting=scoring.BM25F(B=B, K1=K1))

    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        from whoosh import query

        searcher, asked = self._searcher, self._query(query, question)
        if k:
            return lambda: searcher.search(asked, limit=k)
        return lambda: sum(1 for _ in asked.docs(searcher))

    @staticmethod
    def _query(query: Any, question: Question) -> Any:
        if question.kind == "prefix":
            return query.Prefix("text", question.terms[0])
        if question.kind == "phrase":
            return query.Phrase("text", list(question.terms))
        words = [query.Term("text", term) for term in question.terms]
        if len(words) == 1:
            return words[0]
        return (query.And if question.kind == "and" else query.Or)(words)

    def read(self, found: Any, k: int) -> Answer:
        return Answer(None, [score for score, _ in found.top_n]) if k else Answer(found, [])

    def expected(self, question: Question, ours: list[float], facts: Facts) -> list[tuple[float, float]] | None:
        if question.kind != "term":
            return None
        (term,) = question.terms
        idf = math.log(facts.documents / (facts.frequencies[term] + 1)) + 1
        factor = FACTOR * idf / facts.lucene_idf(term)
        return within(ours, factor * 0.9, factor * 1.1)

    def close(self) -> None:
        self._searcher.close()
        self._index.close()

"""bm25s with its numba backend: scores computed when indexing, unions only, no positions. The same formula as ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.peers.base import K1, Answer, B, Facts, Peer, package_missing, within
from benchmarks.questions import Question


class Bm25s(Peer):
    """`BM25.retrieve([terms], k, n_threads=1)`, method lucene, the whole matrix in memory."""

    name: ClassVar[str] = "bm25s"
    kinds: ClassVar[frozenset[str]] = frozenset({"term", "or"})
    counts: ClassVar[bool] = False
    setup: ClassVar[str] = "numba backend, method lucene, one thread, in memory; scores equal ours to 1 in 1,000"

    @classmethod
    def missing(cls) -> str | None:
        return package_missing("bm25s", "bm25s")

    @classmethod
    def version(cls) -> str:
        from importlib.metadata import version

        return version("bm25s")

    @classmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        import bm25s
        from bm25s.tokenization import Tokenized

        numbers: dict[str, int] = {}
        with corpus.open(encoding="ascii") as lines:
            ids = [[numbers.setdefault(word, len(numbers)) for word in line.split()] for line in lines]
        ranker = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numba")
        ranker.index(Tokenized(ids=ids, vocab=numbers), show_progress=False)
        ranker.save(str(directory))

    def __init__(self, directory: Path) -> None:
        import bm25s

        self._ranker = bm25s.BM25.load(str(directory), load_corpus=False, mmap=False)
        self._ranker.backend = "numba"
        self._ranker.activate_numba_scorer()
        self._documents = self._ranker.scores["num_docs"]

    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        words, retrieve = [[term for term in question.terms if term in self._ranker.vocab_dict]], self._ranker.retrieve
        k = min(k, self._documents)
        return lambda: retrieve(words, k=k, show_progress=False, n_threads=1)

    def read(self, found: Any, k: int) -> Answer:
        return Answer(None, [score for score in found.scores[0].tolist() if score > 0])

    def expected(self, question: Question, ours: list[float], facts: Facts) -> list[tuple[float, float]] | None:
        return within(ours, 1 - 1e-3, 1 + 1e-3)

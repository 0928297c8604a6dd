"""What the harness wants of an engine: build, size, ask, and say how its scores relate to ours.

A peer is optional: `missing` says why it cannot take part. What a question costs to prepare (a query object, a MATCH
expression) is not timed at the peers; searchkit is given the string a person types and reads it each time. So a ratio
errs in favour of the peer. No peer's answer is unpacked within the time measured, ours neither.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.questions import Question

K1, B = 1.2, 0.75
FACTOR = K1 + 1
"""What many engines multiply a BM25 score with; it cannot change an order, and searchkit leaves it out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine found.

    Attributes
    ----------
    total : int or None
        Documents that match; None if the engine did not say.
    scores : list of float
        Of the best hits, descending, as the engine gives them.
    """

    total: int | None
    scores: list[float]


class Peer(ABC):
    """An engine of the comparison. Its object is an open index."""

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]] = frozenset({"term", "or", "and", "phrase", "prefix"})
    """Kinds of questions it can answer."""
    counts: ClassVar[bool] = True
    """Whether it can count without ranking."""
    variants: ClassVar[tuple[str, ...]] = ("",)
    """Algorithms to choose from; all are measured, and the table shows the best for each class."""
    documents_max: ClassVar[int | None] = None
    """Above so many documents it takes part only if it is named."""
    setup: ClassVar[str] = ""
    """How it was set up, and what its scores are compared with: a sentence for the report."""

    @classmethod
    @abstractmethod
    def missing(cls) -> str | None:
        """Why it cannot take part here, or None."""

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """Of the package."""

    @classmethod
    @abstractmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        """Index a file of analysed texts into an empty directory; everything that must happen before a search."""

    @classmethod
    def build_raw(cls, corpus: Path, directory: Path) -> None:
        """The same from a file of raw passages (`corpus.write_raw`), with the engine's own English analysis."""
        raise NotImplementedError(f"{cls.name} takes no part in indexing raw text")

    @classmethod
    def size(cls, directory: Path) -> int:
        """Bytes of the index, stored texts left out."""
        return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())

    @abstractmethod
    def __init__(self, directory: Path) -> None:
        """Open an index."""

    def asks(self, question: Question, variant: str) -> bool:
        """Whether a question is put to it with this algorithm."""
        return question.kind in self.kinds

    @abstractmethod
    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        """A function that asks for the k best, or with k = 0 for the number of matching documents."""

    @abstractmethod
    def read(self, found: Any, k: int) -> Answer:
        """Unpack what a prepared function returned."""

    def expected(self, question: Question, ours: list[float], facts: Facts) -> list[tuple[float, float]] | None:
        """The least and the largest score this engine may give at each rank, from ours; None if incomparable."""
        return None

    def close(self) -> None:
        """Let go of the index. Most have nothing to let go of."""
        return


@dataclass(frozen=True, slots=True)
class Facts:
    """What idf formulas need to know of the corpus."""

    documents: int
    frequencies: dict[str, int]

    def lucene_idf(self, term: str) -> float:
        """ln(1 + (N - n + 0.5) / (n + 0.5)), as searchkit has it."""
        n = self.frequencies[term]
        return math.log(1 + (self.documents - n + 0.5) / (n + 0.5))

    def probabilistic_idf(self, term: str) -> float:
        """ln((N - n + 0.5) / (n + 0.5)), at least 1e-6: Robertson's, as FTS5 and PISA have it."""
        n = self.frequencies[term]
        return max(1e-6, math.log((self.documents - n + 0.5) / (n + 0.5)))


def within(scores: list[float], low: float, high: float) -> list[tuple[float, float]]:
    """Each score times `low` and times `high`."""
    return [(score * low, score * high) for score in scores]


def package_missing(module: str, package: str) -> str | None:
    """Why a package cannot be used, without importing it."""
    import importlib.util

    return None if importlib.util.find_spec(module) else f"the package {package} is not installed"

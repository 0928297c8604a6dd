"""PISA, the C++ engine of the literature, through the compiled module that pyterrier-pisa ships.

Only that module is used: importing the package would ask for PyTerrier and with it for Java. It needs oneTBB's old
library, which the package tbb 2020.3 brings. PISA's idf is Robertson's with a floor of 1e-6, so words that more than half
of all documents hold count next to nothing: unions with stop words are easier for PISA than for those who rank by them.
Scores of single words are compared: ours with the other idf, times k1 + 1. Neither phrases, prefixes nor counts.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.peers.base import FACTOR, K1, Answer, B, Facts, Peer, within
from benchmarks.questions import Question

_ENCODING = "block_simdbp"
_BATCH = 100_000
_READ_BY_SEARCHES = ("." + _ENCODING, "fwd.termlex", "fwd.doclex", "bm25")


@cache
def _module() -> Any:
    """The compiled module; ImportError says what is missing."""
    found = importlib.util.find_spec("pyterrier_pisa")
    places = found.submodule_search_locations if found else None
    if not places:
        raise ImportError("the package pyterrier-pisa is not installed")
    compiled = sorted(Path(places[0]).glob("_pisathon*.so"))
    if not compiled:
        raise ImportError("pyterrier-pisa has no compiled module for this Python")
    with contextlib.suppress(OSError):  # Where the system has the library, the loader finds it without us.
        ctypes.CDLL(str(Path(sys.prefix) / "lib" / "libtbb.so.2"), mode=ctypes.RTLD_GLOBAL)
    loader = importlib.machinery.ExtensionFileLoader("_pisathon", str(compiled[0]))
    spec = importlib.util.spec_from_file_location("_pisathon", compiled[0], loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@contextlib.contextmanager
def _quiet() -> Any:
    """PISA reports its progress on the process's stdout and stderr."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in (*kept, nowhere):
            os.close(descriptor)


class Pisa(Peer):
    """`retrieve` on one query of ready tokens, one thread, block_simdbp; the best of three algorithms for unions."""

    name: ClassVar[str] = "pisa"
    kinds: ClassVar[frozenset[str]] = frozenset({"term", "or", "and"})
    counts: ClassVar[bool] = False
    variants: ClassVar[tuple[str, ...]] = ("maxscore", "block_max_wand", "block_max_maxscore")
    setup: ClassVar[str] = (
        "compiled module of pyterrier-pisa, block_simdbp, best algorithm of three; Robertson's idf (stop words count "
        "next to nothing): scores of single words compared"
    )

    @classmethod
    def missing(cls) -> str | None:
        try:
            _module()
        except ImportError as error:
            return str(error)
        return None

    @classmethod
    def version(cls) -> str:
        from importlib.metadata import version

        return version("pyterrier-pisa")

    @classmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        numbered = directory / "numbered.txt"
        with corpus.open(encoding="ascii") as lines, numbered.open("w", encoding="ascii") as out:
            out.writelines(f"{number} {line}" for number, line in enumerate(lines))
        with _quiet():
            _module().index(str(numbered), str(directory), "", _BATCH, 1)
            cls._context(directory)
        numbered.unlink()

    @staticmethod
    def _context(directory: Path) -> Any:
        context = _module().RetrievalContext()
        _module().prepare_index(context, str(directory), _ENCODING, "bm25", "", bm25_k1=K1, bm25_b=B)
        return context

    @classmethod
    def size(cls, directory: Path) -> int:
        """What a search reads: the compressed lists, their block maxima, and the two dictionaries."""
        files = [path for path in directory.iterdir() if path.is_file()]
        return sum(path.stat().st_size for path in files if any(part in path.name for part in _READ_BY_SEARCHES))

    def __init__(self, directory: Path) -> None:
        with _quiet():
            self._open = self._context(directory)

    def asks(self, question: Question, variant: str) -> bool:
        return question.kind in self.kinds and (question.kind != "and" or variant == self.variants[0])

    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        import numpy as np

        retrieve, context = _module().retrieve, self._open
        algorithm = "ranked_and" if question.kind == "and" else variant
        asked = [(0, dict.fromkeys(question.terms, 1.0))]
        numbers, ranks, scores = np.empty(k, np.int32), np.empty(k, np.int32), np.empty(k, np.float32)

        def ask() -> Any:
            names = np.empty(k, object)
            return retrieve(context, algorithm, asked, k, 1, 1, 0, numbers, names, ranks, scores), scores

        return ask

    def read(self, found: Any, k: int) -> Answer:
        held, scores = found
        return Answer(None, scores[:held].tolist())

    def expected(self, question: Question, ours: list[float], facts: Facts) -> list[tuple[float, float]] | None:
        if question.kind != "term":
            return None
        (term,) = question.terms
        factor = FACTOR * facts.probabilistic_idf(term) / facts.lucene_idf(term)
        return within(ours, factor * (1 - 1e-4), factor * (1 + 1e-4))

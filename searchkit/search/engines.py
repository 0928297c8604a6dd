"""Who computes a ranking: NumPy at once, or the compiled kernels once a process has shown that it will stay.

Loading numba and the kernels costs some 0.4 seconds (the first time on a machine, two minutes of compiling),
which a one-shot query must not pay and a long-lived process hardly notices. So "auto" answers the first queries of a
process with the plain ranker, then loads the kernels in a thread beside it, and changes over when they are ready. Both
give identical answers. Completions and corrections do the same with kernels of their own.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from searchkit.analysis.analyzer import Analyzer
from searchkit.errors import RequestError
from searchkit.index.snapshot import IndexSnapshot
from searchkit.locks import Lock
from searchkit.query.plan import Bool, Node, PhraseLeaf, Plan, PrefixLeaf, TermLeaf
from searchkit.rank.bm25 import Parameters
from searchkit.search.execute import Ranking, rank_plain
from searchkit.search.resolve import ResolvedPlan, resolve

if TYPE_CHECKING:
    from searchkit.search.known_words import KnownWords

Engine: TypeAlias = Literal["auto", "numpy", "numba"]
Ranker: TypeAlias = Callable[[IndexSnapshot, ResolvedPlan, Parameters, int], Ranking]

QUERIES_BEFORE_KERNELS = 32
"""Queries a process answers with NumPy before it loads the kernels: about their loading time's worth."""


class _Auto:
    """Counts queries, and loads the kernels in a thread when there were enough."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked = 0
        self._ranker: Ranker = rank_plain
        self.loaded = self.held_back = False
        self._words_asked = 0

    def ranker(self, snapshot: IndexSnapshot, parameters: Parameters) -> Ranker:
        with self._lock:
            self._asked += 1
            if self._asked == QUERIES_BEFORE_KERNELS:
                self._beside(lambda: self._load(snapshot, parameters))
            return self._ranker

    def for_words(self) -> Literal["numpy", "numba"]:
        """Who completes and corrects until the kernels are there, which are loaded when enough was asked."""
        with self._lock:
            self._words_asked += 1
            if self._words_asked == QUERIES_BEFORE_KERNELS and not self.held_back:
                self._beside(load_word_kernels)
        return "numpy"

    def _load(self, snapshot: IndexSnapshot, parameters: Parameters) -> None:
        ranker = load_kernels()
        _ask_each_kind(ranker, snapshot, parameters)
        with self._lock:
            self._ranker = ranker
            self.loaded = True

    def _beside(self, load: Callable[[], None]) -> None:
        """Load something in a thread. Words are left to NumPy meanwhile, and for good if it fails."""
        self.held_back = True
        threading.Thread(target=self._try, args=(load,), name="searchkit-kernels", daemon=True).start()

    def _try(self, load: Callable[[], None]) -> None:
        try:
            load()
        except Exception:  # The plain ways give the same answers; a search must not fail for this.
            import logging

            logging.getLogger("searchkit").warning(
                "the compiled kernels could not be loaded; going on with NumPy", exc_info=True
            )
            return
        self.held_back = False


_auto = _Auto()


def engine_for_words(engine: Engine) -> Literal["numpy", "numba"]:
    """Who completes or corrects, by the engine asked for: the kernels, once something has loaded numba."""
    if engine != "auto":
        return engine
    return "numba" if "numba" in sys.modules and not _auto.held_back else _auto.for_words()


def _ask_each_kind(ranker: Ranker, snapshot: IndexSnapshot, parameters: Parameters) -> None:
    """Have each kernel loaded, or compiled, by a query of its kind: a search must not have to wait for it."""
    fields = snapshot.schema.all_text_mask
    dictionaries = [view.reader.terms for view in snapshot.views[:1]]
    terms = [known.term(number) for known in dictionaries for number in range(min(2, len(known)))]
    one, two = (TermLeaf(name, fields) for name in (*terms, "a", "b")[:2])
    phrase, prefix = PhraseLeaf((one.term, two.term), fields), PrefixLeaf(one.term, (), fields)
    roots: tuple[Node, ...] = (one, Bool(should=(one, two)), Bool(must=(one, two)), phrase, prefix)
    for root in (*roots, Bool(should=(one, phrase, prefix)), Bool(must=(one,), must_not=(phrase,))):
        inside = (*root.must, *root.should) if isinstance(root, Bool) else (root,)
        scored = tuple((leaf, 1) for leaf in inside if isinstance(leaf, (TermLeaf, PhraseLeaf, PrefixLeaf)))
        found = ranker(snapshot, resolve(Plan(root, scored), snapshot), parameters, 10)
        found.total  # noqa: B018 - counting has kernels of its own


def load_word_kernels() -> None:
    """Have the kernels loaded by which words are completed and corrected."""
    from searchkit.suggest.complete import Completer, Titles
    from searchkit.suggest.corrector import Corrector
    from searchkit.suggest.pairs import PairCounts, Pairs

    corrector = Corrector.of({"searching": 2, "kernel": 3})
    corrector.word("serching", engine="numba")
    pairs, titles = Pairs(PairCounts.of(np.zeros(1, np.uint32)), bits_from=1), Titles(["searching"], ["searching"])
    completer = Completer(corrector.lexicon, {}, pairs, titles)
    for before, beginning, key in (("", "serc", "serc"), ("", "searchi", "searchi"), ("one", "kern", "one kern")):
        completer.complete("", before, beginning, key, 8, engine="numba")


def known_words(held: IndexSnapshot, analyzer: Analyzer, engine: Engine) -> KnownWords | None:
    """The quick way for plain words, where the kernels are to be used; None where they are not, or not yet."""
    if engine != "numba" and not (engine == "auto" and _auto.loaded):
        return None
    made: KnownWords = importlib.import_module("searchkit.search.known_words").KnownWords(held, analyzer)
    return made


def load_kernels() -> Ranker:
    """Import the kernels: numba and their compiled code, or a compilation if there is none yet."""
    ranker: Ranker = importlib.import_module("searchkit.search.fast").rank_fast
    return ranker


def rank(
    snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, limit: int, engine: Engine
) -> Ranking:
    """Answer a plan with the engine asked for."""
    if engine == "auto":
        return _auto.ranker(snapshot, parameters)(snapshot, resolved, parameters, limit)
    if engine == "numpy":
        return rank_plain(snapshot, resolved, parameters, limit)
    if engine == "numba":
        return load_kernels()(snapshot, resolved, parameters, limit)
    raise RequestError(f"an engine is 'auto', 'numpy' or 'numba', not {engine!r}")

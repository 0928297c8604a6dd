"""Queries of words that were met before, from the string typed to results in a few microseconds; phrases and prefixes too.

Most queries are plain words, and most words were asked for before. For these the number by which the kernels know
the word is remembered under the word as it was typed, so that neither parser nor analyzer is asked again.
`query/plain.py` says what is plain; whatever is not, or repeats a word, is left to the long way, which gives the same
answers. Cost: some two microseconds and 100 nanoseconds a word, besides the kernel; hence the care for every call
here. What this module does not know: parsing, ranking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from time import perf_counter
from typing import Final

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.index.snapshot import IndexSnapshot
from searchkit.model.results import Results
from searchkit.query.plain import plain_terms
from searchkit.query.plan import PrefixLeaf
from searchkit.query.planning import plan_query
from searchkit.rank.bm25 import DEFAULT_B, DEFAULT_K1
from searchkit.rank.kernels.answer import REQUIRED_LEAF, ROW_MASK, TIMES_SHIFT, answer
from searchkit.rank.kernels.arrays import LEAVES_MAX, PHRASE_WORDS_MAX
from searchkit.rank.kernels.heap import PLACES_MAX
from searchkit.search.answer import Answer
from searchkit.search.execute import KeyRanking, Ranking, pairs_of, parameters_of
from searchkit.search.fast import WORDS_ONLY, Question
from searchkit.search.groups import Group, group_of, phrase_of
from searchkit.search.request import Mode
from searchkit.search.tables import Tables, damaged, scratch_for, tables_of

_WORDS_REMEMBERED_MAX: Final = 200_000
"""Words as typed; some 30 MB, then all are forgotten."""
_PREFIXES_REMEMBERED_MAX: Final = 1_000
_GROUP_ENDS: Final = ('"', "*")
_PREFIX: Final = re.compile("[A-Za-z0-9]{1,64}[*]")


class _WordsAnswer(Answer):
    """The answer to a query of words, as the kernel left it."""

    __slots__ = ("_best", "_codes", "_keys", "_tables")

    def __init__(
        self,
        words: KnownWords,
        query: str,
        mode: Mode,
        tables: Tables,
        codes: list[int],
        keys: npt.NDArray[np.uint64],
        best: int,
    ) -> None:
        self._held = words.held
        self._analyzer = words.analyzer
        self._query = query
        self._mode = mode
        self._tables = tables
        self._codes = codes
        self._keys = keys
        self._best = best
        self._ranking_made = None
        self._resolved = None
        self._highlighter = None

    def _make_ranking(self) -> Ranking:
        return KeyRanking(self._keys, self._best, Question(self._tables, self._codes).matches)

    def _pairs(self) -> Iterable[tuple[int, float]]:
        return pairs_of(self._keys, self._best)


class KnownWords:
    """Answers the plain queries of one snapshot, under its schema's own parameters."""

    def __init__(self, held: IndexSnapshot, analyzer: Analyzer) -> None:
        self.held = held
        self.analyzer = analyzer
        self._parameters = parameters_of(held, held.schema.weights, DEFAULT_K1, DEFAULT_B)
        self._generation = held.generation
        self._all_fields = held.schema.all_text_mask
        self._forget()

    def _forget(self) -> None:
        # Replaced together, since codes are rows of just these tables.
        self._known: tuple[Tables, dict[Mode, dict[str, int]]] = (
            tables_of(self.held, self._parameters),
            {"any": {}, "all": {}},
        )

    def search(self, query: str, limit: int, mode: Mode) -> Results | None:
        """Results of a plain query that repeats no word; None if this is not the way to answer what was asked."""
        started = perf_counter()
        tables, by_mode = self._known
        if query.__class__ is not str or limit.__class__ is not int or mode not in by_mode:
            return None
        known = by_mode[mode]
        scratch = scratch_for(tables.windows)
        code = known.get(query)
        if code is not None:
            codes = [code]
            scratch.leaves[0] = code
        elif query[-1:] in _GROUP_ENDS:
            return self._search_group(query, limit, mode, started)
        else:
            found = self._codes(query, mode, tables, known)
            if found is None:
                return None
            codes = found
            scratch.leaves[: len(codes)] = codes
        if not 0 <= limit <= limits.HITS_MAX:
            return None
        keys, best = np.empty(limit, np.uint64), 0
        if limit:
            best, _ = answer(tables.context, scratch.leaves, len(codes), WORDS_ONLY, scratch.context, keys)
        if best < 0:
            raise damaged(tables, best)
        made = _WordsAnswer(self, query, mode, tables, codes, keys, best)
        return Results(query, made, (perf_counter() - started) * 1e3, self._generation)

    def _search_group(self, query: str, limit: int, mode: Mode, started: float) -> Results | None:
        """Results of a query that is one phrase of plain words, or one prefix."""
        group = self._phrase(query) if query[0] == '"' else self._prefix(query, mode)
        if group is None or not 0 <= limit <= limits.HITS_MAX:
            return None
        keys, best = np.empty(limit, np.uint64), 0
        if limit:
            best, _ = group.rank(keys, 1)
        made = Answer(self.held, self.analyzer, query, mode, KeyRanking(keys, best, group.matches))
        return Results(query, made, (perf_counter() - started) * 1e3, self._generation)

    def _phrase(self, query: str) -> Group | None:
        """The phrase a query consists of; None if it does not, or not of plain words."""
        tables, by_mode = self._known
        known, inside = by_mode["any"], query[1:-1]
        if inside[:1] == "+":
            return None
        try:
            codes = list(map(known.__getitem__, inside.split(" ")))
        except KeyError:
            if not self._learn(inside, "any", tables, known):
                return None
            codes = list(map(known.__getitem__, inside.split()))
        if not 1 < len(codes) <= PHRASE_WORDS_MAX or max(codes) >= REQUIRED_LEAF:
            return None
        return phrase_of(tables, [code & ROW_MASK for code in codes], 0, self._all_fields)

    def _prefix(self, query: str, mode: Mode) -> Group | None:
        """The prefix a query consists of; None if it does not."""
        tables, _ = self._known
        group: Group | None = tables.prefixes.get(query)
        if group is None and _PREFIX.fullmatch(query) and self.held.places < PLACES_MAX:
            plan = plan_query(query, self.held.schema, self.analyzer, mode)
            if isinstance(plan.root, PrefixLeaf) and not plan.warnings:
                group = group_of(tables, plan.root)
            if group is not None:
                if len(tables.prefixes) > _PREFIXES_REMEMBERED_MAX:
                    tables.prefixes.clear()
                tables.prefixes[query] = group
        return group

    def _codes(self, query: str, mode: Mode, tables: Tables, known: dict[str, int]) -> list[int] | None:
        """The codes of a query's words, in order; None if it is not plain, or repeats a word."""
        try:
            codes = list(map(known.__getitem__, query.split(" ")))
        except KeyError:
            if not self._learn(query, mode, tables, known):
                return None
            codes = list(map(known.__getitem__, query.split()))
        if len(codes) > 1 and (
            len(set(codes)) < len(codes)
            or len(codes) > LEAVES_MAX
            or (min(codes) < REQUIRED_LEAF <= max(codes))  # Signs before some words only.
        ):
            return None
        return codes

    def _learn(self, query: str, mode: Mode, tables: Tables, known: dict[str, int]) -> bool:
        """Remember the words of a plain query; whether it is one."""
        terms = plain_terms(query, self.analyzer)
        if terms is None or self.held.places >= PLACES_MAX:
            return False
        if tables.full or len(known) > _WORDS_REMEMBERED_MAX:
            self._forget()
            return False
        for word, term in zip(query.split(), terms, strict=True):
            required = mode == "all" or word.startswith("+")
            known[word] = tables.row(term) | 1 << TIMES_SHIFT | (REQUIRED_LEAF if required else 0)
        return True

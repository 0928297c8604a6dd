"""Queries of words that were met before, from the string typed to results in a few microseconds; phrases and prefixes too.

Most queries are plain words, and most words were asked for before. For these the number by which the kernels know
the word is remembered under the word as it was typed, so that neither parser nor analyzer is asked again.
`query/plain.py` says what is plain; whatever is not, or repeats a word, is left to the long way, which gives the same
answers. Cost: some two microseconds and 100 nanoseconds a word, besides the kernel; hence the care for every call
here. What this module does not know: parsing, ranking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from searchkit.rank.kernels.answer import REQUIRED_LEAF, ROW_MASK, TIMES_SHIFT, UNFIT, answer_words
from searchkit.rank.kernels.answer_groups import answer_phrase_words
from searchkit.rank.kernels.arrays import PHRASE_WORDS_MAX
from searchkit.rank.kernels.heap import PLACES_MAX
from searchkit.search.answer import Answer
from searchkit.search.execute import KeyRanking, parameters_of
from searchkit.search.fast import Question
from searchkit.search.groups import UnionGroup, group_of, phrase_of
from searchkit.search.request import Mode
from searchkit.search.tables import Tables, damaged, scratch_for, tables_of

_WORDS_REMEMBERED_MAX: Final = 200_000
"""Words as typed; some 30 MB, then all are forgotten."""
_PREFIXES_REMEMBERED_MAX: Final = 1_000
_HITS_MAX: Final = limits.HITS_MAX
_KEY: Final = np.dtype(np.uint64)
_empty: Final = np.empty
_PREFIX: Final = re.compile("[A-Za-z0-9]{1,64}[*]")


def _of_words(
    words: KnownWords,
    query: str,
    mode: Mode,
    tables: Tables,
    codes: Sequence[int],
    keys: npt.NDArray[np.uint64],
    best: int,
) -> Answer:
    """The answer to a query of words, of what the kernel left: made when somebody looks at it."""
    ranking = KeyRanking(keys, best, Question(tables, codes).matches)
    return Answer(words.held, words.analyzer, query, mode, ranking)


def _of_phrase(
    words: KnownWords, query: str, mode: Mode, tables: Tables, rows: list[int], keys: npt.NDArray[np.uint64], best: int
) -> Answer:
    """The same for a phrase."""
    ranking = KeyRanking(keys, best, phrase_of(tables, rows, 0, words.all_fields).matches)
    return Answer(words.held, words.analyzer, query, mode, ranking)


def _of_prefix(
    words: KnownWords, query: str, mode: Mode, group: UnionGroup, keys: npt.NDArray[np.uint64], best: int
) -> Answer:
    """The same for a prefix."""
    return Answer(words.held, words.analyzer, query, mode, KeyRanking(keys, best, group.matches))


class KnownWords:
    """Answers the plain queries of one snapshot, under its schema's own parameters."""

    def __init__(self, held: IndexSnapshot, analyzer: Analyzer) -> None:
        self.held = held
        self.analyzer = analyzer
        self.all_fields = held.schema.all_text_mask
        self._parameters = parameters_of(held, held.schema.weights, DEFAULT_K1, DEFAULT_B)
        self._generation = held.generation
        self._forget()

    def _forget(self) -> None:
        # Replaced together, since codes are rows of just these tables. Inside a phrase a word is its row, and is known
        # once its positions are verified.
        self._known: tuple[Tables, dict[Mode, dict[str, int]], dict[str, int]] = (
            tables_of(self.held, self._parameters),
            {"any": {}, "all": {}},
            {},
        )

    def search(self, query: str, limit: int, mode: Mode) -> Results | None:
        """Results of a plain query that repeats no word; None if this is not the way to answer what was asked."""
        started = perf_counter()
        tables, by_mode, _ = self._known
        if query.__class__ is not str or limit.__class__ is not int or not 0 <= limit <= _HITS_MAX:
            return None
        try:
            known = by_mode[mode]
        except (KeyError, TypeError):  # Not a mode; a list cannot even be looked up.
            return None
        try:
            scratch = tables.threads.scratch
        except AttributeError:
            scratch = scratch_for(tables)
        code = known.get(query)
        codes: Sequence[int]
        if code is not None:
            codes = (code,)
            scratch.leaf[0] = code
        elif query[-1:] == '"':
            return self._search_phrase(query, limit, mode, started)
        elif query[-1:] == "*":
            return self._search_prefix(query, limit, mode, started)
        else:
            try:
                codes = list(map(known.__getitem__, query.split(" ")))
            except KeyError:
                if not self._learn(query, mode, tables, known):
                    return None
                codes = list(map(known.__getitem__, query.split()))
            if not scratch.put(codes):
                return None
        keys = _empty(limit, _KEY)
        best = answer_words(scratch.request, len(codes), keys)
        if best < 0:
            if best == UNFIT:
                return None
            raise damaged(tables, best)
        made = (_of_words, self, query, mode, tables, codes, keys, best)
        return Results(query, made, (perf_counter() - started) * 1e3, self._generation)

    def _search_phrase(self, query: str, limit: int, mode: Mode, started: float) -> Results | None:
        """Results of a query that is one phrase of plain words; None if it is not."""
        tables, _, known = self._known
        try:
            rows = list(map(known.__getitem__, query[1:-1].split(" ")))
        except KeyError:
            if not self._learn_phrase(query, tables, known):
                return None
            rows = list(map(known.__getitem__, query[1:-1].split()))
        scratch = scratch_for(tables)
        if query[0] != '"' or not 1 < len(rows) <= PHRASE_WORDS_MAX or not scratch.put(rows):
            return None
        keys, best = np.empty(limit, _KEY), 0
        if limit:
            best = answer_phrase_words(scratch.request, len(rows), self.all_fields, keys)
            if best < 0:
                raise damaged(tables, best)
        made = (_of_phrase, self, query, mode, tables, rows, keys, best)
        return Results(query, made, (perf_counter() - started) * 1e3, self._generation)

    def _learn_phrase(self, query: str, tables: Tables, known: dict[str, int]) -> bool:
        """Remember the words of a phrase, their positions verified; whether it is one of plain words."""
        inside, codes = query[1:-1], self._known[1]["any"]
        if "+" in inside or query[0] != '"' or not self._learn(inside, "any", tables, codes):
            return False
        words = inside.split()
        rows = [codes[word] & ROW_MASK for word in words]
        phrase_of(tables, rows, 0, self.all_fields)
        known.update(zip(words, rows, strict=True))
        return True

    def _search_prefix(self, query: str, limit: int, mode: Mode, started: float) -> Results | None:
        """Results of a query that is one prefix; None if it is not."""
        group = self._prefix(query, mode)
        if group is None:
            return None
        keys = np.empty(limit, _KEY)
        best = group.rank_alone(keys) if limit else 0
        made = (_of_prefix, self, query, mode, group, keys, best)
        return Results(query, made, (perf_counter() - started) * 1e3, self._generation)

    def _prefix(self, query: str, mode: Mode) -> UnionGroup | None:
        """The prefix a query consists of; None if it does not."""
        tables, _, _ = self._known
        group: UnionGroup | None = tables.prefixes.get(query)
        if group is None and _PREFIX.fullmatch(query) and self.held.places < PLACES_MAX:
            plan = plan_query(query, self.held.schema, self.analyzer, mode)
            if isinstance(plan.root, PrefixLeaf) and not plan.warnings:
                found = group_of(tables, plan.root)
                group = found if isinstance(found, UnionGroup) else None
            if group is not None:
                if len(tables.prefixes) > _PREFIXES_REMEMBERED_MAX:
                    tables.prefixes.clear()
                tables.prefixes[query] = group
        return group

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

"""Queries of words that were met before, from the string typed to a ranking in a few microseconds.

Most queries are plain words, and most words were asked for before. For these the number by which the kernels know
the word is remembered under the word as it was typed, so that neither parser nor analyzer is asked again.
`query/plain.py` says what is plain; whatever is not, or repeats a word, is left to the long way, which gives the same
answers. Cost: some 100 nanoseconds a word besides the kernel. What this module does not know: parsing, ranking.
"""

from __future__ import annotations

from typing import Final

from searchkit.analysis.analyzer import Analyzer
from searchkit.index.snapshot import IndexSnapshot
from searchkit.query.plain import plain_terms
from searchkit.rank.bm25 import DEFAULT_B, DEFAULT_K1
from searchkit.rank.kernels.answer import REQUIRED_LEAF, TIMES_SHIFT
from searchkit.rank.kernels.arrays import LEAVES_MAX
from searchkit.rank.kernels.heap import PLACES_MAX
from searchkit.search.execute import KeyRanking, parameters_of
from searchkit.search.fast import answer_words
from searchkit.search.tables import Tables, tables_of

_WORDS_REMEMBERED_MAX: Final = 200_000
"""Words as typed; some 30 MB, then all are forgotten."""


class KnownWords:
    """Answers the plain queries of one snapshot, under its schema's own parameters."""

    def __init__(self, held: IndexSnapshot, analyzer: Analyzer) -> None:
        self._held = held
        self._analyzer = analyzer
        self._parameters = parameters_of(held, held.schema.weights, DEFAULT_K1, DEFAULT_B)
        self._forget()

    def _forget(self) -> None:
        # Replaced together, since codes are rows of just these tables.
        self._known: tuple[Tables, dict[str, dict[str, int]]] = (
            tables_of(self._held, self._parameters),
            {"any": {}, "all": {}},
        )

    def answer(self, query: str, limit: int, mode: str) -> KeyRanking | None:
        """The ranking of a plain query that repeats no word; None if this is not the way to answer it."""
        tables, codes_by_mode = self._known
        known = codes_by_mode[mode]
        try:
            codes = [known[word] for word in query.split(" ")]
        except KeyError:
            if not self._learn(query, tables, known, mode):
                return None
            codes = [known[word] for word in query.split()]
        if len(codes) > 1 and (
            len(set(codes)) < len(codes)
            or len(codes) > LEAVES_MAX
            or (min(codes) < REQUIRED_LEAF <= max(codes))  # Signs before some words only.
        ):
            return None
        return answer_words(tables, codes, limit)

    def _learn(self, query: str, tables: Tables, known: dict[str, int], mode: str) -> bool:
        """Remember the words of a plain query; whether it is one."""
        terms = plain_terms(query, self._analyzer)
        if terms is None or self._held.places >= PLACES_MAX:
            return False
        if tables.full or len(known) > _WORDS_REMEMBERED_MAX:
            self._forget()
            return False
        for word, term in zip(query.split(), terms, strict=True):
            required = mode == "all" or word.startswith("+")
            known[word] = tables.row(term) | 1 << TIMES_SHIFT | (REQUIRED_LEAF if required else 0)
        return True

"""Queries of words that were met before, from the string typed to results in a few microseconds; phrases and prefixes too.

Most queries are plain words, most words were asked for before, and so were many queries. The number by which the kernels
know a word is remembered under the word as it was typed, so that neither parser nor analyzer is asked again; and a
query that was asked is remembered as the plan it became (never its results), so that its words are not looked up
again. `query/plain.py` says what is plain; whatever is not, or repeats a word, is left to the long way, which gives the
same answers. Cost: about a microsecond besides the kernel for a query that is remembered, hence the care for every
call here; two more and 100 nanoseconds a word for one that is not. What this module does not know: parsing, ranking.
"""

from __future__ import annotations

import re
import struct
import threading
from array import array
from functools import partial
from time import perf_counter
from typing import Any, Final

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.index.snapshot import IndexSnapshot
from searchkit.jit import direct
from searchkit.model.results import Hits, Results, hits_of
from searchkit.query.plain import plain_terms
from searchkit.query.plan import PrefixLeaf
from searchkit.query.planning import plan_query
from searchkit.rank.bm25 import DEFAULT_B, DEFAULT_K1
from searchkit.rank.kernels.answer import REQUIRED_LEAF, ROW_MASK, TIMES_SHIFT
from searchkit.rank.kernels.arrays import LEAVES_MAX, PHRASE_WORDS_MAX
from searchkit.rank.kernels.asked import (
    FULL,
    HELD_BITS,
    ask_phrase,
    ask_union,
    ask_words,
    count_asked_phrase,
    count_asked_words,
)
from searchkit.rank.kernels.heap import PLACES_MAX
from searchkit.search.answer import Answer
from searchkit.search.execute import parameters_of
from searchkit.search.groups import UnionGroup, group_of, phrase_of
from searchkit.search.request import Mode
from searchkit.search.scratch import Room
from searchkit.search.tables import Tables, damaged, tables_of

_WORDS_REMEMBERED_MAX: Final = 200_000
"""Words as typed; some 30 MB, then all are forgotten."""
_QUERIES_REMEMBERED_MAX: Final = 20_000
_QUERY_REMEMBERED_CHARACTERS: Final = 200
"""Queries, and how long a query may be to be remembered; some 10 MB, then all are forgotten."""
_HITS_MAX: Final = limits.HITS_MAX
_HELD_MASK: Final = (1 << HELD_BITS) - 1
_PAIRS: Final = struct.Struct("<If").iter_unpack
"""Places and scores, of bytes as a room has them on any machine that reads segments in place."""
_PREFIX: Final = re.compile("[A-Za-z0-9]{1,64}[*]")


class Asked:
    """A query as the kernels take it.

    Attributes
    ----------
    kernel : function
        Of `kernels/asked.py`: it takes `address`, that of a room, and how many documents are wanted.
    address : int
        Where `plan` lies.
    counts : function or int
        What counts the documents that match, from the same two addresses; or how many there are.
    tables, kept
        What the plan points into.
    terms : int
        Of a union, in the segment that has most of them.
    """

    __slots__ = ("_kept", "address", "counts", "kernel", "plan", "tables", "terms")

    def __init__(
        self, kernel: Any, plan: list[int], counts: Any, tables: Tables, terms: int = 0, kept: Any = None
    ) -> None:
        self.kernel = direct(kernel, 3)
        self.plan = array("q", plan)
        self.address = self.plan.buffer_info()[0]
        self.counts = counts
        self.tables = tables
        self.terms = terms
        self._kept = kept


def _answer(words: KnownWords, query: str, mode: Mode, asked: Asked, room: Room, found: int) -> tuple[Answer, Hits]:
    """The answer to a query, of what a kernel left in a room: made when somebody looks at it."""
    total = asked.counts
    if total.__class__ is not int:
        total = partial(words.matches, asked)
    answer = Answer(words.held, words.analyzer, query, mode, total)
    first = found >> HELD_BITS << 3
    # Whoever only counts finds nothing, and need not look into the room.
    pairs = _PAIRS(room.pairs[first : first + ((found & _HELD_MASK) << 3)]) if found else ()
    return answer, hits_of(pairs, answer)


class KnownWords:
    """Answers the plain queries of one snapshot, under its schema's own parameters."""

    def __init__(self, held: IndexSnapshot, analyzer: Analyzer) -> None:
        self.held = held
        self.analyzer = analyzer
        self._fields = held.schema.all_text_mask
        self._parameters = parameters_of(held, held.schema.weights, DEFAULT_K1, DEFAULT_B)
        self._generation = held.generation
        self._asked: dict[Mode, dict[str, Asked]] = {"any": {}, "all": {}}
        self._rooms = threading.local()
        self._forget()

    def _forget(self) -> None:
        # Replaced together, since codes are rows of just these tables. Inside a phrase a word is its row, and is known
        # once its positions are verified.
        self._known: tuple[Tables, dict[Mode, dict[str, int]], dict[str, int]] = (
            tables_of(self.held, self._parameters),
            {"any": {}, "all": {}},
            {},
        )
        for asked in self._asked.values():
            asked.clear()

    def search(self, query: str, limit: int, mode: Mode) -> Results | None:
        """Results of a plain query that repeats no word; None if this is not the way to answer what was asked."""
        started = perf_counter()
        if limit.__class__ is not int or not 0 <= limit <= _HITS_MAX:
            return None
        try:
            asked = self._asked[mode][query]
            room: Room = self._rooms.own
        except (KeyError, TypeError, AttributeError):  # Not met yet, not to be looked up, or the thread's first.
            met = self._meet(query, mode)
            if met is None:
                return None
            asked, room = met, getattr(self._rooms, "own", None) or self._room(met, limit)
        found: int = asked.kernel(asked.address, room.address, limit) if limit else 0
        if found < 0:
            if found != FULL:
                raise damaged(asked.tables, found)
            room = self._room(asked, limit)
            found = asked.kernel(asked.address, room.address, limit)
            if found < 0:
                raise damaged(asked.tables, found)
        made = _answer, (self, query, mode, asked, room, found)
        return Results(query, made, (perf_counter() - started) * 1e3, self._generation)

    def matches(self, asked: Asked) -> int:
        """How many documents match."""
        if isinstance(asked.counts, int):
            return asked.counts
        room = getattr(self._rooms, "own", None) or self._room(asked, 0)
        total: int = asked.counts(asked.address, room.address)
        if total < 0:
            raise damaged(asked.tables, total)
        return total

    def _room(self, asked: Asked, limit: int) -> Room:
        """A new room for this thread, with space for what is asked."""
        terms = max(asked.terms, getattr(getattr(self._rooms, "own", None), "terms", 0))
        self._rooms.own = room = Room(asked.tables.windows, limit, terms)
        return room

    def _meet(self, query: str, mode: Mode) -> Asked | None:
        """A query as the kernels take it, which is remembered from now on; None if this is not the way to answer it."""
        if query.__class__ is not str or mode not in ("any", "all"):
            return None
        if query[-1:] == '"':
            asked = self._phrase(query)
        elif query[-1:] == "*":
            asked = self._prefix(query, mode)
        else:
            asked = self._words(query, mode)
        if asked is not None and len(query) <= _QUERY_REMEMBERED_CHARACTERS:
            known = self._asked[mode]
            if len(known) >= _QUERIES_REMEMBERED_MAX:
                known.clear()
            known[query] = asked
        return asked

    def _words(self, query: str, mode: Mode) -> Asked | None:
        """Words, all of them required or none, and none twice."""
        tables, by_mode, _ = self._known
        known = by_mode[mode]
        try:
            codes = list(map(known.__getitem__, query.split(" ")))
        except KeyError:
            if not self._learn(query, mode, tables, known):
                return None
            codes = list(map(known.__getitem__, query.split()))
        if len(codes) == 1:
            return Asked(ask_words, self._plan(tables, codes), tables.frequencies[codes[0] & ROW_MASK], tables)
        if not len(codes) == len(set(codes)) <= LEAVES_MAX or min(codes) < REQUIRED_LEAF <= max(codes):
            return None
        return Asked(ask_words, self._plan(tables, codes), count_asked_words, tables)

    def _plan(self, tables: Tables, leaves: list[int]) -> list[int]:
        return [tables.address, len(leaves), self._fields, *leaves]

    def _phrase(self, query: str) -> Asked | None:
        """One phrase of plain words."""
        tables, _, known = self._known
        try:
            rows = list(map(known.__getitem__, query[1:-1].split(" ")))
        except KeyError:
            if not self._learn_phrase(query, tables, known):
                return None
            rows = list(map(known.__getitem__, query[1:-1].split()))
        if query[0] != '"' or not 1 < len(rows) <= PHRASE_WORDS_MAX:
            return None
        return Asked(ask_phrase, self._plan(tables, rows), count_asked_phrase, tables)

    def _learn_phrase(self, query: str, tables: Tables, known: dict[str, int]) -> bool:
        """Remember the words of a phrase, their positions verified; whether it is one of plain words."""
        inside, codes = query[1:-1], self._known[1]["any"]
        if "+" in inside or query[0] != '"' or not self._learn(inside, "any", tables, codes):
            return False
        words = inside.split()
        rows = [codes[word] & ROW_MASK for word in words]
        phrase_of(tables, rows, 0, self._fields)
        known.update(zip(words, rows, strict=True))
        return True

    def _prefix(self, query: str, mode: Mode) -> Asked | None:
        """One prefix."""
        tables, _, _ = self._known
        if not _PREFIX.fullmatch(query) or self.held.places >= PLACES_MAX:
            return None
        plan = plan_query(query, self.held.schema, self.analyzer, mode)
        if not isinstance(plan.root, PrefixLeaf) or plan.warnings:
            return None
        group = group_of(tables, plan.root)
        if not isinstance(group, UnionGroup):
            return None
        runs, ends, idf = (values.ctypes.data for values in (group.runs, group.ends, group.idf))
        asked = [tables.address, runs, len(group.runs), ends, group.terms, group.fields, idf]
        return Asked(ask_union, asked, group.matches(), tables, group.terms, group)

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

"""Bind a syntax tree to a schema and an analyzer: what the typed words are as terms of an index.

A typed word becomes what the analyzer makes of it. One term: that term. Several parts of one compound (``os.path``):
a phrase of the parts. A run of unspaced script: its character bigrams, of which any may match where any word may, and
all must where the word is required, excluded or joined by `AND`; a lone character stands for every bigram that
begins with it. Keywords and ranges beside words narrow down what the words find. Within an exclusion words side by
side are each excluded, whatever the mode, so that mode "all" never finds what mode "any" does not. Quoted text is one
phrase, and only there a number after a ~ lets words in between. Beginnings and patterns are folded as words are, but
not stemmed. A name before a colon counts only if the schema has that field; otherwise the text is read as it stands.
Words of which nothing is left (punctuation) are dropped.

Cost: one analysis of each word, then linear in the tree, which is walked without recursion. What this module does
not know: which documents exist, and so whether a term does (`search/`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import groupby
from typing import Final

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer, Token
from searchkit.model.document import clean_text
from searchkit.model.schema import Keyword, Schema
from searchkit.query.parse import Complaints, Mode, Parsed
from searchkit.query.plan import (
    Bool,
    EverythingLeaf,
    KeywordLeaf,
    Leaf,
    Node,
    PhraseLeaf,
    Plan,
    PrefixLeaf,
    RangeLeaf,
    ScoredLeaf,
    TermLeaf,
    WildcardLeaf,
)
from searchkit.query.ranges import read_range
from searchkit.query.tree import (
    And,
    Everything,
    Field,
    Not,
    Or,
    Phrase,
    Prefix,
    Required,
    Sequence,
    Tree,
    Wildcard,
    Word,
)

_HYPHENS: Final = frozenset("-\u2010\u2011")
_WILDCARDS: Final = re.compile("([*?])")
_FIELDS_NAMED_MAX: Final = 8  # Fields a warning lists; more would hide what it says.


def bind(parsed: Parsed, schema: Schema, analyzer: Analyzer, mode: Mode | None = None, *, strict: bool = False) -> Plan:
    """Make the plan of a parsed query for one schema and analyzer.

    Parameters
    ----------
    parsed : Parsed
        From `parse`.
    schema : Schema
        Says which names are fields, and of which kind.
    analyzer : Analyzer
        The one the index was made with.
    mode : {"any", "all"}, optional
        How many of the clauses that stand side by side must match; the parsed query's own if not given.
    strict : bool
        Raise where lenient binding would warn: an unknown field, a value that is no number, too many words.

    Returns
    -------
    Plan
        With the warnings of parsing and binding. `root` is None if nothing to search for is left.

    Raises
    ------
    QueryError
        Only if strict.
    """
    binder = _Binder(parsed, schema, analyzer, mode or parsed.mode, strict)
    root = binder.bind()
    return Plan(root, tuple(binder.scored.items()), parsed.warnings + binder.complaints.warnings)


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds for a node because of what stands above it."""

    field: str = ""  # The field its words are looked up in; empty for any text field.
    whole: bool = False  # Whether a word of several parts must match with all of them.
    scored: bool = True  # False below an exclusion.


@dataclass(slots=True)
class _Visit:
    """A node met on the way down, and what became of it on the way up."""

    node: Tree
    place: _Place
    children: list[int] = dataclass_field(default_factory=list)
    bound: Node | None = None


class _Binder:
    """Binds one tree: leaves on the way down, in the order of the text; their joints on the way up."""

    def __init__(self, parsed: Parsed, schema: Schema, analyzer: Analyzer, mode: Mode, strict: bool) -> None:
        self._parsed, self._schema, self._analyzer, self._mode = parsed, schema, analyzer, mode
        self.complaints = Complaints(parsed.text, strict)
        self.scored: dict[ScoredLeaf, int] = {}
        self._leaves = 0

    def bind(self) -> Node | None:
        root = self._parsed.tree
        if root is None:
            return None
        visits: list[_Visit] = []
        waiting: list[tuple[Tree, _Place, int]] = [(root, _Place(whole=self._mode == "all"), -1)]
        while waiting:
            node, place, parent = waiting.pop()
            if isinstance(node, Field):
                node, place = self._look_up(node, place)
            here = len(visits)
            visits.append(_Visit(node, place))
            if parent >= 0:
                visits[parent].children.append(here)
            below = self._below(node, place)
            if below:
                waiting.extend((child, inside, here) for child, inside in reversed(below))
            else:
                visits[here].bound = self._leaf(node, place)
        for visit in reversed(visits):
            if visit.children:
                visit.bound = self._join(visit, [visits[child] for child in visit.children])
        if visits[0].bound is None:
            what = "nothing is left of the query but punctuation"
            self.complaints.add(what, 0, len(self._parsed.text), instead="nothing was searched for")
        return visits[0].bound

    # --- on the way down --------------------------------------------------------------------------------

    def _below(self, node: Tree, place: _Place) -> list[tuple[Tree, _Place]]:
        """The children of a node, each with its own place."""
        if isinstance(node, Sequence | Or):
            whole = self._mode == "all" or not place.scored
            return [(child, _Place(place.field, whole, place.scored)) for child in node.children]
        if isinstance(node, And):
            return [(child, _Place(place.field, True, place.scored)) for child in node.children]
        if isinstance(node, Required):
            return [(node.child, _Place(place.field, True, place.scored))]
        if isinstance(node, Not):
            return [(node.child, _Place(place.field, True, False))]
        return []

    def _look_up(self, node: Field, place: _Place) -> tuple[Tree, _Place]:
        """Resolve ``name:child``: the child in its field or, where there is none such, the text as it stands."""
        while node.name in self._schema:
            place = _Place(node.name, place.whole, place.scored)
            if not isinstance(node.child, Field):
                return node.child, place
            node = node.child
        name, child = node.name, node.child
        start, end = node.start, node.end
        plain: Tree
        if isinstance(child, Word | Prefix | Wildcard):
            kind = Prefix if isinstance(child, Prefix) else Word
            plain = kind(f"{name}:{child.text}", start, end)
            intended = name.islower() and (child.text[0].isalnum() or child.text[0] in "<>=")
        else:
            plain = Sequence((Word(name, start, start + len(name)), child), start, end)
            intended = True
        if intended:
            names = list(self._schema)
            known = ", ".join(names[:_FIELDS_NAMED_MAX]) + (", …" if len(names) > _FIELDS_NAMED_MAX else "")
            what = f"there is no field {_short(name)}"
            self.complaints.add(what, start, end, instead=f"it was read as plain text (fields: {known})")
        return plain, place

    def _leaf(self, node: Tree, place: _Place) -> Node | None:
        if isinstance(node, Everything):
            if place.field:
                what = f"{place.field}:* is not understood"
                self.complaints.add(what, node.start, node.end, instead="it was read as every document")
            return self._counted(EverythingLeaf(), node)
        assert isinstance(node, Word | Prefix | Wildcard | Phrase)
        kind = self._schema[place.field].kind if place.field else "text"
        if kind == "text":
            return self._text(node, place)
        if kind == Keyword.kind:
            return self._keyword(node, place)
        return self._range(node, place, kind)

    def _keyword(self, node: Word | Prefix | Wildcard | Phrase, place: _Place) -> Node | None:
        value = node.text
        if isinstance(node, Prefix | Wildcard):
            value += "*" if isinstance(node, Prefix) else ""
            what = f"{place.field} is matched whole, so a * has no special meaning there"
            self.complaints.add(what, node.start, node.end, instead="it was read as part of the value")
        if isinstance(node, Phrase):
            self._no_slop(node, place)
        value = clean_text(value)
        if len(value.encode("utf-8")) > limits.TERM_BYTES_MAX:
            what = f"no value of {place.field} is longer than {limits.TERM_BYTES_MAX} bytes"
            self.complaints.add(what, node.start, node.end, instead="it was searched for as it is, and cannot be found")
        return self._counted(KeywordLeaf(place.field, value), node)

    def _range(self, node: Word | Prefix | Wildcard | Phrase, place: _Place, kind: str) -> Node | None:
        ends = None if isinstance(node, Prefix | Wildcard) else read_range(node.text, kind)
        if ends is None:
            what = f"{place.field} holds {kind}s, and {_short(node.text)} is none"
            self.complaints.add(what, node.start, node.end, instead="it was read as plain text")
            return self._text(node, _Place("", place.whole, place.scored))
        if isinstance(node, Phrase):
            self._no_slop(node, place)
        low, high = ends
        if low > high:
            what = f"the range {_short(node.text)} ends before it begins"
            self.complaints.add(what, node.start, node.end, instead="its ends were exchanged")
            low, high = high, low
        return self._counted(RangeLeaf(place.field, low, high), node)

    def _no_slop(self, node: Phrase, place: _Place) -> None:
        if node.slop:
            what = f"{place.field} is matched whole, so a ~ has no meaning there"
            self.complaints.add(what, node.start, node.end, instead="it was ignored")

    # --- words ------------------------------------------------------------------------------------------

    def _text(self, node: Word | Prefix | Wildcard | Phrase, place: _Place) -> Node | None:
        """Bind text to be looked up in text fields."""
        mask = self._mask(place.field)
        tokens = self._analyzer.tokens(node.text)
        leaves: Iterable[ScoredLeaf]
        whole = place.whole
        if not tokens:
            return None
        if isinstance(node, Phrase):
            leaves = [self._phrase(tokens, mask, node)]
        elif isinstance(node, Prefix):
            leaves, whole = self._prefix(node, tokens, mask), True
        elif isinstance(node, Wildcard) and not any(token.kind == "cjk" for token in tokens):
            leaves = self._wildcard(node, mask)
        else:
            leaves = self._words(tokens, mask, node)
        kept = [leaf for leaf in leaves if self._counted(leaf, node)]
        if place.scored:
            for leaf in kept:
                self.scored[leaf] = self.scored.get(leaf, 0) + 1
        if not kept:
            return None
        return _bool(must=kept) if whole else _bool(should=kept)

    def _words(self, tokens: list[Token], mask: int, node: Word | Prefix | Wildcard | Phrase) -> list[ScoredLeaf]:
        """Leaves for the parts of a bare word: a phrase for a compound, one for each bigram."""
        leaves: list[ScoredLeaf] = []
        for (_, kind), group in groupby(tokens, key=lambda token: (token.word, token.kind)):
            parts = list(group)
            if kind == "cjk" and len(parts) > 1:
                leaves.extend(TermLeaf(part.term, mask) for part in parts)
            else:
                leaves.extend(self._phrase(run, mask, node) for run in _unhyphenated(parts, node.text))
        return leaves

    def _phrase(self, tokens: list[Token], mask: int, node: Tree) -> ScoredLeaf:
        if len(tokens) == 1:
            token = tokens[0]
            alone = token.kind == "cjk" and _is_one_character(token.term)
            return PrefixLeaf(token.term, (), mask) if alone else TermLeaf(token.term, mask)
        if len(tokens) > limits.QUERY_LEAVES_MAX:
            what = f"a phrase has more than {limits.QUERY_LEAVES_MAX:,} words"
            self.complaints.add(what, node.start, node.end, instead="the rest of it was left out")
        slop = node.slop if isinstance(node, Phrase) else 0
        return PhraseLeaf(tuple(token.term for token in tokens[: limits.QUERY_LEAVES_MAX]), mask, slop)

    def _prefix(self, node: Prefix, tokens: list[Token], mask: int) -> list[ScoredLeaf]:
        """The last part may go on; what stands before it must be there as well."""
        *before, last = tokens
        leaves = self._words(before, mask, node)
        prefix = self._analyzer.fold(node.text[last.start : last.end])
        if last.kind == "cjk" or last.end < len(node.text) or not prefix:
            return leaves + self._words([last], mask, node)
        also = () if last.term.startswith(prefix) else (last.term,)
        return [*leaves, PrefixLeaf(prefix, also, mask)]

    def _wildcard(self, node: Wildcard, mask: int) -> list[ScoredLeaf]:
        """The pattern, folded piece by piece."""
        pieces = _WILDCARDS.split(node.text)
        pattern = "".join(piece if piece in ("*", "?") else self._analyzer.fold(piece) for piece in pieces)
        return [WildcardLeaf(pattern, mask)] if _WILDCARDS.sub("", pattern) else []

    def _mask(self, name: str) -> int:
        return 1 << self._schema.text_fields.index(name) if name else self._schema.all_text_mask

    def _counted(self, leaf: Leaf, node: Tree) -> Leaf | None:
        """The leaf, or None when the query has as many as it may."""
        self._leaves += 1
        if self._leaves <= limits.QUERY_LEAVES_MAX:
            return leaf
        what = f"the query has more than {limits.QUERY_LEAVES_MAX:,} words"
        self.complaints.add(what, node.start, node.end, instead="the rest was left out")
        return None

    # --- on the way up ----------------------------------------------------------------------------------

    def _join(self, visit: _Visit, below: list[_Visit]) -> Node | None:
        found = [(child.node, child.bound) for child in below if child.bound is not None]
        if not found:
            return None
        nodes = [bound for _, bound in found]
        if isinstance(visit.node, Or):
            return _bool(should=nodes)
        if isinstance(visit.node, And):
            return _bool(must=nodes)
        if isinstance(visit.node, Not):
            return _bool(must_not=nodes)
        if isinstance(visit.node, Sequence):
            scored = visit.place.scored
            return self._sequence(found, every=self._mode == "all" and scored, filters=scored)
        return nodes[0]

    def _sequence(self, clauses: list[tuple[Tree, Node]], *, every: bool, filters: bool) -> Node:
        """Join what stands side by side: exclusions always exclude, the rest is required by mode or by sign.

        With `filters`, keywords and ranges narrow down what the words find: any of those of one field will do,
        and each field counts, as where shops let one tick boxes.
        """
        must: list[Node] = []
        should: list[Node] = []
        must_not: list[Node] = []
        narrowing: dict[str, list[Node]] = {}
        for clause, bound in clauses:
            if isinstance(clause, Not) and isinstance(bound, Bool):
                must_not.extend(bound.must_not)
            elif isinstance(clause, Required) or every:
                must.append(bound)
            elif filters and isinstance(bound, KeywordLeaf | RangeLeaf):
                narrowing.setdefault(bound.field, []).append(bound)
            else:
                should.append(bound)
        if narrowing and should and not must:
            # The words still have to occur: ``python year:2020`` is not everything of that year.
            must, should = [_bool(should=should)], []
        must.extend(_bool(should=values) for values in narrowing.values())
        return _bool(must, should, must_not)


def _bool(must: Iterable[Node] = (), should: Iterable[Node] = (), must_not: Iterable[Node] = ()) -> Node:
    """A `Bool` with the same meaning that is as flat as can be; a single node that needs no `Bool` is given as it is.

    At least one node is given. What a required `Bool` holds is moved up, and so are alternatives of an
    alternative or of an exclusion. Leaves given twice are kept once: scores do not depend on the tree.
    """
    required: list[Node] = []
    optional = _alternatives(should)
    excluded = _alternatives(must_not)
    must = list(must)
    for node in must:
        if isinstance(node, Bool) and (node.must or not node.should):
            required.extend(node.must)
            optional.extend(node.should)
            excluded.extend(node.must_not)
        else:
            required.append(node)
    if must and not required:
        optional = []  # Only exclusions were required, so nothing else decides.
    required, optional, excluded = _distinct(required), _distinct(optional), _distinct(excluded)
    if not excluded and len(required) + len(optional) == 1:
        return (required or optional)[0]
    return Bool(tuple(required), tuple(optional), tuple(excluded))


def _alternatives(nodes: Iterable[Node]) -> list[Node]:
    """The nodes, with each pure union among them replaced by what it unites."""
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, Bool) and not node.must and not node.must_not:
            flat.extend(node.should)
        else:
            flat.append(node)
    return flat


def _distinct(nodes: Iterable[Node]) -> list[Node]:
    """The nodes without repeated leaves; a `Bool` is not compared, which could be deep."""
    leaves: set[Leaf] = set()
    kept: list[Node] = []
    for node in nodes:
        if not isinstance(node, Bool):
            if node in leaves:
                continue
            leaves.add(node)
        kept.append(node)
    return kept


def _unhyphenated(parts: list[Token], text: str) -> Iterable[list[Token]]:
    """The parts of a compound, cut where a hyphen joins two words that can stand alone.

    Authors disagree on ``boundary-layer`` and ``boundary layer``, so its parts are words side by side; ``utf-8``,
    ``e-mail`` and ``covid-19`` mean nothing in pieces and stay together.
    """
    run: list[Token] = []
    for part in parts:
        if run and text[run[-1].end : part.start] in _HYPHENS and _stands_alone(run[-1]) and _stands_alone(part):
            yield run
            run = []
        run.append(part)
    yield run


def _stands_alone(part: Token) -> bool:
    return part.term.isalpha() and part.end - part.start > 1


def _is_one_character(term: str) -> bool:
    """Whether a term is one character of an unspaced script, with its marks, rather than a pair of them."""
    return sum(not unicodedata.category(char).startswith("M") for char in term) == 1


def _short(text: str) -> str:
    """A piece of a query as a message shows it."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")

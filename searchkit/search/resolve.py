"""From a plan to numbers: what each scored leaf stands for in one snapshot, and how telling it is.

A leaf's statistics are taken over all live documents of the index, never per segment, so that an answer does
not depend on how documents fell into segments. A phrase is as telling as its words together (the sum of
their idf, as in Lucene); a prefix or a wildcard counts as one word that occurs wherever any of its words does.
A leaf restricted to some fields keeps the idf of the unrestricted one: `title:word` scores what `word` scores
in the title, no more. Cost: one look-up a term and segment; for a prefix or a wildcard, once, a walk through the
lists of its words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from searchkit import limits
from searchkit.codec import bitmap
from searchkit.index.snapshot import IndexSnapshot
from searchkit.query.plan import Bool, ManyLeaf, Node, PhraseLeaf, Plan, ScoredLeaf, TermLeaf, WildcardLeaf
from searchkit.query.wildcards import Wildcard
from searchkit.rank.bm25 import inverse_document_frequency
from searchkit.search.leaves import term_runs, union_docs

_FREQUENCIES_REMEMBERED_MAX = 10_000
"""Prefixes and wildcards of a snapshot whose frequency is remembered; then all are forgotten."""
_NOTHING = ""
"""A term that no document holds."""


@dataclass(frozen=True, slots=True)
class ResolvedLeaf:
    """A scored leaf with its statistics.

    Attributes
    ----------
    leaf : ScoredLeaf
    times : int
        How often it stands in the query.
    document_frequency : int
        Live documents that hold it in any text field; for a phrase, the smallest of its terms.
    idf : float
    """

    leaf: ScoredLeaf
    times: int
    document_frequency: int
    idf: float


@dataclass(frozen=True, slots=True)
class ResolvedPlan:
    """A plan with the statistics of its scored leaves."""

    plan: Plan
    leaves: tuple[ResolvedLeaf, ...]
    warnings: tuple[str, ...]


def resolve(plan: Plan, snapshot: IndexSnapshot) -> ResolvedPlan:
    """Look up everything a plan needs to know of a snapshot.

    A wildcard with so little before its first star that more than `limits.WILDCARD_TERMS_MAX` words would have to be
    looked at finds nothing, and a warning says so.
    """
    plan, warnings = _without_wide(plan, snapshot)
    leaves = tuple(_resolve_leaf(leaf, times, snapshot) for leaf, times in plan.scored)
    return ResolvedPlan(plan, leaves, warnings)


def _resolve_leaf(leaf: ScoredLeaf, times: int, snapshot: IndexSnapshot) -> ResolvedLeaf:
    documents = snapshot.documents
    if isinstance(leaf, TermLeaf):
        frequency = snapshot.document_frequency(leaf.term)
        return ResolvedLeaf(leaf, times, frequency, inverse_document_frequency(documents, frequency))
    if isinstance(leaf, PhraseLeaf):
        frequencies = [snapshot.document_frequency(term) for term in leaf.terms]
        idf = 0.0
        for frequency in frequencies:
            idf += inverse_document_frequency(documents, frequency)
        return ResolvedLeaf(leaf, times, min(frequencies), idf)
    frequency = union_frequency(snapshot, leaf, _count)
    return ResolvedLeaf(leaf, times, frequency, inverse_document_frequency(documents, frequency))


def union_frequency(snapshot: IndexSnapshot, leaf: ManyLeaf, count: Callable[[IndexSnapshot, ManyLeaf], int]) -> int:
    """Live documents with any term of a prefix or wildcard, in whatever field; counted once and remembered."""
    known: dict[ManyLeaf, int] = snapshot.cache.setdefault("union frequencies", {})
    anywhere = replace(leaf, fields=snapshot.schema.all_text_mask)
    frequency = known.get(anywhere)
    if frequency is None:
        if len(known) >= _FREQUENCIES_REMEMBERED_MAX:
            known.clear()
        frequency = known[anywhere] = count(snapshot, anywhere)
    return frequency


def _count(snapshot: IndexSnapshot, leaf: ManyLeaf) -> int:
    total = 0
    for view in snapshot.views:
        docs = union_docs(view, term_runs(view, leaf))
        total += len(docs)
        if view.dead:
            total -= bitmap.from_array(docs).intersection_cardinality(view.dead)
    return total


def _without_wide(plan: Plan, snapshot: IndexSnapshot) -> tuple[Plan, tuple[str, ...]]:
    """A plan whose wildcards can all be looked up, and the warnings of it and of those that could not."""
    wide: dict[Node, Node] = {}
    warnings = list(plan.warnings)
    waiting = [] if plan.root is None else [plan.root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Bool):
            waiting.extend((*node.must, *node.should, *node.must_not))
        elif isinstance(node, WildcardLeaf) and node not in wide and _width(snapshot, node) > limits.WILDCARD_TERMS_MAX:
            wide[node] = TermLeaf(_NOTHING, node.fields)
            warnings.append(f"{node.pattern} would be compared with too many words; write more before the first * or ?")
    if not wide or plan.root is None:
        return plan, plan.warnings
    scored = tuple((leaf, times) for leaf, times in plan.scored if leaf not in wide)
    return Plan(_replaced(plan.root, wide), scored, plan.warnings), tuple(warnings)


def _width(snapshot: IndexSnapshot, leaf: WildcardLeaf) -> int:
    """Words that begin as the matches of a wildcard do, counted in each segment."""
    beginning = Wildcard(leaf.pattern).beginning
    if not beginning:
        return sum(len(view.reader.terms) for view in snapshot.views)
    ranges = (view.reader.terms.prefix_range(beginning) for view in snapshot.views)
    return sum(high - low for low, high in ranges)


def _replaced(node: Node, by: dict[Node, Node]) -> Node:
    if not isinstance(node, Bool):
        return by.get(node, node)
    parts = (tuple(_replaced(child, by) for child in part) for part in (node.must, node.should, node.must_not))
    return Bool(*parts)

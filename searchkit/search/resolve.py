"""From a plan to numbers: what each scored leaf stands for in one snapshot, and how telling it is.

A leaf's statistics are taken over all live documents of the index, never per segment, so that an answer does
not depend on how documents fell into segments. A phrase is as telling as its words together (the sum of
their idf, as in Lucene); a prefix counts as one word that occurs wherever any of its expansions does.
A leaf restricted to some fields keeps the idf of the unrestricted one: `title:word` scores what `word` scores
in the title, no more. Cost: one look-up a term and segment; for a prefix, one for each of its expansions.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from searchkit import limits
from searchkit.codec import bitmap
from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.query.plan import PhraseLeaf, Plan, PrefixLeaf, ScoredLeaf, TermLeaf
from searchkit.rank.bm25 import inverse_document_frequency


@dataclass(frozen=True, slots=True)
class ResolvedLeaf:
    """A scored leaf with its statistics.

    Attributes
    ----------
    leaf : TermLeaf, PhraseLeaf or PrefixLeaf
    times : int
        How often it stands in the query.
    document_frequency : int
        Live documents that hold it in any text field; for a phrase, the smallest of its terms.
    idf : float
    expansions : tuple of str
        The terms of a prefix, ascending; empty for other leaves.
    """

    leaf: ScoredLeaf
    times: int
    document_frequency: int
    idf: float
    expansions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedPlan:
    """A plan with the statistics of its scored leaves, and every prefix in it expanded."""

    plan: Plan
    leaves: tuple[ResolvedLeaf, ...]
    expansions: dict[PrefixLeaf, tuple[str, ...]]
    warnings: tuple[str, ...]


def resolve(plan: Plan, snapshot: IndexSnapshot) -> ResolvedPlan:
    """Look up everything a plan needs to know of a snapshot."""
    expansions: dict[PrefixLeaf, tuple[str, ...]] = {}
    warnings = list(plan.warnings)
    for prefix in _prefixes(plan):
        if prefix not in expansions:
            expansions[prefix], cut = expand(prefix, snapshot)
            if cut:
                warnings.append(
                    f"{prefix.prefix}* stands for the {limits.PREFIX_EXPANSIONS_MAX:,} words in most documents; "
                    f"{cut:,} rarer ones were left out"
                )
    leaves = tuple(_resolve_leaf(leaf, times, snapshot, expansions) for leaf, times in plan.scored)
    return ResolvedPlan(plan, leaves, expansions, tuple(warnings))


def _resolve_leaf(
    leaf: ScoredLeaf, times: int, snapshot: IndexSnapshot, expansions: dict[PrefixLeaf, tuple[str, ...]]
) -> ResolvedLeaf:
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
    terms = expansions[leaf]
    frequency = sum(_union_frequency(view, terms) for view in snapshot.views)
    return ResolvedLeaf(leaf, times, frequency, inverse_document_frequency(documents, frequency), terms)


def _union_frequency(view: SegmentView, terms: tuple[str, ...]) -> int:
    numbers = (view.reader.terms.number(term) for term in terms)
    union = bitmap.union(view.reader.postings(number) for number in numbers if number is not None)
    return len(union) - union.intersection_cardinality(view.dead)


def expand(leaf: PrefixLeaf, snapshot: IndexSnapshot) -> tuple[tuple[str, ...], int]:
    """The terms a prefix stands for, ascending, and how many were left out.

    Terms that no live document holds do not count. Beyond `limits.PREFIX_EXPANSIONS_MAX`, those in most
    live documents are kept, the smaller term first among equals.
    """
    terms = set(leaf.also)
    for view in snapshot.views:
        terms.update(term for term, _ in view.reader.terms.with_prefix(leaf.prefix))
    counted = [(-frequency, term) for term in terms if (frequency := snapshot.document_frequency(term))]
    kept = heapq.nsmallest(limits.PREFIX_EXPANSIONS_MAX, counted)
    return tuple(sorted(term for _, term in kept)), len(counted) - len(kept)


def _prefixes(plan: Plan) -> list[PrefixLeaf]:
    """Every prefix of a plan, in no particular order, those that only exclude included."""
    found: list[PrefixLeaf] = []
    waiting = [] if plan.root is None else [plan.root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, PrefixLeaf):
            found.append(node)
        for children in (getattr(node, "must", ()), getattr(node, "should", ()), getattr(node, "must_not", ())):
            waiting.extend(children)
    return found + [leaf for leaf, _ in plan.scored if isinstance(leaf, PrefixLeaf)]

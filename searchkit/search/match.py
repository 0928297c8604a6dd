"""Which documents of a segment are results: the tree of a plan as set algebra over roaring bitmaps.

Scores play no part here. Cost: one pass over the posting lists of the tree, word by word 64 documents at a
time where lists are dense; phrases and field restrictions have to look inside.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.index.snapshot import SegmentView
from searchkit.query.plan import (
    Bool,
    EverythingLeaf,
    KeywordLeaf,
    Node,
    Plan,
    RangeLeaf,
    ScoredLeaf,
    TermLeaf,
)
from searchkit.search.leaves import occurrences

Finder: TypeAlias = Callable[[SegmentView, ScoredLeaf], BitMap]


def matching(view: SegmentView, root: Node, docs_of: Finder | None = None) -> BitMap:
    """Live documents of a segment that a tree matches.

    Parameters
    ----------
    docs_of : callable, optional
        A quicker way to the documents of a segment in which a leaf occurs, that is no single term.
    """
    return _matches(view, root, docs_of or _docs_of) - view.dead


def _docs_of(view: SegmentView, leaf: ScoredLeaf) -> BitMap:
    return bitmap.from_array(occurrences(view, leaf).docs)


def is_plain_disjunction(plan: Plan) -> bool:
    """Whether the results are just the documents in which any scored leaf occurs."""
    scored = {leaf for leaf, _ in plan.scored}
    root = plan.root
    if isinstance(root, Bool):
        return not root.must and not root.must_not and set(root.should) == scored
    return {root} == scored


def required_leaves(plan: Plan) -> frozenset[ScoredLeaf] | None:
    """The scored leaves that every result must hold, where the tree asks for nothing but scored leaves.

    Empty if any leaf is enough; None for trees that ask for more, or for something else.
    """
    if is_plain_disjunction(plan):
        return frozenset()
    root = plan.root
    if not isinstance(root, Bool) or root.must_not or not root.must:
        return None
    scored = {leaf for leaf, _ in plan.scored}
    if {*root.must, *root.should} != scored:
        return None
    return frozenset(leaf for leaf in scored if leaf in root.must)


def _matches(view: SegmentView, node: Node, docs_of: Finder) -> BitMap:
    if isinstance(node, Bool):
        return _combine(view, node, docs_of)
    if isinstance(node, EverythingLeaf):
        return bitmap.full(view.documents)
    if isinstance(node, KeywordLeaf):
        return view.reader.keyword(node.field, node.value)
    if isinstance(node, RangeLeaf):
        values = view.reader.column(node.field)
        inside = (values >= node.low) & (values <= node.high)
        return bitmap.from_array(np.flatnonzero(inside).astype(np.uint32))
    fields = (1 << len(view.reader.head.text_fields)) - 1
    if isinstance(node, TermLeaf) and node.fields == fields:
        number = view.reader.terms.number(node.term)
        return BitMap() if number is None else view.reader.postings(number)
    return docs_of(view, node)


def _combine(view: SegmentView, node: Bool, docs_of: Finder) -> BitMap:
    if node.must:
        found = functools.reduce(BitMap.__and__, (_matches(view, child, docs_of) for child in node.must))
    elif node.should:
        found = bitmap.union(_matches(view, child, docs_of) for child in node.should)
    else:
        found = bitmap.full(view.documents)
    for child in node.must_not:
        found = found - _matches(view, child, docs_of)
    return found

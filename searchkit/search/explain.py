"""A score taken apart, word by word and field by field: why a document is where it is, or is not a result.

Does the arithmetic of `rank/bm25.py` for one document, on the same numbers in the same order, so that the
parts add up to the score the search gave.
"""

from __future__ import annotations

import numpy as np

from searchkit.index.snapshot import IndexSnapshot, SegmentView
from searchkit.model.explanation import Explanation, FieldPart, LeafPart
from searchkit.query.plan import PhraseLeaf, PrefixLeaf, ScoredLeaf, WildcardLeaf
from searchkit.rank.bm25 import Parameters, combined_frequencies, contributions, length_norms
from searchkit.search.leaves import occurrences
from searchkit.search.match import matching
from searchkit.search.resolve import ResolvedLeaf, ResolvedPlan


def explain(snapshot: IndexSnapshot, resolved: ResolvedPlan, parameters: Parameters, place: int) -> Explanation:
    """Explain the score of the live document at a place, whether or not the plan matches it."""
    view, doc = snapshot.locate(place)
    parts, total = [], 0.0
    for leaf in resolved.leaves:
        part = _leaf_part(snapshot, view, doc, leaf, parameters)
        if part is not None:
            parts.append(part)
            total += part.score
    root = resolved.plan.root
    matches = root is not None and doc in matching(view, root)
    return Explanation(
        id=view.reader.id(doc),
        matches=matches,
        score=float(np.float32(total)),
        documents=snapshot.documents,
        k1=parameters.k1,
        b=parameters.b,
        parts=tuple(parts),
    )


def describe(leaf: ScoredLeaf, fields: tuple[str, ...]) -> str:
    """A leaf as a person would type it, in index terms."""
    if isinstance(leaf, PhraseLeaf):
        text = '"' + " ".join(leaf.terms) + '"' + (f"~{leaf.slop}" if leaf.slop else "")
    elif isinstance(leaf, PrefixLeaf):
        text = f"{leaf.prefix}*"
    elif isinstance(leaf, WildcardLeaf):
        text = leaf.pattern
    else:
        text = leaf.term
    named = [name for number, name in enumerate(fields) if leaf.fields >> number & 1]
    return text if len(named) == len(fields) else f"{'/'.join(named)}:{text}"


def _leaf_part(
    snapshot: IndexSnapshot, view: SegmentView, doc: int, leaf: ResolvedLeaf, parameters: Parameters
) -> LeafPart | None:
    here = occurrences(view, leaf.leaf)
    row = int(np.searchsorted(here.docs, doc))
    if row == len(here.docs) or here.docs[row] != doc:
        return None
    tfs, lengths = here.tfs[row : row + 1], view.reader.lengths[doc : doc + 1]
    f = combined_frequencies(tfs, lengths, parameters, leaf.leaf.fields)
    fields = []
    for number, name in enumerate(snapshot.schema.text_fields):
        if leaf.leaf.fields >> number & 1 and tfs[0, number]:
            mean, weight = parameters.means[number], parameters.weights[number]
            alone = combined_frequencies(tfs, lengths, parameters, 1 << number)
            norm = length_norms(lengths[:, number], mean, parameters.b)
            frequency, length = int(tfs[0, number]), int(lengths[0, number])
            fields.append(FieldPart(name, weight, frequency, length, mean, float(norm[0]), float(alone[0])))
    added = contributions(f, idf=leaf.idf, times=leaf.times, k1=parameters.k1)
    return LeafPart(
        leaf=describe(leaf.leaf, snapshot.schema.text_fields),
        times=leaf.times,
        document_frequency=leaf.document_frequency,
        idf=leaf.idf,
        f=float(f[0]),
        score=float(added[0]),
        fields=tuple(fields),
    )

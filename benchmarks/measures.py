"""How good a ranking is, by judgements: the measures of the TREC evaluations, written to be read.

A ranking is a list of document ids, best first. Judgements give each judged document a grade; 0 or less, or no
judgement, means not relevant. All measures are between 0 and 1. For whole collections see `benchmarks/effectiveness.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `depth` documents.

    The gain of a document is its grade, its discount log2(1 + rank), as in trec_eval and in equation 6 of [1]_ with
    b = 2, which leaves the first two ranks undiscounted there and only the first one here.

    .. [1] K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.
    """
    gains = [max(grades.get(id, 0), 0) for id in ranking[:depth]]
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:depth]
    ideal = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(best))
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains)) / ideal if ideal else 0.0


def average_precision(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """Mean, over the relevant documents, of the precision at the rank of each; 0 for one that is not found."""
    found, total = 0, 0.0
    for rank, id in enumerate(ranking, 1):
        if grades.get(id, 0) > 0:
            found += 1
            total += found / rank
    relevant = sum(grade > 0 for grade in grades.values())
    return total / relevant if relevant else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], depth: int = 100) -> float:
    """Share of the relevant documents that are among the first `depth`."""
    relevant = {id for id, grade in grades.items() if grade > 0}
    return len(relevant & set(ranking[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """One over the rank of the first relevant document among the first `depth`; 0 if there is none."""
    return next((1 / rank for rank, id in enumerate(ranking[:depth], 1) if grades.get(id, 0) > 0), 0.0)

"""How good is a ranking? Four measures of retrieval, by the conventions of trec_eval.

A ranking is the list of document ids a search gave, best first, each once. Judgements map the ids of judged
documents to how relevant they are: above 0 is relevant, anything else (and not judged) is not. A query without
a relevant document has no measure and is left out of means. Cost: linear in the ranking. What this module does
not know: where rankings come from, and whether a difference between two is chance.

Gains are linear in relevance and the discount is log2(rank + 1), as `ndcg_cut` of trec_eval has them (Burges and
others use 2^relevance - 1; the two agree where judgements are binary).

References
----------
.. [1] K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM Trans. Inf. Syst. 20(4),
   2002. doi:10.1145/582415.582418
.. [2] C. Buckley, E. Voorhees, "Retrieval System Evaluation", in TREC: Experiment and Evaluation in Information
   Retrieval, MIT Press, 2005.
.. [3] trec_eval, https://github.com/usnistgov/trec_eval
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

Ranking: TypeAlias = Sequence[str]
Judgements: TypeAlias = Mapping[str, int]
Measure: TypeAlias = Callable[[Ranking, Judgements], float]


def ndcg(ranking: Ranking, judgements: Judgements, depth: int = 10) -> float:
    """Discounted gain of the first `depth` documents, over that of the best possible ranking [1]_.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> round(ndcg(["a", "x", "b"], {"a": 1, "b": 2}), 4)
    0.7602
    """
    gains = [max(judgements.get(document, 0), 0) for document in ranking[:depth]]
    best = sorted((max(relevance, 0) for relevance in judgements.values()), reverse=True)[:depth]
    return _discounted(gains) / _discounted(best)


def _discounted(gains: Sequence[int]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def average_precision(ranking: Ranking, judgements: Judgements) -> float:
    """Mean, over all relevant documents, of the precision at the rank each was found at; 0 for one not found [2]_.

    Examples
    --------
    >>> average_precision(["a", "x", "b"], {"a": 1, "b": 2, "c": 1})
    0.5555555555555555
    """
    found, total = 0, 0.0
    for rank, document in enumerate(ranking, start=1):
        if judgements.get(document, 0) > 0:
            found += 1
            total += found / rank
    return total / relevant(judgements)


def recall(ranking: Ranking, judgements: Judgements, depth: int = 100) -> float:
    """The share of the relevant documents that is among the first `depth` [2]_."""
    return sum(judgements.get(document, 0) > 0 for document in ranking[:depth]) / relevant(judgements)


def reciprocal_rank(ranking: Ranking, judgements: Judgements, depth: int = 10) -> float:
    """1 / rank of the first relevant document if it is among the first `depth`, else 0 [2]_."""
    ranks = (rank for rank, document in enumerate(ranking[:depth], start=1) if judgements.get(document, 0) > 0)
    return 1 / next(ranks, math.inf)


def relevant(judgements: Judgements) -> int:
    """How many documents are relevant."""
    return sum(relevance > 0 for relevance in judgements.values())


MEASURES: dict[str, Measure] = {"nDCG@10": ndcg, "MAP": average_precision, "R@100": recall, "MRR@10": reciprocal_rank}
"""The measures of a table, by the names they go by."""


def evaluate(rankings: Mapping[str, Ranking], judgements: Mapping[str, Judgements]) -> dict[str, float]:
    """The mean of each of `MEASURES` over all queries that have a relevant document.

    Parameters
    ----------
    rankings : mapping of query id to ranking
        A judged query that is missing counts 0 (trec_eval's option -c).
    judgements : mapping of query id to judgements

    Returns
    -------
    dict of str to float
        By the names of `MEASURES`; not a number if no query has a relevant document.
    """
    judged = [query for query in judgements if relevant(judgements[query])]
    return {
        name: math.fsum(measure(rankings.get(query, ()), judgements[query]) for query in judged) / len(judged)
        if judged
        else math.nan
        for name, measure in MEASURES.items()
    }

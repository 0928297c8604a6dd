"""Do all engines give the same answer? Compared before the clock starts; what differs is reported and not timed.

Counts must be equal. Of the ten best, each score must lie where the engine's own arithmetic puts it, given ours: equal,
or with another idf, or above it by what quantised lengths allow; each file in `peers/` says why. Documents are not
compared one by one, since equal scores may come in any order.
"""

from __future__ import annotations

from benchmarks.peers.base import Answer, Facts, Peer
from benchmarks.questions import Question

RANKS = 10


def disagreement(peer: Peer, question: Question, k: int, ours: Answer, theirs: Answer, facts: Facts) -> str | None:
    """What is wrong with an answer, or None.

    Parameters
    ----------
    k : int
        Hits asked for; 0 if only a count was.
    ours, theirs : Answer
        To the same question; ours knows the total.
    """
    if theirs.total is not None and theirs.total != ours.total:
        return f"counts {theirs.total} documents, we count {ours.total}"
    if not k:
        return None
    assert ours.total is not None
    if len(theirs.scores) != min(k, ours.total):
        return f"gives {len(theirs.scores)} hits where {ours.total} documents match"
    expected = peer.expected(question, ours.scores[:RANKS], facts)
    for rank, (score, (low, high)) in enumerate(zip(theirs.scores, expected or [], strict=False), 1):
        if not low <= score <= high:
            return f"scores {score:.5g} at rank {rank}, expected {low:.5g} to {high:.5g}"
    return None

"""The postings of a word that can score most, listed when a process first meets it, and ranked without its posting list.

A word's row (`rows.py`) has up to `CHAMPIONS_MAX` of them, by descending impact: all live documents from some impact on.
Where a known threshold asks for at least that impact, as it does for the ten best of nearly every word, no other posting
is looked at, and what scoring reads, a frequency and a length for each, is fetched from memory at once. Cost: some 20
nanoseconds a document; some 20 picoseconds a posting to list them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.rank.kernels.arrays import BOUND, CARD, DATA, FIRST, POSTING, RANKED
from searchkit.rank.kernels.bits import prefetch, trailing_zeros
from searchkit.rank.kernels.bounds import floor_of, impact_needed, promising
from searchkit.rank.kernels.exact import NARROW, contribution, is_allowed
from searchkit.rank.kernels.heap import key, push
from searchkit.rank.kernels.rows import CHAMPIONS, CHAMPIONS_MAX
from searchkit.rank.kernels.single import document_of

POSTINGS_MAX = 1 << 24
"""Postings of a word in a segment up to which it has champions."""
_POSTING, _IMPACT = 32, 56
"""First bits of a champion above its document: which of the word's postings it is, and its impact."""


@njit(**INLINE)
def _impact(champion: Any) -> Any:
    return champion >> _IMPACT & 0xFF


@njit(**INLINE)
def _posting(champion: Any) -> Any:
    return champion >> _POSTING & (POSTINGS_MAX - 1)


@njit(**JIT)
def list_champions(segment: Any, place: Any, table: Any, allowed: Any, covered: Any, out: Any) -> Any:
    """List the allowed documents of a described term with at least an impact; returns how many.

    Parameters
    ----------
    place : ndarray of shape (6,), int64
        A row of `Leaves.places`; fewer than `POSTINGS_MAX` postings.
    table : ndarray of shape (windows, 3), int64
        Its containers; see `describe.describe_term`.
    covered : int
        The impact, 1 to 256; no more documents have it than there is room for.
    out : ndarray of shape (n,), int64
        Filled from the front, by descending impact, then by document: document | posting << 32 | impact << 56.
    """
    held = 0
    for window in range(len(table)):
        data, card, first = table[window, DATA], table[window, CARD], table[window, POSTING]
        for start in range(0, card, 64):
            mask = promising(segment.impacts, first + start, min(card - start, 64), covered)
            while mask != 0:
                i = start + trailing_zeros(mask)
                mask &= mask - np.uint64(1)
                doc = (window << 16) + document_of(segment, place[RANKED], window, data, card, i)
                if not is_allowed(allowed, doc):
                    continue
                impact, at = np.int64(segment.impacts[first + i]), held
                while at > 0 and _impact(out[at - 1]) < impact:
                    out[at] = out[at - 1]
                    at -= 1
                out[at] = impact << _IMPACT | (first + i - place[FIRST]) << _POSTING | doc
                held += 1
    return held


@njit(**INLINE)
def rank_champions(
    segment: Any, facts: Any, leaves: Any, scoring: Any, heap: Any, held: Any, least: Any, base_place: Any
) -> Any:  # fmt: skip
    """Offer the champions of one word to the heap; see `ranking.rank_segment`.

    Exact where `impact_needed` is at least what they cover. They are live, being those of a snapshot.

    Parameters
    ----------
    facts : ndarray of shape (SEGMENT_NUMBERS,), int64
        See `rows.MOST_IMPACT`.
    """
    bound, first, count = leaves.factors[0, BOUND], leaves.places[0, FIRST], 0
    narrow, fields = len(segment.vectors) == NARROW, segment.lengths.shape[1]
    needed = impact_needed(floor_of(heap, held, least), bound)
    while count < CHAMPIONS_MAX and _impact(facts[CHAMPIONS + count]) >= needed:
        champion = facts[CHAMPIONS + count]
        prefetch(segment.tfs, (first + _posting(champion)) >> narrow)
        prefetch(segment.lengths, (champion & 0xFFFFFFFF) * fields)
        count += 1
    for at in range(CHAMPIONS, CHAMPIONS + count):
        champion = facts[at]
        if _impact(champion) < impact_needed(floor_of(heap, held, least), bound):
            break
        doc = champion & 0xFFFFFFFF
        score = contribution(segment, leaves, scoring, 0, first + _posting(champion), doc)
        held = push(heap, held, key(score, base_place + doc))
    return held

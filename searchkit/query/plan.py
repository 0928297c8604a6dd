"""The plan: what a search has to do, in terms of the index, with nothing left of how it was typed.

A plan holds two things that are kept apart on purpose. The **tree** (`Plan.root`) decides which documents are
results. The **words** (`Plan.scored`) decide their order: a document's score is the sum over every scored leaf
that occurs in it, whether or not the part of the tree that leaf stands in was the one that matched. So the
same words give the same scores however they are joined.

What the nodes mean, for one snapshot, as sets of live documents:

    TermLeaf, PhraseLeaf, PrefixLeaf,
    WildcardLeaf                        documents in which it occurs in one of the fields of its mask
    KeywordLeaf, RangeLeaf              documents whose field holds that value, or a value in that range
    EverythingLeaf                      every live document
    Bool                                must given: the intersection of must (should is then optional);
                                        else should given: the union of should; else: every live document;
                                        minus everything in must_not

A `Bool` holds at least one node. Plans are small (`limits.QUERY_LEAVES_MAX` leaves, and at most three nested
`Bool` for each of `limits.QUERY_DEPTH_MAX` parentheses, so recursion over them is safe), frozen, hashable and
comparable; equal plans have equal results. This module does not know how a plan is made (`bind.py`) or run
(`search/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class TermLeaf:
    """One term, in any of the text fields of the mask.

    Attributes
    ----------
    term : str
        As the analyzer gives it: folded and stemmed.
    fields : int
        Bit i stands for the i-th of `Schema.text_fields`; `Schema.all_text_mask` for any of them.
    """

    term: str
    fields: int


@dataclass(frozen=True, slots=True)
class PhraseLeaf:
    """Two or more terms one after the other within one field of the mask.

    Attributes
    ----------
    terms : tuple of str
    fields : int
        As in `TermLeaf`.
    slop : int
        How many other words may stand between them, all gaps together; 0: the terms are neighbours.
    """

    terms: tuple[str, ...]
    fields: int
    slop: int = 0


@dataclass(frozen=True, slots=True)
class PrefixLeaf:
    """Any term that starts with `prefix`, or is one of `also`.

    Attributes
    ----------
    prefix : str
        Case and diacritics folded, not stemmed; never empty.
    also : tuple of str
        Terms that count as well though they do not start with the prefix: the stem of what was typed, since
        the index holds stems (``running*`` also means ``run``).
    fields : int
        As in `TermLeaf`.
    """

    prefix: str
    also: tuple[str, ...]
    fields: int


@dataclass(frozen=True, slots=True)
class WildcardLeaf:
    """Any term that fits a pattern; see `wildcards.py`.

    Attributes
    ----------
    pattern : str
        Case and diacritics folded, not stemmed; with at least one `*` or `?` and one other character.
    fields : int
        As in `TermLeaf`.
    """

    pattern: str
    fields: int


@dataclass(frozen=True, slots=True)
class KeywordLeaf:
    """A `Keyword` field that holds exactly this value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class RangeLeaf:
    """A `Number` or `Date` field with ``low <= value <= high``; either end may be infinite, low <= high.

    Dates are seconds since 1970 in UTC. A strict bound is already the next float64 inwards.
    """

    field: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EverythingLeaf:
    """Every live document."""


@dataclass(frozen=True, slots=True)
class Bool:
    """Documents in all of `must` or, if there is none, in any of `should`; in none of `must_not`."""

    must: tuple[Node, ...] = ()
    should: tuple[Node, ...] = ()
    must_not: tuple[Node, ...] = ()


ManyLeaf: TypeAlias = PrefixLeaf | WildcardLeaf
"""What stands for any number of terms, which count as one."""
ScoredLeaf: TypeAlias = TermLeaf | PhraseLeaf | ManyLeaf
Leaf: TypeAlias = ScoredLeaf | KeywordLeaf | RangeLeaf | EverythingLeaf
Node: TypeAlias = TermLeaf | PhraseLeaf | PrefixLeaf | WildcardLeaf | KeywordLeaf | RangeLeaf | EverythingLeaf | Bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to find and how to rank it.

    Attributes
    ----------
    root : Node or None
        Which documents are results. None: nothing was asked, so nothing is found.
    scored : tuple of (leaf, int)
        Every term, phrase, prefix and wildcard that is not under a `must_not`, once each, with how often it stands in
        the query, in order of first appearance there. Scores are summed in this order.
    warnings : tuple of str
        What was not understood, or cut, and how it was read instead; for people.
    """

    root: Node | None
    scored: tuple[tuple[ScoredLeaf, int], ...] = ()
    warnings: tuple[str, ...] = ()

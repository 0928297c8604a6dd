"""Which documents a plan finds, the dull way: look at every document, ask every node. Imports nothing of the product.

A document is a mapping of field names to a list: of terms for a text field, of values for a keyword field, of numbers
for a number or date field. A plan is nested tuples:

    ("term", term, fields)                 the term stands in one of these fields
    ("phrase", terms, fields)              the terms stand one after the other within one of these fields
    ("near", terms, slop, fields)          the terms stand in order within one of these fields, at most so many others between
    ("prefix", prefix, also, fields)       a term that starts with the prefix, or is one of `also`
    ("wildcard", pattern, fields)          a term that the pattern fits: * is any characters, ? is one
    ("keyword", field, value)              the field has exactly this value
    ("range", field, low, high)            the field has a number with low <= number <= high
    ("everything",)
    ("bool", must, should, must_not)       all of must or, if there is none, any of should; none of must_not
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Document = Mapping[str, Sequence[Any]]
Node = tuple[Any, ...]


def matching(documents: Iterable[Document], plan: Node | None) -> set[int]:
    """Numbers, from 0 in the order given, of the documents a plan finds. No plan finds nothing."""
    if plan is None:
        return set()
    return {number for number, document in enumerate(documents) if matches(document, plan)}


def matches(document: Document, node: Node) -> bool:
    """Whether one document is found by one node."""
    kind, *rest = node
    if kind == "everything":
        return True
    if kind == "term":
        term, fields = rest
        return any(term in document.get(field, ()) for field in fields)
    if kind == "phrase":
        terms, fields = rest
        return any(phrase_starts(document.get(field, ()), terms) for field in fields)
    if kind == "near":
        terms, slop, fields = rest
        return any(minimal_intervals(document.get(field, ()), terms, slop) for field in fields)
    if kind == "prefix":
        prefix, also, fields = rest
        return any(term.startswith(prefix) or term in also for field in fields for term in document.get(field, ()))
    if kind == "wildcard":
        pattern, fields = rest
        return any(fits(pattern, term) for field in fields for term in document.get(field, ()))
    if kind == "keyword":
        field, value = rest
        return value in document.get(field, ())
    if kind == "range":
        field, low, high = rest
        return any(low <= number <= high for number in document.get(field, ()))
    if kind == "bool":
        must, should, must_not = rest
        if any(matches(document, child) for child in must_not):
            return False
        if must:
            return all(matches(document, child) for child in must)
        return any(matches(document, child) for child in should) if should else True
    raise ValueError(f"no such node: {kind!r}")


def phrase_starts(terms: Sequence[str], phrase: Sequence[str]) -> list[int]:
    """Every position at which the phrase starts; occurrences may overlap."""
    wanted = list(phrase)
    return [at for at in range(len(terms) - len(wanted) + 1) if list(terms[at : at + len(wanted)]) == wanted]


def minimal_intervals(terms: Sequence[str], phrase: Sequence[str], slop: int) -> list[tuple[int, int]]:
    """First and last position of every stretch that holds the phrase in order, and no shorter such stretch within it.

    Only stretches in which at most `slop` positions are left over once each word of the phrase has one.
    """
    found = []
    for start in range(len(terms)):
        for end in range(start, min(len(terms), start + len(phrase) + slop)):
            inner = _in_order(terms[start + 1 : end + 1], phrase) or _in_order(terms[start:end], phrase)
            if _in_order(terms[start : end + 1], phrase) and not inner:
                found.append((start, end))
    return found


def _in_order(terms: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words of the phrase stand among the terms in their order, whatever is between them."""
    left = iter(terms)
    return all(word in left for word in phrase)


def fits(pattern: str, term: str) -> bool:
    """Whether a pattern with * for any characters and ? for one fits a whole term; tries everything."""
    if not pattern:
        return not term
    if pattern[0] == "*":
        return any(fits(pattern[1:], term[skipped:]) for skipped in range(len(term) + 1))
    return bool(term) and pattern[0] in ("?", term[0]) and fits(pattern[1:], term[1:])

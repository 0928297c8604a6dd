"""Which documents a plan finds, the dull way: look at every document, ask every node. Imports nothing of the product.

A document is a mapping of field names to a list: of terms for a text field, of values for a keyword field, of numbers
for a number or date field. A plan is nested tuples:

    ("term", term, fields)                 the term stands in one of these fields
    ("phrase", terms, fields)              the terms stand one after the other within one of these fields
    ("prefix", prefix, also, fields)       a term that starts with the prefix, or is one of `also`
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
    if kind == "prefix":
        prefix, also, fields = rest
        return any(term.startswith(prefix) or term in also for field in fields for term in document.get(field, ()))
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

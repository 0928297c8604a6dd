"""Turns the product's plans into the plain tuples that the oracles in `tests/reference/` judge."""

from __future__ import annotations

from typing import Any

from searchkit.model.schema import Schema
from searchkit.query.plan import (
    Bool,
    EverythingLeaf,
    KeywordLeaf,
    Node,
    PhraseLeaf,
    Plan,
    PrefixLeaf,
    RangeLeaf,
    TermLeaf,
    WildcardLeaf,
)


def as_tuples(node: Node, schema: Schema) -> tuple[Any, ...]:
    """One node and all below it, as `tests/reference/boolean.py` describes them."""
    match node:
        case TermLeaf(term, fields):
            return "term", term, _names(fields, schema)
        case PhraseLeaf(terms, fields, 0):
            return "phrase", terms, _names(fields, schema)
        case PhraseLeaf(terms, fields, slop):
            return "near", terms, slop, _names(fields, schema)
        case PrefixLeaf(prefix, also, fields):
            return "prefix", prefix, also, _names(fields, schema)
        case WildcardLeaf(pattern, fields):
            return "wildcard", pattern, _names(fields, schema)
        case KeywordLeaf(field, value):
            return "keyword", field, value
        case RangeLeaf(field, low, high):
            return "range", field, low, high
        case EverythingLeaf():
            return ("everything",)
        case Bool(must, should, must_not):
            parts = (tuple(as_tuples(child, schema) for child in part) for part in (must, should, must_not))
            return "bool", *parts
    raise TypeError(node)


def root_as_tuples(plan: Plan, schema: Schema) -> tuple[Any, ...] | None:
    """A plan's tree, or None."""
    return None if plan.root is None else as_tuples(plan.root, schema)


def scored_as_tuples(plan: Plan, schema: Schema) -> list[tuple[tuple[Any, ...], int]]:
    """A plan's scored leaves with their multiplicities, as `tests/reference/bm25f.py` takes them."""
    return [(as_tuples(leaf, schema), times) for leaf, times in plan.scored]


def _names(fields: int, schema: Schema) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(schema.text_fields) if fields >> bit & 1)

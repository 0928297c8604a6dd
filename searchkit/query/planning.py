"""From the text of a query to its plan, by the short way where there is one.

Parser and binder are imported when the first query comes that is more than plain words: a process that asks one
question of words is done before they would be loaded.
"""

from __future__ import annotations

from typing import Literal

from searchkit.analysis.analyzer import Analyzer
from searchkit.model.schema import Schema
from searchkit.query.plain import plan_words
from searchkit.query.plan import Plan


def plan_query(
    text: str, schema: Schema, analyzer: Analyzer, mode: Literal["any", "all"] = "any", strict: bool = False
) -> Plan:
    """Read a query and bind it; see `parse` and `bind`. Plain words take a shorter way to the same plan."""
    plain = plan_words(text, schema, analyzer, mode)
    if plain is not None:
        return plain
    from searchkit.query.bind import bind
    from searchkit.query.parse import parse

    return bind(parse(text, mode=mode, strict=strict), schema, analyzer, mode, strict=strict)

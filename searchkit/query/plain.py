"""The commonest query, planned in a few microseconds: words of ASCII letters and digits with spaces between,
all of them signed `+` or none.

Such a text has no operators, fields, quotes or compounds in it, so its plan follows from its terms alone. Whatever is
not so plain is left to `parse.py` and `bind.py`; where both can answer, they answer the same, which a property test
holds them to. What this module does not know: everything they do.
"""

from __future__ import annotations

import re
from typing import Final

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.model.schema import Schema
from searchkit.query.plan import Bool, Plan, ScoredLeaf, TermLeaf

_WORDS: Final = re.compile(
    r"[A-Za-z0-9]{1,64}(?: +[A-Za-z0-9]{1,64})*"  # Words,
    r"|\+[A-Za-z0-9]{1,64}(?: +\+[A-Za-z0-9]{1,64})*"  # or words that must all be there.
)
_OPERATORS: Final = frozenset({"AND", "OR", "NOT"})


def plain_terms(text: str, analyzer: Analyzer) -> list[str] | None:
    """The terms of a plain query, one for each word between spaces; None if the text is not plain."""
    if len(text) > limits.QUERY_CHARACTERS_MAX or not _WORDS.fullmatch(text):
        return None
    words = text.split()
    if len(words) > limits.QUERY_LEAVES_MAX or not _OPERATORS.isdisjoint(words):
        return None
    terms = analyzer.terms(text.replace("+", "") if text[0] == "+" else text)
    # A word that is cut up or left out is not plain after all.
    return list(terms) if len(terms) == len(words) else None


def plan_words(text: str, schema: Schema, analyzer: Analyzer, mode: str) -> Plan | None:
    """The plan of a plain query, or None if the text is not plain.

    Parameters
    ----------
    mode : {"any", "all"}
        Whether one of the words is enough where they have no sign.
    """
    terms = plain_terms(text, analyzer)
    if terms is None:
        return None
    fields = schema.all_text_mask
    times: dict[ScoredLeaf, int] = {}
    for term in terms:
        leaf = TermLeaf(term, fields)
        times[leaf] = times.get(leaf, 0) + 1
    leaves = tuple(times)
    if len(leaves) == 1:
        return Plan(leaves[0], tuple(times.items()))
    must = mode == "all" or text[0] == "+"
    return Plan(Bool(must=leaves) if must else Bool(should=leaves), tuple(times.items()))

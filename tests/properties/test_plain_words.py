"""The short way to the plan of a plain query ends where the long way does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis.analyzer import analyzer
from searchkit.model.schema import Number, Schema, Text
from searchkit.query.bind import bind
from searchkit.query.parse import parse
from searchkit.query.plain import plan_words

SCHEMA = Schema(title=Text(weight=2.0), text=Text(), year=Number())
LETTERS = "abcXYZ019 "

words = st.sampled_from(
    [
        "running",
        "Runs",
        "the",
        "AND",
        "or",
        "NOT",
        "x1y2",
        "3d",
        "utf8",
        "2020",
        "a",
        "ﬁne",
        "a" * 70,
        "a" * 300,
        "year",
    ]
)
texts = st.lists(words, max_size=8).map(" ".join) | st.text(LETTERS, max_size=30) | st.text(max_size=10)


@pytest.mark.parametrize("language", ["en", "de", "none"])
@given(text=texts, mode=st.sampled_from(["any", "all"]))
def test_plain_words_are_planned_alike(language, text, mode):
    """Whenever the short way has an answer, it is the long way's: tree, leaves, order and warnings."""
    short = plan_words(text, SCHEMA, analyzer(language), mode)
    if short is not None:
        assert short == bind(parse(text, mode=mode), SCHEMA, analyzer(language), mode)


def test_plain_words_take_the_short_way():
    """Words and numbers are plain; operators, fields, accents and empty text are not."""
    for text in ("roman empire", "Python 3", "a"):
        assert plan_words(text, SCHEMA, analyzer("en"), "any") is not None
    for text in ("", " a", "a AND b", "a -b", "year:2020", "caf\u00e9", '"a b"', "a*", "a" * 300):
        assert plan_words(text, SCHEMA, analyzer("en"), "any") is None

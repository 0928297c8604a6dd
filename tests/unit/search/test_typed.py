"""What is being typed falls into the same parts, whether it is plain or has to be looked at letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.analysis.analyzer import analyzer
from searchkit.search import typed

ENGLISH = analyzer("en")


@given(text=st.text(alphabet="aB1 \t\x1c\0'.é-", max_size=12))
@example(text="New  york ")
@example(text=" a")
def test_plain_text_falls_into_the_same_parts(text: str) -> None:
    """The quick way for plain words is the long way, made shorter."""
    cleaned = text.replace("\0", " ").lstrip()
    assert typed.take_apart(text, ENGLISH) == typed._take_apart(cleaned, ENGLISH)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("New Y", ("New ", "new", "y", "new y")),
        ("New ", ("New ", "new", "", "new ")),
        ("Élan v", ("Élan ", "elan", "v", "elan v")),
        ("the cat's e", ("the cat's ", "cat", "e", None)),
        ("Y", ("", "", "y", "y")),
        ("x" * 2 * limits.QUERY_CHARACTERS_MAX, ("", "", "x" * limits.QUERY_CHARACTERS_MAX, None)),
        (" ?! ", None),
        ("", None),
    ],
)
def test_parts(text: str, parts: tuple[str | None, ...] | None) -> None:
    """The last word, the one before it, and all that stands ahead."""
    found = typed.take_apart(text, ENGLISH)
    if parts is None or found is None:
        assert found is parts
    else:
        assert [part for part, expected in zip(found, parts, strict=True) if expected is not None] == [
            expected for expected in parts if expected is not None
        ]

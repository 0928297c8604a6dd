"""Wildcards: what fits, and that no pattern takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.query.wildcards import Wildcard
from tests.reference.boolean import fits


@given(pattern=st.text("ab*?", min_size=1, max_size=8), word=st.text("ab", max_size=9))
def test_a_pattern_fits_what_trying_everything_finds(pattern, word):
    """Piece by piece, each at its first place, gives what the oracle finds by trying all."""
    assert Wildcard(pattern).matches(word) == fits(pattern, word)


@given(pattern=st.text("ab*?", min_size=1, max_size=8), word=st.text("ab", max_size=9))
def test_whatever_fits_begins_as_told(pattern, word):
    """`beginning` leaves out no word that fits."""
    wildcard = Wildcard(pattern)
    assert not wildcard.matches(word) or word.startswith(wildcard.beginning)


@pytest.mark.parametrize("piece", ["a*", "a?*", "*a?", "?*"])
def test_no_pattern_takes_long(piece):
    """A pattern that a backtracking matcher would never finish with is compared a thousand times in a moment."""
    wildcard = Wildcard(piece * 60 + "b")
    started = time.process_time()
    assert not any(wildcard.matches("a" * 255) for _ in range(100))
    assert time.process_time() - started < 10

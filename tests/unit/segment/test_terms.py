"""Terms are numbered in byte order, found by name, by number and by prefix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.codec.byte_order import byte_order
from searchkit.segment.terms import TermDictionary, encode_terms

letters = st.sampled_from(["a", "b", "z", "é", "東", "\U0001f600", "\uffff", "\x01", " "])
names = st.text(letters, min_size=1, max_size=30) | st.text(min_size=1, max_size=5).filter(
    lambda text: "\0" not in text and text.isprintable()
)
vocabularies = st.lists(names, unique=True, max_size=60)


def dictionary(terms: list[str]) -> TermDictionary:
    data, key_numbers, _ = encode_terms(terms)
    return TermDictionary(data, key_numbers)


@given(vocabularies)
def test_numbers_are_ranks_in_byte_order(terms: list[str]) -> None:
    """Every way to ask gives the rank of a term among all of them by their UTF-8 bytes."""
    ordered = sorted(terms, key=lambda term: term.encode())
    _, _, numbers = encode_terms(terms)
    assert [ordered[number] for number in numbers] == terms
    known = dictionary(terms)
    assert len(known) == len(terms)
    assert list(known.names()) == ordered
    assert list(known.items()) == [(term, number) for number, term in enumerate(ordered)]
    assert [known.number(term) for term in ordered] == list(range(len(ordered)))
    assert [known.term(number) for number in range(len(ordered))] == ordered
    assert known.number("never seen") is None


@given(vocabularies, st.text(letters, max_size=3), st.data())
def test_a_prefix_is_a_range(terms: list[str], prefix: str, data: st.DataObject) -> None:
    """The terms with a prefix are those from the first number on and before the last; none is an empty range."""
    if terms and data.draw(st.booleans()):
        term = data.draw(st.sampled_from(terms))
        prefix = term[: data.draw(st.integers(0, len(term)))]
    ordered, known = sorted(terms), dictionary(terms)
    low, high = known.prefix_range(prefix)
    wanted = [term for term in ordered if term.startswith(prefix)]
    assert ordered[low:high] == wanted
    assert list(known.with_prefix(prefix)) == [(term, number) for number, term in enumerate(ordered) if term in wanted]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), unique=True))
def test_byte_order_is_that_of_sorting(terms: list[str]) -> None:
    """Eight bytes at a time or one by one: the same order, also with a NUL inside a term."""
    assert [terms[place] for place in byte_order(terms)] == sorted(terms)


def test_many_terms_with_one_beginning() -> None:
    """Ties are broken as deep as they go."""
    terms = [f"{'a' * 40}{number}" for number in range(300)] + ["a" * length for length in range(1, 60)]
    assert [terms[place] for place in byte_order(terms)] == sorted(terms)


@pytest.mark.parametrize("numbers", [[0], [0, 1, 2], [0, 2]])
def test_numbers_that_do_not_fit_are_refused(numbers: list[int]) -> None:
    """A number beyond the terms would lead out of the arrays that numbers lead into."""
    data, _, _ = encode_terms(["one", "two"])
    with pytest.raises(ValueError, match="one for each term"):
        TermDictionary(data, np.array(numbers, np.uint32))

"""A record of any shape becomes a document or is refused by name: never another exception, never a message of pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import Date, Keyword, Number, Schema, Text, limits
from searchkit.errors import DocumentInvalid
from searchkit.model.document import as_id, to_document

SCHEMA = Schema(text=Text(), tags=Keyword(), year=Number(), published=Date())

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(max_size=3)
    | st.dates() | st.datetimes() | st.sampled_from([10**309, -(10**309), 10**700, "1e999", "\ud800", "\0", "x" * 300])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["id", "url", "text", "tags", "year", "published", "more"]), values))
def test_any_record_is_a_document_or_refused(record: dict[str, Any]) -> None:
    """Whatever the fields hold; and a refusal can be read."""
    try:
        document = to_document(record, SCHEMA, "here:1")
    except DocumentInvalid as error:
        assert str(error).startswith("here:1: ")
        assert len(str(error)) < 300
    else:
        assert document.id == as_id(document.id)
        document.stored.decode("utf-8")


@pytest.mark.parametrize("field", ["year", "published", "text", "tags", "more", "id"])
@pytest.mark.parametrize("digits", [400, 5_000])
def test_huge_whole_numbers(field: str, digits: int) -> None:
    """One that no float64 can hold is no Number and no Date; one too long to be written is refused everywhere."""
    number = -(10**digits)
    record = {"id": "1", field: number}
    if digits == 5_000 or field in ("year", "published"):
        with pytest.raises(DocumentInvalid):
            to_document(record, SCHEMA)
    else:
        assert str(number) in to_document(record, SCHEMA).stored.decode()


def test_a_refusal_does_not_repeat_the_document() -> None:
    """A megabyte where a number should be is shown by its beginning and its end."""
    with pytest.raises(DocumentInvalid) as caught:
        to_document({"id": "1", "year": "x" * 1_000_000}, SCHEMA)
    assert len(str(caught.value)) < 200


def test_ids_are_looked_for_as_they_are_kept() -> None:
    """Whole numbers as digits, surrogates and NUL replaced; anything else is nobody's id."""
    for id in (7, "7", "a\0b", "a\ud800b", -1):
        assert as_id(id) == to_document({"id": id}, SCHEMA).id
    for other in (None, "", True, 1.5, b"7", ["7"], 10**5_000):
        assert as_id(other) is None
    assert limits.INTEGER_BITS_MAX < 2_126  # bits of 640 digits


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-02", 86_400), ("1970-01-01T01:00:00+01:00", 0), (date(1970, 1, 2), 86_400), (1.5, 1.5), (" 1970-01-01 ", 0),
        (datetime(1970, 1, 1, 1, tzinfo=UTC), 3_600), ("0001-01-01T00:00:00+14:00", -62_135_647_200),
    ],
)  # fmt: skip
def test_moments_in_many_forms(value: Any, seconds: float) -> None:
    """ISO 8601 text, dates, datetimes and seconds are the same moment; without a zone they are in UTC."""
    assert to_document({"id": "1", "published": value}, SCHEMA).columns[1] == seconds

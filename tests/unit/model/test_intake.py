"""Records taken in together become what each would become alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import Date, Keyword, Number, Schema, Text, limits
from searchkit.errors import DocumentInvalid
from searchkit.model.document import to_document
from searchkit.model.intake import Intake

SCHEMAS = [
    Schema(text=Text()),
    Schema(title=Text(), text=Text(), tags=Keyword(), year=Number(), published=Date()),
]
strings = st.text(st.characters()) | st.sampled_from(
    [
        "",
        'a "quoted" \\ text',
        "line\nline\r\n\ttab",
        "\x01\x1f\x7f",
        "\0",
        "\ud800",
        "für 東京 😀",
        "1999",
        "2024-05-01",
        "%b",
    ]
)
odd = st.none() | st.booleans() | st.integers() | st.floats() | st.lists(strings, max_size=2) | st.dates()
keys = st.sampled_from(["id", "url", "title", "text", "tags", "year", "published", "more", 'a"%s\\b', "ü"])
records = st.dictionaries(keys, strings) | st.dictionaries(keys, strings | odd)
batches = st.lists(records | st.just([("id", "1")]) | st.just(["id", "text"]), max_size=8)


@given(batch=batches, schema=st.sampled_from(SCHEMAS))
def test_a_batch_is_its_records(batch: list[Any], schema: Schema) -> None:
    """Each document equals the one made alone; a record that is refused is refused in the same words and not kept."""
    intake = Intake(schema)
    expected = []
    for record in batch:
        try:
            document = to_document(record, schema, "here")
        except DocumentInvalid as error:
            with pytest.raises(DocumentInvalid) as caught:
                intake.add(record, "here")
            assert str(caught.value) == str(error)
        else:
            intake.add(record, "here")
            assert document.id in intake
            expected.append(document)
    assert bool(intake) == bool(expected)
    for _ in range(2):
        taken = intake.take()
        fields = len(schema.text_fields)
        assert taken.ids == [document.id for document in expected]
        assert taken.texts == [text for document in expected for text in document.texts]
        assert len(taken.texts) == fields * len(taken)
        assert taken.keywords == [document.keywords for document in expected]
        assert repr(taken.columns) == repr([document.columns for document in expected])  # NaN equals itself in writing.
        assert taken.stored == [document.stored for document in expected]
        assert taken.digests.tolist() == [document.digest for document in expected]
        expected = []  # Taken once, they are gone.


def test_some_rows_of_a_batch() -> None:
    """Rows are chosen field by field."""
    intake = Intake(SCHEMAS[1])
    for number in range(4):
        intake.add({"id": str(number), "title": f"t{number}", "text": f"x{number}", "tags": f"k{number}"})
    some = intake.take().rows([1, 3])
    assert some.ids == ["1", "3"]
    assert some.texts == ["t1", "x1", "t3", "x3"]
    assert [dict(pairs)["tags"] for pairs in some.keywords] == ["k1", "k3"]
    assert [stored.decode()[:9] for stored in some.stored] == ['{"id":"1"', '{"id":"3"']


def test_shapes_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source whose records all have other keys fills no memory with them."""
    monkeypatch.setattr("searchkit.model.intake._SHAPES_MAX", 8)
    intake = Intake(SCHEMAS[0])
    for number in range(100):
        intake.add({"id": str(number), f"key{number}": "x"})
    assert len(intake._shapes) <= 8
    assert len(intake.take()) == 100


@pytest.mark.parametrize("char", ["x", "\x01", "ü", '"'])
def test_a_record_too_large_is_refused_when_it_is_taken_in(char: str) -> None:
    """The limit is that of the record as JSON, however much longer than the text that is."""
    size = limits.DOCUMENT_CHARACTERS_MAX // len(
        ('"' + char if char == '"' else char).encode().replace(b"\x01", b"\\u0001")
    )
    intake = Intake(SCHEMAS[0])
    intake.add({"id": "1", "text": char * (size - 100)})
    with pytest.raises(DocumentInvalid, match="more than the limit"):
        intake.add({"id": "2", "text": char * size})
    assert intake.take().ids == ["1"]

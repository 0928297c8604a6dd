"""Whatever is passed in place of what is asked for: an error of ours that says what was wrong, and nothing changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Schema, Text
from searchkit.errors import NotACollection, RequestError, SchemaError

WRONG: list[Any] = [None, 5, b"bytes", 1.5, [], object()]


@pytest.mark.parametrize("path", [*WRONG, "a\0b"], ids=lambda wrong: type(wrong).__name__)
def test_a_path_is_a_text_or_a_path(path: Any) -> None:
    """Nothing else names a directory."""
    with pytest.raises(NotACollection):
        searchkit.create(path)
    with pytest.raises(NotACollection):
        searchkit.open(path)


def test_a_schema_is_a_schema(tmp_path: Path) -> None:
    """Nor is a mapping one, or a number a language."""
    for schema in (5, {"text": Text()}, "text"):
        with pytest.raises(SchemaError):
            searchkit.create(tmp_path / "site", schema=schema)  # type: ignore[arg-type]
    with pytest.raises(SchemaError):
        searchkit.create(tmp_path / "site", language=5)  # type: ignore[arg-type]
    with pytest.raises(SchemaError):
        Schema(text=Text(language=5))  # type: ignore[arg-type]
    assert not (tmp_path / "site").exists()


def test_other_arguments(tmp_path: Path) -> None:
    """Timeouts, parameters, weights, records."""
    with searchkit.create(tmp_path / "site") as index:
        for timeout in ("x", None, float("nan")):
            with pytest.raises(RequestError):
                index.writer(lock_timeout=timeout)
        for options in ({"k1": "a"}, {"b": None}, {"weights": 5}, {"weights": {5: 1.0}}):
            with pytest.raises(RequestError):
                index.search("x", **options)
        with index.writer() as writer, pytest.raises(RequestError):
            writer.add_many(5)  # type: ignore[arg-type]

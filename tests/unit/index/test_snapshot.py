"""What a snapshot promises while others write: one commit, found whatever is removed meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit.segment import reader


@pytest.mark.parametrize("step", ["spine", "ValueFile"])
def test_a_segment_merged_away_while_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A merge may remove a file between any two steps of opening it; the reader then takes the newer commit."""
    with searchkit.create(tmp_path / "site") as index:
        for id in ("1", "2"):
            with index.writer() as writer:
                writer.add({"id": id, "text": "word"})
        real, merged = getattr(reader, step), []

        def after_a_merge(path: Path) -> Any:
            if not merged:
                merged.append(True)
                index.merge()
            return real(path)

        with searchkit.open(tmp_path / "site") as other:
            monkeypatch.setattr(reader, step, after_a_merge)
            assert [hit.id for hit in other.search("word")] == ["1", "2"]
        assert merged

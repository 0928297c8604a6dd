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


def test_what_is_unchanged_is_used_again(tmp_path: Path) -> None:
    """A commit opens what it added; of segments that lost nothing, all that was derived goes along."""
    with searchkit.create(tmp_path / "site") as index:
        for ids in ("1", "2abcdefgh", "3"):  # Of nine documents one may go without the segment being rewritten.
            with index.writer() as writer:
                writer.add_many({"id": id, "text": "word"} for id in ids)
        before = index.snapshot().held
        with index.writer() as writer:
            writer.delete("2")
            writer.add({"id": "4", "text": "word"})
        after = index.snapshot().held
        assert [one is other for one, other in zip(before.views, after.views, strict=False)] == [True, False, True]
        assert [view.reader for view in before.views] == [view.reader for view in after.views[:3]]
        assert [found.document_frequency("word") for found in (before, after)] == [11, 11]
        assert [view.document_frequency("word") for view in after.views] == [1, 8, 1, 1]

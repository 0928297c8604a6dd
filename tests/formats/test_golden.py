"""The index kept in the repository is read, and gives the answers it gave when it was written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import searchkit
from tests.formats.golden import HERE, answers


def test_the_golden_index_is_read(tmp_path: Path) -> None:
    """Records, hits, scores, marks: as they were. It is sound, and can be written to."""
    shutil.copytree(HERE, tmp_path / "site")
    wanted = json.loads((HERE / "answers.json").read_text(encoding="utf-8"))
    with searchkit.open(tmp_path / "site") as index:
        assert json.loads(json.dumps(answers(index))) == wanted
        assert index.check().findings == ()
        with index.writer() as writer:
            writer.add({"id": "new", "text": "more bread"})
        index.merge()
        assert len(index) == wanted["documents"] + 1
        assert [record["id"] for record in index.export()][-1] == "new"

"""`searchkit demo`: from nothing to three answered queries over real pages, without a network, and quickly again."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.docs.commands import searchkit


@pytest.mark.timeout(290)
def test_the_demo_crawls_indexes_and_answers(tmp_path):
    """The first run fetches at least 500 pages and answers three queries; the second is quick and changes nothing."""
    first = searchkit("demo", where=tmp_path)
    assert first.returncode == 0, first.stderr
    text = first.stdout.decode()
    (directory,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(re.findall(r"^\S.*: [\d,]+ pages, [\d.]+ ms$", text, re.MULTILINE)) == 3
    assert text.count("searchkit ") == 3
    stats = json.loads(searchkit("stats", directory, "--json").stdout)
    assert stats["documents"] >= 500

    began = time.monotonic()
    second = searchkit("demo", where=tmp_path)
    assert second.returncode == 0, second.stderr
    assert time.monotonic() - began < 30
    assert json.loads(searchkit("stats", directory, "--json").stdout)["generation"] == stats["generation"]
    assert "nothing to fetch" in second.stdout.decode()


def test_the_demo_leaves_other_directories_alone(tmp_path):
    """A directory that holds something else is refused and stays as it is."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    done = searchkit("demo", tmp_path / "photos")
    assert done.returncode == 3
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.jpg"]

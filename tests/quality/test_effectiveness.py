"""Searches on judged collections are as good as the reference; small collections always, all of them when slow."""

from __future__ import annotations

import sys

import pytest

from benchmarks import effectiveness

SMALL = ("cisi", "med")  # Some seconds each; cisi is nearest to its bar.


def _run(monkeypatch, data, *only):
    monkeypatch.setattr(sys, "argv", ["effectiveness", "--data", str(data), *(("--only", *only) if only else ())])
    return effectiveness.main()


@pytest.fixture
def collections(shared_data):
    """The folder of real data, if it holds judged collections."""
    if not (shared_data / "collections").is_dir():
        pytest.skip("needs the judged collections, which are not among the data")
    return shared_data


def test_small_collections_reach_their_bar(collections, monkeypatch, capsys):
    """The command ends well and prints a line for each collection asked for."""
    assert _run(monkeypatch, collections, *SMALL) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["collection", *SMALL]


@pytest.mark.slow
def test_every_collection_reaches_its_bar(collections, monkeypatch):
    """nDCG@10 of all eleven lines is at least the reference less 0.01."""
    assert _run(monkeypatch, collections) == 0


def test_a_collection_below_its_bar_is_an_error(tmp_path, monkeypatch, capsys):
    """A ranking that misses makes the exit status 1, and its line says so."""
    folder = tmp_path / "collections" / "here"
    folder.mkdir(parents=True)
    (folder / "docs.jsonl").write_text('{"id": "1", "text": "bread"}\n{"id": "2", "text": "butter"}\n')
    (folder / "queries.tsv").write_text("q\tbread\n")
    (folder / "qrels.txt").write_text("q 0 2 1\n")
    here = effectiveness.Collection("here", "en", 0.9)
    monkeypatch.setattr(effectiveness, "COLLECTIONS", (here,))
    assert _run(monkeypatch, tmp_path) == 1
    assert "BELOW" in capsys.readouterr().out
    (folder / "qrels.txt").write_text("q 0 1 1\n")
    assert _run(monkeypatch, tmp_path) == 0


def test_without_the_data_it_says_so(tmp_path, monkeypatch, capsys):
    """No collections is no failure, but is not silent."""
    assert _run(monkeypatch, tmp_path) == 0
    assert "SEARCHKIT_DATA" in capsys.readouterr().err

"""A real index of the twelve hand-written documents, made once, and copied for tests that change it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.commands import ROOT, searchkit

DOCUMENTS = ROOT / "data" / "tiny" / "documents.jsonl"


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """An index nobody changes."""
    where = tmp_path_factory.mktemp("made") / "site"
    done = searchkit("index", where, DOCUMENTS)
    assert done.returncode == 0, done.stderr
    return where


@pytest.fixture
def site(made, tmp_path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "site"))

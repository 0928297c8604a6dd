"""The habits of this house that no linter knows: small files and functions, tests that say what must hold, no promises
of later."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(path for name in ("searchkit", "crawler", "cli") for path in (ROOT / name).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEXTS = sorted(
    path
    for pattern in ("*.py", "*.md", "*.toml", "*.txt", "Makefile", "run")
    for path in ROOT.rglob(pattern)
    if not any(part in {".venv", ".git", "build", "dist", "node_modules"} for part in path.relative_to(ROOT).parts)
)
LINES_OF_A_FILE = 500
LINES_OF_A_FUNCTION = 80


def name_of(path: Path) -> str:
    """A path as it is written in the repository."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_file_can_be_read_in_one_sitting(path):
    """Files of the product stay under 500 lines, functions under 80, and each file opens with what it is for."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < LINES_OF_A_FILE
    for function in functions(path):
        body = function.body[1:] if ast.get_docstring(function) else function.body  # What explains does not make long.
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        assert lines < LINES_OF_A_FUNCTION, f"{function.name} has {lines} lines"
    assert ast.get_docstring(ast.parse(text)), "no docstring says what this module is for"


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_every_test_says_what_must_hold(path):
    """A test that fails should explain itself: each has a docstring."""
    silent = [f.name for f in functions(path) if f.name.startswith("test_") and not ast.get_docstring(f)]
    assert not silent


def test_oracles_share_nothing_with_what_they_judge():
    """Nothing in tests/reference imports the product."""
    for path in (ROOT / "tests" / "reference").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(?:from|import) +(?:searchkit|crawler|cli)\b", text, re.MULTILINE), name_of(path)


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_nothing_is_left_for_later(path):
    """No notes to oneself, no empty promises; what is not there is not mentioned in code."""
    text = path.read_text(encoding="utf-8")
    later = "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "raise NotImplemented" + "Error"])
    assert not re.search(rf"\b(?:{later})\b", text)


def test_nothing_names_the_machine_it_was_written_on():
    """The project speaks of itself alone: no absolute path of a home, no host of a package registry."""
    here = re.compile(
        "|".join([r"/ro" + r"ot/", r"/ho" + r"me/\w+/", r"/wo" + r"rk/", r"py" + r"pi\.org", r"file:///o" + "pt"])
    )
    for path in TEXTS:
        found = here.search(path.read_text(encoding="utf-8"))
        assert not found, f"{name_of(path)}: {found and found[0]}"

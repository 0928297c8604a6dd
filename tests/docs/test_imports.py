"""The direction of imports, and what a cold start loads.

The contract in pyproject.toml is only worth having if it catches something: each rule is broken here on purpose, in a
copy of the tree, and must turn red by name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT = (
    "import sys; from importlinter.cli import lint_imports_command; sys.argv = ['lint-imports']; lint_imports_command()"
)

# What a program that embeds searchkit, or a shell that completes a command, must not wait for.
HEAVY = ("numba", "llvmlite", "scrapy", "twisted", "starlette", "uvicorn", "pandas", "lxml")
# rich's own __init__ costs a millisecond; these parts are what takes long.
RICH = ("rich.console", "rich.progress", "rich.table", "rich.markdown", "pygments")

PLANTED = {
    "a lower floor imports a higher one": (
        "searchkit/query/planted.py",
        "import searchkit.search.planted",
        "The floors of searchkit",
    ),
    "a module without a floor": ("searchkit/planted.py", "", "The floors of searchkit"),
    "a query opens an index": (
        "searchkit/query/planted.py",
        "import searchkit.index.planted",
        "Parsing a query does not open an index",
    ),
    "the library imports the crawler": (
        "searchkit/search/planted.py",
        "import crawler",
        "Three packages, one direction",
    ),
    "the crawler imports the command line": ("crawler/planted.py", "import cli", "Three packages, one direction"),
    "the library imports a terminal": ("searchkit/model/planted.py", "import rich", "The library is embeddable"),
    "the crawler imports the index": (
        "crawler/planted.py",
        "import searchkit.index.planted",
        "The crawler knows pages",
    ),
    "a segment imports a score": (
        "searchkit/segment/planted.py",
        "import searchkit.rank.planted",
        "A segment stores facts",
    ),
    "ranking reads a file": ("searchkit/rank/planted.py", "import searchkit.store.planted", "Ranking takes arrays"),
    "a second door to lmdb": ("searchkit/index/planted.py", "import lmdb", "One door per engine"),
    "a second door to numba": ("searchkit/search/planted.py", "import numba", "One door per engine"),
}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree, as `make lint` does."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-c", LINT]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def test_imports_go_one_way(root):
    """The tree as it is keeps every rule of the contract."""
    done = lint_imports(root)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_violation_is_caught(root, tmp_path, planted):
    """Each rule of the contract, broken on purpose, fails the check and is named."""
    where, line, rule = planted
    for name in ("searchkit", "crawler", "cli"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    imported = line.removeprefix("import ")
    if imported.endswith(".planted"):  # What is imported must exist to be seen.
        (tmp_path / (imported.replace(".", "/") + ".py")).write_text('"""Planted."""\n')
    (tmp_path / where).write_text(f'"""Planted."""\n\n{line}\n')
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [row for row in done.stdout.splitlines() if " BROKEN" in row]
    assert any(row.startswith(rule) for row in broken), broken


def loaded_by(code: str, *, cwd: Path) -> set[str]:
    """Every module a fresh interpreter has loaded after running `code`."""
    report = (
        f"import sys, json, atexit\natexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n{code}"
    )
    environment = {**os.environ, "PYTHONPATH": str(cwd)}
    done = subprocess.run([sys.executable, "-c", report], env=environment, capture_output=True, text=True, check=False)
    return set(json.loads(done.stdout.splitlines()[-1]))


def run_command(*arguments: str) -> str:
    """The code that runs `searchkit` with these arguments and leaves the usual way, so that what was loaded is told."""
    return f"import os\nos._exit = sys.exit\nsys.argv = {['searchkit', *arguments]!r}\nfrom cli.__main__ import main\nmain()"


def test_importing_the_library_is_light(root):
    """`import searchkit` is safe in anything: no compiler, crawler, server, database or terminal is loaded."""
    loaded = loaded_by("import searchkit", cwd=root)
    assert "searchkit" in loaded
    assert not loaded & {*HEAVY, *RICH, "lmdb", "numpy", "typer", "rich", "marisa_trie", "rapidfuzz"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["query", "--help"], ["index", "--help"], ["crawl", "--help"], ["--version"]]
)
def test_help_is_light(root, arguments):
    """Help answers at once: neither the engine nor the crawler nor rich is loaded to print it."""
    loaded = loaded_by(run_command(*arguments), cwd=root)
    assert "cli.app" in loaded
    assert not loaded & {*HEAVY, *RICH, "lmdb", "numpy", "marisa_trie", "rapidfuzz"}


def test_a_query_does_not_load_the_compiler(root, tmp_path, tiny):
    """A one-shot query answers from NumPy: loading numba would cost more than the query."""
    loaded_by(run_command("index", str(tmp_path / "site"), str(tiny / "documents.jsonl")), cwd=root)
    loaded = loaded_by(run_command("query", str(tmp_path / "site"), "bread", "--json"), cwd=root)
    assert "searchkit.engine" in loaded
    assert not loaded & {*HEAVY, *RICH}


def test_indexing_does_not_load_the_crawler(root, tmp_path, tiny):
    """Indexing files needs no crawler."""
    loaded = loaded_by(run_command("index", str(tmp_path / "site"), str(tiny / "documents.jsonl")), cwd=root)
    assert "searchkit.engine" in loaded
    assert not loaded & {"scrapy", "twisted", "starlette"}

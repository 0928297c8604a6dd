"""Small segments are encoded without loading a compiler; once the kernels are there, they are used."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import importlib, sys
from searchkit.segment import merge, writer
from searchkit.segment.postings import worth_compiling

assert not worth_compiling(1_000_000) and worth_compiling(3_000_000)
assert "numba" not in sys.modules
importlib.import_module("searchkit.segment.kernels.encode")
assert worth_compiling(100_000) and not worth_compiling(1_000)
print("as told")
"""


def test_kernels_are_loaded_where_that_pays() -> None:
    """Neither writing nor merging loads numba by being imported, nor for a million postings."""
    child = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert child.stdout.strip() == "as told", child.stderr

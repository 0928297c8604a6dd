"""A process may end whatever its threads are doing: what they read is there until they are gone."""

from __future__ import annotations

import subprocess
import sys

import pytest

import searchkit

SEARCH_UNTIL_THE_END = """
import sys, threading, searchkit
index, begun = searchkit.open(sys.argv[1]), threading.Barrier(4)
def search():
    begun.wait()
    while True:
        assert [hit.fields["text"] for hit in index.search("word other", engine=sys.argv[2]).hits]
for _ in range(3):
    threading.Thread(target=search, daemon=True).start()
index.search("word", engine=sys.argv[2])
begun.wait()
"""


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_threads_that_nobody_waits_for_do_not_break_the_end(tmp_path, engine):
    """They used to read on from files that were closed under them, and the process ended with a crash."""
    with searchkit.create(tmp_path / "site") as index, index.writer() as writer:
        writer.add_many({"id": str(number), "text": "word " * 200 + "other"} for number in range(2_000))
    for _ in range(5):
        command = [sys.executable, "-c", SEARCH_UNTIL_THE_END, str(tmp_path / "site"), engine]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")

"""The kernels as ordinary Python: every index checked, and still the plain ranker's answers."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import random, sys, warnings
import searchkit
from searchkit.search.fast import rank_fast

warnings.simplefilter("ignore")  # Unsigned arithmetic wraps around on purpose.
draw = random.Random(5)
words = [f"w{number}" for number in range(12)]
with searchkit.create(sys.argv[1]) as index:
    for start, stop in ((0, 9000), (9000, 9400)):
        with index.writer() as writer:
            for number in range(start, stop):
                text = draw.choices(words, k=draw.randint(1, 6)) + ["rare"] * (number % 300 == 0) * 40
                writer.add({"id": str(number), "title": words[number % 7], "text": " ".join(text)})
    with index.writer() as writer:
        for number in range(0, 9400, 37):
            writer.delete(str(number))
    assert rank_fast.__module__
    queries = ["w1", "rare", "w1 w2", "+w1 +rare", "w1 w2 w3 rare", "+w1 +w2 w3", '"w1 w2"', "w1 -w2", "rare none",
               " ".join(words), "title:w1 w2", "+w11 +w10 +w9",
               '"w1 w2"~3', 'title:"w3 w4"', '"w1 w2 w1"~4 w5', "w1*", "r*e w2", "w?", "*1", "title:w*"]
    for query in queries:
        for limit in (3, 60):
            fast, plain = (index.search(query, limit=limit, engine=engine) for engine in ("numba", "numpy"))
            assert [(hit.id, hit.score) for hit in fast] == [(hit.id, hit.score) for hit in plain], query
            assert fast.total == plain.total, query
print("equal")
"""


def test_uncompiled_kernels_stay_within_their_arrays(tmp_path):
    """With numba's compiler off an index out of range raises instead of reading on; nothing raises, all is equal."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "site")]
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert child.stdout.strip() == "equal", child.stderr

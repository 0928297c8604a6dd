"""The kernels of words as ordinary Python: every index checked, and still the answers of their twins."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import random, warnings
import numpy as np
from searchkit.suggest.complete import Completer, Titles
from searchkit.suggest.corrector import Corrector
from searchkit.suggest.lexicon import Lexicon
from searchkit.suggest.pairs import PairCounts, Pairs, cells_of, word_hash

warnings.simplefilter("ignore")  # Unsigned arithmetic wraps around on purpose.
draw = random.Random(5)
words = sorted({"".join(draw.choices("abcdeé", k=draw.randint(1, 9))) for _ in range(900)} | {"x" * 63, "y" * 70})
lexicon = Lexicon.of({word: draw.randint(1, 40) for word in words})
hashes = np.array([word_hash(word) for word in words], np.uint32)
pairs = Pairs(PairCounts.of(cells_of(np.roll(hashes, 1), hashes)), bits_from=1)
titles = [" ".join(draw.choices(words, k=draw.randint(1, 3))) for _ in range(300)]
completer = Completer(lexicon, {words[3]: words[3].upper()}, pairs, Titles(titles, titles))
corrector = Corrector(lexicon)
typed = ["", "a", "zz", "x" * 62, "x" * 64, "x" * 65, "y" * 69]
for word in draw.sample(words, 120):
    typed += [word, word[:4], word[:1] + word[2:], word[:2] + "b" + word[2:]]
compared = 0
for text in typed:
    for before in ("", draw.choice(words)):
        for limit in (1, 8):
            asked = before + " " * bool(before), before, text, text, limit
            fast, plain = (completer.complete(*asked, engine=engine) for engine in ("numba", "numpy"))
            assert fast == plain, asked
            compared += len(fast)
for text in typed[:200]:
    fast, plain = (corrector.word(text, 5, engine) for engine in ("numba", "numpy"))
    assert [one.text for one in fast] == [one.text for one in plain], text
    compared += len(fast)
print("equal" if compared > 3000 else compared)
"""


def test_uncompiled_kernels_stay_within_their_arrays() -> None:
    """With numba's compiler off an index out of range raises instead of reading on; nothing raises, all is equal."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    child = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert child.stdout.strip() == "equal", child.stderr

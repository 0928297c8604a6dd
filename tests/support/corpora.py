"""Collections large enough for everything a posting list can be: arrays, bitmaps, several windows, dense and rare words.

Words are named after where they stand, so that a test can ask for what it means. Nothing here is random from run to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import searchkit
from searchkit import Schema, Text

SCHEMA = Schema(title=Text(weight=2.0, language="none"), text=Text(language="none"))

COMMON = ("half", "third", "tenth", "cluster", "block", "late")
"""Words in more than 4,096 documents of 65,536 (`block` and `late` in fewer, but all in a row)."""
SCARCE = ("hundredth", "thousandth", "few", "one", "repeated", "nowhere")
"""Words in short lists: some hundred documents, some dozen, one, none."""


def words_of(doc: int, dice: np.ndarray[Any, Any]) -> list[str]:
    """The words of one document, most of them once."""
    words = []
    for word, one_in in (("half", 2), ("third", 3), ("tenth", 10), ("hundredth", 100), ("thousandth", 1000)):
        times = int(dice[0] % one_in == 0) * (1 + int(dice[1] % 7 == 0) * int(dice[2] % 9))
        words += [word] * times
        dice = np.roll(dice, -1)
    if 20_000 <= doc % 100_000 < 27_000:
        words += ["cluster"] * (1 + int(dice[0] % 5))
    if 40_000 <= doc % 100_000 < 40_500:
        words += ["block"]
    if doc % 100_000 >= 66_000:
        words += ["late"]
    if doc in (3, 40_017, 65_535, 65_536, 69_999):
        words += ["few"] * (1 + doc % 3)
    if doc == 65_537:
        words += ["one"]
    if doc % 5_000 == 7:
        words += ["repeated"] * (300 + doc // 5_000)  # Frequencies beyond the 255 commonest.
    return words + ["filler"] * int(dice[3] % 12)


def records(first: int, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Records of consecutive documents."""
    dice = np.random.default_rng(seed).integers(0, 1 << 30, (count, 12))
    for row in range(count):
        words = words_of(first + row, dice[row])
        title = words[:1] if dice[row, 11] % 4 == 0 else []
        yield {"id": str(first + row), "title": " ".join(title), "text": " ".join(words)}


def build(directory: Path) -> dict[str, searchkit.Snapshot]:
    """One large segment; and the same with deletions and two smaller segments after it."""
    index = searchkit.create(directory, SCHEMA)
    with index.writer() as writer:
        writer.add_many(records(0, 70_000, seed=1))
    whole = index.snapshot()
    with index.writer() as writer:
        writer.add_many(records(70_000, 5_000, seed=2))
        writer.commit()
        writer.add_many(records(119_900, 300, seed=3))
        for doc in [*range(0, 75_000, 97), *range(20_000, 23_000), *range(65_500, 65_600), 119_901]:
            writer.delete(str(doc))
    return {"whole": whole, "worn": index.snapshot()}

"""What is prepared of a segment goes along from commit to commit, and is what it would be afresh."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

import searchkit
from searchkit.codec import bitmap
from searchkit.index.snapshot import SegmentView
from searchkit.search import prepared
from searchkit.search.execute import parameters_of

WORDS = [f"w{number}" for number in range(40)]


def test_deletions_one_after_another_are_those_at_once(tmp_path: Path) -> None:
    """Live documents and what a word reaches in them, for commits in order, and for one held from before."""
    draw = random.Random(4)
    with searchkit.create(tmp_path / "site") as index:
        with index.writer() as writer:
            for number in range(2_000):
                writer.add({"id": str(number), "text": " ".join(draw.choices(WORDS, k=draw.randint(1, 30)))})
        commits = [index.snapshot()]
        for step in range(4):
            with index.writer() as writer:
                for number in draw.sample(range(2_000), 1 + 200 * (step % 2)):
                    writer.delete(str(number))
            commits.append(index.snapshot())
        first = commits[0].held
        parameters = parameters_of(first, first.schema.weights, 1.2, 0.75)
        for commit in (*commits, *reversed(commits)):
            (view,) = commit.held.views
            found = {word: prepared.term(view, word, parameters) for word in (*WORDS, "nowhere")}
            bits = prepared.live_bits(view)
            kept, view.reader.cache = view.reader.cache, {}
            fresh = SegmentView(view.reader, view.dead, 0)
            assert found == {word: prepared.term(fresh, word, parameters) for word in (*WORDS, "nowhere")}
            np.testing.assert_array_equal(bits, prepared.live_bits(fresh))
            view.reader.cache = kept
            if view.dead:
                live = np.unpackbits(bits.view(np.uint8), bitorder="little").nonzero()[0]
                assert live.tolist() == bitmap.to_array(view.live).tolist()

"""Anything hypothesis can think of to do with an index, compared after each step with a dict that does the same.

Rules: add, add many, update, delete, commit, roll back, merge, open anew, hold a snapshot, look at one, leave a writer
by an exception. The dict is the model: what it holds at a commit is what every reader must see, in order of arrival.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings, stateful
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import searchkit
from tests.faults.report import Report
from tests.faults.story import WORDS

DONE: list[tuple[int, int]] = []
"""Steps and commits of the machines that were torn down."""
IDS = st.integers(0, 60).map(lambda number: f"doc{number}")
TEXTS = st.integers(0, len(WORDS) ** 2 - 1).map(
    lambda number: f"{WORDS[number % len(WORDS)]} {WORDS[number // len(WORDS)]}"
)


class Machine(RuleBasedStateMachine):
    """One index, its writer, and what they should hold."""

    ranker = "auto"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="searchkit-machine-"))
        self.index = searchkit.create(self.folder / "site")
        self.writer: Any = self.index.writer()
        self.committed: dict[str, str] = {}
        self.pending: dict[str, str] = {}
        self.held: list[tuple[Any, dict[str, str]]] = []
        self.steps = 0

    def _put(self, id: str, text: str) -> None:
        self.pending.pop(id, None)
        self.pending[id] = text

    @rule(id=IDS, text=TEXTS)
    def add(self, id: str, text: str) -> None:
        """A new document, or one that replaces another."""
        self.writer.add({"id": id, "text": text})
        self._put(id, text)

    @rule(first=st.integers(0, 50), count=st.integers(1, 12), text=TEXTS)
    def add_many(self, first: int, count: int, text: str) -> None:
        """Many at once; those that are just so already keep their places."""
        records = [{"id": f"doc{n}", "text": f"{text} {n}"} for n in range(first, first + count)]
        self.writer.add_many(records, skip_unchanged=True)
        for record in records:
            if self.pending.get(record["id"]) != record["text"]:
                self._put(record["id"], record["text"])

    @rule(id=IDS)
    def delete(self, id: str) -> None:
        """A document goes, if it is there."""
        self.writer.delete(id)
        self.pending.pop(id, None)

    @rule()
    def commit(self) -> None:
        """What is pending is what readers see from now on."""
        done = self.writer.commit()
        self.committed = dict(self.pending)
        assert done.documents == len(self.committed)

    @rule()
    def rollback(self) -> None:
        """What is pending is forgotten."""
        self.writer.rollback()
        self.pending = dict(self.committed)

    @rule()
    def merge(self) -> None:
        """One segment; it commits what is pending."""
        self.writer.merge_all()
        self.committed = dict(self.pending)
        assert self.index.stats()["segments"] <= 1

    @rule(kept=st.booleans())
    def reopen(self, kept: bool) -> None:
        """Close everything and open it anew, leaving the writer by its end or by an exception."""
        if kept:
            with self.writer:
                pass
            self.committed = dict(self.pending)
        else:
            with contextlib.suppress(KeyError), self.writer:
                raise KeyError
        self.pending = dict(self.committed)
        self.index.close()
        self.index = searchkit.open(self.folder / "site")
        self.writer = self.index.writer(lock_timeout=5)

    @rule()
    def hold(self) -> None:
        """Keep a snapshot, and let the oldest of four go."""
        self.held.append((self.index.snapshot(), dict(self.committed)))
        if len(self.held) > 4:
            self.held.pop(0)[0].close()

    @precondition(lambda self: self.held)
    @rule(number=st.integers(0, 3))
    def look(self, number: int) -> None:
        """A held snapshot is what it was."""
        snapshot, state = self.held[number % len(self.held)]
        _compare(snapshot, state, WORDS[number], self.ranker)

    @invariant()
    def readers_see_the_commit(self) -> None:
        """After every step the newest commit is the model's; now and then everything is looked at."""
        self.steps += 1
        assert len(self.index) == len(self.committed)
        with self.index.snapshot() as snapshot:
            _compare(snapshot, self.committed, WORDS[self.steps % len(WORDS)], self.ranker, whole=self.steps % 20 == 0)
        if self.steps % 250 == 0:
            assert self.index.check().sound
            listed = {path.stem for path in (self.folder / "site" / "index" / "segments").iterdir()}
            assert len(listed) <= self.index.stats()["segments"] + 40

    def teardown(self) -> None:
        """Nothing stays."""
        DONE.append((self.steps, self.index.stats()["generation"]))
        self.writer.close()
        assert self.index.check().sound
        segments = self.folder / "site" / "index" / "segments"
        assert len(list(segments.iterdir())) == self.index.stats()["segments"]
        self.index.close()
        shutil.rmtree(self.folder)


def _compare(snapshot: Any, state: dict[str, str], word: str, ranker: str, *, whole: bool = True) -> None:
    """A snapshot holds just the documents of `state`, in its order, and finds those with a word."""
    assert snapshot.documents == len(state)
    if whole:
        assert [(record["id"], record["text"]) for record in snapshot.export()] == list(state.items())
    found = {hit.id for hit in snapshot.search(word, limit=100, engine=ranker).hits}
    assert found == {id for id, text in state.items() if word in text.split()}


def run(report: Report, *, seeds: int = 50, steps: int = 5_000, first: int = 1, ranker: str = "auto") -> None:
    """So many seeds, each one sequence of so many steps."""
    # Hypothesis means sequences to be short enough to be shrunk; these are long on purpose.
    engine.BUFFER_SIZE = stateful.BUFFER_SIZE = 1 << 26
    for number in range(first, first + seeds):
        chosen = seed(number)(type(f"Machine{number}", (Machine,), {"ranker": ranker}))
        wanted = settings(
            max_examples=3,  # The first two are the simplest ones: nothing happens in them.
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            stateful.run_state_machine_as_test(chosen, settings=wanted, _min_steps=steps)
        except Exception as error:
            report.wrong(f"seed {number}: {type(error).__name__}: {error!s:.500}")
        report.count("seeds")
        # How many were the simple ones that hypothesis begins with is its own affair; the long one is what counts.
        steps_done, commits = max(DONE, default=(0, 0))
        report.count("steps", steps_done)
        report.count("commits", commits)
        DONE.clear()
    if report.figures["steps"] < seeds * steps:
        report.wrong(f"{report.figures['steps']} steps in all, not {seeds * steps}")

"""Ask all engines the same questions in turns, and keep what each answer cost in CPU time of the asking thread.

A round asks one engine every question in every mode once; engines take turns, beginning with another one each time, so
that a busy machine is busy for all of them. Questions follow each other by class, so no query finds the caches warmed
by itself. The first round is not counted: it checks the answers (`checks.py`), and shows which engine is so slow that
it is asked only as many questions as fit its budget, evenly over the classes. A question's time is the median of its
rounds. Garbage is collected between the rounds, not within.

The clock is `time.thread_time_ns`. An engine that lets other threads work would look quick by it; so the CPU time of the
process is kept beside it for each round, and the report says where the two differ.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.checks import disagreement
from benchmarks.peers.base import Answer, Facts, Peer
from benchmarks.questions import CLASSES, Question

MODES = {"top 10": 10, "top 1000": 1000, "count": 0}
"""What is asked for: the k best, or with 0 only how many match."""


@dataclass(slots=True)
class Call:
    """One question in one mode, made ready for one engine."""

    question: int
    mode: str
    run: Callable[[], Any]
    times: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """One engine with one of its algorithms, and all it is asked.

    Attributes
    ----------
    findings : list of str
        Answers that are not ours; they are not timed.
    shares : list of float
        CPU time of the process, by that of the thread, of each round.
    """

    peer: Peer
    variant: str
    calls: list[Call] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    asked: int = 0
    shares: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the engine."""
        return self.peer.name


def spread(questions: Sequence[Question]) -> list[int]:
    """Numbers of all questions: the first of every class, then the second of every class, and so on."""
    ranks: list[tuple[int, int, int]] = []
    seen = dict.fromkeys(CLASSES, 0)
    for number, question in enumerate(questions):
        ranks.append((seen[question.label], CLASSES.index(question.label), number))
        seen[question.label] += 1
    return [number for _, _, number in sorted(ranks)]


def first_round(
    lane: Lane, questions: Sequence[Question], ours: dict[tuple[int, str], Answer], facts: Facts, budget_s: float | None
) -> dict[tuple[int, str], Answer]:
    """Ask everything once and compare it; what agrees becomes the lane's calls, in order of class.

    Parameters
    ----------
    ours : dict
        searchkit's answers by question and mode; empty when this lane is searchkit's own.
    budget_s : float or None
        CPU seconds after which no further question is asked; None for no limit.

    Returns
    -------
    dict
        This lane's answers.
    """
    answers: dict[tuple[int, str], Answer] = {}
    kept: list[Call] = []
    peer, spent = lane.peer, 0
    for number in spread(questions):
        question = questions[number]
        if not peer.asks(question, lane.variant) or (budget_s is not None and spent > budget_s * 1e9):
            continue
        if not answers:
            peer.prepare(question, 1, lane.variant)()  # Whatever is loaded or compiled, is loaded or compiled now.
        for mode, k in MODES.items():
            if not (k or peer.counts):
                continue
            run = peer.prepare(question, k, lane.variant)
            started = time.thread_time_ns()
            found = run()
            spent += time.thread_time_ns() - started
            answer = answers[number, mode] = peer.read(found, k)
            lane.asked += 1
            wrong = disagreement(peer, question, k, ours.get((number, mode), answer), answer, facts)
            if wrong:
                lane.findings.append(f"{mode}, {question.label}, {' '.join(question.terms)}: {wrong}")
            else:
                kept.append(Call(number, mode, run))
    lane.calls = sorted(kept, key=lambda call: (list(MODES).index(call.mode), call.question))
    return answers


def one_round(lane: Lane) -> None:
    """Ask every question of a lane once and note the times."""
    clock = time.thread_time_ns
    gc.collect()
    gc.disable()
    try:
        whole, mine = time.process_time_ns(), clock()
        for call in lane.calls:
            run = call.run
            started = clock()
            run()
            call.times.append(clock() - started)
        mine, whole = clock() - mine, time.process_time_ns() - whole
    finally:
        gc.enable()
    lane.shares.append(whole / max(1, mine))


def run_rounds(lanes: Sequence[Lane], rounds: int, tell: Callable[[str], None]) -> None:
    """All rounds of all lanes, in turns."""
    for number in range(rounds):
        for turn in range(len(lanes)):
            one_round(lanes[(number + turn) % len(lanes)])
        tell(f"round {number + 1} of {rounds}")


def clock_cost_us() -> float:
    """What two looks at the clock add to every time measured, in microseconds."""
    clock, spans = time.thread_time_ns, []
    for _ in range(2_000):
        started = clock()
        spans.append(clock() - started)
    return statistics.median(spans) / 1e3


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, interpolated between neighbours as NumPy does.

    Examples
    --------
    >>> percentile([1, 2, 3, 4], 0.5), percentile([10], 0.95)
    (2.5, 10.0)
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))

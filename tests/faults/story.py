"""What is done to an index in a test, and what must be in it after each step: both follow from a seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

WORDS = "river stone bread oven rye yeast flour loaf knife path index letter water salt heat stream file word".split()
State = dict[str, str]
"""Text of each document by id."""
PAGES = 60
"""Addresses pages lead to."""


@dataclass
class Step:
    """One commit: what it adds or replaces, what it deletes, and whether everything is merged after it."""

    put: State = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    merge: bool = False


def steps(seed: int, count: int, size: int = 25) -> list[Step]:
    """Commits of some documents each: new, updated and deleted ones."""
    draw = random.Random(seed)
    known: list[str] = []
    told = []
    for number in range(count):
        step = Step(merge=number % 4 == 3)
        for _ in range(size):
            id = draw.choice(known) if known and draw.random() < 0.3 else f"doc{len(known)}"
            if id not in known:
                known.append(id)
            step.put[id] = " ".join(draw.choices(WORDS, k=draw.randint(1, 60))) + f" version{number}"
        step.delete = [id for id in draw.sample(known, min(len(known), 4)) if id not in step.put]
        told.append(step)
    return told


def after(told: list[Step]) -> list[State]:
    """What is in the index before the first step and after each."""
    states: list[State] = [{}]
    for step in told:
        state = dict(states[-1])
        for id in step.delete:
            state.pop(id, None)
        for id, text in step.put.items():
            state.pop(id, None)
            state[id] = text
        states.append(state)
    return states


def pages(seed: int, count: int) -> list[dict[str, Any]]:
    """Crawled pages, each leading to the next ones."""
    draw = random.Random(seed)
    return [
        {
            "url": f"http://a.example/{number}",
            "title": f"Page {number}",
            "text": " ".join(draw.choices(WORDS, k=draw.randint(5, 400))),
            "links": [f"http://a.example/{draw.randrange(PAGES)}" for _ in range(3)],
        }
        for number in range(count)
    ]

"""What a part of the soak found: figures, and everything that must not have happened."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

PROGRESS_S = 60.0


@dataclass
class Report:
    """The figures of one part, printed as one line of JSON; `bad` says what went wrong, and with which seed."""

    part: str
    figures: dict[str, Any] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a figure."""
        self.figures[name] = self.figures.get(name, 0) + by
        if time.monotonic() - self.said > PROGRESS_S:
            self.said = time.monotonic()
            print(f"... {self.line()}", file=sys.stderr, flush=True)

    def wrong(self, what: str) -> None:
        """Note a failure."""
        self.bad.append(what)

    def line(self) -> str:
        """One line."""
        took = round(time.monotonic() - self.began, 1)
        return json.dumps(
            {"part": self.part, **self.figures, "bad": len(self.bad), "seconds": took, "first": self.bad[:5]}
        )

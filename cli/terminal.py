"""Where a command reads and writes: data on stdout, everything else on stderr, colour only where it is wanted.

One object, so that tests put another in its place. rich is loaded only to draw a moving progress bar on a terminal;
the few colours of results are escape codes written here. What reaches a terminal from a page has gone through
`safe_text` before; this module knows nothing of pages.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final, TextIO

_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}
_PLAIN_PROGRESS_S: Final = 5.0

# Inside JSON these are written as \uXXXX: lone surrogates cannot be encoded, and the rest (delete, C1 controls,
# line separators, marks that turn the direction of writing) could play tricks on the terminal JSON is looked at in.
_ESCAPED_IN_JSON: Final = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def to_json(value: Any, stream: TextIO | None = None) -> str:
    """One line of JSON, readable in any language and safe to look at; what it says is not changed.

    For a stream that is not UTF-8 every letter beyond ASCII is escaped.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    ascii_only = codecs.lookup(encoding).name != "utf-8"
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(", ", ": "), allow_nan=False)
    return _ESCAPED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Terminal:
    """The streams of a command.

    Parameters
    ----------
    stdout, stderr : text files
        For data, and for people.
    stdin : binary file
        Read by ``-``.
    environment : mapping
        NO_COLOR, FORCE_COLOR and TERM are looked at (no-color.org).
    """

    def __init__(
        self, stdout: TextIO, stderr: TextIO, stdin: BinaryIO, environment: Mapping[str, str] | None = None
    ) -> None:
        self.stdout, self.stderr, self.stdin = stdout, stderr, stdin
        self._environment = os.environ if environment is None else environment
        for stream in (stdout, stderr):
            # A letter the terminal's encoding lacks is no reason to stop.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    @classmethod
    def of_process(cls) -> Terminal:
        """The process's own streams. One that was closed (``>&-``) is None in Python; nothing is read or written there."""
        # Opened first, so that no file of an index gets the number of a stream that others still write to.
        stdin = sys.stdin.buffer if sys.stdin else open(os.devnull, "rb")  # noqa: SIM115 - for the whole process
        sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return cls(sys.stdout, sys.stderr, stdin)

    def colour(self, stream: TextIO | None = None) -> bool:
        """Whether colours are wanted on a stream; stdout if none is named."""
        if self._environment.get("NO_COLOR"):
            return False
        if self._environment.get("FORCE_COLOR"):
            return True
        return (stream or self.stdout).isatty() and self._environment.get("TERM") != "dumb"

    def style(self, text: str, *names: str, stream: TextIO | None = None) -> str:
        """`text` in a style such as ``"bold"``, if the stream has colours."""
        if not text or not self.colour(stream):
            return text
        return f"\x1b[{';'.join(_STYLES[name] for name in names)}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """A line of data."""
        self.stdout.write(text + "\n")

    def json(self, value: Any) -> None:
        """A line of JSON, sent on at once, so that a program reading along need not wait."""
        self.stdout.write(to_json(value, self.stdout) + "\n")
        self.stdout.flush()

    def note(self, text: str) -> None:
        """A line for people."""
        self.stdout.flush()  # So that both appear in the order they were written.
        self.stderr.write(text + "\n")
        self.stderr.flush()

    def warn(self, text: str) -> None:
        """A line for people about something that may not be as they wished."""
        self.note(f"{self.style('warning:', 'yellow', stream=self.stderr)} {text}")

    def error(self, text: str, hint: str = "") -> None:
        """Why the command did not do what was asked, and what to do next."""
        self.note(f"{self.style('error:', 'red', 'bold', stream=self.stderr)} {text}")
        if hint:
            self.note(f"  {hint}")

    @contextlib.contextmanager
    def progress(self, what: str, total: int | None, unit: str) -> Iterator[Callable[[int, str], None]]:
        """Show how far long work has come, on stderr.

        Yields
        ------
        callable
            To be called, as often as one likes, with how much is done and a word about it. On a terminal it moves a
            bar; elsewhere it writes a line every few seconds.
        """
        if self.stderr.isatty() and self._environment.get("TERM") != "dumb":
            with self._bar(what, total) as show:
                yield show
        else:
            yield self._plain(what, total, unit)

    def _plain(self, what: str, total: int | None, unit: str) -> Callable[[int, str], None]:
        last = time.monotonic()

        def show(done: int, about: str) -> None:
            nonlocal last
            if time.monotonic() - last >= _PLAIN_PROGRESS_S:
                last = time.monotonic()
                share = f" of {total:,}" if total else ""
                self.note(f"{what}: {done:,}{share} {unit}, {about}")

        return show

    @contextlib.contextmanager
    def _bar(self, what: str, total: int | None) -> Iterator[Callable[[int, str], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        console = Console(file=self.stderr, no_color=not self.colour(self.stderr), markup=False, highlight=False)
        words = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[about]}", markup=False)
        end = (BarColumn(), TimeRemainingColumn()) if total else (SpinnerColumn(),)
        with Progress(words[0], *end, TimeElapsedColumn(), words[1], console=console, transient=True) as bar:
            task = bar.add_task(what, total=total, about="")
            last = 0.0

            def show(done: int, about: str) -> None:
                nonlocal last
                if time.monotonic() - last >= 0.1:
                    last = time.monotonic()
                    bar.update(task, completed=done, about=about)

            yield show

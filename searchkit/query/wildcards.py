"""Patterns of wildcards: `*` stands for any characters, `?` for one, everything else for itself.

A word is compared piece by piece, each at the first place where it fits: for `*` between the pieces that finds a match
wherever there is one, and never has to try again. So the time is linear in the word for each piece, whatever the
pattern; no regular expression is built of what was typed. What this module does not know: how patterns are
recognised in a query (`parse.py`), and which words there are.
"""

from __future__ import annotations

import re
from typing import Final

_SPECIAL: Final = re.compile(r"[*?]")


class Wildcard:
    """A pattern, taken apart.

    Parameters
    ----------
    pattern : str
        As in `plan.WildcardLeaf`.

    Attributes
    ----------
    beginning : str
        What every word begins with that matches; may be empty.

    Examples
    --------
    >>> Wildcard("wi*d").matches("wild"), Wildcard("w?ld").matches("world")
    (True, False)
    """

    def __init__(self, pattern: str) -> None:
        first, *between = pattern.split("*")
        self._first = first
        self._last = between.pop() if between else None
        self._between = [piece for piece in between if piece]
        self._least = len(pattern) - pattern.count("*")
        self.beginning = _SPECIAL.split(pattern, maxsplit=1)[0]

    def matches(self, word: str) -> bool:
        """Whether a word, all of it, fits the pattern."""
        if not _fits(self._first, word, 0):
            return False
        if self._last is None:
            return len(word) == len(self._first)
        end = len(word) - len(self._last)
        if len(word) < self._least or not _fits(self._last, word, end):
            return False
        here = len(self._first)
        for piece in self._between:
            here = _find(piece, word, here, end)
            if here < 0:
                return False
            here += len(piece)
        return True


def _fits(piece: str, word: str, at: int) -> bool:
    """Whether a piece without stars stands in a word at a place."""
    if "?" not in piece:
        return word.startswith(piece, at)
    if at + len(piece) > len(word):
        return False
    return all(wanted in ("?", char) for wanted, char in zip(piece, word[at : at + len(piece)], strict=True))


def _find(piece: str, word: str, start: int, end: int) -> int:
    """The first place from `start` on where a piece stands in a word and ends by `end`, or -1."""
    if "?" not in piece:
        return word.find(piece, start, end)
    return next((at for at in range(start, end - len(piece) + 1) if _fits(piece, word, at)), -1)

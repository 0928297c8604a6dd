"""What is being typed, taken apart: the word it ends with, the word before that, and how all of it is looked up.

Cost: a microsecond for plain words, some ten for anything else. What this module does not know: what comes of it.
"""

from __future__ import annotations

from typing import NamedTuple

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.surfaces import placed_surfaces, surfaces
from searchkit.model.document import clean_text


class BeingTyped(NamedTuple):
    """The parts of what is being typed.

    Attributes
    ----------
    head : str
        All before the last word, as it was typed.
    before : str
        The word before it, folded; empty if there is none.
    beginning : str
        What there is of it, folded; empty right after a space.
    key : str
        All of it, as titles and queries are compared; with a space at its end where the last word has ended.
    """

    head: str
    before: str
    beginning: str
    key: str


def key_of(text: str, analyzer: Analyzer) -> str:
    """A text as titles and queries are compared: its surfaces folded, one space between."""
    if text.isascii() and "'" not in text:
        return " ".join(surfaces(text.lower()))
    return " ".join(filter(None, map(analyzer.fold, surfaces(text))))


def take_apart(typed: str, analyzer: Analyzer) -> BeingTyped | None:
    """The parts of what is being typed; None if no word is in it."""
    text = typed[: limits.QUERY_CHARACTERS_MAX].lstrip()
    if not text.isascii():
        return _take_apart(clean_text(text).lstrip(), analyzer)
    if text.isalnum():
        key = text.lower()
        return BeingTyped("", "", key, key)
    if text.replace(" ", "").isalnum():  # To fold such words is to make them small.
        words = text.lower().split()
        if text[-1] == " ":
            return BeingTyped(text, words[-1], "", " ".join(words) + " ")
        last, before = words[-1], words[-2] if len(words) > 1 else ""
        return BeingTyped(text[: len(text) - len(last)], before, last, " ".join(words))
    return _take_apart(clean_text(text).lstrip(), analyzer)


def _take_apart(text: str, analyzer: Analyzer) -> BeingTyped | None:
    placed = placed_surfaces(text)
    if not placed:
        return None
    (start, last), key = placed[-1], key_of(text, analyzer)
    if start + len(last) < len(text):
        return BeingTyped(text, analyzer.fold(last), "", key + " ")
    before = analyzer.fold(placed[-2][1]) if len(placed) > 1 else ""
    return BeingTyped(text[:start], before, analyzer.fold(last), key)

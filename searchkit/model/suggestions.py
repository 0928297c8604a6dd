"""What is offered to someone who types: completions, and a better spelling of a whole query. Plain data.

What this module does not know: how any of it was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["query", "word", "title"]


class Suggestion(NamedTuple):
    """A completion of what is being typed.

    Attributes
    ----------
    text : str
        All of the input, completed.
    weight : int
        Of a word: live documents that hold it. Of a title: live documents that have it. Of a query: how often it was
        asked.
    kind : {"query", "word", "title"}
        Where it comes from: the log of queries, the words of the index, or its titles.
    together : int
        Of a word: how often it stands right after the word before it.
    """

    text: str
    weight: int
    kind: Kind
    together: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return self._asdict()


class Change(NamedTuple):
    """One place of a query that was corrected.

    Attributes
    ----------
    start, end : int
        What stood there: ``query[start:end]``.
    to : str
        What should.
    why : str
        A sentence for people.
    """

    start: int
    end: int
    to: str
    why: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A query that finds more, and is likely what was meant.

    It finds more documents or, where one of its words finds as many, more of them hold all of its words; never fewer of
    either. Where two words of the query became one (*sea rch*), documents that hold all words are what counts: more hold
    all of its words, while those that hold any of fewer words may be fewer.

    Attributes
    ----------
    text : str
        The corrected query; everything but the words in `tokens` is as it was typed.
    tokens : tuple of Change
        What was changed, in order.
    hits : int
        Live documents it finds, counted exactly in the mode that was asked for.
    hits_before : int
        Live documents the query as typed finds.
    whole, whole_before : int
        The same where all words must occur, as in mode "all".
    alternatives : tuple of Correction
        Other corrections that find more than what was typed, best first; without alternatives of their own.
    """

    text: str
    tokens: tuple[Change, ...]
    hits: int
    hits_before: int
    whole: int
    whole_before: int
    alternatives: tuple[Correction, ...] = ()

    @property
    def why(self) -> str:
        """What speaks for it, in a sentence for people."""
        changes = "; ".join(change.why for change in self.tokens)
        if self.hits > self.hits_before and self.whole >= self.whole_before:
            found, before, what = self.hits, self.hits_before, "finds"
        else:
            found, before, what = self.whole, self.whole_before, "finds all words in"
        documents = "document" if found == 1 else "documents"
        return f"{changes}; {what} {found:,} {documents} instead of {before:,}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``correct --json`` prints it."""
        return {
            "text": self.text,
            "tokens": [change._asdict() for change in self.tokens],
            "hits": self.hits,
            "hits_before": self.hits_before,
            "whole": self.whole,
            "whole_before": self.whole_before,
            "why": self.why,
            "alternatives": [
                {"text": other.text, "tokens": [change._asdict() for change in other.tokens], "hits": other.hits}
                for other in self.alternatives
            ],
        }

    def __str__(self) -> str:
        return self.text

"""What was meant by one word: near words, words run together, and pieces typed twice, best first.

Works on any table of words and counts, an index's or one's own:

    >>> corrector = Corrector.of({"received": 900, "relieved": 90, "red": 50, "bull": 20})
    >>> [found.text for found in corrector.word("recieved")]
    ['received', 'relieved']
    >>> corrector.word("redbull")[0].text
    'red bull'

What is compared are scores in hundredths of a nat: `nearby.PRIOR` times the logarithm of how common the words are,
less the cost of the slip. Cost: 30 to 100 microseconds a word with the compiled kernels, and some 20 milliseconds
without. What this module does not know: the words around (`phrase`), and how to fold what was typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, Literal, NamedTuple, TypeAlias

from searchkit.suggest.lexicon import Lexicon
from searchkit.suggest.nearby import COST_MAX, KEEP_MAX, PRIOR, WORD_MAX, Nearby

Engine: TypeAlias = Literal["auto", "numpy", "numba"]

RUN_TOGETHER: Final = 800
"""Cost of leaving out a space."""
TYPED_TWICE: Final = 1_000
"""Cost of typing two or three letters twice: *appetitite*."""
_TWICE: Final = re.compile(r"(..{1,2}?)\1")


class Candidate(NamedTuple):
    """What may have been meant.

    Attributes
    ----------
    text : str
        A word, or two with a space between.
    score : int
        Hundredths of a nat: how likely it is, up to a constant. Higher is likelier.
    cost : int
        Of the slip alone; 0 for what was typed.
    why : {"as typed", "spelling", "run together"}
    """

    text: str
    score: int
    cost: int
    why: str


_candidate: Final[Callable[[Iterable[object]], Candidate]] = partial(tuple.__new__, Candidate)
"""A candidate of its four members: a call of its class takes ten times as long."""


class Corrector:
    """Corrects words from a vocabulary.

    Parameters
    ----------
    lexicon : Lexicon
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.nearby = Nearby(lexicon)
        self._log_total = math.log(max(lexicon.total, 1))

    @classmethod
    def of(cls, table: Mapping[str, int]) -> Corrector:
        """A corrector for a plain table of words and how often each occurs."""
        return cls(Lexicon.of(table))

    def word(self, typed: str, limit: int = 5, engine: Engine = "numpy") -> list[Candidate]:
        """What may have been meant by a word, likeliest first; the word itself is among it if it is known.

        Parameters
        ----------
        typed : str
            Folded as the vocabulary is. Longer than `nearby.WORD_MAX` letters, or with digits, nothing is proposed.
        limit : int
        engine : {"numpy", "numba"}
            Who computes; the answers are the same.
        """
        if not typed or len(typed) > WORD_MAX or not (typed.isalpha() or not any(map(str.isdigit, typed))):
            return []
        common = self.lexicon.common  # Made at first use: not only when some word happens to be two.
        if engine == "numba":
            scores, numbers, prices, places = self.nearby.look_up(typed, min(limit, KEEP_MAX))
            words = self.lexicon.words
            near = [
                _candidate((words[number], score, price, "spelling" if price else "as typed"))
                for number, score, price in zip(numbers, scores, prices, strict=True)
            ]
            found = (
                self._splits(typed, common, [place for place in range(len(typed)) if places >> place & 1])
                if places
                else []
            )
        else:
            near = self._near(typed, 0, min(limit, KEEP_MAX), engine)
            found = self._splits(typed, common, range(1, len(typed)))
        for once in typed_once(typed):
            found += self._near(once, TYPED_TWICE, min(limit, KEEP_MAX), engine)
        if not found:
            return near[:limit]
        best: dict[str, Candidate] = {}
        for candidate in sorted([*near, *found], key=_rank):
            best.setdefault(candidate.text, candidate)
        return list(best.values())[:limit]

    def _near(self, typed: str, cost: int, keep: int, engine: Engine) -> list[Candidate]:
        """Words near a typed one, in the order of `_rank`, at that cost besides."""
        look_up = self.nearby.compiled if engine == "numba" else self.nearby.plain
        words = self.lexicon.words
        return [
            Candidate(words[number], score - cost, price + cost, "spelling" if price + cost else "as typed")
            for number, price, score in look_up(typed, keep)
            if price + cost <= COST_MAX
        ]

    def _splits(self, typed: str, common: Mapping[str, int], places: Iterable[int]) -> list[Candidate]:
        """Two known words for one that has no space at some places, as likely as the two are independently."""
        found = []
        for place in places:
            first = common.get(typed[:place])
            if first is not None and (second := common.get(typed[place:])) is not None:
                prior = PRIOR * (math.log(first) + math.log(second) - self._log_total)
                text = f"{typed[:place]} {typed[place:]}"
                found.append(Candidate(text, round(prior) - RUN_TOGETHER, RUN_TOGETHER, "run together"))
        return found


def typed_once(typed: str) -> list[str]:
    """What would have been typed without typing two or three letters twice."""
    return [typed[: match.start(1)] + typed[match.end(1) :] for match in _TWICE.finditer(typed)]


def _rank(candidate: Candidate) -> tuple[int, str]:
    return -candidate.score, candidate.text

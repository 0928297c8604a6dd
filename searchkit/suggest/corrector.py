"""What was meant by one word: near words, words run together, and pieces typed twice, best first.

Works on any table of words and counts, an index's or one's own:

    >>> corrector = Corrector.of({"received": 900, "relieved": 90, "red": 50, "bull": 20})
    >>> [found.text for found in corrector.word("recieved")]
    ['received', 'relieved']
    >>> corrector.word("redbull")[0].text
    'red bull'

What is compared are scores in hundredths of a nat: `nearby.PRIOR` times the logarithm of how common the words are,
less the cost of the slip. Cost: 50 to 100 microseconds a word with the compiled kernels, and some 20 milliseconds
without. What this module does not know: the words around (`phrase`), and how to fold what was typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from searchkit.suggest.lexicon import Lexicon
from searchkit.suggest.nearby import COST_MAX, KEEP_MAX, PRIOR, RARE, WORD_MAX, Nearby
from searchkit.suggest.noise import DEFAULT, Noise

Engine: TypeAlias = Literal["auto", "numpy", "numba"]

RUN_TOGETHER: Final = 700
"""Cost of leaving out a space."""
TYPED_TWICE: Final = 700
"""Cost of typing two or three letters twice: *appetitite*."""
_SPARE: Final = 4
"""Near words looked at beyond those asked for, since some are found in two ways."""
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


class Corrector:
    """Corrects words from a vocabulary.

    Parameters
    ----------
    lexicon : Lexicon
    noise : Noise
        How people mistype.
    """

    def __init__(self, lexicon: Lexicon, noise: Noise = DEFAULT) -> None:
        self.lexicon = lexicon
        self.nearby = Nearby(lexicon, noise)

    @classmethod
    def of(cls, table: Mapping[str, int], noise: Noise = DEFAULT) -> Corrector:
        """A corrector for a plain table of words and how often each occurs."""
        return cls(Lexicon.of(table), noise)

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
        if not typed or len(typed) > WORD_MAX or any(map(str.isdigit, typed)):
            return []
        keep = min(limit + _SPARE, KEEP_MAX)
        found = self._near(typed, 0, keep, engine)
        for match in _TWICE.finditer(typed):
            once = typed[: match.start(1)] + typed[match.end(1) :]
            found += self._near(once, TYPED_TWICE, keep, engine)
        found += self._splits(typed)
        best: dict[str, Candidate] = {}
        for candidate in sorted(found, key=_rank):
            best.setdefault(candidate.text, candidate)
        return list(best.values())[:limit]

    def _near(self, typed: str, cost: int, keep: int, engine: Engine) -> list[Candidate]:
        look_up = self.nearby.compiled if engine == "numba" else self.nearby.plain
        words = self.lexicon.words
        return [
            Candidate(words[number], score - cost, price + cost, "spelling" if price + cost else "as typed")
            for number, price, score in look_up(typed, keep)
            if price + cost <= COST_MAX
        ]

    def _splits(self, typed: str) -> list[Candidate]:
        """Two known words for one that has no space, as likely as the two are independently."""
        lexicon, found = self.lexicon, []
        total = math.log(max(lexicon.total, 1))
        for place in range(1, len(typed)):
            first = lexicon.count(typed[:place])
            if first <= RARE:
                continue
            second = lexicon.count(typed[place:])
            if second > RARE:
                prior = PRIOR * (math.log(first) + math.log(second) - total)
                text = f"{typed[:place]} {typed[place:]}"
                found.append(Candidate(text, round(prior) - RUN_TOGETHER, RUN_TOGETHER, "run together"))
        return found


def _rank(candidate: Candidate) -> tuple[int, str]:
    return -candidate.score, candidate.text

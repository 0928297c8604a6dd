"""What was meant by several words: the likeliest reading of all of them together.

Every word that is in no document is open, and so are known ones that keep the others from occurring together in any
document. A reading takes for each open word one of the candidates of `corrector`, or leaves it; two words with a space
between may also be one. Its score adds up what the candidates score alone, and how much more often than by chance each
stands in the documents that hold the words around it. Readings grow from left to right, and the best `READINGS` are kept.

A query whose words occur together somewhere is left alone, except for a single word that is hardly ever written so and
very often in another way or as two, and for two words that never stand side by side while the two as one are much commoner
(*he art*). Cost: 50 to 100 microseconds an open word for its candidates, and some 10 for each of them
that is looked up; at most `OPEN_MAX` words are opened. What this module does not know: queries, fields and hits; it gets
words and the documents that hold them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from searchkit.codec.bitmap import BitMap
from searchkit.suggest.corrector import Candidate, Corrector, Engine
from searchkit.suggest.lexicon import RARE
from searchkit.suggest.nearby import PRIOR

OPEN_MAX: Final = 6
"""Words of a query that are opened; one with more of them is not misspelt but something else."""
WORDS_MAX: Final = 24
"""Words of a query that are looked at; further ones stay as they are."""
READINGS: Final = 8
_CANDIDATES: Final = 20
_CANDIDATES_KNOWN: Final = 12
SPLIT_BY_SPACE: Final = 550
"""Cost of a space within a word."""
TOGETHER: Final = 110
"""What standing e times as often beside the others as by chance is worth."""
LIFT_MIN: Final = -4.0
LIFT_MAX: Final = 7.0
_SMOOTH: Final = 0.02
ALL_TOGETHER: Final = 200
"""What it is worth that all words of a reading occur together in some document."""
UNSEEN: Final = 300
"""Cost of a form of a word that occurs in other forms only."""
LEFT_UNKNOWN: Final = 2_000
"""Cost of leaving a word that is in no document."""
KNOWN_MARGIN: Final = 100
"""How much likelier another reading must be before a word that is in some document is changed."""
ALONE_MARGIN: Final = 250
"""The same for a query of one word, on the scale of odds."""
ALONE_LETTERS: Final = 6
JOINED_BY: Final = 4
"""How many times as many documents must hold the one word as hold its two pieces, where some do."""
_ODDS: Final = 100
_COST_BASE, _COST_LETTER, _COST_MAX = 600, 150, 3_000
"""What a slip may cost: longer words bear more."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A word of a query.

    Attributes
    ----------
    text : str
        Folded.
    fixed : bool
        Whether it is to be left alone: a number, a name in capitals, part of something with a meaning of its own.
    joins : bool
        Whether nothing but a space stands between it and the word after it.
    docs : BitMap
        Documents that hold it.
    """

    text: str
    fixed: bool
    joins: bool
    docs: BitMap


@dataclass(frozen=True, slots=True)
class Edit:
    """Words `first` to before `last` of a query, read as `text`."""

    first: int
    last: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a query.

    Attributes
    ----------
    score : float
        Hundredths of a nat, up to a constant.
    edits : tuple of Edit
        What differs from what was typed.
    around : BitMap or None
        Documents that hold all of its words so far, but for those that would leave none.
    whole : bool
        Whether none had to be left out.
    """

    score: float
    edits: tuple[Edit, ...] = ()
    around: BitMap | None = field(default=None, compare=False)
    whole: bool = False


class _Draft(NamedTuple):
    """A reading and what it may go on with: most are not good enough to be written down.

    Attributes
    ----------
    score : float
        Of both together.
    before : Reading
    edit : Edit or None
        What differs from what was typed.
    docs : BitMap
        Documents that hold what it goes on with.
    fits : bool
        Whether some of them are around.
    """

    score: float
    before: Reading
    edit: Edit | None
    docs: BitMap
    fits: bool

    def reading(self) -> Reading:
        """The reading it becomes."""
        before, around = self.before, self.before.around
        if self.fits:
            around = self.docs if around is None else around & self.docs
        edits = before.edits if self.edit is None else (*before.edits, self.edit)
        return Reading(self.score, edits, around, before.whole and self.fits)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of an index.

    Attributes
    ----------
    corrector : Corrector
    together : callable
        How often two folded words stand side by side.
    docs : callable
        Live documents that hold a folded word, or another form of it.
    documents : int
        Live documents.
    engine : {"numpy", "numba"}
    """

    corrector: Corrector
    together: Callable[[str, str], int]
    docs: Callable[[str], BitMap]
    documents: int
    engine: Engine = "numpy"


def read(words: Sequence[Typed], known: Knowledge) -> list[Reading]:
    """Readings that differ from what was typed, likeliest first; none if it is best left alone."""
    words = words[:WORDS_MAX]
    alive = [number for number, word in enumerate(words) if not word.fixed]
    count = known.corrector.lexicon.count
    unknown = {number for number in alive if not words[number].docs or not count(words[number].text)}
    if not unknown:
        if len(words) == 1 and alive:
            return _alone(words[0], known)
        if not words:
            return []
        if around := together([word.docs for word in words]):
            return _joined_anyway(words, around, known)
    suspects = set(_suspects(words, alive))
    readings = _readings(words, unknown | suspects, known)
    whole = readings and readings[0].whole
    if not whole and len(words) > 1:
        # A known word may be the slip, too, if with it the words never occur together.
        rarest = sorted((number for number in alive), key=lambda number: len(words[number].docs))[:OPEN_MAX]
        readings = _readings(words, unknown | suspects | set(rarest), known) or readings
    as_typed = max((reading.score for reading in readings if not reading.edits), default=-math.inf)
    margin = 0 if unknown else KNOWN_MARGIN
    return [reading for reading in readings if reading.edits and reading.score > as_typed + margin]


def _readings(words: Sequence[Typed], open_words: set[int], known: Knowledge) -> list[Reading]:
    """The best readings with some words open, and those beside them that may be a part of the same word."""
    for number in sorted(open_words):
        for first in (number - 1, number):
            if 0 <= first < len(words) and _one_word(words, first, known):
                open_words = open_words | {first, first + 1}
    if not open_words or len(open_words) > OPEN_MAX:
        return []
    certain = [word.docs for number, word in enumerate(words) if number not in open_words and word.docs]
    around = together(certain) if certain else None
    return _grow(words, open_words, Reading(0.0, (), around, around is None or bool(around)), known)


def together(sets: list[BitMap]) -> BitMap:
    """Documents in all of some sets, of which there is one at least; the smallest first, as it bounds the work."""
    ordered = sorted(sets, key=len)
    found = ordered[0]
    for docs in ordered[1:]:
        if not found:
            break
        found = found & docs
    return found


def _suspects(words: Sequence[Typed], alive: list[int]) -> list[int]:
    """Known words without which the others do occur together; where no single one is to blame, the rarest."""
    known = [number for number, word in enumerate(words) if word.docs]
    if len(known) < 2 or together([words[number].docs for number in known]):
        return []
    blamed = [
        number
        for number in known
        if number in alive and together([words[other].docs for other in known if other != number])
    ]
    if blamed:
        return sorted(blamed, key=lambda number: len(words[number].docs))[:OPEN_MAX]
    rarest = sorted((number for number in known if number in alive), key=lambda number: len(words[number].docs))
    return rarest[: max(1, len(known) // 2)]


def _grow(words: Sequence[Typed], open_words: set[int], start: Reading, known: Knowledge) -> list[Reading]:
    """Readings of all words, best first."""
    # Readings by the word they have come to, so that one may take two words at once.
    ends: list[list[Reading | _Draft]] = [[] for _ in range(len(words) + 2)]
    ends[0] = [start]
    for number, word in enumerate(words):
        here = _best(ends[number])
        if not here:
            continue
        if number not in open_words:
            ends[number + 1] += here
            joined = _joined(words, number, open_words, known)
        else:
            candidates = _candidates(word, known)
            before = words[number - 1].text if number else ""
            sizes = [len(reading.around or ()) for reading in here]
            for candidate in candidates:
                ends[number + 1] += _with(here, sizes, number, candidate, word, before, known)
            joined = _joined(words, number, open_words, known)
        if joined is not None:
            edit, gain, docs = joined
            opened = len({number, number + 1} & open_words)
            ends[number + 2] += _drafts(here, [len(one.around or ()) for one in here], gain, docs, edit, opened, known)
    return _best(ends[len(words)])


def _best(found: list[Reading | _Draft]) -> list[Reading]:
    """The best readings of some, best first."""
    best = sorted(found, key=lambda one: -one.score)[:READINGS]
    return [one if isinstance(one, Reading) else one.reading() for one in best]


def _candidates(word: Typed, known: Knowledge) -> list[Candidate]:
    """What an open word may be read as, itself included."""
    limit = _CANDIDATES_KNOWN if word.docs else _CANDIDATES
    most = min(_COST_MAX, _COST_BASE + _COST_LETTER * len(word.text))
    found = known.corrector.word(word.text, limit + 1, known.engine)
    kept = [one for one in found if one.text != word.text and one.cost <= most and _stands(one.text, known)]
    if word.docs:  # Another form of the same word would find the same documents.
        kept = [one for one in kept if " " in one.text or known.docs(one.text) != word.docs]
    kept = kept[:limit]
    if word.docs:
        count = known.corrector.lexicon.count(word.text)
        own = round(PRIOR * math.log(count)) if count else -UNSEEN
        return [*kept, Candidate(word.text, own, 0, "as typed")]
    return [*kept, Candidate(word.text, -LEFT_UNKNOWN, LEFT_UNKNOWN, "as typed")]


def _stands(text: str, known: Knowledge) -> bool:
    """Whether a candidate is one word, or two that do stand side by side somewhere."""
    first, _, second = text.partition(" ")
    return not second or known.together(first, second) > 0


def _with(
    readings: list[Reading],
    sizes: list[int],
    number: int,
    candidate: Candidate,
    word: Typed,
    before: str,
    known: Knowledge,
) -> list[_Draft]:
    """Readings that go on with a candidate; `sizes` says how many documents are around each."""
    parts = candidate.text.split(" ")
    same = candidate.text == word.text
    docs = word.docs if same else together([known.docs(part) for part in parts])
    gain = candidate.score + (0.0 if same else _beside(parts, before, known))
    edit = None if same else Edit(number, number + 1, candidate.text, _why(word, candidate))
    return _drafts(readings, sizes, gain, docs, edit, 1, known)


def _drafts(
    readings: list[Reading],
    sizes: list[int],
    gain: float,
    docs: BitMap,
    edit: Edit | None,
    times: int,
    known: Knowledge,
) -> list[_Draft]:
    """Readings that go on with what is in some documents, which adds so many times to their score how well it fits."""
    found, many = [], len(docs)
    for reading, size in zip(readings, sizes, strict=True):
        around = reading.around
        both = many if around is None else around.intersection_cardinality(docs)
        score = reading.score + gain + times * _lift(size, many, both, known)
        score += times * ALL_TOGETHER if both else 0
        found.append(_Draft(score, reading, edit, docs, bool(both)))
    return found


def _beside(parts: list[str], before: str, known: Knowledge) -> float:
    """What it is worth that a candidate's two words stand side by side, or its one beside the word before it."""
    if len(parts) == 2:
        count = known.corrector.lexicon.count
        chance = count(parts[0]) * count(parts[1]) / max(known.corrector.lexicon.total, 1)
        found = known.together(*parts)
        return PRIOR * min(LIFT_MAX, math.log((found + 0.1) / (chance + 0.1)))
    return min(2 * PRIOR, 20 * math.log1p(known.together(before, parts[0]))) if before else 0.0


def _why(word: Typed, candidate: Candidate) -> str:
    if candidate.why == "run together":
        return f"“{word.text}” is two words"
    if not word.docs:
        return f"“{word.text}” is in no document"
    return f"“{word.text}” does not occur beside the other words"


def _lift(around: int, docs: int, both: int, known: Knowledge) -> float:
    """How much more often than by chance a word stands in the documents around, as a score; given how many they are."""
    if not around or not known.documents:
        return 0.0
    chance = around * docs / known.documents
    return TOGETHER * min(LIFT_MAX, max(LIFT_MIN, math.log((both + _SMOOTH) / (chance + _SMOOTH))))


def _joined(
    words: Sequence[Typed], number: int, open_words: set[int], known: Knowledge
) -> tuple[Edit, float, BitMap] | None:
    """Two words as one, if that is a word and one of the two is open; with what the one scores against two."""
    if not {number, number + 1} & open_words or not _one_word(words, number, known):
        return None
    one, two, lexicon = words[number], words[number + 1], known.corrector.lexicon
    text = one.text + two.text
    count = lexicon.count(text)
    # Words that are not open add nothing to any reading, so what they would score is taken away here.
    apart = sum(
        PRIOR * math.log(max(lexicon.count(word.text), 1))
        for place, word in ((number, one), (number + 1, two))
        if place not in open_words
    )
    gain = PRIOR * (math.log(count) + math.log(max(lexicon.total, 1))) - apart - SPLIT_BY_SPACE
    why = f"“{one.text} {two.text}” is one word"
    return Edit(number, number + 2, text, why), gain, known.docs(text)


def _one_word(words: Sequence[Typed], number: int, known: Knowledge) -> bool:
    """Whether a word and the one after it are one that is not rare, with a space typed into it."""
    if number + 1 >= len(words) or not words[number].joins or words[number].fixed or words[number + 1].fixed:
        return False
    return known.corrector.lexicon.count(words[number].text + words[number + 1].text) > RARE


def _joined_anyway(words: Sequence[Typed], around: BitMap, known: Knowledge) -> list[Reading]:
    """Readings of words that do occur together: two of them as one, if they stand side by side nowhere and the one is
    much commoner with the others than the two are.
    """
    found = []
    for number in range(len(words) - 1):
        one, two = words[number : number + 2]
        if not _one_word(words, number, known) or known.together(one.text, two.text):
            continue
        docs = known.docs(one.text + two.text)
        whole = together([docs, *(word.docs for place, word in enumerate(words) if place not in (number, number + 1))])
        if len(whole) >= JOINED_BY * len(around):
            why = f"“{one.text}” and “{two.text}” never stand side by side"
            score = PRIOR * math.log(len(whole) / len(around))
            found.append(Reading(score, (Edit(number, number + 2, one.text + two.text, why),), whole, True))
    return sorted(found, key=lambda reading: -reading.score)


def _alone(word: Typed, known: Knowledge) -> list[Reading]:
    """Readings of a single known word: only where it is a slip by all odds."""
    if len(word.text) < ALONE_LETTERS:
        return []
    own = max(known.corrector.lexicon.count(word.text), len(word.docs), 1)
    found = []
    for candidate in known.corrector.word(word.text, _CANDIDATES, known.engine):
        parts = candidate.text.split(" ")
        if len(parts) == 2:  # What it costs to leave out a space does not count: the two are seen side by side.
            count, cost = known.together(*parts), 0
            why = f"“{word.text}” is in {own:,} documents, “{candidate.text}” is written {count:,} times"
        else:
            count, cost = known.corrector.lexicon.count(candidate.text), candidate.cost
            why = f"“{word.text}” is in {own:,} documents, “{candidate.text}” in {count:,}"
        odds = _ODDS * math.log(max(count, 1) / own) - cost
        if candidate.cost and count and odds >= ALONE_MARGIN:
            found.append(Reading(odds, (Edit(0, 1, candidate.text, why),)))
    return sorted(found, key=lambda reading: -reading.score)

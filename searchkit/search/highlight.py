"""Choose the piece of a text that shows why it was found, and mark the query's words in it.

The words of the text are analysed as they were for the index, so stems, compounds, bigrams and prefixes are marked
where they stand, by their offsets. Among all pieces of the snippet's width the one wins whose *different* query words
weigh most, then the one with more of them in all, then the earliest. It begins with the sentence if there is room,
else between two words.

Cost: linear in the text, 0.1 microseconds for a word that was met before and 1 to 2 for another; what stands between
two spaces is looked up whole, and only where it holds a word of the query is it taken apart for the offsets. Beyond
`limits.SNIPPET_SOURCE_CHARACTERS_MAX` nothing is looked at. What this module does not know: fields (a word asked of the
title is marked in any text) and how rare a word is, unless it is told.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.model.snippet import Snippet
from searchkit.query.plan import PhraseLeaf, Plan, PrefixLeaf, ScoredLeaf, TermLeaf, WildcardLeaf
from searchkit.query.wildcards import Wildcard

_ELLIPSIS: Final = "…"
_MARGIN: Final = 2 * len(_ELLIPSIS + " ")  # Room kept for both ellipses.
_HEAD_CHARACTERS: Final = 8_000  # Of a long text, tried first: a piece with every word of the query is good enough.
_CHUNK_CHARACTERS_MAX: Final = 64  # Of what stands between spaces; longer ones are not worth remembering.
_CHUNKS_MAX: Final = 1 << 15  # Remembered for the next text; some megabytes.
_WIDTH_MIN: Final = 20  # Characters below which a piece of text says nothing.
_LENGTH_FULL: Final = 8  # Letters from which on a word counts in full, if its rarity is not known.
_PHRASE_BONUS: Final = 1.0  # Words side by side, as asked for, are worth another word.
_REPEAT_SHARE: Final = 0.05  # Of a word's worth when it is seen again; less than any word not seen yet.
_CONTEXT_SHARE: Final = 3  # A third of the spare room goes before the first word, if no sentence begins there.
_SENTENCE_ENDS: Final = (". ", "! ", "? ", "\u3002", "\uff01", "\uff1f", "\u0964 ", "\u061f ")
_UNSPACED: Final = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)


def best_snippet(
    text: str,
    plan: Plan,
    analyzer: Analyzer,
    *,
    width: int = limits.SNIPPET_CHARACTERS,
    weights: Mapping[ScoredLeaf, float] | None = None,
) -> Snippet:
    """The piece of a text where the query's words stand densest; see `Highlighter`, which serves many texts."""
    return Highlighter(plan, analyzer, width=width, weights=weights).snippet(text)


class _Match(NamedTuple):
    """One occurrence of one leaf in the text."""

    start: int
    end: int
    leaf: int  # Its place in the list of weights.


class _Found(NamedTuple):
    """A token that could be part of a match: the `at`-th of its text, or of its chunk."""

    at: int
    term: str
    start: int
    end: int


class Highlighter:
    """Chooses snippets for one query.

    Parameters
    ----------
    plan : Plan
        Its scored leaves are looked for.
    analyzer : Analyzer
        The one the plan was bound with.
    width : int
        Characters of a snippet at most, ellipses included; fewer than 20 are read as 20.
    weights : mapping of leaf to float, optional
        What seeing a leaf is worth, for example its idf. Without it longer words count more, up to 8 letters.

    Examples
    --------
    >>> Highlighter(plan, analyzer("en"), width=40).snippet("…").spans     # doctest: +SKIP
    ((3, 9),)
    """

    def __init__(
        self,
        plan: Plan,
        analyzer: Analyzer,
        *,
        width: int = limits.SNIPPET_CHARACTERS,
        weights: Mapping[ScoredLeaf, float] | None = None,
    ) -> None:
        self._width = max(width, _WIDTH_MIN)
        self._room = self._width - _MARGIN
        leaves = [leaf for leaf, _ in plan.scored]
        self._sought = _Sought(leaves, analyzer, self._room, weights or {})
        # For texts without any match: the words of a phrase by themselves, as the phrase may stand in another field.
        terms = dict.fromkeys(term for leaf in leaves if isinstance(leaf, PhraseLeaf) for term in leaf.terms)
        self._parts = _Sought([TermLeaf(term, 0) for term in terms], analyzer, self._room, {})

    def snippet(self, text: str) -> Snippet:
        """The best piece of this text on one line, with the query's words marked.

        Returns
        -------
        Snippet
            At most `width` characters: the whole text if it is that short, its beginning if it holds no word
            of the query. Runs of white space have become one space.
        """
        cut = len(text) > limits.SNIPPET_SOURCE_CHARACTERS_MAX
        text = " ".join(text[: limits.SNIPPET_SOURCE_CHARACTERS_MAX].split())
        matches, start, end = self._best(text)
        if len(text) + 2 * cut <= self._width:
            begin, end = 0, len(text)
        elif matches:
            begin, end = _frame(text, start, end, self._room)
        else:
            begin, end = 0, _last_boundary(text, 0, self._room)
        return _cut_out(text, begin, end, matches, cut)

    def _best(self, text: str) -> tuple[list[_Match], int, int]:
        """Every match that was looked for, and the stretch to show; no matches if there are none."""
        for sought in (self._sought, self._parts):
            head = text[: max(text.rfind(" ", 0, _HEAD_CHARACTERS), 0) or _HEAD_CHARACTERS]
            for part in (head, text) if len(head) < len(text) else (text,):
                matches = sought.matches(part)
                start, end, complete = _densest(matches, sought.weights, self._room)
                if complete:
                    break
            if matches:
                return matches, start, end
        return [], 0, 0


class _Sought:
    """What is looked for: leaves by the terms they are recognised by, and what is known of words met so far."""

    def __init__(
        self, leaves: list[ScoredLeaf], analyzer: Analyzer, room: int, weights: Mapping[ScoredLeaf, float]
    ) -> None:
        self.weights: list[float] = []
        self._analyzer = analyzer
        self._by_term: dict[str, list[int]] = {}
        self._phrases: dict[str, list[tuple[list[str], int]]] = {}  # By their last term.
        self._prefixes: list[tuple[str, int]] = []
        self._patterns: list[tuple[Wildcard, int]] = []
        self._known: dict[str, tuple[int, list[_Found]]] = {}
        for leaf in leaves:
            number = len(self.weights)
            if isinstance(leaf, TermLeaf):
                self._by_term.setdefault(leaf.term, []).append(number)
            elif isinstance(leaf, PrefixLeaf):
                self._prefixes.append((leaf.prefix, number))
                for term in leaf.also:
                    self._by_term.setdefault(term, []).append(number)
            elif isinstance(leaf, WildcardLeaf):
                self._patterns.append((Wildcard(leaf.pattern), number))
            elif leaf.slop:  # Its words are marked wherever they stand.
                for term in dict.fromkeys(leaf.terms):
                    self._by_term.setdefault(term, []).append(number)
            elif len(leaf.terms) <= room:
                self._phrases.setdefault(leaf.terms[-1], []).append((list(leaf.terms), number))
            else:
                continue  # Too long for any snippet; its words are looked for instead.
            self.weights.append(weights.get(leaf) or _weight(leaf))
        in_phrases = (term for phrases in self._phrases.values() for phrase, _ in phrases for term in phrase)
        self._terms = {*self._by_term, *in_phrases}
        self._beginnings = tuple({prefix for prefix, _ in self._prefixes})

    def matches(self, text: str) -> list[_Match]:
        """Every occurrence of every leaf in text whose words stand one space apart, by where it starts."""
        if not self.weights:
            return []
        matches: list[_Match] = []
        run: list[_Found] = []  # Tokens of interest that stood side by side up to here.
        known, offset, position = self._known, 0, 0
        for chunk in text.split(" "):
            count, found = known.get(chunk) or self._look_at(chunk)
            for at, term, start, end in found:
                here = _Found(at + position, term, start + offset, end + offset)
                if run and run[-1].at + 1 != here.at:
                    run.clear()
                run.append(here)
                self._match(run, matches)
            position += count
            offset += len(chunk) + 1
        matches.sort()
        return matches

    def _look_at(self, chunk: str) -> tuple[int, list[_Found]]:
        """How many tokens a chunk has, and those of them that could be part of a match."""
        short = len(chunk) <= _CHUNK_CHARACTERS_MAX
        terms = _terms_of(self._analyzer, chunk) if short else self._analyzer.terms(chunk)
        found: list[_Found] = []
        if (
            any(map(self._is_of_interest, terms))
            if self._beginnings or self._patterns
            else not self._terms.isdisjoint(terms)
        ):
            tokens = enumerate(self._analyzer.tokens(chunk))
            found = [
                _Found(at, token.term, token.start, token.end)
                for at, token in tokens
                if self._is_of_interest(token.term)
            ]
        if short:
            if len(self._known) >= _CHUNKS_MAX:
                self._known.clear()
            self._known[chunk] = len(terms), found
        return len(terms), found

    def _is_of_interest(self, term: str) -> bool:
        if term in self._terms or term.startswith(self._beginnings):
            return True
        return any(pattern.matches(term) for pattern, _ in self._patterns)

    def _match(self, run: list[_Found], matches: list[_Match]) -> None:
        """Add what matches at the last token of the run."""
        _, term, start, end = run[-1]
        for number in self._by_term.get(term, ()):
            matches.append(_Match(start, end, number))
        for phrase, number in self._phrases.get(term, ()):
            if len(run) >= len(phrase) and [token.term for token in run[-len(phrase) :]] == phrase:
                matches.append(_Match(run[-len(phrase)].start, end, number))
        for prefix, number in self._prefixes:
            if term.startswith(prefix):
                matches.append(_Match(start, end, number))
        for pattern, number in self._patterns:
            if pattern.matches(term):
                matches.append(_Match(start, end, number))


@lru_cache(_CHUNKS_MAX)
def _terms_of(analyzer: Analyzer, chunk: str) -> tuple[str, ...]:
    return tuple(analyzer.terms(chunk))


def _weight(leaf: ScoredLeaf) -> float:
    """What a leaf is worth when its rarity is not known: long words tend to be rarer."""
    if isinstance(leaf, PhraseLeaf):
        return _PHRASE_BONUS + sum(map(_word_weight, leaf.terms))
    if isinstance(leaf, WildcardLeaf):
        return _word_weight(leaf.pattern.replace("*", ""))
    return _word_weight(leaf.term if isinstance(leaf, TermLeaf) else leaf.prefix)


def _word_weight(term: str) -> float:
    return 0.5 + min(len(term), _LENGTH_FULL) / _LENGTH_FULL


def _densest(matches: list[_Match], weights: list[float], room: int) -> tuple[int, int, bool]:
    """The stretch of text of at most `room` characters whose matches are worth most; of equals the first.

    Each different leaf counts its weight once, and each further match of it a little. Also says whether the stretch
    holds every leaf.
    """
    counts = [0] * len(weights)
    worth, repeated, best = 0.0, 0.0, 0.0
    first, start, end, missing = 0, 0, 0, len(weights)
    complete = False
    for last, match in enumerate(matches):
        counts[match.leaf] += 1
        if counts[match.leaf] == 1:
            missing -= 1
            worth += weights[match.leaf]
        else:
            repeated += weights[match.leaf]
        while first < last and match.end - matches[first].start > room:
            leaf = matches[first].leaf
            counts[leaf] -= 1
            if counts[leaf] == 0:
                missing += 1
                worth -= weights[leaf]
            else:
                repeated -= weights[leaf]
            first += 1
        total = worth + _REPEAT_SHARE * repeated
        if total > best + 1e-9:  # Rounding must not prefer a later, equal stretch.
            best, complete = total, missing == 0
            start, end = matches[first].start, max(match.end, matches[first].end)
    return start, end, complete


def _cut_out(text: str, begin: int, end: int, matches: list[_Match], cut: bool) -> Snippet:
    """The piece as it is shown: with ellipses where a sentence was broken, and with its own spans."""
    piece = text[begin:end].rstrip()
    before = f"{_ELLIPSIS} " if begin and not text.endswith(_SENTENCE_ENDS, max(begin - 2, 0), begin) else ""
    after = f" {_ELLIPSIS}" if piece and (cut or begin + len(piece) < len(text)) else ""
    moved = len(before) - begin
    spans = []
    for match in matches[bisect_left(matches, (begin, 0, 0)) :]:
        if match.start >= end:
            break
        spans.append((match.start + moved, min(match.end, begin + len(piece)) + moved))
    return Snippet(f"{before}{piece}{after}", spans)


def _frame(text: str, start: int, end: int, room: int) -> tuple[int, int]:
    """Where a snippet around ``text[start:end]`` begins and ends: with a sentence if it can, else between words."""
    spare = max(room - (end - start), 0)
    lowest = max(start - spare * 3 // 4, 0)  # Some room is left for what follows the words.
    sentences = (
        text.rfind(mark, max(lowest - len(mark), 0), start) + len(mark)
        for mark in _SENTENCE_ENDS
        if mark in text[max(lowest - len(mark), 0) : start]
    )
    begin = max(sentences, default=0 if lowest == 0 else -1)
    if begin < 0:
        begin = _first_boundary(text, start - spare // _CONTEXT_SHARE, start)
    if len(text) - begin < room - spare // _CONTEXT_SHARE:  # Near the end of the text: show more of what is before.
        begin = min(begin, _first_boundary(text, max(len(text) - room, 0), start))
    return begin, _last_boundary(text, min(end, begin + room), begin + room)


def _first_boundary(text: str, target: int, latest: int) -> int:
    """The first place between two words at `target` or after, but not after `latest`."""
    if target <= 0:
        return 0
    if text[target - 1] == " ":
        return target
    space = text.find(" ", target, latest)
    if re.compile(_UNSPACED).match(text, target) and not 0 <= space < target + 4:
        while target < latest and unicodedata.category(text[target])[0] == "M":
            target += 1
        return target
    return space + 1 if space >= 0 else latest


def _last_boundary(text: str, earliest: int, target: int) -> int:
    """The last place between two words at `target` or before, but not before `earliest`."""
    if target >= len(text):
        return len(text)
    if text[target] == " ":
        return target
    space = text.rfind(" ", earliest, target)
    if (re.compile(_UNSPACED).match(text, target) and space < target - 4) or (space < 0 and not earliest):
        while target > earliest + 1 and unicodedata.category(text[target])[0] == "M":
            target -= 1
        return target
    return space if space >= 0 else earliest

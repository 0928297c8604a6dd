"""Here is the beginning of something: what will it be? Words, whole titles, and queries asked before.

- A **word** completes the last one typed. Those that most often stand right after the word before it come first (of
  the `CONTEXT` most frequent words with this beginning), then the most frequent ones, then in their order.
- A **title** begins with all that was typed. Those of most documents come first, then the shorter, then in their order.
- A **query** begins with all that was typed, too. Those asked most often come first, then in their order; one that finds
  nothing now is not offered. Who asks for completions brings them.

Queries go first; what they leave is shared between words and titles, word by word and title by title, words taking
the odd one. When nothing begins so, one slip after the first letter of the last word is forgiven. Cost: 20 to 40
microseconds, whatever the length of the beginning; 100 with a word before it. Everything compared is folded. What
this module does not know: folding, and where words come from.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np

from searchkit.model.suggestions import Suggestion
from searchkit.suggest.lexicon import Lexicon, Ranked
from searchkit.suggest.pairs import Pairs, word_hash

CONTEXT: Final = 128
"""Words with the beginning that is typed, most frequent first, that the word before is asked about."""
FORGIVEN_FROM: Final = 4
"""Letters of a beginning from which on a slip is forgiven; of fewer, anything could be meant."""
FORGIVEN_TO: Final = 40
"""Letters of a beginning up to which one is; more are no word."""
_ALPHABET: Final = 40
_SAMPLE: Final = 20_000


class Titles:
    """Titles of documents, to be completed from their beginnings.

    Parameters
    ----------
    titles : sequence of str
        Of each live document; empty ones are none.
    keys : sequence of str
        The same, folded.
    """

    def __init__(self, titles: Sequence[str], keys: Sequence[str]) -> None:
        spelled: dict[str, Counter[str] | str] = {}
        counts: Counter[str] = Counter()
        for title, key in zip(titles, keys, strict=True):
            if key:
                counts[key] += 1
                held = spelled.setdefault(key, title)
                if held != title:
                    if isinstance(held, str):
                        held = spelled[key] = Counter({held: counts[key] - 1})
                    held[title] += 1
        self.keys = sorted(counts)
        self._counts = [counts[key] for key in self.keys]
        self._shown = [_commonest(spelled[key]) for key in self.keys]
        order = sorted(range(len(self.keys)), key=lambda n: (-self._counts[n], len(self._shown[n]), self.keys[n]))
        self._ranked = Ranked(self.keys, np.array(order, np.int64))

    def complete(self, key: str, limit: int) -> list[Suggestion]:
        """The best titles that begin so."""
        low, high = self._ranked.range_of(key)
        if low == high:
            return []
        found = self._ranked.best(low, high, limit).tolist()
        return [Suggestion(self._shown[n], self._counts[n], "title") for n in found]


def _commonest(held: Counter[str] | str) -> str:
    return held if isinstance(held, str) else min(held, key=lambda title: (-held[title], title))


class Completer:
    """Completes from one vocabulary.

    Parameters
    ----------
    lexicon : Lexicon
        Folded words.
    shown : mapping of str to str
        Words that are shown otherwise than folded.
    pairs : Pairs
    titles : Titles
    """

    def __init__(self, lexicon: Lexicon, shown: Mapping[str, str], pairs: Pairs, titles: Titles) -> None:
        self._lexicon = lexicon
        self._shown = shown
        self._pairs = pairs
        self._titles = titles

    @cached_property
    def _hashes(self) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        words = self._lexicon.words
        return np.fromiter(map(word_hash, words), np.uint32, len(words))

    def complete(
        self, head: str, before: str, beginning: str, key: str, limit: int, asked: Sequence[Suggestion] = ()
    ) -> list[Suggestion]:
        """The best completions.

        Parameters
        ----------
        head : str
            What was typed before the word that is being typed, as it was typed.
        before : str
            The word before it, folded; empty if there is none.
        beginning : str
            What there is of the word, folded; empty right after a space.
        key : str
            All that was typed, folded as titles are.
        limit : int
        asked : sequence of Suggestion
            Queries that begin so, best first; `limit` at most.
        """
        words = self.words(head, before, beginning, limit)
        titles = self._titles.complete(key, limit) if key else []
        if not (asked or words or titles) and FORGIVEN_FROM <= len(beginning) <= FORGIVEN_TO:
            words = self._forgiving(head, beginning, limit)
        return _mixed(asked, words, titles, limit)

    def words(self, head: str, before: str, beginning: str, limit: int) -> list[Suggestion]:
        """The best words for the one being typed."""
        if not beginning and not before:
            return []
        ranked = self._lexicon.ranked
        low, high = ranked.range_of(beginning)
        if low == high:
            return []
        if not before:
            return self._suggestions(head, ranked.best(low, high, limit))
        chosen = ranked.best(low, high, CONTEXT)
        together = self._pairs.after(word_hash(before), self._hashes[chosen])
        if not together.any():
            return self._suggestions(head, chosen[:limit]) if beginning else []
        order = np.argsort(-together, kind="stable")[:limit]  # Equal ones stay in order of weight.
        if not beginning:
            order = order[together[order] > 0]
        return self._suggestions(head, chosen[order], together[order].tolist())

    def _suggestions(
        self, head: str, numbers: np.ndarray[tuple[int], np.dtype[np.uint32]], together: Sequence[int] = ()
    ) -> list[Suggestion]:
        words, shown = self._lexicon.words, self._shown
        counts = self._lexicon.counts[numbers].tolist()
        texts = [words[number] for number in numbers.tolist()]
        if shown:
            texts = [shown.get(word, word) for word in texts]
        both = zip(texts, counts, together or itertools.repeat(0), strict=False)
        return [Suggestion(head + text, count, "word", beside) for text, count, beside in both]

    # --- slips ------------------------------------------------------------------------------------------

    @cached_property
    def _alphabet(self) -> str:
        words = self._lexicon.words
        letters = Counter("".join(words[:: len(words) // _SAMPLE + 1]))
        return "".join(letter for letter, _ in letters.most_common(_ALPHABET))

    def _forgiving(self, head: str, beginning: str, limit: int) -> list[Suggestion]:
        """Completions of beginnings one slip away: two letters exchanged, then one more, less, or another."""
        ranked, sound = self._lexicon.ranked, 1
        while sound < len(beginning) and _some(ranked.range_of(beginning[: sound + 1])):
            sound += 1  # Letters that begin some word: the slip is right after them, or earlier.
        for variants in self._variants(beginning, range(1, min(sound + 1, len(beginning)))):
            numbers: dict[int, None] = {}
            for variant in variants:
                low, high = ranked.range_of(variant)
                if low < high:
                    numbers.update(dict.fromkeys(ranked.best(low, high, limit).tolist()))
            if numbers:
                weights = self._lexicon.counts
                best = sorted(numbers, key=lambda n: (-int(weights[n]), n))[:limit]
                return self._suggestions(head, np.array(best, np.uint32))
        return []

    def _variants(self, typed: str, places: range) -> list[set[str]]:
        exchanged = {typed[:p] + typed[p + 1] + typed[p] + typed[p + 2 :] for p in places if p + 1 < len(typed)}
        less = {typed[:p] + typed[p + 1 :] for p in places}
        other = {typed[:p] + letter + typed[p + 1 :] for p in places for letter in self._alphabet}
        more = {typed[:p] + letter + typed[p:] for p in places for letter in self._alphabet}
        return [exchanged, less | other | more]


def _some(found: tuple[int, int]) -> bool:
    return found[0] < found[1]


def _mixed(
    asked: Sequence[Suggestion], words: list[Suggestion], titles: list[Suggestion], limit: int
) -> list[Suggestion]:
    """Queries, then words and titles by turns in two blocks, no text twice."""
    if not asked and not titles:
        return words
    found = {suggestion.text.casefold(): suggestion for suggestion in reversed(asked)}
    kept = list(reversed(found.values()))
    words = [one for one in words if one.text.casefold() not in found]
    known = {one.text.casefold() for one in words} | found.keys()
    titles = [one for one in titles if one.text.casefold() not in known]
    room = limit - len(kept)
    share = max((room + 1) // 2, room - len(titles))
    words = words[:share]
    return (kept + words + titles[: room - len(words)])[:limit]

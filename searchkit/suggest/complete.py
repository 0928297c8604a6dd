"""Here is the beginning of something: what will it be? Words, whole titles, and queries asked before.

- A **word** completes the last one typed. Those that most often stand right after the word before it come first (of
  the `CONTEXT` most frequent words with this beginning), then the most frequent ones, then in their order.
- A **title** begins with all that was typed. Those of most documents come first, then the shorter, then in their order.
- A **query** begins with all that was typed, too. Those asked most often come first, then in their order; one that finds
  nothing now is not offered. Who asks for completions brings them.

Queries go first; what they leave is shared between words and titles, word by word and title by title, words taking
the odd one. Everything compared is folded.

When fewer than `LITTLE` of these are found (or than were asked for), words follow that begin as if there were slips in the
last word typed, after its first letter. First come those that begin as it would with two neighbours exchanged; if still too
few are found, those that do with one letter more, less, or other; and, from `TWICE_FROM` letters on, if nothing is found
at all, those that do with two slips. Of each kind as many as there is room for, in the order of words above: by how often
they stand after the word before, then the most frequent, then in their order.

Cost: 20 to 30 microseconds, whatever the length of the beginning, and some ten more with a word before it; five more where
slips are forgiven, 100 without the compiled kernels, and two milliseconds where two slips are. What this module does not
know: folding, and where words come from.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.locks import Lock
from searchkit.model.suggestions import Suggestion
from searchkit.suggest.beginnings import TYPED_MAX, Beginnings
from searchkit.suggest.corrector import Engine
from searchkit.suggest.lexicon import Lexicon, Ranked
from searchkit.suggest.pairs import Pairs, word_hash

if TYPE_CHECKING:
    from searchkit.suggest.kernels.completions import Compiled

Numbers: TypeAlias = npt.NDArray[np.uint32]

CONTEXT: Final = 128
"""Words with the beginning that is typed, most frequent first, that the word before is asked about."""
LITTLE: Final = 3
"""Completions from which on no slip is forgiven; all that were asked for, if these are fewer."""
FORGIVEN_FROM: Final = 4
"""Letters of a beginning from which on a slip is forgiven; of fewer, anything could be meant."""
TWICE_FROM: Final = 8
"""Letters of a beginning from which on two are."""


_COMPILED_MAX: Final = max(CONTEXT, limits.SUGGESTIONS_MAX) + LITTLE
"""Words of a kind of slip up to which the kernel has room for them; more are asked for by nobody but a test."""
_OPENINGS_MAX: Final = 4_096
"""Beginnings whose most frequent words are remembered; a kilobyte each."""
_LETTERS_MAX, _KNOWN_LETTERS = 64, 6
"""Letters of a beginning the kernels have room for, and how many they know without reading the words."""
_Kind: TypeAlias = tuple[list[int], list[int]]
"""Words that one kind of slip leads to, best first: numbers and counts."""
_WORD, _NEVER = itertools.repeat("word"), itertools.repeat(0)
_suggestion: Final[Callable[[Iterable[object]], Suggestion]] = partial(tuple.__new__, Suggestion)
"""A suggestion of its four members: a call of its class takes ten times as long."""


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
        self.shown = [_commonest(spelled[key]) for key in self.keys]
        order = sorted(range(len(self.keys)), key=lambda n: (-self._counts[n], len(self.shown[n]), self.keys[n]))
        self.ranked = Ranked(self.keys, np.array(order, np.int64))

    def complete(self, key: str, limit: int) -> list[Suggestion]:
        """The best titles that begin so."""
        low, high = self.ranked.range_of(key)
        return [] if low == high else self.suggestions(self.ranked.best(low, high, limit).tolist())

    def suggestions(self, numbers: Iterable[int]) -> list[Suggestion]:
        """Some titles, given by their numbers."""
        return [_suggestion((self.shown[n], self._counts[n], "title", 0)) for n in numbers]


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
        self._openings: dict[str, tuple[Numbers, Numbers]] = {}
        self._lock = Lock()

    @cached_property
    def _hashes(self) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        words = self._lexicon.words
        return np.fromiter(map(word_hash, words), np.uint32, len(words))

    def complete(
        self,
        head: str,
        before: str,
        beginning: str,
        key: str,
        limit: int,
        asked: Sequence[Suggestion] = (),
        engine: Engine = "numpy",
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
        engine : {"numpy", "numba"}
            Who computes; the answers are the same.
        """
        compiled = engine == "numba" and limit <= _COMPILED_MAX
        if compiled and len(beginning) <= _LETTERS_MAX and not (before and self._pairs.read is None):
            found = self._quick(head, before, beginning, key, limit, asked)
        else:
            words = self.words(head, before, beginning, limit)
            found = _mixed(asked, words, self._titles.complete(key, limit) if key else [], limit)
        if len(found) < LITTLE and len(found) < limit and FORGIVEN_FROM <= len(beginning) <= TYPED_MAX:
            return found + self._forgiving(head, before, beginning, found, limit, compiled=compiled)
        return found

    def words(self, head: str, before: str, beginning: str, limit: int) -> list[Suggestion]:
        """The best words for the one being typed."""
        if not beginning and not before:
            return []
        if not before:
            ranked = self._lexicon.ranked
            return self._suggestions(head, ranked.best(*ranked.range_of(beginning), limit).tolist())
        chosen, hashes = self._openings.get(beginning) or self._opening(beginning)
        return self._in_context(head, before, chosen, hashes, limit, known_only=not beginning)

    def _opening(self, beginning: str) -> tuple[Numbers, Numbers]:
        """The most frequent words with a beginning, and their hashes; remembered where many words have it."""
        ranked = self._lexicon.ranked
        low, high = ranked.range_of(beginning)
        chosen = ranked.best(low, high, CONTEXT)
        found = chosen, self._hashes[chosen]
        if high - low > CONTEXT:
            if len(self._openings) >= _OPENINGS_MAX:
                self._openings = {}
            self._openings[beginning] = found
        return found

    def _in_context(
        self, head: str, before: str, chosen: Numbers, hashes: Numbers, limit: int, *, known_only: bool = False
    ) -> list[Suggestion]:
        """The best of some words, given best first: those that stand right after the word before, then the others."""
        which, counts = self._pairs.after(word_hash(before), hashes)
        if not len(which):
            return [] if known_only else self._suggestions(head, chosen[:limit].tolist())
        together = dict(zip(which.tolist(), counts.tolist(), strict=True))
        order = sorted(together, key=lambda place: -together[place])[:limit]  # Equal ones stay in order of weight.
        if len(order) < limit and not known_only:
            others = [place for place in range(min(len(chosen), limit)) if place not in together]
            order += others[: limit - len(order)]
        return self._suggestions(head, chosen.take(order).tolist(), [together.get(place, 0) for place in order])

    def _suggestions(self, head: str, numbers: Sequence[int], together: Iterable[int] = _NEVER) -> list[Suggestion]:
        words = list(map(self._lexicon.words.__getitem__, numbers))
        texts = [head + self._shown.get(word, word) for word in words]
        weights = self._lexicon.counts[np.asarray(numbers, np.int64)].tolist()
        return list(map(_suggestion, zip(texts, weights, _WORD, together, strict=False)))

    # --- the compiled way ---------------------------------------------------------------------------------

    def _spelled(
        self, head: str, numbers: Iterable[int], weights: Iterable[int], together: Iterable[int] = _NEVER
    ) -> list[Suggestion]:
        return list(map(_suggestion, zip(self._texts(head, numbers), weights, _WORD, together, strict=False)))

    @cached_property
    def _display(self) -> list[str]:
        """How each word is shown."""
        return [self._shown.get(word, word) for word in self._lexicon.words] if self._shown else self._lexicon.words

    def _texts(self, head: str, numbers: Iterable[int]) -> list[str]:
        texts = list(map(self._display.__getitem__, numbers))
        return [head + text for text in texts] if head else texts

    @cached_property
    def _compiled(self) -> Compiled:
        from searchkit.suggest.kernels.completions import Compiled

        return Compiled(self._lexicon, self._pairs.read, self._titles.ranked, CONTEXT)

    def _compiled_for(self, before: str, letters: int) -> Compiled:
        """What the kernels read, with all that is needed for so many letters and perhaps a word before."""
        compiled = self._compiled
        if letters > _KNOWN_LETTERS and not compiled.has_letters:
            compiled.take_letters(self._beginnings)
        if before and not compiled.has_hashes:
            compiled.take_hashes(self._hashes)
        return compiled

    def _quick(
        self, head: str, before: str, beginning: str, key: str, limit: int, asked: Sequence[Suggestion]
    ) -> list[Suggestion]:
        """Words and titles as `words` and `Titles.complete` find them, and as `_mixed` mixes them."""
        together: Iterable[int] = _NEVER
        numbers: list[int] = []
        weights: list[int] = []
        with self._lock:
            compiled = self._compiled_for(before, len(beginning))
            if beginning and not before and key == beginning:
                numbers, weights, titles = compiled.both(beginning, limit)
            else:
                if before:
                    numbers, weights, together = compiled.after(
                        word_hash(before), beginning, limit, known_only=not beginning
                    )
                elif beginning:
                    numbers, weights, _ = compiled.both(beginning, limit)
                titles = compiled.titles(key, limit) if key else []
        if asked:
            words = self._spelled(head, numbers, weights, together)
            return _mixed(asked, words, self._titles.suggestions(titles), limit)
        texts = self._texts(head, numbers)
        if not titles:
            return list(map(_suggestion, zip(texts, weights, _WORD, together, strict=False)))
        known, shown = set(map(str.casefold, texts)), self._titles.shown
        titles = [number for number in titles if shown[number].casefold() not in known]
        del texts[max((limit + 1) // 2, limit - len(titles)) :]
        found = list(map(_suggestion, zip(texts, weights, _WORD, together, strict=False)))
        return found + self._titles.suggestions(titles[: limit - len(found)])

    # --- slips ------------------------------------------------------------------------------------------

    @cached_property
    def _beginnings(self) -> Beginnings:
        return Beginnings(self._lexicon.words)

    def _forgiving(
        self, head: str, before: str, beginning: str, found: Sequence[Suggestion], limit: int, *, compiled: bool
    ) -> list[Suggestion]:
        """Words that begin as if there were slips in what was typed, to follow what was found without."""
        texts = {one.text.casefold() for one in found}
        forgiven: list[Suggestion] = []
        keep = (CONTEXT if before else limit) + LITTLE
        for kind in self._slipped(beginning, keep) if compiled else self._plainly_slipped(beginning, keep):
            if kind is None and texts:
                break
            numbers, weights = kind or self._best_beginning_with(self._beginnings.two_slips(beginning), beginning, keep)
            if not numbers:
                continue
            room = limit - len(found) - len(forgiven)
            wanted = room + len(texts)  # Some may have been found before.
            if before:
                words = self._after(head, before, numbers, wanted, compiled=compiled)
            elif compiled:
                words = self._spelled(head, numbers[:wanted], weights)
            else:
                words = self._suggestions(head, numbers[:wanted])
            if texts:
                words = [one for one in words if one.text.casefold() not in texts][:room]
            forgiven += words
            if len(found) + len(forgiven) >= min(LITTLE, limit):
                break
            texts.update(one.text.casefold() for one in words)
        return forgiven

    def _after(self, head: str, before: str, numbers: list[int], limit: int, *, compiled: bool) -> list[Suggestion]:
        """The best of some words, given best first: those that stand right after the word before, then the others."""
        if compiled and self._pairs.read is not None and limit <= _COMPILED_MAX >= len(numbers):
            with self._lock:
                found = self._compiled_for(before, 0).after_of(word_hash(before), numbers, limit)
            return self._spelled(head, *found)
        chosen = np.array(numbers, np.uint32)
        return self._in_context(head, before, chosen, self._hashes[chosen], limit)

    def _slipped(self, beginning: str, keep: int) -> Sequence[_Kind | None]:
        """Words for each kind of slip, in the order they are thought of: two letters exchanged, any other, two (None)."""
        if keep > _COMPILED_MAX:
            return [*self._plainly_slipped(beginning, keep)]
        with self._lock:
            both = self._compiled_for("", TYPED_MAX).slips(beginning, keep)
        return (*both, None) if len(beginning) >= TWICE_FROM else both

    def _plainly_slipped(self, beginning: str, keep: int) -> Iterator[_Kind | None]:
        """The same without the compiled kernels."""
        for variants in self._beginnings.one_slip(beginning):
            yield self._best_beginning_with(variants, beginning, keep)
        if len(beginning) >= TWICE_FROM:
            yield None

    def _best_beginning_with(self, variants: Iterable[str], beginning: str, keep: int) -> _Kind:
        """The best words that begin with any variant and not with what was typed."""
        ranked = self._lexicon.ranked
        exact = ranked.range_of(beginning)
        ranges = [some for variant in set(variants) if (some := ranked.range_of(variant))[0] < some[1]]
        numbers = ranked.best_of(ranges, keep + exact[1] - exact[0])
        numbers = numbers[(numbers < exact[0]) | (numbers >= exact[1])][:keep]
        return numbers.tolist(), self._lexicon.counts[numbers].tolist()


def _mixed(
    asked: Sequence[Suggestion], words: list[Suggestion], titles: list[Suggestion], limit: int
) -> list[Suggestion]:
    """Queries, then words and titles by turns in two blocks, no text twice."""
    if not asked and not titles:
        return words
    found = {suggestion.text.casefold(): suggestion for suggestion in reversed(asked)}
    kept = list(reversed(found.values()))
    if kept:
        words = [one for one in words if one.text.casefold() not in found]
    if titles:
        known = {one.text.casefold() for one in words} | found.keys()
        titles = [one for one in titles if one.text.casefold() not in known]
    room = limit - len(kept)
    share = max((room + 1) // 2, room - len(titles))
    words = words[:share]
    return (kept + words + titles[: room - len(words)])[:limit]

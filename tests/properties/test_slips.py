"""The two ways to complete a word, with slips and without, compiled and not, find the same words in the same order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.suggest import complete
from searchkit.suggest.beginnings import TYPED_MAX
from searchkit.suggest.complete import Completer, Titles
from searchkit.suggest.kernels import completions
from searchkit.suggest.kernels.beginnings import KEEP_MAX
from searchkit.suggest.kernels.completions import LETTERS_MAX
from searchkit.suggest.kernels.openings import ASKED_MAX, KNOWN
from searchkit.suggest.lexicon import Lexicon
from searchkit.suggest.pairs import PairCounts, Pairs, cells_of, word_hash

letters = st.sampled_from("abcdé東\ud800")
words = st.text(letters, min_size=1, max_size=9)
long_words = st.builds(lambda word, times, end: (word * times)[:44] + end, words, st.integers(1, 12), words)
NO_TITLES = Titles((), ())


def completer(table: dict[str, int], after: dict[str, list[str]]) -> Completer:
    """One whose words stand together as `after` says."""
    cells = [cells_of(np.array([word_hash(first)], np.uint32), np.array([word_hash(w) for w in seconds], np.uint32))
             for first, seconds in after.items() if seconds]  # fmt: skip
    pairs = Pairs(PairCounts.of(np.concatenate([np.zeros(0, np.uint32), *cells])))
    return Completer(Lexicon.of(table), {}, pairs, NO_TITLES)


def both(of: Completer, before: str, typed: str, limit: int) -> list[Any]:
    """The answers of the two ways."""
    head = before + " " if before else ""
    return [of.complete(head, before, typed, head + typed, limit, engine=engine) for engine in ("numpy", "numba")]


@settings(deadline=None)
@given(
    table=st.dictionaries(words | long_words, st.integers(1, 9), min_size=1, max_size=60),
    typed=st.lists(st.text(letters, min_size=4, max_size=12), max_size=4),
    slipped=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 12), st.text(letters, max_size=2)), max_size=8),
    limit=st.integers(1, 100),
)
def test_compiled_and_plain_forgive_alike(table, typed, slipped, limit) -> None:
    """Whatever is typed, with or without a word before."""
    known = sorted(table)
    of = completer(table, {"de": known[::3]})
    typed += [(word := known[n % len(known)])[:place] + new + word[place + 1 :] for n, place, new in slipped]
    for text in typed:
        for before in ("", "de"):
            plain, compiled = both(of, before, text[: TYPED_MAX + 2], limit)
            assert plain == compiled, (before, text)
            assert len({one.text.casefold() for one in plain}) == len(plain), (before, text)


def test_a_word_that_several_slips_lead_to_is_there_once() -> None:
    """Two letters exchanged at the end of what was typed look like one too few, as well."""
    of = completer({"abdcx": 3, "abdcy": 2}, {"de": ["abdcy"]})
    for before, expected in (("", ["abdcx", "abdcy"]), ("de", ["de abdcy", "de abdcx"])):
        for found in both(of, before, "abcd", 8):
            assert [one.text for one in found] == expected


@pytest.mark.parametrize("limit", [3, 8, 100, 500])
def test_many_words_that_begin_alike_are_ranked_alike(limit) -> None:
    """Ranges of many blocks, which hold one another and what begins as typed."""
    draw = np.random.default_rng(4)
    table = {
        "abc" + "".join(map(chr, draw.integers(97, 101, draw.integers(1, 9)))): int(draw.zipf(1.3) % 1000 + 1)
        for _ in range(9_000)
    }
    of = completer(table, {"de": sorted(table)[::7]})
    for typed in ("abdc", "acbd", "abd", "abcdz", "abzcaaaa", "abcaaaaaazz", "abczzzzzz", "axca", "aabc", "abbc"):
        for before in ("", "de"):
            plain, compiled = both(of, before, typed, limit)
            assert plain == compiled, (before, typed)
            assert plain or len(typed) < 4 or "zz" in typed


@settings(deadline=None, max_examples=30)
@given(
    table=st.dictionaries(words | long_words, st.integers(1, 9), min_size=1, max_size=60),
    shown=st.dictionaries(words, st.text("ABCÉ", min_size=1, max_size=3), max_size=4),
    titles=st.lists(st.lists(words | long_words, min_size=1, max_size=3).map(" ".join), max_size=30),
    asked=st.lists(st.tuples(words | long_words, st.integers(0, 12)), max_size=8),
    limit=st.integers(1, 20),
)
def test_compiled_and_plain_complete_alike(table, shown, titles, asked, limit) -> None:
    """Words, words after another one, and titles, by beginnings of any length; where bits tell of pairs, too."""
    known = sorted(table)
    cells = cells_of(
        np.array([word_hash("de")], np.uint32),
        np.array([word_hash(word) for word in known[::2] + known[::4]], np.uint32),
    )
    pairs = Pairs(PairCounts.of(cells), bits_from=1)
    of = Completer(Lexicon.of(table), shown, pairs, Titles(titles, titles))
    texts = [word[:size] for word, size in asked] + known[:3] + [title[:size] for title in titles for size in (2, 5, 9)]
    for text in ["", *texts]:
        for before in ("", "de", "no"):
            plain, compiled = both(of, before, text, limit)
            assert plain == compiled, (before, text)
    for text in texts:
        plain, compiled = (of.complete("", "", text[-3:], text, limit, engine=engine) for engine in ("numpy", "numba"))
        assert plain == compiled, text


def test_more_words_after_another_than_are_asked_about() -> None:
    """Of words that begin alike, those that are remembered answer as they did at first, and not for other beginnings."""
    ends = ["".join(map(chr, (97 + n % 26, 97 + n // 26))) for n in range(600)]
    table = {first + end: n % 50 + 1 for first in ("ab", "bc") for n, end in enumerate(ends)}
    cells = cells_of(np.array([word_hash("de")], np.uint32), np.array([word_hash(w) for w in [*table][::3]], np.uint32))
    of = Completer(Lexicon.of(table), {}, Pairs(PairCounts.of(cells), bits_from=1), NO_TITLES)
    for _ in range(2):
        for typed in ("ab", "bc", "abc", "a", "", "b", "abx"):
            plain, compiled = both(of, "de", typed, 20)
            assert plain == compiled and plain


def test_the_kernel_has_room_for_all_that_may_be_asked_for() -> None:
    """These limits are numbers of their own, and must stay in step."""
    assert complete._KNOWN_LETTERS == KNOWN
    assert complete._LETTERS_MAX == LETTERS_MAX >= complete.TYPED_MAX
    assert len(completions._KINDS) == completions._SLIPPED + 1
    assert complete._COMPILED_MAX <= KEEP_MAX
    assert complete._COMPILED_MAX <= ASKED_MAX


def test_no_words_at_all() -> None:
    """Nothing is found, and nothing is wrong."""
    assert both(completer({}, {}), "", "abcdef", 8) == [[], []]

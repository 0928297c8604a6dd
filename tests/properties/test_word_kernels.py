"""The compiled ways of the suggesters give what the plain ones give, for any words."""

from __future__ import annotations

from unittest import mock

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from searchkit.suggest import channel
from searchkit.suggest.harvest import tally
from searchkit.suggest.kernels import nearby as kernels
from searchkit.suggest.kernels.channel import FAR, ROOM, cost, kernel_costs
from searchkit.suggest.kernels.tally import tally as compiled_tally
from searchkit.suggest.kernels.words import WordTable
from searchkit.suggest.lexicon import Lexicon, Ranked
from searchkit.suggest.nearby import Nearby
from searchkit.suggest.noise import tables
from searchkit.suggest.pairs import PairCounts, Pairs, cells_of, word_hash
from searchkit.suggest.parts import encode_words
from searchkit.suggest.sounds import sounds

words = st.text(alphabet="aeioyckstphgnlqézя", min_size=1, max_size=12)
vocabularies = st.dictionaries(words, st.integers(1, 9), min_size=1, max_size=40)


def codes_of(word: str) -> np.ndarray:
    return np.array([ord(letter) for letter in word], np.uint32)


@settings(deadline=None)
@given(typed=words, meant=st.lists(words, min_size=1, max_size=6))
def test_costs_are_the_same(typed, meant) -> None:
    """The cost of a slip does not depend on who computes it, nor on the other words it is computed with."""
    longest = max(map(len, meant))
    matrix = np.zeros((len(meant), longest), np.uint32)
    for row, word in enumerate(meant):
        matrix[row, : len(word)] = codes_of(word)
    t = tables()
    plain = channel.costs(codes_of(typed), matrix, np.array([len(word) for word in meant]), t)
    arrays = kernel_costs(t), np.zeros(ROOM, np.int64), FAR - 1
    kernels.listen(codes_of(typed), len(typed), *arrays[:2])
    one_by_one = [cost(codes_of(typed), len(typed), codes_of(word), 0, len(word), *arrays) for word in meant]
    assert np.minimum(plain, FAR).tolist() == one_by_one
    assert all((found == 0) == (word == typed) for found, word in zip(one_by_one, meant, strict=True))


@settings(deadline=None)
@given(table=vocabularies, asked=st.lists(words, min_size=1, max_size=6), keep=st.integers(1, 9))
def test_near_words_are_the_same(table, asked, keep) -> None:
    """The index of deletions finds just the words a scan finds, with the same costs, in the same order."""
    near = Nearby(Lexicon.of(table))
    for typed in [*asked, *list(table)[:3]]:
        assert near.compiled(typed, keep) == near.plain(typed, keep)


@settings(deadline=None)
@given(some=st.lists(words, min_size=1, max_size=8))
def test_sounds_are_the_same(some) -> None:
    """A word sounds the same alone and among others."""
    heard, sizes = sounds(codes_of("".join(some)), np.array([len(word) for word in some]))
    out = np.zeros(64, np.uint32)
    one_by_one = [out[: kernels.sound(codes_of(word), 0, len(word), out)].tolist() for word in some]
    assert np.split(heard, np.cumsum(sizes)[:-1])[0].tolist() == one_by_one[0]
    assert heard.tolist() == [code for word in one_by_one for code in word]


@settings(deadline=None)
@given(data=st.data())
def test_tallies_are_the_same(data) -> None:
    """Documents and pairs are counted alike."""
    fields = data.draw(st.integers(1, 3))
    texts = data.draw(st.lists(st.lists(st.integers(0, 5), max_size=9), min_size=1, max_size=6))
    texts += [[]] * (-len(texts) % fields)
    cut = data.draw(st.integers(0, len(texts) // fields)) * fields
    batches = [
        (
            np.array([word for text in some for word in text], np.uint32),
            np.array([len(text) for text in some], np.int64),
        )
        for some in (texts[:cut], texts[cut:])
    ]
    hashes = np.array([3, 1 << 31, 77, 5, (1 << 32) - 1], np.uint32)
    counts, pairs = tally(batches, fields, hashes)
    others, other_pairs = compiled_tally(batches, fields, hashes)
    documents = [[word for text in texts[at : at + fields] for word in text] for at in range(0, len(texts), fields)]
    assert counts.tolist() == others.tolist() == [sum(word in text for text in documents) for word in range(1, 6)]
    assert pairs.cells.tolist() == other_pairs.cells.tolist()
    assert pairs.counts.tolist() == other_pairs.counts.tolist()


def test_tallies_are_the_same_however_often_a_pair_is_there() -> None:
    """A bucket of many blocks is counted like one of few, also where a block is just full."""
    hashes = np.array([3, 1 << 31, 77, 5, (1 << 32) - 1], np.uint32)
    draw = np.random.default_rng(5)
    for size in (511, 512, 513, 1023, 1024, 40_000):
        streams = [np.ones(size, np.uint32), draw.integers(0, 6, size).astype(np.uint32)]
        batches = [(stream, np.array([3, 0, size - 3, 0], np.int64)) for stream in streams]
        counts, pairs = tally(batches, 2, hashes)
        others, other_pairs = compiled_tally(batches, 2, hashes)
        assert counts.tolist() == others.tolist()
        assert pairs.cells.tolist() == other_pairs.cells.tolist()
        assert pairs.counts.tolist() == other_pairs.counts.tolist()


@settings(deadline=None)
@given(batches=st.lists(st.lists(st.text(alphabet="aBé東1", max_size=9), max_size=30), max_size=4))
def test_words_are_numbered_and_written_as_a_dictionary_does(batches) -> None:
    """Numbers are those of first sight, and letters in another order are the same bytes whoever brings them there."""
    table, known = WordTable(slots=2), dict[str, int]()
    for some in batches:
        letters = np.frombuffer("\n".join([*some, ""]).encode(), np.uint8)
        found = table.enter(letters, np.flatnonzero(letters == 10), np.array(list(map(bool, some)), bool), 0, len(some))
        lower = [word.translate({ord("B"): "b"}) for word in some]
        assert found.tolist() == [known.setdefault(word, len(known) + 1) if word else 0 for word in lower]
    assert table.words() == list(known)
    counts = np.arange(len(known)) % 3
    assert encode_words(table.letters(), counts, table.gathered) == encode_words(table.letters(), counts)


@given(weights=st.lists(st.integers(0, 50), max_size=400), data=st.data())
def test_the_best_of_a_range_are_those_of_sorting_it(weights, data) -> None:
    """Blocks and partitions change nothing: the best keys of any range, best first."""
    order = np.argsort(-np.array(weights, np.int64), kind="stable")
    ranked = Ranked([f"{number:04}" for number in range(len(weights))], order)
    low = data.draw(st.integers(0, len(weights)))
    high = data.draw(st.integers(low, len(weights)))
    limit = data.draw(st.integers(1, 12))
    expected = sorted(range(low, high), key=lambda number: (-weights[number], number))[:limit]
    assert ranked.best(low, high, limit).tolist() == expected


def together(pairs: Pairs, first: str, second: np.ndarray) -> list[int]:
    """How often each of some words, given by their hashes, stands right after one."""
    found = np.zeros(len(second), np.int64)
    which, counts = pairs.after(word_hash(first), second)
    found[which] = counts
    return found.tolist()


@settings(deadline=None, max_examples=20)
@given(pairs=st.lists(st.tuples(words, words), max_size=30), asked=st.lists(words, min_size=1, max_size=8))
def test_bits_change_no_count_of_pairs(pairs, asked) -> None:
    """Whether a pair is seen by a bit first makes no difference, and counts are those of a dictionary of cells."""
    hashes = np.array([[word_hash(one), word_hash(two)] for one, two in pairs], np.uint32).reshape(-1, 2)
    table = PairCounts.of(cells_of(hashes[:, 0], hashes[:, 1]))
    seconds = [two for _, two in pairs] + asked
    second = np.array([word_hash(word) for word in seconds], np.uint32)
    firsts = [first for first, _ in pairs] + asked
    found = []
    for least in (1, 1 << 30):
        with mock.patch("searchkit.suggest.pairs._BITS_FROM", least):
            ready = Pairs(table)
        found.append([together(ready, first, second) for first in firsts])
        assert all(ready.count(one, two) >= pairs.count((one, two)) for one, two in pairs)
        assert all(
            ready.count(first, two) == together(ready, first, second)[n]
            for first, _ in pairs
            for n, two in enumerate(seconds)
        )
    assert found[0] == found[1]


long_words = st.text(alphabet="abcé東", min_size=1, max_size=40)


@settings(deadline=None)
@given(one=words | long_words, other=words | long_words)
@example(one="aei", other="z")
def test_edits_are_counted_alike(one, other) -> None:
    """As rapidfuzz counts them, whatever stands beside the words; interpreted, an index past the last word is an error."""
    count = getattr(kernels.edits_apart, "py_func", kernels.edits_apart)
    masks = np.full(kernels.PLAIN, 3)
    kernels.spot(codes_of(one), len(one), masks)
    for beside in ("", "a" * 3, one, other):
        among = codes_of(beside + other + beside)
        assert count(codes_of(one), len(one), masks, among, len(beside), len(other)) == OSA.distance(one, other)

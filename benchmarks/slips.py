"""Fit the costs of slips, `searchkit/suggest/slips.txt`, on misspellings that people made.

    python -m benchmarks.slips --codespell dictionary.txt --learners spelling_en.txt > searchkit/suggest/slips.txt

The two lists, which are not kept here, are the dictionary of codespell 2.4.3 (single answers only) and the misspellings of
learners of English in nlpaug 1.1.11 (``res/word/spelling``). No misspelling of the lists that are measured with
(`benchmarks.typos.LISTS`) takes part. Of the rest, three in ten are held out: those whose correction's first five letters
hash so, that no family of words is on both sides. The others were counted along the cheapest alignments, which are found
with the tables of the round before (expectation maximisation in its hard form). A misspelling counts the less, the more
there are of the same word, since some words were misspelt by programs; both lists count as much. What was counted makes
three quarters of a cost, what is generally known of English spelling (`believed`) the rest. The numbers named below were
chosen by accuracy on both parts, with symspellpy's frequency dictionary as vocabulary: words corrected once for each
correction, among them misspellings of several answers, each of which counts.

Some three minutes. What this module does not know: how the costs are used.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from benchmarks.corpus import data_directory
from benchmarks.typos import LISTS, read_list
from searchkit.suggest.noise import ALIKE, BORDER, DIGRAPHS, KEYS, LETTERS, NEAR_VOWELS, VOWELS, Tables, to_text

ROUNDS: Final = 4
APART_MAX: Final = 3
SMOOTH: Final = 60.0
"""Chances for an edit for which its class is believed."""
SMOOTH_WEAK: Final = 200.0
"""Chances for a letter to be replaced for which its neighbours are taken to be of no matter."""
BELIEVED: Final = 0.25
"""Part of a cost that is not counted."""
INDEL: Final = 60
"""Added to a letter too many or too few."""
MOVED: Final = 570
SWAP_FIRST: Final = 138
"""Added where the first letter is exchanged with the second."""
_HELD_OUT: Final = 77
Pair: TypeAlias = tuple[str, str]
Floats: TypeAlias = npt.NDArray[np.float64]


def codespell(lines: Iterable[str]) -> list[Pair]:
    """Misspelling and correction of the single answers of codespell's dictionary."""
    pairs = (line.strip().lower().split("->") for line in lines if "->" in line)
    return [(typed, meant) for typed, meant in pairs if "," not in meant]


def learners(lines: Iterable[str]) -> list[Pair]:
    """Misspelling and correction of lines of a word and what was written for it."""
    found = (line.lower().split(" ") for line in lines)
    return [(typed.strip(), meant) for meant, *all_typed in found for typed in all_typed]


def usable(pairs: Iterable[Pair], left_out: set[str], *, held_out: bool = False) -> list[Pair]:
    """Slips in words of a to z that may take part in fitting, or those held out."""
    return [
        (typed, meant)
        for typed, meant in pairs
        if typed.isascii() and typed.isalpha() and meant.isascii() and meant.isalpha() and typed not in left_out
        if typed != meant and OSA.distance(typed, meant) <= APART_MAX and is_held_out(meant) == held_out
    ]


def is_held_out(meant: str) -> bool:
    """Whether corrections with this beginning are kept for measuring."""
    return hashlib.md5(meant[:5].encode(), usedforsecurity=False).digest()[0] < _HELD_OUT


class Costs:
    """Costs of all edits as plain lists: negative logarithms of how often they are made, where they could be."""

    def __init__(self, counts: Counter[tuple[object, ...]], chances: Counter[tuple[int, int]], total: float) -> None:
        followed = np.zeros((LETTERS + 1, LETTERS + 1))
        for (one, other), count in chances.items():
            followed[one, other] = count
        letters = np.concatenate((followed[:LETTERS, :].sum(axis=1), [0]))
        self.replaced = self._replaced(counts, letters)
        self.weak, self.weak_before = _weakness(counts, followed)
        self.missed, self.missed_before = _by_neighbours(counts, "missed", followed, followed)
        starts = np.repeat(followed.sum(axis=1)[:, None], LETTERS + 1, axis=1)
        ends = np.repeat(followed.sum(axis=0)[None, :], LETTERS + 1, axis=0)
        self.extra, self.extra_before = _by_neighbours(counts, "extra", starts, ends, total / (LETTERS - 1))
        self.swapped = self._swapped(counts, followed)
        self.merged, self.parted = {}, {}
        merged = sum(counts["merged", *rule] for rule in rules()) / sum(followed[a, b] for a, b, _ in rules())
        parted = sum(counts["parted", *rule] for rule in rules()) / sum(letters[one] for *_, one in rules())
        for a, b, one in rules():
            self.merged[a, b, one] = _cost(counts["merged", a, b, one], followed[a, b], merged)
            self.parted[a, b, one] = _cost(counts["parted", a, b, one], letters[one], parted)

    @staticmethod
    def _replaced(counts: Counter[tuple[object, ...]], letters: Floats) -> Floats:
        kinds = kinds_of_replacing()
        made, could = Counter[int](), Counter[int]()
        every = [(t, w) for t in range(1, LETTERS) for w in range(1, LETTERS) if t != w]
        for t, w in every:
            made[kinds[t, w]] += counts["replaced", t, w]
            could[kinds[t, w]] += letters[w]
        found = np.full((LETTERS, LETTERS), -math.log(made[0] / could[0]))
        for t, w in every:
            kind = kinds[t, w]
            found[t, w] = _cost(counts["replaced", t, w], letters[w], made[kind] / could[kind])
        return found

    @staticmethod
    def _swapped(counts: Counter[tuple[object, ...]], followed: Floats) -> Floats:
        vowels = [number(vowel) for vowel in VOWELS]
        every = [(w, t) for w in range(1, LETTERS) for t in range(1, LETTERS)]
        made, could = Counter[bool](), Counter[bool]()
        for w, t in every:
            kind = w in vowels and t in vowels
            made[kind] += counts["swapped", w, t]
            could[kind] += followed[t, w]
        found = np.full((LETTERS, LETTERS), -math.log(sum(made.values()) / sum(could.values())))
        for w, t in every:
            kind = w in vowels and t in vowels
            found[w, t] = _cost(counts["swapped", w, t], followed[t, w], made[kind] / could[kind])
        return found


def _cost(made: float, could: float, usual: float, smooth: float = SMOOTH) -> float:
    return -math.log((made + smooth * usual) / (could + smooth))


def _by_neighbours(
    counts: Counter[tuple[object, ...]], kind: str, before: Floats, after: Floats, slots: float = 0.0
) -> tuple[Floats, Floats]:
    """Costs of a letter after another one, and what is added to them before another one (naive Bayes)."""
    smooth = SMOOTH * (5 if slots else 1)
    of_letter = np.array([sum(counts[kind, v, w] for v in range(LETTERS + 1)) for w in range(LETTERS)])
    chances = np.full(LETTERS, slots * (LETTERS - 1)) if slots else before[:, :LETTERS].sum(axis=0)
    usual_of_all = of_letter.sum() / (slots * (LETTERS - 1) ** 2 if slots else chances.sum())
    usual = np.array([math.exp(-_cost(of_letter[w], chances[w], usual_of_all)) for w in range(LETTERS)])
    usual[0] = usual_of_all
    first, second = np.zeros((LETTERS + 1, LETTERS)), np.zeros((LETTERS, LETTERS + 1))
    for w in range(1, LETTERS):
        for v in range(1, LETTERS + 1):
            first[v, w] = _cost(counts[kind, v, w], before[v, w], usual[w], smooth)
            added = _cost(counts[kind + " before", w, v], after[w, v], usual[w], smooth)
            second[w, v] = added + math.log(usual[w])
    first[0] = -np.log(usual)
    first[:, 0] = -math.log(usual_of_all)
    return first, second


def _weakness(counts: Counter[tuple[object, ...]], followed: Floats) -> tuple[Floats, Floats]:
    """What is added for replacing a letter after another one, and before another one (naive Bayes)."""
    found = np.zeros((LETTERS + 1, LETTERS)), np.zeros((LETTERS, LETTERS + 1))
    for w in range(1, LETTERS):
        usual = sum(counts["weak", v, w] for v in range(LETTERS + 1)) / followed[:, w].sum()
        for other in range(1, LETTERS + 1):
            for table, kind, at in ((found[0], "weak", (other, w)), (found[1], "weak before", (w, other))):
                table[at] = _cost(counts[kind, *at], followed[at], usual, SMOOTH_WEAK) + math.log(usual)
    return found


def number(letter: str) -> int:
    """The class of a letter."""
    return ord(letter) - 96


def rules() -> list[tuple[int, int, int]]:
    """Two letters, and the one that sounds like them."""
    found = (rule.partition(":") for rule in DIGRAPHS.split())
    return sorted({(number(two[0]), number(two[1]), number(one)) for two, _, one in found})


def kinds_of_replacing() -> npt.NDArray[np.int64]:
    """Which letters are likely to stand for which, as classes: 0 for no likeness."""
    found = np.zeros((LETTERS, LETTERS), np.int64)
    vowels = [a + b for a in VOWELS for b in VOWELS]
    for kind, pairs in enumerate((KEYS.split(), ALIKE.split(), vowels, NEAR_VOWELS.split()), 1):
        for one, other in pairs:
            found[number(one), number(other)] = found[number(other), number(one)] = kind
    return found


def aligned(typed: list[int], meant: list[int], costs: Costs | None) -> list[tuple[object, ...]]:
    """The edits of the cheapest alignment; without costs, of one with the fewest."""
    t, w = [BORDER, *typed, BORDER], [BORDER, *meant, BORDER]
    best: dict[tuple[int, int], tuple[float, tuple[int, int], tuple[tuple[object, ...], ...]]] = {
        (0, 0): (0.0, (0, 0), ())
    }
    for i in range(len(typed) + 1):
        for j in range(len(meant) + 1):
            ways = []
            for (di, dj), edits in _edits(t, w, i, j):
                price = best[i - di, j - dj][0] + sum(_price(edit, costs) for edit in edits)
                ways.append((price, (i - di, j - dj), edits))
            if ways:
                best[i, j] = min(ways, key=lambda way: way[0])
    found: list[tuple[object, ...]] = []
    at = (len(typed), len(meant))
    while at != (0, 0):
        _, at, edits = best[at]
        found += edits
    return found


def _edits(
    t: list[int], w: list[int], i: int, j: int
) -> Iterable[tuple[tuple[int, int], tuple[tuple[object, ...], ...]]]:
    """Ways to come to i letters typed for j: how far from, and by which edits."""
    if i and j:
        weak = ("weak", w[j - 1], w[j]), ("weak before", w[j], w[j + 1])
        yield (1, 1), (() if t[i] == w[j] else (("replaced", t[i], w[j]), *weak))
    if j:
        yield (0, 1), (("missed", w[j - 1], w[j]), ("missed before", w[j], w[j + 1]))
    if i:
        yield (1, 0), (("extra", t[i - 1], t[i]), ("extra before", t[i], t[i + 1]))
    if i > 1 and j > 1 and (t[i], t[i - 1]) == (w[j - 1], w[j]) and t[i] != w[j]:
        yield (2, 2), (("swapped", w[j], t[i]),)
    if j > 1 and i and (w[j - 1], w[j], t[i]) in _RULES:
        yield (1, 2), (("merged", w[j - 1], w[j], t[i]),)
    if i > 1 and j and (t[i - 1], t[i], w[j]) in _RULES:
        yield (2, 1), (("parted", t[i - 1], t[i], w[j]),)


_RULES: Final = frozenset(rules())


def _price(edit: tuple[object, ...], costs: Costs | None) -> float:
    kind, *at = edit
    if costs is None:
        return (
            0.01
            if str(kind).startswith("weak") or str(kind).endswith("before")
            else 1.2
            if kind in ("merged", "parted")
            else 1.0
        )
    table = getattr(costs, str(kind).replace(" ", "_"))
    return float(table[tuple(at)])


def fit(pairs: list[tuple[list[int], list[int], float]]) -> Costs:
    """Costs by rounds of aligning and counting; pairs of letters, each with a weight."""
    chances: Counter[tuple[int, int]] = Counter()
    for _, meant, weight in pairs:
        for two in zip([BORDER, *meant], [*meant, BORDER], strict=True):
            chances[two] += weight  # type: ignore[assignment]  # A count of weights.
    total = float(sum(chances.values()))
    costs = None
    for _ in range(ROUNDS):
        counts: Counter[tuple[object, ...]] = Counter()
        for typed, meant, weight in pairs:
            for edit in aligned(typed, meant, costs):
                counts[edit] += weight  # type: ignore[assignment]
        costs = Costs(counts, chances, total)
    assert costs is not None
    return costs


def tables_of(costs: Costs) -> Tables:
    """The tables in hundredths of a nat."""
    digraphs = np.zeros((2, LETTERS, LETTERS, LETTERS))
    for rule in rules():
        digraphs[0][rule], digraphs[1][rule] = costs.merged[rule], costs.parted[rule]
    missed, extra = 100 * costs.missed + INDEL, 100 * costs.extra + INDEL
    before = [100 * costs.missed_before, 100 * costs.extra_before]
    weak = 100 * costs.weak, 100 * costs.weak_before
    counted = (100 * costs.replaced, *weak, missed, before[0], extra, before[1], 100 * costs.swapped, *(100 * digraphs))
    arrays = [(1 - BELIEVED) * one + BELIEVED * other for one, other in zip(counted, believed(), strict=True)]
    missed, extra, swapped = arrays[3], arrays[5], arrays[7]
    letters = range(1, LETTERS)
    single, double = (float(np.mean([table[n, n] for n in letters])) for table in (missed, extra))
    swap = float(np.mean(swapped[1:, 1:]))
    rounded = [np.round(array).astype(np.int32) for array in arrays]
    return Tables(*rounded, np.round([single, double, SWAP_FIRST, MOVED, swap]).astype(np.int32))


def believed() -> list[Floats]:
    """The tables as one would write them down by hand, in the order of `Tables`, in hundredths of a nat."""
    vowels, silent = [number(vowel) for vowel in VOWELS], [number(letter) for letter in _SILENT]
    replaced = np.array([975.0, 700.0, 500.0, 575.0, 450.0])[kinds_of_replacing()]
    missed, extra = np.full((LETTERS + 1, LETTERS), 425.0), np.full((LETTERS + 1, LETTERS), 800.0)
    missed[:, silent + vowels] = 350
    extra[:, vowels] = 600
    missed[BORDER] += 175
    extra[BORDER] += 175
    missed[np.ix_(vowels, vowels)] = 225
    missed_before, extra_before = np.zeros((2, LETTERS, LETTERS + 1))
    missed_before[np.ix_(vowels, vowels)] = -125
    missed_before[number("e"), BORDER], extra_before[number("e"), BORDER] = -250, -225
    for one, other in (*KEYS.split(), *(keys[::-1] for keys in KEYS.split())):
        if one not in VOWELS:
            extra[number(other), number(one)] = 675
    letters = np.arange(1, LETTERS)
    missed[letters, letters], extra[letters, letters] = 150, 275
    swapped = np.full((LETTERS, LETTERS), 400.0)
    swapped[np.ix_(vowels, vowels)] = 125
    digraphs = np.zeros((LETTERS, LETTERS, LETTERS))
    for rule in rules():
        digraphs[rule] = 550
    weak, weak_before = np.zeros_like(missed), np.zeros_like(missed_before)
    return [replaced, weak, weak_before, missed, missed_before, extra, extra_before, swapped, digraphs, digraphs]


_SILENT: Final = "hgkwtbpu"


def main(given: list[str] | None = None) -> int:
    """Fit, and print the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slips", description=__doc__.partition("\n")[0])
    parser.add_argument("--codespell", type=Path, required=True, metavar="FILE")
    parser.add_argument("--learners", type=Path, required=True, metavar="FILE")
    parser.add_argument("--data", type=Path, help="the data directory; else SEARCHKIT_DATA, else ../shared/data")
    options = parser.parse_args(given)
    data = data_directory(options.data)
    measured = {typed for name in LISTS for typed, _ in read_list(data, name)}
    lists = []
    for path, read in ((options.codespell, codespell), (options.learners, learners)):
        with path.open(encoding="utf-8") as lines:
            lists.append(usable(read(lines), measured))
    found = []
    for pairs in lists:
        times = Counter(meant for _, meant in pairs)
        whole = sum(times[meant] ** -0.5 for _, meant in pairs) / len(lists[0])
        for typed, meant in pairs:
            found.append((list(map(number, typed)), list(map(number, meant)), times[meant] ** -0.5 / whole))
    sys.stdout.write(to_text(tables_of(fit(found))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

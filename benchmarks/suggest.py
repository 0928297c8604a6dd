"""Completion and correction: how good, how quick, and what the index pays for them. symspellpy takes part where it can.

    python -m benchmarks.suggest                        200,000 passages; some ten minutes
    python -m benchmarks.suggest --docs 20000 --save    a quick look, kept

- words: two public lists of misspellings, with symspellpy's own frequency dictionary as everybody's vocabulary, and with
  that of the passages; accuracy among the first 1 and 5, and microseconds a word;
- context: titles of passages with one or two slips in them, listed misspellings and keyboard slips: how many come back
  whole, and how many correct titles are "corrected";
- speed: a query of four words, completions by length of what was typed and after another word, within a filter, and the
  first use, on the passages;
- junk: a vocabulary of a million words that are none, and texts that nobody would type: the slowest answer;
- growth: size of one merged segment without stored records, and CPU time of indexing, with and without both features.

The lists are for measuring alone. The costs of slips are fitted on other lists without any misspelling of these
(`benchmarks.slips` says which and how), with symspellpy's frequency dictionary as vocabulary. The clock is CPU time of the
thread. Needs the data of data/README.md; without it, says so and ends with 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import lzma
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import searchkit
from benchmarks import record
from benchmarks.bars import Bar
from benchmarks.corpus import PASSAGES, data_directory
from benchmarks.measure import percentile
from benchmarks.typos import LISTS, read_list, spoiled_titles
from searchkit import Schema, Text
from searchkit.index import builder as index_builder
from searchkit.search.assist import assistant_of
from searchkit.suggest.corrector import Corrector

SEED = 7
_FIRST, _FIVE = 1, 5
_JUNK = 1_000_000
_PREFIXES, _LENGTHS, _TURNS = 2_000, (1, 2, 3, 4, 5, 6, 8, 10), 10


def passages(data: Path, documents: int) -> Iterator[dict[str, Any]]:
    """Records of the first passages."""
    with lzma.open(data / PASSAGES, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == documents:
                return
            yield json.loads(line)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its CPU time in microseconds."""
    started = time.thread_time_ns()
    found = call()
    return found, (time.thread_time_ns() - started) / 1e3


def accuracy(ask: Callable[[str], list[str]], pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Shares of right answers among the first 1 and 5, and time."""
    first = five = 0
    times = []
    ask("warming up")
    for typed, meant in pairs:
        found, spent = timed(lambda typed=typed: ask(typed))
        first += found[:_FIRST] == [meant]
        five += meant in found[:_FIVE]
        times.append(spent)
    size = len(pairs)
    return {
        "at_1": round(first / size, 4),
        "at_5": round(five / size, 4),
        "p50_us": round(percentile(times, 0.5), 1),
        "p99_us": round(percentile(times, 0.99), 1),
    }


def symspell_dictionary() -> dict[str, int]:
    """The frequency dictionary in symspellpy's package; empty without it."""
    try:
        import symspellpy
    except ImportError:
        return {}
    path = next(Path(symspellpy.__file__).parent.glob("frequency_dictionary_en_*.txt"))
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    return {word: int(count) for word, count in (line.split() for line in lines if line)}


def symspell_asker(table: dict[str, int]) -> Callable[[str], list[str]]:
    """symspellpy at edit distance 2, asked for all words in its own order."""
    from symspellpy import SymSpell, Verbosity

    peer = SymSpell(2, 7)
    for word, count in table.items():
        peer.create_dictionary_entry(word, count)
    return lambda word: [found.term for found in peer.lookup(word, Verbosity.ALL, max_edit_distance=2)[:_FIVE]]


def measure_words(data: Path, index: searchkit.Snapshot, corrector: Corrector) -> dict[str, dict[str, float]]:
    """Every vocabulary, list and engine."""
    found = {}
    dictionary = symspell_dictionary()
    vocabularies = {
        "passages": (corrector, dict(zip(corrector.lexicon.words, corrector.lexicon.counts.tolist(), strict=True)))
    }
    if dictionary:
        vocabularies["dictionary"] = (Corrector.of(dictionary), dictionary)
    for vocabulary, (ours, table) in vocabularies.items():
        askers = {"searchkit": lambda word, ours=ours: [one.text for one in ours.word(word, _FIVE, "numba")]}
        if dictionary:
            askers["symspellpy"] = symspell_asker(table)
        for name in LISTS:
            for peer, ask in askers.items():
                found[f"{vocabulary} {name} {peer}"] = accuracy(ask, read_list(data, name))
    del index
    return found


def measure_context(snapshot: searchkit.Snapshot, titles: Sequence[str], data: Path, count: int) -> dict[str, float]:
    """Whole queries put right, correct ones changed, and the time of four words."""
    found: dict[str, float] = {}
    correct = lambda text, mode="any": snapshot.correct(text, mode, engine="numba")  # noqa: E731
    correct("warming upp")
    for name, listed in (("listed", True), ("any title", False)):
        slips = spoiled_titles(titles, data, count, SEED, listed=listed)
        for mode in ("any", "all"):
            right, times = 0, []
            for slip in slips:
                answer, spent = timed(lambda slip=slip, mode=mode: correct(slip.typed, mode))
                right += (answer.text if answer else slip.typed) == slip.meant
                if slip.meant.count(" ") == 3:
                    times.append(spent)
            found[f"{name}, mode {mode}: at_1"] = round(right / len(slips), 4)
        found[f"{name}: four words p50_ms"] = round(percentile(times, 0.5) / 1e3, 3)
        found[f"{name}: four words p99_ms"] = round(percentile(times, 0.99) / 1e3, 3)
        found[f"{name}: correct ones changed"] = round(sum(correct(s.meant) is not None for s in slips) / len(slips), 4)
    return found


def measure_completion(snapshot: searchkit.Snapshot, words: Sequence[str]) -> dict[str, float]:
    """Time of a completion by letters typed, and after another word; a few of each kind by turns, each text once."""
    draw = random.Random(SEED)
    chosen = draw.sample(words, min(_PREFIXES, len(words)))
    kinds = {f"{length} letters": [word[:length] for word in chosen if len(word) >= length] for length in _LENGTHS}
    kinds["after a word"] = [f"{draw.choice(chosen)} {word[: draw.randint(1, 4)]}" for word in chosen]
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(_TURNS):
        for kind, typed in kinds.items():
            times[kind] += [timed(lambda text=text: snapshot.suggest(text))[1] for text in typed[turn::_TURNS]]
    after = times.pop("after a word")
    times["all lengths"] = [spent for these in times.values() for spent in these]
    times["after a word"] = after
    found = {}
    for kind, these in times.items():
        found[f"{kind} p50_us"] = round(percentile(these, 0.5), 1)
        found[f"{kind} p99_us"] = round(percentile(these, 0.99), 1)
    return found


def measure_filter(snapshot: searchkit.Snapshot, words: Sequence[str]) -> dict[str, float]:
    """The first completion within a filter, which reads its documents, and the time of those that follow."""
    draw = random.Random(SEED)
    within = "university"
    documents = snapshot.search(within, limit=0).total
    _, first = timed(lambda: snapshot.suggest("a", within=within))
    typed = [word[: draw.randint(1, 6)] for word in draw.sample(words, min(_PREFIXES, len(words)))]
    times = [timed(lambda text=text: snapshot.suggest(text, within=within))[1] for text in typed]
    return {
        "documents": documents,
        "first_ms": round(first / 1e3),
        "p50_us": round(percentile(times, 0.5), 1),
        "p99_us": round(percentile(times, 0.99), 1),
    }


def measure_junk(words: int) -> dict[str, float]:
    """A vocabulary of words that are none: what it costs to be ready, and the slowest answers."""
    draw = random.Random(SEED)
    table: dict[str, int] = {}
    while len(table) < words:
        table["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(1, 20)))] = 2
    corrector, ready = timed(lambda: Corrector.of(table))
    _, indexed = timed(lambda: corrector.word("warming", _FIVE, "numba"))
    typed = [
        "",
        "a",
        "ab",
        "abcd",
        "aaaaaaaa",
        "a" * 10_000,
        "?!" * 500,
        "東京" * 9,
        "a\ud800b",
        *draw.sample(sorted(table), 990),
    ]
    times = [timed(lambda text=text: corrector.word(text, _FIVE, "numba"))[1] for text in typed]
    ranked, completed = corrector.lexicon, []
    timed(lambda: ranked.complete("", 8))
    for text in typed:
        completed.append(timed(lambda text=text: ranked.complete(text[:3], 8))[1])
    return {
        "words": len(table),
        "ready_s": round((ready + indexed) / 1e6, 2),
        "word p50_us": round(percentile(times, 0.5), 1),
        "word p99_us": round(percentile(times, 0.99), 1),
        "word slowest_us": round(max(times), 1),
        "completion slowest_us": round(max(completed), 1),
    }


@contextlib.contextmanager
def bare_writer() -> Iterator[None]:
    """Write as if there were no suggestions."""
    with (
        mock.patch.object(index_builder, "gleaner_for", return_value=None),
        mock.patch.object(index_builder, "words_of", return_value=None),
    ):
        yield


def build(where: Path, data: Path, documents: int, *, bare: bool) -> tuple[searchkit.Index, float, float]:
    """A merged index, the CPU seconds of writing it, and its megabytes without stored records."""
    records = list(passages(data, documents))
    index = searchkit.create(where, Schema(title=Text(weight=2.0), text=Text()))
    started = time.process_time()
    with (
        bare_writer() if bare else contextlib.nullcontext(),
        index.writer() as to,
    ):
        to.add_many(records)
    spent = time.process_time() - started
    index.merge()
    stats = index.stats()
    parts = stats["parts"]
    size = stats["bytes"] - parts["stored"]
    if bare:
        size -= sum(count for name, count in parts.items() if name.startswith("suggest."))
    return index, spent, size / 1e6


def beside(peer: dict[str, float], name: str) -> str:
    """What a bar says of symspellpy."""
    return f"symspellpy {peer[name]:g}" if name in peer else "symspellpy not here"


def judge(found: dict[str, Any]) -> list[Bar]:
    """What was promised, and what it is."""
    words, context, completion, growth = found["words"], found["context"], found["completion"], found["growth"]
    bars = []
    for name, first in zip(LISTS, (0.85, 0.82), strict=True):
        cell, peer = (words.get(f"dictionary {name} {who}", {}) for who in ("searchkit", "symspellpy"))
        bars += [
            Bar(f"{name}, first", cell.get("at_1"), first, where=beside(peer, "at_1")),
            Bar(f"{name}, among five", cell.get("at_5"), 0.95, where=beside(peer, "at_5")),
        ]
    cell, peer = words[f"passages {LISTS[0]} searchkit"], words.get(f"passages {LISTS[0]} symspellpy", {})
    return [
        *bars,
        Bar("whole queries put right", context["listed, mode any: at_1"], 0.85),
        Bar("correct queries changed", context["listed: correct ones changed"], 0.01, at_most=True),
        Bar("microseconds a word, p50", cell["p50_us"], 150, at_most=True, where=beside(peer, "p50_us")),
        Bar("microseconds a word, p99", cell["p99_us"], 1_000, at_most=True, where=beside(peer, "p99_us")),
        Bar("milliseconds a query of four words, p50", context["listed: four words p50_ms"], 3, at_most=True),
        *(
            Bar(
                f"microseconds a completion, {share}",
                max(completion[f"{length} letters {share}_us"] for length in _LENGTHS),
                most,
                at_most=True,
                where=f"the longest of all lengths; all together {completion[f'all lengths {share}_us']:g}",
            )
            for share, most in (("p50", 50), ("p99", 300))
        ),
        Bar("microseconds a completion after a word, p50", completion["after a word p50_us"], 50, at_most=True),
        Bar("microseconds a completion after a word, p99", completion["after a word p99_us"], 300, at_most=True),
        Bar("size by size without", growth["size_by_bare"], 1.15, at_most=True),
        Bar("indexing time by time without", growth["time_by_bare"], 1.15, at_most=True),
    ]


_WARM_UP = 30_000
"""Passages indexed before the two that are compared."""
_BUILDS = 5
"""Times that both are built."""


def measure(data: Path, documents: int, queries: int, scratch: Path) -> dict[str, Any]:
    """Everything, in the order it is told."""
    build(scratch / "warm", data, min(documents, _WARM_UP), bare=False)  # Loads the kernels, which neither should pay.
    bare, full = [], []
    for turn in range(_BUILDS):  # By turns, since a machine that others use changes its pace within a minute.
        bare.append(build(scratch / f"bare{turn}", data, documents, bare=True))
        full.append(build(scratch / f"full{turn}", data, documents, bare=False))
    index, _, full_mb = full[-1]
    bare_mb, bare_s, full_s = bare[-1][2], *(statistics.median(one[1] for one in built) for built in (bare, full))
    growth = {
        "mb": round(full_mb, 2), "bare_mb": round(bare_mb, 2), "size_by_bare": round(full_mb / bare_mb, 4),
        "s": round(full_s, 2), "bare_s": round(bare_s, 2), "time_by_bare": round(full_s / bare_s, 4),
    }  # fmt: skip
    snapshot = index.snapshot()
    assistant = assistant_of(snapshot.held, index.analyzer)
    first = {"completion_ms": round(timed(lambda: snapshot.suggest("a"))[1] / 1e3)}
    first["correction_ms"] = round(timed(lambda: snapshot.correct("frist wrod", engine="numba"))[1] / 1e3)
    titles = {record["title"] for record in passages(data, documents)}
    return {
        "words": measure_words(data, snapshot, assistant.corrector),
        "context": measure_context(snapshot, sorted(titles), data, queries),
        "completion": measure_completion(snapshot, assistant.lexicon.words),
        "filter": measure_filter(snapshot, assistant.lexicon.words),
        "junk": measure_junk(_JUNK if documents >= _JUNK // 5 else 5 * documents),
        "first_use": {**first, "words": len(assistant.lexicon)},
        "growth": growth,
    }


def main(given: list[str] | None = None) -> int:
    """Measure and print; with --save keep a line in results/."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggest", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the data directory; else SEARCHKIT_DATA, else ../shared/data")
    parser.add_argument("--docs", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--save", action="store_true", help="keep the record in benchmarks/results/")
    options = parser.parse_args(given)
    data, busy = data_directory(options.data), record.load()
    if not (data / PASSAGES).exists() or not (data / "spelling").exists():
        print(f"skipped: there are no {PASSAGES} or no spelling lists in {data}; data/README.md says where to look")
        return 0
    with tempfile.TemporaryDirectory(prefix="searchkit-bench-") as name:
        found = measure(data, options.docs, options.queries, Path(name))
    print(f"{options.docs:,} passages, seed {SEED}, {record.machine()}, load {busy}, commit {record.commit()}")
    for section, values in found.items():
        print(f"{section}:")
        for label, value in values.items():
            print(f"  {label}: {value}")
    for bar in judge(found):
        print(f"- {bar}")
    if options.save:
        line = {"begun": record.now(), "commit": record.commit(), "machine": record.machine(), "load": busy}
        record.append("suggest", {**line, "documents": options.docs, "seed": SEED, "found": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())

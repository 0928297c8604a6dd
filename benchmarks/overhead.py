"""What a search costs besides searching: its floor, its segments, its threads, its cold start.

    python -m benchmarks.overhead                      20,000 passages
    python -m benchmarks.overhead --docs 200000 --save

- floor: a word of at most three documents, from the string to the ids of the hits, thread CPU; a hundred of them between
  two looks at the clock, since a look costs a microsecond and leaves the processor cold, and each by itself besides;
- new queries: two such words that were met, but not together, and the same queries when they are asked again;
- segments: the same questions to an index of ten segments and to one of one segment, which hold the same documents;
- threads: queries per second of two threads by those of one, with wall time, so only an idle machine tells;
- cold start: a whole process of `searchkit query`, by one that only imports what it needs, user and system CPU, in turns;
  the dearest of a rare word, a frequent long one, the most frequent of all, and two words.

Answers are compared before they are timed. Needs the data of data/README.md; without it, says so and ends with status 0.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import searchkit
from benchmarks import record
from benchmarks.bars import Bar
from benchmarks.corpus import PASSAGES, Corpus, data_directory, read_texts, write_corpus
from benchmarks.measure import percentile
from benchmarks.peers.searchkit_peer import Searchkit
from benchmarks.questions import Question, choose

MANY = (31,) * 6 + (4,) * 3 + (2,)
"""Shares in 200 of ten commits that merging leaves alone: six of one level and four below it, from 7,000 documents on."""
IMPORTS = "import typer, numpy, lmdb, marisa_trie, pyroaring"
_SECONDS_OF_THREADS = 2.0


def median_us(calls: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """The median thread CPU time of each call, all called in turns."""
    clock = time.thread_time_ns
    times: list[list[int]] = [[] for _ in calls]
    for number in range(rounds + 1):
        for call, kept in zip(calls, times, strict=True):
            started = clock()
            call()
            spent = clock() - started
            if number:
                kept.append(spent)
    return [statistics.median(kept) / 1e3 for kept in times]


def floor_us(peer: Searchkit, corpus: Corpus, rounds: int) -> tuple[float, float]:
    """From a string to ids: a hundred rare words timed together, the p50 of rounds, for one; and each alone, the p50."""
    search, words = peer.index.search, rare_words(corpus)

    def ids_of(word: str) -> Callable[[], Any]:
        return lambda: [hit.id for hit in search(word).hits]

    def ids_of_all() -> None:
        for word in words:
            for hit in search(word).hits:
                hit.id  # noqa: B018 - found when it is asked for

    together = median_us([ids_of_all], 10 * rounds)[0] / len(words)
    return together, percentile(median_us([ids_of(word) for word in words], rounds), 0.5)


def rare_words(corpus: Corpus) -> list[str]:
    """A hundred words of at most three documents."""
    rare = sorted(term for term, n in corpus.frequencies.items() if n <= 3 and term.isalpha())
    return rare[:: max(1, len(rare) // 100)][:100]


def new_query_us(peer: Searchkit, corpus: Corpus, rounds: int) -> tuple[float, float]:
    """p50 of queries that are asked for the first time, of two words that were asked for, and of the same ones again."""
    search, words, clock = peer.index.search, rare_words(corpus), time.thread_time_ns
    first, again = [], []
    for step in range(1, rounds + 1):
        for query in [f"{word} {words[(at + step) % len(words)]}" for at, word in enumerate(words)]:
            for kept in (first, again):
                started = clock()
                search(query)
                kept.append((clock() - started) / 1e3)
    return percentile(first, 0.5), percentile(again, 0.5)


def build_segments(corpus: Corpus, directory: Path, shares: Sequence[int]) -> int:
    """Index a corpus in commits of these shares of it; how many segments there are then."""
    schema = searchkit.Schema(text=searchkit.Text(language="none"))
    with corpus.path.open(encoding="ascii") as lines, searchkit.create(directory, schema) as index:
        with index.writer() as writer:
            numbered = enumerate(lines)
            for share in shares:
                part = itertools.islice(numbered, -(-corpus.documents * share // sum(shares)))
                writer.add_many({"id": str(number), "text": line.strip()} for number, line in part)
                writer.commit()
        if len(shares) == 1:
            index.merge()
        found: int = index.stats()["segments"]
        return found


def compare_segments(one: Searchkit, many: Searchkit, questions: Sequence[Question], rounds: int) -> float:
    """Geometric mean over the questions of the time with many segments by that with one.

    Raises
    ------
    ValueError
        If an answer differs.
    """
    calls = []
    for question in questions:
        pair = [peer.prepare(question, 10, "") for peer in (one, many)]
        first, second = ([(hit.id, hit.score) for hit in call().hits] for call in pair)
        if first != second:
            raise ValueError(f"segments change the answer to {' '.join(question.terms)!r}")
        calls += pair
    times = median_us(calls, rounds)
    return statistics.geometric_mean(many / one for one, many in zip(times[::2], times[1::2], strict=True))


def queries_per_second(peer: Searchkit, questions: Sequence[Question], threads: int) -> float:
    """Top-10 queries that so many threads answer together, each going through all questions again and again."""
    texts = [peer.text_of(question) for question in questions]
    done = [0] * threads
    ending = time.perf_counter() + _SECONDS_OF_THREADS

    def work(number: int) -> None:
        search = peer.index.search
        for text in itertools.islice(itertools.cycle(texts), number * len(texts) // threads, None):
            search(text)
            done[number] += 1
            if time.perf_counter() >= ending:
                return

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - started)


def children_cpu_ms(commands: Sequence[list[str]], rounds: int) -> list[float]:
    """Median user and system CPU time of each process, in milliseconds, run in turns; the first run is not counted.

    Raises
    ------
    subprocess.CalledProcessError
        If it does not end well.
    """
    spent: list[list[float]] = [[] for _ in commands]
    for _ in range(rounds + 1):
        for command, kept in zip(commands, spent, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            kept.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return [statistics.median(kept[1:]) * 1e3 for kept in spent]


def cold_ms(corpus: Corpus, directory: Path, rounds: int) -> dict[str, float]:
    """What a whole process of a query costs, for each kind of query, and what importing its libraries costs."""
    ranked = [term for term, _ in corpus.frequencies.most_common() if term.isalpha()]
    long = [term for term in ranked if len(term) > 6] or ranked
    kinds = {"rare": ranked[-1:], "frequent_long": long[:1], "most_frequent": ranked[:1], "two_words": long[1:3]}
    commands = [[sys.executable, "-m", "cli", "query", str(directory), *words] for words in kinds.values()]
    times = children_cpu_ms([[sys.executable, "-c", IMPORTS], *commands], rounds)
    return dict(zip(["imports_ms", *(f"query_{kind}_ms" for kind in kinds)], times, strict=True))


def measure(corpus: Corpus, questions: Sequence[Question], scratch: Path, rounds: int) -> dict[str, float]:
    """All four figures, with what they are made of."""
    found: dict[str, float] = {}
    build_segments(corpus, scratch / "one", (1,))
    found["segments"] = build_segments(corpus, scratch / "many", MANY)
    one, many = Searchkit(scratch / "one"), Searchkit(scratch / "many")
    found["floor_us"], found["floor_timed_alone_us"] = floor_us(one, corpus, 3 * rounds)
    found["new_query_us"], found["asked_again_us"] = new_query_us(one, corpus, 3 * rounds)
    found["many_by_one_segment"] = compare_segments(one, many, questions, rounds)
    single, double = [], []
    for _ in range(3):
        single.append(queries_per_second(one, questions, 1))
        double.append(queries_per_second(one, questions, 2))
    found["queries_per_s_1"], found["queries_per_s_2"] = statistics.median(single), statistics.median(double)
    found["two_threads_by_one"] = found["queries_per_s_2"] / found["queries_per_s_1"]
    one.close()
    many.close()
    cold = cold_ms(corpus, scratch / "one", rounds)
    imports, *queries = cold.values()
    found |= {**cold, "cold_by_imports": max(queries) / imports}
    return {name: round(value, 3) for name, value in found.items()}


def judge(found: dict[str, float]) -> list[Bar]:
    """What we promised, and what it is."""
    return [
        Bar("microseconds from string to ids, rare word", found["floor_us"], 10, at_most=True),
        Bar(f"{found['segments']:.0f} segments by one", found["many_by_one_segment"], 1.5, at_most=True),
        Bar("two threads by one, on an idle machine", found["two_threads_by_one"], 1.8),
        Bar("cold query by imports", found["cold_by_imports"], 1.5, at_most=True),
    ]


def main(given: list[str] | None = None) -> int:
    """Measure and print; with --save keep a line in results/."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the data directory; else SEARCHKIT_DATA, else ../shared/data")
    parser.add_argument("--docs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--save", action="store_true", help="keep the record in benchmarks/results/")
    options = parser.parse_args(given)
    data, busy = data_directory(options.data), record.load()
    if not (data / PASSAGES).exists():
        print(f"skipped: there is no {PASSAGES} in {data}; data/README.md says where it is looked for")
        return 0
    with tempfile.TemporaryDirectory(prefix="searchkit-bench-") as name:
        scratch = Path(name)
        corpus = write_corpus(read_texts(data / PASSAGES, options.docs), scratch / "corpus.txt")
        questions = [question for question in choose(corpus, data / "queries", 25) if question.kind in ("term", "or")]
        found = measure(corpus, questions, scratch, options.rounds)
    print(f"{corpus.documents:,} passages, {record.machine()}, load {busy}, commit {record.commit()}")
    for figure, value in found.items():
        print(f"  {figure} {value:g}")
    for bar in judge(found):
        print(f"- {bar}")
    if options.save:
        line = {"begun": record.now(), "commit": record.commit(), "machine": record.machine(), "load": busy}
        record.append("overhead", {**line, "documents": corpus.documents, "rounds": options.rounds, "found": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())

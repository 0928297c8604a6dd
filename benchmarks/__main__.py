"""searchkit beside its peers: the same tokens, the same questions, the same answers, then the clock.

    python -m benchmarks                               200,000 passages, and how latency grows from 50,000
    python -m benchmarks --docs 20000 --sizes "" --rounds 3     a quick look
    python -m benchmarks --peers tantivy,bm25s --save  those two; keep the line and the pictures in results/

Measured: CPU time of the asking thread for each query, median of the rounds; index size, build time and memory. What the
classes are is told in `questions.py`, what is compared in `checks.py`, how it is timed in `measure.py`, and how each
engine is set up in `peers/`. Takes some minutes. Exit status 1 if an answer differs, 0 without data (it says so).
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import bars, plot, record
from benchmarks.build import RAW, TOKENS, build_in_child, race
from benchmarks.build import report as builds_report
from benchmarks.corpus import PASSAGES, Corpus, data_directory, first_part, read_texts, write_corpus, write_raw
from benchmarks.measure import MODES, Lane, clock_cost_us, first_round, run_rounds
from benchmarks.peers import PEERS, Answer, Peer
from benchmarks.peers.base import Facts
from benchmarks.questions import CLASSES, SEED, Question, choose
from benchmarks.table import OURS, Table, losses, tabulate, to_markdown, to_plain

_HELPERS = 1.2
"""CPU time of the process by that of the asking thread; above this, other threads did part of the work."""


def tell(text: str) -> None:
    """Progress, for the person who waits."""
    print(text, file=sys.stderr, flush=True)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the data directory; else SEARCHKIT_DATA, else ../shared/data")
    parser.add_argument("--docs", type=int, help="only so many passages")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--per-class", type=int, default=100, help="questions of a class at most")
    parser.add_argument("--peers", help=f"names with commas between them, of: {', '.join(PEERS)}")
    parser.add_argument("--sizes", default="50000,100000", help="smaller corpora to measure growth with")
    parser.add_argument("--budget", type=float, default=8.0, help="CPU seconds of a round; a slower peer is asked less")
    parser.add_argument("--save", action="store_true", help="keep the record and the pictures in benchmarks/results/")
    return parser.parse_args(given)


def who_takes_part(named: str | None, documents: int) -> tuple[list[type[Peer]], dict[str, str]]:
    """Engines to compare, ours first, and the reasons why others are left out."""
    wanted = set(named.split(",")) | {OURS} if named else set(PEERS)
    unknown = wanted - set(PEERS)
    if unknown:
        sys.exit(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    chosen, left_out = [], {}
    for name, peer in PEERS.items():
        if name not in wanted:
            continue
        reason = peer.missing()
        if not reason and not named and peer.documents_max and documents > peer.documents_max:
            reason = f"too slow for more than {peer.documents_max:,} documents; --peers {name} asks it all the same"
        if reason:
            left_out[name] = reason
        else:
            chosen.append(peer)
    return chosen, left_out


class Comparison:
    """One corpus, indexed by engines and asked by them."""

    def __init__(self, corpus: Corpus, scratch: Path, left_out: dict[str, str]) -> None:
        self.corpus, self.scratch, self.left_out = corpus, scratch, left_out
        self.builds: dict[str, dict[str, Any]] = {}
        self.lanes: list[Lane] = []

    def build(self, engines: list[type[Peer]]) -> list[type[Peer]]:
        """Index the corpus with each; those that could are given back."""
        built = []
        for engine in engines:
            directory = self.scratch / f"{engine.name}-{self.corpus.documents}"
            try:
                figures = build_in_child(engine.name, self.corpus.path, directory)
            except RuntimeError as error:
                if engine.name == OURS:
                    raise
                self.left_out[engine.name] = f"building failed: {error}"
                continue
            figures["size"] = engine.size(directory)
            figures["documents_per_cpu_s"] = round(self.corpus.documents / figures["cpu_s"])
            self.builds[engine.name] = figures
            built.append(engine)
            tell(f"{engine.name}: {self.corpus.documents:,} documents in {figures['cpu_s']:.1f} CPU seconds")
        return built

    def check(self, engines: list[type[Peer]], questions: list[Question], budget_s: float) -> None:
        """Ask everything once, and compare the answers; then the lanes are there."""
        facts = Facts(self.corpus.documents, self.corpus.frequencies)
        ours: dict[tuple[int, str], Answer] = {}
        for engine in engines:
            peer = engine(self.scratch / f"{engine.name}-{self.corpus.documents}")
            self.builds[engine.name]["segments"] = getattr(peer, "segments", 1)
            for variant in engine.variants:
                lane = Lane(peer, variant)
                found = first_round(lane, questions, ours, facts, None if engine.name == OURS else budget_s)
                ours = ours or found
                self.lanes.append(lane)
                tell(f"{lane.name} {variant}: {lane.asked:,} answers compared, {len(lane.findings)} differ")

    def close(self) -> None:
        """Let go of the indexes."""
        for peer in {id(lane.peer): lane.peer for lane in self.lanes}.values():
            peer.close()


def growth_of(tables: dict[int, Table], mode: str, figure: str) -> dict[str, dict[str, dict[str, float]]]:
    """A figure of the cells of a mode, "p50" or "p95", by engine, class and number of documents."""
    grown: dict[str, dict[str, dict[str, float]]] = {}
    for documents, table in sorted(tables.items()):
        for label, cells in table[mode].items():
            for name, cell in cells.items():
                grown.setdefault(name, {}).setdefault(label, {})[str(documents)] = getattr(cell, figure)
    return grown


def report(comparison: Comparison, table: Table, growth: dict[str, Any], judged: list[bars.Bar]) -> str:
    """Everything a reader needs, as Markdown."""
    lines = ["Thread CPU time in microseconds, p50 / p95 over the questions of a class; in brackets by ours.", ""]
    for mode in MODES:
        lines += [*to_markdown(table, mode), ""]
    lines += ["| index | docs / CPU s | CPU s | peak MB | size MB | segments |", "|---" * 6 + "|"]
    for name, built in comparison.builds.items():
        speed = f"{built['documents_per_cpu_s']:,} | {built['cpu_s']:.1f}"
        lines.append(f"| {name} | {speed} | {built['peak_mb']:.0f} | {built['size'] / 1e6:.1f} | {built['segments']} |")
    if any(len(points) > 1 for points in growth.get(OURS, {}).values()):
        sizes = list(next(iter(growth[OURS].values())))
        lines += ["", "| top 10, p50, ours, by documents | " + " | ".join(f"{int(size):,}" for size in sizes) + " |"]
        lines.append("|---" * (len(sizes) + 1) + "|")
        for label, points in growth[OURS].items():
            lines.append(f"| {label} | " + " | ".join(f"{points.get(size, 0):.1f}" for size in sizes) + " |")
    lines += ["", "Promises:", *(f"- {bar}" for bar in judged)]
    lost = losses(table)
    lines += ["", "Where we lose:", *(f"- {text}" for text in lost or ["nowhere in this run"])]
    lines += ["", "How they were set up:"]
    for lane in {lane.name: lane for lane in comparison.lanes}.values():
        lines.append(f"- {lane.name} {lane.peer.version()}: {lane.peer.setup}")
    for lane in comparison.lanes:
        name = f"{lane.name} {lane.variant}".strip()
        lines += [f"- NOT THE SAME ANSWER, not timed: {name}: {text}" for text in lane.findings[:10]]
        if lane.shares and sorted(lane.shares)[len(lane.shares) // 2] > _HELPERS:
            lines.append(f"- {name} works in other threads as well, which its times leave out")
    lines += [f"- left out: {name}: {reason}" for name, reason in comparison.left_out.items()]
    return "\n".join(lines)


def pictures(table: Table, growth: dict[str, Any], documents: int) -> dict[str, str]:
    """SVGs by name."""
    ten = {label: {name: cell.p50 for name, cell in cells.items()} for label, cells in table["top 10"].items() if cells}
    drawn = {"latency-by-class": plot.bars(f"Top 10 of {documents:,} passages, p50 of thread CPU", ten)}
    ours = {
        label: {int(size): time for size, time in points.items()}
        for label, points in growth[OURS].items()
        if label in bars.ORS and len(points) > 1
    }
    if ours:
        drawn["latency-by-size"] = plot.curves("searchkit, top 10, p50 of thread CPU by number of passages", ours)
    return drawn


def facts_of(comparison: Comparison) -> dict[str, Any]:
    """What a record says of a comparison beside its times."""
    corpus, names = comparison.corpus, [f"{lane.name} {lane.variant}".strip() for lane in comparison.lanes]
    shares = [round(max(lane.shares, default=0), 2) for lane in comparison.lanes]
    return {
        "machine": record.machine(),
        "versions": record.versions(),
        "corpus": {"name": PASSAGES.name, "documents": corpus.documents, "tokens": corpus.tokens, "seed": SEED},
        "clock_us": round(clock_cost_us(), 3),
        "peers": {lane.name: lane.peer.version() for lane in comparison.lanes},
        "left_out": comparison.left_out,
        "asked": dict(zip(names, (lane.asked for lane in comparison.lanes), strict=True)),
        "differing": dict(zip(names, (len(lane.findings) for lane in comparison.lanes), strict=True)),
        "process_by_thread_cpu": dict(zip(names, shares, strict=True)),
        "index": comparison.builds,
    }


def main(given: list[str] | None = None) -> int:
    """Run the comparison, print it, and with --save keep it."""
    logging.disable(logging.INFO)
    options = arguments(given)
    data = data_directory(options.data)
    if not (data / PASSAGES).exists():
        print(f"skipped: there is no {PASSAGES} in {data}; data/README.md says where it is looked for")
        return 0
    begun, busy, commit = record.now(), record.load(), record.commit()
    with tempfile.TemporaryDirectory(prefix="searchkit-bench-") as name:
        scratch = Path(name)
        whole = write_corpus(read_texts(data / PASSAGES, options.docs), scratch / "corpus.txt")
        tell(f"{whole.documents:,} documents, {whole.tokens:,} tokens, {len(whole.frequencies):,} terms")
        questions = choose(whole, data / "queries", options.per_class)
        sizes = sorted({int(size) for size in options.sizes.split(",") if size} - {whole.documents})
        comparisons = []
        for documents in [*(size for size in sizes if size < whole.documents), whole.documents]:
            last = documents == whole.documents
            part = whole if last else first_part(whole, documents, scratch / f"corpus-{documents}.txt")
            engines, left_out = who_takes_part(options.peers, documents)
            # Growth is told of ours alone; the peers stand beside us on the whole corpus.
            engines = engines if last else engines[:1]
            comparison = Comparison(part, scratch, left_out)
            engines = comparison.build(engines)
            comparison.check(engines, questions, options.budget)
            comparisons.append(comparison)
        # All sizes by turns, too; else growth would also tell how the machine's pace changed meanwhile.
        run_rounds([lane for each in comparisons for lane in each.lanes], options.rounds, tell)
        tables = {each.corpus.documents: tabulate(each.lanes, questions) for each in comparisons}
        for each in comparisons:
            each.close()
        races: dict[str, Any] = {}
        if any(engine.name == "tantivy" for engine in engines):
            tell("indexing both texts in turn")
            write_raw(data / PASSAGES, options.docs, scratch / "raw.txt")
            corpora = {RAW: scratch / "raw.txt", TOKENS: whole.path}
            races = race(corpora, (OURS, "tantivy"), scratch, min(3, options.rounds))
    table, growth = tables[whole.documents], growth_of(tables, "top 10", "p50")
    slow_growth = growth_of(tables, "top 1000", "p95")[OURS]
    judged = [*bars.judge(table), *bars.judge_builds(races), bars.growth_bar(growth[OURS]), bars.large_bar(slow_growth)]
    print(f"{whole.documents:,} passages, {len(questions):,} questions, {options.rounds} rounds, seed {SEED}")
    print(f"{record.machine()}, load {busy} before and {record.load()} after, commit {commit}\n")
    print(report(comparison, table, growth, judged))
    print("\n".join(["", *builds_report(races)]) if races else "")
    if options.save:
        line = {
            "begun": begun,
            "commit": commit,
            "load": {"before": busy, "after": record.load()},
            "rounds": options.rounds,
            "questions": {label: sum(question.label == label for question in questions) for label in CLASSES},
            "bars": [{**asdict(bar), "reached": bar.reached} for bar in judged],
            "indexing": races,
            "growth": growth[OURS],
            "growth_top_1000_p95": slow_growth,
        }
        tell(f"kept in {record.append('comparison', line | facts_of(comparison) | {'table': to_plain(table)}).name}")
        for picture, text in pictures(table, growth, whole.documents).items():
            (record.RESULTS / f"{picture}.svg").write_text(text, encoding="utf-8")
    return 1 if any(lane.findings for lane in comparison.lanes) else 0


if __name__ == "__main__":
    sys.exit(main())

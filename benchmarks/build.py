"""How fast an engine indexes, in a process of its own, so that CPU time and memory are its alone.

    python -m benchmarks.build                         searchkit beside tantivy, both texts, three rounds in turn
    python -m benchmarks.build --docs 20000 --rounds 1     a quick look
    python -m benchmarks.build --save                  keep the line in results/

Two texts are indexed: **raw** titles and texts in two fields, each engine with its own English analysis (tantivy's
`en_stem`: lower case and Snowball's English stemmer), and **tokens**, analysed before and only to be split at spaces, in one
field. Both engines index positions and store the same, id and texts; searchkit gathers its suggestions besides. Measured are
CPU seconds of all threads, importing the engine and reading the file among them; the memory a process held at its peak, the
interpreter and pages of mapped files among it; and bytes on disk without stored texts. Median of the rounds, after a short
one that is not counted and in which kernels are compiled, if they were not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

RAW, TOKENS = "raw", "tokens"
TEXTS = (RAW, TOKENS)
_WARM_UP = 30_000
"""Passages of the round that is not counted: enough for every kernel to be loaded."""


def build_in_child(name: str, corpus: Path, directory: Path, text: str = TOKENS) -> dict[str, Any]:
    """Run this module for one engine and give back what it printed.

    Raises
    ------
    RuntimeError
        If the child failed; with the last line it wrote.
    """
    directory.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.build", "--child", name, text, str(corpus), str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def peak_bytes() -> int:
    """The most memory this process has held since it began its program."""
    try:
        # Not ru_maxrss where there is better: it also knows what the parent held when it started us.
        with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def build_here(name: str, text: str, corpus: str, directory: str) -> None:
    """Build and print."""
    from benchmarks.peers import PEERS

    cpu, wall = time.process_time(), time.perf_counter()
    (PEERS[name].build_raw if text == RAW else PEERS[name].build)(Path(corpus), Path(directory))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak_bytes() / 1e6, 1)}))


def race(
    corpora: dict[str, Path], names: tuple[str, ...], scratch: Path, rounds: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """Figures by text and engine: medians over rounds in which the engines take turns.

    Parameters
    ----------
    corpora : dict of str to Path
        Files by text.
    names : tuple of str
        Of engines that can build each text.
    """
    from benchmarks.peers import PEERS

    found: dict[str, dict[str, list[dict[str, Any]]]] = {text: {name: [] for name in names} for text in corpora}
    for text, corpus in corpora.items():
        few = scratch / f"few-{text}.txt"
        with corpus.open("rb") as lines, few.open("wb") as out:
            out.writelines(itertools.islice(lines, _WARM_UP))
        with corpus.open("rb") as lines:
            documents = sum(1 for _ in lines)
        for turn in range(-1, rounds):
            for name in names:
                directory = scratch / f"race-{text}-{name}"
                figures = build_in_child(name, few if turn < 0 else corpus, directory, text)
                if turn >= 0:
                    figures["size"] = PEERS[name].size(directory)
                    figures["documents_per_cpu_s"] = documents / figures["cpu_s"]
                    found[text][name].append(figures)
                shutil.rmtree(directory)
    return {
        text: {
            name: {key: round(median(one[key] for one in measured), 3) for key in measured[0]}
            for name, measured in engines.items()
        }
        for text, engines in found.items()
    }


def report(races: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| text | engine | docs / CPU s | CPU s | wall s | peak MB | size MB |", "|---" * 7 + "|"]
    for text, engines in races.items():
        for name, one in engines.items():
            times = f"{one['documents_per_cpu_s']:,.0f} | {one['cpu_s']:.2f} | {one['wall_s']:.2f}"
            lines.append(f"| {text} | {name} | {times} | {one['peak_mb']:.0f} | {one['size'] / 1e6:.1f} |")
    return lines


def main(given: list[str] | None = None) -> int:
    """Measure and print."""
    from benchmarks import bars, record
    from benchmarks.corpus import PASSAGES, data_directory, read_texts, write_corpus, write_raw

    parser = argparse.ArgumentParser(prog="python -m benchmarks.build", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="the data directory; else SEARCHKIT_DATA, else ../shared/data")
    parser.add_argument("--docs", type=int, help="only so many passages")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep the record in benchmarks/results/")
    options = parser.parse_args(given)
    passages = data_directory(options.data) / PASSAGES
    if not passages.exists():
        print(f"skipped: there is no {passages.name} there; data/README.md says where it is looked for")
        return 0
    begun, busy, commit = record.now(), record.load(), record.commit()
    with tempfile.TemporaryDirectory(prefix="searchkit-bench-") as folder:
        scratch = Path(folder)
        corpora = {text: scratch / f"{text}.txt" for text in TEXTS}
        documents = write_raw(passages, options.docs, corpora[RAW])
        write_corpus(read_texts(passages, options.docs), corpora[TOKENS])
        races = race(corpora, ("searchkit", "tantivy"), scratch, options.rounds)
    print(f"{documents:,} passages, {options.rounds} rounds, {record.machine()}, load {busy}, commit {commit}\n")
    judged = bars.judge_builds(races)
    print("\n".join([*report(races), "", *(f"- {bar}" for bar in judged)]))
    if options.save:
        line = {"begun": begun, "commit": commit, "machine": record.machine(), "load": [busy, record.load()]}
        record.append("indexing", {**line, "documents": documents, "rounds": options.rounds, "found": races})
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        build_here(*sys.argv[2:])
    else:
        sys.exit(main())

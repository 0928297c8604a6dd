"""Index 200,000 passages, then ask three rankers the same 300 queries: do they agree, bit for bit?

The judge is `tests/reference/bm25f.py`: plain Python floats, no NumPy, nothing of the product but the terms
its analyzer gives. Compared are the documents of the top 10, their order and their float32 scores. Also
prints how long indexing took and the largest memory it held. Takes some five minutes; the judge is slow.

    python -m benchmarks.agreement --data ../shared/data

Run: Python 3.11 or newer with searchkit installed; the data of `data/README.md`. Exit status 1 if any
query differs or memory was above the bar of 1.5 GB.
"""

from __future__ import annotations

import argparse
import itertools
import json
import lzma
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEMORY_BAR_GB = 1.5
TOP = 10
GROUP = 12
"""Queries judged together: bounds the judge's memory, at one pass over all passages a group."""


def read_passages(path: Path, limit: int | None) -> Iterator[dict[str, Any]]:
    """Passages as records."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in itertools.islice(lines, limit):
            yield json.loads(line)


def read_queries(folder: Path, count: int) -> list[str]:
    """Queries of three kinds in equal parts, evenly drawn from each file: typed, asked, and with syntax."""
    game = [
        json.loads(line)["query"] for line in (folder / "search_benchmark_game_queries.jsonl").open(encoding="utf-8")
    ]
    plain = [(folder / name).read_text("utf-8").splitlines() for name in ("short_web_2000.txt", "questions_1000.txt")]
    share = count // 3
    chosen = []
    for queries in (game, *plain):
        chosen += queries[:: max(1, len(queries) // share)][:share]
    return chosen


def index_in_child(source: Path, directory: Path) -> tuple[float, float]:
    """Run `searchkit index` as a person would; seconds, and peak memory in GB."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "cli.app", "index", str(directory), str(source)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return time.perf_counter() - started, peak / (1e9 if sys.platform == "darwin" else 1e6)


def compare(directory: Path, source: Path, queries: list[str], limit: int | None) -> list[str]:
    """Ask all three; a sentence for each query on which they differ."""
    import searchkit
    from searchkit.query.planning import plan_query
    from tests.reference import bm25f, boolean
    from tests.support.plans import root_as_tuples, scored_as_tuples

    findings = []
    with searchkit.open(directory) as index:
        fields = dict(zip(index.schema.text_fields, index.schema.weights, strict=True))
        passages = list(read_passages(source, limit))
        ids = [passage["id"] for passage in passages]
        interned: dict[str, str] = {}
        analysed = [
            {
                field: [interned.setdefault(term, term) for term in index.analyzer.terms(passage.get(field) or "")]
                for field in fields
            }
            for passage in passages
        ]
        del passages
        for start in range(0, len(queries), GROUP):
            group = queries[start : start + GROUP]
            plans = [plan_query(query, index.schema, index.analyzer) for query in group]
            scored = [scored_as_tuples(plan, index.schema) for plan in plans]
            collection = bm25f.Collection(analysed, fields, [leaf for one in scored for leaf, _ in one])
            for query, plan, leaves in zip(group, plans, scored, strict=True):
                root = root_as_tuples(plan, index.schema)
                # A query of words alone finds only documents that hold one of them; the judge looks at those.
                held = sorted(collection.scores(leaves))
                found = [number for number in held if root is not None and boolean.matches(analysed[number], root)]
                wanted = [(ids[number], score) for number, score in collection.top(found, leaves, TOP)]
                for engine in ("numpy", "numba"):
                    results = index.search(query, limit=TOP, engine=engine)
                    if [(hit.id, hit.score) for hit in results.hits] != wanted or results.total != len(found):
                        findings.append(f"{engine} differs from the reference on {query!r}")
            print(f"\r{start + len(group)} of {len(queries)} queries judged", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return findings


def main() -> int:
    """Run the comparison and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEARCHKIT_DATA", "../shared/data")))
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--limit", type=int, help="index only so many passages")
    options = parser.parse_args()
    source = options.data / "passages" / "docs-200k.jsonl.xz"
    with tempfile.TemporaryDirectory() as scratch:
        if options.limit:
            cut = Path(scratch) / "passages.jsonl"
            with cut.open("w", encoding="utf-8") as out:
                out.writelines(json.dumps(passage) + "\n" for passage in read_passages(source, options.limit))
        directory = Path(scratch) / "site"
        seconds, peak_gb = index_in_child(cut if options.limit else source, directory)
        print(f"indexed in {seconds:.1f} s, peak memory {peak_gb:.2f} GB (bar: {MEMORY_BAR_GB} GB)")
        queries = read_queries(options.data / "queries", options.queries)
        findings = compare(directory, source, queries, options.limit)
    for finding in findings:
        print(finding)
    print(f"{len(queries)} queries, top {TOP}: {2 * len(queries) - len(findings)} of {2 * len(queries)} answers agree")
    return 1 if findings or peak_gb > MEMORY_BAR_GB else 0


if __name__ == "__main__":
    sys.exit(main())

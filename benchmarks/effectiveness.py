"""How good are the rankings? nDCG@10 and its kin on public test collections, against the reference of others.

    python -m benchmarks.effectiveness --data ../shared/data [NAME...]

Each collection is indexed afresh with the schema of pages, as `searchkit index` would, and every judged query is asked
as it is typed, mode "any", to a depth of 1,000. Means are over judged queries, one without any hit counting 0. Takes
two minutes. Exit status 1 if a collection stays more than 0.01 below its reference in `effectiveness.toml`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import searchkit
from benchmarks.measures import average_precision, ndcg, recall, reciprocal_rank

MARGIN = 0.01
DEPTH = 1_000
EXPECTED = Path(__file__).with_suffix(".toml")


def read_queries(path: Path) -> dict[str, str]:
    """Queries by their number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line.strip())


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """Grades of documents, by query, from the format of TREC: query, a column nobody uses, document, grade."""
    judged: dict[str, dict[str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, _, document, grade = line.split()
        judged.setdefault(query, {})[document] = int(grade)
    return {query: grades for query, grades in judged.items() if any(grade > 0 for grade in grades.values())}


def rankings(collection: Path, language: str, wanted: Mapping[str, object], scratch: Path) -> dict[str, list[str]]:
    """The first documents for each judged query of a collection."""
    with searchkit.create(scratch, language=language) as index:
        with index.writer() as writer, (collection / "docs.jsonl").open(encoding="utf-8") as lines:
            writer.add_many(json.loads(line) for line in lines)
        queries = {
            number: text for number, text in read_queries(collection / "queries.tsv").items() if number in wanted
        }
        with index.snapshot() as snapshot:
            ids = [record["id"] for record in snapshot.export()]  # By place: order of arrival.
            found = snapshot.search_many(queries.values(), limit=DEPTH)
            return {
                number: [ids[hit.place] for hit in results.hits] for number, results in zip(queries, found, strict=True)
            }


def measure(name: str, language: str, data: Path) -> dict[str, float]:
    """All measures of one collection; `name` may name other judgements after a slash."""
    folder, _, judgements = name.partition("/")
    collection = data / "collections" / folder
    judged = read_judgements(collection / f"{judgements or 'qrels'}.txt")
    with tempfile.TemporaryDirectory() as scratch:
        ranked = rankings(collection, language, judged, Path(scratch) / "site")
    pairs = [(ranked.get(query, []), grades) for query, grades in judged.items()]
    return {
        "queries": len(pairs),
        "nDCG@10": fmean(ndcg(ranking, grades) for ranking, grades in pairs),
        "MAP": fmean(average_precision(ranking, grades) for ranking, grades in pairs),
        "R@100": fmean(recall(ranking, grades) for ranking, grades in pairs),
        "MRR@10": fmean(reciprocal_rank(ranking, grades) for ranking, grades in pairs),
    }


def main() -> int:
    """Measure the collections named, or all, and compare them with what is expected."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEARCHKIT_DATA", "../shared/data")))
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="collections; all of effectiveness.toml if none is named"
    )
    options = parser.parse_args()
    expected = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))
    below = 0
    for name in options.names or expected:
        wanted = expected[name]
        found = measure(name, wanted["language"], options.data)
        verdict = "" if found["nDCG@10"] >= wanted["reference"] - MARGIN else "  BELOW"
        below += bool(verdict)
        figures = "  ".join(f"{key} {value:.4f}" for key, value in found.items() if key != "queries")
        print(
            f"{name:<32} {found['queries']:>6} queries  {figures}  (reference {wanted['reference']}){verdict}",
            flush=True,
        )
    print(
        f"{below} below their reference less {MARGIN}"
        if below
        else f"no collection is more than {MARGIN} below its reference"
    )
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())

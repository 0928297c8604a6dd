"""Are the right documents on top? Judged collections, searched as a user would, against the reference figures.

Each collection is indexed with the page schema of its language into a temporary directory; each of its queries is
given to `Index.search` as it is, in mode "any". The reference is bm25s 0.3.16 (method lucene, k1 = 1.2, b = 0.75;
title and text as one field; 33 English stop words removed; Snowball stems). The bar is the reference's nDCG@10
less 0.01.

    python -m benchmarks.effectiveness --data ../shared/data
    python -m benchmarks.effectiveness --only cranfield scifact --weight title=1.0

Run: Python 3.11 or newer with searchkit installed, about a minute; the collections of `data/README.md`. Without
them it says so and ends with exit status 0. Exit status 1 if a collection is below its bar.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import searchkit
from benchmarks.measures import MEASURES, evaluate

DEPTH = 1_000
"""Documents of a ranking, as trec_eval's runs have; what is relevant below it counts as not found."""
TOLERANCE = 0.01
"""How far nDCG@10 may be below the reference."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A judged collection, the language it is written in, and the reference's nDCG@10."""

    folder: str
    language: str
    reference: float
    qrels: str = "qrels.txt"

    @property
    def name(self) -> str:
        """What its line of the table is called."""
        return self.folder + ("" if self.qrels == "qrels.txt" else " (binary)")


COLLECTIONS = (
    Collection("cranfield", "en", 0.3695),
    Collection("cranfield", "en", 0.5189, "qrels_binary_all1837.txt"),
    Collection("cisi", "en", 0.3957),
    Collection("med", "en", 0.6986),
    Collection("scifact", "en", 0.6791),
    Collection("squad_dev", "en", 0.8732),
    Collection("xquad_en", "en", 0.967),
    Collection("xquad_de", "de", 0.943),
    Collection("xquad_zh", "zh", 0.963),
    Collection("xquad_hi", "hi", 0.954),
    Collection("xquad_ar", "ar", 0.933),
)


def read_documents(folder: Path) -> Iterator[dict[str, str]]:
    """The records of a collection."""
    with (folder / "docs.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_queries(folder: Path) -> dict[str, str]:
    """Query id to text."""
    lines = (folder / "queries.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line)


def read_judgements(file: Path) -> dict[str, dict[str, int]]:
    """Query id to document id to relevance, from a file in TREC's format."""
    judgements: dict[str, dict[str, int]] = defaultdict(dict)
    for line in file.read_text(encoding="utf-8").splitlines():
        if line:
            query, _, document, relevance = line.split()
            judgements[query][document] = int(relevance)
    return judgements


def rankings_of(collection: Collection, folder: Path, weights: dict[str, float]) -> dict[str, list[str]]:
    """Index a collection and ask it every query."""
    queries = read_queries(folder)
    with (
        tempfile.TemporaryDirectory(prefix="searchkit-") as directory,
        searchkit.create(directory, language=collection.language) as index,
    ):
        with index.writer() as writer:
            writer.add_many(read_documents(folder))
        with index.snapshot() as snapshot:
            ids = [record["id"] for record in snapshot.export()]  # In order of arrival, which is a hit's place.
            return {
                query: [ids[hit.place] for hit in snapshot.search(text, DEPTH, weights=weights or None).hits]
                for query, text in queries.items()
            }


def main() -> int:
    """Print the table; 1 if a collection is below its bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEARCHKIT_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="+", metavar="NAME", help="folders of collections; all if not given")
    parser.add_argument("--weight", nargs="+", default=[], metavar="FIELD=W", help="other field weights, as title=1.0")
    options = parser.parse_args()
    root: Path = options.data / "collections"
    if not root.is_dir():
        print(f"the collections are not at {root}; name their folder with --data or SEARCHKIT_DATA", file=sys.stderr)
        return 0
    weights = {field: float(weight) for field, _, weight in (pair.partition("=") for pair in options.weight)}
    print(f"{'collection':20}" + "".join(f"{name:>9}" for name in MEASURES) + f"{'reference':>11}{'bar':>8}")
    missed = False
    rankings: dict[str, dict[str, list[str]]] = {}
    for collection in COLLECTIONS:
        if options.only and collection.folder not in options.only:
            continue
        folder = root / collection.folder
        if collection.folder not in rankings:
            rankings = {collection.folder: rankings_of(collection, folder, weights)}
        measured = evaluate(rankings[collection.folder], read_judgements(folder / collection.qrels))
        bar = collection.reference - TOLERANCE
        below = measured["nDCG@10"] < bar
        missed |= below
        figures = "".join(f"{value:9.4f}" for value in measured.values())
        print(
            f"{collection.name:20}{figures}{collection.reference:11.4f}{bar:8.4f}{'  BELOW' if below else ''}",
            flush=True,
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

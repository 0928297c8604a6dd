"""An index of the present format, kept in the repository for later versions to read, or to refuse by name.

    python -m tests.formats.golden

makes it anew, which is only right as long as no release has written this format: after one, an index of its format
stays as it is, and another is put beside it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import searchkit
from searchkit import Date, Keyword, Number, Schema, Text

HERE = Path(__file__).with_name("golden")
QUERIES = ("rye bread", '"sour dough"', "title:rye", "ba* -letter", "tags:bread", "year:2000..2019", "+oven stone")


def records() -> list[dict[str, Any]]:
    """Documents with every kind of field; enough of them for lists of more than eight documents."""
    made: list[dict[str, Any]] = [
        {
            "id": f"https://example.org/{number}",
            "title": f"Page {number} of rye" if number % 3 else "Bäckerei",
            "text": f"sour dough {'bread ' * (number % 5 + 1)} in a stone oven, batch {number}",
            "tags": ["bread", f"day{number % 4}"],
            "year": 1990 + number,
            "published": f"20{number:02}-05-01",
        }
        for number in range(40)
    ]
    return [*made, {"id": "letter", "text": "a letter " + "bread " * 300, "title": ""}]


def answers(index: searchkit.Index) -> dict[str, Any]:
    """What is compared: everything stored, and hits with scores."""
    return {
        "export": list(index.export()),
        "hits": {query: [[hit.id, round(hit.score, 4)] for hit in index.search(query).hits] for query in QUERIES},
        "marks": index.marks,
        "documents": len(index),
    }


def main() -> None:
    """Make it anew."""
    shutil.rmtree(HERE, ignore_errors=True)
    schema = Schema(title=Text(weight=2.0), text=Text(language="en"), tags=Keyword(), year=Number(), published=Date())
    with searchkit.create(HERE, schema) as index:
        made = records()
        with index.writer() as writer:
            writer.add_many(made[:25])
        with index.writer() as writer:
            writer.add_many(made[20:])
            writer.delete("https://example.org/7")
            writer.commit({"source": 41})
        (HERE / "answers.json").write_text(json.dumps(answers(index), indent=1) + "\n", encoding="utf-8")
    for path in HERE.rglob("*lock"):
        path.unlink()


if __name__ == "__main__":
    main()

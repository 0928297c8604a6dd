"""SQLite's FTS5, contentless, merged into one tree, mapped into memory.

Its idf is Robertson's, so only scores of single words can be compared: ours with the other idf, times k1 + 1.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.peers.base import FACTOR, Answer, Facts, Peer, within
from benchmarks.questions import Question


class Fts5(Peer):
    """``ORDER BY rank LIMIT k``, which its manual names as the quickest way; ``count(*)`` to count."""

    name: ClassVar[str] = "fts5"
    setup: ClassVar[str] = "contentless, optimized, ORDER BY rank; Robertson's idf: scores of single words compared"

    @classmethod
    def missing(cls) -> str | None:
        try:
            sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        except sqlite3.OperationalError as error:
            return f"this Python's SQLite has no FTS5 ({error})"
        return None

    @classmethod
    def version(cls) -> str:
        return sqlite3.sqlite_version

    @classmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        database = sqlite3.connect(directory / "fts5.db")
        database.executescript("PRAGMA journal_mode=off; PRAGMA synchronous=off; PRAGMA cache_size=-200000;")
        database.execute(
            "CREATE VIRTUAL TABLE t USING fts5(text, content='', tokenize=\"unicode61 remove_diacritics 0\")"
        )
        database.execute("INSERT INTO t(t, rank) VALUES('hashsize', 100000000)")
        with corpus.open(encoding="ascii") as lines:
            database.executemany("INSERT INTO t(rowid, text) VALUES(?, ?)", enumerate(lines))
        database.execute("INSERT INTO t(t) VALUES('optimize')")
        database.commit()
        database.close()

    def __init__(self, directory: Path) -> None:
        self._database = sqlite3.connect(directory / "fts5.db")
        self._database.executescript("PRAGMA mmap_size=4000000000; PRAGMA cache_size=-1000000;")

    @staticmethod
    def match_of(question: Question) -> str:
        """The MATCH expression of a question."""
        quoted = [f'"{term}"' for term in question.terms]
        joint = {"or": " OR ", "and": " AND ", "phrase": " + "}.get(question.kind, " ")
        return joint.join(quoted) + ("*" if question.kind == "prefix" else "")

    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        match, execute = self.match_of(question), self._database.execute
        if k:
            ranked = "SELECT rowid, rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"
            return lambda: execute(ranked, (match, k)).fetchall()
        counted = "SELECT count(*) FROM t WHERE t MATCH ?"
        return lambda: execute(counted, (match,)).fetchone()[0]

    def read(self, found: Any, k: int) -> Answer:
        return Answer(None, [-rank for _, rank in found]) if k else Answer(found, [])

    def expected(self, question: Question, ours: list[float], facts: Facts) -> list[tuple[float, float]] | None:
        if question.kind != "term":
            return None
        (term,) = question.terms
        factor = FACTOR * facts.probabilistic_idf(term) / facts.lucene_idf(term)
        return within(ours, factor * (1 - 1e-4), factor * (1 + 1e-4))

    def close(self) -> None:
        self._database.close()

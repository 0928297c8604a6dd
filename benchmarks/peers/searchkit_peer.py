"""searchkit itself, by its public interface: one text field, no stemming of what is already stemmed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.corpus import read_raw, read_tokens
from benchmarks.peers.base import Answer, Peer
from benchmarks.questions import Question

_QUERIES_UNTIL_COMPILED = 64


class Searchkit(Peer):
    """From the string typed to a Results, in the newest commit of an index as the writer left it (not merged)."""

    name: ClassVar[str] = "searchkit"
    setup: ClassVar[str] = "string to Results, default engine after loading, segments as the writer left them"

    @classmethod
    def missing(cls) -> str | None:
        return None

    @classmethod
    def version(cls) -> str:
        import searchkit

        return searchkit.__version__

    @classmethod
    def build(cls, corpus: Path, directory: Path) -> None:
        import searchkit

        schema = searchkit.Schema(text=searchkit.Text(language="none"))
        with searchkit.create(directory, schema) as index, index.writer() as writer:
            writer.add_many(read_tokens(corpus))

    @classmethod
    def build_raw(cls, corpus: Path, directory: Path) -> None:
        import searchkit

        schema = searchkit.Schema(title=searchkit.Text(), text=searchkit.Text(language="en"))
        with searchkit.create(directory, schema) as index, index.writer() as writer:
            writer.add_many(read_raw(corpus))

    @classmethod
    def size(cls, directory: Path) -> int:
        """Parts of all segments but those of stored records, which hold the texts, and the ids of documents."""
        import searchkit

        with searchkit.open(directory) as index:
            parts: dict[str, int] = index.stats()["parts"]
        return sum(size for name, size in parts.items() if not name.startswith("stored"))

    def __init__(self, directory: Path) -> None:
        import searchkit

        self.index = searchkit.open(directory)
        self.segments = self.index.stats()["segments"]
        self.index.search("warm", engine="numba")
        for _ in range(_QUERIES_UNTIL_COMPILED):
            self.index.search("warm")
        for thread in threading.enumerate():
            if thread.name == "searchkit-kernels":
                thread.join()  # Then "auto" has changed over.

    def prepare(self, question: Question, k: int, variant: str) -> Callable[[], Any]:
        text, search = self.text_of(question), self.index.search
        if k:
            return lambda: search(text, k)

        def count() -> Any:
            found = search(text, 0)
            found.total  # noqa: B018 - counted when it is asked for, once
            return found

        return count

    @staticmethod
    def text_of(question: Question) -> str:
        """The question in searchkit's syntax."""
        if question.kind == "phrase":
            return f'"{" ".join(question.terms)}"'
        sign = "+" if question.kind == "and" else ""
        star = "*" if question.kind == "prefix" else ""
        return " ".join(f"{sign}{term}{star}" for term in question.terms)

    def read(self, found: Any, k: int) -> Answer:
        return Answer(found.total, [hit.score for hit in found.hits])

    def close(self) -> None:
        self.index.close()

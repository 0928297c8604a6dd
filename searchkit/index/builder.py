"""What makes a segment of documents: an analyzer that learns words, and a buffer.

A writer has one of these (`SegmentBuilder`), or asks other processes that have one each (`parallel.py`). Cost: that of
analysis and of the segment's encoding. What this module does not know: commits, other segments, and which documents
elsewhere a new one replaces.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.bulk import BulkAnalyzer
from searchkit.model.intake import Documents
from searchkit.model.schema import Date, Number, Schema
from searchkit.segment.buffer import Buffer
from searchkit.segment.suggestions import gleaner_for, words_of
from searchkit.segment.writer import Receipt, write_segment

_WORDS_SHARE: Final = 3
"""Words are remembered from one segment to the next unless they take more than this part of the memory."""


class Builder(Protocol):
    """Documents on their way into the next segment."""

    @property
    def full(self) -> bool:
        """Whether the segment should be written before more is added."""
        ...

    def add(self, documents: Documents) -> int:
        """Add documents; how many of those here they replaced."""
        ...

    def remove(self, id: str) -> bool:
        """Forget a document; whether it was here."""
        ...

    def digest(self, id: str) -> int | None:
        """Digest of a document here, or None."""
        ...

    def ids(self) -> list[str]:
        """Ids of the documents here, in order of arrival."""
        ...

    def close(self) -> None:
        """Give back what is held beside memory."""
        ...


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Without Python's collector of cycles: a batch makes a hundred thousand containers and no cycle, and having each looked
    at several times takes a tenth of the time. It lasts for a batch, or a segment, and other threads' cycles wait.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


class SegmentBuilder:
    """Builds one segment after the other.

    Parameters
    ----------
    analyzer : Analyzer
    schema : Schema
    directory : Path
        Of the segments, for temporary files.
    memory : int
        Bytes that a segment being built may take, about.
    """

    def __init__(self, analyzer: Analyzer, schema: Schema, directory: Path, memory: int) -> None:
        self._schema, self._directory, self._allowed = schema, directory, memory
        self._bulk = BulkAnalyzer(analyzer, words_of(analyzer))
        self._begin()

    def _begin(self) -> None:
        if self._bulk.memory > self._allowed // _WORDS_SHARE:
            self._bulk.begin()
        columns = sum(isinstance(field, (Number, Date)) for field in self._schema.values())
        gleaner = gleaner_for(self._schema, self._bulk.words)
        fields = len(self._schema.text_fields)
        self._buffer = Buffer(fields, columns, self._directory, self._bulk.vocabulary, gleaner)

    @property
    def memory(self) -> int:
        """Bytes that building and writing the segment takes, about."""
        return self._buffer.memory + self._bulk.memory

    @property
    def full(self) -> bool:
        """Whether that is more than it may take."""
        return self.memory > self._allowed

    def add(self, documents: Documents) -> int:
        """Analyse documents and add them; how many of those here they replaced."""
        with _collector_at_rest():
            terms, counts = self._bulk.numbers(documents.texts)
            lengths = counts.reshape(len(documents), len(self._schema.text_fields))
            return self._buffer.add_many(documents, terms, lengths, self._bulk.spoken(documents.texts))

    def remove(self, id: str) -> bool:
        """Forget a document; whether it was here."""
        return self._buffer.remove(id)

    def digest(self, id: str) -> int | None:
        """Digest of a document here, or None."""
        return self._buffer.digest(id)

    def ids(self) -> list[str]:
        """Ids of the documents here, in order of arrival."""
        return self._buffer.ids()

    def write(self, path: Path) -> Receipt:
        """Write the documents, at least one, as a segment file, synced. They stay here until `renew`."""
        with _collector_at_rest():
            return write_segment(path, self._buffer, self._schema)

    def renew(self) -> None:
        """Begin the next segment."""
        self._buffer.close()
        self._begin()

    def close(self) -> None:
        """Give temporary files back."""
        self._buffer.close()

"""One run of indexing: records from any source into an index, in batches that are each durable before they are reported.

What reads sources and what writes an index is the library; this file counts, reports and stops cleanly. A first
Ctrl-C lets the record at hand finish, commits, and says how to go on; a second one leaves at once, which loses
nothing that was reported. Knows no command line: `index.py` reads it.
"""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

import searchkit
from cli.exits import Interrupted
from cli.terminal import Terminal
from searchkit.errors import DocumentInvalid, IndexMissing, SchemaError, SearchkitError, SourceError
from searchkit.model.snippet import safe_text
from searchkit.sources.record import Item, Record, Rejected

if TYPE_CHECKING:
    from searchkit import Index, Writer
    from searchkit.sources.source import Source

BATCH_RECORDS = 20_000
"""Records between two commits unless --batch says otherwise: some seconds of work, and few segments to merge."""
BATCH_RECORDS_OF_A_JOB = 40_000
"""The same for each of several processes, so that all of them have something to do between two commits."""
FAULTS_SHOWN = 20
"""Faulty records that are named on stderr; the rest is only counted."""
SAMPLE_RECORDS = 200
"""Records looked at to recognise the language."""


class Stop:
    """Ctrl-C as a wish that is looked at between two records, instead of an exception in the middle of a write."""

    def __init__(self) -> None:
        self.wanted = False
        self.waiting = False
        """Whether we are inside a source, possibly waiting for it: then nothing is half done, and we may be torn out."""

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.wanted or self.waiting:
            self.wanted = True
            raise KeyboardInterrupt
        self.wanted = True


class Run:
    """One run of the command: what was counted, and what has been said about it."""

    def __init__(self, terminal: Terminal, batch: int, as_json: bool, jobs: int = 1) -> None:
        self.terminal, self.batch, self.as_json, self.jobs = terminal, batch, as_json, jobs
        self.stop = Stop()
        self.records = self.skipped = self.failed = 0
        self.added = self.updated = self.unchanged = self.deleted = 0
        self.committed = 0
        self.generation = 0
        self.where = ""
        self._damage: list[SourceError] = []
        self._ended = False

    def index_sources(self, directory: Path, sources: list[Source], language: str | None) -> None:
        """Read every source to its end and commit as we go."""
        records = self._records(sources)
        with self.stop:
            if language == "auto":
                sample = list(itertools.islice(records, SAMPLE_RECORDS))
                language = recognise(record.data for record in sample)
                self.terminal.note(f"recognised language: {language}")
                records = itertools.chain(sample, records)
            total = sum(source.size or 0 for source in sources)
            known = all(source.size is not None for source in sources)
            with (
                open_or_create(directory, language) as opened,
                opened.writer(jobs=self.jobs) as writer,
                self.terminal.progress("indexing", total if known else None, "bytes") as show,
            ):
                watched = self._watched(records, sources, show)
                while not self._ended:
                    self.add(writer, itertools.islice(watched, self.batch))
                    self.commit(writer)
        self.finish(directory)

    def _records(self, sources: list[Source]) -> Iterator[Record]:
        """Every good record of every source; the others are reported here."""
        for source in sources:
            items = iter(source)
            try:
                while not self.stop.wanted and (item := self._next(items)) is not None:
                    if isinstance(item, Rejected):
                        self.reject(item)
                    else:
                        if item.note:
                            self.terminal.warn(safe_text(f"{item.where}: {item.note}"))
                        yield item
            except SourceError as error:
                self.terminal.error(safe_text(str(error)), error.hint)
                self._damage.append(error)

    def _next(self, items: Iterator[Item]) -> Item | None:
        self.stop.waiting = True
        try:
            return next(items, None)
        except KeyboardInterrupt:
            return None
        finally:
            self.stop.waiting = False

    def _watched(self, records: Iterator[Record], sources: list[Source], show: Any) -> Iterator[dict[str, Any]]:
        for record in records:
            self.where = record.where
            self.records += 1
            yield record.data
            show(sum(source.done for source in sources), f"{self.records:,} records")
        self._ended = True

    def add(self, writer: Writer, records: Iterator[dict[str, Any]]) -> None:
        """Add records; one that is not valid is reported, and the others follow."""
        writer.add_many(records, skip_unchanged=True, rejected=self._invalid)

    def _invalid(self, error: DocumentInvalid) -> None:
        # The writer asks for the next record only after this, so `where` is that of the record at fault.
        self.records -= 1
        self.reject(Rejected(error.where or self.where, error.what))

    def reject(self, item: Rejected) -> None:
        """Count something that gives no document, and say so if it is a fault."""
        if not item.failed:
            self.skipped += 1
            return
        self.failed += 1
        if self.failed <= FAULTS_SHOWN:
            self.terminal.warn(safe_text(f"{item.where}: {item.why}"))
        elif self.failed == FAULTS_SHOWN + 1:
            self.terminal.warn("there are more faulty records; from here on they are only counted")

    def commit(self, writer: Writer, marks: dict[str, int] | None = None) -> None:
        """Make what was added durable, then report it."""
        commit = writer.commit(marks) if marks else writer.commit()
        self.added += commit.added
        self.updated += commit.updated
        self.unchanged += commit.unchanged
        self.deleted += commit.deleted
        self.generation = commit.generation
        if self.as_json and self.records > self.committed:
            self.terminal.json({"event": "commit", "records": self.records, "generation": self.generation})
        self.committed = self.records

    def counts(self) -> dict[str, int]:
        """What the last event reports."""
        names = ("records", "added", "updated", "unchanged", "deleted", "skipped", "failed", "generation")
        return {name: getattr(self, name) for name in names}

    def finish(self, directory: Path) -> None:
        """Say what was done; leave with an error if a source broke off, or as interrupted."""
        event = "interrupted" if self.stop.wanted else "done"
        if self.as_json:
            self.terminal.json({"event": event, **self.counts()})
        else:
            parts = [f"{getattr(self, name):,} {name}" for name in ("added", "updated", "unchanged")]
            parts += [f"{getattr(self, n):,} {n}" for n in ("deleted", "skipped", "failed") if getattr(self, n)]
            self.terminal.line(f"{self.records:,} records: {', '.join(parts)}")
        if self.stop.wanted:
            raise Interrupted(f"{self.records:,} records are safe in {directory}; the same command goes on from there.")
        if self._damage:
            raise self._damage[0]


def open_or_create(directory: Path, language: str | None) -> Index:
    """Open an index for writing, or make one.

    Raises
    ------
    SchemaError
        If there is one in another language than the one asked for: stems are what it consists of.
    """
    try:
        opened = searchkit.open(directory)
    except IndexMissing:
        return searchkit.create(directory, language=language or "en")
    have = opened.schema.language
    if language not in (None, "auto", have):
        opened.close()
        raise SchemaError(
            f"{directory}: the index is in the language {have!r}, not {language!r}",
            hint="Leave --language out, or index into another directory.",
        )
    return opened


def recognise(records: Iterator[dict[str, Any]]) -> str:
    """The language most records say they are in or, where they do not say, seem to be in; ``"none"`` if unknown to us."""
    from searchkit.analysis.analyzer import analyzer
    from searchkit.analysis.detect import detect_language

    sample = list(records)
    declared = Counter(str(record["language"]) for record in sample if record.get("language"))
    if 2 * declared.total() > len(sample):
        language = declared.most_common(1)[0][0]
    else:
        language = detect_language(f"{record.get('title') or ''}\n{record.get('text') or ''}" for record in sample)
    try:
        return analyzer(language).name
    except SearchkitError:
        return "none"

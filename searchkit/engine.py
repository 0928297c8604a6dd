"""The whole engine behind four names: `create`, `open`, `Index`, `Snapshot`.

An `Index` is a directory somebody wrote documents into; searching it looks at the newest commit. A
`Snapshot` is one commit, held for as long as it is wanted. Opening either loads nothing that is not needed:
the analyzer comes with the first query or the first document, the compiled kernels when a process has asked
enough queries to be worth them, and what writes, checks or explains when it is asked for. This module joins
the rooms; what happens in them is told there.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer, analyzer
from searchkit.errors import (
    AnalyzerMismatch,
    Closed,
    IndexExists,
    NotACollection,
    RequestError,
    SchemaError,
)
from searchkit.index.catalog import INDEX_DIRECTORY, QUERY_LOG_FILE, Catalog
from searchkit.index.snapshot import load_snapshot
from searchkit.locks import Lock
from searchkit.model.results import Results
from searchkit.model.schema import Schema
from searchkit.search.request import Mode
from searchkit.search.snapshot import Snapshot
from searchkit.store.files import os_errors

if TYPE_CHECKING:
    from searchkit.index.querylog import QueryLog
    from searchkit.index.writer import IndexWriter as Writer
    from searchkit.model.explanation import Explanation
    from searchkit.model.suggestions import Correction, Suggestion

__all__ = ["CheckReport", "Index", "Snapshot", "create", "open"]


def create(
    path: str | Path, schema: Schema | None = None, *, exist_ok: bool = False, language: str | None = None
) -> Index:
    """Make an index in a directory, or with `exist_ok` open the one that is there.

    Parameters
    ----------
    path : str or Path
        The collection directory; created with its parents when missing. What else lies in it is left alone.
    schema : Schema, optional
        The fields of its documents; `Schema.page(language)` when left out.
    language : str, optional
        Language of the page schema, English when left out; not together with `schema`.

    Raises
    ------
    IndexExists
        If one is there and `exist_ok` was not given.
    SchemaError
        If one is there with another schema, or the language is not known.
    NotACollection
        If the path is a file.
    """
    directory = _as_path(path)
    if schema is not None and not isinstance(schema, Schema):
        raise SchemaError(f"a schema is a Schema, not {type(schema).__name__}")
    if language is not None and not isinstance(language, str):
        raise SchemaError(f"a language is a text such as 'en', not {type(language).__name__}")
    with os_errors(directory):
        if directory.exists() and not directory.is_dir():
            raise NotACollection(directory, "is a file, not a directory")
    if schema is not None and language is not None:
        raise SchemaError("give a schema or a language, not both", hint="Text(language=...) names the language.")
    if Catalog.exists(directory):
        if not exist_ok:
            raise IndexExists(directory)
        index = Index(directory)
        wanted = schema or (Schema.page(language) if language is not None else index.schema)
        if wanted != index.schema:
            raise SchemaError(
                f"{directory}: the index there was made with another schema: {index.schema!r}",
                hint="Open it without naming a schema, or make an index in another directory.",
            )
        return index
    wanted = schema or Schema.page(language or "en")
    Catalog.create(directory, wanted, analyzer(wanted.language).label).close()
    return Index(directory)


def open(path: str | Path, *, any_analyzer: bool = False) -> Index:
    """Open the index in a directory.

    Parameters
    ----------
    any_analyzer : bool
        Open it even if this installation analyses text otherwise than when it was written: good for
        `export` and `get`, while searches may miss documents.

    Raises
    ------
    IndexMissing
        If there is none.
    AnalyzerMismatch, CatalogDamaged, FormatUnsupported
        If it cannot be read faithfully.
    """
    return Index(_as_path(path), any_analyzer=any_analyzer)


def _as_path(path: object) -> Path:
    """A directory, whatever names it; raises NotACollection for what can name none."""
    try:
        named = os.fspath(path)  # type: ignore[call-overload]
    except TypeError:
        named = None
    if not isinstance(named, str) or "\0" in named:
        raise NotACollection(Path(), f"a directory is named by a text or a Path, not {path!r:.80}")
    return Path(named)


_UNWATCHED: Final = memoryview(b"\0"), 1
"""Instead of what `Catalog.watch` gives: what is known of an index before it was looked at, and after it was closed."""


def _not_quick(_query: str, _limit: int, _mode: Mode) -> None:
    """Instead of a quick way to answer."""


_NOT_QUICK: Final = *_UNWATCHED, _not_quick


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `Index.check` found: nothing, if everything on disk is what was written."""

    generation: int
    segments: int
    documents: int
    bytes_read: int
    findings: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether there are no findings."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "sound": self.sound,
            "generation": self.generation,
            "segments": self.segments,
            "documents": self.documents,
            "bytes_read": self.bytes_read,
            "findings": list(self.findings),
        }


class Index:
    """A collection directory with an index in it. Made by `searchkit.create` and `searchkit.open`.

    Usable from many threads. After a fork, open it anew in the child.
    """

    def __init__(self, directory: Path, *, any_analyzer: bool = False) -> None:
        self.path = directory
        self._catalog: Catalog | None = Catalog(directory)
        state, _ = self._catalog.load()
        self.schema = state.schema
        self._refresh = Lock()
        self._newest: tuple[Snapshot | None, tuple[memoryview, int]] = (None, _UNWATCHED)
        """The newest commit as all searches share it, and what says that it still is the newest."""
        self._quick: tuple[memoryview, int, Callable[[str, int, Mode], Results | None]] = _NOT_QUICK
        """The same with its quick way, once there is one; not where queries are counted."""
        self._log: QueryLog | None = None
        self._notice_log()
        have = analyzer(state.schema.language).label
        if have != state.analyzer and not any_analyzer:
            raise AnalyzerMismatch(directory, state.analyzer, have)

    @cached_property
    def analyzer(self) -> Analyzer:
        """How text becomes terms in this index."""
        return analyzer(self.schema.language)

    @property
    def query_log(self) -> QueryLog:
        """Counts of the queries asked, kept for completions: off until `QueryLog.enable`.

        Another `Index` that is open, in this process or another, notices it with the next commit. While it is on, `search`
        counts each query that finds something; `search_many` and searches of a snapshot do not.
        """
        if self._log is None:
            from searchkit.index.querylog import QueryLog

            with self._refresh:
                self._log = self._log or QueryLog(self.path)
                self._quick = _NOT_QUICK
        return self._log

    def _notice_log(self) -> None:
        if self._log is None and (self.path / INDEX_DIRECTORY / QUERY_LOG_FILE).exists():
            self._log = self.query_log

    def _open_catalog(self) -> Catalog:
        if self._catalog is None:
            raise Closed("index")
        return self._catalog

    def _current(self) -> Snapshot:
        """The newest commit, opened if it is not yet, with what searches remember of its words. Not to be closed."""
        newest, (place, number) = self._newest
        if newest is not None and place[0] == number:
            return newest
        with self._refresh:  # As is closing, so that nothing of a closed index is kept.
            catalog = self._open_catalog()
            newest, _ = self._newest
            watched = catalog.watch()
            if newest is None or newest.generation != catalog.generation():
                held = load_snapshot(catalog, None if newest is None else newest.held)
                newest, self._quick = Snapshot(held, self.analyzer), _NOT_QUICK
                self._notice_log()
            self._newest = newest, watched
            return newest

    def snapshot(self) -> Snapshot:
        """The newest commit, to be held."""
        return Snapshot(self._current().held, self.analyzer, self._log)

    def search(self, query: str, limit: int = 10, mode: Mode = "any", **options: Any) -> Results:
        """Find the best documents for a query in the newest commit; see `Snapshot.search`."""
        place, number, quick = self._quick
        watched = place[0] == number
        if watched and not options:
            results = quick(query, limit, mode)
            if results is not None:
                return results
        newest = self._current()
        results = newest.search(query, limit, mode, **options)
        if self._log is None:
            if not watched:
                self._find_quick(newest)
        elif self._log.enabled and results.hits:
            self._log.note(query)
        return results

    def _find_quick(self, newest: Snapshot) -> None:
        """From now on, ask the quick way of a snapshot first, if it has one and is the newest."""
        known = newest.known_words
        with self._refresh:
            snapshot, watched = self._newest
            if known is not None and snapshot is newest and self._log is None:
                self._quick = *watched, known.search

    def count_query(self, query: str) -> None:
        """Count a query that found something, if the query log is on: for those who search a snapshot."""
        if self._log is not None:
            self._log.note(query)

    def search_many(self, queries: Iterable[str], limit: int = 10, mode: Mode = "any", **options: Any) -> list[Results]:
        """Answers to many queries, in their order, from one commit; see `Snapshot.search`."""
        return self._current().search_many(queries, limit, mode, **options)

    def explain(self, query: str, id: str, mode: Mode = "any", **options: Any) -> Explanation:
        """Take the score of one document apart; see `Snapshot.explain`."""
        return self.snapshot().explain(query, id, mode, **options)

    def suggest(self, prefix: str, limit: int = 8, **filters: str | None) -> list[Suggestion]:
        """Complete what is being typed, from the newest commit; see `Snapshot.suggest` and its filters."""
        return self.snapshot().suggest(prefix, limit, **filters)

    def correct(self, text: str, mode: Mode = "any", **options: Any) -> Correction | None:
        """A better spelling of a query, for the newest commit; see `Snapshot.correct`."""
        return self.snapshot().correct(text, mode, **options)

    def get(self, id: str) -> dict[str, Any]:
        """The stored record of a document; raises DocumentMissing if there is none."""
        return self.snapshot().get(id)

    def export(self) -> Iterator[dict[str, Any]]:
        """Every stored record of the newest commit, in order of arrival."""
        return self.snapshot().export()

    def __contains__(self, id: str) -> bool:
        return id in self.snapshot()

    def __len__(self) -> int:
        return self._current().documents

    @property
    def marks(self) -> dict[str, int]:
        """What was noted with the last commit that noted anything: how far a source has been indexed."""
        return dict(self._current().held.state.marks or {})

    def writer(
        self,
        *,
        lock_timeout: float = limits.LOCK_TIMEOUT_S,
        memory: int | str = limits.WRITER_MEMORY_BYTES,
        jobs: int = 1,
    ) -> Writer:
        """The one writer. In a ``with`` block it commits at the end, and rolls back on an exception.

        Parameters
        ----------
        lock_timeout : float
            Seconds to wait for another writer.
        memory : int or str
            What the segment being built may take, about, in bytes or as ``"512MB"``; when it is used up, the segment is
            written, so that more memory means fewer segments. The interpreter and libraries come on top, some 200 MB.
        jobs : int
            Processes that analyse documents and build segments, sharing the memory; 1 does it in this one. More are
            quicker by the clock from some ten thousand documents on, and leave more segments. Answers are the same.

        Raises
        ------
        IndexLocked
            If another writer holds the index for longer; says which process.
        RequestError
            If `memory` is no amount of memory, or too little, or `jobs` no number from 1 to 64.
        """
        self._open_catalog()
        if not isinstance(lock_timeout, int | float) or math.isnan(lock_timeout):
            raise RequestError(f"a lock timeout is a number of seconds, not {lock_timeout!r}")
        if not isinstance(jobs, int) or isinstance(jobs, bool) or not 1 <= jobs <= limits.WRITER_JOBS_MAX:
            raise RequestError(f"jobs are a number of processes from 1 to {limits.WRITER_JOBS_MAX}, not {jobs!r}")
        if jobs > 1:
            from searchkit.index.parallel import ParallelWriter

            return ParallelWriter(self.path, self.analyzer, lock_timeout=lock_timeout, memory=memory, jobs=jobs)
        from searchkit.index.writer import IndexWriter

        return IndexWriter(self.path, self.analyzer, lock_timeout=lock_timeout, memory=memory)

    def merge(self, *, lock_timeout: float = limits.LOCK_TIMEOUT_S) -> None:
        """Merge all segments into one without deleted documents, and give their disk space back."""
        with self.writer(lock_timeout=lock_timeout) as writer:
            writer.merge_all()

    def stats(self) -> dict[str, Any]:
        """Counts and sizes of the newest commit, as plain data."""
        held = self._current().held
        parts: dict[str, int] = {}
        for view in held.views:
            for name, size in view.reader.part_sizes.items():
                parts[name] = parts.get(name, 0) + size
        return {
            "generation": held.generation,
            "documents": held.documents,
            "deleted": sum(entry.deleted for entry in held.state.segments),
            "segments": len(held.views),
            "bytes": sum(entry.size for entry in held.state.segments),
            "postings": sum(view.reader.head.postings for view in held.views),
            "analyzer": held.state.analyzer,
            "language": held.schema.language,
            "fields": {
                name: {"tokens": total, "mean_tokens": round(mean, 2), "weight": weight}
                for name, total, mean, weight in zip(
                    held.schema.text_fields, held.length_totals, held.length_means, held.schema.weights, strict=True
                )
            },
            "parts": dict(sorted(parts.items())),
        }

    def check(self) -> CheckReport:
        """Read every segment and compare it with its checksums and with itself, in this process.

        `searchkit check` reads in a process of its own, which damage may end, and the crawled pages as well.
        """
        from searchkit.index.examine import examine_segments

        found = examine_segments(self._open_catalog())
        return CheckReport(
            generation=found.generation,
            segments=found.segments,
            documents=found.documents,
            bytes_read=found.bytes_read,
            findings=tuple(found.findings),
        )

    def close(self) -> None:
        """Let go of the directory. Snapshots and hits already given out stay usable."""
        if self._log is not None:
            self._log.close()
        with self._refresh:
            if self._catalog is not None:
                self._catalog.close()
            self._catalog, self._newest, self._quick = None, (None, _UNWATCHED), _NOT_QUICK

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<searchkit.Index {str(self.path)!r}>"

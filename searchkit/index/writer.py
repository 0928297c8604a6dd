"""The one writer of an index: add, delete, commit, roll back, merge.

Documents collect in a buffer; when it is full, or on commit, it becomes a segment file. Deletions and
updates mark documents of earlier segments dead. None of it is visible to any reader before `commit`, which
makes everything durable in one catalog transaction and only then returns. Merges come after a commit, in a
commit of their own, so that what was added is acknowledged first.

Records are checked one by one, as they come. What is left to do (encoding, digests, analysis) is done for many at
once: when some megabytes of them have come together, or when anything else is asked of the writer that depends on them.
Cost: 15 to 20 microseconds for a record of a hundred words; an update, one look-up by hash in every segment.
What this module does not know: how text is analysed, and searching.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.codec.bitmap import BitMap
from searchkit.errors import Closed, DocumentInvalid, RequestError, StorageError
from searchkit.ids import SegmentId
from searchkit.index import policy
from searchkit.index.builder import Builder, SegmentBuilder
from searchkit.index.catalog import LOCK_FILE, Catalog, SegmentEntry
from searchkit.index.guards import stopping, telling
from searchkit.index.memory import memory_bytes
from searchkit.index.pending import Counts, Pending
from searchkit.model.commit import Commit
from searchkit.model.document import as_id, id_hash_bytes, shown
from searchkit.model.intake import Documents, Intake
from searchkit.segment.merge import Live, merge_segments
from searchkit.segment.reader import SegmentReader
from searchkit.segment.writer import Receipt
from searchkit.store.files import WriterLock, sync_directory

BATCH_CHARACTERS = 4_000_000
"""Characters of records made ready and analysed together, more than `bulk.KERNEL_CHARACTERS_MIN`; as `Intake` counts."""
_BATCH_SHARE = 64
"""A batch is at most this part of the memory, counted in characters, since a character takes several bytes on its way."""


class IndexWriter:
    """Writes an index. Not for use by several threads at once; one writer exists per index at a time.

    Parameters
    ----------
    directory : Path
        The collection directory.
    analyzer : Analyzer
    lock_timeout : float
        Seconds to wait for another writer.
    memory : int or str
        Bytes that the segment being built may take, as `memory_bytes` reads them; when they are used up it is written.

    Raises
    ------
    IndexLocked
        If another writer still holds the index then.
    """

    def __init__(
        self,
        directory: Path,
        analyzer: Analyzer,
        *,
        lock_timeout: float,
        memory: int | str = limits.WRITER_MEMORY_BYTES,
    ) -> None:
        self._memory = min(memory_bytes(memory), limits.WRITER_MEMORY_BYTES_MAX)
        self._batch = min(BATCH_CHARACTERS, self._memory // _BATCH_SHARE)
        self._catalog = Catalog(directory)
        self._analyzer = analyzer
        self._lock = WriterLock(self._catalog.directory / LOCK_FILE)
        self._lock.acquire(lock_timeout)
        self._broken = False
        self._stopped = ""
        self._settled = False  # Whether all that was added is committed, so that a merge commits nothing else.
        self.counts = Counts()
        try:
            self._begin()
            self._remove_unreachable()
        except BaseException:
            self._lock.release()
            raise

    def _begin(self) -> None:
        """Stand where the last commit is."""
        self._state, dead = self._catalog.load()
        self._schema = self._state.schema
        self._segments = [self._open(entry, dead.get(entry.id)) for entry in self._state.segments]
        self._deleted: set[str] = set()
        self._unwritten: set[str] = set()  # Those deleted from the buffer: perhaps nowhere else.
        self._intake = Intake(self._schema)
        self._skip_unchanged = False  # Whether those taken in are to be left alone where nothing changed.
        self._builder = self._new_builder()

    def _new_builder(self) -> Builder:
        return SegmentBuilder(self._analyzer, self._schema, self._catalog.segment_path("x").parent, self._memory)

    def _open(self, entry: SegmentEntry, dead: BitMap | None) -> Pending:
        path = self._catalog.segment_path(entry.id)
        reader = SegmentReader(path, entry.size, entry.spine, entry.sums)
        receipt = Receipt(entry.documents, entry.size, entry.spine, entry.sums, reader.head.length_totals)
        return Pending(entry.id, receipt, reader, BitMap() if dead is None else dead)

    def _remove_unreachable(self) -> None:
        """Remove files that no commit lists: what a killed writer left behind, or a merge replaced."""
        listed = {self._catalog.segment_path(entry.id) for entry in self._state.segments}
        for path in self._catalog.segment_files():
            if path not in listed:
                _remove(path)

    # --- documents ------------------------------------------------------------------------------------

    @stopping
    def add(self, record: Mapping[str, Any], where: str = "") -> None:
        """Add a record, or replace the document that has its id.

        Raises
        ------
        DocumentInvalid
            If it cannot become a document; everything added before is kept.
        """
        self._check_usable()
        self._unsettle()
        self._mind_unchanged(skip=False)
        if self._intake.add(record, where) >= self._batch:
            self._put_all()

    @stopping
    def add_many(
        self,
        records: Iterable[Mapping[str, Any]],
        *,
        skip_unchanged: bool = False,
        rejected: Callable[[DocumentInvalid], object] | None = None,
    ) -> None:
        """Add records one after the other.

        Parameters
        ----------
        records : iterable of mappings
        skip_unchanged : bool
            Leave documents alone that are here just so, instead of replacing them by themselves.
        rejected : callable, optional
            Told of each record that cannot become a document, before the next one is read; the others are added.

        Raises
        ------
        DocumentInvalid
            If a record cannot become a document and `rejected` was not given; everything before it is kept.
        """
        self._check_usable()
        self._unsettle()
        if not isinstance(records, Iterable):
            raise RequestError(f"records come one after the other, as from a list; {shown(records)} gives none")
        self._mind_unchanged(skip_unchanged)
        for record in records:
            try:
                full = self._intake.add(record) >= self._batch
            except DocumentInvalid as error:
                if rejected is None:
                    raise
                rejected(error)
            else:
                if full:
                    self._put_all()

    def _mind_unchanged(self, skip: bool) -> None:
        """Whether records taken in from now on are left alone where nothing changed."""
        if self._skip_unchanged != skip:
            self._put_all()
            self._skip_unchanged = skip

    @stopping
    def delete(self, id: str) -> None:
        """Delete the document with this id, if there is one.

        Raises
        ------
        DocumentInvalid
            If it is nothing that can be an id.
        """
        self._check_usable()
        kept = as_id(id)
        if kept is None:
            raise DocumentInvalid(f"an id is a non-empty string, not {shown(id)}")
        self._unsettle()
        if kept in self._intake:
            self._put_all()
        self._deleted.add(kept)
        if self._builder.remove(kept):
            self._unwritten.add(kept)

    def _put_all(self) -> None:
        """Analyse the records that were taken in, and put them into the buffer."""
        if not self._intake:
            return
        stopped, self._stopped = self._stopped, "it was interrupted in the middle of a record"
        documents = self._intake.take()
        if self._skip_unchanged:
            documents = self._changed(documents)
        self.counts.updated += self._builder.add(documents)
        self._stopped = stopped
        if self._builder.full:
            self._flush()

    def _changed(self, documents: Documents) -> Documents:
        """Those that are not here just so."""
        held = self._digests(documents.ids)
        chosen: list[int] = []
        for row, (id, digest) in enumerate(zip(documents.ids, documents.digests.tolist(), strict=True)):
            if held.get(id) == digest:
                self.counts.unchanged += 1
            else:
                held[id] = digest
                chosen.append(row)
        return documents if len(chosen) == len(documents) else documents.rows(chosen)

    def _digests(self, ids: list[str]) -> dict[str, int]:
        """Digests of those of `ids` that are live, as this writer sees them."""
        found = self._digests_of_segments(ids)
        self._amend(found, ids, self._builder, self._deleted)
        return found

    def _digests_of_segments(self, ids: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        hashes = self._hashes(ids)
        for segment in self._segments:
            for id, doc in segment.reader.find_many(ids, hashes).items():
                if doc not in segment.dead:
                    found[id] = int(segment.reader.digests[doc])
        return found

    @staticmethod
    def _amend(found: dict[str, int], ids: list[str], builder: Builder, deleted: set[str]) -> None:
        """What deletions and documents that are not in segments yet make of the digests of `ids`."""
        for id in ids:
            digest = builder.digest(id)
            if digest is not None:
                found[id] = digest
            elif id in deleted:
                found.pop(id, None)

    def _hashes(self, ids: list[str]) -> npt.NDArray[np.uint64]:
        """What segments find ids by; nothing if there are no segments."""
        return np.frombuffer(id_hash_bytes(ids), "<u8").astype(np.uint64) if self._segments else np.zeros(0, np.uint64)

    # --- segments -------------------------------------------------------------------------------------

    @telling
    def _flush(self) -> None:
        """Write what was added as a segment, not yet committed, and mark what it replaces as dead."""
        fresh = self._builder.ids()
        opened = []
        assert isinstance(self._builder, SegmentBuilder)
        if fresh:
            id = secrets.token_hex(8)
            path = self._catalog.segment_path(id)
            try:
                receipt = self._builder.write(path)
            except BaseException:
                _remove(path)
                raise
            opened.append(self._opened(id, receipt))
        self._kill(fresh, self._deleted, self._unwritten)  # Only now, so that a flush that failed can be tried again.
        self._segments += opened
        self._builder.renew()
        self._deleted.clear()
        self._unwritten.clear()

    def _settle(self) -> None:
        """Have everything that was written among the segments. Here it is."""

    def _opened(self, id: SegmentId, receipt: Receipt) -> Pending:
        path = self._catalog.segment_path(id)
        return Pending(id, receipt, SegmentReader(path, receipt.size, receipt.spine, receipt.sums), BitMap())

    def _kill(self, fresh: list[str], deleted: set[str], unwritten: set[str]) -> None:
        """Mark documents of segments dead that were deleted, or replaced by `fresh` ones; count both."""
        gone = deleted.difference(fresh)
        ids = [*fresh, *gone]
        hashes = self._hashes(ids)
        replaced: set[str] = set()
        for segment in self._segments:
            dead = BitMap(segment.dead)
            for id, doc in segment.reader.find_many(ids, hashes).items():
                if doc not in dead:
                    dead.add(doc)
                    replaced.add(id)
            segment.dead = dead
        self.counts.deleted += len(gone & (replaced | unwritten))
        self.counts.updated += len(replaced - gone)
        self.counts.added += len(set(fresh) - replaced)

    # --- commits --------------------------------------------------------------------------------------

    @stopping
    def commit(self, marks: Mapping[str, int] | None = None) -> Commit:
        """Make everything since the last commit durable and visible.

        Parameters
        ----------
        marks : mapping of str to int, optional
            Kept with the commit: how far a source has been indexed, say.

        Returns
        -------
        Commit
            Returned only once segment files, their directory and the catalog are synced. If nothing was
            changed, nothing is written and the generation stays.

        Raises
        ------
        RequestError
            If a mark is not a whole number of 64 bits under a name; nothing is written then.
        StorageError
            If it could not be made durable: the index stands at the commit before, or, if the error came from
            the catalog itself, at this one.
        """
        self._check_usable()
        _check_marks(marks)
        self._put_all()
        self._flush()
        self._settle()
        wanted = {**(self._state.marks or {}), **(marks or {})}
        self._save(wanted)
        self._settled = True
        counts, self.counts = self.counts, Counts()
        return Commit(
            generation=self._state.generation,
            documents=sum(entry.live for entry in self._state.segments),
            added=counts.added,
            updated=counts.updated,
            unchanged=counts.unchanged,
            deleted=counts.deleted,
        )

    @telling
    def _save(self, marks: dict[str, int]) -> None:
        """Commit the segments as they stand, if they differ from what is committed."""
        entries = tuple(segment.entry() for segment in self._segments if len(segment.dead) < segment.receipt.documents)
        if entries == self._state.segments and marks == (self._state.marks or {}):
            return
        sync_directory(self._catalog.segment_path("x").parent)
        dead = {segment.id: segment.dead for segment in self._segments}
        self._broken = True  # Whether a failed commit arrived is not known; only opening anew can tell.
        self._state = self._catalog.commit(
            replace(self._state, segments=entries, marks=marks), {e.id: dead[e.id] for e in entries}
        )
        self._broken = False
        listed = {entry.id for entry in entries}
        for segment in self._segments:
            if segment.id not in listed:
                _remove(self._catalog.segment_path(segment.id))
        self._segments = [segment for segment in self._segments if segment.id in listed]

    @telling
    def rollback(self) -> None:
        """Forget everything since the last commit."""
        self._check_usable()
        self.counts = Counts()
        self._settled = False
        self._builder.close()
        self._begin()
        self._remove_unreachable()

    # --- merges ---------------------------------------------------------------------------------------

    def _unsettle(self) -> None:
        """Before something new is added, do the merges the last commit made due: after it, so it was not delayed."""
        if self._settled:
            self.merge_as_due()
            self._settled = False

    @stopping
    def merge_as_due(self) -> int:
        """Merge committed segments until the policy asks for no more; how many merges that took.

        Does nothing while something is not committed yet.
        """
        self._check_usable()
        if not self._settled:
            return 0
        merges = 0
        while bounds := policy.next_merge(
            [policy.Size(s.receipt.documents - len(s.dead), len(s.dead)) for s in self._segments]
        ):
            self._merge(*bounds)
            merges += 1
        return merges

    @stopping
    def merge_all(self) -> None:
        """Merge everything into one segment without deleted documents, and commit."""
        self.commit()
        if len(self._segments) > 1 or any(len(segment.dead) for segment in self._segments):
            self._merge(0, len(self._segments))

    @telling
    def _merge(self, first: int, end: int) -> None:
        id = secrets.token_hex(8)
        path = self._catalog.segment_path(id)
        chosen = self._segments[first:end]
        try:
            receipt = merge_segments(path, [Live(segment.reader, segment.dead) for segment in chosen], self._schema)
        except BaseException:
            _remove(path)
            raise
        self._segments[first:end] = [] if receipt is None else [self._opened(id, receipt)]
        self._save(self._state.marks or {})
        for segment in chosen:
            _remove(self._catalog.segment_path(segment.id))

    # --- the end --------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if self._lock.held and not self._broken and not self._stopped:
                if kind is None:
                    self.commit()
                    self.merge_as_due()
                else:
                    self.rollback()
        finally:
            self.close()

    def close(self) -> None:
        """Give the lock back. What was not committed is forgotten, and its files are removed."""
        self._segments = []
        self._builder.close()
        if self._lock.held and not self._broken:
            self._remove_unreachable()
        self._catalog.close()
        self._lock.release()

    def _check_usable(self) -> None:
        if not self._lock.held:
            raise Closed("writer")
        if self._stopped:
            hint = "Close this writer and open another: it stands at the last commit."
            raise StorageError(self._catalog.path, f"this writer has stopped: {self._stopped}", hint=hint)
        if self._broken:
            raise StorageError(
                self._catalog.path,
                "the last commit failed, and whether it arrived is not known",
                hint="Close this writer and open another: it stands at the last commit that did.",
            )


def _check_marks(marks: object) -> None:
    if marks is None:
        return
    if not isinstance(marks, Mapping):
        raise RequestError(f"marks are whole numbers by name, not {shown(marks)}")
    for name, mark in marks.items():
        if not isinstance(name, str) or not isinstance(mark, int) or isinstance(mark, bool) or abs(mark) >= 1 << 63:
            raise RequestError(f"a mark is a whole number of 64 bits under a name, not {shown(name)}: {shown(mark)}")


def _remove(path: Path) -> None:
    """Remove a file nobody needs. Where that is refused (on Windows, while it is open elsewhere), a later writer does."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)

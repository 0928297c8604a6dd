"""The list of live segments: one small LMDB file whose transactions are the commits of an index.

    state          what is committed: generation, schema, analyzer, segments in order of arrival, marks
    generation     the generation alone, 8 bytes, so that a reader can ask "anything new?" in a microsecond
    dead/<id>      deleted documents of one segment, a roaring bitmap; absent where there are none

All values are framed with checksums. A commit replaces them in one transaction, synced before it returns:
the next one to open the index sees all of it or none. Segment files are written and synced before their
entry is. That the newest commit is what is read, and no older one, `store/lmdb_pages.py` sees to. What this
module does not know: what is in a segment.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.codec.frame import seal, seal_json, unseal, unseal_json
from searchkit.errors import CatalogDamaged, FormatUnsupported, IndexMissing
from searchkit.ids import SegmentId
from searchkit.model.schema import Schema
from searchkit.store.files import make_directory, os_errors, sync_directory
from searchkit.store.lmdb_store import LmdbStore
from searchkit.store.txn import Txn

CATALOG_VERSION = 2
_STATE, _GENERATION, _DEAD = b"state", b"generation", b"dead/"

INDEX_DIRECTORY, CATALOG_FILE, SEGMENTS_DIRECTORY, LOCK_FILE = "index", "catalog.lmdb", "segments", "writer.lock"
QUERY_LOG_FILE = "queries.lmdb"


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment as the catalog lists it.

    Attributes
    ----------
    id : str
        Names the file, ``segments/<id>.seg``; never used twice.
    documents, deleted : int
        Documents in the file, and how many of them are deleted.
    size : int
        Bytes of the file.
    spine, sums : int
        Checksums to open it by; see segment/FORMAT.md.
    length_totals : tuple of int
        Tokens of each text field over *live* documents.
    """

    id: SegmentId
    documents: int
    deleted: int
    size: int
    spine: int
    sums: int
    length_totals: tuple[int, ...]

    @property
    def live(self) -> int:
        """Documents that are not deleted."""
        return self.documents - self.deleted


@dataclass(frozen=True, slots=True)
class State:
    """One commit of an index.

    Attributes
    ----------
    generation : int
        Grows by one with every commit and every merge; 0 for an index that was just created.
    schema : Schema
    analyzer : str
        Label of the analyzer, name and version.
    segments : tuple of SegmentEntry
        In order of arrival: all documents of one arrived before all documents of the next.
    marks : dict of str to int
        How far a source has been indexed, stored with the commit that did it.
    """

    generation: int
    schema: Schema
    analyzer: str
    segments: tuple[SegmentEntry, ...] = ()
    marks: dict[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the record `state`."""
        return {
            "format": CATALOG_VERSION,
            "generation": self.generation,
            "schema": self.schema.to_dict(),
            "schema_order": list(self.schema),
            "analyzer": self.analyzer,
            "segments": [asdict(entry) for entry in self.segments],
            "marks": self.marks or {},
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> State:
        """Rebuild what `to_dict` gave."""
        entries = ({**entry, "length_totals": tuple(entry["length_totals"])} for entry in data["segments"])
        return cls(
            generation=data["generation"],
            schema=Schema.from_dict({name: data["schema"][name] for name in data["schema_order"]}),
            analyzer=data["analyzer"],
            segments=tuple(SegmentEntry(**entry) for entry in entries),
            marks=data["marks"],
        )


class Catalog:
    """The catalog of one collection directory.

    Parameters
    ----------
    directory : Path
        The collection directory; the catalog lies in its ``index`` folder.

    Raises
    ------
    IndexMissing
        If there is no catalog.
    CatalogDamaged, FormatUnsupported
        If it is gone but segments are there; when it is read, if it is not what was written, or another
        version wrote it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory / INDEX_DIRECTORY
        self.path = self.directory / CATALOG_FILE
        with os_errors(directory):
            there = self.path.exists()
        if not there:
            raise _missing(directory)
        self._store = LmdbStore(self.path, create=False)

    @classmethod
    def create(cls, directory: Path, schema: Schema, analyzer: str) -> Catalog:
        """Make an empty index, durable when this returns; one that another process just made is kept."""
        folder = directory / INDEX_DIRECTORY
        make_directory(folder / SEGMENTS_DIRECTORY)
        store = LmdbStore(folder / CATALOG_FILE)

        def work(txn: Txn) -> None:
            if txn.get(_STATE) is None:
                _put_state(txn, State(0, schema, analyzer))

        store.write(work)
        sync_directory(folder)
        return cls(directory)

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether a collection directory holds an index that was created to the end.

        Raises
        ------
        CatalogDamaged
            If it holds segments but nothing that lists them: making an index there would remove them.
        """
        path = directory / INDEX_DIRECTORY / CATALOG_FILE
        with os_errors(directory):
            there = path.exists()
        if there:
            with LmdbStore(path, create=False).read() as txn:
                there = txn.get(_STATE) is not None
        if not there and isinstance(error := _missing(directory), CatalogDamaged):
            raise error
        return there

    def segment_path(self, id: SegmentId) -> Path:
        """The file of a segment."""
        return self.directory / SEGMENTS_DIRECTORY / f"{id}.seg"

    def segment_files(self) -> list[Path]:
        """Every segment file there is, committed or not."""
        with os_errors(self.directory / SEGMENTS_DIRECTORY):
            return sorted((self.directory / SEGMENTS_DIRECTORY).glob("*.seg"))

    def generation(self) -> int:
        """The newest generation. A few microseconds."""
        with self._store.read() as txn:
            return self._generation(txn)

    def _generation(self, txn: Txn) -> int:
        return int.from_bytes(self._unseal(_GENERATION, txn.get(_GENERATION)), "little")

    def watch(self) -> tuple[memoryview, int]:
        """A place and what stands there until the next commit; see `LmdbStore.watch`."""
        return self._store.watch()

    def load(self) -> tuple[State, dict[SegmentId, BitMap]]:
        """The newest commit, and the deleted documents of each of its segments that has any."""
        with self._store.read() as txn:
            value = txn.get(_STATE)
            if value is None:
                raise _missing(self.directory.parent)
            data = unseal_json(_STATE, value, self.path, CatalogDamaged)
            if data["format"] != CATALOG_VERSION:
                raise FormatUnsupported(self.path, data["format"], (CATALOG_VERSION,))
            state = State.from_dict(data)
            if (noted := self._generation(txn)) != state.generation:
                raise CatalogDamaged(self.path, "the record 'generation'", state.generation, noted)
            dead = {}
            for entry in state.segments:
                if entry.deleted:
                    key = _DEAD + entry.id.encode()
                    dead[entry.id] = bitmap.from_bytes(self._unseal(key, txn.get(key)))
                    if len(dead[entry.id]) != entry.deleted:
                        raise CatalogDamaged(self.path, f"deletions of {entry.id}", entry.deleted, len(dead[entry.id]))
        return state, dead

    def commit(self, state: State, dead: dict[SegmentId, BitMap]) -> State:
        """Replace the committed state by `state` with the next generation; durable when this returns.

        Parameters
        ----------
        state : State
            Its generation is that of the commit it was made from.
        dead : dict of segment id to BitMap
            Deletions of every segment that has any.
        """
        committed = replace(state, generation=state.generation + 1)
        frames = {_DEAD + id.encode(): bitmap.to_bytes(docs) for id, docs in dead.items() if len(docs)}

        def work(txn: Txn) -> None:
            if (found := self._generation(txn)) != state.generation:
                raise CatalogDamaged(self.path, "the generation a commit builds on", state.generation, found)
            for key, _ in list(txn.items(prefix=_DEAD)):
                if key not in frames:
                    txn.delete(key)
            for key, payload in frames.items():
                txn.put(key, seal(key, payload))
            _put_state(txn, committed)

        self._store.write(work)
        return committed

    def _unseal(self, key: bytes, value: bytes | None) -> bytes:
        if value is None:
            raise CatalogDamaged(self.path, f"has no record {key.decode()!r}")
        return bytes(unseal(key, value, self.path, CatalogDamaged))

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


def _missing(directory: Path) -> IndexMissing | CatalogDamaged:
    """What to say of a collection directory without a committed state.

    Segments are only ever written beside one, so where there are some, it was there and is lost: that must not
    pass for an index that was never made, in whose place a new one could be.
    """
    folder = directory / INDEX_DIRECTORY
    with os_errors(folder):
        segments = any((folder / SEGMENTS_DIRECTORY).glob("*.seg"))
    if segments:
        return CatalogDamaged(folder / CATALOG_FILE, "is lost or empty, though there are segments beside it")
    return IndexMissing(directory)


def _put_state(txn: Txn, state: State) -> None:
    txn.put(_STATE, seal_json(_STATE, state.to_dict()))
    txn.put(_GENERATION, seal(_GENERATION, state.generation.to_bytes(8, "little")))

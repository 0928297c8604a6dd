"""The page store: what a crawl leaves behind, and what `searchkit index DIR` reads.

One LMDB file, `pages.lmdb`, in the collection's directory. It holds pages by canonical URL, every address
ever seen with what became of it, the frontier, hosts, the texts of links to each page, and a numbered list
of changes, so that an index reads only what changed since the number it stored with its own commit.

    store = PageStore.open(directory)
    for change, page in store.changed_since(index.marks.get("pages", 0)):
        ...                                        # a PageRecord, or Gone

Every value is framed with a checksum; a damaged one is `PageStoreDamaged`, never an absent page. One crawl
writes at a time (`lock`); any number of processes read meanwhile. Reads of many records are cut into short
transactions, because a long one keeps LMDB from reusing space. Steps of a write are in `transaction.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from searchkit.codec.frame import unseal, unseal_json
from searchkit.errors import FormatUnsupported, IndexMissing, PageStoreDamaged
from searchkit.pages.records import Gone, PageRecord, State, UrlRecord
from searchkit.pages.transaction import CHANGES, DATABASES, FORMAT, FRONTIER, PAGES, URLS, PageTxn, url_key
from searchkit.store.files import WriterLock, make_directory, sync_directory
from searchkit.store.lmdb_store import LmdbStore

T = TypeVar("T")

FILE_NAME: Final = "pages.lmdb"
LOCK_NAME: Final = "crawl.lock"
_BATCH: Final = 256


class PageStore:
    """The pages of one collection. Use `PageStore.open` or `PageStore.create`; a context manager."""

    def __init__(self, directory: Path, store: LmdbStore) -> None:
        self.directory = directory
        self.path = directory / FILE_NAME
        self._store = store
        self._lock = WriterLock(directory / LOCK_NAME)

    @classmethod
    def exists(cls, directory: Path) -> bool:
        """Whether a crawl has ever written to this collection."""
        return (directory / FILE_NAME).is_file()

    @classmethod
    def open(cls, directory: Path) -> PageStore:
        """Open what a crawl left.

        Raises
        ------
        IndexMissing
            If there is no page store in this directory.
        FormatUnsupported, DamageError, StorageError
            If it cannot be read.
        """
        if not cls.exists(directory):
            raise IndexMissing(directory / FILE_NAME)
        return cls(directory, _opened(directory / FILE_NAME, create=False))

    @classmethod
    def create(cls, directory: Path) -> PageStore:
        """Open it, made durable on disk first if it is not there."""
        make_directory(directory)
        fresh = not cls.exists(directory)
        store = cls(directory, _opened(directory / FILE_NAME, create=True))
        if fresh:
            store.write(lambda _: None)
            sync_directory(directory)
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the lock back and let go of the file."""
        self._lock.release()
        self._store.close()

    def lock(self, timeout_s: float) -> None:
        """Take the right to write, held until `close`.

        Raises
        ------
        IndexLocked
            If another crawl of this collection is running.
        """
        self._lock.acquire(timeout_s)

    def write(self, work: Callable[[PageTxn], T]) -> T:
        """Run steps in one transaction; when this returns they are on disk.

        `work` may be run more than once and must have no other effect. If it raises, nothing is changed.
        """

        def run(txn: object) -> T:
            pages = PageTxn(txn, self.path)  # type: ignore[arg-type]
            result = work(pages)
            pages.finish()
            return result

        return self._store.write(run)

    def read(self, look: Callable[[PageTxn], T]) -> T:
        """Look at one moment. `look` gives back values, not iterators over the store."""
        with self._store.read() as txn:
            return look(PageTxn(txn, self.path))

    # --- pages ------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Number of pages."""
        with self._store.read() as txn:
            return txn.count(PAGES)

    def get(self, url: str) -> PageRecord | None:
        """The page under a canonical address, with the texts of links to it."""
        return self.read(lambda txn: txn.document(url))

    @property
    def last_change(self) -> int:
        """Number of the newest change; 0 when nothing was ever stored."""
        return int(self.read(lambda txn: txn.state["change"]))

    @property
    def id(self) -> int:
        """A number this store was given when it was made: another one in its place numbers its changes anew."""
        return int(self.read(lambda txn: txn.state["id"]))

    def changed_since(self, change: int) -> Iterator[tuple[int, PageRecord | Gone]]:
        """Documents that changed after a change number, oldest change first.

        Parameters
        ----------
        change : int
            The last number already dealt with; 0 for everything.

        Yields
        ------
        (int, PageRecord or Gone)
            Each address once, as it is when it is read. The largest number seen is the next `change`.
        """

        def some(after: int) -> list[tuple[int, PageRecord | Gone]]:
            def look(txn: PageTxn) -> list[tuple[int, PageRecord | Gone]]:
                found: list[tuple[int, PageRecord | Gone]] = []
                for number, url in txn.changes(after):
                    if txn.url(url) is None:
                        raise PageStoreDamaged(self.path, f"change {number} is of {url}, of which nothing is known")
                    found.append((number, txn.document(url) or Gone(url)))
                    if len(found) >= _BATCH:
                        break
                return found

            return self.read(look)

        while batch := some(change):
            yield from batch
            change = batch[-1][0]

    def pages(self) -> Iterator[PageRecord]:
        """Every page, in order of change."""
        for _, page in self.changed_since(0):
            if isinstance(page, PageRecord):
                yield page

    # --- addresses --------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Addresses by what became of them: `page`, `waiting`, `alias:redirect`, `skipped:robots`, ..."""
        counts: dict[str, int] = self.read(lambda txn: txn.state["counts"])
        return {name: count for name, count in sorted(counts.items()) if count}

    def why(self, url: str) -> UrlRecord | None:
        """What became of one canonical address, and why; None if no page ever named it."""
        return self.read(lambda txn: txn.url(url))

    def urls(self) -> Iterator[UrlRecord]:
        """Every address ever seen."""
        start = b""
        while True:
            batch: list[UrlRecord] = self.read(lambda txn, start=start: _take(txn.urls(start=start)))  # type: ignore[misc]
            yield from batch
            if len(batch) < _BATCH:
                return
            start = url_key(batch[-1].url) + b"\x00"

    def skipped(self) -> Iterator[UrlRecord]:
        """Every address that was seen and has no document, with its reason."""
        return (record for record in self.urls() if record.state in (State.SKIPPED, State.FAILED, State.ALIAS))

    # --- checking ---------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        """Read every record and look whether the facts named in `transaction.py` hold.

        Returns
        -------
        list of str
            One sentence for each fact that does not; empty if all do. Damage is reported the same way.
        """
        try:
            return self.read(self._check)
        except PageStoreDamaged as error:
            return [str(error)]

    def _check(self, txn: PageTxn) -> list[str]:
        wrong: list[str] = []
        counts: dict[str, int] = {}
        waiting: dict[str, str] = {}
        with self._store.read() as raw:
            pages = raw.count(PAGES)
            for key, frame in raw.items(FRONTIER):
                waiting[key.hex()] = unseal_json(key, frame, self.path, PageStoreDamaged)[0]
            if raw.count(URLS) and raw.count(CHANGES) < pages:
                wrong.append(f"{pages} pages, but only {raw.count(CHANGES)} changes")
            for database in DATABASES:  # Some records are read by nothing that follows.
                for key, frame in raw.items(database):
                    unseal(key, frame, self.path, PageStoreDamaged)
        for record in txn.urls():
            counts[record.counted_as] = counts.get(record.counted_as, 0) + 1
            if record.entry:
                counts["waiting"] = counts.get("waiting", 0) + 1
                if waiting.pop(record.entry, None) != record.url:
                    wrong.append(f"{record.url} should wait in the frontier, and does not")
            elif record.state is State.NEW:
                wrong.append(f"{record.url} was never fetched, and does not wait")
            if (txn.page(record.url) is not None) != (record.state is State.PAGE):
                wrong.append(f"{record.url} is in the state {record.state}, which does not fit its page")
        wrong += [f"{url} waits in the frontier without a record" for url in waiting.values()]
        if (noted := {name: count for name, count in txn.state["counts"].items() if count}) != counts:
            wrong.append(f"counts are {noted}, but a walk finds {counts}")
        for number, url in txn.changes(0):
            known = txn.url(url)
            if known is None or known.change != number:
                wrong.append(f"change {number} is not the last one of {url}")
        return wrong


def _opened(path: Path, *, create: bool) -> LmdbStore:
    store = LmdbStore(path, databases=DATABASES, create=create)
    with store.read() as txn:
        found = PageTxn(txn, path).state["format"]
    if found != FORMAT:
        raise FormatUnsupported(path, found, (FORMAT,))
    return store


def _take(records: Iterator[UrlRecord]) -> list[UrlRecord]:
    return [record for record, _ in zip(records, range(_BATCH), strict=False)]

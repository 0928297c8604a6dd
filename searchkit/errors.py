"""Every error searchkit raises on purpose: the facts in attributes, one sentence, one next step.

Three questions have three branches of the tree. Was the request wrong (`RequestError`: fix the call)?
Are the bytes wrong (`DamageError`: retrying cannot help, rebuilding can)? Is the world in the way
(`ResourceError`: wait, or make room, and try again)? All derive from `SearchkitError`, keep their facts
as attributes, survive pickling, and carry a `hint` that says what to do next. What this module does not
know: exit statuses (`cli/exits.py`) and how an error looks on a screen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class SearchkitError(Exception):
    """The root. `str(error)` is one sentence of facts; `error.hint` is the next step, or empty."""

    hint: str = ""

    def __init__(self, *facts: object, hint: str | None = None) -> None:
        super().__init__(*facts)
        if hint is not None:
            self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))


def _rebuild(cls: type[SearchkitError], args: tuple[Any, ...], state: dict[str, Any]) -> SearchkitError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


# --- the request is wrong -------------------------------------------------------------------------------


class RequestError(SearchkitError):
    """What was asked for cannot be done as asked; nothing was changed."""


class IndexMissing(RequestError):
    """There is no index in this directory."""

    hint = "Create one with `searchkit index DIR SOURCE` or `searchkit.create(DIR)`."

    def __init__(self, where: Path) -> None:
        super().__init__(where)
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: there is no searchkit index here"


class IndexExists(RequestError):
    """`create` was called for a directory that already holds an index."""

    hint = "Open it with searchkit.open(DIR), or pass exist_ok=True."

    def __init__(self, where: Path) -> None:
        super().__init__(where)
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: an index is here already"


class NotACollection(RequestError):
    """The path exists but is not something searchkit made."""

    hint = "Name a directory that does not exist yet, is empty, or was made by searchkit."

    def __init__(self, where: Path, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class SchemaError(RequestError):
    """A schema is not valid, or is not the one the index was made with."""

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(what, hint=hint)
        self.what = what

    def __str__(self) -> str:
        return self.what


class DocumentInvalid(RequestError):
    """A record cannot become a document. `where` says which one, for example a file and a line."""

    hint = "Mend or leave out that record; every other record is kept."

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what, where)
        self.what, self.where = what, where

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class DocumentMissing(RequestError):
    """No live document has this id."""

    hint = "Ids are canonical URLs for crawled pages; `searchkit export DIR` lists them all."

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.id = id

    def __str__(self) -> str:
        return f"there is no document with the id {self.id!r}"


class SourceError(RequestError):
    """A source named on the command line cannot be read at all: missing, or of an unknown kind."""

    def __init__(self, where: str, what: str, *, hint: str | None = None) -> None:
        super().__init__(where, what, hint=hint)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class QueryError(RequestError):
    """A query is malformed and strict parsing was asked for. Lenient parsing never raises this."""

    hint = 'Put the words in "quotes", or parse leniently.'

    def __init__(self, what: str, query: str, start: int, end: int) -> None:
        super().__init__(what, query, start, end)
        self.what, self.query, self.start, self.end = what, query, start, end

    def __str__(self) -> str:
        return f"{self.what} at column {self.start + 1} of {self.query!r}"


class LimitExceeded(RequestError):
    """Something is larger than a bound of `searchkit.limits`."""

    def __init__(self, what: str, value: int, limit: int) -> None:
        super().__init__(what, value, limit)
        self.what, self.value, self.limit = what, value, limit

    def __str__(self) -> str:
        return f"{self.what} is {self.value:,}, more than the limit of {self.limit:,}"


class CrawlInvalid(RequestError):
    """A crawl cannot be done as asked: an address that is none, a pattern that does not compile."""

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(what, hint=hint)
        self.what = what

    def __str__(self) -> str:
        return self.what


class MissingExtra(RequestError):
    """An optional dependency is not installed."""

    def __init__(self, module: str, extra: str, purpose: str) -> None:
        super().__init__(module, extra, purpose, hint=f"Run: pip install 'searchkit[{extra}]'")
        self.module, self.extra, self.purpose = module, extra, purpose

    def __str__(self) -> str:
        return f"{self.purpose} needs the package {self.module}, which is not installed"


class Closed(RequestError):
    """An index, snapshot or writer was used after it was closed."""

    hint = "Open it again, or keep the work inside the `with` block."

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"this {self.what} is closed"


# --- the bytes are wrong --------------------------------------------------------------------------------


class DamageError(SearchkitError):
    """Bytes on disk are not what was written. Retrying cannot help; rebuilding can."""

    hint = "Run `searchkit check DIR` to see what is damaged, restore that file from a copy, or index again."

    def __init__(self, where: Path | str, what: str, expected: object = None, got: object = None) -> None:
        super().__init__(where, what, expected, got)
        self.where, self.what, self.expected, self.got = where, what, expected, got

    def __str__(self) -> str:
        if self.expected is None:
            return f"{self.where}: {self.what}"
        return f"{self.where}: {self.what} should be {self.expected!r}, found {self.got!r}"


class SegmentDamaged(DamageError):
    """A segment file does not match its checksums or `searchkit/segment/FORMAT.md`."""


class CatalogDamaged(DamageError):
    """The catalog does not match its checksums."""


class PageStoreDamaged(DamageError):
    """A record of the page store does not match its checksum."""


class FormatUnsupported(SearchkitError):
    """A file was written by a version of searchkit whose format this one does not read."""

    hint = "Use the searchkit version that wrote it to `searchkit export`, then index that with this one."

    def __init__(self, where: Path | str, found: int, supported: tuple[int, ...]) -> None:
        super().__init__(where, found, supported)
        self.where, self.found, self.supported = where, found, supported

    def __str__(self) -> str:
        known = ", ".join(map(str, self.supported))
        return f"{self.where}: written in format {self.found}; this version of searchkit reads {known}"


class AnalyzerMismatch(SearchkitError):
    """The index was made with an analyzer that this installation does not have in that version."""

    hint = "Install the searchkit and PyStemmer versions that wrote the index, or index again."

    def __init__(self, where: Path | str, wanted: str, have: str) -> None:
        super().__init__(where, wanted, have)
        self.where, self.wanted, self.have = where, wanted, have

    def __str__(self) -> str:
        return f"{self.where}: made with the analyzer {self.wanted}, but this installation has {self.have}"


# --- the world is in the way ----------------------------------------------------------------------------


class ResourceError(SearchkitError):
    """The machine refuses: locked, full, forbidden. The same call can succeed later."""


class IndexLocked(ResourceError):
    """Another writer holds the index."""

    hint = "Wait for it to finish, or give a longer lock_timeout. A lock is released when its process ends."

    def __init__(self, where: Path, pid: int, host: str, since: str) -> None:
        super().__init__(where, pid, host, since)
        self.where, self.pid, self.host, self.since = where, pid, host, since

    def __str__(self) -> str:
        holder = f"process {self.pid} on {self.host} since {self.since}" if self.pid else "another process"
        return f"{self.where}: locked by {holder}"


class StorageError(ResourceError):
    """The operating system refused a read or a write: no space, no permission, too many open files.

    `unsynced` says that a sync failed, after which whoever was writing must stop: see `store/files.py`.
    """

    unsynced: bool = False

    def __init__(self, where: Path | str, what: str, *, hint: str | None = None) -> None:
        super().__init__(where, what, hint=hint)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class DiskFull(StorageError):
    """No space is left on the device. What was acknowledged before is safe."""

    def __init__(self, where: Path | str, what: str = "no space is left on the device") -> None:
        super().__init__(where, what, hint="Make room and run the same command again.")


class OutOfMemory(StorageError):
    """The machine has no memory left for what was to be done. What was acknowledged before is safe."""

    def __init__(self, where: Path | str) -> None:
        super().__init__(
            where,
            "there is not enough memory",
            hint="Commit more often (`--batch`), end other programs, or raise the limit (`ulimit -v`).",
        )


class NetworkError(ResourceError):
    """Nothing of a site could be fetched."""

    def __init__(self, where: str, what: str, *, hint: str | None = None) -> None:
        super().__init__(where, what, hint=hint)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

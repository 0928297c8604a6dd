"""Is everything on disk what was written? Every file of a collection read whole, in a process that may be ended by it.

What reads a file is native code as well as ours, and damage that nobody thought of can end a process or keep it
busy for ever. So a child process reads, says on its standard output which file it turns to and what it found
there, and its parent writes down the file at which it fell silent and starts another child for the rest.
Cost: a second for every million postings or some hundred thousand crawled pages. What this module does not
know: what to do about a finding (`repair.py`).
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import DamageError, IndexMissing, ResourceError, SearchkitError
from searchkit.index.catalog import CATALOG_FILE, INDEX_DIRECTORY, QUERY_LOG_FILE, Catalog, SegmentEntry
from searchkit.index.querylog import check_log
from searchkit.pages.store import FILE_NAME as PAGES_FILE
from searchkit.pages.store import LOCK_NAME, PageStore
from searchkit.segment.check import check_segment
from searchkit.segment.reader import SegmentReader

_PATIENCE_S, _BYTES_A_SECOND = 300.0, 200_000.0
"""How long a file may take: five minutes, and a second for so many bytes of it."""


@dataclass(slots=True)
class Examination:
    """What was found in a collection directory.

    Attributes
    ----------
    generation, segments, documents, bytes_read : int
        Of the newest commit.
    findings : list of str
        A sentence for each thing that is not as it was written; each names its file.
    damaged : list of str
        Ids of the segments that have a finding.
    ids : dict of str to list of str
        Ids of the live documents of damaged segments, where they could be read; filled on request.
    error : SearchkitError or None
        Why the catalog could not be read, if it could not: then no segment was looked at.
    """

    generation: int = 0
    segments: int = 0
    documents: int = 0
    bytes_read: int = 0
    findings: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=dict)
    error: SearchkitError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "sound": not self.findings,
            "generation": self.generation,
            "segments": self.segments,
            "documents": self.documents,
            "bytes_read": self.bytes_read,
            "findings": list(self.findings),
        }


# --- one file -------------------------------------------------------------------------------------------


def examine_segment(path: Path, entry: SegmentEntry, dead: BitMap) -> list[str]:
    """Findings about one segment file and what the catalog says of it; none if it is sound."""
    try:
        reader = SegmentReader(path, entry.size, entry.spine, entry.sums)
        findings = check_segment(reader)
        if findings:
            return findings
        if reader.head.documents != entry.documents or (dead and dead.max() >= entry.documents):
            return [f"{path}: holds {reader.head.documents} documents, which does not fit the catalog"]
        lost = reader.lengths[bitmap.to_array(dead)].sum(axis=0, dtype="int64").tolist()
        live = tuple(total - gone for total, gone in zip(reader.head.length_totals, lost, strict=True))
        if live != entry.length_totals:
            return [f"{path}: the lengths of its documents add up to {live}, the catalog says {entry.length_totals}"]
    except SearchkitError as error:
        return [str(error)]
    return []


def live_ids(path: Path, entry: SegmentEntry, dead: BitMap) -> list[str] | None:
    """Ids of the live documents of a segment, if that part of it is sound; else None."""
    try:
        ids = SegmentReader(path, entry.size, entry.spine, entry.sums).ids()
    except (SearchkitError, ValueError, IndexError):
        return None
    return [id for doc, id in enumerate(ids) if doc not in dead]


def examine_segments(
    catalog: Catalog,
    skip: Collection[str] = (),
    *,
    began: Callable[[Path], object] | None = None,
    ended: Callable[[Path, SegmentEntry, BitMap, list[str]], object] | None = None,
) -> Examination:
    """Read every segment of the newest commit, and of those that follow meanwhile, in this process.

    Parameters
    ----------
    skip : collection of str
        Files not to read.
    began, ended : callable, optional
        Told of each file before and after it is read.

    Raises
    ------
    SearchkitError
        If the catalog cannot be read.
    """
    found = Examination()
    seen: set[str] = set()
    state, dead = catalog.load()
    while entries := [entry for entry in state.segments if entry.id not in seen]:
        for entry in entries:
            seen.add(entry.id)
            path = catalog.segment_path(entry.id)
            if str(path) in skip:
                continue
            if began is not None:
                began(path)
            deleted = dead.get(entry.id, BitMap())
            findings = examine_segment(path, entry, deleted)
            if findings and not _listed(catalog, entry):
                findings = []  # A writer has replaced it meanwhile, and may have removed it.
            found.findings += findings
            found.damaged += [entry.id] if findings else []
            if ended is not None:
                ended(path, entry, deleted, findings)
        state, dead = catalog.load()
    found.generation, found.segments = state.generation, len(state.segments)
    found.documents = sum(entry.live for entry in state.segments)
    found.bytes_read = sum(entry.size for entry in state.segments)
    return found


# --- in the child ---------------------------------------------------------------------------------------


def _tell(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _look(directory: Path, skip: set[str], *, ids: bool) -> None:
    """Read everything but the files in `skip`, and tell of it."""
    catalog = directory / INDEX_DIRECTORY / CATALOG_FILE
    if str(catalog) not in skip:
        _tell(begin=str(catalog), size=_size(catalog))
        _look_at_index(directory, skip, ids=ids)
        log = directory / INDEX_DIRECTORY / QUERY_LOG_FILE
        if log.exists() and str(log) not in skip:
            _tell(begin=str(log), size=_size(log))
            _tell(end=str(log), findings=check_log(directory))
    pages = directory / PAGES_FILE
    if not PageStore.exists(directory) and (directory / LOCK_NAME).exists() and str(pages) not in skip:
        _tell(end=str(pages), findings=[f"{pages}: is lost, though the lock of the crawl that made it is still there"])
    if PageStore.exists(directory) and str(pages) not in skip:
        _tell(begin=str(pages), size=_size(pages))
        try:
            with PageStore.open(directory) as store:
                _tell(end=str(pages), findings=store.check())
        except SearchkitError as error:
            _tell(end=str(pages), findings=[str(error)])


def _look_at_index(directory: Path, skip: set[str], *, ids: bool) -> None:
    path = directory / INDEX_DIRECTORY / CATALOG_FILE

    def ended(segment: Path, entry: SegmentEntry, dead: BitMap, findings: list[str]) -> None:
        salvaged = live_ids(segment, entry, dead) if findings and ids else None
        _tell(end=str(segment), findings=findings, segment=entry.id, ids=salvaged)

    try:
        catalog = Catalog(directory)
        catalog.load()
        _tell(end=str(path), findings=[])
        whole = examine_segments(
            catalog, skip, began=lambda path: _tell(begin=str(path), size=_size(path)), ended=ended
        )
    except SearchkitError as error:
        _tell(end=str(path), findings=[str(error)], error=base64.b64encode(pickle.dumps(error)).decode())
        return
    facts = whole.to_dict()
    _tell(**{name: facts[name] for name in ("generation", "segments", "documents", "bytes_read")})


def _listed(catalog: Catalog, entry: SegmentEntry) -> bool:
    return any(other.id == entry.id for other in catalog.load()[0].segments)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# --- in the parent --------------------------------------------------------------------------------------


def examine(directory: Path, *, ids: bool = False, say: Callable[[str], object] | None = None) -> Examination:
    """Read a whole collection in child processes.

    Parameters
    ----------
    ids : bool
        Also read the ids of documents in damaged segments, where they can be read.
    say : callable, optional
        Told of each file before it is read.

    Raises
    ------
    IndexMissing
        If there is neither an index nor a page store.
    ResourceError
        If the machine refuses: no memory, too many open files.
    """
    folder = directory / INDEX_DIRECTORY
    if not folder.exists() and not PageStore.exists(directory):
        raise IndexMissing(directory)
    found, skip = Examination(), set[str]()
    while (silent := _one_child(directory, skip, found, ids=ids, say=say)) is not None:
        skip.add(silent)
    if not folder.exists():
        found.findings = [finding for finding in found.findings if str(folder) not in finding]
    if isinstance(found.error, ResourceError):
        raise found.error
    return found


def _one_child(
    directory: Path, skip: set[str], found: Examination, *, ids: bool, say: Callable[[str], object] | None
) -> str | None:
    """Let a child look; the file at which it ended without saying so, or None if it came to the end."""
    command = [sys.executable, "-m", "searchkit.index.examine", json.dumps([str(directory), sorted(skip), ids])]
    package = str(Path(__file__).resolve().parents[2])
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(package))
    assert child.stdout is not None
    at: str | None = None
    watch = _Watch()
    try:
        for line in watch.lines(child.stdout):
            if line is None:
                found.findings.append(
                    f"{at or directory}: reading it did not end within {watch.patience_s:.0f} seconds"
                )
                break
            facts = json.loads(line)
            if "begin" in facts:
                at = facts["begin"]
                watch.patience_s = _PATIENCE_S + facts["size"] / _BYTES_A_SECOND
                if say is not None:
                    say(facts["begin"])
            elif "end" in facts:
                at = None
                _note(found, facts, skip)
            else:
                for name, value in facts.items():
                    setattr(found, name, value)
        else:
            status = child.wait()
            if status:
                found.findings.append(f"{at or directory}: reading it ended the process that did ({_cause(child)})")
    finally:
        child.kill()
        child.communicate()
    if at is not None:
        _note_segment(found, directory, at)
        return at
    return None


def _note(found: Examination, facts: dict[str, Any], skip: set[str]) -> None:
    if facts["findings"] and facts.get("segment"):
        found.damaged.append(facts["segment"])
        if facts.get("ids") is not None:
            found.ids[facts["segment"]] = facts["ids"]
    found.findings += facts["findings"]
    if facts.get("error"):
        found.error = pickle.loads(base64.b64decode(facts["error"]))  # noqa: S301 - our own child wrote it
    skip.add(facts["end"])


def _note_segment(found: Examination, directory: Path, at: str) -> None:
    if Path(at).suffix == ".seg":
        found.damaged.append(Path(at).stem)
    elif Path(at).name == CATALOG_FILE:
        found.error = DamageError(directory / INDEX_DIRECTORY / CATALOG_FILE, "cannot be read")


class _Watch:
    """Reads lines for as long as they keep coming."""

    def __init__(self) -> None:
        self.patience_s = _PATIENCE_S

    def lines(self, stream: IO[bytes]) -> Iterator[bytes | None]:
        """Lines as they come; None, and then no more, if none came for `patience_s` seconds."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(stream, selectors.EVENT_READ)
            rest = b""
            while True:
                if not waiting.select(self.patience_s):
                    yield None
                    return
                data = os.read(stream.fileno(), 1 << 16)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                yield from lines


def _cause(child: subprocess.Popen[bytes]) -> str:
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    said = (child.stderr.read() if child.stderr else b"").decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"exit status {child.returncode}"


def _environment(package: str) -> dict[str, str]:
    """As ours, with this very package first on the path."""
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{known}" if known else package}


if __name__ == "__main__":
    where, files, with_ids = json.loads(sys.argv[1])
    _look(Path(where), set(files), ids=with_ids)

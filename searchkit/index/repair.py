"""Back to service after damage: what cannot be read leaves the index, and it is said which documents are missing now.

Nothing is destroyed: files of dropped segments are set aside under another name. Marks are forgotten, so that a
source that is indexed up to a mark is read from its beginning again; what is there already is left alone then.
Cost: one commit. What this module does not know: what was found, and how (`examine.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from searchkit.codec.bitmap import BitMap
from searchkit.errors import SearchkitError
from searchkit.index.catalog import LOCK_FILE, Catalog, SegmentEntry
from searchkit.index.examine import live_ids
from searchkit.store.files import WriterLock, os_errors, sync_directory


@dataclass(frozen=True, slots=True)
class Dropped:
    """A segment that left the index.

    Attributes
    ----------
    segment : str
    documents : int
        Live documents that went with it.
    first, last : int
        Their places in order of arrival among the live documents there were, from 1 on.
    after, before : str or None
        Ids of the nearest documents that are still there, where they could be read.
    ids : list of str or None
        Their ids, if they could be read.
    aside : str
        Where its file is now; empty if it was gone.
    """

    segment: str
    documents: int
    first: int
    last: int
    after: str | None
    before: str | None
    ids: list[str] | None
    aside: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def drop_segments(
    directory: Path, segments: Sequence[str], ids: Mapping[str, list[str]], *, lock_timeout: float
) -> list[Dropped]:
    """Commit an index without these segments, and set their files aside.

    Parameters
    ----------
    segments : sequence of str
        Their ids; those the newest commit does not list are left alone.
    ids : mapping of str to list of str
        Ids of live documents by segment, as far as they are known.

    Raises
    ------
    IndexLocked
        If a writer holds the index.
    """
    catalog = Catalog(directory)
    lock = WriterLock(catalog.directory / LOCK_FILE)
    lock.acquire(lock_timeout)
    try:
        state, dead = catalog.load()
        bad = [entry for entry in state.segments if entry.id in set(segments)]
        if not bad:
            return []
        kept = tuple(entry for entry in state.segments if entry not in bad)
        around = {entry.id: _ends(catalog, entry, dead.get(entry.id, BitMap())) for entry in kept}
        catalog.commit(
            replace(state, segments=kept, marks={}), {entry.id: dead[entry.id] for entry in kept if entry.id in dead}
        )
        return [_report(state.segments, entry, around, ids, _set_aside(catalog, entry)) for entry in bad]
    finally:
        lock.release()
        catalog.close()


def _ends(catalog: Catalog, entry: SegmentEntry, dead: BitMap) -> tuple[str | None, str | None]:
    """Ids of the first and the last live document of a sound segment."""
    with contextlib.suppress(SearchkitError):
        found = live_ids(catalog.segment_path(entry.id), entry, dead)
        if found:
            return found[0], found[-1]
    return None, None


def _set_aside(catalog: Catalog, entry: SegmentEntry) -> str:
    path = catalog.segment_path(entry.id)
    aside = path.with_suffix(".damaged")
    try:
        with os_errors(path):
            path.rename(aside)
        sync_directory(path.parent)
    except SearchkitError:
        return ""
    return str(aside)


def _report(
    before: Sequence[SegmentEntry],
    entry: SegmentEntry,
    around: Mapping[str, tuple[str | None, str | None]],
    ids: Mapping[str, list[str]],
    aside: str,
) -> Dropped:
    at = list(before).index(entry)
    first = sum(other.live for other in before[:at]) + 1
    earlier = (around[other.id][1] for other in reversed(before[:at]) if other.id in around)
    later = (around[other.id][0] for other in before[at + 1 :] if other.id in around)
    return Dropped(
        segment=entry.id,
        documents=entry.live,
        first=first,
        last=first + entry.live - 1,
        after=next((id for id in earlier if id is not None), None),
        before=next((id for id in later if id is not None), None),
        ids=ids.get(entry.id),
        aside=aside,
    )

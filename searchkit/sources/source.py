"""The door to every kind of source: what a name on the command line means, and its records as one stream.

A `Source` is read once. It knows how much there is to read, where that can be known cheaply, so that progress can be
shown; it does not know what becomes of the records.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from searchkit.errors import SourceError
from searchkit.sources.csv_table import read_csv
from searchkit.sources.folder import HTML, MARKDOWN, PLAIN, read_file, read_folder
from searchkit.sources.jsonl import read_jsonl
from searchkit.sources.record import Item
from searchkit.sources.stream import PACKED, open_bytes
from searchkit.sources.warc import read_warc

JSON_LINES = frozenset({".jsonl", ".ndjson"})
TABLES = frozenset({".csv", ".tsv"})
KINDS = (
    "JSON lines (.jsonl, .ndjson), tables (.csv, .tsv), each also .gz, .xz or .zst; archives (.warc, .warc.gz); "
    "folders of html, md and txt; - for JSON lines from standard input"
)


class Source:
    """The records of one source, to be iterated once.

    Attributes
    ----------
    name : str
        As it was given.
    size : int or None
        Bytes on disk, or None where the end cannot be known (standard input, a folder).
    done : int
        Bytes read so far; of a folder, files.
    """

    def __init__(self, name: str, size: int | None) -> None:
        self.name, self.size, self.done = name, size, 0
        self._items: Iterator[Item] = iter(())

    def __iter__(self) -> Iterator[Item]:
        return self._items

    def _advance(self, count: int) -> None:
        self.done += count


def open_source(spec: str | Path, *, stdin: BinaryIO | None = None) -> Source:
    r"""Open a source by its name.

    Parameters
    ----------
    spec : str or Path
        A file or a folder, or ``-`` for JSON lines on standard input.
    stdin : binary file or None
        Read for ``-``; the process's own when None.

    Returns
    -------
    Source
        Iterates over `Record` and `Rejected`. Only one record at a time is held.

    Raises
    ------
    SourceError
        At once if the source is missing or of no known kind; while iterating if it turns out to be damaged, after
        everything before the damage was yielded.

    Examples
    --------
    >>> from searchkit.sources.record import Record
    >>> import io
    >>> items = open_source("-", stdin=io.BytesIO(b'{"id": 7, "text": "seven"}\n{"text": \n'))
    >>> [item.data if isinstance(item, Record) else item.where for item in items]
    [{'id': '7', 'text': 'seven'}, 'standard input:2']
    """
    if spec == "-":
        source = Source("standard input", None)
        source._items = read_jsonl(stdin or sys.stdin.buffer, source.name)
        return source
    path = Path(spec)
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        what = getattr(error, "strerror", None) or str(error)
        raise SourceError(str(spec), what, hint="Sources come after the directory of the index.") from error
    if path.is_dir():
        source = Source(str(spec), None)
        source._items = read_folder(path, source._advance)
        return source
    source = Source(str(spec), status.st_size)
    source._items = _read(path, source)
    return source


def _read(path: Path, source: Source) -> Iterator[Item]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] in PACKED else (suffixes[-1] if suffixes else "")
    if kind in JSON_LINES:
        return _through(path, source, lambda file: read_jsonl(file, source.name))
    if kind in TABLES:
        return _through(path, source, lambda file: read_csv(file, source.name, suffix=kind))
    if kind == ".warc":
        return _through(path, source, lambda file: read_warc(file, source.name))
    if kind in HTML | MARKDOWN | PLAIN and kind == suffixes[-1]:
        return iter((read_file(path),))
    raise SourceError(source.name, "of no kind that can be read", hint=f"Readable are {KINDS}.")


def _through(path: Path, source: Source, read: Callable[[BinaryIO], Iterator[Item]]) -> Iterator[Item]:
    with open_bytes(path, source._advance) as file:
        yield from read(file)

"""Tables of comma-, semicolon- or tab-separated values: the first row names the fields, each other row is a record.

An empty cell is an absent field. A row with more or fewer cells than the first row is rejected, since its values would
land under the wrong names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from searchkit import limits
from searchkit.errors import SourceError
from searchkit.sources.record import Item, Rejected, as_record
from searchkit.sources.stream import lines


class _Rows:
    """Decoded lines for the csv module, remembering how many it has taken: a row can span several."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = lines(file)
        self.number = 0
        self.faulty = False

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number = line.number
        if line.content is None:
            self.faulty = True
            return "\n"
        try:
            return line.content.decode("utf-8") + "\n"
        except UnicodeDecodeError:
            self.faulty = True
            return line.content.decode("utf-8", "replace") + "\n"


def _delimiter(header: str, suffix: str) -> str:
    if suffix == ".tsv":
        return "\t"
    # Spreadsheets of half the world write semicolons, because their numbers have commas.
    return ";" if ";" in header and "," not in header else ","


def read_csv(file: BinaryIO, name: str, *, suffix: str = ".csv") -> Iterator[Item]:
    """Records of a table.

    Parameters
    ----------
    file : binary file
        Unpacked; UTF-8.
    name : str
        What to call the source in places.
    suffix : str
        `.csv` or `.tsv`.

    Raises
    ------
    SourceError
        If the first row names no fields, or names one twice.
    """
    # The csv module has one limit for the whole process. Ours is wider than its own and still a bound.
    csv.field_size_limit(max(csv.field_size_limit(), limits.DOCUMENT_CHARACTERS_MAX))
    rows = _Rows(file)
    try:
        first = next(rows)
    except StopIteration:
        raise SourceError(
            name, "the table is empty", hint="Its first row names the fields: id,url,title,text."
        ) from None
    delimiter = _delimiter(first, suffix)
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    if rows.faulty or not any(header) or len(set(header)) < len(header):
        raise SourceError(
            f"{name}:1", "the first row does not name each field once", hint="It looks like: id,url,title,text"
        )
    reader = csv.reader(rows, delimiter=delimiter, strict=True)
    while True:
        start = rows.number + 1
        rows.faulty = False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Rejected(f"{name}:{start}", f"not a row of a table: {error}")
            continue
        if not cells:
            continue
        if rows.faulty:
            yield Rejected(f"{name}:{start}", "the row is not UTF-8, or a line of it is too long")
        elif len(cells) != len(header):
            yield Rejected(f"{name}:{start}", f"the row has {len(cells)} cells, the first row {len(header)}")
        else:
            data = {key: cell for key, cell in zip(header, cells, strict=True) if cell and key}
            yield as_record(data, f"{name}:{start}")

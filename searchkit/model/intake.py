"""Records on their way in: checked one by one as they come, made ready many at a time.

What becomes of a record is what `document.to_document` says; tests hold the two equal. Most records of a source have the
same keys and nothing but text in them. For these it is worked out once where each part stands (`_Shape`), and the JSON
of many is made by a few replacements in one long string. All others take the way of `to_document`.

Cost: 3 microseconds a record of the usual kind (half of it the digest), 15 of another. What this module does not know:
words, and where documents are kept.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit import limits
from searchkit.model.document import clean_text, column_value, finished, keyword_values, take_apart
from searchkit.model.schema import Date, Keyword, Number, Schema

_SHAPES_MAX: Final = 1_000
"""Shapes remembered before all are forgotten: records may be made to have a new one each time."""
_USUAL_BYTES_MAX: Final = limits.DOCUMENT_CHARACTERS_MAX // 8
"""Bytes up to which a record is within the limit however it is escaped."""
_USUAL_ID_CHARACTERS_MAX: Final = limits.ID_BYTES_MAX // 4
RECORD_WEIGHT: Final = 200
"""What a record counts besides its characters when records are collected: nobody should hold a million empty ones."""
_SEPARATOR = "\0"  # No cleaned text has one.
_SHORT_ESCAPES = {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r"}


# An id; texts, or all values; JSON, or all values with separators; the shape that says which; keywords; columns.
_Row: TypeAlias = tuple[str, Sequence[str], bytes, "_Shape | None", tuple[tuple[str, str], ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents ready for analysis, field by field; row i of each is of the i-th.

    Attributes
    ----------
    ids : list of str
    texts : list of str
        Text of each of the schema's text fields, document after document.
    keywords : list of tuple of (str, str)
    columns : list of tuple of float
    stored : list of bytes
    digests : ndarray of shape (documents,), uint64
    """

    ids: list[str]
    texts: list[str]
    keywords: list[tuple[tuple[str, str], ...]]
    columns: list[tuple[float, ...]]
    stored: list[bytes]
    digests: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, chosen: list[int]) -> Documents:
        """Some of them."""
        fields = len(self.texts) // max(len(self.ids), 1)
        return Documents(
            [self.ids[row] for row in chosen],
            [text for row in chosen for text in self.texts[row * fields : (row + 1) * fields]],
            [self.keywords[row] for row in chosen],
            [self.columns[row] for row in chosen],
            [self.stored[row] for row in chosen],
            self.digests[chosen],
        )


class Intake:
    """Collects records of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._shapes: dict[tuple[Any, ...], _Shape | None] = {}
        self._rows: list[_Row] = []
        self._known: set[str] = set()
        self._weight = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __contains__(self, id: str) -> bool:
        return id in self._known

    def add(self, record: Mapping[str, Any], where: str = "") -> int:
        """Check a record and keep it.

        Returns
        -------
        int
            Characters of all records collected, about, with `RECORD_WEIGHT` for each of them.

        Raises
        ------
        DocumentInvalid
            As `document.to_document` does; then nothing of it is kept.
        """
        row = self._usual(record, where) if type(record) is dict else None
        if row is None:
            document = finished(take_apart(record, self._schema, where), where)
            row = (document.id, document.texts, document.stored, None, document.keywords, document.columns)
        self._rows.append(row)
        self._known.add(row[0])
        self._weight += len(row[2]) + RECORD_WEIGHT
        return self._weight

    def _usual(self, record: dict[Any, Any], where: str) -> _Row | None:
        """What to keep of a record of texts alone that need no cleaning, or None for any other."""
        keys = (*record,)
        shape = self._shapes.get(keys)
        if shape is None and (keys in self._shapes or (shape := self._new_shape(keys)) is None):
            return None
        values = [*record.values()]
        try:
            data = _SEPARATOR.join(values).encode("utf-8")
        except (TypeError, UnicodeEncodeError):
            return None
        id = values[shape.id]
        if (
            not 0 < len(id) <= _USUAL_ID_CHARACTERS_MAX
            or len(data) > _USUAL_BYTES_MAX
            or data.count(0) != shape.separators
        ):
            return None
        if shape.plain:
            return id, values, data, shape, (), ()
        return id, values, data, shape, shape.keywords_of(values, where), shape.columns_of(values, where)

    def _new_shape(self, keys: tuple[Any, ...]) -> _Shape | None:
        if len(self._shapes) >= _SHAPES_MAX:
            self._shapes.clear()
        usual = all(type(key) is str and clean_text(key) == key for key in keys) and ("id" in keys or "url" in keys)
        self._shapes[keys] = shape = _Shape(keys, self._schema) if usual else None
        return shape

    def take(self) -> Documents:
        """All records collected, as documents; the intake is empty then."""
        ids, values, data, shapes, keywords, columns = zip(*self._rows, strict=True) if self._rows else ((),) * 6
        texts: list[str] = []
        stored: list[bytes] = []
        last = 0
        for shape, run in itertools.groupby(shapes):
            first, last = last, last + sum(1 for _ in run)
            if shape is None:
                texts.extend(itertools.chain.from_iterable(values[first:last]))
                stored += data[first:last]
            else:
                texts += shape.texts_of(values[first:last])
                stored += shape.encode(data[first:last])
        self._rows, self._known, self._weight = [], set(), 0
        return Documents(list(ids), texts, list(keywords), list(columns), stored, digests_of(stored))


def digests_of(stored: list[bytes]) -> npt.NDArray[np.uint64]:
    """64-bit digests of records, as `Document.digest`."""
    blake2b = hashlib.blake2b
    return np.frombuffer(b"".join([blake2b(one, digest_size=8).digest() for one in stored]), "<u8").astype(np.uint64)


class _Shape:
    """Records with the same keys, in the same order, and texts for values.

    Attributes
    ----------
    id : int
        Which value is the id.
    separators : int
        Between the values.
    plain : bool
        Whether there are no fields but text fields.
    """

    def __init__(self, keys: tuple[str, ...], schema: Schema) -> None:
        self.id = keys.index("id" if "id" in keys else "url")
        self.separators = len(keys) - 1
        place_of = {name: place for place, name in enumerate(keys) if name != "id"}
        self._texts = [place_of.get(name) for name in schema.text_fields]
        self._keywords: list[tuple[str, int]] = []
        self._columns: list[tuple[str, Number | Date, int | None]] = []
        for name, field in schema.items():
            if isinstance(field, (Number, Date)):
                self._columns.append((name, field, place_of.get(name)))
            elif isinstance(field, Keyword) and name in place_of:
                self._keywords.append((name, place_of[name]))
        self.plain = not self._keywords and not self._columns
        self._order = [self.id, *place_of.values()]
        names = ["id", *place_of]
        members = (json.dumps(name, ensure_ascii=False).replace("%", "%%") + ':"%b"' for name in names)
        self._frame = ("{" + ",".join(members) + "}").encode("utf-8")

    def keywords_of(self, values: list[str], where: str) -> tuple[tuple[str, str], ...]:
        """Field and value of every keyword."""
        return tuple(
            (name, text) for name, place in self._keywords for text in keyword_values(name, values[place], where)
        )

    def columns_of(self, values: list[str], where: str) -> tuple[float, ...]:
        """The value of each Number and Date field."""
        return tuple(
            column_value(name, field, None if place is None else values[place], where)
            for name, field, place in self._columns
        )

    def texts_of(self, records: Sequence[Sequence[str]]) -> list[str]:
        """The texts of the values of records, record after record."""
        if len(self._texts) == 1 and (place := self._texts[0]) is not None:
            return [values[place] for values in records]
        return ["" if place is None else values[place] for values in records for place in self._texts]

    def encode(self, data: Sequence[bytes]) -> list[bytes]:
        """The JSON of records whose values, in the order of the keys and separated, these are."""
        width = self.separators + 1
        values = _escaped(b"\0".join(data), width * len(data) - 1).split(b"\0")
        columns = (values[place::width] for place in self._order)
        return [self._frame % row for row in zip(*columns, strict=True)]


def _escaped(data: bytes, separators: int) -> bytes:
    """Escape UTF-8 for strings of JSON, NUL excepted, of which there are `separators`."""
    data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    codes = np.frombuffer(data, np.uint8)
    controls = codes < 0x20
    if np.count_nonzero(controls) > separators:
        for code in np.unique(codes[controls]).tolist():
            if code:
                data = data.replace(bytes((code,)), _SHORT_ESCAPES.get(code, b"\\u%04x" % code))
    return data

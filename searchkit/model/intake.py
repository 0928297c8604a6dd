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
from typing import Any, Final

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
_ENCODED_AT_ONCE: Final = 256
"""Records whose JSON is made together: enough to be quick, few enough to stay in the processor's cache meanwhile."""
_SEPARATOR = "\0"  # No cleaned text has one.
_SHORT_ESCAPES = {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r"}


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
        self._only_texts = len(schema.text_fields) == len(schema)
        self._begin()

    def _begin(self) -> None:
        # Columns, since a container for each record would be walked through by Python's garbage collector.
        self._ids: list[str] = []
        self._values: list[str] = []  # Of a record with a shape all values, else its texts.
        self._data: list[bytes] = []  # All values with separators, else JSON.
        self._row_shapes: list[_Shape | None] = []
        self._keywords: list[tuple[tuple[str, str], ...]] = []
        self._columns: list[tuple[float, ...]] = []
        self._known: set[str] = set()  # The first of the ids: the others join them when somebody asks.
        self._noted = 0
        self._weight = 0

    def __bool__(self) -> bool:
        return bool(self._ids)

    def __contains__(self, id: str) -> bool:
        self._known.update(self._ids[self._noted :])
        self._noted = len(self._ids)
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
        if type(record) is dict:
            shape = self._shapes.get(keys := (*record,))
            if shape is None and keys not in self._shapes:
                shape = self._new_shape(keys)
            if shape is not None and self._usual(shape, record, where):
                return self._weight  # Most records come this way, so there is no further call in it.
        return self._unusual(record, where)

    def _unusual(self, record: Mapping[str, Any], where: str) -> int:
        """Keep any record."""
        document = finished(take_apart(record, self._schema, where), where)
        self._values += document.texts
        self._ids.append(document.id)
        self._data.append(document.stored)
        self._row_shapes.append(None)
        if not self._only_texts:
            self._keywords.append(document.keywords)
            self._columns.append(document.columns)
        self._weight += len(document.stored) + RECORD_WEIGHT
        return self._weight

    def _usual(self, shape: _Shape, record: dict[Any, Any], where: str) -> bool:
        """Keep a record of texts alone that need no cleaning; whether it is one."""
        values = record.values()
        try:
            data = _SEPARATOR.join(values).encode("utf-8")
        except (TypeError, UnicodeEncodeError):
            return False
        id = record[shape.id_key]
        if (
            not 0 < len(id) <= _USUAL_ID_CHARACTERS_MAX
            or len(data) > _USUAL_BYTES_MAX
            or data.count(0) != shape.separators
        ):
            return False
        if not self._only_texts:
            listed = [*values]
            keywords, columns = shape.keywords_of(listed, where), shape.columns_of(listed, where)
            self._keywords.append(keywords)
            self._columns.append(columns)
        self._values += values
        self._ids.append(id)
        self._data.append(data)
        self._row_shapes.append(shape)
        self._weight += len(data) + RECORD_WEIGHT
        return True

    def _new_shape(self, keys: tuple[Any, ...]) -> _Shape | None:
        if len(self._shapes) >= _SHAPES_MAX:
            self._shapes.clear()
        usual = all(type(key) is str and clean_text(key) == key for key in keys) and ("id" in keys or "url" in keys)
        self._shapes[keys] = shape = _Shape(keys, self._schema) if usual else None
        return shape

    def take(self) -> Documents:
        """All records collected, as documents; the intake is empty then."""
        texts: list[str] = []
        stored: list[bytes] = []
        row = place = 0
        for shape, run in itertools.groupby(self._row_shapes):
            size = sum(1 for _ in run)
            data = self._data[row : row + size]
            width = len(self._schema.text_fields) if shape is None else shape.separators + 1
            values = self._values[place : place + width * size]
            texts += values if shape is None else shape.texts_of(values)
            if shape is None:
                stored += data
            else:
                for first in range(0, size, _ENCODED_AT_ONCE):
                    stored += shape.encode(data[first : first + _ENCODED_AT_ONCE])
            row, place = row + size, place + width * size
        keywords, columns = self._keywords, self._columns
        if self._only_texts:
            keywords, columns = [()] * row, [()] * row
        found = Documents(self._ids, texts, keywords, columns, stored, digests_of(stored))
        self._begin()
        return found


def digests_of(stored: list[bytes]) -> npt.NDArray[np.uint64]:
    """64-bit digests of records, as `Document.digest`."""
    blake2b = hashlib.blake2b
    return np.frombuffer(b"".join([blake2b(one, digest_size=8).digest() for one in stored]), "<u8").astype(np.uint64)


class _Shape:
    """Records with the same keys, in the same order, and texts for values.

    Attributes
    ----------
    id_key : str
        The key of the id.
    separators : int
        Between the values.
    """

    def __init__(self, keys: tuple[str, ...], schema: Schema) -> None:
        self.id_key = "id" if "id" in keys else "url"
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
        self._order = [keys.index(self.id_key), *place_of.values()]
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

    def texts_of(self, values: list[str]) -> list[str]:
        """The texts among the values of records, record after record, in the order of the schema."""
        width = self.separators + 1
        columns = [None if place is None else values[place::width] for place in self._texts]
        if len(columns) == 1 and columns[0] is not None:
            return columns[0]
        texts = [""] * (len(columns) * (len(values) // width))
        for number, column in enumerate(columns):
            if column is not None:
                texts[number :: len(columns)] = column
        return texts

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

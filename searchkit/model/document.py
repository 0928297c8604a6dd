"""A record somebody hands us, made safe to index: checked, cleaned, and taken apart by the schema.

This is the one door text comes in by. Lone surrogates (which cannot be written as UTF-8 and make native
parsers raise) become U+FFFD and NUL becomes a space, here and nowhere else. Cost: one pass over the text
and one JSON encoding. What this module does not know: words, analyzers, and where documents are kept.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from searchkit import limits
from searchkit.errors import DocumentInvalid
from searchkit.model.schema import Date, Keyword, Number, Schema, Text


@dataclass(frozen=True, slots=True)
class Document:
    """A record ready for analysis.

    Attributes
    ----------
    id : str
        1 to `limits.ID_BYTES_MAX` bytes of UTF-8.
    texts : tuple of str
        Text of each of the schema's text fields, in their order; empty where missing.
    keywords : tuple of (str, str)
        Field and value of every keyword.
    columns : tuple of float
        Value of each Number and Date field in schema order; NaN where missing.
    stored : bytes
        The whole record as UTF-8 JSON: what a search gives back.
    digest : int
        64-bit digest of `stored`; equal for a record that did not change.
    """

    id: str
    texts: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    columns: tuple[float, ...]
    stored: bytes
    digest: int


def clean_text(text: str) -> str:
    """Replace what no file may hold: lone surrogates by U+FFFD, NUL by a space."""
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def to_document(record: Mapping[str, Any], schema: Schema, where: str = "") -> Document:
    """Check a record and take it apart.

    Parameters
    ----------
    record : mapping
        Must have an ``id`` or a ``url``. Keys the schema does not name are stored, not searched.
    where : str
        Where the record came from, for errors: a file and a line, say.

    Raises
    ------
    DocumentInvalid
        If it is not a mapping, has no usable id, a field has a value of the wrong kind, it holds
        something JSON cannot, or it is larger than `limits.DOCUMENT_CHARACTERS_MAX`.
    """
    return finished(take_apart(record, schema, where), where)


class Parts(NamedTuple):
    """A record checked and taken apart: the fields of a `Document`, and the record itself as JSON can hold it."""

    id: str
    texts: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    columns: tuple[float, ...]
    plain: dict[str, Any]


def take_apart(record: Mapping[str, Any], schema: Schema, where: str = "") -> Parts:
    """`to_document` without the encoding, and without the check of the size."""
    if not isinstance(record, Mapping):
        raise DocumentInvalid(f"a record is an object with fields, not {type(record).__name__}", where)
    id = _id_of(record, where)
    plain = {"id": id, **{_name(key, where): _cleaned(value, where) for key, value in record.items() if key != "id"}}
    texts: list[str] = []
    keywords: list[tuple[str, str]] = []
    columns: list[float] = []
    for name, field in schema.items():
        value = plain.get(name)
        if isinstance(field, Text):
            texts.append(_text(name, value, where))
        elif isinstance(field, Keyword):
            keywords += [(name, text) for text in keyword_values(name, value, where)]
        else:
            columns.append(column_value(name, field, value, where))
    return Parts(id, tuple(texts), tuple(keywords), tuple(columns), plain)


def finished(parts: Parts, where: str = "") -> Document:
    """The document of a record that was taken apart."""
    stored = _ENCODER.encode(parts.plain).encode("utf-8")
    if len(stored) > limits.DOCUMENT_CHARACTERS_MAX:
        size = f"{len(stored):,} bytes, more than the limit of {limits.DOCUMENT_CHARACTERS_MAX:,}"
        raise DocumentInvalid(f"document {parts.id[:80]!r} takes {size}", where)
    import hashlib  # Here and below: loading it takes as long as half a query, which needs none of this.

    digest = int.from_bytes(hashlib.blake2b(stored, digest_size=8).digest(), "little")
    return Document(*parts[:4], stored, digest)


_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), allow_nan=False)


def id_hash(id: str) -> int:
    """64-bit hash by which a segment finds an id; equal hashes are told apart by the ids themselves."""
    import hashlib

    return int.from_bytes(hashlib.blake2b(id.encode("utf-8"), digest_size=8).digest(), "little")


def id_hash_bytes(ids: Iterable[str]) -> bytes:
    """`id_hash` of many ids, one after the other, 8 little-endian bytes each."""
    from hashlib import blake2b

    return b"".join([blake2b(id.encode("utf-8"), digest_size=8).digest() for id in ids])


def as_id(id: object) -> str | None:
    """The id that a document added under `id` is kept by: whole numbers as digits, text cleaned; None if it is none.

    Whoever looks for a document by id asks here first, so that it is found by what it was added under.
    """
    if isinstance(id, int) and not isinstance(id, bool) and id.bit_length() <= limits.INTEGER_BITS_MAX:
        return str(id)
    return clean_text(id) if isinstance(id, str) and id else None


def _id_of(record: Mapping[str, Any], where: str) -> str:
    id = as_id(record.get("url") if record.get("id") is None else record["id"])
    if id is None:
        raise DocumentInvalid("a record needs an 'id' or a 'url' that is a non-empty string", where)
    if len(id.encode("utf-8")) > limits.ID_BYTES_MAX:
        raise DocumentInvalid(f"the id {id[:40]!r}… is longer than {limits.ID_BYTES_MAX} bytes", where)
    return id


def _name(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise DocumentInvalid(f"field names are strings, not {shown(key)}", where)
    return clean_text(key)


def _cleaned(value: Any, where: str, depth: int = 0) -> Any:
    """A copy of a value that JSON can hold: strings cleaned, dates as text, nothing too deep."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value.bit_length() <= limits.INTEGER_BITS_MAX:
            return value
        raise DocumentInvalid(f"a whole number of more than {limits.INTEGER_BITS_MAX:,} bits cannot be kept", where)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise DocumentInvalid(f"{value!r} is not a number that can be kept", where)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if depth < 8:
        if isinstance(value, Mapping):
            return {_name(key, where): _cleaned(item, where, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
            return [_cleaned(item, where, depth + 1) for item in items]
    raise DocumentInvalid(f"a value of type {type(value).__name__} cannot be kept", where)


def shown(value: object) -> str:
    """A value in a message: as much of it as one can read."""
    try:
        return reprlib.repr(value)
    except ValueError:  # A whole number of more digits than Python writes.
        return f"a huge {type(value).__name__}"


def _text(name: str, value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    raise DocumentInvalid(f"the field {name!r} is text or a list of texts, not {type(value).__name__}", where)


def keyword_values(name: str, value: Any, where: str) -> list[str]:
    """Values of a keyword field that can be searched for, each once."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    for item in values:
        if not isinstance(item, (str, int, float)):
            raise DocumentInvalid(f"the field {name!r} is a keyword or a list of them, not {shown(item)}", where)
    texts = dict.fromkeys(str(item) for item in values)
    return [text for text in texts if text and len(text.encode("utf-8")) <= limits.TERM_BYTES_MAX]


def column_value(name: str, field: Number | Date, value: Any, where: str) -> float:
    """The value of a Number or Date field; NaN where missing."""
    if value is None or value == "":
        return math.nan
    if isinstance(field, Date):
        seconds = timestamp(value)
        if seconds is None:
            raise DocumentInvalid(f"the field {name!r} is an ISO 8601 date, not {shown(value)}", where)
        return seconds
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DocumentInvalid(f"the field {name!r} is a number, not {shown(value)}", where)
    return number


def timestamp(value: object) -> float | None:
    """Seconds since 1970-01-01 UTC of an ISO 8601 text (UTC where it names no zone) or a number; else None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

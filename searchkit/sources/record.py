"""What a source yields: a record, or the reason why there is none, always with its place.

A place reads `file:line` for text, `file@byte` for archives, and a path for a file in a folder, so that an editor or
a person finds it. A record without `id` and `url` is named by a digest of its content: the same record gets the same
id in every run, so indexing twice adds nothing, and two equal records are one document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

DIGEST_BYTES = 16
"""Bytes of the digest that names a record without an id: 2^64 records before two are likely to collide."""


@dataclass(frozen=True, slots=True)
class Record:
    """One document as the source has it. `data` always has an `id`, a string.

    `note` says what somebody should know of it, such as that only the beginning of a huge page was read; mostly empty.
    """

    data: dict[str, Any]
    where: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something in the source that gives no document, and why.

    `failed` tells two cases apart: a fault somebody may want to mend (a broken line), and something that was never
    meant to be a document (a picture in a folder), which is counted as skipped.
    """

    where: str
    why: str
    failed: bool = True


Item: TypeAlias = Record | Rejected


Progress: TypeAlias = Callable[[int], object]
"""Told how many more bytes of the source, as it lies on disk, have been read."""


def as_record(data: dict[str, Any], where: str) -> Item:
    """Make sure a record has a usable id: its own, else its url, else a digest of its content.

    Returns
    -------
    Record or Rejected
        Rejected if `id` or `url` is neither text nor a whole number. Whole numbers become text, as a database's
        keys often are numbers.
    """
    for key in ("id", "url"):
        name = data.get(key)
        if name is None or name == "":
            continue
        if isinstance(name, bool) or not isinstance(name, str | int):
            return Rejected(where, f"its {key} is neither text nor a whole number")
        if key == "id" and isinstance(name, str):
            return Record(data, where)
        return Record({**data, "id": str(name)}, where)
    if not any(value not in ("", None) for value in data.values()):
        return Rejected(where, "the record is empty")
    return Record({**data, "id": content_id(data)}, where)


def content_id(data: dict[str, Any]) -> str:
    """A name for a record that has none: `record:` and 32 hexadecimal digits of BLAKE2b over its canonical JSON.

    The order of keys and the white space of the source do not matter. Lone surrogates are digested as they are.
    """
    plain = json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
    return "record:" + hashlib.blake2b(plain.encode("ascii"), digest_size=DIGEST_BYTES).hexdigest()

"""JSON lines: one object a line, the format `searchkit export` writes.

A line that is not valid JSON, not an object, not UTF-8 or too long is rejected with its number; the lines around it
are kept. Numbers that JSON cannot write back (NaN, infinities, 1e999) make a line invalid, since what is stored must be
exportable. Blank lines hold nothing and are passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from searchkit import limits
from searchkit.sources.record import Item, Rejected, as_record
from searchkit.sources.stream import lines


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a number")
    return number


_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode


def parse_object(content: bytes) -> dict[str, Any]:
    """Read one JSON object.

    Raises
    ------
    ValueError
        With a reason fit for a message, if it is anything else.
    """
    try:
        data = _decode(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start + 1} of the line)") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("not JSON anyone would write: nested too deeply") from error
    if not isinstance(data, dict):
        raise ValueError("not a JSON object, so there are no fields")  # noqa: TRY004 - it is about the value
    return data


def read_jsonl(file: BinaryIO, name: str) -> Iterator[Item]:
    """Records of JSON lines.

    Parameters
    ----------
    file : binary file
        Unpacked.
    name : str
        What to call the source in places, such as its path.
    """
    for line in lines(file):
        where = f"{name}:{line.number}"
        if line.content is None:
            yield Rejected(where, f"the line is longer than {limits.SOURCE_LINE_BYTES_MAX:,} bytes")
        elif line.content.strip():
            try:
                data = parse_object(line.content)
            except ValueError as error:
                yield Rejected(where, str(error))
            else:
                yield as_record(data, where)

"""Read the values and ranges of `Number` and `Date` fields: ``2010``, ``2010..2020``, ``>=2010``, ``..2024-05-01``.

A date may be given to the year, month, day, minute or second, and then stands for that whole period: ``2024-05``
is all of May, ``>2024`` begins with 2025, ``<=2024-05`` ends with the last moment of May. Without an offset it is
UTC. Both ends of a result are inclusive, so an open end is the next float64 inwards. Any text is read or gives None;
nothing raises. What is done with text that is no range is for `bind.py` to say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Final, TypeAlias

Ends: TypeAlias = tuple[float, float]
"""The smallest and the largest value meant, both inclusive."""

_COMPARED: Final = re.compile(r"(>=|<=|>|<|=)(.+)", re.DOTALL)
_SPANNED: Final = re.compile(r"(.*?)\.\.(.*)", re.DOTALL)
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[Tt](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>\.\d{1,6})?)?"
    r"(?P<offset>[Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_PARTS: Final = ("year", "month", "day", "hour", "minute", "second")
_Reader: TypeAlias = Callable[[str], Ends | None]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME: Final = 253_402_300_800.0  # The first second of the year 10000, which datetime does not reach.


def read_range(text: str, kind: str) -> Ends | None:
    """Read what stands after ``name:`` for a field of numbers or dates.

    Parameters
    ----------
    text : str
        Anything.
    kind : {"number", "date"}
        As in `Number.kind` and `Date.kind`.

    Returns
    -------
    (float, float) or None
        Inclusive ends, in the number's own unit or in seconds since 1970; low is above high if the text said so.
        None if the text is no value and no range.

    Examples
    --------
    >>> read_range("2010..", "number"), read_range("1970-01-01", "date")
    ((2010.0, inf), (0.0, 86399.99999999999))
    """
    read = _number if kind == "number" else _period
    text = text.strip()
    if compared := _COMPARED.fullmatch(text):
        return _compare(compared.group(1), read(compared.group(2).strip()))
    if spanned := _SPANNED.fullmatch(text):
        return _span(spanned.group(1).strip(), spanned.group(2).strip(), read)
    return read(text)


def _compare(sign: str, value: Ends | None) -> Ends | None:
    if value is None:
        return None
    low, high = value
    return {
        ">=": (low, math.inf),
        ">": (math.nextafter(high, math.inf), math.inf),
        "<=": (-math.inf, high),
        "<": (-math.inf, math.nextafter(low, -math.inf)),
        "=": value,
    }[sign]


def _span(first: str, last: str, read: _Reader) -> Ends | None:
    """``a..b`` from the beginning of a to the end of b; either may be missing, not both."""
    if not first and not last:
        return None
    low = read(first) if first else (-math.inf, -math.inf)
    high = read(last) if last else (math.inf, math.inf)
    return None if low is None or high is None else (low[0], high[1])


def _number(text: str) -> Ends | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else (value, value)


def _period(text: str) -> Ends | None:
    """The first and last moment of the year, month, day, minute or second that the text names."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[part] or 0) for part in _PARTS)
    try:
        start = (datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=UTC) - _EPOCH).total_seconds()
        offset = _offset_s(found["offset"])
    except ValueError:
        return None
    if (month == 0 and found["month"]) or (day == 0 and found["day"]):
        return None
    if found["fraction"]:
        moment = start - offset + float(found["fraction"])
        return moment, moment
    if found["second"]:
        end = start + 1
    elif found["hour"]:
        end = start + 60
    elif found["day"]:
        end = start + timedelta(days=1).total_seconds()
    else:
        end = _month_start(year + 1, 1) if not found["month"] else _month_start(year + month // 12, month % 12 + 1)
    return start - offset, math.nextafter(end - offset, -math.inf)


def _month_start(year: int, month: int) -> float:
    if year > MAXYEAR:
        return _END_OF_TIME
    return (datetime(year, month, 1, tzinfo=UTC) - _EPOCH).total_seconds()


def _offset_s(text: str | None) -> float:
    """Seconds that a time offset such as ``+02:00`` is ahead of UTC."""
    if not text or text in "Zz":
        return 0.0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    return (hours * 3600.0 + minutes * 60.0) * (-1 if text[0] == "-" else 1)

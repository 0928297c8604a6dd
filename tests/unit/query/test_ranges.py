"""Values and ranges of number and date fields."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.query.ranges import read_range

INF = math.inf


def after(value: float) -> float:
    return math.nextafter(value, INF)


def before(value: float) -> float:
    return math.nextafter(value, -INF)


def moment(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2010", (2010, 2010)),
        ("-1.5", (-1.5, -1.5)),
        ("=3", (3, 3)),
        ("2010..2020", (2010, 2020)),
        ("2010..", (2010, INF)),
        ("..2020", (-INF, 2020)),
        ("1.5..2.5", (1.5, 2.5)),
        (">=2010", (2010, INF)),
        (">2010", (after(2010), INF)),
        ("<=2010", (-INF, 2010)),
        ("<2010", (-INF, before(2010))),
        ("2020..2010", (2020, 2010)),
        ("..", None),
        ("", None),
        (">", None),
        ("nan", None),
        ("x", None),
        ("1..x", None),
        ("\ud800", None),
    ],
)
def test_numbers(text, ends):
    """Both ends are inclusive; a strict bound is the next float64; what is no number gives None."""
    assert read_range(text, "number") == ends


@pytest.mark.parametrize(
    ("text", "low", "end"),
    [
        ("2024", moment(2024, 1, 1), moment(2025, 1, 1)),
        ("2024-02", moment(2024, 2, 1), moment(2024, 3, 1)),
        ("2024-12", moment(2024, 12, 1), moment(2025, 1, 1)),
        ("2024-05-01", moment(2024, 5, 1), moment(2024, 5, 2)),
        ("2024-05-01T10:30", moment(2024, 5, 1, 10, 30), moment(2024, 5, 1, 10, 31)),
        ("2024-05-01t10:30:05z", moment(2024, 5, 1, 10, 30, 5), moment(2024, 5, 1, 10, 30, 6)),
        ("2024-05-01T10:30+02:00", moment(2024, 5, 1, 8, 30), moment(2024, 5, 1, 8, 31)),
        ("2024-05-01T10:30-0130", moment(2024, 5, 1, 12, 0), moment(2024, 5, 1, 12, 1)),
        ("9999", moment(9999, 1, 1), 253_402_300_800.0),
        ("9999-12-31", moment(9999, 12, 31), 253_402_300_800.0),
        ("2023..2024-05", moment(2023, 1, 1), moment(2024, 6, 1)),
        ("..2024", -INF, moment(2025, 1, 1)),
        ("<=2024-05", -INF, moment(2024, 6, 1)),
        ("<2024-05-01", -INF, moment(2024, 5, 1)),
    ],
)
def test_dates_stand_for_the_whole_period_they_name(text, low, end):
    """A date to the day means that day, from its first moment to the last before the next."""
    assert read_range(text, "date") == (low, before(end))


def test_dates_after_a_period():
    """`>` begins when the period has ended, `>=` when it begins; a fraction of a second is one moment."""
    assert read_range(">2024", "date") == (moment(2025, 1, 1), INF)
    assert read_range(">=2024", "date") == (moment(2024, 1, 1), INF)
    assert read_range("1970-01-01T00:00:01.5", "date") == (1.5, 1.5)


@pytest.mark.parametrize(
    "text",
    [
        "2024-13",
        "2024-00",
        "2024-02-30",
        "2024-02-00",
        "24",
        "0000",
        "2024-5-1",
        "2024-05-01T25:00",
        "2024-05-01T10:00+99:00",
        "yesterday",
        "\u0662\u0660\u0662\u0664",
    ],
)
def test_what_is_no_date_gives_none(text):
    """Days that are in no calendar and other spellings are no dates."""
    assert read_range(text, "date") is None


@given(
    text=st.text(alphabet="0123456789-:.<>=TZ+ e_", max_size=30) | st.text(), kind=st.sampled_from(["number", "date"])
)
def test_any_text_is_read_or_gives_none(text, kind):
    """Nothing raises, and no end is ever NaN."""
    ends = read_range(text, kind)
    assert ends is None or not any(map(math.isnan, ends))

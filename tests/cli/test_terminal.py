"""The terminal and the exit statuses: colour only where wanted, JSON that says the same and does no harm."""

from __future__ import annotations

import io
import json
import pkgutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import terminal as terminal_module
from cli.exits import TABLE, Status, status_of
from cli.terminal import Terminal, to_json
from searchkit import errors

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """Yes."""
        return True


def make(out=io.StringIO, err=io.StringIO, **environment):
    """A terminal of our own."""
    return Terminal(out(), err(), io.BytesIO(), environment)


@given(anything)
def test_json_says_the_same_and_nothing_dangerous(value):
    """Reading it back gives the value; no control character, lone surrogate or turn of direction is in the text."""
    text = to_json(value)
    assert json.loads(text) == value
    text.encode("utf-8")
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202d\u202e\u2066\u2067" for c in text)


@pytest.mark.parametrize(
    ("stream", "environment", "wanted"),
    [
        (io.StringIO, {}, False),
        (Screen, {}, True),
        (Screen, {"NO_COLOR": "1"}, False),
        (Screen, {"TERM": "dumb"}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
        (io.StringIO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_where_it_is_wanted(stream, environment, wanted):
    """A terminal has colours unless it or its owner says otherwise; a pipe has none unless asked."""
    screen = make(out=stream, **environment)
    assert screen.colour() is wanted
    assert ("\x1b[" in screen.style("word", "bold")) is wanted
    assert screen.style("", "bold") == ""


def test_data_and_words_for_people_go_different_ways():
    """stdout has only data."""
    screen = make()
    screen.line("data")
    screen.json({"a": 1})
    screen.note("note")
    screen.warn("careful")
    screen.error("no", "do this")
    assert screen.stdout.getvalue() == 'data\n{"a": 1}\n'
    assert screen.stderr.getvalue() == "note\nwarning: careful\nerror: no\n  do this\n"


def test_progress_in_a_pipe_is_a_line_now_and_then(monkeypatch):
    """Elsewhere than on a terminal progress is plain lines, seconds apart."""
    now = iter([0.0, 1.0, 6.0, 6.0, 7.0, 13.0, 13.0])
    monkeypatch.setattr(terminal_module.time, "monotonic", lambda: next(now))
    screen = make()
    with screen.progress("indexing", 200, "bytes") as show:
        for done in (10, 50, 60, 150):
            show(done, f"{done} records")
    assert screen.stderr.getvalue().splitlines() == [
        "indexing: 50 of 200 bytes, 50 records",
        "indexing: 150 of 200 bytes, 150 records",
    ]


@pytest.mark.parametrize("total", [None, 100])
def test_progress_on_a_terminal_is_a_bar(total):
    """On a terminal a bar is drawn on stderr and taken away at the end; stdout stays empty."""
    screen = make(out=Screen, err=Screen)
    with screen.progress("indexing [bold]", total, "bytes") as show:
        for done in range(100):
            show(done, f"{done} [red]records")
    assert "indexing [bold]" in screen.stderr.getvalue()
    assert screen.stdout.getvalue() == ""


def test_every_error_has_an_exit_status():
    """Each class of error ends in one of the statuses of the table; the exact ones as the interface says."""
    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.SearchkitError)
    ]
    for kind in classes:
        error = kind.__new__(kind)
        assert status_of(error) in set(TABLE.values())
    want = {
        errors.IndexMissing: 3,
        errors.IndexLocked: 3,
        errors.SegmentDamaged: 3,
        errors.FormatUnsupported: 3,
        errors.AnalyzerMismatch: 3,
        errors.DiskFull: 3,
        errors.SourceError: 2,
        errors.SchemaError: 2,
        errors.DocumentMissing: 1,
        errors.NetworkError: 4,
    }
    for kind, status in want.items():
        assert status_of(kind.__new__(kind)) == status
    assert [int(status) for status in Status] == [0, 1, 2, 3, 4, 70, 130, 141]


def test_every_command_has_its_file():
    """The table of commands and the files of cli/ agree."""
    import cli
    from cli.app import COMMANDS

    helpers = {
        "__main__",
        "answers",
        "app",
        "ending",
        "exits",
        "options",
        "terminal",
        "crawled",
        "demo_site",
        "indexing",
    }
    files = {module.name for module in pkgutil.iter_modules(cli.__path__)} - helpers
    assert files == set(COMMANDS)

"""Errors keep their facts: across processes, in their sentence, and with a next step."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from searchkit import errors

WHERE = Path("site/index")
EXAMPLES = [
    errors.IndexMissing(WHERE),
    errors.IndexExists(WHERE),
    errors.NotACollection(WHERE, "is a file"),
    errors.SchemaError("no text field", hint="Add one."),
    errors.DocumentInvalid("has no id", "pages.jsonl:7"),
    errors.DocumentInvalid("has no id"),
    errors.DocumentMissing("rye"),
    errors.SourceError("pages.xml", "of no known kind", hint="Try another."),
    errors.QueryError("a quote is not closed", 'say "cheese', 4, 11),
    errors.LimitExceeded("the number of hits", 20_000, 10_000),
    errors.CrawlInvalid("'x' is not an address", hint="It looks like https://example.org/."),
    errors.MissingExtra("bm25s", "bench", "comparing"),
    errors.Closed("index"),
    errors.SegmentDamaged(WHERE, "checksum", 1, 2),
    errors.CatalogDamaged(WHERE, "cannot be read"),
    errors.PageStoreDamaged(WHERE, "cannot be read"),
    errors.FormatUnsupported(WHERE, 9, (1, 2)),
    errors.AnalyzerMismatch(WHERE, "en/1", "en/2"),
    errors.IndexLocked(WHERE, 4711, "host", "2026-01-01T00:00:00+00:00"),
    errors.IndexLocked(WHERE, 0, "", ""),
    errors.StorageError(WHERE, "refused"),
    errors.DiskFull(WHERE),
    errors.OutOfMemory(WHERE),
    errors.NetworkError("example.org", "no answer", hint="Are you online?"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_with_its_facts(error):
    """Thrown in one process, caught in another: the same type, sentence, hint and attributes."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.hint, vars(again), again.args) == (str(error), error.hint, vars(error), error.args)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_one_sentence_with_its_facts_in_it(error):
    """What is shown is one line; the facts given are in it; the hint, if any, is a sentence."""
    text = str(error)
    assert text
    assert "\n" not in text
    for fact in error.args:
        if isinstance(fact, str | Path) and fact:
            assert (
                str(fact) in text
                or str(fact) in error.hint
                or repr(fact) in text
                or type(error) is errors.MissingExtra
                or fact == "host"
            )
    assert not error.hint or error.hint[-1] in ".)'\"`?"


def test_there_is_an_example_of_every_error():
    """This file knows every class that can be raised; the three branches are only ever caught."""
    raised = {type(error) for error in EXAMPLES}
    every = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SearchkitError)
    }
    assert every - raised <= {errors.SearchkitError, errors.RequestError, errors.DamageError, errors.ResourceError}


def test_a_lock_tells_who_holds_it():
    """The message names the process, its machine and since when; without knowing, it says so."""
    assert str(errors.IndexLocked(WHERE, 4711, "host", "noon")) == f"{WHERE}: locked by process 4711 on host since noon"
    assert "another process" in str(errors.IndexLocked(WHERE, 0, "", ""))

"""`suggest` and `correct`: completions and corrections on stdout, statuses, and what a query without hits shows."""

from __future__ import annotations

import json

from tests.docs.commands import searchkit


def test_suggest_completes(made):
    """The best completions, one a line; as JSON with their weights."""
    done = searchkit("suggest", made, "rye", "bre")
    assert done.returncode == 0 and b"rye bread" in done.stdout
    answer = json.loads(searchkit("suggest", made, "brea", "--json").stdout)
    assert answer["prefix"] == "brea"
    assert answer["suggestions"][0]["text"] == "bread" and answer["suggestions"][0]["weight"] > 0


def test_nothing_to_suggest_is_status_1(made):
    """Nothing fits: nothing on stdout, status 1."""
    done = searchkit("suggest", made, "qqqqqq")
    assert (done.returncode, done.stdout) == (1, b"")


def test_correct_says_what_was_meant(made):
    """The correction on stdout, the reason on stderr; as JSON both."""
    done = searchkit("correct", made, "braed")
    assert done.returncode == 0 and done.stdout.splitlines()[0] == b"bread"
    assert b"no document" in done.stderr
    answer = json.loads(searchkit("correct", made, "braed", "--json").stdout)
    assert answer["correction"]["text"] == "bread" and answer["correction"]["hits"] > 0


def test_nothing_to_correct_is_status_1(made):
    """A query that is fine is left alone."""
    done = searchkit("correct", made, "bread", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["correction"] is None


def test_a_query_without_hits_shows_what_it_would_have_found(made):
    """The better spelling is named, its hits are shown, and the status still says that nothing was found."""
    done = searchkit("query", made, "braed")
    assert done.returncode == 1
    assert b"Did you mean: bread" in done.stderr and b"1." in done.stdout
    assert json.loads(searchkit("query", made, "braed", "--json").stdout)["corrections"][0] == "bread"


def test_suggest_within_a_filter(made):
    """Only documents of the filter count; a filter that leaves none is status 1, a wrong one status 2."""
    everything = json.loads(searchkit("suggest", made, "brea", "--json").stdout)["suggestions"]
    some = json.loads(searchkit("suggest", made, "brea", "--within", "rye", "--json").stdout)["suggestions"]
    assert 0 < some[0]["weight"] <= everything[0]["weight"]
    assert searchkit("suggest", made, "brea", "--site", "nowhere.example").returncode == 1
    assert searchkit("suggest", made, "brea", "--site", "//").returncode == 2


def test_queries_are_kept_only_when_asked_for(made, tmp_path):
    """Off: nothing is kept. On: queries that find something are counted and completed. Off again: forgotten."""
    import shutil

    where = str(shutil.copytree(made, tmp_path / "site"))
    assert searchkit("query", where, "rye", "bread").returncode == 0
    assert searchkit("queries", where).returncode == 1
    assert searchkit("queries", where, "--on").returncode == 0
    for words in (["rye", "bread"], ["rye", "bread"], ["qqqqqq"]):
        searchkit("query", where, *words)
    assert json.loads(searchkit("queries", where, "--json").stdout) == {
        "on": True, "kept": 1, "queries": [{"query": "rye bread", "count": 2}],
    }  # fmt: skip
    first = json.loads(searchkit("suggest", where, "rye", "--json").stdout)["suggestions"][0]
    assert (first["text"], first["kind"], first["weight"]) == ("rye bread", "query", 2)
    assert searchkit("queries", where, "--forget", "rye bread").returncode == 0
    assert json.loads(searchkit("queries", where, "--off", "--json").stdout) == {"on": False, "kept": 0, "queries": []}

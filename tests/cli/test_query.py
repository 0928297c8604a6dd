"""`searchkit query`: the same answer for people and programs, and nothing a query can say breaks it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.docs.commands import ROOT, searchkit

KEYS = {"query", "total", "total_relation", "took_ms", "generation", "corrections", "warnings", "hits"}
HIT_KEYS = {"id", "url", "title", "snippet", "score", "last_crawled"}


def ask(site, *arguments, given=None):
    """One object of `query --json`."""
    done = searchkit("query", site, *arguments, "--json", given=given)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_json_is_one_object_with_the_promised_keys(made):
    """`--json` prints exactly the keys that are promised, hits best first."""
    answer = ask(made, "rye", "bread")
    assert set(answer) == KEYS
    assert all(set(hit) == HIT_KEYS for hit in answer["hits"])
    assert answer["query"] == "rye bread"
    assert answer["total_relation"] == "eq"
    assert answer["hits"][0]["id"] == "rye"
    scores = [hit["score"] for hit in answer["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert "rye" in answer["hits"][0]["snippet"].lower()


def test_people_see_titles_addresses_and_snippets(made):
    """Without --json: hits on stdout, what is said about them on stderr, no escape codes in a pipe."""
    done = searchkit("query", made, "sour dough")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "1. Rye bread" in text
    assert "https://example.org/rye" in text
    assert "\x1b" not in text
    assert b"documents" in done.stderr


def test_nothing_found_is_status_1(made):
    """A query without hits ends with 1, says so, and still prints its object."""
    done = searchkit("query", made, "zzzz", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["hits"] == []
    assert searchkit("query", made, "zzzz").returncode == 1


def test_mode_and_limit(made):
    """`--mode all` wants every word; -k bounds the hits but not the total."""
    some, every = ask(made, "yeast oven"), ask(made, "yeast oven", "--mode", "all")
    assert {hit["id"] for hit in every["hits"]} <= {hit["id"] for hit in some["hits"]}
    assert every["total"] == 1
    few = ask(made, "bread", "-k", "2")
    assert len(few["hits"]) == 2 < few["total"]


def test_explain_takes_every_score_apart(made):
    """With --explain each hit says which words it has its score from, for people and in JSON."""
    answer = ask(made, "rye bread", "--explain")
    for hit in answer["hits"]:
        parts = hit["explanation"]["parts"]
        assert sum(part["score"] for part in parts) == pytest.approx(hit["score"], rel=1e-5)
    text = searchkit("query", made, "rye bread", "--explain").stdout.decode()
    assert "idf" in text


def test_a_batch_answers_line_by_line_in_order(made, tmp_path):
    """One object a line for one query a line, also for blank, hostile and over-long ones, from a file or a pipe."""
    lines = [
        b"rye bread",
        b"",
        b'"unclosed (((',
        b"\xff\xfezz",
        b"x" * (1 << 20) + b"xx",
        "黑麦面包".encode(),
        b"C++\r",
    ]
    body = b"\n".join(lines)
    piped = searchkit("query", made, "--batch", "-", given=body)
    answers = [json.loads(line) for line in piped.stdout.splitlines()]
    assert piped.returncode == 0, piped.stderr
    assert len(answers) == len(lines)
    assert [a["hits"][0]["id"] if a.get("hits") else None for a in answers] == [
        "rye",
        None,
        None,
        None,
        None,
        "mianbao",
        "cpp",
    ]
    assert answers[4]["error"]["code"] == "limit_exceeded"
    assert answers[4]["error"]["message"]
    (tmp_path / "queries.txt").write_bytes(body)
    filed = searchkit("query", made, "--batch", tmp_path / "queries.txt", "--json")
    again = [json.loads(line) for line in filed.stdout.splitlines()]
    for answer in answers + again:
        answer.pop("took_ms", None)
    assert again == answers


def test_a_batch_says_the_same_as_single_queries(made):
    """The batch and the single command agree hit for hit."""
    queries = ["rye bread", "sharp stone", '"inverted index"', "+bread -yeast"]
    batch = searchkit("query", made, "--batch", "-", given="\n".join(queries).encode())
    for line, query in zip(batch.stdout.splitlines(), queries, strict=True):
        assert json.loads(line)["hits"] == ask(made, query)["hits"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 2),
        (["x", "--batch", "-"], 2),
        (["x", "--mode", "some"], 2),
        (["x", "-k", "-1"], 2),
        (["x", "-k", "1000000"], 2),
        (["x", "--nonsense"], 2),
        (["--batch", "missing.txt"], 2),
    ],
)
def test_a_wrong_request_is_status_2(made, arguments, status):
    """What cannot be meant is a usage error in one clear message, without a traceback and with an empty stdout."""
    done = searchkit("query", made, *arguments)
    assert done.returncode == status
    assert done.stderr.strip()
    assert b"Traceback" not in done.stderr
    assert not done.stdout


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=40))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_a_query(made, queries):
    """Whatever stands on a line gets an answer on its line, never an error."""
    lines = ["".join(c for c in query if c not in "\r\n") for query in queries]
    body = "\n".join(lines).encode("utf-8", "replace") + b"\n"
    done = searchkit("query", made, "--batch", "-", given=body)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == body.count(b"\n")
    assert all("hits" in answer for answer in answers)


FAULTY = """
import sys
from cli import answers
from cli.__main__ import main
def broken(*_, **__):
    print("half an answer")
    raise LookupError("a fault of ours")
answers.answer = broken
sys.argv = ["searchkit", "query", "site", "bread"]
main()
"""


INTERRUPTED = """
import builtins, os, signal, sys
real, sys.argv = builtins.__import__, ["searchkit", *sys.argv[2:]]
wanted = os.environ["INTERRUPTED_AT"]
def load(name, *rest):
    if name == wanted:
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest)
builtins.__import__ = load
from cli.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("loading", "status"), [("cli.answers", -signal.SIGINT), ("searchkit.search.snapshot", 130)], ids=["before", "in"]
)
def test_an_interrupt_shows_no_traceback(made, loading, status):
    """While the command itself loads, Ctrl-C ends the process as the system does; later the command says so."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "-", "query", made, "rye"],
        cwd=ROOT,
        env={**os.environ, "INTERRUPTED_AT": loading},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr


def test_a_fault_of_ours_is_status_70_with_its_traceback():
    """Also where a query in plain words takes the short way; what was written before is not lost."""
    done = subprocess.run([sys.executable, "-c", FAULTY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (70, "half an answer\n")
    assert "Traceback" in done.stderr
    assert "LookupError: a fault of ours" in done.stderr

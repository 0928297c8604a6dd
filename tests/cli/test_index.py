"""`searchkit index`: what it reports is what is there, whatever the source holds and whenever it is stopped."""

from __future__ import annotations

import json
import lzma
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.cli.conftest import DOCUMENTS
from tests.docs.commands import ROOT, searchkit

COUNTS = {"records", "added", "updated", "unchanged", "skipped", "failed"}


def events(done):
    """The JSON lines of a run."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def export(where):
    """Every record of an index by its id."""
    return {record["id"]: record for record in events(searchkit("export", where))}


def write(path, records):
    """Records as JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_events_tell_each_commit_and_then_the_end(tmp_path):
    """Commits are reported with how many records are durable; the last event adds everything up."""
    done = searchkit("index", tmp_path / "site", DOCUMENTS, "--batch", "5", "--json")
    assert done.returncode == 0, done.stderr
    *commits, last = events(done)
    assert [event["records"] for event in commits] == [5, 10, 12]
    assert {event["event"] for event in commits} == {"commit"}
    generations = [event["generation"] for event in commits]
    assert generations == sorted(set(generations))
    assert last["event"] == "done"
    assert set(last) >= COUNTS
    assert (last["records"], last["added"], last["failed"], last["skipped"]) == (12, 12, 0, 0)
    assert list(export(tmp_path / "site")) == [json.loads(line)["id"] for line in DOCUMENTS.read_text().splitlines()]


def test_running_it_again_changes_nothing(site):
    """The same source a second time: everything unchanged, the same generation, the same export."""
    before, generation = export(site), json.loads(searchkit("stats", site, "--json").stdout)["generation"]
    last = events(searchkit("index", site, DOCUMENTS, "--json"))[-1]
    assert (last["added"], last["updated"], last["unchanged"]) == (0, 0, 12)
    assert last["generation"] == generation
    assert export(site) == before


def test_a_changed_record_replaces_and_the_others_stay(site, tmp_path):
    """Of a source of which one record changed, one is updated."""
    records = [json.loads(line) for line in DOCUMENTS.read_text().splitlines()]
    records[3]["text"] = "Something else entirely."
    last = events(searchkit("index", site, write(tmp_path / "new.jsonl", records), "--json"))[-1]
    assert (last["added"], last["updated"], last["unchanged"]) == (0, 1, 11)
    assert export(site)["flatbread"]["text"] == "Something else entirely."


def test_bad_records_are_named_counted_and_left_out(tmp_path):
    """Every fault is told by its line on stderr and counted; every good record is kept, also beside a bad one."""
    source = tmp_path / "mixed.jsonl"
    lines = []
    for number in range(1, 41):
        match number:
            case 5:
                lines.append('{"id": "broken"')
            case 9:
                lines.append(json.dumps({"id": "x" * 5_000, "text": "an id that is too long"}))
            case 20:
                lines.append(json.dumps({"id": "deep", "text": {"not": "a text"}}))
            case 24:
                lines.append(f'{{"id": "moment", "last_crawled": {"1" * 400}}}')
            case 27:
                lines.append(f'{{"id": "huge", "n": {"1" * 5_000}}}')
            case 31:
                lines.append("\x00\x01 binary")
            case _:
                lines.append(json.dumps({"id": f"good{number}", "text": "fine"}))
    source.write_text("\n".join(lines), encoding="utf-8")
    done = searchkit("index", tmp_path / "site", source, "--json", "--batch", "7")
    last = events(done)[-1]
    assert done.returncode == 0
    assert (last["records"], last["added"], last["failed"]) == (34, 34, 6)
    assert len(export(tmp_path / "site")) == 34
    for number in (5, 9, 20, 24, 27, 31):
        assert f"mixed.jsonl:{number}:".encode() in done.stderr, done.stderr


def test_hostile_text_is_kept_clean_and_found(tmp_path):
    """NUL, lone surrogates, escape codes and endless words neither stop the run nor reach a terminal."""
    source = tmp_path / "hostile.jsonl"
    source.write_bytes(
        b'{"id": "nul", "text": "before\\u0000after needle"}\n'
        b'{"id": "lone", "text": "half \\ud800 needle", "title": "\\u001b[31mred\\u001b[0m \\u202eevil"}\n'
        b'{"id": "long", "text": "needle ' + b"x" * 100_000 + b'"}\n'
        b'{"id": "empty", "text": ""}\n'
    )
    assert events(searchkit("index", tmp_path / "site", source, "--json"))[-1]["added"] == 4
    done = searchkit("query", tmp_path / "site", "needle")
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    assert "\u202e" not in done.stdout.decode()
    as_json = searchkit("query", tmp_path / "site", "needle", "--json")
    assert {hit["id"] for hit in json.loads(as_json.stdout)["hits"]} == {"nul", "lone", "long"}
    assert b"\x1b" not in as_json.stdout


def test_records_without_a_name_get_one_that_lasts(tmp_path):
    """A record with neither id nor url gets the same id in every run, and an equal record is the same document."""
    source = write(tmp_path / "n.jsonl", [{"text": "one"}, {"text": "two"}, {"text": "one"}])
    first = events(searchkit("index", tmp_path / "site", source, "--json"))[-1]
    assert (first["records"], first["added"]) == (3, 2)
    ids = list(export(tmp_path / "site"))
    assert events(searchkit("index", tmp_path / "site", source, "--json"))[-1]["unchanged"] == 3
    assert list(export(tmp_path / "site")) == ids


def test_a_source_that_breaks_off_keeps_its_beginning(tmp_path):
    """What came before the damage is indexed and reported; the exit status says that something is wrong."""
    source = tmp_path / "cut.jsonl.xz"
    body = b"".join(b'{"id": "%d", "text": "word number %d"}\n' % (n, n) for n in range(5_000))
    source.write_bytes(lzma.compress(body)[:-40])
    done = searchkit("index", tmp_path / "site", source, "--json")
    last = events(done)[-1]
    assert done.returncode == 2
    assert b"cut.jsonl.xz" in done.stderr
    assert len(export(tmp_path / "site")) == last["records"] == last["added"] > 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["missing.jsonl"], 2, b"No such file"),
        (["notes.docx"], 2, b".jsonl"),
        (["good.jsonl", "missing.jsonl"], 2, b"No such file"),
        (["good.jsonl", "--language", "klingon"], 2, b"klingon"),
        (["good.jsonl", "--batch", "0"], 2, b"--batch"),
    ],
)
def test_a_wrong_request_changes_nothing(tmp_path, arguments, status, words):
    """A missing or unreadable source, an unknown language: one clear message, and no index is made."""
    write(tmp_path / "good.jsonl", [{"id": "1", "text": "x"}])
    (tmp_path / "notes.docx").write_bytes(b"PK")
    done = searchkit("index", "site", *arguments, where=tmp_path)
    assert done.returncode == status
    assert words in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "site" / "index").exists()


def test_another_language_than_the_index_has_is_refused(site):
    """Stems of one language cannot be mixed with another's."""
    done = searchkit("index", site, DOCUMENTS, "--language", "de")
    assert done.returncode == 2
    assert b"'en'" in done.stderr
    assert searchkit("index", site, DOCUMENTS, "--language", "en").returncode == 0


def test_auto_recognises_the_language(tmp_path):
    """With --language auto the first records decide: German words are found in other inflections."""
    text = (
        "Die Häuser der kleinen Stadt stehen dicht an dicht, und in den engen Gassen spielen die Kinder bis zum Abend. "
    )
    source = write(tmp_path / "de.jsonl", [{"id": str(n), "text": f"{text * 3} Nummer {n}."} for n in range(30)])
    done = searchkit("index", tmp_path / "site", source, "--language", "auto", "--json")
    assert done.returncode == 0, done.stderr
    assert b"de" in done.stderr
    assert events(done)[-1]["added"] == 30
    assert json.loads(searchkit("query", tmp_path / "site", "Haus", "--json").stdout)["total"] == 30


def test_standard_input_is_a_source(tmp_path):
    """`-` reads JSON lines from a pipe."""
    done = searchkit("index", tmp_path / "site", "-", "--json", given=DOCUMENTS.read_bytes())
    assert events(done)[-1]["added"] == 12


def test_several_sources_in_one_run(tmp_path):
    """Tables, folders and JSON lines can be given together; what is no document is skipped and counted."""
    (tmp_path / "t.csv").write_text("id,text\nt1,from a table\n", encoding="utf-8")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.md").write_text("# From a folder\n", encoding="utf-8")
    (tmp_path / "d" / "b.png").write_bytes(b"\x89PNG")
    done = searchkit("index", "site", "t.csv", "d", DOCUMENTS, "--json", where=tmp_path)
    last = events(done)[-1]
    assert (last["added"], last["skipped"], last["failed"]) == (14, 1, 0)


def start(where, *arguments, **options):
    """A run that goes on while the test does something else."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "index", str(where), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_a_first_interrupt_commits_and_says_how_to_go_on(tmp_path):
    """Ctrl-C while the source keeps coming: what was read is committed, exit 130, and a second run adds the rest."""
    run = start(tmp_path / "site", "-", "--json", "--batch", "50", stdin=subprocess.PIPE)
    given = 0

    def feed():
        nonlocal given
        try:
            for number in range(1_000_000):
                run.stdin.write(b'{"id": "%d", "text": "word %d"}\n' % (number, number))
                run.stdin.flush()
                given = number
                time.sleep(0.0005)
        except (BrokenPipeError, OSError):
            return

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    first = json.loads(run.stdout.readline())
    assert first["event"] == "commit"
    run.send_signal(signal.SIGINT)
    out, err = run.stdout.read(), run.stderr.read()
    assert run.wait(60) == 130, err
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "interrupted"
    assert b"goes on" in err
    assert b"Traceback" not in err
    assert list(export(tmp_path / "site")) == [str(number) for number in range(last["records"])]


def test_an_interrupt_while_waiting_for_a_slow_source_ends_at_once(tmp_path):
    """A source that says nothing does not hold the command: what it said before is committed."""
    run = start(tmp_path / "site", "-", "--json", stdin=subprocess.PIPE)
    run.stdin.write(b'{"id": "1", "text": "only"}\n')
    run.stdin.flush()
    deadline = time.monotonic() + 30
    while not (tmp_path / "site" / "index").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    run.send_signal(signal.SIGINT)
    out, err = run.stdout.read(), run.stderr.read()
    assert run.wait(30) == 130, err
    assert json.loads(out.splitlines()[-1])["records"] == 1
    assert list(export(tmp_path / "site")) == ["1"]


def test_a_second_writer_is_told_who_holds_the_index(site, monkeypatch):
    """While one run writes, another ends with status 3 and names the process in the way."""
    run = start(site, "-", "--json", stdin=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            lock = next((site / "index").glob("*lock*"), None)
            if lock and f'"pid": {run.pid}' in lock.read_text(encoding="utf-8", errors="replace"):
                break
            time.sleep(0.05)
        done = searchkit("delete", site, "rye")
        assert done.returncode == 3
        assert str(run.pid).encode() in done.stderr
    finally:
        run.stdin.close()
        run.wait(60)
        run.stdout.close()
        run.stderr.close()
    assert searchkit("delete", site, "rye").returncode == 0

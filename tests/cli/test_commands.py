"""The small commands, and how every command ends when something is in its way."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import pytest

from tests.docs.commands import ROOT, searchkit

READING = [["query", "x"], ["get", "x"], ["delete", "x"], ["merge"], ["check"], ["stats"], ["export"]]


def test_get_shows_a_document(made):
    """The stored record, field by field, or as JSON; 1 if there is none."""
    text = searchkit("get", made, "rye").stdout.decode()
    assert "title: Rye bread" in text
    record = json.loads(searchkit("get", made, "rye", "--json").stdout)
    assert record["year"] == 2019
    assert record["tags"] == ["bread", "sour dough"]
    missing = searchkit("get", made, "nowhere")
    assert missing.returncode == 1
    assert b"nowhere" in missing.stderr
    assert not missing.stdout


def test_delete_takes_out_what_is_there(site):
    """Deleted documents are gone from searches and exports; an unknown id is told and gives status 1."""
    done = searchkit("delete", site, "rye", "nowhere", "letter", "rye")
    assert done.returncode == 1
    assert b"nowhere" in done.stderr
    assert b"2 deleted" in done.stdout
    assert json.loads(searchkit("stats", site, "--json").stdout)["documents"] == 10
    assert searchkit("get", site, "rye").returncode == 1
    assert searchkit("delete", site, "oven").returncode == 0


def test_merge_changes_nothing_but_the_segments(site):
    """Export, hits and scores are the same after a merge; one segment is left."""
    for number in range(3):
        searchkit("index", site, "-", given=json.dumps({"id": f"n{number}", "text": "bread again"}).encode())
    searchkit("delete", site, "rye")
    before = searchkit("export", site).stdout
    hits = json.loads(searchkit("query", site, "bread", "--json").stdout)["hits"]
    done = searchkit("merge", site)
    assert done.returncode == 0, done.stderr
    stats = json.loads(searchkit("stats", site, "--json").stdout)
    assert (stats["segments"], stats["deleted"]) == (1, 0)
    assert searchkit("export", site).stdout == before
    assert json.loads(searchkit("query", site, "bread", "--json").stdout)["hits"] == hits


def test_export_and_index_are_inverse(made, tmp_path):
    """What is exported can be indexed, and the new index exports the same lines."""
    target = tmp_path / "out.jsonl"
    target.write_text("older")
    done = searchkit("export", made, "-o", target)
    assert done.returncode == 0, done.stderr
    assert not done.stdout
    assert target.read_bytes() == searchkit("export", made).stdout
    assert searchkit("index", tmp_path / "again", target).returncode == 0
    assert searchkit("export", tmp_path / "again").stdout == target.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_export_to_where_one_cannot_write(made, tmp_path):
    """A file that cannot be written is one message, and nothing half written is left."""
    done = searchkit("export", made, "-o", tmp_path / "no" / "such" / "folder.jsonl")
    assert done.returncode == 3
    assert b"No such file" in done.stderr
    assert b"Traceback" not in done.stderr


def test_export_over_a_directory_leaves_nothing_behind(made, tmp_path):
    """A directory cannot be replaced by a file: one message, no temporary file left, and the directory is untouched."""
    (tmp_path / "out").mkdir()
    done = searchkit("export", made, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_export_is_an_ordinary_file(made, tmp_path):
    """What is exported has the permissions any new file gets; `-o -` is stdout."""
    (tmp_path / "plain").touch()
    searchkit("export", made, "-o", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert searchkit("export", made, "-o", "-").stdout == (tmp_path / "out.jsonl").read_bytes()


def test_stats_are_numbers_for_programs_and_lines_for_people(made):
    """The counts are those of the twelve documents."""
    stats = json.loads(searchkit("stats", made, "--json").stdout)
    assert stats["documents"] == 12
    assert stats["language"] == "en"
    text = searchkit("stats", made).stdout.decode()
    assert "documents" in text
    assert "12" in text


def test_check_finds_a_changed_byte(site):
    """A sound index is 0; one changed byte of a segment is found, named, and gives status 1."""
    done = searchkit("check", site, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["sound"] is True
    (segment,) = (site / "index").rglob("*.seg")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0x40
    segment.write_bytes(bytes(content))
    done = searchkit("check", site, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["sound"] is False
    assert any(segment.stem in finding for finding in report["findings"])
    assert searchkit("check", site).returncode == 1


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_every_command_says_when_there_is_no_index(tmp_path, command):
    """A missing directory, a directory of something else and a file are status 3, in one message each."""
    name, *rest = command
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    (tmp_path / "file").write_text("x")
    for where in ("missing", "photos", "file"):
        done = searchkit(name, tmp_path / where, *rest)
        assert done.returncode == 3, (where, done.stderr)
        assert where.encode() in done.stderr
        assert b"Traceback" not in done.stderr
        assert not done.stdout
    assert not (tmp_path / "missing").exists()
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == ["a.jpg"]


@pytest.mark.parametrize("command", [*READING, ["index", "-"]], ids=lambda command: command[0])
def test_every_command_says_when_the_index_is_damaged(site, command):
    """Damage of the catalog is status 3 and named; it is never taken for an empty index."""
    catalog = next((site / "index").glob("catalog*"))
    catalog.write_bytes(b"\xff" * catalog.stat().st_size)
    name, *rest = command
    done = searchkit(name, site, *rest, given=b'{"id": "1", "text": "x"}\n')
    assert done.returncode == 3, done.stderr
    assert b"catalog" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not done.stdout


def test_debug_shows_the_traceback(tmp_path):
    """`--debug` is for whoever wants to know where an error came from."""
    done = searchkit("--debug", "query", tmp_path / "missing", "x")
    assert b"Traceback" in done.stderr
    assert b"IndexMissing" in done.stderr
    assert done.returncode != 0


def test_a_reader_that_goes_away_ends_the_command_quietly(site, tmp_path):
    """`| head` closes the pipe: no traceback, status 141 as a shell knows it."""
    many = "".join(json.dumps({"id": str(n), "text": "bread " * 50}) + "\n" for n in range(5_000))
    searchkit("index", site, "-", given=many.encode())
    run = subprocess.Popen(
        [sys.executable, "-m", "cli", "export", str(site)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout.readline()
    run.stdout.close()
    error = run.stderr.read()
    run.stderr.close()
    assert run.wait(60) == 141
    assert error == b""


@pytest.mark.parametrize("closed", [0, 1, 2])
@pytest.mark.parametrize("arguments", [("query", "bread"), ("index", "-"), ("get", "missing")], ids=lambda a: a[0])
def test_a_closed_stream_is_no_fault(site, closed, arguments):
    """Started by a program that closed stdin, stdout or stderr: what is left is used, and the status is as ever."""
    name, *rest = arguments
    command = shlex.join([sys.executable, "-m", "cli", name, str(site), *rest])
    run = subprocess.run(
        ["sh", "-c", f"{command} {closed}>&-"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert run.returncode == (1 if name == "get" else 0), run.stderr
    assert b"Traceback" not in run.stderr
    assert run.stdout == b"" or closed != 1


@pytest.mark.parametrize("command", ["get", "delete", "query"])
def test_an_argument_of_odd_bytes_is_answered(site, command):
    """Bytes that are no UTF-8 name no document and find nothing: status 1, no traceback."""
    done = searchkit(command, site, b"\xff\xfe".decode("utf-8", "surrogateescape"))
    assert done.returncode == 1, done.stderr
    assert b"Traceback" not in done.stderr


def test_version(root):
    """`--version` prints the version of the package."""
    import searchkit as library

    assert searchkit("--version").stdout.decode().strip() == f"searchkit {library.__version__}"
    assert f'version = "{library.__version__}"' in (root / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_survives_a_poor_encoding(site, encoding):
    """Where letters of a page cannot be written the command still answers, and JSON still says exactly the same."""
    title = "面包 café \U0001f35e"
    searchkit("index", site, "-", given=json.dumps({"id": "x", "title": title, "text": "croissant"}).encode())
    poor = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "cli", "query", str(site), "croissant"]
    done = subprocess.run([*command, "--json"], cwd=ROOT, env=poor, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("utf-8"))["hits"][0]["title"] == title
    plain = subprocess.run(command, cwd=ROOT, env=poor, capture_output=True, check=False)
    assert plain.returncode == 0, plain.stderr
    assert b"croissant" in plain.stdout


@pytest.mark.parametrize(
    "own", ["index/catalog.lmdb", "index/new.jsonl", "index/segments/SEGMENT", "pages.lmdb", "LINK"]
)
def test_an_export_does_not_replace_what_it_comes_from(site, tmp_path, own):
    """Under whatever name: the file is named, the status is that of a request that cannot be done, nothing changes."""
    segment = next((site / "index" / "segments").iterdir())
    target = site / own.replace("SEGMENT", segment.name)
    if own == "LINK":
        target = tmp_path / "link"
        target.symlink_to(segment)
    before = searchkit("export", site).stdout
    done = searchkit("export", site, "-o", target)
    assert done.returncode == 2, done.stderr
    assert target.name.encode() in done.stderr
    assert searchkit("export", site).stdout == before


def test_check_brings_a_damaged_index_back(site):
    """--drop-bad-segments: the rest is in service, and what is missing is told."""
    searchkit("index", site, "-", given=b'{"id": "new", "text": "something else"}\n')
    largest = max((site / "index" / "segments").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-4096])
    assert searchkit("query", site, "bread").returncode == 3
    done = searchkit("check", site)
    assert done.returncode == 1
    assert largest.name in done.stdout.decode()
    done = searchkit("check", site, "--drop-bad-segments", "--json")
    assert done.returncode == 1
    dropped = json.loads(done.stdout)["dropped"]
    assert [one["segment"] for one in dropped] == [largest.stem]
    assert searchkit("check", site).returncode == 0
    assert searchkit("get", site, "new").returncode == 0
    assert searchkit("query", site, "bread").returncode == 1

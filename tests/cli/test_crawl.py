"""`searchkit crawl` as people and programs use it: events, summaries, exit statuses, and interruption."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawler.server import Answer, Site, html

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "cli"]


@pytest.fixture
def site():
    with Site() as running:
        running.routes = {"/": html("Home", ["/a", "/b", "/missing"]), "/a": html("A"), "/b": html("B")}
        yield running


def searchkit(*arguments, stdin=""):
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, input=stdin, check=False
    )


def crawl(directory, site, *arguments, **options):
    """Crawl a local site without waiting."""
    pair = f"127.0.0.1:{site.port}"
    return searchkit("crawl", directory, *arguments, "--delay", 0, "--allow-private", pair, **options)


def test_events_are_json_lines(tmp_path, site):
    """With --json, stdout is one object a line, in order, and the last one sums up; stderr has no data."""
    done = crawl(tmp_path / "site", site, site.url(), "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["url"]: event["change"] for event in events if event["event"] == "page"}.keys() == {
        site.url(path) for path in ("/", "/a", "/b")
    }
    assert [event["reason"] for event in events if event["event"] == "skipped"] == ["http-error"]
    assert events[-1]["event"] == "done"
    assert (events[-1]["pages"], events[-1]["changed"], events[-1]["waiting"]) == (3, 3, 0)
    assert events[-1]["counts"] == {"page": 3, "skipped:http-error": 1}


def test_people_get_a_summary(tmp_path, site):
    """Without --json, a few lines say what was done and what was not; a second run has nothing to do."""
    done = crawl(tmp_path / "site", site, site.url(), "--max-pages", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 pages fetched in ")
    assert "wait for the next run: the limit of pages is reached" in done.stdout
    again = crawl(tmp_path / "site", site)
    assert again.stdout.startswith("1 pages fetched in ")
    assert "other addresses: 1 http-error" in again.stdout
    assert crawl(tmp_path / "site", site, "--recrawl").stdout.startswith("3 pages fetched in ")


def test_seeds_from_a_file_and_from_stdin(tmp_path, site):
    """Addresses one a line, comments and empty lines left out."""
    text = f"# seeds\n\n{site.url('/a')}\n  {site.url('/b')}\n"
    (tmp_path / "seeds.txt").write_text(text)
    one = crawl(tmp_path / "one", site, "--scope", "page", "--seeds", tmp_path / "seeds.txt", "--json")
    two = crawl(tmp_path / "two", site, "--scope", "page", "--seeds", "-", "--json", stdin=text)
    for done in (one, two):
        assert json.loads(done.stdout.splitlines()[-1])["pages"] == 2


def test_crawled_pages_can_be_indexed_and_found(tmp_path, site):
    """crawl, index, query: the three commands of the README, on one collection."""
    crawl(tmp_path / "site", site, site.url())
    assert searchkit("index", tmp_path / "site").returncode == 0
    found = searchkit("query", tmp_path / "site", "called", "B", "--json")
    hits = json.loads(found.stdout)["hits"]
    assert hits[0]["url"] == site.url("/b")
    assert hits[0]["last_crawled"]
    assert searchkit("check", tmp_path / "site").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["ftp://example.com/"], 2, "is not an address"),
        ([], 2, "nothing to crawl"),
        (["http://127.0.0.1:9/", "--scope", "galaxy"], 2, "galaxy"),
        (["http://127.0.0.1:9/", "--include", "("], 2, "regular expression"),
        (["http://127.0.0.1:9/", "--allow-private", "nowhere"], 2, "HOST:PORT"),
        (["--seeds", "does-not-exist.txt"], 2, "does-not-exist.txt"),
        (["http://127.0.0.1:9/", "--allow-private", "127.0.0.1:9", "--delay", "0"], 4, "robots.txt could not be read"),
    ],
)
def test_what_cannot_be_crawled(tmp_path, arguments, status, said):
    """Each mistake has one clear message and its exit status; stdout stays empty."""
    done = searchkit("crawl", tmp_path / "site", *arguments)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_says_how_to_go_on(tmp_path, site):
    """130, what is safe, and that the same command goes on."""
    site.routes = {"/": html("Home", [f"/{number}" for number in range(200)])}
    site.routes |= {
        f"/{number}": Answer(html(str(number)).body, headers={"Content-Type": "text/html"}, delay_s=0.05)
        for number in range(200)
    }
    arguments = [
        "crawl",
        str(tmp_path / "site"),
        site.url(),
        "--delay",
        "0",
        "--allow-private",
        f"127.0.0.1:{site.port}",
        "--json",
    ]
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["ended"] == "interrupted"
    assert "the same command goes on from there" in err

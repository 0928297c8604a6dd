"""`searchkit demo`: the site it serves, and the whole way from that site to answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from cli import demo, demo_site
from searchkit.errors import NotACollection
from searchkit.pages.store import PageStore

ROOT = Path(__file__).resolve().parents[2]
SOME = ("argparse", "asyncio", "asyncio.events", "csv", "getopt", "json", "shlex", "zipfile", "zlib")


@pytest.fixture(autouse=True)
def ports_of_our_own(monkeypatch):
    """Tests that run at the same time in several processes do not choose the same port."""
    first = 12_000 + os.getpid() * 50 % 20_000
    monkeypatch.setattr(demo, "PORTS", range(first, first + 50))


@pytest.fixture
def small(monkeypatch):
    """The demo with nine modules, served from a thread."""
    monkeypatch.setattr(demo_site, "modules", lambda: SOME)

    @contextmanager
    def serving(port):
        server = ThreadingHTTPServer(("127.0.0.1", port), demo_site._Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    monkeypatch.setattr(demo, "serving", serving)


def fetch(url, **headers):
    """Status, ETag and body of an address."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers["ETag"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None, error.read().decode()


def test_there_are_enough_modules():
    """At least 500 pages, none of whose imports does anything, with submodules among them."""
    names = demo_site.modules()
    assert len(names) >= 500
    assert {"os", "json.decoder", "xml.etree.ElementTree"} <= set(names)
    assert not {"antigravity", "this", "__main__", "idlelib", "test", "turtledemo.__main__"} & set(names)


def test_pages_name_no_file_and_no_address():
    """A page has its module's words and links, and nothing of this machine: no path, no memory address."""
    page = demo_site.render("collections").decode()
    assert "<title>collections - Python standard library</title>" in page
    assert "OrderedDict" in page
    assert sys.prefix not in page
    assert " at 0x" not in page
    assert demo_site.render("collections").decode() == page
    assert demo_site.render("no.such.module") is None


def test_the_site_answers(small):
    """Index, pages, conditional requests, robots.txt, and what is not there."""
    port = demo._free_port()
    with demo.serving(port):
        home = f"http://127.0.0.1:{port}"
        status, tag, body = fetch(f"{home}/")
        assert (status, body.count("<li>")) == (200, len(SOME))
        assert fetch(f"{home}/", **{"If-None-Match": tag})[0] == 304
        assert "JSON" in fetch(f"{home}/json.html")[2]
        assert fetch(f"{home}/robots.txt")[0] == 200
        assert fetch(f"{home}/elsewhere.html")[0] == 404


def test_the_demo_from_site_to_answers(small, tmp_path, capsys):
    """Pages are crawled, indexed and found with their words marked; a second run fetches and changes nothing."""
    demo.demo(tmp_path / "demo")
    first = capsys.readouterr().out
    assert f"{len(SOME) + 1} pages fetched" in first
    assert f"{len(SOME) + 1} pages indexed" in first
    for query in demo.QUERIES:
        assert query in first
    assert "argparse - Python standard library" in first
    assert "searchkit crawl site" in first
    with PageStore.open(tmp_path / "demo") as store:
        mark = store.last_change
    demo.demo(tmp_path / "demo")
    second = capsys.readouterr().out
    assert "nothing to fetch" in second
    assert "are indexed already" in second
    with PageStore.open(tmp_path / "demo") as store:
        assert store.last_change == mark


def test_another_edition_is_crawled_again(small, tmp_path, capsys, monkeypatch):
    """With another Python the same pages are asked for again, under the same addresses."""
    demo.demo(tmp_path / "demo")
    monkeypatch.setattr(demo_site, "edition", lambda: "another")
    capsys.readouterr()
    demo.demo(tmp_path / "demo")
    assert "0 new or changed" in capsys.readouterr().out


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    """The demo does not write into a directory that is not its own."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotACollection):
        demo.demo(tmp_path)
    (tmp_path / "file").unlink()
    (tmp_path / "demo.json").write_text("{}")
    with pytest.raises(NotACollection):
        demo.demo(tmp_path)


def test_the_served_process_ends_with_its_parent():
    """The site is served from a process of its own, which ends when nobody holds its standard input."""
    port = demo._free_port()
    with demo.serving(port):
        assert fetch(f"http://127.0.0.1:{port}/robots.txt")[0] == 200
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
    arguments = [sys.executable, "-m", "cli.demo_site", str(port)]
    process = subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.mark.slow
def test_the_whole_demo(tmp_path):
    """At least 500 real pages from site to answers in under five minutes; again in seconds, without a change."""
    for limit_s in (300, 30):
        done = subprocess.run(
            [sys.executable, "-m", "cli", "demo", str(tmp_path / "demo")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=True,
        )
        assert done.stdout.count("Python standard library  http://") == 9
    state = json.loads((tmp_path / "demo" / "demo.json").read_text())
    with PageStore.open(tmp_path / "demo") as store:
        assert len(store) >= 500
        assert store.get(f"http://127.0.0.1:{state['port']}/os.html") is not None
        assert store.check() == []

"""The blocks of README.md run as they stand: a reader who copies one gets what it says."""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import sys
import threading

import pytest

from tests.docs.commands import ROOT, shell

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PYTHON = [code for kind, code in BLOCK.findall(README) if kind == "python"]
SHELL = [code for kind, code in BLOCK.findall(README) if kind == "sh"]

PAGES = {
    "/": '<title>Baking</title><p>All about <a href="/rye">rye</a> and <a href="/oven">ovens</a>.</p>',
    "/rye": "<title>Rye bread</title><p>Rye bread is made from a sour dough, which is fed for three days.</p>",
    "/oven": "<title>A hot oven</title><p>A loaf of bread needs a hot oven at first and a cooler one later.</p>",
}


class Site(http.server.BaseHTTPRequestHandler):
    """Three pages, standing in for the site the README names."""

    def do_GET(self):
        """Answer with a page, or 404."""
        body = PAGES.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def site():
    """The address of a small site on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_there_is_something_to_run():
    """The README has examples in Python and for the shell; each shell block is one of the kinds run below."""
    assert len(PYTHON) >= 2
    assert len(SHELL) >= 3
    for block in SHELL:
        assert block.startswith(("make ", "searchkit crawl", "searchkit index")), block


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.split("(")[0].splitlines()[-1][:40])
def test_python_blocks_run(code, tmp_path):
    """Each Python block runs by itself and prints something."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**__import__("os").environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_make_targets_exist():
    """The commands of the first block are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [target for block in SHELL for target in re.findall(r"^make (\w+)", block, re.MULTILINE)]
    assert {"demo", "test"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_commands_on_documents_run(tmp_path):
    """The block that indexes documents runs line by line, with the data of this repository."""
    shutil.copytree(ROOT / "data" / "tiny", tmp_path / "data" / "tiny")
    (block,) = [block for block in SHELL if block.startswith("searchkit index")]
    done = shell(block, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Rye bread" in done.stdout
    assert len((tmp_path / "baking.jsonl").read_text(encoding="utf-8").splitlines()) == 11


def test_the_crawl_runs(tmp_path, site):
    """The block that crawls a site runs too, against a site on this machine instead of example.org."""
    (block,) = [block for block in SHELL if block.startswith("searchkit crawl")]
    here = block.replace("https://example.org/", f"http://{site}/ --allow-private {site} --delay 0")
    done = shell(here, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Rye bread" in done.stdout


def test_every_command_is_in_the_table():
    """The README lists every command there is, and none there is not."""
    from cli.app import COMMANDS

    assert set(re.findall(r"^\| `searchkit (\w+)[ `]", README, re.MULTILINE)) == set(COMMANDS)


def test_the_exit_statuses_are_those_of_the_table():
    """What the README and `--help` say about exit statuses is what cli/exits.py has."""
    from cli.app import EPILOG
    from cli.exits import Status

    said = re.sub(r"\s+", " ", README[README.index("Exit status:") :])
    for status in (Status.DONE, Status.NOTHING, Status.USAGE, Status.STORE, Status.NETWORK, Status.INTERRUPTED):
        assert re.search(rf"\b{int(status)}\b", said)
        assert re.search(rf"\b{int(status)}\b", EPILOG)

"""Every command explains itself, beginning with an example, and the example works."""

from __future__ import annotations

import json
import re

import pytest

from cli.app import COMMANDS
from tests.docs.commands import ROOT, searchkit, shell

# Crawling needs a site and the demo serves hundreds of pages; their own tests run these two examples.
ELSEWHERE = {"crawl", "demo"}


def help_of(*command: str) -> str:
    """What `searchkit COMMAND --help` prints."""
    done = searchkit(*command, "--help")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_begins_with_an_example(name):
    """The first line is an example of this very command; usage, a description and the options follow."""
    text = help_of(*([name] if name else []))
    first, _, rest = text.partition("\n")
    assert first.startswith(f"Example: searchkit {name}".rstrip())
    assert f"Usage: searchkit {name}".rstrip() in rest
    assert "--help" in rest
    assert "Example:" not in rest


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ELSEWHERE])
def test_the_example_runs(name, tmp_path):
    """The example does what it says in a directory where `site` is an index and `pages.jsonl` a source."""
    with (tmp_path / "pages.jsonl").open("w", encoding="utf-8") as pages:
        for line in (ROOT / "data" / "tiny" / "documents.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            del record["id"]  # Like a crawled page, it is known by its address.
            pages.write(json.dumps(record) + "\n")
    if name != "index":
        assert shell("searchkit index site pages.jsonl", tmp_path).returncode == 0
    example = help_of(name).partition("\n")[0].removeprefix("Example: ")
    done = shell(example, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout or done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name):
    """No argument or option is without a word about it."""
    for line in re.findall(r"^  (-.+|[A-Z].+)$", help_of(name), re.MULTILINE):
        assert re.search(r"\S  +\S|^\S+ .*\.$", line) or len(line) > 20, line


def test_a_slip_of_the_pen_is_answered_with_the_nearest_command():
    """An unknown command is a usage error that names the one probably meant."""
    done = searchkit("quary", "site", "x")
    assert done.returncode == 2
    assert b"Did you mean 'query'" in done.stderr
    assert not done.stdout

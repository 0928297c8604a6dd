"""Documents that point at something that is not there fail here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
# A path named in running text, such as `searchkit/limits.py`: it has a slash and an ending of ours.
NAMED = re.compile(r"`((?:searchkit|crawler|cli|tests|data|benchmarks)/[\w./-]*)`")


def documents() -> list[Path]:
    """Every Markdown file git knows of, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return [path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts)]
    return sorted({ROOT / name for name in done.stdout.splitlines() if (ROOT / name).exists()})


def anchors(text: str) -> set[str]:
    """What `#...` can point at in a document: its headings as code hosts spell them."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    """A relative link names a file that exists and, after #, a heading of it."""
    text = document.read_text(encoding="utf-8")
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_named_is_there(document):
    """A path of this repository written as code exists."""
    for name in NAMED.findall(document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), f"{document.name} speaks of {name}"

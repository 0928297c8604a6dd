"""How the tests of the documents run a command line as its reader would: in a shell, in a directory of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def shell(script: str, where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines, stopping at the first that fails, with `searchkit` meaning this repository's command."""
    define = f'set -e\nsearchkit() {{ {shlex.quote(sys.executable)} -m cli "$@"; }}\n'
    return subprocess.run(
        ["/bin/sh", "-c", define + script],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def searchkit(
    *arguments: str | Path, where: Path | None = None, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run one command and keep what it wrote."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        cwd=where or ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        input=given if given is not None else b"",
        capture_output=True,
        timeout=240,
        check=False,
    )

"""Build one engine's index in a process of its own, so that CPU time and memory are its alone.

    python -m benchmarks.build tantivy CORPUS DIRECTORY

prints one JSON object: CPU seconds of all threads, wall seconds, and how much memory the process held at its peak beyond
what it held before (the interpreter, the corpus's path, nothing else). Importing the engine is part of it in both.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_UNIT = 1 if sys.platform == "darwin" else 1024


def build_in_child(name: str, corpus: Path, directory: Path) -> dict[str, Any]:
    """Run this module for one engine and give back what it printed.

    Raises
    ------
    RuntimeError
        If the child failed; with the last line it wrote.
    """
    directory.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.build", name, str(corpus), str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main(name: str, corpus: str, directory: str) -> None:
    """Build and print."""
    from benchmarks.peers import PEERS

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    PEERS[name].build(Path(corpus), Path(directory))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak * _UNIT / 1e6, 1)}))


if __name__ == "__main__":
    main(*sys.argv[1:])

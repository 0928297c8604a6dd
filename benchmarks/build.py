"""Build one engine's index in a process of its own, so that CPU time and memory are its alone.

    python -m benchmarks.build tantivy CORPUS DIRECTORY

prints one JSON object: CPU seconds of all threads, wall seconds, and how much memory the process held at its peak, the
interpreter and pages of mapped files among it. Importing the engine is part of all three.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


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


def peak_bytes() -> int:
    """The most memory this process has held since it began its program."""
    try:
        # Not ru_maxrss where there is better: it also knows what the parent held when it started us.
        with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(name: str, corpus: str, directory: str) -> None:
    """Build and print."""
    from benchmarks.peers import PEERS

    cpu, wall = time.process_time(), time.perf_counter()
    PEERS[name].build(Path(corpus), Path(directory))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "peak_mb": round(peak_bytes() / 1e6, 1)}))


if __name__ == "__main__":
    main(*sys.argv[1:])

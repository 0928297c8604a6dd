"""Run every benchmark of this folder, or those named, one after the other, each in a process of its own.

    python -m benchmarks                 all of them
    python -m benchmarks agreement       this one

Exit status 1 if any of them found something wrong. One whose data is not there says so and counts as done.
"""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run them; how many were not content decides the exit status."""
    known = sorted(
        module.name
        for module in pkgutil.iter_modules([str(HERE)])
        if module.name[0] != "_" and module.name != "measures"
    )
    wanted = sys.argv[1:] or known
    if unknown := sorted(set(wanted) - set(known)):
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    data = Path(os.environ.get("SEARCHKIT_DATA", HERE.parent.parent / "shared" / "data"))
    if not data.is_dir():
        print(
            f"{data} is not there, so nothing can be measured; data/README.md says what belongs in it", file=sys.stderr
        )
        return 0
    failed = 0
    for name in wanted:
        print(f"--- {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", "--data", str(data)]
        failed += subprocess.run(command, cwd=HERE.parent, check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

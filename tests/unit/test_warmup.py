"""What is compiled beside the rest is waited for, ends with it, and is missed by nobody if it fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from searchkit import warmup


def test_the_process_beside_finds_what_it_shall_compile() -> None:
    """It fails silently, so that a name that is no more would only be noticed by the time it takes."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}  # Nothing is compiled; all is looked up and called.
    subprocess.run([sys.executable, "-c", warmup._BESIDE], env=environment, check=True)


def test_it_is_waited_for(tmp_path: Path) -> None:
    """What it does is done afterwards."""
    done = tmp_path / "done"
    with warmup._beside(f"import time; time.sleep(0.2); open({str(done)!r}, 'w')") as wait:
        wait()
        assert done.exists()


def test_it_ends_with_the_block() -> None:
    """Also where somebody interrupts; nobody waits for it then."""
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), warmup._beside("import time; time.sleep(60)"):
        raise KeyboardInterrupt
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("executable", [sys.executable, "/nowhere/python"])
def test_one_that_fails_is_missed_by_nobody(executable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that breaks nor one that cannot be started."""
    monkeypatch.setattr(sys, "executable", executable)
    with warmup._beside("raise SystemExit(3)") as wait:
        wait()

"""Where compiled code is kept: one private place for each version and processor, or none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from searchkit import kernel_cache


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, named through the environment."""
    monkeypatch.setenv("SEARCHKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_directory_is_private_and_named_after_what_it_holds(cache: Path) -> None:
    """Processor and digest stand in its name; nobody else may look into it; asking again gives the same."""
    found = kernel_cache.directory("zen9")
    assert found == cache / "kernels" / f"zen9-{kernel_cache.digest()}"
    assert found.stat().st_mode & 0o777 == 0o700
    assert kernel_cache.directory("zen9") == found != kernel_cache.directory("other")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="file modes are those of POSIX")
def test_a_directory_others_can_write_to_is_not_used(cache: Path) -> None:
    """Compiled code is run as it is found, so it must not be somebody else's."""
    found = kernel_cache.directory("zen9")
    assert found is not None
    found.chmod(0o777)
    assert kernel_cache.directory("zen9") is None


def test_where_no_directory_can_be_made_there_is_none(cache: Path) -> None:
    """A file in the way is no error: numba's own cache serves."""
    cache.write_text("in the way")
    assert kernel_cache.directory("zen9") is None


def test_a_change_of_any_kernel_changes_the_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also in a file that another kernel only imports, which numba's own cache would not notice."""
    package = tmp_path / "package"
    (package / "rank" / "kernels").mkdir(parents=True)
    (package / "jit.py").write_text("how")
    (package / "rank" / "kernels" / "heap.py").write_text("first")
    monkeypatch.setattr(kernel_cache, "_PACKAGE", package)
    first = kernel_cache.digest()
    (package / "rank" / "kernels" / "heap.py").write_text("second")
    assert kernel_cache.digest() != first


def test_versions_nobody_uses_are_removed(cache: Path) -> None:
    """After thirty days without use; what is in use stays."""
    old, new = kernel_cache.directory("old"), kernel_cache.directory("new")
    assert old is not None and new is not None
    os.utime(old, (0, 0))
    assert kernel_cache.remove_stale() == 1
    assert not old.exists() and new.exists()


def test_one_process_at_a_time_writes_kernels(cache: Path, tmp_path: Path) -> None:
    """What compiles a kernel waits until nobody else is writing, and then has it kept."""
    (tmp_path / "kernel.py").write_text(
        "from searchkit import jit\nadd = jit.njit(cache=True)(lambda a: a + 1)\nprint(add(1), flush=True)\n"
    )
    command, environment = [sys.executable, str(tmp_path / "kernel.py")], {**os.environ, "PYTHONPATH": str(Path.cwd())}
    script = "from searchkit import jit; print(jit.cache_directory())"
    found = Path(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    )
    with kernel_cache.alone(found):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=4)
        assert not list(found.rglob("*.nbc"))
    assert child.communicate(timeout=60)[0].strip() == b"2"
    assert list(found.rglob("*.nbc"))


def test_kernels_are_cached_there_and_others_are_left_alone(cache: Path) -> None:
    """Ours in our directory, beside nothing of anybody else's: numba's own setting is as it was."""
    script = (
        "import json, numba, pathlib, sys\n"
        "from searchkit import jit\n"
        "from searchkit.rank.kernels.heap import push\n"
        "print(json.dumps([str(jit.cache_directory()), push._cache._cache_path, numba.config.CACHE_DIR]))"
    )
    ours, used, others = json.loads(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    )
    assert ours.startswith(str(cache)) and used.startswith(ours)
    assert others == ""


def test_what_is_compiled_is_loaded_without_the_compiler(cache: Path) -> None:
    """A process that finds its kernels in the cache does not make ready to compile, and still can."""
    script = """
import sys, numpy as np
from searchkit.suggest.kernels import words
for kind in (np.uint64, np.int64):
    slots = np.zeros(4, kind)
    words._refill(np.array([7], kind), slots)
    print(int(slots[3]), "numba.np.linalg" in sys.modules)
"""
    told = [
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
        for text in (script.replace("np.int64)", ")"), script)
    ]
    assert told == [["7", "True"], ["7", "False", "7", "True"]]

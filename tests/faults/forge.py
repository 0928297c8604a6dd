"""Processes to be broken: each forked from one that has everything loaded, so that a thousand of them take minutes.

A `Forge` is such a process, started afresh (so it has no threads and nothing open), with a library between it
and the C library (shim.c) that can fail the n-th write, sync or rename, or record them all. `Forge.run` forks a
child of it that runs one command or one function of `tasks.py`; the child may be killed, limited, or armed, and
what it wrote until then is in files. Where there is no C compiler there is no shim, and tests that need it skip.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"write": 1, "sync": 2, "name": 3, "unlink": 4, "open": 5, "size": 6, "short": 7}
"""What can fail: see shim.c. `name` is rename, link and mkdir; `size` is ftruncate and fallocate."""


def compiler() -> str | None:
    """A C compiler, if there is one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build_shim(folder: Path) -> Path | None:
    """Compile shim.c; None where that cannot be done."""
    cc = compiler()
    if cc is None or sys.platform != "linux":
        return None
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    made = subprocess.run([cc, "-shared", "-fPIC", "-O1", "-o", library, source, "-lpthread"], check=False)
    return library if made.returncode == 0 else None


@dataclass(frozen=True)
class Outcome:
    """How a child ended: `status` is an exit status, or minus the number of a signal; `hit` whether a call was failed."""

    status: int
    out: bytes
    err: str
    took: float
    timed_out: bool = False
    hit: bool = False

    @property
    def events(self) -> list[Any]:
        """Whole JSON lines it wrote."""
        return [
            json.loads(line) for line in self.out.splitlines(keepends=True) if line[:1] == b"{" and line.endswith(b"\n")
        ]

    @property
    def last(self) -> Any:
        """The last of them, or None."""
        return self.events[-1] if self.events else None


class Forge:
    """A process that children are forked from; a context manager."""

    def __init__(self, *, shim: bool = False, preload: tuple[str, ...] = ("cli.app", "tests.faults.tasks")) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="searchkit-forge-"))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        self.shim = build_shim(self.folder) if shim else None
        if self.shim:
            environment["LD_PRELOAD"] = str(self.shim)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forge", *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def memory_bytes(self) -> int:
        """Address space a child begins with."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmSize")).split()[1]) << 10

    def run(
        self,
        task: list[Any],
        *,
        kill_after: float | None = None,
        timeout: float = 120.0,
        **setup: Any,
    ) -> Outcome:
        """Run ``["cli", argument...]`` or ``[function of tasks.py, argument...]`` in a child.

        Parameters
        ----------
        kill_after : float, optional
            Seconds after which it is killed.
        setup : optional
            `fail`: (path, kind, n, errno); `record`: (path, log); `limits`: {"FSIZE": bytes, ...}; `cwd`.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        out, err, hit = self.folder / "out", self.folder / "err", self.folder / "out.hit"
        hit.unlink(missing_ok=True)
        self._process.stdin.write(json.dumps({"task": task, "out": str(out), "err": str(err), **setup}) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        began = time.monotonic()
        deadline = timeout if kill_after is None else kill_after
        timed_out = False
        ended = _ended_within(pid, deadline)
        if not ended:
            timed_out = kill_after is None
            _kill(pid)
        self._process.stdin.write("reap\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        took = time.monotonic() - began
        failed = hit.exists() and hit.read_text() == "1"
        return Outcome(status, out.read_bytes(), err.read_text(errors="replace"), took, timed_out, failed)


def _ended_within(pid: int, seconds: float) -> bool:
    """Wait for a process that is not our child: its handle becomes readable when it ends."""
    import select

    handle = os.pidfd_open(pid)
    try:
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        return bool(waiting.poll(max(seconds, 0) * 1e3))
    finally:
        os.close(handle)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)  # Not yet reaped, so the number is still that of our child.


# --- in the forge ---------------------------------------------------------------------------------------


def mark(text: str) -> None:
    """Put a mark into the record of what a task does, if there is one."""
    library = _library()
    if library is not None:
        library.shim_mark(text.encode())


def _library() -> Any:
    try:
        library = ctypes.CDLL(None)
        library.shim_mark  # noqa: B018 - whether there is one
    except AttributeError:
        return None
    return library


def _child(order: dict[str, Any]) -> int:
    """What a child does; its exit status."""
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name, value in order.get("limits", {}).items():
        which = getattr(resource, f"RLIMIT_{name}")
        resource.setrlimit(which, (value, resource.getrlimit(which)[1]))
    library = _library()
    if order.get("fail"):
        path, kind, nth, error = order["fail"]
        library.shim_arm(path.encode(), KINDS[kind], ctypes.c_long(nth), error)
    if order.get("record"):
        path, log = order["record"]
        library.shim_record(path.encode(), log.encode())
    name, *arguments = order["task"]
    try:
        if name == "cli":
            return _command(arguments)
        module = importlib.import_module("tests.faults.tasks")
        getattr(module, name)(*arguments)
        return 0
    finally:
        if order.get("fail"):
            Path(order["out"] + ".hit").write_text(str(library.shim_hit()))


def _command(arguments: list[str]) -> int:
    from cli.app import main

    sys.argv = ["searchkit", *arguments]
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def _serve() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    importlib.import_module("tests.faults.tasks").warm()
    orders, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    for line in orders:
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                sys.stdout, sys.stderr = (open(fd, "w", closefd=False) for fd in (1, 2))  # noqa: SIM115
                status = _child(json.loads(line))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        answers.write(f"{pid}\n")
        answers.flush()
        orders.readline()
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        answers.flush()


if __name__ == "__main__":
    _serve()

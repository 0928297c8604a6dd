"""Readers and a writer, for as long as one likes: each reader sees one whole commit, whatever happens to the others.

The writer updates, deletes and adds, merges every few commits, and notes the number of each commit as a mark. What a
commit holds follows from its number, so a reader can tell whether what it sees is that commit and nothing else.
Two of four readers are stopped for a while (SIGSTOP) or killed now and then; times are taken of the other two, with
the writer at work and at rest by turns.

    python -m tests.faults.together writer DIR PHASE SECONDS
    python -m tests.faults.together reader DIR PHASE OUT ENGINE
"""

from __future__ import annotations

import array
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import searchkit
from tests.faults.forge import ROOT
from tests.faults.report import Report
from tests.faults.story import WORDS

DOCUMENTS, BATCH = 4_000, 60
MERGE_EVERY = 5
QUERY_PAUSE_S, COMMIT_PAUSE_S = 0.02, 4.0
"""A search every twentieth of a second, the first after each commit paying for opening it: less than one in a hundred."""


def text(number: int, version: int) -> str:
    """Text of a document as commit `version` wrote it."""
    draw = random.Random(number * 1_000_003 + version)
    return " ".join(draw.choices(WORDS, k=40)) + f" version{version}"


def changes(version: int) -> tuple[list[int], int]:
    """Documents that a commit writes, and one that it deletes."""
    written = {(version * BATCH + step) * 7 % DOCUMENTS for step in range(BATCH)}
    written |= {_deleted(version - 1)} - {_deleted(version)}
    return sorted(written - {_deleted(version)}), _deleted(version)


def _deleted(version: int) -> int:
    return version * 31 % DOCUMENTS


WARM = """import sys, searchkit
for query in ("river", "river stone", "+river +stone", '"river stone"', "river stone bread water"):
    searchkit.open(sys.argv[1]).search(query, engine="numba")
"""


class Model:
    """Which commit wrote each document, as of some commit."""

    def __init__(self) -> None:
        self.version = 0
        self.documents = dict.fromkeys(range(DOCUMENTS), 0)

    def advance(self, version: int) -> None:
        """Go on to a later commit."""
        for number in range(self.version + 1, version + 1):
            written, deleted = changes(number)
            self.documents.pop(deleted, None)
            for document in written:
                self.documents[document] = number
        self.version = max(self.version, version)


def _phase(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return "end"


def write(directory: str, phase: str, pause: str) -> None:
    """Commit after commit, with so many seconds between two."""
    with searchkit.open(directory) as index, index.writer() as writer:
        version = index.marks["version"]
        while (now := _phase(phase)) != "end":
            if now == "quiet":
                time.sleep(0.1)
                continue
            version += 1
            written, deleted = changes(version)
            writer.delete(str(deleted))
            writer.add_many({"id": str(number), "text": text(number, version)} for number in written)
            writer.commit({"version": version})
            if version % MERGE_EVERY == 0:
                writer.merge_all()
            time.sleep(float(pause))
    print(json.dumps({"commits": version}))


def read(directory: str, phase: str, out: str, ranker: str) -> None:
    """Look again and again, and keep the times."""
    model, draw = Model(), random.Random(os.getpid())
    times = {"quiet": array.array("d"), "busy": array.array("d")}
    wrong: list[str] = []
    looked = 0
    held: tuple[Any, int, list[tuple[str, float]]] | None = None
    with searchkit.open(directory) as index:
        while (now := _phase(phase)) != "end" and len(wrong) < 10:
            query = " ".join(draw.choices(WORDS, k=2))
            began = time.perf_counter()
            try:
                found = index.search(query, engine=ranker).hits
                [hit.id for hit in found]
                took = time.perf_counter() - began
                if _phase(phase) == now and now in times and looked > 50:
                    times[now].append(took)
                with index.snapshot() as snapshot:
                    wrong += _look(snapshot, model, draw)
                if held is None:
                    snapshot = index.snapshot()
                    held = snapshot, looked + 200, [(hit.id, hit.score) for hit in snapshot.search("river").hits]
                elif looked > held[1]:
                    again = [(hit.id, hit.score) for hit in held[0].search("river").hits]
                    wrong += ["a held snapshot changed"] * (again != held[2])
                    held[0].close()
                    held = None
            except Exception as error:
                wrong.append(f"{type(error).__name__}: {error}")
            looked += 1
            time.sleep(QUERY_PAUSE_S)
    for name, taken in times.items():
        Path(f"{out}.{name}").write_bytes(taken.tobytes())
    Path(out).write_text(json.dumps({"looked": looked, "wrong": wrong}))


def _look(snapshot: Any, model: Model, draw: random.Random) -> Iterator[str]:
    version = snapshot.held.state.marks["version"]
    if version < model.version:
        yield f"went back from commit {model.version} to {version}"
        return
    model.advance(version)
    if snapshot.documents != len(model.documents):
        yield f"commit {version}: {snapshot.documents} documents, not {len(model.documents)}"
    for number in draw.sample(list(model.documents), 3):
        if snapshot.get(str(number))["text"] != text(number, model.documents[number]):
            yield f"commit {version}: document {number} is not that of commit {model.documents[number]}"
    newest = {str(number) for number, wrote in model.documents.items() if wrote == version and version}
    found = {hit.id for hit in snapshot.search(f"version{version}", limit=2 * BATCH).hits} if version else set()
    if found != newest:
        yield f"commit {version}: found {len(found)} of {len(newest)} documents it wrote"


# --- in charge ------------------------------------------------------------------------------------------


def run(
    report: Report,
    *,
    seconds: float = 3_600,
    quiet: float = 60,
    pause: float = COMMIT_PAUSE_S,
    ranker: str = "auto",
    judged: bool = True,
    seed: int = 1,
) -> None:
    """Four readers and a writer for so many seconds, at rest for `quiet` seconds a sixth of the time."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        site, phase = folder / "site", folder / "phase"
        phase.write_text("quiet")
        _fresh(site, Model())
        if ranker == "auto":  # Kernels that were never compiled take their time, once; that is not what is measured.
            subprocess.run([sys.executable, "-c", WARM, str(site)], cwd=ROOT, check=True)
        processes = {"writer": _start("writer", site, phase, pause)}
        number = 0
        for name in ("steady0", "steady1", "unlucky0", "unlucky1"):
            processes[name] = _start("reader", site, phase, folder / name, ranker)
        sizes: list[int] = []
        end = time.monotonic() + seconds
        stopped: dict[str, float] = {}
        while time.monotonic() < end:
            left = end - time.monotonic()
            _set_phase(phase, "quiet" if (seconds - left) % (6 * quiet) < quiet else "busy")
            time.sleep(0.5)
            sizes.append(_size(site))
            for name, until in list(stopped.items()):
                if time.monotonic() > until:
                    processes[name].send_signal(signal.SIGCONT)
                    del stopped[name]
            unlucky = f"unlucky{draw.randrange(2)}"
            if unlucky not in stopped and draw.random() < 0.05:
                if draw.random() < 0.5:
                    processes[unlucky].send_signal(signal.SIGSTOP)
                    stopped[unlucky] = time.monotonic() + draw.uniform(2, 20)
                    report.count("stopped")
                else:
                    processes[unlucky].kill()
                    processes[unlucky].wait()
                    number += 1
                    processes[unlucky] = _start("reader", site, phase, folder / f"again{number}", ranker)
                    report.count("killed")
            for name, process in processes.items():
                if process.poll() is not None:
                    report.wrong(f"{name} ended with {process.returncode}")
                    end = 0
        for name in stopped:
            processes[name].send_signal(signal.SIGCONT)
        _set_phase(phase, "end")
        commits = _gather(report, folder, processes)
        _figures(report, folder, site, sizes, commits, judged=judged)


def _set_phase(phase: Path, now: str) -> None:
    """At once or not at all: a reader must not find half of it."""
    other = phase.with_suffix(".new")
    other.write_text(now)
    other.replace(phase)


def _fresh(site: Path, model: Model) -> int:
    """Write the documents of a model to a new index in one go; its size."""
    with searchkit.create(site) as index, index.writer() as writer:
        order = sorted(model.documents, key=lambda number: (model.documents[number], number))
        writer.add_many({"id": str(number), "text": text(number, model.documents[number])} for number in order)
        writer.commit({"version": model.version})
        writer.merge_all()
    return _size(site)


def _size(site: Path) -> int:
    total = 0
    for path in site.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # It went while we looked.
    return total


def _start(role: str, site: Path, *more: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.faults.together", role, str(site), *map(str, more)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _gather(report: Report, folder: Path, processes: dict[str, subprocess.Popen[bytes]]) -> int:
    commits = 0
    for name, process in processes.items():
        try:
            out, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        if process.returncode or b"Traceback" in err:
            report.wrong(f"{name} ended with {process.returncode}: {err.decode()[-500:]}")
        elif name == "writer":
            commits = json.loads(out)["commits"]
    for path in folder.iterdir():
        if path.is_file() and path.name[:-1].rstrip("0123456789") in ("steady", "unlucky", "again") and not path.suffix:
            facts = json.loads(path.read_text())
            report.count("looked", facts["looked"])
            for wrong in facts["wrong"]:
                report.wrong(f"{path.name}: {wrong}")
    return commits


def _figures(report: Report, folder: Path, site: Path, sizes: list[int], commits: int, *, judged: bool) -> None:
    report.figures["commits"] = commits
    times = {}
    for name in ("quiet", "busy"):
        taken = array.array("d")
        for path in folder.glob(f"steady*.{name}"):
            taken.frombytes(path.read_bytes())
        ordered = sorted(taken)
        if ordered:
            times[name] = ordered[int(len(ordered) * 0.99)]
            report.figures[f"{name}_p50_ms"] = round(ordered[len(ordered) // 2] * 1e3, 2)
            report.figures[f"{name}_p99_ms"] = round(times[name] * 1e3, 2)
            report.figures[f"{name}_searches"] = len(ordered)
    model = Model()
    model.advance(commits)
    shutil.rmtree(folder / "fresh", ignore_errors=True)
    now = _fresh(folder / "fresh", model)
    report.figures["size_of_fresh"] = round(max(sizes) / now, 2)
    report.figures["size_at_the_end"] = round(_size(site) / now, 2)
    with searchkit.open(site) as index:
        for finding in index.check().findings:
            report.wrong(finding)
        if len(index) != len(model.documents):
            report.wrong(f"{len(index)} documents in the end, not {len(model.documents)}")
    if report.figures["size_of_fresh"] > 2.5:
        report.wrong(f"the index grew to {report.figures['size_of_fresh']} times its fresh size")
    if judged and len(times) == 2 and times["busy"] > 3 * times["quiet"]:
        report.wrong(f"p99 with a writer is {times['busy'] / times['quiet']:.1f} times that without")


if __name__ == "__main__":
    {"writer": write, "reader": read}[sys.argv[1]](*sys.argv[2:])

"""Kill `searchkit index` at random moments and run it again: nothing acknowledged is lost, nothing is doubled.

Each round starts the command on a copy of the same start, kills it (SIGKILL, so nothing can tidy up) after a random
part of the time an undisturbed run takes, checks what is there against what was acknowledged, sometimes kills the second
run too, lets the last one finish, and compares the export with that of an undisturbed run.

SEARCHKIT_KILLS sets the number of rounds; the seed of each is printed when it fails.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time

import pytest

from tests.docs.commands import ROOT, searchkit

ROUNDS = int(os.environ.get("SEARCHKIT_KILLS", "2"))
RECORDS = 1_500
WORDS = "river stone bread oven rye yeast flour loaf knife path index letter water salt heat stream file word".split()


def records(seed: int, *, changed: bool = False) -> list[dict[str, str]]:
    """Documents that only depend on the seed; with `changed`, every third has another text."""
    draw = random.Random(seed)
    made = []
    for number in range(RECORDS):
        text = " ".join(draw.choices(WORDS, k=40))
        if changed and number % 3 == 0:
            text += " changed"
        made.append({"id": f"doc{number}", "title": f"Document {number}", "text": text})
    return made


def write(path, made):
    """Records as JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in made), encoding="utf-8")


def export(where) -> list[dict[str, str]]:
    """What is in an index, in order of arrival."""
    done = searchkit("export", where)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(where, source, *, kill_after: float | None = None, jobs: int = 1) -> tuple[list[dict[str, int]], float]:
    """Index with small commits; the events that arrived, and how long it took. Killed after `kill_after` seconds."""
    began = time.monotonic()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cli",
            "index",
            str(where),
            str(source),
            "--json",
            "--batch",
            "100",
            "--jobs",
            str(jobs),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, err = process.communicate(timeout=kill_after or 240)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    assert b"Traceback" not in err, err.decode()
    return [json.loads(line) for line in out.splitlines() if line.endswith(b"}")], time.monotonic() - began


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """An index made in one go, then updated in one go: what every killed one must end as; and the time both took."""
    where = tmp_path_factory.mktemp("undisturbed")
    write(where / "first.jsonl", records(1))
    write(where / "second.jsonl", records(1, changed=True))
    first, fast = run(where / "site", where / "first.jsonl")
    assert first[-1]["event"] == "done"
    before = export(where / "site")
    second, slow = run(where / "site", where / "second.jsonl")
    assert second[-1]["updated"] == RECORDS // 3
    return where, before, export(where / "site"), max(fast, slow)


@pytest.mark.timeout(60 + 60 * ROUNDS)
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(undisturbed, tmp_path):
    """However often the command is killed: acknowledged records are there, and the end is that of a quiet run."""
    source, first, second, seconds = undisturbed
    for number in range(ROUNDS):
        seed = random.SystemRandom().randrange(1 << 32)
        draw = random.Random(seed)
        where = tmp_path / f"site{number}"
        for name, want in (("first.jsonl", first), ("second.jsonl", second)):
            wanted = {record["id"]: record for record in want}
            given = [json.loads(line)["id"] for line in (source / name).read_text(encoding="utf-8").splitlines()]
            for _ in range(draw.randint(1, 2)):
                events, _took = run(
                    where, source / name, kill_after=draw.uniform(0.1, seconds * 1.05), jobs=1 + number % 2
                )
                durable = max((event["records"] for event in events if event["event"] == "commit"), default=0)
                if not durable and name == "first.jsonl" and not (where / "index").exists():
                    continue  # killed before anything was made
                status = searchkit("stats", where)
                if status.returncode:
                    assert not durable, (seed, status.stderr)
                    continue
                there = export(where)
                ids = [record["id"] for record in there]
                assert len(set(ids)) == len(ids), seed
                by_id = {record["id"]: record for record in there}
                assert all(by_id.get(id) == wanted[id] for id in given[:durable]), seed
            events, _took = run(where, source / name)
            assert events[-1]["event"] == "done", seed
            assert sorted(export(where), key=lambda r: r["id"]) == sorted(want, key=lambda r: r["id"]), seed
        assert searchkit("check", where).returncode == 0, seed

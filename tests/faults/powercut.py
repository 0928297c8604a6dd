"""What a power cut could leave: writes that were never synced are dropped, reordered and torn, and the rest must do.

A run is recorded call by call (shim.c). An image is what a disk may hold if the power fails after some call: all
that was synced, and of the rest whatever chance takes. Two models of a file system say what a sync covers:

ordered  as journalling file systems do it (ext4, XFS): names become durable in the order they were made, with any
         sync at the latest; of data not synced any pages of 4,096 bytes may be missing.
strict   as POSIX promises it and no more: a file's sync covers its bytes, its directory's sync its name; of data not
         synced any sectors of 512 bytes may be missing, and of names not synced any.

Every image must open at the last acknowledged step, or at the one that was under way; then work must go on.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import story
from tests.faults.forge import Forge
from tests.faults.judge import judge_index, judge_pages, judge_sound
from tests.faults.report import Report

UNIT = {"ordered": 4096, "strict": 512}
STEPS, PAGES = 10, 40


@dataclass
class Call:
    """One recorded call."""

    what: str
    arguments: list[str]
    data: bytes


def read_log(path: Path) -> list[Call]:
    """The calls of a record."""
    data = path.read_bytes()
    calls, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at)
        *head, size = data[at:end].decode().split("\t")
        calls.append(Call(head[0], head[1:], data[end + 1 : end + 1 + int(size)]))
        at = end + 1 + int(size) + 1
    return calls


@dataclass
class File:
    """A file: what is surely on disk, and the writes (offset, bytes) and sizes (size, None) that need not be."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """Everything is on disk."""
        self.durable = self.content(None, 1)
        self.pending = []

    def content(self, draw: random.Random | None, unit: int) -> bytearray:
        """What is there, or, with `draw`, what chance leaves of it."""
        data = bytearray(self.durable)
        share = draw.choice([0.0, 0.1, 0.5, 0.9, 1.0]) if draw else 1.0
        for at, written in self.pending:
            if written is None:
                if draw is None or draw.random() < share:
                    del data[at:]
                    data += bytes(at - len(data))
                continue
            if draw is None:
                _write(data, at, written)
                continue
            place = at
            while place < at + len(written):
                end = min((place // unit + 1) * unit, at + len(written))
                if draw.random() < share:
                    _write(data, place, written[place - at : end - at])
                place = end
        return data


def _write(data: bytearray, at: int, written: bytes) -> None:
    if len(data) < at:
        data += bytes(at - len(data))
    data[at : at + len(written)] = written


class Disk:
    """A file system under one of the models, as far as a record has been played to it."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.files: dict[str, File] = {}
        self.names: dict[str, str | None] = {}
        """Durable names: the inode, or None for a directory."""
        self.pending: list[tuple[str, str, str | None]] = []
        """Names not yet durable: what ("set" or "gone"), path, inode."""
        self.now: dict[str, str | None] = {}

    def play(self, call: Call) -> None:
        """Do one call."""
        what, arguments, data = call.what, call.arguments, call.data
        if what == "CREATE":
            self.files[arguments[0]] = File()
            self._name("set", data.decode(), arguments[0])
        elif what == "MKDIR":
            self._name("set", data.decode(), None)
        elif what == "UNLINK":
            self._name("gone", data.decode(), None)
        elif what in ("LINK", "RENAME"):
            source, target = data.decode().split("\n")
            inode = self.now.get(source)
            if what == "RENAME":
                self._name("gone", source, None)
            self._name("set", target, inode)
        elif what == "WRITE" and arguments[0] in self.files:
            file = self.files[arguments[0]]
            if arguments[2] == "1":  # O_DSYNC: on disk before the call returns.
                _write(file.durable, int(arguments[1]), data)
            else:
                file.pending.append((int(arguments[1]), data))
        elif what == "SIZE" and arguments[0] in self.files:
            self.files[arguments[0]].pending.append((int(arguments[1]), None))
        elif what == "SYNC":
            self._sync(arguments[0], data.decode())

    def _name(self, what: str, path: str, inode: str | None) -> None:
        self.pending.append((what, path, inode))
        if what == "set":
            self.now[path] = inode
        else:
            self.now.pop(path, None)

    def _sync(self, inode: str, path: str) -> None:
        if inode in self.files:
            self.files[inode].sync()
            if self.model == "strict":
                return
        for change in self.pending:
            if self.model == "ordered" or str(Path(change[1]).parent) == path:
                _apply(self.names, change)
        self.pending = [
            change for change in self.pending if self.model != "ordered" and str(Path(change[1]).parent) != path
        ]

    def image(self, draw: random.Random) -> dict[str, bytes | None]:
        """Files (None for directories) that a power cut now may leave."""
        names = dict(self.names)
        if self.model == "ordered":
            for change in self.pending[: draw.randint(0, len(self.pending))]:
                _apply(names, change)
        else:
            share = draw.choice([0.0, 0.3, 0.7, 1.0])
            for change in self.pending:
                if draw.random() < share:
                    _apply(names, change)
        contents = {inode: bytes(file.content(draw, UNIT[self.model])) for inode, file in self.files.items()}
        return {path: None if inode is None else contents.get(inode, b"") for path, inode in names.items()}


def _apply(names: dict[str, str | None], change: tuple[str, str, str | None]) -> None:
    what, path, inode = change
    if what == "set":
        names[path] = inode
    else:
        names.pop(path, None)


def lay_out(image: dict[str, bytes | None], before: Path, where: Path) -> None:
    """Write an image of what was at `before` to `where`; what lies in a directory that is lost is lost with it."""
    where.mkdir(parents=True)
    for path in sorted(image):
        there = where / Path(path).relative_to(before)
        if path == str(before) or not there.parent.is_dir():
            continue
        data = image[path]
        if data is None:
            there.mkdir(exist_ok=True)
        else:
            there.write_bytes(data)


def run(report: Report, *, images: int = 300, seed: int = 1, models: tuple[str, ...] = ("ordered", "strict")) -> None:
    """So many images under each model, two thirds of an index and one of a page store."""
    with Forge(shim=True) as forge, tempfile.TemporaryDirectory() as scratch:
        if forge.shim is None:
            report.figures["skipped"] = "there is no C compiler to make the shim with"
            return
        root = Path(scratch)
        for model in models:
            bad = len(report.bad)
            _images(forge, report, root, model, "index", 2 * images // 3, seed)
            _images(forge, report, root, model, "crawl", images - 2 * images // 3, seed)
            report.figures[f"{model}_bad"] = len(report.bad) - bad


def _images(forge: Forge, report: Report, root: Path, model: str, job: str, images: int, seed: int) -> None:
    draw = random.Random(f"{model} {job} {seed}")
    left = images
    while left > 0:
        story_seed = draw.randrange(1 << 30)
        before, log = root / "recorded", root / "log"
        shutil.rmtree(before, ignore_errors=True)
        log.unlink(missing_ok=True)
        before.mkdir()
        task = (
            ["live", str(before / "site"), story_seed, 0, STEPS]
            if job == "index"
            else ["crawl", str(before / "site"), story_seed, 0, PAGES]
        )
        done = forge.run(task, record=(str(before), str(log)))
        assert done.status == 0 and "done" in done.last, done
        calls = read_log(log)
        taken = min(left, 60)
        left -= taken
        for cut in sorted(draw.randrange(len(calls) + 1) for _ in range(taken)):
            about = f"{model} {job}, seed {seed}, story {story_seed}, cut after {cut} of {len(calls)} calls"
            _one(forge, report, root, model, job, calls[:cut], story_seed, before, draw, about)
            report.count(f"{model}_images")


def _one(
    forge: Forge,
    report: Report,
    root: Path,
    model: str,
    job: str,
    calls: list[Call],
    seed: int,
    before: Path,
    draw: random.Random,
    about: str,
) -> None:
    disk = Disk(model)
    least = most = 0
    for call in calls:
        disk.play(call)
        if call.what == "MARK":
            word, number = call.arguments[0].split()
            least, most = (least, int(number)) if word == "begin" else (int(number), int(number))
    image = root / "image"
    shutil.rmtree(image, ignore_errors=True)
    lay_out(disk.image(draw), before, image)
    site = image / "site"
    bad = len(report.bad)
    if job == "crawl":
        judge_pages(forge, report, site, seed, least, most, about)
        again = forge.run(["crawl", str(site), seed, 0, PAGES])
        if again.last != {"done": PAGES}:
            report.wrong(f"{about}: cannot go on: {again.last} {again.err[-300:]}")
        judge_pages(forge, report, site, seed, PAGES, PAGES, about + ", gone on")
    else:
        told = story.steps(seed, STEPS)
        at = judge_index(forge, report, site, told, least, most, about)
        if at is not None:
            judge_sound(forge, report, site, about)
            again = forge.run(["live", str(site), seed, at, STEPS]) if at < STEPS else None
            if again is not None and again.last != {"done": STEPS}:
                report.wrong(f"{about}: cannot go on: {again.last} {again.err[-300:]}")
            judge_index(forge, report, site, told, STEPS, STEPS, about + ", gone on")
    if len(report.bad) > bad:
        report.count("bad_images")

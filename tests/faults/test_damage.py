"""Damage on disk is a typed error that names the file, or it changed nothing: never a crash, never fewer results."""

from __future__ import annotations

import pickle
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import searchkit
from searchkit.errors import DamageError, SearchkitError

TRIALS = 40
TEXT = "the quick brown fox jumps over the lazy dog and other animals of the forest".split()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small index with two segments and deletions."""
    directory = tmp_path_factory.mktemp("sound") / "site"
    draw = random.Random(7)
    with searchkit.create(directory) as index:
        for start in (0, 300):
            with index.writer() as writer:
                for number in range(start, start + 300):
                    text = " ".join(draw.choices(TEXT, k=30))
                    writer.add({"id": str(number), "title": f"page {number}", "text": text})
        with index.writer() as writer:
            writer.delete("5")
    return directory


def flip_bit(path: Path, draw: random.Random) -> None:
    """One bit somewhere in the file."""
    data = bytearray(path.read_bytes())
    at = draw.randrange(len(data))
    data[at] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


def zero_page(path: Path, draw: random.Random) -> None:
    """One page of zeros, as a lost write leaves it."""
    data = bytearray(path.read_bytes())
    at = draw.randrange(len(data) // 4096) * 4096
    data[at : at + 4096] = bytes(4096)
    path.write_bytes(data)


def truncate(path: Path, draw: random.Random) -> None:
    """The end is missing."""
    with path.open("r+b") as file:
        file.truncate(draw.randrange(path.stat().st_size))


def swap_pages(path: Path, draw: random.Random) -> None:
    """Two pages changed places."""
    data = bytearray(path.read_bytes())
    one, other = (draw.randrange(len(data) // 4096) * 4096 for _ in range(2))
    data[one : one + 4096], data[other : other + 4096] = data[other : other + 4096], data[one : one + 4096]
    path.write_bytes(data)


def answers(directory: Path) -> list[list[tuple[str, float, str]]]:
    """What a reader sees."""
    with searchkit.open(directory) as index:
        return [
            [(hit.id, hit.score, str(hit.snippet)) for hit in index.search(query, limit=20).hits]
            for query in ("quick fox", '"brown fox"', "for* -dog", "page")
        ]


PROBE = """
import pickle, sys
from pathlib import Path
from tests.faults.test_damage import answers
from searchkit.errors import SearchkitError
try:
    found = answers(Path(sys.argv[1]))
except SearchkitError as error:
    assert sys.argv[2] in str(error), error
    found = None
pickle.dump(found, sys.stdout.buffer)
"""


@pytest.mark.parametrize("damage", [flip_bit, zero_page, truncate, swap_pages])
def test_a_damaged_segment_is_named_or_harmless(
    sound: Path, tmp_path: Path, damage: Callable[[Path, random.Random], None]
) -> None:
    """Bits, pages, ends: the right answers or an error with the file's name, in this very process."""
    expected = answers(sound)
    draw = random.Random(damage.__name__)
    noticed = 0
    for trial in range(TRIALS):
        directory = tmp_path / str(trial)
        shutil.copytree(sound, directory)
        victim = draw.choice(sorted((directory / "index" / "segments").glob("*.seg")))
        damage(victim, draw)
        try:
            assert answers(directory) == expected
        except DamageError as error:
            assert victim.name in str(error)
            noticed += 1
    assert noticed > TRIALS / 8


@pytest.mark.parametrize("damage", [flip_bit, truncate])
def test_check_finds_every_byte_that_matters(
    sound: Path, tmp_path: Path, damage: Callable[[Path, random.Random], None]
) -> None:
    """`check` reports damage in any part, and names the file."""
    draw = random.Random(11)
    for trial in range(TRIALS // 2):
        directory = tmp_path / str(trial)
        shutil.copytree(sound, directory)
        victim = min((directory / "index" / "segments").glob("*.seg"))
        before = victim.read_bytes()
        damage(victim, draw)
        with searchkit.open(directory) as index:
            report = index.check()
            if report.sound:  # Only slack between values may change unnoticed.
                assert victim.stat().st_size == len(before)
                assert list(index.export()) == list(searchkit.open(sound).export())
            else:
                assert any(victim.name in finding for finding in report.findings)


def test_a_missing_segment_is_named(sound: Path, tmp_path: Path) -> None:
    """A file that went away is an error, not an emptier index."""
    directory = tmp_path / "copy"
    shutil.copytree(sound, directory)
    victim = min((directory / "index" / "segments").glob("*.seg"))
    victim.unlink()
    with searchkit.open(directory) as index, pytest.raises(DamageError, match=victim.name):
        index.search("fox")


def test_a_segment_from_elsewhere_is_refused(sound: Path, tmp_path: Path) -> None:
    """A sound file that is not the one committed does not pass for it."""
    directory = tmp_path / "copy"
    shutil.copytree(sound, directory)
    one, other = sorted((directory / "index" / "segments").glob("*.seg"))
    shutil.copy(other, one)
    with searchkit.open(directory) as index, pytest.raises(DamageError, match=one.name):
        index.search("fox")


def test_a_foreign_catalog_is_refused(sound: Path, tmp_path: Path) -> None:
    """A text file in the catalog's place is an error that names it."""
    directory = tmp_path / "copy"
    shutil.copytree(sound, directory)
    catalog = directory / "index" / "catalog.lmdb"
    catalog.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(SearchkitError, match=r"catalog\.lmdb"):
        searchkit.open(directory)


@pytest.mark.parametrize("left", [None, 0, 1, 2])
def test_a_lost_catalog_is_not_an_index_never_made(sound: Path, tmp_path: Path, left: int | None) -> None:
    """A catalog gone or cut short beside its segments: named by whoever opens or creates, and the segments stay."""
    directory = tmp_path / "copy"
    shutil.copytree(sound, directory)
    catalog = directory / "index" / "catalog.lmdb"
    if left is None:
        catalog.unlink()
    else:
        catalog.write_bytes(catalog.read_bytes()[: left * 4096])
    before = sorted((directory / "index" / "segments").iterdir())
    with pytest.raises(DamageError, match=r"catalog\.lmdb"):
        searchkit.open(directory)
    with pytest.raises(DamageError, match=r"catalog\.lmdb"):
        searchkit.create(directory, exist_ok=True)
    assert sorted((directory / "index" / "segments").iterdir()) == before


def test_a_catalog_cut_short_anywhere_is_noticed(sound: Path, tmp_path: Path) -> None:
    """The right answers or an error that names it, judged in a child process, which a map without a file would end."""
    expected = answers(sound)
    size = (sound / "index" / "catalog.lmdb").stat().st_size
    for cut in range(4096, size, 4096):
        directory = tmp_path / str(cut)
        shutil.copytree(sound, directory)
        with (directory / "index" / "catalog.lmdb").open("r+b") as file:
            file.truncate(cut + 777)
        found = judged_in_a_child(directory)
        assert found is None or found == expected


def judged_in_a_child(directory: Path) -> list[list[tuple[str, float, str]]] | None:
    """What `answers` gives there; None for an error that names the catalog."""
    command = [sys.executable, "-c", PROBE, str(directory), "catalog.lmdb"]
    child = subprocess.run(command, capture_output=True, check=False)
    assert child.returncode == 0, child.stderr.decode()
    found: list[list[tuple[str, float, str]]] | None = pickle.loads(child.stdout)
    return found


def test_a_damaged_catalog_value_is_noticed(sound: Path, tmp_path: Path) -> None:
    """Bits in the values of the catalog: the right answers or an error that names it, judged in a child process."""
    expected = answers(sound)
    draw = random.Random(3)
    for trial in range(8):
        directory = tmp_path / str(trial)
        shutil.copytree(sound, directory)
        catalog = directory / "index" / "catalog.lmdb"
        data = bytearray(catalog.read_bytes())
        at = data.rindex(b'"schema_order"') - draw.randrange(300)
        data[at] ^= 1 << draw.randrange(8)
        catalog.write_bytes(data)
        found = judged_in_a_child(directory)
        assert found is None or found == expected

"""`check` names every file that is damaged, whatever reading it does to the process that reads; repairs are honest."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import searchkit
from searchkit.errors import CatalogDamaged, DamageError, IndexLocked, IndexMissing
from searchkit.index import examine as examining
from searchkit.index.examine import examine
from searchkit.index.repair import drop_segments
from searchkit.pages.records import PageRecord
from searchkit.pages.store import FILE_NAME, PageStore


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Three segments of four documents, one of them deleted, and two crawled pages."""
    directory = tmp_path / "site"
    with searchkit.create(directory) as index:
        for start in (0, 4, 8):
            with index.writer() as writer:
                writer.add_many({"id": f"doc{n}", "text": f"word{n}"} for n in range(start, start + 4))
        with index.writer() as writer:
            writer.delete("doc5")
            writer.commit({"pages": 7})
    with PageStore.create(directory) as store:
        for number in range(2):
            url = f"http://a/{number}"
            store.write(lambda txn, url=url: [txn.discover(url, depth=0), txn.put_page(PageRecord(url, "t", url))])
    return directory


def segments(site: Path) -> list[Path]:
    """Segment files in order of arrival."""
    with searchkit.open(site) as index:
        return [site / "index" / "segments" / f"{entry.id}.seg" for entry in index.snapshot().held.state.segments]


def spoil(path: Path, part: str) -> None:
    """Change the last byte of a part of a segment, found by what it holds."""
    data = bytearray(path.read_bytes())
    at = data.rindex(part.encode())
    data[at] ^= 0xFF
    path.write_bytes(data)


def test_a_sound_collection_has_no_findings(site: Path) -> None:
    """Everything is read, and counted."""
    found = examine(site)
    assert (found.findings, found.segments, found.documents, found.error) == ([], 3, 11, None)
    assert found.bytes_read == sum(path.stat().st_size for path in segments(site))
    with pytest.raises(IndexMissing):
        examine(site / "elsewhere")


def test_every_damaged_file_is_named(site: Path) -> None:
    """Not only the first: each file that cannot be opened, or was changed, the page store too."""
    first, second, third = segments(site)
    first.unlink()
    second.write_bytes(second.read_bytes()[:-4096])
    spoil(third, "doc9")
    pages = site / FILE_NAME
    pages.write_bytes(b"\xff" * pages.stat().st_size)
    said: list[str] = []
    found = examine(site, say=said.append)
    assert sorted(found.damaged) == sorted(path.stem for path in (first, second, third))
    for path in (first, second, third, pages):
        assert any(str(path) in finding for finding in found.findings)
        assert str(path) in said
    with searchkit.open(site) as index:
        assert len(index.check().findings) == 3


def test_a_lost_page_store_is_named(site: Path) -> None:
    """Where a crawl has been, its store is missed."""
    with PageStore.open(site) as store:
        store.lock(1)
    (site / FILE_NAME).unlink()
    assert any(FILE_NAME in finding for finding in examine(site).findings)


@pytest.mark.parametrize(("end", "said"), [("os.kill(os.getpid(), 6)", "SIGABRT"), ("time.sleep(60)", "did not end")])
def test_what_ends_the_reader_is_a_finding(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, said: str
) -> None:
    """A child that dies or hangs over a file: the file is named, and the others are read by the next child."""
    victim = segments(site)[1]
    fake = tmp_path / "python"
    fake.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys, time\n"
        f"sys.argv = sys.argv[2:]\nsys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "from searchkit.index import examine\n"
        "real = examine.examine_segment\n"
        "def look(path, entry, dead):\n"
        f"    if path.name == {victim.name!r}: {end}\n"
        "    return real(path, entry, dead)\n"
        "examine.examine_segment = look\n"
        "where, files, ids = json.loads(sys.argv[1])\n"
        "examine._look(examine.Path(where), set(files), ids=ids)\n"
    )
    fake.chmod(0o755)
    monkeypatch.setattr(examining.sys, "executable", str(fake))
    monkeypatch.setattr(examining, "_PATIENCE_S", 3.0)
    found = examine(site)
    assert found.damaged == [victim.stem]
    assert [said in finding and str(victim) in finding for finding in found.findings] == [True]


def test_dropping_says_what_to_index_again(site: Path) -> None:
    """Ids where they can be read; else the places and the neighbours. The rest is in service, and marks are forgotten."""
    first, second, third = segments(site)
    spoil(second, "word6") if b"word6" in second.read_bytes() else spoil(second, "doc6")
    third.write_bytes(third.read_bytes() + b"more")
    found = examine(site, ids=True)
    dropped = drop_segments(site, found.damaged, found.ids, lock_timeout=1)
    assert [one.segment for one in dropped] == [second.stem, third.stem]
    assert [(one.documents, one.first, one.last) for one in dropped] == [(3, 5, 7), (4, 8, 11)]
    assert dropped[0].ids in (["doc4", "doc6", "doc7"], None)
    assert dropped[1].ids is None
    assert (dropped[1].after, dropped[1].before) == ("doc3", None)
    assert all(Path(one.aside).exists() for one in dropped)
    assert json.dumps([one.to_dict() for one in dropped])
    with searchkit.open(site) as index:
        assert [record["id"] for record in index.export()] == ["doc0", "doc1", "doc2", "doc3"]
        assert index.marks == {}
        assert index.check().sound
    assert drop_segments(site, [second.stem], {}, lock_timeout=1) == []
    assert first.exists()


def test_dropping_waits_for_the_writer(site: Path) -> None:
    """It is a writer like any other."""
    with searchkit.open(site) as index, index.writer(), pytest.raises(IndexLocked):
        drop_segments(site, ["x"], {}, lock_timeout=0.1)


def test_a_catalog_that_cannot_be_read_is_said(site: Path) -> None:
    """Then no segment can be judged, but the page store is."""
    catalog = site / "index" / "catalog.lmdb"
    catalog.write_bytes(b"\xff" * catalog.stat().st_size)
    found = examine(site)
    assert isinstance(found.error, DamageError)
    assert str(catalog) in str(found.error)
    catalog.unlink()
    assert isinstance(examine(site).error, CatalogDamaged)

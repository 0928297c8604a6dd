"""The pages of an LMDB file, read without LMDB: is this file what its last transaction left?

LMDB has no checksums. A flipped bit in the number of its newest transaction makes it open the one before, as
if the newest had never been; a page that is not what a branch says it is ends the process. So a mutable store
is looked at before its values are: both meta pages must name transactions that follow one another, and the
tree of each must hold a record of just that transaction; every page of the newest tree must be where and what
its parent says, every page in use once, no page both in use and free. Of a file that is written once (`spine`) it is
known what its pages were.

A kill or a power cut cannot fail this: LMDB writes new pages beside the old ones, syncs them, and then writes
one meta page, in one sector; it reuses a page only once neither meta page's tree holds it. So both trees are
whole at any moment, the record in each was written by its own transaction, and the older meta page is the
newest but one. Only a meta page that could not be written is left mixed by LMDB; `lmdb_store.py` puts the one
before back at once. What a disk that acknowledges syncs it never did leaves is an older commit, and looks like one.

Cost: about a millisecond for a thousand records. Follows `MDB_meta`, `MDB_page`, `MDB_node` and `MDB_db` of
LMDB 0.9's mdb.c, data version 1. What this module does not know: what the records mean.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from searchkit.errors import DamageError
from searchkit.store.files import os_errors

COMMIT_KEY = b"commit"
"""Key, in the unnamed database, of the record every transaction writes of itself."""

_META = struct.Struct("<QHHHHIIQQ48s48sQQ")
META_BYTES = _META.size
"""Size of what a meta page holds, its page header included."""
_DB = struct.Struct("<IHHQQQQQ")
_PAGE = struct.Struct("<QHHHH")
_NODE = struct.Struct("<HHHH")
_MAGIC, _DATA_VERSION, _NO_PAGE = 0xBEEFC0DE, 1, (1 << 64) - 1
_BRANCH, _LEAF, _OVERFLOW, _META_PAGE = 0x01, 0x02, 0x04, 0x08
_FLAGS_AT = 10
"""Where in a page its flags stand."""
_BIG, _SUB_DATABASE = 0x01, 0x02
_INTEGER_KEY = 0x08
_DEPTH_MAX = 32
_ATTEMPTS = 50
"""Tries to read two meta pages that a writer does not change meanwhile; one takes some 50 microseconds."""


_Key: TypeAlias = Any
"""A key as its database compares it: bytes, or a number in the list of free pages."""


class Meta(NamedTuple):
    """What is needed of a meta page: `free` and `main` are `MDB_db` records, `last` the last page in use."""

    map_bytes: int
    page_bytes: int
    free: bytes
    main: bytes
    last: int
    transaction: int


class Node(NamedTuple):
    """An entry of a page: on a branch `pointer` is a page, on a leaf the size of the value, which lies at `at`."""

    key: bytes
    flags: int
    pointer: int
    at: int


def commit_record(transaction: int) -> bytes:
    """The value a transaction keeps under `COMMIT_KEY`: its number, and a checksum."""
    number = transaction.to_bytes(8, "little")
    return number + zlib.crc32(number).to_bytes(4, "little")


def complete(path: Path, *, writable: bool) -> None:
    """Make a file that was cut short as long again as its meta pages say, with zeros.

    LMDB reads through a map, and to touch a page beyond the end of the file ends the process; a page of zeros
    it calls damage. A shorter file need not be damaged (LMDB leaves out pages that a transaction took and
    gave back), so it is not refused where it can be completed.
    """
    with os_errors(path):
        if not path.exists():
            return
        with open(path, "rb") as file:
            expected = _bytes_expected(file)
            size = os.fstat(file.fileno()).st_size
        if size >= expected:
            return
        if not writable:
            raise DamageError(path, "the size of the file", expected, size)
        # At the end, wherever that is by now: another process may be writing, and no byte of it must be lost.
        with open(path, "ab") as file:
            file.write(bytes(expected - size))


def _bytes_expected(file: BinaryIO) -> int:
    """Bytes a mutable store takes up to the last page of its newest commit, by its two meta pages; 0 if unknown."""
    first = file.read(_META.size)
    page_bytes = page_size(first)
    file.seek(page_bytes)
    expected = 0
    for meta in (first, file.read(_META.size)):
        if len(meta) == _META.size and int.from_bytes(meta[16:20], "little") == _MAGIC:
            size = (int.from_bytes(meta[136:144], "little") + 1) * page_bytes
            if size <= int.from_bytes(
                meta[32:40], "little"
            ):  # Not beyond its map; else it is the number that is wrong.
                expected = max(expected, size)
    return expected


def page_size(meta_page: bytes) -> int:
    """Page size from LMDB's first meta page (`mm_dbs[0].md_pad`); 4096 if that is not a power of two."""
    pad = int.from_bytes(meta_page[40:44], "little")
    return pad if pad in {1 << power for power in range(9, 17)} else 4096


def spine(path: Path) -> tuple[int, int]:
    """Size in bytes of a value file, and a checksum of every page of it that LMDB follows.

    Reads the headers of all runs of overflow pages (where values live) and all other pages whole: a few
    kilobytes. A size or sum that differs from what was noted at writing means that the file must not be
    opened, because LMDB ends the process on some damaged pages.
    """
    with os_errors(path), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        page_bytes = page_size(file.read(4096))
        check, offset = 0, 0
        while offset < size:
            file.seek(offset)
            header = file.read(16)
            flags = int.from_bytes(header[_FLAGS_AT : _FLAGS_AT + 2], "little")
            pages = int.from_bytes(header[12:16], "little")
            if flags == _OVERFLOW and pages > 0:
                check = zlib.crc32(header, check)
                offset += pages * page_bytes
            else:
                check = zlib.crc32(header + file.read(page_bytes - 16), check)
                offset += page_bytes
        return size, check


def read_metas(path: Path, file: int) -> tuple[Meta, Meta]:
    """Both meta pages; raises DamageError if one is not a meta page."""
    first = _meta(path, os.pread(file, _META.size, 0), 0)
    return first, _meta(path, os.pread(file, _META.size, first.page_bytes), 1)


def _meta(path: Path, data: bytes, number: int) -> Meta:
    if len(data) < _META.size:
        raise DamageError(path, "ends within its meta pages")
    page, _, flags, _, _, magic, version, _, map_bytes, free, main, last, transaction = _META.unpack(data)
    page_bytes = int.from_bytes(free[:4], "little")
    sound = magic == _MAGIC and version == _DATA_VERSION and page == number and flags == _META_PAGE
    if not sound or page_bytes not in {1 << power for power in range(9, 17)}:
        raise DamageError(path, f"its meta page {number} is not one")
    if (last + 1) * page_bytes > map_bytes:
        raise DamageError(path, f"its meta page {number} names a last page {last} outside of its map")
    return Meta(map_bytes, page_bytes, free, main, last, transaction)


def check_commits(path: Path) -> None:
    """See that the two meta pages name one transaction and the next, and that each has its own tree.

    Raises
    ------
    DamageError
        If not. A file of an older version, whose transactions wrote no record, passes.
    """
    with open(path, "rb") as opened:
        file = opened.fileno()
        for attempt in range(_ATTEMPTS):
            before: tuple[Meta, Meta] | None = None
            try:
                before = read_metas(path, file)
                _check_pair(path, file, before)
                return
            except DamageError:
                # A writer may have gone on between two reads; then there is something new to look at.
                if attempt == _ATTEMPTS - 1 or (before is not None and _same(path, file, before)):
                    raise
                if before is None and attempt > 2:
                    raise


def _same(path: Path, file: int, before: tuple[Meta, Meta]) -> bool:
    try:
        return read_metas(path, file) == before
    except DamageError:
        return False


def _check_pair(path: Path, file: int, metas: tuple[Meta, Meta]) -> None:
    numbers = [meta.transaction for meta in metas]
    fresh = numbers == [0, 0]
    if not fresh and (abs(numbers[0] - numbers[1]) != 1 or [number & 1 for number in numbers] != [0, 1]):
        raise DamageError(path, f"its meta pages name the transactions {numbers[0]} and {numbers[1]}")
    found = [_Tree(path, file, meta).record(COMMIT_KEY) if meta.transaction else None for meta in metas]
    if not any(found):
        return
    for meta, record in zip(metas, found, strict=True):
        if not meta.transaction:
            if _DB.unpack(meta.main)[7] != _NO_PAGE:
                raise DamageError(path, "its first meta page names a tree before the first transaction")
        elif record != commit_record(meta.transaction):
            raise DamageError(path, f"what its transaction {meta.transaction} wrote is not what its meta page says")


def check_tree(path: Path, transaction: int) -> None:
    """See that every page of a transaction's tree is where and what it should be.

    Parameters
    ----------
    transaction : int
        One that a read transaction of LMDB holds, so that no writer can reuse its pages meanwhile.

    Raises
    ------
    DamageError
        If LMDB must not walk this file, or would not find what is in it.
    """
    with open(path, "rb") as opened:
        file = opened.fileno()
        meta = read_metas(path, file)[transaction & 1]
        if meta.transaction != transaction:
            raise DamageError(path, f"its meta page should name transaction {transaction}, not {meta.transaction}")
        _Tree(path, file, meta).check()


class _Tree:
    """All databases of one transaction."""

    def __init__(self, path: Path, file: int, meta: Meta) -> None:
        self._path, self._file, self._meta = path, file, meta
        self._seen = bytearray(0)

    def _wrong(self, page: int, what: str) -> DamageError:
        return DamageError(self._path, f"page {page} {what}")

    def _page(self, number: int) -> tuple[bytes, int, tuple[int, ...]]:
        """A branch or leaf page: its bytes, whether it is a branch (1) or a leaf (2), and where its nodes are."""
        size = self._meta.page_bytes
        if not 2 <= number <= self._meta.last:
            raise self._wrong(number, f"is named, but the last one is {self._meta.last}")
        data = os.pread(self._file, size, number * size)
        if len(data) < size:
            raise self._wrong(number, "lies beyond the end of the file")
        named, _, flags, lower, upper = _PAGE.unpack_from(data)
        if named != number or flags not in (_BRANCH, _LEAF):
            raise self._wrong(number, "is not the page that belongs there")
        if not (_PAGE.size <= lower <= upper <= size) or lower & 1:
            raise self._wrong(number, "has a header that does not fit it")
        nodes = struct.unpack_from(f"<{(lower - _PAGE.size) // 2}H", data, _PAGE.size)
        if any(at < upper or at > size - _NODE.size for at in nodes):
            raise self._wrong(number, "has an entry outside of it")
        return data, flags, nodes

    def _node(self, number: int, data: bytes, flags: int, at: int) -> Node:
        low, high, kind, key_size = _NODE.unpack_from(data, at)
        start = at + _NODE.size
        value = start + key_size
        if flags == _BRANCH:
            end, pointer = value, low | high << 16 | kind << 32
        else:
            pointer = low | high << 16
            end = value + (8 if kind & _BIG else pointer)
            if kind & ~(_BIG | _SUB_DATABASE):
                raise self._wrong(number, "has an entry of a kind that is not used here")
        if end > len(data):
            raise self._wrong(number, "has an entry that does not end within it")
        return Node(data[start:value], kind, pointer, value)

    def record(self, key: bytes) -> bytes | None:
        """The value of a key in the unnamed database, found as LMDB would find it; None if it is not there."""
        _, _, depth, _, _, _, _, page = _DB.unpack(self._meta.main)
        if page == _NO_PAGE:
            return None
        for _ in range(min(depth, _DEPTH_MAX)):
            data, flags, places = self._page(page)
            nodes = [self._node(page, data, flags, at) for at in places]
            if flags == _LEAF:
                found = next((node for node in nodes if node.key == key and not node.flags), None)
                return None if found is None else data[found.at : found.at + found.pointer]
            if not nodes:
                raise self._wrong(page, "is a branch without entries")
            page = next((node.pointer for node in reversed(nodes[1:]) if node.key <= key), nodes[0].pointer)
        raise self._wrong(page, "lies deeper than its tree")

    def check(self) -> None:
        """Walk everything."""
        self._seen = bytearray(self._meta.last + 1)
        free = bytearray(self._meta.last + 1)
        for number, data, node in self._leaves(self._meta.free, b""):
            for page in self._free_pages(number, data, node):
                if not 2 <= page <= self._meta.last or free[page]:
                    raise self._wrong(number, f"lists page {page} as free, which cannot be")
                free[page] = 1
        for number, data, node in self._leaves(self._meta.main, b""):
            if node.flags & _SUB_DATABASE:
                record = data[node.at : node.at + node.pointer]
                if len(record) != _DB.size:
                    raise self._wrong(number, "has a database of an unknown shape")
                for number_inside, data_inside, inside in self._leaves(record, node.key):
                    self._value(number_inside, data_inside, inside)
            else:
                self._value(number, data, node)
        both = int.from_bytes(self._seen, "little") & int.from_bytes(free, "little")
        if both:
            raise DamageError(self._path, "lists pages as free that are in use")

    def _leaves(self, database: bytes, name: bytes) -> Iterator[tuple[int, bytes, Node]]:
        """Every entry of a database with the page it is on, in order."""
        _, flags, depth, _, _, _, entries, root = _DB.unpack(database)
        count = 0
        if root != _NO_PAGE:
            if not 1 <= depth <= _DEPTH_MAX:
                raise self._wrong(root, f"is said to be the root of a tree {depth} pages deep")
            order: Callable[[bytes], _Key] = _as_integer if flags & _INTEGER_KEY else bytes
            last: _Key = None
            for number, data, node in self._below(root, depth, None, None, order):
                key = order(node.key)
                if last is not None and not last < key:
                    raise self._wrong(number, "has its entries in the wrong order")
                last = key
                count += 1
                yield number, data, node
        if count != entries:
            label = f"the database {name.decode('utf-8', 'replace')!r}" if name else "a database"
            raise DamageError(self._path, f"the number of records of {label}", entries, count)

    def _below(
        self, number: int, depth: int, low: _Key | None, high: _Key | None, order: Callable[[bytes], _Key]
    ) -> Iterator[tuple[int, bytes, Node]]:
        """Entries of the leaves below a page, whose keys lie from `low` to just below `high`."""
        data, flags, places = self._page(number)
        self._use(number)
        nodes = [self._node(number, data, flags, at) for at in places]
        if (flags == _LEAF) != (depth == 1) or not nodes:
            raise self._wrong(number, "is not of the level it stands on")
        if flags == _LEAF:
            if (low is not None and order(nodes[0].key) < low) or (
                high is not None and not order(nodes[-1].key) < high
            ):
                raise self._wrong(number, "holds keys that belong elsewhere")
            for node in nodes:
                yield number, data, node
            return
        bounds = [low, *(order(node.key) for node in nodes[1:]), high]
        for node, lower, upper in zip(nodes, bounds[:-1], bounds[1:], strict=True):
            yield from self._below(node.pointer, depth - 1, lower, upper, order)

    def _use(self, number: int, pages: int = 1) -> None:
        if any(self._seen[number : number + pages]):
            raise self._wrong(number, "is in use twice")
        self._seen[number : number + pages] = b"\x01" * pages

    def _value(self, number: int, data: bytes, node: Node) -> None:
        """See that the pages of a large value are its own."""
        if node.flags & _SUB_DATABASE:
            raise self._wrong(number, "has a database where none can be")
        if not node.flags & _BIG:
            return
        first = int.from_bytes(data[node.at : node.at + 8], "little")
        needed = -(-(_PAGE.size + node.pointer) // self._meta.page_bytes)
        if not 2 <= first <= self._meta.last + 1 - needed:
            raise self._wrong(number, "names a value outside of the file")
        header = os.pread(self._file, _PAGE.size, first * self._meta.page_bytes)
        if len(header) < _PAGE.size:
            raise self._wrong(first, "lies beyond the end of the file")
        named, _, flags, low, high = _PAGE.unpack(header)
        pages = low | high << 16
        if named != first or flags != _OVERFLOW or pages < needed or first + pages > self._meta.last + 1:
            raise self._wrong(first, "is not the value that belongs there")
        self._use(first, pages)

    def _free_pages(self, number: int, data: bytes, node: Node) -> tuple[int, ...]:
        """The pages one record of the list of free pages names."""
        self._value(number, data, node)
        value = data[node.at : node.at + node.pointer]
        if node.flags & _BIG:
            first = int.from_bytes(data[node.at : node.at + 8], "little")
            value = os.pread(self._file, node.pointer, first * self._meta.page_bytes + _PAGE.size)
        count = int.from_bytes(value[:8], "little")
        if len(node.key) != 8 or len(value) != node.pointer or len(value) != 8 * (count + 1):
            raise self._wrong(number, "has a list of free pages of an unknown shape")
        return struct.unpack_from(f"<{count}Q", value, 8)


def _as_integer(key: bytes) -> int:
    return int.from_bytes(key, "little")

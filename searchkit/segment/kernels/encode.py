"""Inverted arrays to bytes, a whole batch in one pass over each stream.

A nanosecond or two a posting for its document, as much for its code, and as much for each position. Containers
of posting lists are arrays up to 4,096 documents and bitmaps beyond, as in the RoaringFormatSpec. The functions
without underscore take and give what their twins in NumPy do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.jit import JIT, njit
from searchkit.segment.frequencies import Codes, packed_bits
from searchkit.segment.layout import POSITIONS_STRIDE, SMALL_LIST_MAX, U2

COOKIE = 12346
"""First number of a roaring bitmap without run containers."""
ARRAY_MAX = 4096
"""Documents up to which a container is an array; a bitmap beyond."""
BITMAP_UNITS = 4096
"""Units of 2 bytes of a bitmap container."""
_COUNTERS_AT_FIRST = 1 << 12
_HASH_BITS = 10
_GOLDEN = 0x9E37_79B9_7F4A_7C15
"""2^64 over the golden ratio: multiplying by it spreads neighbours (Knuth, TAOCP 3, 6.4)."""


# --- posting lists ----------------------------------------------------------------------------------------


@njit(**JIT)
def _run_end(docs: Any, at: Any, end: Any) -> Any:
    """Where the documents that share the high half of the one at `at` end."""
    limit = (np.int64(docs[at]) | 0xFFFF) + 1
    while at < end and np.int64(docs[at]) < limit:
        at += 1
    return at


@njit(**JIT)
def _measure_lists(docs: Any, dfs: Any, sizes: Any) -> Any:
    """Fill in the units each list takes; returns their sum, or -1 if `dfs` are not as many as `docs`."""
    start, total = 0, 0
    for term in range(len(dfs)):
        end = start + dfs[term]
        if end > len(docs):
            return -1
        size = 2 * dfs[term]
        if dfs[term] > SMALL_LIST_MAX:
            size, at = 4, start
            while at < end:
                stop = _run_end(docs, at, end)
                size += 4 + (stop - at if stop - at <= ARRAY_MAX else BITMAP_UNITS)
                at = stop
        sizes[term] = size
        total += size
        start = end
    return total if start == len(docs) else -1


@njit(**JIT)
def _write_container(docs: Any, at: Any, stop: Any, units: Any, data: Any) -> Any:
    """Write the low halves of some documents as one container; returns its units."""
    if stop - at <= ARRAY_MAX:
        for i in range(stop - at):
            units[data + i] = docs[at + i] & 0xFFFF
        return stop - at
    for i in range(BITMAP_UNITS):
        units[data + i] = 0
    for i in range(at, stop):
        low = np.int64(docs[i]) & 0xFFFF
        units[data + (low >> 4)] |= np.uint16(1) << np.uint16(low & 15)
    return BITMAP_UNITS


@njit(**JIT)
def _write_bitmap(docs: Any, start: Any, end: Any, units: Any, list_at: Any) -> None:
    """Write one roaring bitmap."""
    containers, at = 0, start
    while at < end:
        at = _run_end(docs, at, end)
        containers += 1
    units[list_at], units[list_at + 1] = COOKIE, 0
    units[list_at + 2], units[list_at + 3] = containers & 0xFFFF, containers >> 16
    key_at, offset_at = list_at + 4, list_at + 4 + 2 * containers
    data, at = list_at + 4 + 4 * containers, start
    while at < end:
        stop, offset = _run_end(docs, at, end), 2 * (data - list_at)
        units[key_at], units[key_at + 1] = docs[at] >> 16, stop - at - 1
        units[offset_at], units[offset_at + 1] = offset & 0xFFFF, offset >> 16
        data += _write_container(docs, at, stop, units, data)
        key_at, offset_at, at = key_at + 2, offset_at + 2, stop


@njit(**JIT)
def _write_lists(docs: Any, dfs: Any, sizes: Any, units: Any) -> None:
    """Write all lists, whose sizes were measured."""
    start, list_at = 0, 0
    for term in range(len(dfs)):
        df = dfs[term]
        if df <= SMALL_LIST_MAX:
            for i in range(df):
                units[list_at + i] = docs[start + i] & 0xFFFF
                units[list_at + df + i] = docs[start + i] >> 16
        else:
            _write_bitmap(docs, start, start + df, units, list_at)
        start += df
        list_at += sizes[term]


def encode_lists(
    docs: npt.NDArray[np.uint32], dfs: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
    """As `posting_lists.encode_lists`."""
    sizes = np.empty(len(dfs), np.int64)
    total = _measure_lists(docs, dfs, sizes)
    assert total >= 0, "a batch has as many documents as its frequencies say"
    units = np.empty(total, U2)
    _write_lists(docs, dfs, sizes, units)
    return units, sizes


# --- frequencies ------------------------------------------------------------------------------------------


@njit(**JIT)
def _packed(tfs: Any, posting: Any, bits: Any) -> Any:
    """`frequencies.pack_vectors` of one posting."""
    packed, largest = np.uint64(0), np.uint32(0)
    for field in range(tfs.shape[1]):
        packed |= np.uint64(tfs[posting, field]) << np.uint64(bits * field)
        largest = max(largest, tfs[posting, field])
    return packed if np.int64(largest) < 1 << bits else np.uint64(0)


@njit(**JIT)
def _slot(keys: Any, shift: Any, key: Any) -> Any:
    """Where a key stands in an open hash table of a power of two, or the free place where it may go."""
    slot = np.int64(key * np.uint64(_GOLDEN) >> shift)
    while keys[slot] != 0 and keys[slot] != key:
        slot = slot + 1 & len(keys) - 1
    return slot


@njit(**JIT)
def _count_vectors(tfs: Any, start: Any, bits: Any, keys: Any, shift: Any, counts: Any) -> Any:
    """Count packed vectors from posting `start` on; returns the posting at which the table was half full, or the end.

    The last of `counts` belongs to vectors that cannot be packed.
    """
    free = len(keys) >> 1
    for slot in range(len(keys)):
        free -= keys[slot] != 0
    for posting in range(start, len(tfs)):
        packed = _packed(tfs, posting, bits)
        if packed == 0:
            counts[-1] += 1
            continue
        slot = _slot(keys, shift, packed)
        if keys[slot] == 0:
            if free <= 0:
                return posting
            keys[slot] = packed
            free -= 1
        counts[slot] += 1
    return len(tfs)


@njit(**JIT)
def _move_counts(keys: Any, counts: Any, new_keys: Any, shift: Any, new_counts: Any) -> None:
    """Enter a hash table into a larger one."""
    for old in range(len(keys)):
        if keys[old] != 0:
            slot = _slot(new_keys, shift, keys[old])
            new_keys[slot], new_counts[slot] = keys[old], counts[old]
    new_counts[-1] = counts[-1]


def count_vectors(tfs: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """As `frequencies.count_vectors` of `frequencies.pack_vectors`."""
    size, bits, at = _COUNTERS_AT_FIRST, packed_bits(tfs.shape[1]), 0
    keys, counts = np.zeros(size, np.uint64), np.zeros(size + 1, np.int64)
    while (at := _count_vectors(tfs, at, bits, keys, _shift(size), counts)) < len(tfs):
        size *= 4
        larger = np.zeros(size, np.uint64), np.zeros(size + 1, np.int64)
        _move_counts(keys, counts, larger[0], _shift(size), larger[1])
        keys, counts = larger
    used = np.flatnonzero(keys)
    values, found = np.append(np.uint64(0), keys[used]), np.append(counts[-1:], counts[used])
    order = np.argsort(values)[int(found[0] == 0) :]
    return values[order], found[order]


def _shift(size: int) -> np.uint64:
    return np.uint64(64 - (size.bit_length() - 1))


@njit(**JIT)
def _encode_codes(tfs: Any, bits: Any, keys: Any, shift: Any, rows: Any, codes: Any) -> None:
    """Look up the code of each vector; `rows` has the escape wherever there is no key."""
    for posting in range(len(tfs)):
        packed = _packed(tfs, posting, bits)
        slot = _slot(keys, shift, packed) if packed != 0 else np.int64(len(keys))
        codes[posting] = rows[slot]


def encode_codes(tfs: npt.NDArray[np.uint32], codes: Codes) -> npt.NDArray[np.uint8]:
    """As `frequencies.encode_codes`."""
    keys, shift = np.zeros(1 << _HASH_BITS, np.uint64), _shift(1 << _HASH_BITS)
    rows = np.full(len(keys) + 1, codes.escape, np.uint8)
    for row, vector in enumerate(codes.vectors):
        slot = _slot(keys, shift, vector)
        keys[slot], rows[slot] = vector, row
    found = np.empty(len(tfs), np.uint8)
    _encode_codes(tfs, packed_bits(tfs.shape[1]), keys, shift, rows, found)
    return found


# --- positions --------------------------------------------------------------------------------------------


@njit(**JIT)
def _encode_positions(positions: Any, tfs: Any, first: Any, stream: Any, starts: Any) -> Any:
    """Fill in the stream, and where every 64th posting from `first` on begins; returns the bytes written, or -1."""
    at, place, strides = 0, 0, 0
    for posting in range(len(tfs)):
        if posting >= first and (posting - first) % POSITIONS_STRIDE == 0:
            starts[strides] = at
            strides += 1
        count = np.int64(0)
        for field in range(tfs.shape[1]):
            count += np.int64(tfs[posting, field])
        if count < 1 or place + count > len(positions):
            return -1
        before = np.uint32(0)
        for _ in range(count):
            rest = np.int64(np.uint32(positions[place] - before))
            before = positions[place]
            place += 1
            while rest >= 0x40:
                stream[at] = rest & 0x7F | 0x80
                rest >>= 7
                at += 1
            stream[at] = rest
            at += 1
        stream[at - 1] |= 0x40
    return at if place == len(positions) else -1


def encode_positions(
    positions: npt.NDArray[np.uint32], tfs: npt.NDArray[np.uint32], first: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """As `positions.encode_positions`, but only every 64th start from posting `first` on."""
    stream = np.empty(5 * len(positions), np.uint8)  # What is not written to takes no memory.
    starts = np.empty(max(0, -(-(len(tfs) - first) // POSITIONS_STRIDE)), np.int64)
    size = _encode_positions(positions, tfs, first, stream, starts)
    assert size >= 0, "a batch has as many positions as its frequencies say"
    return stream[:size], starts

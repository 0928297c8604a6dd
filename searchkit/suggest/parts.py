"""A segment's words, pairs and titles as bytes, as FORMAT.md describes them, and back.

All three are read as a whole, when a process first completes or corrects something, so they are compressed as a whole:
about 3 bytes a word, half a byte a pair of words met, 12 a title. Planes of bytes (all lowest bytes, then all next
ones, …) are what compresses numbers that are mostly small. What this module does not know: what they are good for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from searchkit.codec import zstd
from searchkit.codec.byte_order import order_of
from searchkit.suggest.pairs import CELLS, PairCounts

WORDS: Final = "suggest.words"
PAIRS: Final = "suggest.pairs"
TITLES: Final = "suggest.titles"
_WIDTH: Final = 4
_LINE_FEED: Final = 10
_UNPACKED_MAX: Final = 1 << 32
_GATHERED_WORDS: Final = 8_192


Gathered: TypeAlias = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]]
"""From some words' places in order, to their letters, a line feed after each."""


def encode(
    pairs: PairCounts,
    titles: list[str],
    words: bytes | None = None,
    counts: npt.NDArray[np.int64] | None = None,
    gathered: Gathered | None = None,
) -> dict[str, bytes]:
    """The parts of what was gathered; without words where they are to be had from the term dictionary."""
    parts = {}
    if words is not None and counts is not None and counts.any():
        parts[WORDS] = encode_words(words, counts, gathered)
    if len(pairs.cells):
        parts[PAIRS] = encode_pairs(pairs)
    if any(titles):
        parts[TITLES] = encode_titles(titles)
    return parts


def encode_words(letters: bytes, counts: npt.NDArray[np.int64], gathered: Gathered | None = None) -> bytes:
    """Words in ascending order of their UTF-8, a line feed after each, and before them their counts.

    Parameters
    ----------
    letters : bytes
        Distinct words in UTF-8, in any order, a line feed after each.
    counts : ndarray of shape (words,), int64
        Words with a count of 0 are left out.
    gathered : callable, optional
        Puts these letters in another order, where somebody has a quicker way.
    """
    ends = np.flatnonzero(np.frombuffer(letters, np.uint8) == _LINE_FEED)
    order = order_of(letters, ends)
    order = order[counts[order] > 0]
    text = gathered(order) if gathered else _gathered(np.frombuffer(letters, np.uint8), ends, order)
    planes = np.zeros((_WIDTH, len(order)), np.uint8)
    _fill(planes, counts[order])
    return zstd.compress(b"".join((len(order).to_bytes(4, "little"), planes.data, text.data)))


def _gathered(
    letters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """Words and the byte after each, in another order; some at a time, since every letter takes 24 bytes on its way."""
    pieces = [np.zeros(0, np.uint8)]
    sizes, begins = np.diff(ends, prepend=-1), np.append(-1, ends[:-1]) + 1
    for first in range(0, len(order), _GATHERED_WORDS):
        some = order[first : first + _GATHERED_WORDS]
        lengths = sizes[some]
        shift = begins[some] - (np.cumsum(lengths) - lengths)
        pieces.append(letters[np.arange(int(lengths.sum())) + np.repeat(shift, lengths)])
    return np.concatenate(pieces)


def decode_words(part: bytes | memoryview) -> dict[str, int]:
    """Words, ascending, and how many documents hold each; ValueError if the bytes are not sound."""
    letters, counts = unpack_words(part)
    return dict(zip(letters.decode("utf-8").split("\n"), counts.tolist(), strict=False))


def unpack_words(part: bytes | memoryview) -> tuple[bytes, npt.NDArray[np.int64]]:
    """The same as bytes, a line feed after each word, and counts; ValueError if the bytes are not sound."""
    data = zstd.decompress(part, _UNPACKED_MAX)
    size = int.from_bytes(data[:4], "little")
    counts = _numbers(data, 4, size)
    letters = data[4 + _WIDTH * size :]
    lines = letters.count(b"\n")
    if lines != size or not (letters.endswith(b"\n") or not letters):
        raise ValueError(f"should hold {size} words, holds {lines}")
    return letters, counts.astype(np.int64)


def encode_pairs(pairs: PairCounts) -> bytes:
    """Cells as differences to the one before, and counts."""
    gaps, size = pairs.cells.copy(), len(pairs.cells)
    gaps[1:] -= pairs.cells[:-1]
    gaps[1:] -= np.uint32(1)
    # In one piece from the start: these are many megabytes.
    data = np.zeros(4 + 2 * _WIDTH * size, np.uint8)
    data[:4] = np.frombuffer(size.to_bytes(4, "little"), np.uint8)
    planes = data[4:].reshape(2, _WIDTH, size)
    _fill(planes[0], gaps)
    _fill(planes[1], pairs.counts)
    return zstd.compress(data.data)


def decode_pairs(part: bytes | memoryview) -> PairCounts:
    """The counts of pairs; ValueError if the bytes are not sound."""
    data = zstd.decompress(part, _UNPACKED_MAX)
    size = int.from_bytes(data[:4], "little")
    gaps = _numbers(data, 4, size)
    if len(data) != 4 + 2 * _WIDTH * size or (size and int(gaps.sum(dtype=np.uint64)) + size > CELLS):
        raise ValueError("its cells are not those of a table of pairs")
    gaps[1:] += np.uint32(1)
    return PairCounts(np.cumsum(gaps, dtype=np.uint32), _numbers(data, 4 + _WIDTH * size, size).astype(np.int64))


def encode_titles(titles: list[str]) -> bytes:
    """Titles in order of their documents, a line feed after each."""
    return zstd.compress("\n".join([*titles, ""]).encode("utf-8"))


def decode_titles(part: bytes | memoryview, documents: int) -> list[str]:
    """The title of each document; ValueError if the bytes are not sound."""
    titles = zstd.decompress(part, _UNPACKED_MAX).decode("utf-8").split("\n")
    if len(titles) != documents + 1:
        raise ValueError(f"should hold {documents} titles, holds {len(titles) - 1}")
    return titles[:-1]


def _fill(planes: npt.NDArray[np.uint8], numbers: npt.NDArray[Any]) -> None:
    """Write numbers of less than 32 bits as planes, which are zeros, of shape (4, numbers)."""
    largest, size = int(numbers.max(initial=0)), numbers.dtype.itemsize
    parts = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False).view(np.uint8).reshape(len(numbers), size)
    for plane in range(_WIDTH):
        if largest >> 8 * plane:
            planes[plane] = parts[:, plane]


def _numbers(data: bytes, start: int, size: int) -> npt.NDArray[np.uint32]:
    if len(data) < start + _WIDTH * size:
        raise ValueError("is shorter than its numbers")
    planes = np.frombuffer(data, np.uint8, _WIDTH * size, start).reshape(_WIDTH, size)
    numbers: npt.NDArray[np.uint32] = planes[0].astype(np.uint32)
    for place in range(1, _WIDTH):
        if planes[place].any():
            numbers |= planes[place].astype(np.uint32) << np.uint32(8 * place)
    return numbers

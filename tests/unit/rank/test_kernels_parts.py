"""The small parts of the kernels: bits and lanes, the heap, and what a damaged posting list leads to."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from searchkit.rank.kernels import arrays, bits
from searchkit.rank.kernels.arrays import FAULT, Scoring, SegmentArrays
from searchkit.rank.kernels.bounds import SATURATED, cap_of
from searchkit.rank.kernels.describe import describe_term
from searchkit.rank.kernels.heap import key, key_score, push, sort_best_first
from searchkit.rank.kernels.positions import LAST, PLACE, advance, posting_start
from searchkit.rank.topk import best
from searchkit.search.execute import KeyRanking
from searchkit.segment.layout import FIELD_GAP
from searchkit.segment.positions import encode_positions

masks = st.integers(0, 2**64 - 1)


@njit
def _expand(sums, codes, mask, weight, cap, vector):
    if vector:
        bits.expand_add(sums, 0, codes, 0, np.uint64(mask), np.uint16(weight), np.uint8(cap))
    else:
        bits.expand_add_bits(sums, 0, codes, 0, np.uint64(mask), np.uint16(weight), np.uint8(cap))


@njit
def _lanes(small, large, threshold):
    return bits.at_least_u8(small, 0, np.uint8(threshold)), bits.at_least_u16(large, 0, np.uint16(threshold))


@given(mask=masks, seed=st.integers(0, 99), weight=st.integers(0, 65_535), room=st.sampled_from([64, 71, 72, 200]))
def test_codes_spread_to_the_bits_of_a_mask(mask: int, seed: int, weight: int, room: int) -> None:
    """The i-th code is added, capped and weighted, where the i-th bit stands, up to the largest sum; both forms of it."""
    codes, cap = np.random.default_rng(seed).integers(0, 256, room).astype(np.uint8), cap_of(weight)
    wanted = np.full(64, 7, np.int64)
    places = [bit for bit in range(64) if mask >> bit & 1]
    wanted[places] += weight * np.minimum(codes[: len(places)], cap).astype(np.int64)
    for vector in (True, False):
        sums = np.full(64, 7, np.uint16)
        _expand(sums, codes, np.uint64(mask), weight, cap, vector)
        assert sums.tolist() == np.minimum(wanted, 65_535).tolist()


@given(weight=st.integers(1, 65_535), impact=st.integers(1, 255))
def test_what_a_cap_cuts_is_as_good_as_boundless(weight: int, impact: int) -> None:
    """A capped product has 16 bits; where it is not the product, it is beyond every threshold."""
    product = weight * min(impact, int(cap_of(weight)))
    assert product <= 65_535
    assert product == weight * impact or product >= SATURATED


@njit
def _bits_before(words, count):
    return bits.popcount_words(words, 0, count)


@given(seed=st.integers(0, 99), count=st.integers(0, 8))
def test_bits_of_the_first_words_are_counted(seed: int, count: int) -> None:
    """Of eight words, the bits of the first so many."""
    words = np.random.default_rng(seed).integers(0, 2**16, 32).astype(np.uint16)
    assert _bits_before(words, count) == sum(int(word).bit_count() for word in words[: 4 * count])


@njit
def _of_block(values, block):
    return bits.in_block_u16(values, 0, np.uint16(block))


@given(seed=st.integers(0, 99), block=st.integers(0, 5))
def test_members_of_a_block_are_recognised(seed: int, block: int) -> None:
    """Bit i says whether lane i lies in the block, of 32 lanes."""
    values = np.random.default_rng(seed).integers(0, 6 * 64, 32)
    assert _of_block(values.astype(np.uint16), block) == sum(1 << i for i in range(32) if values[i] // 64 == block)


@given(seed=st.integers(0, 99), threshold=st.integers(0, 255))
def test_lanes_are_compared_one_by_one(seed: int, threshold: int) -> None:
    """Bit i of the result is the comparison of lane i."""
    values = np.random.default_rng(seed).integers(0, 256, 64)
    wanted = sum(1 << lane for lane in range(64) if values[lane] >= threshold)
    assert _lanes(values.astype(np.uint8), values.astype(np.uint16), threshold) == (wanted, wanted)


@njit
def _matches(values, stream, wanted):
    return bits.equal_u16(values, 0, np.uint16(wanted)), bits.posting_ends(stream, 0)


@given(seed=st.integers(0, 99), wanted=st.integers(0, 5))
def test_lanes_are_found_and_ends_of_postings_recognised(seed: int, wanted: int) -> None:
    """Bit i says whether lane i is what is wanted; or has its second bit set and its first not."""
    values = np.random.default_rng(seed).integers(0, 6, 64)
    stream = np.random.default_rng(seed).integers(0, 256, 64).astype(np.uint8)
    equal = sum(1 << lane for lane in range(64) if values[lane] == wanted)
    ends = sum(1 << lane for lane in range(64) if 0x40 <= stream[lane] < 0x80)
    assert _matches(values.astype(np.uint16), stream, wanted) == (equal, ends)


places = st.lists(st.lists(st.integers(1, 3000), min_size=1, max_size=9), min_size=1, max_size=200)


@settings(deadline=None)
@given(places=places)
def test_positions_are_read_as_they_were_written(places: list[list[int]]) -> None:
    """Every posting is found by the index and the marks in the stream, and its positions are those encoded."""
    counts = np.array([len(steps) for steps in places])
    positions = np.concatenate([np.cumsum(steps) for steps in places]).astype(np.uint32)
    stream, starts = encode_positions(positions, counts)
    index, readers = starts[::64].astype(np.uint32), np.zeros((1, 3), np.int64)
    for posting, wanted in enumerate(np.split(positions, np.cumsum(counts)[:-1])):
        assert posting_start(stream, index, posting) == starts[posting]
        readers[0] = 0, starts[posting], 0
        found = []
        while not readers[0, LAST]:
            advance(stream, readers, 0)
            found.append(readers[0, PLACE])
        assert found == wanted.tolist()


@given(st.lists(st.integers(1, 9), max_size=80), st.integers(1, 20))
def test_the_heap_keeps_what_sorting_keeps(values: list[int], k: int) -> None:
    """The k best by score, then by place, whatever the order they come in."""
    scores, heap, held = np.array(values, np.float32) / 3, np.zeros(k, np.uint64), 0
    for place in np.random.default_rng(len(values)).permutation(len(values)):
        assert key_score(key(scores[place], place)) == scores[place]
        held = push(heap, held, key(scores[place], place))
    sort_best_first(heap, held, np.zeros(k, np.int64), np.zeros(256, np.int64))
    found = KeyRanking(heap[:held].tobytes(), held)
    wanted = best(scores, np.arange(len(values)), k)
    assert [found.scores.tolist(), found.places.tolist()] == [array.tolist() for array in wanted]


def _described(postings: bytes, frequency: int, documents: int = 70_000) -> int:
    """What `describe_term` says of a posting list."""
    padded = postings + bytes(-len(postings) % 8)
    segment = SegmentArrays(
        postings=np.frombuffer(padded, np.uint16), impacts=np.ones(frequency, np.uint8),
        tfs=np.zeros(frequency, np.uint8), vectors=np.ones((256, 1), np.uint32), escaped=np.zeros(0, np.uint32),
        escapes=np.zeros((0, 1), np.uint32), lengths=np.ones((documents, 1), np.uint32),
        maxima=np.zeros(2048, np.uint8), ranks=np.zeros(256, np.uint16),
        positions=np.zeros(0, np.uint8), position_index=np.zeros(0, np.uint32),
        term_postings=np.zeros(0, np.uint32), term_first=np.zeros(0, np.uint32),
    )  # fmt: skip
    place = np.array((0, len(padded) // 2, 0, frequency, 0, 0), np.int64)
    scoring = Scoring(np.ones(1), np.ones(1), 1.2, 0.75)
    return describe_term(segment, scoring, place, np.zeros((2, 3), np.int64))


SOUND = struct.pack("<IIHHHHII7H2H", 12346, 2, 0, 6, 1, 1, 24, 38, 5, 6, 9, 12, 20, 30, 40, 1, 2)
"""Documents 5, 6, 9, 12, 20, 30, 40, 65,537 and 65,538."""
SMALL = struct.pack("<4H4H", 5, 6, 1, 2, 0, 0, 1, 1)
"""Documents 5, 6, 65,537 and 65,538."""


def test_a_sound_list_is_taken() -> None:
    """Array containers with the documents they announce, and a small list."""
    assert _described(SOUND, 9) == 0
    assert _described(SMALL, 4) == 0


@pytest.mark.parametrize(
    ("at", "replaced"),
    [(0, 12347), (4, 3), (8, 1), (10, 900), (12, 9), (14, 3), (16, 25), (16, 9000), (20, 60000), (24, 7), (38, 60000)],
)
def test_a_damaged_list_is_noticed(at: int, replaced: int) -> None:
    """Cookie, counts, keys, offsets, order, and documents that do not exist."""
    damaged = bytearray(SOUND)
    damaged[at : at + 2] = struct.pack("<H", replaced)
    assert _described(bytes(damaged), 9) == FAULT


@pytest.mark.parametrize(("at", "replaced"), [(0, 6), (0, 7), (4, 3), (6, 60000), (8, 1), (12, 0), (14, 2), (14, 0)])
def test_a_damaged_small_list_is_noticed(at: int, replaced: int) -> None:
    """Low halves out of order, high halves out of order, documents that do not exist."""
    damaged = bytearray(SMALL)
    damaged[at : at + 2] = struct.pack("<H", replaced)
    assert _described(bytes(damaged), 4) == FAULT


def test_a_small_list_of_the_wrong_size_is_noticed() -> None:
    """A document frequency that does not fit the bytes leads nowhere."""
    assert _described(SMALL, 3) == FAULT
    assert _described(SMALL, 8) == FAULT


def test_fields_are_as_far_apart_as_the_format_says() -> None:
    """The kernels' own constant is that of the format, which they may not import."""
    assert arrays.FIELD_GAP == FIELD_GAP

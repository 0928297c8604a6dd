"""What the compiled encoder writes and reads is, byte for byte, what NumPy does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.segment import frequencies, interleave, layout, positions, posting_lists
from searchkit.segment.kernels import decode, encode
from searchkit.segment.postings import PostingBatch, PostingsEncoder, codes_for

seeds = st.integers(0, 2**32 - 1)


def drawn_lists(draw: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Posting lists of every kind: single documents, small lists, arrays and bitmaps over several windows."""
    documents = int(draw.choice([3, 70_000, 300_000]))
    lists = []
    for _ in range(int(draw.integers(1, 30))):
        size = int(draw.choice([1, 2, 8, 9, 60, 4_096, 4_097, 30_000]))
        low = int(draw.integers(0, documents))
        lists.append(np.unique(draw.integers(low, documents, size)).astype(np.uint32))
    return np.concatenate(lists), np.array([len(one) for one in lists], np.int64)


def drawn_batch(draw: np.random.Generator) -> PostingBatch:
    """A batch whose numbers are small, or as large as can be."""
    docs, dfs = drawn_lists(draw)
    fields = int(draw.choice([1, 2, 5]))
    tfs = np.zeros((len(docs), fields), np.uint32)
    tfs[np.arange(len(docs)), draw.integers(0, fields, len(docs))] = 1
    for _ in range(int(draw.choice([0, 20, 300]))):
        tfs[draw.integers(len(docs)), draw.integers(fields)] = draw.choice([1, 2, 17, 300])
    if draw.integers(4) == 0:
        tfs[draw.integers(len(docs)), 0] = 70_000
    counts = tfs.sum(axis=1, dtype=np.int64)
    steps = draw.choice([0, 1, 63, 64, 8191, 8192, 100_000], int(counts.sum()), p=[0.1, 0.5, 0.1, 0.1, 0.1, 0.05, 0.05])
    sums = np.cumsum(steps)
    ends = np.cumsum(counts)
    before = np.concatenate(([0], sums[ends[:-1] - 1]))
    found = sums - np.repeat(before, counts)
    found[ends - 1] += int(draw.choice([0, 1 << 27, (1 << 32) - 1 - int(found.max())]))
    return PostingBatch(dfs, docs, tfs, found.astype(np.uint32))


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_posting_lists_are_the_same_bytes(seed: int) -> None:
    """Small lists, arrays and bitmaps: encoded alike, decoded alike, and back to what they were."""
    docs, dfs = drawn_lists(np.random.default_rng(seed))
    plain, fast = posting_lists.encode_lists(docs, dfs), encode.encode_lists(docs, dfs)
    assert plain[1].tolist() == fast[1].tolist()
    assert plain[0].tobytes() == fast[0].tobytes()
    assert posting_lists.decode_lists(*plain, dfs).tolist() == docs.tolist()
    assert decode.decode_lists(*plain, dfs).tolist() == docs.tolist()
    start = 0
    for df, end, size in zip(dfs.tolist(), np.cumsum(plain[1]).tolist(), plain[1].tolist(), strict=True):
        one = plain[0][end - size : end].tobytes()
        assert posting_lists.decode_list(memoryview(one), df).tolist() == docs[start : start + df].tolist()
        start += df


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_codes_and_positions_are_the_same_bytes(seed: int) -> None:
    """Vectors counted, chosen, looked up; positions encoded, strides noted from any posting on."""
    draw = np.random.default_rng(seed)
    batch = drawn_batch(draw)
    plain, fast = frequencies.count_vectors(frequencies.pack_vectors(batch.tfs)), encode.count_vectors(batch.tfs)
    assert [one.tolist() for one in plain] == [one.tolist() for one in fast]
    codes = frequencies.choose_codes(*plain, batch.tfs.shape[1])
    assert frequencies.encode_codes(batch.tfs, codes).tobytes() == encode.encode_codes(batch.tfs, codes).tobytes()
    stream, starts = positions.encode_positions(batch.positions, batch.tfs.sum(axis=1, dtype=np.int64))
    first = int(draw.integers(0, 64))
    fast_stream, fast_starts = encode.encode_positions(batch.positions, batch.tfs, first)
    assert stream.tobytes() == fast_stream.tobytes()
    assert starts[first :: layout.POSITIONS_STRIDE].tolist() == fast_starts.tolist()


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_pieces_are_interleaved_alike(seed: int) -> None:
    """Several segments' postings of the same terms, some documents dead, some terms in some segments only."""
    draw = np.random.default_rng(seed)
    terms, base, pieces = int(draw.integers(1, 20)), 0, []
    for _ in range(int(draw.integers(1, 4))):
        documents = int(draw.integers(1, 60))
        here = np.sort(draw.choice(terms, int(draw.integers(0, terms + 1)), replace=False)).astype(np.int64)
        lists = [np.flatnonzero(draw.random(documents) < 0.4) for _ in here]
        lists = [one if len(one) else np.zeros(1, np.int64) for one in lists]
        alive = draw.random(documents) < draw.choice([0.0, 0.7, 1.0])
        count = sum(map(len, lists))
        sizes = draw.integers(1, 5, count)
        pieces.append(
            interleave.Piece(
                terms=here,
                dfs=np.array([len(one) for one in lists], np.int64),
                docs=np.concatenate([*lists, np.zeros(0, np.int64)]).astype(np.uint32),
                tfs=draw.integers(0, 9, (count, 2)).astype(np.uint32),
                stream=draw.integers(0, 256, int(sizes.sum())).astype(np.uint8),
                starts=np.concatenate(([0], np.cumsum(sizes))),
                alive=alive,
                new_numbers=(base + np.cumsum(alive) - 1).astype(np.uint32),
            )
        )
        base += documents
    plain, fast = interleave.interleave(pieces, terms), decode.interleave(pieces, terms)
    for name in ("dfs", "docs", "tfs", "stream", "starts"):
        assert getattr(plain, name).tolist() == getattr(fast, name).tolist(), name


@pytest.mark.parametrize("at", range(0, 40, 2))
@pytest.mark.parametrize("value", [0, 1, 9, 12347, 65535])
def test_damaged_lists_do_not_lead_out_of_their_bytes(at: int, value: int) -> None:
    """Whatever stands in a list, decoding gives documents or says that it does not fit; uncompiled, indices are checked."""
    docs = np.concatenate([np.arange(5, 15), 65_536 + np.arange(0, 10_000, 2), [3]]).astype(np.uint32)
    dfs = np.array([10, 5000, 1], np.int64)
    units, sizes = posting_lists.encode_lists(docs, dfs)
    damaged = units.copy()
    damaged[at] = value
    try:
        found = decode.decode_lists(damaged, sizes, dfs)
    except ValueError:
        return
    assert len(found) == len(docs)


@settings(deadline=None, max_examples=30)
@given(seed=seeds)
def test_batches_may_be_cut_anywhere(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Encoded by kernels or in NumPy, in one batch or term after term: the same parts."""
    draw = np.random.default_rng(seed)
    batch = drawn_batch(draw)
    folder = tmp_path_factory.mktemp("spool")
    results = []
    for compiled, step in ((True, len(batch.dfs)), (False, len(batch.dfs)), (bool(draw.integers(2)), 1)):
        results.append(_encoded(batch, folder, step, compiled=compiled))
    assert results[0] == results[1] == results[2]


def _encoded(batch: PostingBatch, folder: Path, step: int, *, compiled: bool) -> dict[str, bytes]:
    encoder = PostingsEncoder(batch.tfs.shape[1], codes_for(batch, compiled=compiled), folder, compiled=compiled)
    first = np.concatenate(([0], np.cumsum(batch.dfs)))
    places = np.concatenate(([0], np.cumsum(batch.tfs.sum(axis=1, dtype=np.int64))))
    for term in range(0, len(batch.dfs), step):
        low, high = first[term], first[min(term + step, len(batch.dfs))]
        encoder.add(
            PostingBatch(
                batch.dfs[term : term + step],
                batch.docs[low:high],
                batch.tfs[low:high],
                batch.positions[places[low] : places[high]],
            )
        )
    parts = {name: bytes(part) for name, part in encoder.parts().items()}
    encoder.close()
    return parts

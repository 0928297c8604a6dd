"""The buffer: whatever was replaced or removed on the way, a segment is that of the documents that stayed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.model.document import to_document
from searchkit.model.schema import Keyword, Number, Schema, Text
from searchkit.segment import inversion
from searchkit.segment.buffer import Buffer
from searchkit.segment.inversion import Inverted
from searchkit.segment.positions import encode_positions, field_bases
from searchkit.segment.postings import PostingBatch
from searchkit.segment.writer import write_segment

SCHEMA = Schema(title=Text(), text=Text(), tags=Keyword(), year=Number())
words = st.lists(st.sampled_from(["a", "b", "c", "ü", "東京"]), max_size=6)
steps = st.lists(
    st.tuples(st.integers(0, 30), st.booleans(), words, words, st.lists(st.sampled_from("xyz"), max_size=2)),
    max_size=60,
)


def add(buffer: Buffer, id: str, content: tuple[list[str], list[str], list[str]]) -> bool:
    title, text, tags = content
    record = {"id": id, "title": " ".join(title), "text": " ".join(text), "tags": tags, "year": len(text)}
    return buffer.add(to_document(record, SCHEMA), [title, text])


@settings(deadline=None)
@given(steps=steps)
def test_what_went_leaves_no_trace(tmp_path_factory: Any, steps: list[Any]) -> None:
    """Replaced and removed documents change no byte of the segment written afterwards."""
    folder = tmp_path_factory.mktemp("buffer")
    buffer = Buffer(2, 1, folder)
    held: dict[str, Any] = {}
    for number, removes, *content in steps:
        id = str(number)
        if removes:
            assert buffer.remove(id) == (held.pop(id, None) is not None)
        else:
            assert add(buffer, id, content) == (id in held)
            held.pop(id, None)
            held[id] = content
    assert buffer.ids() == list(held)
    assert len(buffer) == len(held)
    if not held:
        return
    fresh = Buffer(2, 1, folder)
    for id, content in held.items():
        add(fresh, id, content)
        assert buffer.digest(id) == fresh.digest(id)
        assert id in buffer
    assert buffer.digest("none") is None
    receipts = [write_segment(folder / name, made, SCHEMA) for name, made in (("a", buffer), ("b", fresh))]
    assert receipts[0] == receipts[1]
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
    buffer.close()
    fresh.close()


def reference(tokens: list[int], lengths: np.ndarray[Any, Any], numbers: dict[int, int]) -> dict[int, Any]:
    """Postings by dictionaries: for each new number documents, frequencies and positions."""
    postings: dict[int, Any] = {}
    bases, rest = field_bases(lengths), iter(tokens)
    for doc, row in enumerate(lengths.tolist()):
        for field, length in enumerate(row):
            for place in range(length):
                of_term = postings.setdefault(numbers[next(rest)], {})
                tfs, positions = of_term.setdefault(doc, ([0] * len(row), []))
                tfs[field] += 1
                positions.append(int(bases[doc, field]) + place)
    return postings


@settings(deadline=None)
@given(
    lengths=st.integers(1, 3).flatmap(
        lambda fields: st.lists(st.lists(st.integers(0, 5), min_size=fields, max_size=fields), min_size=1, max_size=12)
    ),
    seed=st.integers(0, 1000),
    compiled=st.booleans(),
)
def test_inverting_keeps_every_occurrence(lengths: list[list[int]], seed: int, compiled: bool) -> None:
    """Sorted in NumPy or counted by kernels, postings are those of the dictionaries, in the order asked for."""
    dice = np.random.default_rng(seed)
    table = np.array(lengths, np.uint32)
    tokens = dice.choice(np.array([1, 3, 4, 9, 11], np.uint32), int(table.sum()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inversion, "worth_compiling", lambda tokens: compiled and tokens > 0)
        cut = int(dice.integers(0, len(table) + 1))
        split = int(table[:cut].sum())
        inverted = Inverted([(tokens[:split], table[:cut]), (tokens[split:], table[cut:])], 12)
        assert inverted.used.tolist() == sorted(set(tokens.tolist()))
        order = dice.permutation(len(inverted.used)).astype(np.int64)
        batch = inverted.batch(order)
    new = dict(zip(inverted.used.tolist(), order.tolist(), strict=True))
    postings = reference(tokens.tolist(), table, new)
    rows = [(doc, *row) for _, docs in sorted(postings.items()) for doc, row in docs.items()]
    assert batch.dfs.tolist() == [len(docs) for _, docs in sorted(postings.items())]
    assert batch.docs.tolist() == [doc for doc, _, _ in rows]
    assert batch.tfs.tolist() == [tfs for _, tfs, _ in rows]
    positions = np.array([position for _, _, positions in rows for position in positions], np.uint32)
    if isinstance(batch, PostingBatch):
        assert batch.positions.tolist() == positions.tolist()
    else:
        stream, starts = encode_positions(positions, np.array([sum(tfs) for _, tfs, _ in rows]))
        assert batch.stream.tolist() == stream.tolist()
        assert batch.stride_starts.tolist() == starts[::64].tolist()

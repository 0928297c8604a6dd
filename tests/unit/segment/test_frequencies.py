"""Frequencies of every size and number of fields come back exactly, by code or by escape, in 4 bits or in 8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.model.document import to_document
from searchkit.model.schema import Schema, Text
from searchkit.segment.buffer import Buffer
from searchkit.segment.frequencies import (
    choose_codes,
    encode_codes,
    pack_codes,
    pack_vectors,
    unpack_codes,
    unpack_vectors,
)
from searchkit.segment.reader import SegmentReader
from searchkit.segment.writer import write_segment


@pytest.mark.parametrize(
    ("fields", "documents", "bits"), [(1, 400, 8), (4, 400, 8), (1, 21, 4), (4, 21, 4), (16, 40, 4)]
)
def test_more_vectors_than_codes(tmp_path: Path, fields: int, documents: int, bits: int) -> None:
    """With more different vectors than codes the rarer ones are escaped, and every one is read back."""
    schema = Schema(**{f"f{number}": Text() for number in range(fields)})
    buffer = Buffer(fields=fields, columns=0)
    wanted = []
    for number in range(documents):
        terms: list[list[str]] = [[] for _ in range(fields)]
        terms[number % fields] = ["word"] * (number + 1)
        terms[0] = terms[0] or ["word"]
        terms[0] += [f"rare{number}-{other}" for other in range(24 * (bits == 4))]
        buffer.add(to_document({"id": str(number)}, schema), terms)
        wanted.append([sum(term == "word" for term in field) for field in terms])
    receipt = write_segment(tmp_path / "s.seg", buffer, schema)
    reader = SegmentReader(tmp_path / "s.seg", receipt.size, receipt.spine, receipt.sums)
    word = reader.terms.number("word")
    assert word is not None
    assert reader.head.tf_bits == bits
    assert len(reader.tf_escaped) > 0
    assert reader.frequencies(word).tolist() == wanted
    backwards = np.arange(documents - 1, -1, -7)
    assert reader.frequencies(word, backwards).tolist() == [wanted[number] for number in backwards]
    assert reader.positions(word)[1].tolist() == [sum(vector) for vector in wanted]
    everything = reader.frequencies_of(slice(0, reader.head.postings))
    assert everything.tolist() == reader.frequencies_of(np.arange(reader.head.postings)).tolist()


def test_packing_is_reversible_or_refused() -> None:
    """A vector whose entries fit is one integer; one that does not fit packs to 0, which never gets a code."""
    vectors = np.array([[1, 2, 3, 4], [65_535, 0, 0, 1], [65_536, 0, 0, 0]], np.uint32)
    packed = pack_vectors(vectors)
    assert packed[2] == 0
    assert unpack_vectors(packed[:2], 4).tolist() == vectors[:2].tolist()
    assert choose_codes(packed, np.array([1, 5, 9]), 4).vectors.tolist() == sorted(packed[:2].tolist())


def test_the_smaller_width_is_taken() -> None:
    """Twenty vectors as common as each other need eight bits; where all but fifteen are rare, escapes cost less."""
    packed = np.arange(1, 21, dtype=np.uint64)
    assert choose_codes(packed, np.full(20, 1000), 1).bits == 8
    assert choose_codes(packed, np.array([1000] * 15 + [10] * 5), 1).bits == 4


@given(st.lists(st.integers(0, 15), max_size=40), st.data())
def test_codes_share_bytes(codes: list[int], data: st.DataObject) -> None:
    """Two narrow codes a byte come back one by one, as a range or from any places."""
    array = np.array(codes, np.uint8)
    packed = pack_codes(array, 4)
    assert len(packed) == (len(codes) + 1) // 2
    start = data.draw(st.integers(0, len(codes)))
    stop = data.draw(st.integers(start, len(codes)))
    assert unpack_codes(packed.data, 4, slice(start, stop)).tolist() == codes[start:stop]
    if codes:
        places = np.array(data.draw(st.lists(st.integers(0, len(codes) - 1))), np.int64)
        assert unpack_codes(packed.data, 4, places).tolist() == array[places].tolist()


def test_a_vector_without_code_is_an_escape() -> None:
    """Neither what is not in the book nor what cannot be packed is mistaken for what is."""
    tfs = np.array([[1], [2], [3], [70_000]], np.uint32)
    codes = choose_codes(np.array([1, 3], np.uint64), np.array([5, 5]), 1)
    assert encode_codes(tfs, codes).tolist() == [0, codes.escape, 1, codes.escape]

"""Frequencies of every size and number of fields come back exactly, by code or by escape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from searchkit.model.document import to_document
from searchkit.model.schema import Schema, Text
from searchkit.segment.buffer import Buffer
from searchkit.segment.postings import commonest_vectors, pack_vectors, unpack_vectors
from searchkit.segment.reader import SegmentReader
from searchkit.segment.writer import write_segment


@pytest.mark.parametrize("fields", [1, 4, 16])
def test_more_vectors_than_codes(tmp_path: Path, fields: int) -> None:
    """With over 255 different vectors the rarer ones are escaped, and every one is read back."""
    schema = Schema(**{f"f{number}": Text() for number in range(fields)})
    buffer = Buffer(fields=fields, columns=0)
    wanted = []
    for number in range(400):
        terms: list[list[str]] = [[] for _ in range(fields)]
        terms[number % fields] = ["word"] * (number + 1)
        terms[0] = terms[0] or ["word"]
        buffer.add(to_document({"id": str(number)}, schema), terms)
        wanted.append([len(field) for field in terms])
    receipt = write_segment(tmp_path / "s.seg", buffer, schema)
    reader = SegmentReader(tmp_path / "s.seg", receipt.size, receipt.spine, receipt.sums)
    assert len(reader.tf_escaped) > 0
    assert reader.frequencies(0).tolist() == wanted
    backwards = np.arange(399, -1, -7)
    assert reader.frequencies(0, backwards).tolist() == [wanted[number] for number in backwards]
    assert reader.positions(0)[1].tolist() == [sum(vector) for vector in wanted]


def test_packing_is_reversible_or_refused() -> None:
    """A vector whose entries fit is one integer; one that does not fit packs to 0, which is never used."""
    vectors = np.array([[1, 2, 3, 4], [65_535, 0, 0, 1], [65_536, 0, 0, 0]], np.uint32)
    packed = pack_vectors(vectors)
    assert packed[2] == 0
    assert unpack_vectors(packed[:2], 4).tolist() == vectors[:2].tolist()
    assert commonest_vectors(packed, np.array([1, 5, 9])).tolist() == sorted(packed[:2].tolist())

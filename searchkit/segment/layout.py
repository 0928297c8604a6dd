"""The names and widths of FORMAT.md as constants: parts of a segment file, dtypes, block sizes.

Nothing here works on postings. Whoever changes a value here changes the format: FORMAT.md, its worked bytes and
`FORMAT_VERSION` change with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

FORMAT_VERSION: Final = 2
FORMATS_READ: Final = (2,)

HEAD: Final = "head"
SUMS: Final = "sums"
TERMS: Final = "terms"
TERM_NUMBERS: Final = "term_numbers"
TERM_POSTINGS: Final = "term_postings"
TERM_FIRST: Final = "term_first"
POSTINGS: Final = "postings"
TFS: Final = "tfs"
TF_VECTORS: Final = "tf_vectors"
TF_ESCAPED: Final = "tf_escaped"
TF_ESCAPES: Final = "tf_escapes"
POSITIONS: Final = "positions"
POSITION_INDEX: Final = "position_index"
LENGTHS: Final = "lengths.{}"
KEYWORDS: Final = "keywords"
KEYWORD_NUMBERS: Final = "keyword_numbers"
KEYWORD_POSTINGS: Final = "keyword_postings"
KEYWORD_OFFSETS: Final = "keyword_offsets"
COLUMN: Final = "column.{}"
IDS: Final = "ids"
ID_ENDS: Final = "id_ends"
ID_HASHES: Final = "id_hashes"
ID_DOCS: Final = "id_docs"
DIGESTS: Final = "digests"
STORED: Final = "stored"
STORED_INDEX: Final = "stored_index"

U2: Final = np.dtype("<u2")
U4: Final = np.dtype("<u4")
U8: Final = np.dtype("<u8")
F8: Final = np.dtype("<f8")
BYTE: Final = np.dtype("u1")

POSTINGS_UNIT: Final = 2
"""Bytes; every posting list begins at a multiple of it, and `term_postings` counts in this unit."""
SMALL_LIST_MAX: Final = 8
"""Documents up to which a posting list is no bitmap but their low and high halves: most terms are that rare."""
TF_BITS: Final = (4, 8)
"""Widths a code in `tfs` can have; the largest code of a width says: look in `tf_escaped`."""
ID_HASH_SHIFT: Final = 32
"""`id_hashes` keeps the high half of the hash of an id; the id itself decides."""
POSITIONS_STRIDE: Final = 64
"""Postings between two entries of `position_index`."""
STORED_BLOCK_DOCUMENTS: Final = 16
"""Documents compressed together: enough to find repetition, few enough to unpack one in 50 microseconds."""
FIELD_GAP: Final = 1
"""Positions left free between two fields of a document, so that no phrase spans them."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a segment says of itself: counts (not sizes), field names in order, widths."""

    documents: int
    terms: int
    postings: int
    occurrences: int
    text_fields: tuple[str, ...]
    keyword_fields: tuple[str, ...]
    columns: tuple[str, ...]
    length_totals: tuple[int, ...]
    length_widths: tuple[int, ...]
    tf_bits: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the `head` part."""
        return {"format": FORMAT_VERSION, **{name: getattr(self, name) for name in self.__slots__}}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Head:
        """Rebuild what `to_dict` gave, lists as tuples."""
        return cls(**{name: _frozen(data[name]) for name in cls.__slots__})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def keyword_key(field: str, value: str) -> str:
    """The dictionary key of a keyword. Field names are identifiers, so the first space ends the name."""
    return f"{field} {value}"

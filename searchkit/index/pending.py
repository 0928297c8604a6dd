"""What a writer holds between commits besides its buffer: segments that are not listed yet, and what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.ids import SegmentId
from searchkit.index.catalog import SegmentEntry
from searchkit.segment.reader import SegmentReader
from searchkit.segment.writer import Receipt


@dataclass(slots=True)
class Counts:
    """What happened to records since the writer was opened, or since the last commit."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(slots=True)
class Pending:
    """A segment as the next commit will list it."""

    id: SegmentId
    receipt: Receipt
    reader: SegmentReader
    dead: BitMap

    def entry(self) -> SegmentEntry:
        """The catalog's line for it, with the lengths of its live documents."""
        lengths = self.reader.lengths[bitmap.to_array(self.dead)].sum(axis=0, dtype=np.int64)
        live = tuple(total - lost for total, lost in zip(self.receipt.length_totals, lengths.tolist(), strict=True))
        receipt = self.receipt
        return SegmentEntry(self.id, receipt.documents, len(self.dead), receipt.size, receipt.spine, receipt.sums, live)

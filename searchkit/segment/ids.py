"""Here is an id, which document? And back: ids as they are written, and a sorted table of their hashes.

Only the high half of a hash is kept; whoever has it is asked for the id itself, so that equal halves cost a look
and no more. Finding one id costs some microseconds, many together a tenth of one each; the id of a document half of one. What this module
does not know: which documents are deleted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from searchkit.ids import DocId
from searchkit.limits import CHECKSUM_BLOCK_BYTES
from searchkit.model.document import id_hash, id_hash_bytes
from searchkit.segment.layout import ID_HASH_SHIFT, U4, U8


def encode_ids(ids: Sequence[str]) -> tuple[bytes, list[int], bytes, bytes]:
    """The parts `ids`, `id_ends` (not yet packed), `id_hashes` and `id_docs`."""
    encoded = [id.encode("utf-8") for id in ids]
    hashes = (np.frombuffer(id_hash_bytes(ids), U8) >> np.uint64(ID_HASH_SHIFT)).astype(U4)
    order = np.argsort(hashes, kind="stable")
    ends = list(itertools.accumulate(map(len, encoded)))
    return b"".join(encoded), ends, hashes[order].tobytes(), order.astype(U4).tobytes()


class IdTable:
    """The ids of a segment.

    Parameters
    ----------
    ends : ndarray of shape (documents,), uint32
        Where in the part `ids` each id ends.
    hashes : ndarray of shape (documents,), uint32
        High halves of hashes, ascending.
    docs : ndarray of shape (documents,), uint32
        The document of each hash.
    text : memoryview
        The part `ids`.
    verified : memoryview
        Whether each of its blocks has been verified, as that changes; see `Sums.flags`.
    verify : callable
        Verifies the bytes of the part from a start to a stop; raises SegmentDamaged.
    """

    __slots__ = ("_docs", "_ends", "_hashes", "_text", "_verified", "_verify", "_whole")

    def __init__(
        self,
        ends: npt.NDArray[np.uint32],
        hashes: npt.NDArray[np.uint32],
        docs: npt.NDArray[np.uint32],
        text: memoryview,
        verified: memoryview,
        verify: Callable[[int, int], object],
    ) -> None:
        self._ends = ends.data  # Gives plain numbers, in a third of the time an array takes.
        self._hashes = hashes
        self._docs = docs
        self._text = text
        self._verified = verified
        self._verify = verify
        self._whole = False

    def id(self, doc: DocId) -> str:
        """The id of a document."""
        ends = self._ends
        start, stop = ends[doc - 1] if doc else 0, ends[doc]
        if not self._whole:  # Every hit of every search comes by here: not asked any more once all is verified.
            first, last = start // CHECKSUM_BLOCK_BYTES, (stop - 1) // CHECKSUM_BLOCK_BYTES
            if first != last or not self._verified[first]:
                self._verify(start, stop)
                self._whole = 0 not in bytes(self._verified)
        return self._text[start:stop].tobytes().decode()

    def all(self) -> list[str]:
        """Ids of all documents, in order."""
        ends = self._ends.tolist()
        self._verify(0, ends[-1] if ends else 0)
        data = bytes(self._text)
        return [data[start:end].decode("utf-8") for start, end in itertools.pairwise([0, *ends])]

    def find(self, id: str) -> list[DocId]:
        """Documents with an id: one at most, unless the segment is being checked."""
        hashed = np.uint32(id_hash(id) >> ID_HASH_SHIFT)
        low, high = np.searchsorted(self._hashes, hashed), np.searchsorted(self._hashes, hashed, side="right")
        return [doc for doc in self._docs[low:high].tolist() if self.id(doc) == id]

    def find_many(self, ids: Sequence[str], hashes: npt.NDArray[np.uint64]) -> dict[str, DocId]:
        """Documents with any of these ids, whose whole hashes stand in `hashes`; ids not here are left out."""
        if len(self._hashes) == 0:
            return {}
        halves = (hashes >> np.uint64(ID_HASH_SHIFT)).astype(np.uint32)
        places = np.searchsorted(self._hashes, halves)
        places[places == len(self._hashes)] = 0
        found = {}
        for number in np.flatnonzero(self._hashes[places] == halves).tolist():
            for doc in self.find(ids[number]):
                found[ids[number]] = doc
        return found

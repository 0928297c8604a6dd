"""Here is an id, which document? And back: ids as they are written, and a sorted table of their hashes.

Only the high half of a hash is kept; whoever has it is asked for the id itself, so that equal halves cost a look
and no more. Finding one id costs some microseconds, many together a tenth of one each. What this module
does not know: which documents are deleted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchkit.ids import DocId
from searchkit.model.document import id_hash, id_hash_bytes
from searchkit.segment.layout import ID_HASH_SHIFT, U4, U8


def encode_ids(ids: Sequence[str]) -> tuple[bytes, list[int], bytes, bytes]:
    """The parts `ids`, `id_ends` (not yet packed), `id_hashes` and `id_docs`."""
    encoded = [id.encode("utf-8") for id in ids]
    hashes = (np.frombuffer(id_hash_bytes(ids), U8) >> np.uint64(ID_HASH_SHIFT)).astype(U4)
    order = np.argsort(hashes, kind="stable")
    ends = list(itertools.accumulate(map(len, encoded)))
    return b"".join(encoded), ends, hashes[order].tobytes(), order.astype(U4).tobytes()


@dataclass(frozen=True, slots=True)
class IdTable:
    """The ids of a segment.

    Attributes
    ----------
    ends : ndarray of shape (documents,), uint32
        Where in the part `ids` each id ends.
    hashes : ndarray of shape (documents,), uint32
        High halves of hashes, ascending.
    docs : ndarray of shape (documents,), uint32
        The document of each hash.
    text : callable
        Verified bytes of the part `ids`, from a start to a stop.
    """

    ends: npt.NDArray[np.uint32]
    hashes: npt.NDArray[np.uint32]
    docs: npt.NDArray[np.uint32]
    text: Callable[[int, int], memoryview]

    def id(self, doc: DocId) -> str:
        """The id of a document."""
        start = int(self.ends[doc - 1]) if doc else 0
        return bytes(self.text(start, int(self.ends[doc]))).decode("utf-8")

    def all(self) -> list[str]:
        """Ids of all documents, in order."""
        ends = self.ends.tolist()
        data = bytes(self.text(0, ends[-1] if ends else 0))
        return [data[start:end].decode("utf-8") for start, end in itertools.pairwise([0, *ends])]

    def find(self, id: str) -> list[DocId]:
        """Documents with an id: one at most, unless the segment is being checked."""
        hashed = np.uint32(id_hash(id) >> ID_HASH_SHIFT)
        low, high = np.searchsorted(self.hashes, hashed), np.searchsorted(self.hashes, hashed, side="right")
        return [doc for doc in self.docs[low:high].tolist() if self.id(doc) == id]

    def find_many(self, ids: Sequence[str], hashes: npt.NDArray[np.uint64]) -> dict[str, DocId]:
        """Documents with any of these ids, whose whole hashes stand in `hashes`; ids not here are left out."""
        if len(self.hashes) == 0:
            return {}
        halves = (hashes >> np.uint64(ID_HASH_SHIFT)).astype(np.uint32)
        places = np.searchsorted(self.hashes, halves)
        places[places == len(self.hashes)] = 0
        found = {}
        for number in np.flatnonzero(self.hashes[places] == halves).tolist():
            for doc in self.find(ids[number]):
                found[ids[number]] = doc
        return found

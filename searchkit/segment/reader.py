"""A sealed segment, opened: here is a term, which documents, how often, and where. Read-only, cheap to open.

Opening compares the file's size and spine with the catalog's receipt, maps the file, and looks at nothing
else; each block of a part is verified when it is first touched. Arrays given out are views of the map where
they can be and stay valid while the reader lives. Raises `SegmentDamaged` for every byte that is not what
was written. What this module does not know: deletions, other segments, scores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.errors import FormatUnsupported, SegmentDamaged, StorageError
from searchkit.ids import DocId, TermId
from searchkit.segment import layout
from searchkit.segment.frequencies import unpack_codes
from searchkit.segment.ids import IdTable
from searchkit.segment.layout import Head
from searchkit.segment.positions import decode_positions, posting_starts
from searchkit.segment.posting_lists import decode_list, decode_lists
from searchkit.segment.stored import PackedBlock, decode_block
from searchkit.segment.sums import Sums
from searchkit.segment.terms import TermDictionary
from searchkit.store.files import os_errors
from searchkit.store.lmdb_pages import spine
from searchkit.store.lmdb_store import ValueFile

if sys.byteorder != "little":  # pragma: no cover - no supported platform is
    raise ImportError("searchkit reads its little-endian files in place and needs a little-endian machine")

DocArray = npt.NDArray[np.uint32]


class SegmentReader:
    """One segment file.

    Parameters
    ----------
    path : Path
    size, spine_check, sums_total : int
        From the catalog's receipt.

    Attributes
    ----------
    cache : dict
        What others derive from the file and want kept as long as it is open.

    Raises
    ------
    SegmentDamaged
        If the file is missing, cut short, or its outer structure is not what was written.
    FormatUnsupported
        If another version wrote it.
    """

    def __init__(self, path: Path, size: int, spine_check: int, sums_total: int) -> None:
        self.path = path
        with _missing_is_damage(path):
            with os_errors(path):
                got_size = path.stat().st_size
            if got_size != size:
                raise SegmentDamaged(path, "the size of the file", size, got_size)
            got_spine = spine(path)[1]
            if got_spine != spine_check:
                raise SegmentDamaged(path, "the checksum of its page headers", f"{spine_check:08x}", f"{got_spine:08x}")
            self._file = ValueFile(path)
        self._sums = Sums(self._file.get(layout.SUMS), sums_total, path)
        self._views: dict[str, memoryview] = {}
        self.cache: dict[Any, Any] = {}
        head = json.loads(bytes(self._part(layout.HEAD)))
        if head["format"] not in layout.FORMATS_READ:
            raise FormatUnsupported(path, head["format"], layout.FORMATS_READ)
        self.head = Head.from_dict(head)
        self._validate_offsets()

    # --- parts ----------------------------------------------------------------------------------------

    def _view(self, name: str) -> memoryview:
        """A part as it lies in the file, not verified."""
        view = self._views.get(name)
        if view is None:
            view = self._file.get(name) if self._sums.size(name) else memoryview(b"")
            self._views[name] = view
        return view

    def _part(self, name: str, start: int = 0, stop: int | None = None) -> memoryview:
        """Verified bytes `start` to `stop` of a part."""
        view = self._view(name)
        self._sums.verify(name, view, start, stop)
        return view[start:stop]

    def _array(self, name: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """A whole part, verified, as an aligned array: a copy if LMDB placed it at an odd address."""
        part = self._part(name)
        if len(part) % dtype.itemsize:
            raise SegmentDamaged(
                self.path, f"the size of the part {name!r}", f"a multiple of {dtype.itemsize}", len(part)
            )
        values = np.frombuffer(part, dtype)
        if values.ctypes.data % dtype.itemsize:
            values = values.copy()
            values.setflags(write=False)  # Like the views, so that kernels see one kind of array.
        return values

    def _validate_offsets(self) -> None:
        """Offsets ascend and end where their part ends, so that no kernel can be led out of its bytes."""
        for name, end in ((layout.TERM_FIRST, self.head.postings), (layout.TERM_POSTINGS, None)):
            offsets = self._array(name, layout.U4)
            last = self._sums.size(layout.POSTINGS) // layout.POSTINGS_UNIT if end is None else end
            steps = offsets[1:] < offsets[:-1]
            if len(offsets) != self.head.terms + 1 or offsets[0] != 0 or offsets[-1] != last or steps.any():
                raise SegmentDamaged(self.path, f"the offsets in {name!r} do not fit the parts they point into")
        tf_bytes = -(-self.head.postings * self.head.tf_bits // 8)
        if self.head.tf_bits not in layout.TF_BITS or self._sums.size(layout.TFS) != tf_bytes:
            raise SegmentDamaged(
                self.path, f"the size of the part {layout.TFS!r}", tf_bytes, self._sums.size(layout.TFS)
            )

    # --- terms ----------------------------------------------------------------------------------------

    @cached_property
    def terms(self) -> TermDictionary:
        """The term dictionary."""
        return self._dictionary(layout.TERMS, layout.TERM_NUMBERS)

    def _dictionary(self, name: str, numbers: str) -> TermDictionary:
        try:
            return TermDictionary(self._part(name), self._array(numbers, layout.U4))
        except ValueError as error:
            raise SegmentDamaged(self.path, f"the part {name!r}: {error}") from error

    @cached_property
    def term_first(self) -> DocArray:
        """Number of the first posting of each term, and of the end, shape (terms + 1,)."""
        return self._array(layout.TERM_FIRST, layout.U4)

    @cached_property
    def term_postings(self) -> DocArray:
        """Where the posting list of each term begins, and the last one ends, in units of `layout.POSTINGS_UNIT` bytes."""
        return self._array(layout.TERM_POSTINGS, layout.U4)

    def document_frequency(self, term: TermId) -> int:
        """Documents that hold a term, deleted ones included."""
        return int(self.term_first[term + 1]) - int(self.term_first[term])

    def document_frequencies(self, start: TermId, stop: TermId) -> npt.NDArray[np.int64]:
        """The same of all terms from `start` on and before `stop`."""
        first = self.term_first[start : stop + 1].astype(np.int64)
        return first[1:] - first[:-1]

    def postings_range(self, term: TermId) -> tuple[int, int]:
        """Bytes of a term's posting list within the part `postings`."""
        start, stop = self.term_postings[term : term + 2].tolist()
        return start * layout.POSTINGS_UNIT, stop * layout.POSTINGS_UNIT

    def postings(self, term: TermId) -> BitMap:
        """Documents that hold a term, as a set."""
        if self.document_frequency(term) <= layout.SMALL_LIST_MAX:
            return bitmap.from_array(self.docs(term))
        return bitmap.from_bytes(self._part(layout.POSTINGS, *self.postings_range(term)))

    def docs(self, term: TermId) -> DocArray:
        """Documents that hold a term, ascending, shape (document_frequency(term),), uint32."""
        df, (start, stop) = self.document_frequency(term), self.postings_range(term)
        fits = df > layout.SMALL_LIST_MAX or stop - start == 2 * layout.POSTINGS_UNIT * df
        docs = decode_list(self._part(layout.POSTINGS, start, stop), df) if fits else np.zeros(0, np.uint32)
        if len(docs) != df or (df and docs[-1] >= self.head.documents):
            raise SegmentDamaged(self.path, f"the posting list of term {term} does not fit the counts beside it")
        return docs

    def docs_of_terms(self, start: TermId, stop: TermId, *, compiled: bool) -> DocArray:
        """Documents of all terms from `start` on and before `stop`, list after list; by kernels if `compiled`."""
        offsets = self.term_postings[start : stop + 1].astype(np.int64)
        dfs = self.document_frequencies(start, stop)
        part = self._part(layout.POSTINGS, *(layout.POSTINGS_UNIT * offsets[[0, -1]]).tolist())
        units = np.frombuffer(part, layout.U2)
        try:
            if compiled:
                from searchkit.segment.kernels import decode

                docs = decode.decode_lists(units, np.diff(offsets), dfs)
            else:
                docs = decode_lists(units, np.diff(offsets), dfs)
        except ValueError as error:
            raise SegmentDamaged(self.path, f"the posting lists of terms {start} to {stop}: {error}") from error
        if docs.max(initial=0) >= self.head.documents:
            raise SegmentDamaged(
                self.path, f"the posting lists of terms {start} to {stop} name documents that do not exist"
            )
        return docs

    def frequencies(self, term: TermId, ranks: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.uint32]:
        """Term frequencies by field, shape (postings, fields), uint32.

        Parameters
        ----------
        ranks : ndarray of shape (postings,), int64, optional
            Which postings of the term, counted from 0; all of them when left out.
        """
        first, end = int(self.term_first[term]), int(self.term_first[term + 1])
        return self.frequencies_of(np.arange(first, end) if ranks is None else first + ranks)

    def frequencies_of(self, postings: npt.NDArray[np.int64] | slice) -> npt.NDArray[np.uint32]:
        """Term frequencies by field of postings given by number, or of a range of them.

        Returns
        -------
        ndarray of shape (postings, fields), uint32
        """
        if isinstance(postings, slice):
            codes = self.tf_codes(postings.start, postings.stop)
        else:
            low, high = (int(postings.min()), int(postings.max()) + 1) if len(postings) else (0, 0)
            start, stop = self.tfs_range(low, high)
            shifted = postings - start * 8 // self.head.tf_bits
            codes = unpack_codes(self._part(layout.TFS, start, stop), self.head.tf_bits, shifted)
        tfs: npt.NDArray[np.uint32] = self.tf_vectors[codes]
        escaped = np.flatnonzero(codes == len(self.tf_vectors) - 1)
        if len(escaped):
            numbers = escaped + postings.start if isinstance(postings, slice) else postings[escaped]
            rows = np.searchsorted(self.tf_escaped, numbers)
            rows[rows == len(self.tf_escaped)] = 0
            if len(self.tf_escaped) == 0 or (self.tf_escaped[rows] != numbers).any():
                raise SegmentDamaged(self.path, "an escaped frequency is missing from the part 'tf_escaped'")
            tfs[escaped] = self.tf_escapes[rows]
        return tfs

    def tfs_range(self, start: int, stop: int) -> tuple[int, int]:
        """Bytes within the part `tfs` that hold the codes of the postings from `start` on and before `stop`."""
        bits = self.head.tf_bits
        return start * bits // 8, -(-stop * bits // 8)

    def tf_codes(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        """The codes of consecutive postings, one a byte: rows of `tf_vectors`, the last of which stands for escapes."""
        first, last = self.tfs_range(start, stop)
        skipped = first * 8 // self.head.tf_bits
        return unpack_codes(
            self._part(layout.TFS, first, last), self.head.tf_bits, slice(start - skipped, stop - skipped)
        )

    @cached_property
    def tf_vectors(self) -> npt.NDArray[np.uint32]:
        """Frequency vector of each code, shape (16 or 256, fields), uint32; zeros for codes not in use."""
        fields = len(self.head.text_fields)
        table = np.zeros((1 << self.head.tf_bits, fields), np.uint32)
        known = self._array(layout.TF_VECTORS, layout.U4).reshape(-1, fields)
        if len(known) >= len(table):
            raise SegmentDamaged(self.path, "the rows of 'tf_vectors'", f"less than {len(table)}", len(known))
        table[: len(known)] = known
        return table

    @cached_property
    def tf_escaped(self) -> DocArray:
        """Numbers of the postings with a vector of their own, ascending."""
        return self._array(layout.TF_ESCAPED, layout.U4)

    @cached_property
    def tf_escapes(self) -> npt.NDArray[np.uint32]:
        """Frequency vectors of `tf_escaped`, shape (len(tf_escaped), fields), uint32."""
        fields = len(self.head.text_fields)
        escapes = self._array(layout.TF_ESCAPES, layout.U4).reshape(-1, fields)
        if len(escapes) != len(self.tf_escaped):
            raise SegmentDamaged(self.path, "the size of the part 'tf_escapes'", len(self.tf_escaped), len(escapes))
        return escapes

    def positions(
        self, term: TermId, ranks: npt.NDArray[np.int64] | None = None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Positions of a term in its documents.

        Parameters
        ----------
        ranks : ndarray of shape (postings,), int64, optional
            Which postings of the term, ascending; all of them when left out.

        Returns
        -------
        positions : ndarray of shape (occurrences,), int64
            Posting after posting; see positions.py for how they count through the fields.
        counts : ndarray of shape (postings,), int64
        """
        first, end = int(self.term_first[term]), int(self.term_first[term + 1])
        numbers = np.arange(first, end) if ranks is None else first + ranks
        pieces, kept = [], []
        for start, stop in _runs(np.unique(numbers // layout.POSITIONS_STRIDE)):
            stream = self._position_stream(start, stop)
            starts = posting_starts(stream)
            low, high = np.searchsorted(numbers, (start * layout.POSITIONS_STRIDE, stop * layout.POSITIONS_STRIDE))
            wanted = numbers[low:high] - start * layout.POSITIONS_STRIDE
            if len(wanted) and wanted[-1] + 1 >= len(starts):
                raise SegmentDamaged(self.path, f"the positions of term {term} end too early")
            pieces.append(stream[starts[wanted[0]] : starts[wanted[-1] + 1]])
            kept.append((wanted - wanted[0], int(wanted[-1] - wanted[0] + 1)))
        if not pieces:
            return decode_positions(np.zeros(0, np.uint8))
        positions, counts = decode_positions(np.concatenate(pieces))
        offset, chosen = 0, []
        for wanted, size in kept:
            chosen.append(wanted + offset)
            offset += size
        keep = np.zeros(len(counts), bool)
        keep[np.concatenate(chosen)] = True
        return (positions, counts) if keep.all() else (positions[np.repeat(keep, counts)], counts[keep])

    def verify_positions(self, first: int, last: int) -> None:
        """Verify the positions of the postings from `first` on and before `last`, for kernels that read them in place."""
        self._position_stream(first // layout.POSITIONS_STRIDE, (last - 1) // layout.POSITIONS_STRIDE + 1)

    def _position_stream(self, start: int, stop: int) -> npt.NDArray[np.uint8]:
        """The position stream of the postings in strides `start` to `stop`."""
        index = self.position_index
        end = int(index[stop]) if stop < len(index) else self._sums.size(layout.POSITIONS)
        return np.frombuffer(self._part(layout.POSITIONS, int(index[start]), end), np.uint8)

    def positions_of(self, first: int, stop: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The positions of consecutive postings as they are written, and where each begins in these bytes, and the end."""
        stride = layout.POSITIONS_STRIDE
        if first == stop:
            return np.zeros(0, np.uint8), np.zeros(1, np.int64)
        stream = self._position_stream(first // stride, -(-stop // stride))
        starts = posting_starts(stream)[first % stride :][: stop - first + 1]
        if len(starts) != stop - first + 1:
            raise SegmentDamaged(self.path, f"the positions of postings {first} to {stop} end too early")
        return stream[starts[0] : starts[-1]], starts - starts[0]

    @cached_property
    def position_index(self) -> DocArray:
        """Byte offset in `positions` of every 64th posting of the segment, shape (ceil(postings / 64),)."""
        index = self._array(layout.POSITION_INDEX, layout.U4)
        strides = -(-self.head.postings // layout.POSITIONS_STRIDE)
        size = self._sums.size(layout.POSITIONS)
        if len(index) != strides or index.max(initial=0) > size or (index[1:] < index[:-1]).any():
            raise SegmentDamaged(self.path, f"the offsets in {layout.POSITION_INDEX!r} do not fit the positions")
        return index

    # --- documents ------------------------------------------------------------------------------------

    @cached_property
    def lengths(self) -> npt.NDArray[np.uint32]:
        """Tokens of each text field of each document, shape (documents, fields), uint32."""
        columns = [
            self._array(layout.LENGTHS.format(field), np.dtype(f"<u{width}"))
            for field, width in enumerate(self.head.length_widths)
        ]
        if any(len(column) != self.head.documents for column in columns):
            raise SegmentDamaged(self.path, "the lengths are not one a document")
        return np.stack(columns, axis=1).astype(np.uint32)

    @cached_property
    def length_max(self) -> int:
        """Length of the longest field of any document, in tokens."""
        return int(self.lengths.max(initial=0))

    def keyword(self, field: str, value: str) -> BitMap:
        """Documents with this value in a keyword field."""
        return self._keyword_postings(self._keywords.number(layout.keyword_key(field, value)))

    def keywords(self) -> Iterator[tuple[str, str, BitMap]]:
        """Every field, value and set of documents."""
        for key, number in self._keywords.items():
            field, _, value = key.partition(" ")
            yield field, value, self._keyword_postings(number)

    def _keyword_postings(self, number: TermId | None) -> BitMap:
        if number is None:
            return BitMap()
        start, stop = self._keyword_offsets[number : number + 2].tolist()
        return bitmap.from_bytes(self._part(layout.KEYWORD_POSTINGS, start, stop))

    @cached_property
    def _keyword_offsets(self) -> DocArray:
        return self._array(layout.KEYWORD_OFFSETS, layout.U4)

    @cached_property
    def _keywords(self) -> TermDictionary:
        return self._dictionary(layout.KEYWORDS, layout.KEYWORD_NUMBERS)

    def column(self, field: str) -> npt.NDArray[np.float64]:
        """Values of a Number or Date field, NaN where missing, shape (documents,), float64."""
        return self._array(layout.COLUMN.format(field), layout.F8)

    @cached_property
    def digests(self) -> npt.NDArray[np.uint64]:
        """Digest of each record, shape (documents,), uint64."""
        return self._array(layout.DIGESTS, layout.U8)

    @cached_property
    def _ids(self) -> IdTable:
        ends, hashes, docs = (
            self._array(name, layout.U4) for name in (layout.ID_ENDS, layout.ID_HASHES, layout.ID_DOCS)
        )
        documents = self.head.documents
        complete = all(len(array) == documents for array in (ends, hashes, docs)) and not (docs >= documents).any()
        if not complete or ends[-1:].sum() != self._sums.size(layout.IDS) or (ends[1:] < ends[:-1]).any():
            raise SegmentDamaged(self.path, "the table of ids is not one of its documents")
        text, verified = self._view(layout.IDS), self._sums.flags(layout.IDS)
        return IdTable(ends, hashes, docs, text, verified, partial(self._part, layout.IDS))

    @cached_property
    def id(self) -> Callable[[DocId], str]:
        """What gives the id of a document: every hit comes by here, so there is nothing between it and the table."""
        return self._ids.id

    def ids(self) -> list[str]:
        """Ids of all documents, in order."""
        return self._ids.all()

    def find(self, id: str) -> list[DocId]:
        """Documents with an id, deleted ones included: one at most, unless the segment is being checked."""
        return self._ids.find(id)

    def find_many(self, ids: list[str], hashes: npt.NDArray[np.uint64]) -> dict[str, DocId]:
        """Documents with any of these ids, whose hashes stand in `hashes`; ids not here are left out."""
        return self._ids.find_many(ids, hashes)

    def record(self, doc: DocId) -> dict[str, Any]:
        """The stored record of a document."""
        block = self.stored_block(doc // layout.STORED_BLOCK_DOCUMENTS)
        record: dict[str, Any] = json.loads(block[doc % layout.STORED_BLOCK_DOCUMENTS])
        return record

    def stored_block(self, block: int) -> list[bytes]:
        """Records of one block of documents, as JSON."""
        packed = self.packed_block(block)
        try:
            return decode_block(packed.data, packed.documents)
        except ValueError as error:
            raise SegmentDamaged(self.path, f"block {block} of the stored records {error}") from error

    def packed_block(self, block: int) -> PackedBlock:
        """The same, as it lies in the file."""
        start, stop = self._stored_index[block : block + 2].tolist()
        documents = min(layout.STORED_BLOCK_DOCUMENTS, self.head.documents - block * layout.STORED_BLOCK_DOCUMENTS)
        return PackedBlock(self._part(layout.STORED, start, stop), documents)

    def stored(self) -> Iterator[bytes]:
        """Records of all documents as JSON, in order."""
        for block in range(-(-self.head.documents // layout.STORED_BLOCK_DOCUMENTS)):
            yield from self.stored_block(block)

    @cached_property
    def _stored_index(self) -> DocArray:
        return self._array(layout.STORED_INDEX, layout.U4)

    # --- for kernels and for check --------------------------------------------------------------------

    def bytes_of(self, name: str, start: int, stop: int) -> memoryview:
        """Verified bytes of a part in place, for kernels that work on addresses."""
        return self._part(name, start, stop)

    def unverified(self, name: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """A whole part in place as an array; verify what you read of it with `bytes_of` first."""
        view = self._view(name)
        return np.frombuffer(view[: len(view) // dtype.itemsize * dtype.itemsize], dtype)

    def verify_all(self) -> None:
        """Verify every byte of every part."""
        for name in self._sums.parts:
            self._part(name)

    @property
    def part_sizes(self) -> dict[str, int]:
        """Size of each part in bytes."""
        return self._sums.parts


@contextmanager
def _missing_is_damage(path: Path) -> Iterator[None]:
    """Say that a file is missing at whatever step that shows: a merge may remove it between any two of them."""
    try:
        yield
    except StorageError as error:
        try:
            path.stat()
        except FileNotFoundError:
            raise SegmentDamaged(path, "is missing, though the catalog lists it") from error
        except OSError:
            pass  # It is there but out of reach; the error at hand says why.
        raise


def _runs(numbers: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive numbers as (first, last + 1)."""
    if len(numbers):
        breaks = np.flatnonzero(np.diff(numbers) > 1)
        firsts = numbers[np.concatenate(([0], breaks + 1))]
        lasts = numbers[np.concatenate((breaks, [len(numbers) - 1]))]
        yield from zip(firsts.tolist(), (lasts + 1).tolist(), strict=True)

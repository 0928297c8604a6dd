"""A part of a segment while it is being written: bytes at the end, and all of them at once when sealed.

Small parts stay in memory, and so does what is given all at once; larger ones go to an unnamed temporary file beside the
segment and come back as a map of it, so that a merge needs memory for the chunk at hand and not for the segment.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from searchkit.store.files import os_errors

_MEMORY_BYTES_MAX = 8 << 20
"""Bytes of one part held in memory; a batch of some 10,000 pages stays below it."""
_WRITE_BYTES = 1 << 18
"""Bytes written to the temporary file at a time."""


class Spool:
    """Collects the bytes of one part.

    Parameters
    ----------
    directory : Path
        Where a temporary file goes when the part outgrows memory: the index's own file system.
    """

    def __init__(self, directory: Path) -> None:
        import tempfile  # Who only reads needs neither this nor what it loads.

        self._directory = directory
        self._file = tempfile.SpooledTemporaryFile(_MEMORY_BYTES_MAX, "w+b", _WRITE_BYTES, dir=str(directory))  # noqa: SIM115 - see close
        self._alone: memoryview | None = None  # All bytes there are, as they were given: often there are no others.
        self.size = 0

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes at the end; the first ones are not copied and must not change."""
        size = memoryview(data).nbytes
        if size and not self.size:
            self._alone = memoryview(data).cast("B")
        elif size:
            self._write(data)
        self.size += size

    def _write(self, data: bytes | memoryview) -> None:
        with os_errors(self._directory):
            if self._alone is not None:
                self._file.write(self._alone)
                self._alone = None
            self._file.write(data)

    def view(self, tail: bytes = b"") -> memoryview:
        """All bytes so far, and `tail` after them, readable until `close`; the tail only until the next `append`."""
        if self._alone is not None:
            if not tail:
                return self._alone
            self._write(b"")
        if self.size <= _MEMORY_BYTES_MAX:
            self._file.seek(0)
            return memoryview(self._file.read() + tail)
        with os_errors(self._directory):
            self._file.write(tail)
            self._file.flush()
            self._file.seek(self.size)  # What is appended takes the place of the tail.
            return memoryview(mmap.mmap(self._file.fileno(), self.size + len(tail), access=mmap.ACCESS_READ))

    def close(self) -> None:
        """Give the memory or the temporary file back."""
        self._alone = None
        self._file.close()

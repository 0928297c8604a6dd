"""Bytes of a file, unpacked as its name says, and its lines, none of them held if it is too long.

Reading costs one buffer and at most one line of `limits.SOURCE_LINE_BYTES_MAX`. A packed file that ends too early or
does not unpack is a `SourceError` *after* everything good before the damage has been handed out. Knows nothing of
what the lines mean.
"""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from searchkit import limits
from searchkit.errors import SourceError

if TYPE_CHECKING:
    from searchkit.sources.record import Progress

PACKED = (".gz", ".zst", ".xz")
_BUFFER_BYTES = 1 << 18


class Line:
    """One line: its number from 1, and its bytes without the line end, or None if it was too long to hold."""

    __slots__ = ("content", "number")

    def __init__(self, number: int, content: bytes | None) -> None:
        self.number, self.content = number, content


class _Counted(io.RawIOBase):
    """A file that tells how much of it has been read, so that a progress bar can know the end."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file, self._progress = file, progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._progress(len(data))
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _unpacker(suffix: str) -> Callable[[BinaryIO], BinaryIO] | None:
    if suffix == ".gz":
        return lambda file: cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if suffix == ".xz":
        return lambda file: cast("BinaryIO", lzma.LZMAFile(file))
    if suffix == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return lambda file: cast("BinaryIO", zstd.ZstdFile(file))
    return None


@contextmanager
def open_bytes(path: Path, progress: Progress | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked if its name ends in one of `PACKED`.

    Parameters
    ----------
    path : Path
        The file.
    progress : callable or None
        Called with the number of bytes read from disk, each time some are.

    Raises
    ------
    SourceError
        If the file cannot be opened or, while it is read, does not unpack.
    """
    try:
        raw = path.open("rb", buffering=0)
    except OSError as error:
        raise SourceError(str(path), error.strerror or str(error)) from error
    counted: BinaryIO = io.BufferedReader(_Counted(cast("BinaryIO", raw), progress or unwatched), _BUFFER_BYTES)
    unpacker = _unpacker(path.suffix.lower())
    try:
        yield unpacker(counted) if unpacker else counted
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        raise SourceError(str(path), error.strerror or str(error)) from error
    except Exception as error:
        # ZstdError is a plain Exception of a module that is loaded only when a .zst file is read.
        if type(error).__name__ == "ZstdError":
            raise _damaged(path, error) from error
        raise
    finally:
        counted.close()


def _damaged(path: Path, error: Exception) -> SourceError:
    what = "the packed data ends too early" if isinstance(error, EOFError) else f"the packed data is damaged ({error})"
    hint = "Everything read before that point was kept; mend the file and run the same command again."
    return SourceError(str(path), what, hint=hint)


def unwatched(_count: int) -> None:
    """Progress that nobody watches."""


def lines(file: BinaryIO, limit: int = limits.SOURCE_LINE_BYTES_MAX) -> Iterator[Line]:
    """Split bytes at line feeds, dropping a carriage return before one and a byte order mark at the start.

    Parameters
    ----------
    file : binary file
        Read with `readline`, so at most `limit` bytes are held.
    limit : int
        Bytes of a line; a longer one is yielded with None for its content.
    """
    number = 0
    while piece := file.readline(limit + 1):
        number += 1
        if number == 1:
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        if len(piece) > limit and not piece.endswith(b"\n"):
            while (piece := file.readline(_BUFFER_BYTES)) and not piece.endswith(b"\n"):
                pass
            yield Line(number, None)
        else:
            yield Line(number, piece.rstrip(b"\r\n"))

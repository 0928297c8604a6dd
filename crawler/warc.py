"""Keep every fetched page as it came, in a WARC file that other programs read.

Appends to the file if it is there; a WARC is a sequence of records, and one cut off by a kill is the last.
The bodies are those after unpacking, with the headers that spoke of the packing left out.
"""

from __future__ import annotations

import gzip
import io
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from searchkit.errors import MissingExtra
from searchkit.store.files import os_errors

_HOP_HEADERS: Final = frozenset({b"content-encoding", b"transfer-encoding", b"content-length", b"connection"})


class WarcArchive:
    """A WARC file being written; gzipped, one member a record, if its name ends in `.gz`."""

    def __init__(self, path: Path, user_agent: str) -> None:
        try:
            from fastwarc import warc
        except ImportError as error:
            raise MissingExtra("fastwarc", "warc", "writing WARC files") from error
        self._warc: Any = warc
        self._gzip = path.suffix == ".gz"
        with os_errors(path):
            fresh = not path.exists() or path.stat().st_size == 0
            self._file = open(path, "ab")  # noqa: SIM115 - held until `close`
        if fresh:
            record = warc.WarcRecord()
            record.init_headers(record_type=warc.WarcRecordType.warcinfo)
            record.headers["Content-Type"] = "application/warc-fields"
            record.set_bytes_content(f"software: {user_agent}\r\nformat: WARC File Format 1.1\r\n".encode())
            self._append(record)

    def write(self, url: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Append one response record."""
        kept = [(name, value) for name, value in headers if name.lower() not in _HOP_HEADERS]
        kept.append((b"Content-Length", str(len(body)).encode()))
        phrase = HTTPStatus(status).phrase
        head = b"".join(name + b": " + value.replace(b"\r", b"").replace(b"\n", b" ") + b"\r\n" for name, value in kept)
        record = self._warc.WarcRecord()
        record.init_headers(record_type=self._warc.WarcRecordType.response)
        record.headers["WARC-Target-URI"] = url
        record.headers["Content-Type"] = "application/http; msgtype=response"
        record.set_bytes_content(f"HTTP/1.1 {status} {phrase}\r\n".encode() + head + b"\r\n" + body)
        self._append(record)

    def _append(self, record: Any) -> None:
        buffer = io.BytesIO()
        record.write(buffer)
        data = buffer.getvalue()
        with os_errors(self._file.name):
            self._file.write(gzip.compress(data, 6) if self._gzip else data)
            self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

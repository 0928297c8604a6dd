"""A value that can tell whether it is still what was written, and belongs where it was found.

    Frame := check:u32 payload          check = CRC-32 (zlib) of key, then payload; little-endian

The key is part of the sum, so a record that turns up under another key (two pages swapped) is noticed too.
Cost: 4 bytes and about a microsecond per kilobyte. A CRC finds accidents, not forgers: whoever can write
the file can write the sum. What this module does not know: where the bytes are kept.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from searchkit.errors import DamageError

CHECK_BYTES = 4


def seal(key: bytes, payload: bytes) -> bytes:
    """Put a checksum of `key` and `payload` before the payload."""
    return zlib.crc32(payload, zlib.crc32(key)).to_bytes(CHECK_BYTES, "little") + payload


def unseal(
    key: bytes, frame: bytes | memoryview, where: Path | str, error: type[DamageError] = DamageError
) -> memoryview:
    """Give the payload of `seal` back, or raise `error` naming `where` and the key.

    The payload is a view of `frame`, not a copy: it is readable for as long as the frame is.
    """
    view = memoryview(frame)
    if len(view) < CHECK_BYTES:
        raise error(where, f"the length of record {_name(key)}", f"at least {CHECK_BYTES}", len(view))
    payload = view[CHECK_BYTES:]
    expected = int.from_bytes(view[:CHECK_BYTES], "little")
    got = zlib.crc32(payload, zlib.crc32(key))
    if got != expected:
        raise error(where, f"the checksum of record {_name(key)}", f"{expected:08x}", f"{got:08x}")
    return payload


def seal_json(key: bytes, value: Any) -> bytes:
    """`seal` plain data as compact UTF-8 JSON with sorted keys, so that equal data has equal bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return seal(key, text.encode("utf-8"))


def unseal_json(
    key: bytes, frame: bytes | memoryview, where: Path | str, error: type[DamageError] = DamageError
) -> Any:
    """Give plain data back. Read only after its checksum held, so the parser sees what was written."""
    return json.loads(bytes(unseal(key, frame, where, error)))


def _name(key: bytes) -> str:
    return repr(key.decode("utf-8", "backslashreplace"))

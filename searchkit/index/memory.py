"""How much memory somebody allows: a number of bytes, or what people write for one."""

from __future__ import annotations

import re
from typing import Final

from searchkit import limits
from searchkit.errors import RequestError

_UNITS: Final = {
    "": 1,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "KI": 2**10,
    "MI": 2**20,
    "GI": 2**30,
    "TI": 2**40,
}
_SIZE = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([KMGT]I?|)B?\s*", re.ASCII | re.IGNORECASE)


def memory_bytes(memory: int | str) -> int:
    """Bytes of `memory`.

    Parameters
    ----------
    memory : int or str
        Bytes; or a number with a unit, ``"512MB"``, ``"1.5 GiB"`` (MB are millions of bytes, MiB powers of two).

    Raises
    ------
    RequestError
        If it is neither, or less than `limits.WRITER_MEMORY_BYTES_MIN`.

    Examples
    --------
    >>> memory_bytes("512MB"), memory_bytes("1 GiB")
    (512000000, 1073741824)
    """
    match = _SIZE.fullmatch(memory) if isinstance(memory, str) else None
    if match:
        found = int(float(match[1]) * _UNITS[match[2].upper()])
    elif isinstance(memory, int) and not isinstance(memory, bool):
        found = memory
    else:
        raise RequestError(
            f"memory is a number of bytes or text such as '512MB', not {memory!r}",
            hint="Units: KB, MB, GB, KiB, MiB, GiB.",
        )
    if found < limits.WRITER_MEMORY_BYTES_MIN:
        raise RequestError(
            f"a writer needs at least {limits.WRITER_MEMORY_BYTES_MIN:,} bytes of memory, not {found:,}",
            hint="Leave it out for the default, or allow more.",
        )
    return found

"""How kernels are compiled, for every room that has some, and where what was compiled is kept.

`njit` is numba's, but for the place of its cache (`kernel_cache.py`), which other users of numba in the same process
do not share. What this module does not know: what is compiled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import llvmlite.binding as llvm
import numba

from searchkit import kernel_cache

JIT: Final[dict[str, Any]] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
"""Cached, without the GIL, and without counting references to the arrays they were lent, which would be an atomic
operation for every array in every inner call. So a kernel cannot allocate; it is given its room."""
INLINE: Final[dict[str, Any]] = {**JIT, "inline": "always"}
"""For small functions that take many arrays: an array is seven arguments of a real call, which costs more than they do."""


@cache
def cache_directory() -> Path | None:
    """Where compiled kernels are kept in this process; None for numba's own choice."""
    if numba.config.CACHE_DIR:  # type: ignore[attr-defined]  # numba reads it from the environment
        return None  # Somebody chose a place for all of numba.
    return kernel_cache.directory(os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name())


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit` with options, and cached in a place of our own."""

    def decorate(function: Callable[..., Any]) -> Any:
        before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        # numba asks for the place once, while it decorates.
        numba.config.CACHE_DIR = str(cache_directory() or before)  # type: ignore[attr-defined]
        try:
            return _kept_in_turn(numba.njit(**options)(function))
        finally:
            numba.config.CACHE_DIR = before  # type: ignore[attr-defined]

    return decorate


def _kept_in_turn(kernel: Any) -> Any:
    """The same kernel, whose code is written to the cache by one process at a time."""
    cache, directory = getattr(kernel, "_cache", None), cache_directory()  # A plain function if the compiler is off.
    if cache is not None and directory is not None:
        save = cache.save_overload

        def save_overload(signature: Any, compiled: Any) -> None:
            with kernel_cache.alone(directory):
                save(signature, compiled)

        cache.save_overload = save_overload
    return kernel

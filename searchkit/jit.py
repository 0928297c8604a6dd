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
from numba.core.compiler_lock import global_compiler_lock

from searchkit import kernel_cache

JIT: Final[dict[str, Any]] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
"""Cached, without the GIL, and without counting references to the arrays they were lent, which would be an atomic
operation for every array in every inner call. So a kernel cannot allocate; it is given its room."""
INLINE: Final[dict[str, Any]] = {**JIT, "inline": "always"}
"""For functions that take many arrays and are small, or called in one place: an array is seven arguments of a real call."""


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
            kernel = _kept_in_turn(numba.njit(**options)(function))
            return kernel if options.get("_nrt", True) else _loaded_alone(kernel)
        finally:
            numba.config.CACHE_DIR = before  # type: ignore[attr-defined]

    return decorate


@cache
def direct(kernel: Any, numbers: int) -> Any:
    """What the dispatcher of a kernel calls in the end, for who always passes so many ints: a third of a microsecond less.

    It is compiled, or loaded from the cache, if it was not yet. Any other argument is not looked at, but misread.
    """
    compiled = getattr(kernel, "compile", None)  # A plain function if the compiler is off.
    return kernel if compiled is None else compiled((numba.types.int64,) * numbers)


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


def _loaded_alone(kernel: Any) -> Any:
    """The same kernel, which is loaded from the cache without what only compiling it would need.

    Before numba looks into its cache, it makes ready to compile: a hundred modules and its runtime, 0.15 seconds. What
    is loaded needs none of that if it counts no references. A kernel that has to be compiled after all is: the compiler
    makes ready by itself.
    """
    cache = getattr(kernel, "_cache", None)
    load, guard = getattr(cache, "_load_overload", None), getattr(cache, "_guard_against_spurious_io_errors", None)
    if cache is not None and load is not None and guard is not None:  # As all releases up to now have it.

        def load_overload(signature: Any, target: Any) -> Any:
            with guard():
                return load(signature, target)

        cache.load_overload = load_overload
    return kernel


_FORK_WAIT_S: Final = 5.0
"""How long a fork waits for another thread that loads or compiles kernels; loading takes a third of a second."""


class _Compiler:
    """numba's lock, held across a fork: a child would wait for a thread of its parent until the end of time."""

    def __init__(self) -> None:
        self._held = False

    def hold(self) -> None:
        """Before a fork. A compilation that takes longer is not waited for; its child must not use kernels."""
        self._held = global_compiler_lock._lock.acquire(timeout=_FORK_WAIT_S)

    def give_back(self) -> None:
        """After it, in parent and child."""
        if self._held:
            self._held = False
            global_compiler_lock._lock.release()


if hasattr(os, "register_at_fork"):
    _compiler: Final = _Compiler()
    os.register_at_fork(before=_compiler.hold, after_in_parent=_compiler.give_back, after_in_child=_compiler.give_back)

"""How kernels are compiled, for every room that has some. Loads nothing: the rooms with kernels import numba."""

from __future__ import annotations

from typing import Any, Final

JIT: Final[dict[str, Any]] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
"""Cached, without the GIL, and without counting references to the arrays they were lent, which would be an atomic
operation for every array in every inner call. So a kernel cannot allocate; it is given its room."""
INLINE: Final[dict[str, Any]] = {**JIT, "inline": "always"}
"""For small functions that take many arrays: an array is seven arguments of a real call, which costs more than they do."""

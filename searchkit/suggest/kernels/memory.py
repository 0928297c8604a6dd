"""What a kernel says to the processor about memory: what it will want soon.

Reading what is wanted soon does not do: the compiler sees that nobody uses it, and leaves it out. What this module does
not know: what lies in memory.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

# ruff: noqa: ARG001 - numba calls these with what it has, whether or not it is needed


@intrinsic
def prefetch(typing_context: Any, values: Any, at: Any) -> Any:
    """Begin to fetch values[at] from memory; it changes nothing, and any index is good."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        fetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, number, number, number]), "llvm.prefetch.p0i8"
        )
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(fetch, [address, ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)])
        return context.get_dummy_value()

    return types.void(values, types.int64), generate


@intrinsic
def popcount(typing_context: Any, value: Any) -> Any:
    """Number of bits set in a uint64, as int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


if config.DISABLE_JIT:  # type: ignore[attr-defined]  # numba reads it from the environment

    def prefetch(values: Any, at: Any) -> None:  # type: ignore[misc]
        """There is nothing to hurry for."""

    def popcount(value: Any) -> int:  # type: ignore[misc]
        """Number of bits set."""
        return int(value).bit_count()

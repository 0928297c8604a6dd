"""Eight bytes of an array at once, wherever they begin, and a word to the cache: what Python has no word for.

Uncompiled (NUMBA_DISABLE_JIT=1) they are ordinary functions whose index is checked. Compiled, callers see to it that
what they ask for lies within the array.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

# ruff: noqa: ARG001 - numba calls these with what it has, whether or not it is needed

_I32, _I64 = ir.IntType(32), ir.IntType(64)


@intrinsic
def _eight(typing_context: Any, array: Any, start: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), _I64.as_pointer())
        loaded = builder.load(pointer)
        loaded.align = 1
        return loaded

    return types.uint64(array, types.int64), generate


@intrinsic
def _fetch(typing_context: Any, table: Any, row: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(made.strides, 0)
        address = builder.add(builder.ptrtoint(made.data, _I64), builder.mul(stride, arguments[1]))
        pointer = builder.inttoptr(address, ir.IntType(8).as_pointer())
        arguments_of = [pointer.type, _I32, _I32, _I32]
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), arguments_of), "llvm.prefetch.p0"
        )
        builder.call(function, [pointer, _I32(0), _I32(3), _I32(1)])  # To be read, kept near, data.
        return context.get_dummy_value()

    return types.void(table, types.int64), generate


def _eight_checked(array: Any, start: Any) -> np.uint64:
    number = 0
    for place in range(8):
        number |= int(array[start + place]) << 8 * place
    return np.uint64(number)


def _fetch_checked(table: Any, row: Any) -> None:
    table[row]


eight_bytes = _eight_checked if config.DISABLE_JIT else _eight  # type: ignore[attr-defined]  # From the environment.
"""(array of uint8, start): bytes start to start + 7 as a uint64, the first of them lowest (on every usual processor)."""
fetch = _fetch_checked if config.DISABLE_JIT else _fetch  # type: ignore[attr-defined]
"""(table, row): say that this row of a table will be read soon, so that the memory can begin to bring it."""

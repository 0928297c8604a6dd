"""Memory as kernels see it: what they will want of it soon, and arrays by their addresses.

- Reading what is wanted soon does not do: the compiler sees that nobody uses it, and leaves it out. So `prefetch` asks.
- An array costs its caller some 100 nanoseconds as an argument, and a look-up reads up to twenty. Therefore addresses and
  lengths are written down once (`Arrays`), and the kernel puts the arrays together again, for nothing.

What this module does not know: what lies in memory.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

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


def _opener(element: Any) -> Any:
    """An intrinsic that gives the array with a place in `Arrays`: of one axis, or of rows of a known length.

    It takes the context of these, or its address.
    """

    @intrinsic
    def array_at(typing_context: Any, context: Any, number: Any, columns: Any) -> Any:
        flat = isinstance(columns, types.Omitted | types.NoneType)
        array_type = types.Array(element, 1 if flat else 2, "C")

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            if isinstance(signature.args[0], types.Integer):
                held = builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(types.int64)))
            else:
                held = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            first = builder.shl(arguments[1], ir.Constant(arguments[1].type, 1))
            address = builder.load(builder.gep(held, [first]))
            lengths = [builder.load(builder.gep(held, [builder.add(first, ir.Constant(first.type, 1))]))]
            steps = [size := context.get_constant(types.intp, element.bitwidth // 8)]
            if not flat:
                lengths.append(context.cast(builder, arguments[2], columns, types.intp))
                steps.insert(0, builder.mul(size, lengths[1]))
            array = context.make_array(array_type)(context, builder)
            data = builder.inttoptr(address, context.get_value_type(types.CPointer(element)))
            populate_array(array, data=data, shape=lengths, strides=steps, itemsize=size, meminfo=None)
            return array._getvalue()

        return array_type(context, types.int64, columns), generate

    return array_at


i16_at, u16_at, u32_at = _opener(types.int16), _opener(types.uint16), _opener(types.uint32)
i64_at, u64_at = _opener(types.int64), _opener(types.uint64)


class Arrays:
    """Some arrays, written down for a kernel; it keeps them where they are.

    Attributes
    ----------
    context : ndarray of int64
        Address, and length of the first axis, of each.
    address : int
        Where that lies.
    """

    def __init__(self, arrays: Sequence[tuple[npt.NDArray[Any], type]]) -> None:
        if any(not array.flags.c_contiguous or array.dtype != kind for array, kind in arrays):
            raise ValueError("a kernel reads arrays of its own kinds that lie in one piece")
        self._kept = [array for array, _ in arrays]
        self.context = np.array([n for array in self._kept for n in (array.ctypes.data, len(array))], np.int64)
        self.address: int = self.context.ctypes.data


def _checked(kind: Any) -> Any:
    """The same in Python."""

    def array_at(context: Any, number: Any, columns: Any) -> Any:
        here = context if isinstance(context, int) else context.ctypes.data
        address, length = (ctypes.c_int64 * 2).from_address(here + 16 * number)
        shape = length if columns is None else (length, columns)
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        if size == 0:
            return np.zeros(shape, kind)
        return np.frombuffer((ctypes.c_ubyte * size).from_address(address), kind).reshape(shape)

    return array_at


if config.DISABLE_JIT:  # type: ignore[attr-defined]  # numba reads it from the environment

    def prefetch(values: Any, at: Any) -> None:  # type: ignore[misc]
        """There is nothing to hurry for."""

    def popcount(value: Any) -> int:  # type: ignore[misc]
        """Number of bits set."""
        return int(value).bit_count()

    i16_at, u16_at, u32_at = _checked(np.int16), _checked(np.uint16), _checked(np.uint32)
    i64_at, u64_at = _checked(np.int64), _checked(np.uint64)

"""Arrays by address: how one call hands a kernel all that it reads, whatever the number of segments.

An array costs its caller some 60 nanoseconds as an argument, and a segment has a dozen, so a query over ten
segments would spend more on being asked than on being answered. Therefore addresses and lengths are written
down once, when a snapshot or a thread first needs them, and kernels put arrays together again from them, for
nothing. Whoever writes a context down keeps its arrays alive and unmoved for as long as it is used. With
NUMBA_DISABLE_JIT=1 the arrays come out as ordinary ones, every index checked.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from searchkit.jit import INLINE, njit
from searchkit.rank.kernels.arrays import (
    BATCH,
    BLOCK,
    LEAVES_MAX,
    PHRASE_WORDS_MAX,
    SPARSE_MAX,
    WINDOW_BLOCKS,
    Scratch,
    SegmentArrays,
)
from searchkit.rank.kernels.bits import UNCOMPILED

# ruff: noqa: ARG001 - numba calls these with what it has, whether or not it is needed

Context: TypeAlias = npt.NDArray[np.int64]
SCRATCH_NUMBERS = 2 * len(Scratch._fields) + 1
"""Of a context that `scratch_at` reads."""


def _opener(element: Any) -> Any:
    """An intrinsic that gives the array of a shape at an address."""

    @intrinsic
    def array_at(typing_context: Any, address: Any, shape: Any) -> Any:
        array_type = types.Array(element, len(shape), "C")

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(array_type)(context, builder)
            given = zip(cgutils.unpack_tuple(builder, arguments[1]), shape, strict=True)
            lengths = [context.cast(builder, length, kind, types.intp) for length, kind in given]
            size = context.get_constant(types.intp, element.bitwidth // 8)
            steps = [size]
            for length in reversed(lengths[1:]):
                steps.insert(0, builder.mul(steps[0], length))
            data = builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(element)))
            populate_array(array, data=data, shape=lengths, strides=steps, itemsize=size, meminfo=None)
            return array._getvalue()

        return array_type(types.int64, shape), generate

    return array_at


u8_at, u16_at, u32_at, u64_at = (
    _opener(types.uint8),
    _opener(types.uint16),
    _opener(types.uint32),
    _opener(types.uint64),
)
i32_at, i64_at, f64_at = _opener(types.int32), _opener(types.int64), _opener(types.float64)


def _checked(dtype: Any) -> Any:
    """The same in Python."""

    def array_at(address: Any, shape: Any) -> Any:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if size == 0:
            return np.zeros(shape, dtype)
        return np.frombuffer((ctypes.c_ubyte * size).from_address(int(address)), dtype).reshape(shape)

    return array_at


if UNCOMPILED:
    u8_at, u16_at, u32_at, u64_at = _checked(np.uint8), _checked(np.uint16), _checked(np.uint32), _checked(np.uint64)
    i32_at, i64_at, f64_at = _checked(np.int32), _checked(np.int64), _checked(np.float64)


def context_of(arrays: Sequence[npt.NDArray[Any]]) -> Context:
    """Address and length of the first axis of each array, one after the other."""
    if any(not array.flags.c_contiguous for array in arrays):
        raise ValueError("a kernel reads arrays that lie in one piece")
    return np.array([value for array in arrays for value in (array.ctypes.data, len(array))], np.int64)


class Addresses(NamedTuple):
    """Where a segment and a thread's scratch are written down: handed on by calls instead of what is there.

    An array takes seven arguments of a compiled call, so that the two together are three hundred.

    Attributes
    ----------
    segment : ndarray of int64
        What `segment_at` reads, from the beginning.
    fields : int
        Text fields.
    scratch : ndarray of int64
        What `scratch_at` reads.
    """

    segment: Any
    fields: Any
    scratch: Any


@njit(**INLINE)
def segment_of(at: Any) -> Any:
    """The `SegmentArrays` of some `Addresses`."""
    return segment_at(at.segment, 0, at.fields)


@njit(**INLINE)
def scratch_of(at: Any) -> Any:
    """The `Scratch` of some `Addresses`."""
    return scratch_at(at.scratch)


@njit(**INLINE)
def segment_at(context: Any, at: Any, fields: Any) -> Any:
    """The `SegmentArrays` written down from `context[at]` on."""
    return SegmentArrays(
        u16_at(context[at], (context[at + 1],)),
        u8_at(context[at + 2], (context[at + 3],)),
        u8_at(context[at + 4], (context[at + 5],)),
        u32_at(context[at + 6], (context[at + 7], fields)),
        u32_at(context[at + 8], (context[at + 9],)),
        u32_at(context[at + 10], (context[at + 11], fields)),
        u32_at(context[at + 12], (context[at + 13], fields)),
        u8_at(context[at + 14], (context[at + 15],)),
        u16_at(context[at + 16], (context[at + 17],)),
        u8_at(context[at + 18], (context[at + 19],)),
        u32_at(context[at + 20], (context[at + 21],)),
        u32_at(context[at + 22], (context[at + 23],)),
        u32_at(context[at + 24], (context[at + 25],)),
    )


@njit(**INLINE)
def scratch_at(context: Any) -> Any:
    """The `Scratch` written down in a context whose last number is how many windows it is for."""
    windows = context[-1]
    return Scratch(
        i64_at(context[0], (LEAVES_MAX, windows, 3)),
        i64_at(context[2], (LEAVES_MAX,)),
        i64_at(context[4], (LEAVES_MAX,)),
        u16_at(context[6], (windows * WINDOW_BLOCKS,)),
        i32_at(context[8], (SPARSE_MAX, windows * WINDOW_BLOCKS)),
        u16_at(context[10], (context[11],)),
        u64_at(context[12], (context[13],)),
        i64_at(context[14], (context[15],)),
        i32_at(context[16], (context[17],)),
        i64_at(context[18], (context[19],)),
        f64_at(context[20], (context[21],)),
        i64_at(context[22], (context[23],)),
        u16_at(context[24], (context[25],)),
        i64_at(context[26], (2, BATCH)),
        u64_at(context[28], (LEAVES_MAX, BATCH)),
        i64_at(context[30], (LEAVES_MAX, BATCH)),
        i64_at(context[32], (context[33],)),
        u64_at(context[34], (context[35],)),
        i64_at(context[36], (LEAVES_MAX, 6)),
        f64_at(context[38], (LEAVES_MAX, 5)),
        i64_at(context[40], (context[41],)),
        i64_at(context[42], (LEAVES_MAX, BLOCK)),
        i64_at(context[44], (LEAVES_MAX, 1)),
        i64_at(context[46], (PHRASE_WORDS_MAX, 3)),
        u64_at(context[48], (context[49],)),
        u16_at(context[50], (context[51],)),
        u64_at(context[52], (context[53],)),
        i64_at(context[54], (context[55],)),
        i64_at(context[56], (LEAVES_MAX,)),
    )

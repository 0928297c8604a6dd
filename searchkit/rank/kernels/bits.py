"""Bits and lanes: what Python has no word for and a processor has.

The lane functions work on 64 neighbours at once, which is one word of a bitmap. They are written as generic
vectors, so that the compiler makes of them what the processor at hand offers: one AVX-512 instruction, four
of AVX2, eight of NEON. Only `expand_add` has more forms, one of them chosen when this module is loaded, because a
processor without AVX-512 VBMI2 would take each lane apart: with AVX2 it is eight shuffles, elsewhere a loop over
bits. Callers see to it that all 64 lanes lie within their array; nothing is checked here.
"""

from __future__ import annotations

import os
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from searchkit.jit import INLINE, JIT, njit

# ruff: noqa: ARG001 - numba calls these with what it has, whether or not it is needed

_I32 = ir.IntType(32)
_I64 = ir.IntType(64)


@intrinsic
def popcount(typing_context: Any, value: Any) -> Any:
    """Number of bits set in a uint64, as int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@intrinsic
def trailing_zeros(typing_context: Any, value: Any) -> Any:
    """Position of the lowest bit set in a uint64 above 0, as int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def popcount_words(typing_context: Any, values: Any, start: Any, words: Any) -> Any:
    """Number of bits set in the first so many of the eight words of 64 bits from values[start] on, as int64; uint16.

    All eight must exist. Without a branch, because how many are wanted is as good as random.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.VectorType(_I64, 8)
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        loaded = _load(builder, pointer, wide)
        chosen = builder.icmp_unsigned("<", ir.Constant(wide, list(range(8))), _spread(builder, arguments[2], wide))
        ones = cgutils.get_or_insert_function(builder.module, ir.FunctionType(wide, [wide]), "llvm.ctpop.v8i64")
        counted = builder.call(ones, [builder.select(chosen, loaded, ir.Constant(wide, [0] * 8))])
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_I64, [wide]), "llvm.vector.reduce.add.v8i64"
        )
        return builder.call(add, [counted])

    return types.int64(values, types.int64, types.int64), generate


def _lanes(bits: int) -> ir.VectorType:
    return ir.VectorType(ir.IntType(bits), 64)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    """Address of an element of an array."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [start])


def _load(builder: Any, pointer: Any, lanes: ir.VectorType) -> Any:
    loaded = builder.load(builder.bitcast(pointer, lanes.as_pointer()))
    loaded.align = 1
    return loaded


def _spread(builder: Any, value: Any, lanes: ir.VectorType) -> Any:
    """One value in all lanes."""
    first = builder.insert_element(ir.Constant(lanes, ir.Undefined), value, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, lanes.count), [0] * lanes.count)
    return builder.shuffle_vector(first, ir.Constant(lanes, ir.Undefined), zeros)


def _accumulate(builder: Any, pointer: Any, codes: Any, weight: Any) -> None:
    """sums[i] += weight · codes[i] for 64 uint16 at an address, the largest uint16 where it would be more."""
    wide = _lanes(16)
    products = builder.mul(builder.zext(codes, wide), _spread(builder, weight, wide))
    add = cgutils.get_or_insert_function(builder.module, ir.FunctionType(wide, [wide, wide]), "llvm.uadd.sat.v64i16")
    total = builder.call(add, [_load(builder, pointer, wide), products])
    builder.store(total, builder.bitcast(pointer, wide.as_pointer())).align = 1


def _compare(operation: str, bits: int, element: Any, count: int = 64) -> Any:
    wide = ir.VectorType(ir.IntType(bits), count)

    @intrinsic
    def compare(typing_context: Any, values: Any, start: Any, other: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
            compared = builder.icmp_unsigned(
                operation, _load(builder, pointer, wide), _spread(builder, arguments[2], wide)
            )
            flags = builder.bitcast(compared, ir.IntType(count))
            return flags if count == 64 else builder.zext(flags, _I64)

        return types.uint64(values, types.int64, element), generate

    return compare


at_least_u8 = _compare(">=", 8, types.uint8)
"""(values, start, threshold): bit i of the result says whether values[start + i] >= threshold; uint8."""
at_least_u16 = _compare(">=", 16, types.uint16)
"""The same for uint16."""
equal_u16 = _compare("==", 16, types.uint16)
"""(values, start, wanted): bit i of the result says whether values[start + i] == wanted; uint16."""
FEW = 16
equal_few_u16 = _compare("==", 16, types.uint16, FEW)
"""The same for `FEW` of them."""


@intrinsic
def in_block_u16(typing_context: Any, values: Any, start: Any, block: Any) -> Any:
    """Bit i says whether values[start + i] >> 6 == block, for the 32 neighbours from start on; uint16."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        half = ir.VectorType(ir.IntType(16), 32)
        blocks = builder.lshr(_load(builder, pointer, half), ir.Constant(half, [6] * 32))
        compared = builder.icmp_unsigned("==", blocks, _spread(builder, arguments[2], half))
        return builder.zext(builder.bitcast(compared, _I32), _I64)

    return types.uint64(values, types.int64, types.uint16), generate


@intrinsic
def posting_ends(typing_context: Any, stream: Any, start: Any) -> Any:
    """Bit i says whether stream[start + i] is the last byte of a posting's positions, 0e dddddd with e = 1; uint8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        flags = builder.and_(_load(builder, pointer, _lanes(8)), ir.Constant(_lanes(8), [0xC0] * 64))
        compared = builder.icmp_unsigned("==", flags, ir.Constant(_lanes(8), [0x40] * 64))
        return builder.bitcast(compared, ir.IntType(64))

    return types.uint64(stream, types.int64), generate


@intrinsic
def prefetch(typing_context: Any, values: Any, at: Any) -> Any:
    """Begin to fetch values[at] from memory; it changes nothing, and any index is good."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        fetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32]), "llvm.prefetch.p0i8"
        )
        address = builder.bitcast(_pointer(context, builder, signature.args[0], arguments[0], arguments[1]), byte)
        builder.call(fetch, [address, ir.Constant(_I32, 0), ir.Constant(_I32, 3), ir.Constant(_I32, 1)])
        return context.get_dummy_value()

    return types.void(values, types.int64), generate


@intrinsic
def clear_u16(typing_context: Any, values: Any, start: Any) -> Any:
    """values[start + i] = 0 for 64 of them; uint16."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        zeros = ir.Constant(_lanes(16), [0] * 64)
        builder.store(zeros, builder.bitcast(pointer, _lanes(16).as_pointer())).align = 1
        return context.get_dummy_value()

    return types.void(values, types.int64), generate


@intrinsic
def multiply_add(typing_context: Any, sums: Any, at: Any, codes: Any, start: Any, weight: Any) -> Any:
    """sums[at + i] += weight · codes[start + i] for 64 of them; uint16, at most the largest of these, and uint8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        source = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        _accumulate(builder, target, _load(builder, source, _lanes(8)), arguments[4])
        return context.get_dummy_value()

    return types.void(sums, types.int64, codes, types.int64, types.uint16), generate


@intrinsic
def expand_add_vector(
    typing_context: Any, sums: Any, at: Any, codes: Any, start: Any, mask: Any, weight: Any, cap: Any
) -> Any:
    """`expand_add_bits` in four instructions of AVX-512 VBMI2; very slow elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        source = _pointer(context, builder, signature.args[2], arguments[2], arguments[3])
        flags = ir.VectorType(ir.IntType(1), 64)
        byte = ir.IntType(8).as_pointer()
        expand = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_lanes(8), [byte, flags, _lanes(8)]), "llvm.masked.expandload.v64i8"
        )
        nothing = ir.Constant(_lanes(8), [0] * 64)
        spread = builder.call(expand, [source, builder.bitcast(arguments[4], flags), nothing])
        most = _spread(builder, arguments[6], _lanes(8))
        capped = builder.select(builder.icmp_unsigned("<", spread, most), spread, most)
        _accumulate(builder, target, capped, arguments[5])
        return context.get_dummy_value()

    return types.void(sums, types.int64, codes, types.int64, types.uint64, types.uint16, types.uint8), generate


@njit(**JIT)
def expand_add_bits(sums: Any, at: Any, codes: Any, start: Any, mask: Any, weight: Any, cap: Any) -> None:
    """Add weight · the next of `codes`, each at most `cap`, to sums[at + i] for each bit i set in the mask, in order.

    A sum that would be more is the largest uint16.
    """
    while mask != 0:
        place = at + trailing_zeros(mask)
        sums[place] = min(np.int64(sums[place]) + np.int64(weight) * min(np.int64(codes[start]), np.int64(cap)), 65_535)
        start += 1
        mask &= mask - np.uint64(1)


def _spread_eight() -> npt.NDArray[np.uint64]:
    """For each byte, as eight numbers of a byte: which of the bytes that follow a bit stands for, or 255 for none."""
    table = np.full((256, 8), 255, np.uint8)
    for byte in range(256):
        bits = [bit for bit in range(8) if byte >> bit & 1]
        table[byte, bits] = range(len(bits))
    return table.view(np.uint64).ravel()


_SPREAD_EIGHT = _spread_eight()


@intrinsic
def _shuffle_add(
    typing_context: Any, sums: Any, at: Any, codes: Any, start: Any, mask: Any, ahead: Any, weight: Any, cap: Any
) -> Any:
    """`expand_add_bits` by shuffles of SSSE3, eight bits at a time. Reads up to 8 codes more than there are bits.

    Byte b of `ahead` says how many bits are set before those of byte b of the mask.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, sixteen, wide = ir.IntType(8), ir.VectorType(ir.IntType(8), 16), ir.VectorType(ir.IntType(16), 16)
        target = _pointer(context, builder, signature.args[0], arguments[0], arguments[1])
        source = builder.bitcast(
            _pointer(context, builder, signature.args[2], arguments[2], arguments[3]), byte.as_pointer()
        )
        table = cgutils.global_constant(
            builder, "spread_eight", ir.Constant(ir.ArrayType(_I64, 256), _SPREAD_EIGHT.tolist())
        )
        shuffle = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(sixteen, [sixteen, sixteen]), "llvm.x86.ssse3.pshuf.b.128"
        )
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(wide, [wide, wide]), "llvm.uadd.sat.v16i16"
        )

        def byte_of(value: Any, number: int) -> Any:
            return builder.and_(builder.lshr(value, ir.Constant(_I64, 8 * number)), ir.Constant(_I64, 255))

        def eight(pointer: Any) -> Any:
            """Eight bytes at an address, as the lower half of sixteen."""
            loaded = builder.load(builder.bitcast(pointer, _I64.as_pointer()))
            loaded.align = 1
            both = builder.insert_element(ir.Constant(ir.VectorType(_I64, 2), [0, 0]), loaded, ir.Constant(_I32, 0))
            return builder.bitcast(both, sixteen)

        def expanded(number: int) -> Any:
            found = eight(builder.gep(source, [byte_of(arguments[5], number)]))
            order = eight(builder.gep(table, [ir.Constant(_I64, 0), byte_of(arguments[4], number)]))
            return builder.call(shuffle, [found, order])

        weights, most = _spread(builder, arguments[6], wide), _spread(builder, arguments[7], sixteen)
        halves = ir.Constant(ir.VectorType(_I32, 16), [*range(8), *range(16, 24)])
        for pair in range(4):
            both = builder.shuffle_vector(expanded(2 * pair), expanded(2 * pair + 1), halves)
            capped = builder.select(builder.icmp_unsigned("<", both, most), both, most)
            place = builder.gep(target, [ir.Constant(_I64, 16 * pair)])
            products = builder.mul(builder.zext(capped, wide), weights)
            total = builder.call(add, [_load(builder, place, wide), products])
            builder.store(total, builder.bitcast(place, wide.as_pointer())).align = 1
        return context.get_dummy_value()

    return types.void(
        sums, types.int64, codes, types.int64, types.uint64, types.uint64, types.uint16, types.uint8
    ), generate


@njit(**INLINE)
def _set_ahead(mask: Any) -> Any:
    """How many bits are set before each byte of a mask, a byte for each."""
    pairs = mask - (mask >> np.uint64(1) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + (pairs >> np.uint64(2) & np.uint64(0x3333333333333333))
    bytes_ = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return bytes_ * np.uint64(0x0101010101010101) << np.uint64(8)


@njit(**INLINE)
def expand_add_shuffle(sums: Any, at: Any, codes: Any, start: Any, mask: Any, weight: Any, cap: Any) -> None:
    """`expand_add_bits`, sixteen sums at a time; those whose codes lie at the end of their array one by one."""
    if start + 72 > len(codes):
        expand_add_bits(sums, at, codes, start, mask, weight, cap)
    else:
        _shuffle_add(sums, at, codes, start, mask, _set_ahead(mask), weight, cap)


@njit(**JIT)
def some(size: Any) -> Any:
    """A mask of so many ones; at most 64."""
    return ~np.uint64(0) if size >= 64 else (np.uint64(1) << np.uint64(size)) - np.uint64(1)


_WITH_AVX2 = (
    "x86-64-v3",
    "x86-64-v4",
    "haswell",
    "broadwell",
    "skylake",
    "icelake",
    "alderlake",
    "sapphirerapids",
    "znver",
)
"""How the names of processors begin that have AVX2."""


def _has(*features: str) -> bool:
    """Whether code will be compiled for a processor with these features."""
    named = os.environ.get("NUMBA_CPU_FEATURES")
    if named is not None:
        return all(f"+{feature}" in named.split(",") for feature in features)
    if name := os.environ.get("NUMBA_CPU_NAME"):
        return features == ("avx2",) and name.startswith(_WITH_AVX2)
    host = llvm.get_host_cpu_features()
    return all(host.get(feature, False) for feature in features)


UNCOMPILED = bool(config.DISABLE_JIT)  # type: ignore[attr-defined]  # numba reads it from the environment
if UNCOMPILED:
    from searchkit.rank.kernels import unpacked

    popcount, trailing_zeros, multiply_add = unpacked.popcount, unpacked.trailing_zeros, unpacked.multiply_add
    prefetch, popcount_words, clear_u16 = unpacked.prefetch, unpacked.popcount_words, unpacked.clear
    at_least_u8 = at_least_u16 = unpacked.at_least
    equal_u16, in_block_u16, posting_ends = unpacked.equal, unpacked.in_block, unpacked.posting_ends
    equal_few_u16 = unpacked.equal_few

HAS_EXPAND = _has("avx512vbmi2", "avx512bw") and not UNCOMPILED
HAS_SHUFFLE = _has("avx2") and not UNCOMPILED
expand_add = expand_add_vector if HAS_EXPAND else expand_add_shuffle if HAS_SHUFFLE else expand_add_bits

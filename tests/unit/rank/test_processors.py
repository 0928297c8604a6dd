"""The lanes of the kernels as the compiler makes them for other processors than this one, beside plain Python."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import llvmlite.binding as llvm
import pytest

SCRIPT = """
import numpy as np
from numba import njit
from searchkit.rank.kernels import bits, unpacked

@njit
def of_lanes(small, large, low, start):
    words = (bits.at_least_u8(small, start, np.uint8(low)), bits.at_least_u16(large, start, np.uint16(low)),
             bits.equal_u16(large, start, np.uint16(low)), bits.in_block_u16(large, start, np.uint16(low >> 6)),
             bits.posting_ends(small, start))
    return words, bits.popcount_words(large, start, low & 7)

@njit
def of_sums(sums, more, codes, start, mask, weight, cap):
    bits.expand_add(sums, 3, codes, start, mask, np.uint16(weight), np.uint8(cap))
    bits.multiply_add(more, 5, codes, start, np.uint16(weight))
    bits.clear_u16(more, 0)

draw = np.random.default_rng(7)
for turn in range(300):
    small = draw.integers(0, 256, 200).astype(np.uint8)
    large = draw.integers(0, 400, 200).astype(np.uint16)
    low, start = int(draw.integers(0, 256)), int(draw.integers(0, 136))
    words, counted = of_lanes(small, large, low, start)
    assert [int(word) for word in words] == [
        int(unpacked.at_least(small, start, low)), int(unpacked.at_least(large, start, low)),
        int(unpacked.equal(large, start, low)), int(unpacked.in_block(large, start, low >> 6)),
        int(unpacked.posting_ends(small, start)),
    ], turn
    assert counted == unpacked.popcount_words(large, start, low & 7), turn
    mask = int(draw.integers(0, 1 << 64, dtype=np.uint64)) & int(draw.integers(0, 1 << 64, dtype=np.uint64))
    cap, weight = int(draw.integers(1, 256)), int(draw.integers(0, 258))
    sums, more = (draw.integers(0, 65_536, 80).astype(np.uint16) for _ in range(2))
    wanted, also = sums.astype(np.int64), more.astype(np.int64)
    places = [bit for bit in range(64) if mask >> bit & 1]
    wanted[[3 + bit for bit in places]] += weight * np.minimum(small[start : start + len(places)], cap).astype(np.int64)
    also[5:69] += weight * small[start : start + 64].astype(np.int64)
    also[:64] = 0
    of_sums(sums, more, small, start, np.uint64(mask), weight, cap)
    assert sums.tolist() == np.minimum(wanted, 65_535).tolist(), turn
    assert more.tolist() == np.minimum(also, 65_535).tolist(), turn
print("equal", bits.expand_add.py_func.__name__)
"""
FORMS = {"x86-64": "expand_add_bits", "haswell": "expand_add_shuffle"}


@pytest.mark.parametrize("name", FORMS)
def test_lanes_are_those_of_plain_python_on_other_processors(name: str) -> None:
    """What an older processor of the kind at hand would compute is computed alike; each has the form meant for it."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        pytest.skip(f"a {platform.machine()} runs no code of a {name}")
    if name == "haswell" and not llvm.get_host_cpu_features().get("avx2", False):
        pytest.skip("this processor has no AVX2")
    environment = {**os.environ, "NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": "+avx2" if name == "haswell" else ""}
    child = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert child.stdout.split() == ["equal", FORMS[name]], child.stderr

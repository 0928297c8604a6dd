"""The encoder's kernels as ordinary Python: every index checked, and still the plain encoder's bytes."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import warnings
import numpy as np
from searchkit.segment import frequencies, interleave, positions, posting_lists
from searchkit.segment.kernels import decode, encode

warnings.simplefilter("ignore")  # Unsigned arithmetic wraps around on purpose.
draw = np.random.default_rng(3)
lists = [[7], [5, 70_000], range(8), range(65_530, 65_545), range(0, 15_000, 3), [1, 2, 3, 66_000, 66_001, 140_000] * 2]
lists = [np.unique(np.fromiter(one, np.uint32)) for one in lists]
docs, dfs = np.concatenate(lists), np.array([len(one) for one in lists])
units, sizes = posting_lists.encode_lists(docs, dfs)
assert [array.tolist() for array in encode.encode_lists(docs, dfs)] == [units.tolist(), sizes.tolist()]
assert decode.decode_lists(units, sizes, dfs).tolist() == docs.tolist()
for at in [*range(60), len(units) - 1]:
    for value in (0, 1, 4_097, 12_346, 65_535):
        damaged = units.copy()
        damaged[at] = value
        try:
            decode.decode_lists(damaged, sizes, dfs)
        except ValueError:
            pass

tfs = draw.integers(0, 3, (len(docs), 2)).astype(np.uint32)
tfs[:, 0] += tfs.sum(axis=1) == 0
tfs[:60, 1] = np.arange(60) * 2_000
counts = tfs.sum(axis=1, dtype=np.int64)
places = np.concatenate([np.sort(draw.integers(0, 1 << 20, count)) for count in counts]).astype(np.uint32)
found = encode.count_vectors(tfs)
assert [array.tolist() for array in found] == [array.tolist() for array in frequencies.count_vectors(frequencies.pack_vectors(tfs))]
codes = frequencies.choose_codes(*found, 2)
assert encode.encode_codes(tfs, codes).tolist() == frequencies.encode_codes(tfs, codes).tolist()
stream, starts = positions.encode_positions(places, counts)
fast_stream, fast_starts = encode.encode_positions(places, tfs, 5)
assert fast_stream.tolist() == stream.tolist() and fast_starts.tolist() == starts[5::64].tolist()

alive = draw.random(140_001) < 0.7
piece = interleave.Piece(np.arange(len(dfs)), dfs, docs, tfs, stream, np.append(starts, len(stream)), alive, (np.cumsum(alive) - 1).astype(np.uint32))
plain, fast = interleave.interleave([piece, piece], 9), decode.interleave([piece, piece], 9)
for name in plain.__slots__:
    assert getattr(plain, name).tolist() == getattr(fast, name).tolist(), name
print("equal")
"""


def test_uncompiled_kernels_stay_within_their_arrays() -> None:
    """With numba's compiler off an index out of range raises instead of reading on; nothing raises, all is equal."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    child = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert child.stdout.strip() == "equal", child.stderr

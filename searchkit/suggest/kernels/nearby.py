"""Which words are near a typed one: symmetric deletes, and the same on how words sound.

Two words at most k edits apart share a string that each becomes by at most k deletions, even if only the first
`PREFIX` characters of both are looked at (Garbe 2012, "1000x faster spelling correction"). Every word is entered in a
bucket for each such string; a typed word visits the buckets of its own strings and checks what it meets. Cost: 2
microseconds a word to build, 4 bytes an entry; a look-up visits some thirty buckets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import JIT, njit
from searchkit.suggest.kernels.channel import FAR, cost, is_vowel, letter

PREFIX = 7
SOUND_MAX = 64


@njit(**JIT)
def hashed(codes: Any, start: Any, size: Any, skip: Any, skip2: Any, seed: Any) -> Any:
    """A hash of `size` characters without those at two places (-1: none)."""
    value = np.uint64(seed)
    for place in range(size):
        if place not in (skip, skip2):
            value = (value ^ np.uint64(codes[start + place])) * np.uint64(0x9E3779B97F4A7C15)
            value ^= value >> np.uint64(29)
    return value


@njit(**JIT)
def sound(codes: Any, start: Any, length: Any, out: Any) -> Any:
    """How a word sounds, roughly, as codes in `out`; how many. Twin of `skeleton.sounds`."""
    held = 0
    for place in range(min(length, SOUND_MAX)):
        code = np.int64(codes[start + place])
        after = np.int64(codes[start + place + 1]) if place + 1 < length else np.int64(0)
        later = np.int64(codes[start + place + 2]) if place + 2 < length else np.int64(0)
        soft = after in (101, 105, 121)
        if is_vowel(letter(code)):
            heard = np.int64(1)
        elif code == 104:
            heard = code if place == 0 else np.int64(0)
        elif code == 99:
            heard = np.int64(115) if soft else np.int64(107)
        elif code in (113, 120):
            heard = np.int64(107)
        elif code == 122:
            heard = np.int64(115)
        elif code == 103:
            heard = np.int64(0) if after == 104 and place else np.int64(106) if soft else code
        elif code == 112:
            heard = np.int64(102) if after == 104 else code
        elif code == 116:
            heard = np.int64(115) if after == 105 and later in (97, 111) else code
        else:
            heard = code
        if heard and (held == 0 or out[held - 1] != heard):
            out[held] = heard
            held += 1
    return held


@njit(**JIT)
def one_edit_apart(one: Any, start: Any, size: Any, other: Any, start2: Any, size2: Any) -> Any:
    """Whether two words are at most one edit apart: a letter more, less or other, or two neighbours exchanged."""
    if abs(size - size2) > 1:
        return False
    while size and size2 and one[start] == other[start2]:
        start, start2, size, size2 = start + 1, start2 + 1, size - 1, size2 - 1
    while size and size2 and one[start + size - 1] == other[start2 + size2 - 1]:
        size, size2 = size - 1, size2 - 1
    if size <= 1 and size2 <= 1:
        return True
    return size == 2 and size2 == 2 and one[start] == other[start2 + 1] and one[start + 1] == other[start2]


@njit(**JIT)
def two_edits_apart(one: Any, start: Any, size: Any, other: Any, start2: Any, size2: Any) -> Any:
    """Whether two words are at most two edits apart (optimal string alignment: no letter is edited twice)."""
    if abs(size - size2) > 2:
        return False
    while size and size2 and one[start] == other[start2]:
        start, start2, size, size2 = start + 1, start2 + 1, size - 1, size2 - 1
    while size and size2 and one[start + size - 1] == other[start2 + size2 - 1]:
        size, size2 = size - 1, size2 - 1
    if size <= 2 and size2 <= 2:
        return True
    if size == 0 or size2 == 0:
        return False
    if (
        one_edit_apart(one, start + 1, size - 1, other, start2 + 1, size2 - 1)
        or one_edit_apart(one, start + 1, size - 1, other, start2, size2)
        or one_edit_apart(one, start, size, other, start2 + 1, size2 - 1)
    ):
        return True
    if one[start] == other[start2 + 1] and one[start + 1] == other[start2]:
        return one_edit_apart(one, start + 2, size - 2, other, start2 + 2, size2 - 2)
    return False


@njit(**JIT)
def enter(
    codes: Any, start: Any, size: Any, most: Any, seed: Any, mask: Any, ends: Any, ids: Any, id: Any, filling: Any
) -> Any:
    """Count a word's entries in its buckets or, `filling`, write them from the end of each bucket on."""
    size = min(size, PREFIX)
    for first in range(-1, size if most > 0 else 0):
        for second in range(-1, max(first, 0) if most > 1 else 0):
            bucket = np.int64(hashed(codes, start, size, first, second, seed) & mask)
            if filling:
                ends[bucket] -= 1
                ids[ends[bucket]] = id
            else:
                ends[bucket] += 1


@njit(**JIT)
def fill(
    codes: Any,
    starts: Any,
    lengths: Any,
    most: Any,
    by_sound: Any,
    mask: Any,
    ends: Any,
    ids: Any,
    scratch: Any,
    filling: Any,
) -> Any:
    """Enter all words: with up to `most[id]` deletions or, by how they sound, those with 2 with up to one."""
    for id in range(len(lengths)):
        if by_sound:
            if most[id] > 1:
                size = sound(codes, starts[id], lengths[id], scratch)
                enter(scratch, 0, size, 1, 2, mask, ends, ids, id, filling)
        else:
            enter(codes, starts[id], lengths[id], most[id], 1, mask, ends, ids, id, filling)


@njit(**JIT)
def offer(
    id: Any,
    typed: Any,
    size: Any,
    codes: Any,
    starts: Any,
    lengths: Any,
    priors: Any,
    tables: Any,
    rows: Any,
    limit: Any,
    best: Any,
    best_ids: Any,
    best_costs: Any,
    held: Any,
) -> Any:
    """Put a word among the best, if it belongs there; how many are held then."""
    replaced, missed, extra, digraphs, beside, rules = tables
    prior = priors[id]
    keep = len(best)
    room = limit
    if held == keep and prior - best[keep - 1] < room:
        room = prior - best[keep - 1]
        if room < 0:
            return held
    price = cost(
        typed, size, codes, starts[id], lengths[id], replaced, missed, extra, digraphs, beside, rules, rows, room
    )
    if price >= FAR:
        return held
    score = prior - price
    place = held
    while place > 0 and (best[place - 1] < score or (best[place - 1] == score and best_ids[place - 1] > id)):
        place -= 1
    if place == keep:
        return held
    held = min(held + 1, keep)
    for moved in range(held - 1, place, -1):
        best[moved], best_ids[moved], best_costs[moved] = best[moved - 1], best_ids[moved - 1], best_costs[moved - 1]
    best[place], best_ids[place], best_costs[place] = score, id, price
    return held


@njit(**JIT)
def look_up(
    typed: Any,
    codes: Any,
    starts: Any,
    lengths: Any,
    most: Any,
    priors: Any,
    tables: Any,
    ends: Any,
    ids: Any,
    sound_ends: Any,
    sound_ids: Any,
    stamps: Any,
    stamp: Any,
    scratch: Any,
    rows: Any,
    limit: Any,
    farthest: Any,
    sounding: Any,
    best: Any,
    best_ids: Any,
    best_costs: Any,
) -> Any:
    """The best words near a typed one, into the three arrays; how many."""
    size = len(typed)
    held = 0
    prefix = min(size, PREFIX)
    mask = np.uint64(len(ends) - 2)
    for first in range(-1, prefix):
        for second in range(-1, max(first, 0) if farthest > 1 else 0):
            bucket = np.int64(hashed(typed, 0, prefix, first, second, 1) & mask)
            for entry in range(ends[bucket], ends[bucket + 1]):
                id = ids[entry]
                if stamps[id] >= stamp:
                    continue
                stamps[id] = stamp
                start, length = starts[id], lengths[id]
                if farthest > 1 and most[id] > 1:
                    within = two_edits_apart(typed, 0, size, codes, start, length)
                else:
                    within = one_edit_apart(typed, 0, size, codes, start, length)
                if within:
                    stamps[id] = stamp + 1
                    held = offer(
                        id,
                        typed,
                        size,
                        codes,
                        starts,
                        lengths,
                        priors,
                        tables,
                        rows,
                        limit,
                        best,
                        best_ids,
                        best_costs,
                        held,
                    )
    if sounding:
        heard, other = scratch[0], scratch[1]
        heard_size = sound(typed, 0, size, heard)
        prefix = min(heard_size, PREFIX)
        mask = np.uint64(len(sound_ends) - 2)
        for skip in range(-1, prefix):
            bucket = np.int64(hashed(heard, 0, prefix, skip, -1, 2) & mask)
            for entry in range(sound_ends[bucket], sound_ends[bucket + 1]):
                id = sound_ids[entry]
                if stamps[id] == stamp + 1:
                    continue
                stamps[id] = stamp + 1
                start, length = starts[id], lengths[id]
                if abs(np.int64(length) - size) > 3:
                    continue
                if one_edit_apart(heard, 0, heard_size, other, 0, sound(codes, start, length, other)):
                    held = offer(
                        id,
                        typed,
                        size,
                        codes,
                        starts,
                        lengths,
                        priors,
                        tables,
                        rows,
                        limit,
                        best,
                        best_ids,
                        best_costs,
                        held,
                    )
    return held

"""Which words are near a typed one: symmetric deletes, and the same on how words sound.

Two words at most k edits apart share a string that each becomes by at most k deletions, even if only the first
`PREFIX` characters of both are looked at (Garbe 2012, "1000x faster spelling correction"). Every word is entered in a
bucket for each such string; a typed word visits the buckets of its own strings and checks what it meets. Cost: 2
microseconds a word to build, 4 bytes an entry; a look-up visits some thirty buckets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.kernels.channel import FAR, cost, listen
from searchkit.suggest.nearby import LENGTH_APART_MAX, PREFIX

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
        if code in (97, 101, 105, 111, 117, 121):
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
    codes: Any, starts: Any, lengths: Any, most: Any, by_sound: Any, mask: Any, ends: Any, ids: Any, filling: Any
) -> Any:
    """Enter all words: with up to `most[id]` deletions, two at most or, by how they sound, those with 2 with one."""
    for id in range(len(lengths)):
        if by_sound:
            if most[id] > 1:
                enter(codes, starts[id], lengths[id], 1, 2, mask, ends, ids, id, filling)
        else:
            enter(codes, starts[id], lengths[id], most[id], 1, mask, ends, ids, id, filling)


@njit(**JIT)
def three_edits_apart(one: Any, start: Any, size: Any, other: Any, start2: Any, size2: Any) -> Any:
    """Whether two words are at most three edits apart."""
    if abs(size - size2) > 3:
        return False
    while size and size2 and one[start] == other[start2]:
        start, start2, size, size2 = start + 1, start2 + 1, size - 1, size2 - 1
    while size and size2 and one[start + size - 1] == other[start2 + size2 - 1]:
        size, size2 = size - 1, size2 - 1
    if size <= 3 and size2 <= 3:
        return True
    if size == 0 or size2 == 0:
        return False
    if (
        two_edits_apart(one, start + 1, size - 1, other, start2 + 1, size2 - 1)
        or two_edits_apart(one, start + 1, size - 1, other, start2, size2)
        or two_edits_apart(one, start, size, other, start2 + 1, size2 - 1)
    ):
        return True
    if size > 1 and size2 > 1 and one[start] == other[start2 + 1] and one[start + 1] == other[start2]:
        return two_edits_apart(one, start + 2, size - 2, other, start2 + 2, size2 - 2)
    return False


@njit(**JIT)
def share(one: Any, size: Any, other: Any, start2: Any, size2: Any, room: Any) -> Any:
    """Whether the first `PREFIX` letters of two words have all but two in common, in order."""
    size, size2 = min(size, PREFIX), min(size2, PREFIX)
    for j in range(size2 + 1):
        room[0, j] = 0
    for i in range(size):
        diagonal = np.int64(0)
        for j in range(size2):
            above = room[0, j + 1]
            room[0, j + 1] = diagonal + 1 if one[i] == other[start2 + j] else max(above, room[0, j])
            diagonal = above
    return max(size, size2) - room[0, size2] <= 2


@njit(**INLINE)
def bits(value: Any) -> Any:
    """How many bits of 32 are set."""
    value = value - ((value >> np.uint64(1)) & np.uint64(0x55555555))
    value = (value & np.uint64(0x33333333)) + ((value >> np.uint64(2)) & np.uint64(0x33333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F)
    return np.int64((value * np.uint64(0x01010101) & np.uint64(0xFFFFFFFF)) >> np.uint64(24))


@njit(**JIT)
def signature(codes: Any, size: Any) -> Any:
    """Which letters a word holds, as 32 bits."""
    found = np.uint64(0)
    for place in range(size):
        found |= np.uint64(1) << np.uint64(codes[place] & np.uint32(31))
    return found


@njit(**JIT)
def near_by_spelling(
    typed: Any, farthest: Any, traits: Any, codes: Any, starts: Any, ends: Any, ids: Any, stamps: Any, stamp: Any,
    found: Any, room: Any,
) -> Any:  # fmt: skip
    """Words few edits away, into `found`, those one edit away first; how many.

    `traits` has of each word its signature in the low 32 bits, then its length, then the edits it may be away.
    """
    size, held, close = len(typed), 0, 0
    own = signature(typed, size)
    prefix = min(size, PREFIX)
    mask = np.uint64(len(ends) - 2)
    for first in range(-1, prefix):
        for second in range(-1, max(first, 0) if farthest > 1 else 0):
            bucket = np.int64(hashed(typed, 0, prefix, first, second, 1) & mask)
            for entry in range(ends[bucket], ends[bucket + 1]):
                id = ids[entry]
                trait = traits[id]
                length = np.int64((trait >> np.uint64(32)) & np.uint64(0xFF))
                most = min(np.int64(trait >> np.uint64(40)), farthest)
                if abs(length - size) > most or bits((trait ^ own) & np.uint64(0xFFFFFFFF)) > 2 * most:
                    continue
                if stamps[id] >= stamp:
                    continue
                stamps[id] = stamp
                start = np.int64(starts[id])
                stamps[id] = stamp + 1
                found[held] = id
                if one_edit_apart(typed, 0, size, codes, start, length):
                    # Likely ones come first, so that what they cost bounds the work for the others.
                    found[held], found[close] = found[close], found[held]
                    close += 1
                elif (most == 1 or not two_edits_apart(typed, 0, size, codes, start, length)) and (
                    most < 3
                    or not three_edits_apart(typed, 0, size, codes, start, length)
                    or not share(typed, size, codes, start, length, room)
                ):
                    stamps[id] = stamp
                    continue
                held += 1
    return held


@njit(**JIT)
def near_by_sound(
    typed: Any, heard: Any, traits: Any, codes: Any, starts: Any, ends: Any, ids: Any, stamps: Any,
    stamp: Any, found: Any, held: Any,
) -> Any:  # fmt: skip
    """Words that sound alike and are not found yet, into `found`; how many there are then.

    `traits` has of how each word sounds its signature in the low 32 bits, then its size, then the word's own length;
    `codes` and `starts` are those of how words sound.
    """
    size = len(typed)
    heard_size = sound(typed, 0, size, heard)
    own = signature(heard, heard_size)
    prefix = min(heard_size, PREFIX)
    mask = np.uint64(len(ends) - 2)
    for skip in range(-1, prefix):
        bucket = np.int64(hashed(heard, 0, prefix, skip, -1, 2) & mask)
        for entry in range(ends[bucket], ends[bucket + 1]):
            id = ids[entry]
            trait = traits[id]
            other_size = np.int64((trait >> np.uint64(32)) & np.uint64(0xFF))
            if (
                abs(other_size - heard_size) > 1
                or abs(np.int64(trait >> np.uint64(40)) - size) > LENGTH_APART_MAX
                or bits((trait ^ own) & np.uint64(0xFFFFFFFF)) > 2
                or stamps[id] == stamp + 1
            ):
                continue
            stamps[id] = stamp + 1
            start = np.int64(starts[id])
            if one_edit_apart(heard, 0, heard_size, codes, start, other_size):
                found[held] = id
                held += 1
    return held


@njit(**JIT)
def weigh(
    typed: Any, found: Any, count: Any, codes: Any, starts: Any, traits: Any, priors: Any, tables: Any, room: Any,
    limit: Any, keep: Any, top: Any,
) -> Any:  # fmt: skip
    """The best of the words found: scores, places and costs in the rows of `top`, best first; how many."""
    size, held = len(typed), 0
    best, best_ids, best_costs = top[0], top[1], top[2]
    for number in range(count):
        id = found[number]
        prior = priors[id]
        most = np.int64(limit)
        if held == keep and prior - best[keep - 1] < most:
            most = prior - best[keep - 1]
            if most < 0:
                continue
        length = np.int64((traits[id] >> np.uint64(32)) & np.uint64(0xFF))
        price = cost(typed, size, codes, np.int64(starts[id]), length, tables, room, most)
        if price >= FAR:
            continue
        score = prior - price
        place = held
        while place > 0 and (best[place - 1] < score or (best[place - 1] == score and best_ids[place - 1] > id)):
            place -= 1
        if place == keep:
            continue
        held = min(held + 1, keep)
        for moved in range(held - 1, place, -1):
            best[moved], best_ids[moved], best_costs[moved] = (
                best[moved - 1],
                best_ids[moved - 1],
                best_costs[moved - 1],
            )
        best[place], best_ids[place], best_costs[place] = score, id, price
    return held


@njit(**JIT)
def look_up(
    typed: Any, farthest: Any, sounding: Any, words: Any, heard: Any, priors: Any, added: Any, tables: Any, stamps: Any,
    stamp: Any, scratch: Any, found: Any, room: Any, limit: Any, keep: Any, top: Any,
) -> Any:  # fmt: skip
    """The best words near a typed one, as `weigh` puts them down; how many.

    `words` and `heard` are traits, codes, starts, and ends and entries of buckets: of words, and of how they sound.
    """
    extra, extra_before, rules = added
    traits, codes, starts, ends, ids = words
    held = near_by_spelling(typed, farthest, traits, codes, starts, ends, ids, stamps, stamp, found, room)
    if sounding:
        sound_traits, sound_codes, sound_starts, sound_ends, sound_ids = heard
        held = near_by_sound(
            typed, scratch, sound_traits, sound_codes, sound_starts, sound_ends, sound_ids, stamps, stamp, found, held,
        )  # fmt: skip
    listen(typed, len(typed), extra, extra_before, rules, room)
    return weigh(typed, found, held, codes, starts, traits, priors, tables, room, limit, keep, top)

"""Which words are near a typed one: symmetric deletes, and the same on how words sound.

Two words at most k edits apart share a string that each becomes by at most k deletions, even if only the first
`PREFIX` characters of both are looked at (Garbe 2012, "1000x faster spelling correction"). Every word is entered in a
bucket for each such string; a typed word visits the buckets of its own strings and checks what it meets. An entry tells a
word's length and letters, so that most words are passed over without a look elsewhere in memory, which is what costs.
Cost: 2 microseconds a word to build, 8 bytes an entry; a look-up visits some thirty buckets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.kernels.channel import FAR, cost, listen
from searchkit.suggest.nearby import LENGTH_APART_MAX, PREFIX

SOUND_MAX = 64
SIGNATURE, LENGTH, RARITY = 32, 56, 62
"""First bits of what an entry holds above the place of its word: its letters, its length, and the edits it may be away."""
SIGNATURE_BITS = 24
BUCKETS_MAX = 1 + PREFIX + PREFIX * (PREFIX - 1) // 2
"""Buckets one typed word visits: one for each way to leave out up to two letters of its beginning."""
START, SIZE, PRIOR, STAMP = range(4)
"""Columns of what is known of each word: where it begins, its length, its prior, and when it was last met."""


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
    if size > 1 and size2 > 1 and one[start] == other[start2 + 1] and one[start + 1] == other[start2]:
        return one_edit_apart(one, start + 2, size - 2, other, start2 + 2, size2 - 2)
    return False


@njit(**INLINE)
def length_of(entry: Any) -> Any:
    """The length in an entry."""
    return np.int64((entry >> np.uint64(LENGTH)) & np.uint64(0x3F))


@njit(**JIT)
def enter(
    codes: Any,
    start: Any,
    size: Any,
    most: Any,
    seed: Any,
    mask: Any,
    ends: Any,
    entries: Any,
    entry: Any,
    filling: Any,
) -> Any:
    """Count a word's entries in its buckets or, `filling`, write them from the end of each bucket on."""
    size = min(size, PREFIX)
    for first in range(-1, size if most > 0 else 0):
        for second in range(-1, max(first, 0) if most > 1 else 0):
            bucket = np.int64(hashed(codes, start, size, first, second, seed) & mask)
            if filling:
                ends[bucket] -= 1
                entries[ends[bucket]] = entry
            else:
                ends[bucket] += 1


@njit(**JIT)
def fill(
    codes: Any, starts: Any, entries_of: Any, by_sound: Any, mask: Any, ends: Any, entries: Any, filling: Any
) -> Any:
    """Enter all words: rare ones with one deletion, others with two; by how they sound, those that are not rare with one."""
    for id in range(len(starts)):
        entry = entries_of[id]
        common = entry >> np.uint64(RARITY) > 1
        if common or not by_sound:
            most = 2 if common and not by_sound else 1
            enter(codes, starts[id], length_of(entry), most, 1 + by_sound, mask, ends, entries, entry, filling)


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
    """Which letters a word holds, in the place it has in an entry."""
    found = np.uint64(0)
    for place in range(size):
        found |= np.uint64(1) << (np.uint64(SIGNATURE) + np.uint64(codes[place] % np.uint32(SIGNATURE_BITS)))
    return found


@njit(**INLINE)
def letters_apart(entry: Any, own: Any) -> Any:
    """How many letters are in one of two words alone, at least."""
    return bits((entry ^ own) >> np.uint64(SIGNATURE) & np.uint64((1 << SIGNATURE_BITS) - 1))


@njit(**JIT)
def visit(
    chosen: Any, count: Any, own: Any, size: Any, most: Any, apart: Any, ends: Any, entries: Any, maybe: Any
) -> Any:
    """Places of words in some buckets that may be near, by what their entries tell, into `maybe`; how many.

    What lies anywhere in memory is asked for in loops of its own, here and in what follows, so that the processor waits for
    many of them at once.

    Parameters
    ----------
    most : int
        Edits a word may be away at most, whatever its entry allows.
    apart : int
        Letters that each edit may change.
    """
    touched = np.uint64(0)
    for number in range(count):
        bucket = chosen[0, number]
        chosen[0, number], chosen[1, number] = ends[bucket], ends[bucket + 1]
    for number in range(count):
        if chosen[0, number] < chosen[1, number]:
            touched |= entries[chosen[0, number]]
    held = np.int64(touched & np.uint64(0))
    for number in range(count):
        for place in range(chosen[0, number], chosen[1, number]):
            entry = entries[place]
            allowed = min(np.int64(entry >> np.uint64(RARITY)), most)
            if abs(length_of(entry) - size) <= allowed and letters_apart(entry, own) <= apart * allowed:
                maybe[held] = entry
                held += 1
    return held


@njit(**JIT)
def unmet(maybe: Any, count: Any, facts: Any, stamp: Any) -> Any:
    """Leave in `maybe` the words that were not met before, and mark them; how many."""
    touched = np.int64(0)
    for number in range(count):
        touched |= np.int64(facts[np.int64(maybe[number] & np.uint64(0xFFFFFFFF)), STAMP])
    held = touched & 0
    for number in range(count):
        id = np.int64(maybe[number] & np.uint64(0xFFFFFFFF))
        if facts[id, STAMP] < stamp:
            facts[id, STAMP] = stamp
            maybe[held] = maybe[number]
            held += 1
    return held


@njit(**JIT)
def touch(maybe: Any, count: Any, starts: Any, codes: Any) -> Any:
    """Ask for the letters of some words, all at once; what they are does not matter."""
    touched = np.uint32(0)
    for number in range(count):
        start = np.int64(starts[np.int64(maybe[number] & np.uint64(0xFFFFFFFF))])
        touched |= codes[start] | codes[min(start + 8, len(codes) - 1)]
    return np.int64(touched) & 0


@njit(**JIT)
def near_by_spelling(
    typed: Any, farthest: Any, facts: Any, codes: Any, ends: Any, entries: Any, stamp: Any, chosen: Any, maybe: Any,
    found: Any, room: Any,
) -> Any:  # fmt: skip
    """Words few edits away, into `found`, those one edit away first; how many. Words are stamped with `stamp`."""
    size, buckets = len(typed), 0
    prefix = min(size, PREFIX)
    mask = np.uint64(len(ends) - 2)
    for first in range(-1, prefix):
        for second in range(-1, max(first, 0) if farthest > 1 else 0):
            chosen[0, buckets] = np.int64(hashed(typed, 0, prefix, first, second, 1) & mask)
            buckets += 1
    count = visit(chosen, buckets, signature(typed, size), size, farthest, 2, ends, entries, maybe)
    count = unmet(maybe, count, facts, stamp)
    held = touch(maybe, count, facts[:, START], codes)
    close = held
    for number in range(count):
        entry = maybe[number]
        length, most = length_of(entry), min(np.int64(entry >> np.uint64(RARITY)), farthest)
        id = np.int64(entry & np.uint64(0xFFFFFFFF))
        start = np.int64(facts[id, START])
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
            facts[id, STAMP] = stamp - 1  # It may still sound alike.
            continue
        held += 1
    return held


@njit(**JIT)
def near_by_sound(
    typed: Any, heard: Any, facts: Any, codes: Any, starts: Any, ends: Any, entries: Any, stamp: Any, chosen: Any,
    maybe: Any, found: Any, held: Any,
) -> Any:  # fmt: skip
    """Words that sound alike and are not found yet, into `found`; how many there are then.

    `codes`, `starts` and `entries` are those of how words sound.
    """
    size, buckets = len(typed), 0
    heard_size = sound(typed, 0, size, heard)
    prefix = min(heard_size, PREFIX)
    mask = np.uint64(len(ends) - 2)
    for skip in range(-1, prefix):
        chosen[0, buckets] = np.int64(hashed(heard, 0, prefix, skip, -1, 2) & mask)
        buckets += 1
    count = visit(chosen, buckets, signature(heard, heard_size), heard_size, 1, 2, ends, entries, maybe)
    count = unmet(maybe, count, facts, stamp)
    held += touch(maybe, count, starts, codes)
    for number in range(count):
        entry = maybe[number]
        id = np.int64(entry & np.uint64(0xFFFFFFFF))
        if abs(np.int64(facts[id, SIZE]) - size) <= LENGTH_APART_MAX and one_edit_apart(
            heard, 0, heard_size, codes, np.int64(starts[id]), length_of(entry)
        ):
            found[held] = id
            held += 1
    return held


@njit(**JIT)
def weigh(
    typed: Any, found: Any, count: Any, codes: Any, facts: Any, tables: Any, room: Any, limit: Any, keep: Any, top: Any
) -> Any:
    """The best of the words found: scores, places and costs in the rows of `top`, best first; how many."""
    size, best, best_ids, best_costs = len(typed), top[0], top[1], top[2]
    held = touch(found, count, facts[:, START], codes)
    for number in range(count):
        id = found[number]
        prior = np.int64(facts[id, PRIOR])
        most = np.int64(limit)
        if held == keep and prior - best[keep - 1] < most:
            most = prior - best[keep - 1]
            if most < 0:
                continue
        start, length = np.int64(facts[id, START]), np.int64(facts[id, SIZE])
        price = cost(typed, size, codes, start, length, tables, room, most)
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
    typed: Any, farthest: Any, sounding: Any, facts: Any, words: Any, heard: Any, added: Any, tables: Any, stamp: Any,
    scratch: Any, chosen: Any, maybe: Any, found: Any, room: Any, limit: Any, keep: Any, top: Any,
) -> Any:  # fmt: skip
    """The best words near a typed one, as `weigh` puts them down; how many.

    `words` is codes, and ends and entries of buckets; `heard` the same of how words sound, with starts.
    """
    extra, extra_before, rules = added
    codes, ends, entries = words
    held = near_by_spelling(typed, farthest, facts, codes, ends, entries, stamp, chosen, maybe, found, room)
    if sounding:
        sound_codes, sound_starts, sound_ends, sound_entries = heard
        held = near_by_sound(
            typed,
            scratch,
            facts,
            sound_codes,
            sound_starts,
            sound_ends,
            sound_entries,
            stamp,
            chosen,
            maybe,
            found,
            held,
        )
    listen(typed, len(typed), extra, extra_before, rules, room)
    return weigh(typed, found, held, codes, facts, tables, room, limit, keep, top)

"""Which words are near a typed one: symmetric deletes, and the same on how words sound.

Two words at most k edits apart share a string that each becomes by at most k deletions, even if only the first
`PREFIX` characters of both are looked at (Garbe 2012, "1000x faster spelling correction"). Every word is entered in a
bucket for each such string; a typed word visits the buckets of its own strings and checks what it meets. An entry tells a
word's length and letters, so that many words are passed over without a look elsewhere in memory, which is what costs; all
there is to know of a word stands in a record of its own, mostly in one line of memory, and is asked for ahead.
Cost: 2 microseconds a word to build, 8 bytes an entry and 50 a record; a look-up visits some thirty buckets and 250 words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from searchkit.jit import INLINE, JIT, njit
from searchkit.suggest.kernels.channel import FAR, ROOM, ROW, cost, listen
from searchkit.suggest.kernels.memory import i16_at, i64_at, popcount, prefetch, u32_at, u64_at
from searchkit.suggest.nearby import KEEP_MAX, LENGTH_APART_MAX, PREFIX, WORD_MAX

SOUND_MAX = 64
SIGNATURE, LENGTH, RARITY = 32, 56, 62
"""First bits of what an entry holds above the place of its word: its letters, its length, and the edits it may be away."""
SIGNATURE_BITS = 24
BUCKETS_MAX = 1 + PREFIX + PREFIX * (PREFIX - 1) // 2
"""Buckets one typed word visits: one for each way to leave out up to two letters of its beginning."""
SOUND_BUCKETS_MAX = 1 + PREFIX
"""Those it visits by how it sounds."""
NUMBER, STAMP, FACTS, LETTERS = range(4)
"""Of the record of a word: its number in the lexicon, when it was last met, its prior above its length, and letters."""
HEARD_WORD, HEARD_SIZE, HEARD_LETTERS = range(3)
"""Of the record of how a word sounds: where the record of the word is, its length, and how it sounds."""
HELD_BITS = 8
"""Of an answer that say how many words were found."""
LINE, ENTRIES_IN_LINE = 16, 8
"""Numbers and entries in a line of memory."""
PLAIN = 128
"""Characters from which on none has a mask of its own."""
CLASS, SOUNDS = 32, 4
"""What is found is a place and above it how many edits away, 1 to 3, or that it sounds alike: the order it is weighed in."""


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
def spot(typed: Any, size: Any, masks: Any) -> Any:
    """Note in which places each letter stands: bits, for those below `PLAIN`.

    All are cleared first: what is in a room may have been left there half done, when its process was forked.
    """
    for code in range(PLAIN):
        masks[code] = 0
    for place in range(size):
        if typed[place] < PLAIN:
            masks[typed[place]] |= np.int64(1) << place


@njit(**JIT)
def edits_apart(typed: Any, size: Any, masks: Any, words: Any, start: Any, length: Any) -> Any:
    """Edits between what was typed and a word: letters more, less or other, and neighbours exchanged; after `spot`.

    Optimal string alignment, no letter is edited twice: a column of the programme at a time as bits (Hyyrö 2003, "A
    bit-vector algorithm for computing Levenshtein and Damerau edit distances"). Nothing in it depends on chance, so
    that the processor guesses no branch wrong.
    """
    if size == 0:
        return np.int64(length)
    up, down, same, matched = np.int64(-1), np.int64(0), np.int64(0), np.int64(0)
    edits, last = np.int64(size), np.int64(1) << (size - 1)
    for place in range(start, start + length):
        code, before = words[place], matched
        if code < PLAIN:
            matched = masks[code]
        else:
            matched = np.int64(0)
            for at in range(size):
                if typed[at] == code:
                    matched |= np.int64(1) << at
        exchanged = ((~same & matched) << 1) & before
        same = (((matched & up) + up) ^ up) | matched | down | exchanged
        right, left = down | ~(same | up), same & up
        edits += np.int64(right & last != 0) - np.int64(left & last != 0)
        right, left = right << 1 | 1, left << 1
        up, down = left | ~(same | right), right & same
    return edits


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
def share(one: Any, size: Any, other: Any, start2: Any, size2: Any, room: Any) -> Any:
    """Whether the first `PREFIX` letters of two words have all but two in common, in order."""
    size, size2 = min(size, PREFIX), min(size2, PREFIX)
    for j in range(size2 + 1):
        room[j] = 0
    for i in range(size):
        diagonal = np.int64(0)
        for j in range(size2):
            above = room[j + 1]
            room[j + 1] = diagonal + 1 if one[i] == other[start2 + j] else max(above, room[j])
            diagonal = above
    return max(size, size2) - room[size2] <= 2


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
    return popcount((entry ^ own) & np.uint64(((1 << SIGNATURE_BITS) - 1) << SIGNATURE))


@njit(**INLINE)
def place_of(entry: Any) -> Any:
    """Where the record of an entry's word begins."""
    return np.int64(entry & np.uint64(0xFFFFFFFF))


@njit(**JIT)
def lay(sizes: Any, head: Any, places: Any) -> Any:
    """Places of records with a head and so many letters: none goes on in a second line of memory that fits into one.

    Returns
    -------
    int
        Numbers they take.
    """
    end = np.int64(0)
    for id in range(len(sizes)):
        size = head + sizes[id]
        if end % LINE + min(size, LINE) > LINE:
            end = (end // LINE + 1) * LINE
        places[id] = end
        end += size
    return end


@njit(**JIT)
def write(codes: Any, starts: Any, sizes: Any, head: Any, places: Any, records: Any) -> Any:
    """Copy the letters of words into their records."""
    for id in range(len(sizes)):
        for number in range(sizes[id]):
            records[places[id] + head + number] = codes[starts[id] + number]


@njit(**JIT)
def open_buckets(chosen: Any, first: Any, last: Any, ends: Any, entries: Any) -> Any:
    """Put down where some buckets begin and end instead of their numbers, and ask for what is in them."""
    for number in range(first, last):
        bucket = chosen[0, number]
        start, end = np.int64(ends[bucket]), np.int64(ends[bucket + 1])
        chosen[0, number], chosen[1, number] = start, end
        for place in range(start, end, ENTRIES_IN_LINE):
            prefetch(entries, place)
        if start < end:
            prefetch(entries, end - 1)


@njit(**JIT)
def visit(
    chosen: Any, first: Any, last: Any, own: Any, size: Any, most: Any, entries: Any, head: Any, records: Any,
    maybe: Any, held: Any,
) -> Any:  # fmt: skip
    """Entries of words in some buckets that may be near, by what they tell, into `maybe`; how many are there then.

    Parameters
    ----------
    most : int
        Edits a word may be away at most, whatever its entry allows.
    head : int
        Numbers a record has before its letters; records are asked for.
    """
    for number in range(first, last):
        for place in range(chosen[0, number], chosen[1, number]):
            entry = entries[place]
            allowed = min(np.int64(entry >> np.uint64(RARITY)), most)
            length = length_of(entry)
            # Each edit may change two letters.
            if abs(length - size) <= allowed and letters_apart(entry, own) <= 2 * allowed:
                maybe[held] = entry
                held += 1
                prefetch(records, place_of(entry))
                if length > LINE - head:
                    prefetch(records, place_of(entry) + LINE)
    return held


@njit(**JIT)
def near_by_spelling(
    typed: Any, size: Any, farthest: Any, masks: Any, records: Any, stamp: Any, maybe: Any, count: Any, found: Any,
    room: Any,
) -> Any:  # fmt: skip
    """Words few edits away, into `found` with how many these are; how many. They are stamped with `stamp`.

    Others that were looked at are stamped with one less: they may still sound alike.
    """
    held = 0
    for number in range(count):
        entry = maybe[number]
        at = place_of(entry)
        if records[at + STAMP] >= stamp - 1:
            continue
        length, most = length_of(entry), min(np.int64(entry >> np.uint64(RARITY)), farthest)
        edits = edits_apart(typed, size, masks, records, at + LETTERS, length)
        near = edits <= most and (edits < 3 or share(typed, size, records, at + LETTERS, length, room))
        records[at + STAMP] = np.uint32(stamp - (0 if near else 1))
        found[held] = at | max(edits, 1) << CLASS
        held += near
    return held


@njit(**JIT)
def near_by_sound(
    size: Any, heard: Any, heard_size: Any, masks: Any, sounds: Any, records: Any, stamp: Any, maybe: Any, first: Any,
    last: Any, found: Any, held: Any,
) -> Any:  # fmt: skip
    """Words that sound alike and are not found yet, into `found`; how many there are then."""
    alike = first
    for number in range(first, last):
        entry = maybe[number]
        at = place_of(entry)
        if (
            abs(np.int64(sounds[at + HEARD_SIZE]) - size) <= LENGTH_APART_MAX
            and edits_apart(heard, heard_size, masks, sounds, at + HEARD_LETTERS, length_of(entry)) <= 1
        ):
            maybe[alike] = sounds[at + HEARD_WORD]
            prefetch(records, np.int64(maybe[alike]))
            alike += 1
    for number in range(first, alike):
        at = np.int64(maybe[number])
        if records[at + STAMP] != stamp:
            records[at + STAMP] = stamp
            found[held] = at | SOUNDS << CLASS
            held += 1
            prefetch(records, at + LINE)
    return held


@njit(**JIT)
def weigh(
    typed: Any, size: Any, found: Any, count: Any, records: Any, costs: Any, room: Any, limit: Any, keep: Any, top: Any
) -> Any:
    """The best of the words found: scores, numbers and costs in the rows of `top`, best first; how many.

    Likely ones come first, so that what they cost bounds the work for the others.
    """
    best, numbers, prices = top[0], top[1], top[2]
    held = 0
    for turn in range(1, SOUNDS + 1):
        for number in range(count):
            if found[number] >> CLASS != turn:
                continue
            at = found[number] & ((1 << CLASS) - 1)
            prior = np.int64(records[at + FACTS] >> np.uint32(8))
            most = np.int64(limit)
            if held == keep and prior - best[keep - 1] < most:
                most = prior - best[keep - 1]
                if most < 0:
                    continue
            length, name = np.int64(records[at + FACTS] & np.uint32(0xFF)), np.int64(records[at + NUMBER])
            price = cost(typed, size, records, at + LETTERS, length, costs, room, most)
            if price >= FAR:
                continue
            score = prior - price
            place = held
            while place > 0 and (best[place - 1] < score or (best[place - 1] == score and numbers[place - 1] > name)):
                place -= 1
            if place == keep:
                continue
            held = min(held + 1, keep)
            for moved in range(held - 1, place, -1):
                best[moved], numbers[moved], prices[moved] = best[moved - 1], numbers[moved - 1], prices[moved - 1]
            best[place], numbers[place], prices[place] = score, name, price
    return held


@njit(**JIT)
def note_words(codes: Any, starts: Any, sizes: Any, noted: Any) -> Any:
    """Set the bit of each word; see `parts`."""
    for id in range(len(sizes)):
        bit = np.uint64(len(noted) * 64 - 1) & hashed(codes, starts[id], sizes[id], -1, -1, 3)
        noted[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))


@njit(**JIT)
def ask_parts(typed: Any, size: Any, noted: Any, both: Any) -> Any:
    """Ask for the bits of what is before and after each place of what was typed; where they are, into the rows of `both`."""
    for place in range(1, size):
        for part in range(2):
            start, end = (place, size) if part else (0, place)
            bit = np.uint64(len(noted) * 64 - 1) & hashed(typed, start, end - start, -1, -1, 3)
            both[part, place] = bit
            prefetch(noted, np.int64(bit >> np.uint64(6)))


@njit(**JIT)
def parts(size: Any, noted: Any, both: Any) -> Any:
    """Places, as bits, where what was typed seems to fall into two words of `noted`; after `ask_parts`."""
    found = np.int64(0)
    for place in range(1, size):
        one, two = both[0, place], both[1, place]
        known = noted[one >> np.uint64(6)] >> (one & np.uint64(63)) & noted[two >> np.uint64(6)] >> (
            two & np.uint64(63)
        )
        found |= np.int64(known & np.uint64(1)) << place
    return found


@njit(**JIT)
def look_up_in(
    typed: Any, farthest: Any, sounding: Any, stamp: Any, limit: Any, keep: Any, words: Any, ends: Any, entries: Any,
    sounds: Any, sound_ends: Any, sound_entries: Any, noted: Any, costs: Any, chosen: Any, maybe: Any, found: Any,
    heard: Any, both: Any, room: Any, top: Any,
) -> Any:  # fmt: skip
    """The best words near a typed one, as `weigh` puts them down; how many, below the bits of `parts`.

    What lies anywhere in memory is asked for in a loop of its own before it is looked at: so the processor waits for many
    of them at once.
    """
    size, spelled, heard_size = len(typed), 0, 0
    prefix, mask = min(size, PREFIX), np.uint64(len(ends) - 2)
    for first in range(-1, prefix):
        for second in range(-1, max(first, 0) if farthest > 1 else 0):
            chosen[0, spelled] = np.int64(hashed(typed, 0, prefix, first, second, 1) & mask)
            prefetch(ends, chosen[0, spelled])
            spelled += 1
    buckets = spelled
    if sounding:
        heard_size = sound(typed, 0, size, heard)
        prefix, mask = min(heard_size, PREFIX), np.uint64(len(sound_ends) - 2)
        for skip in range(-1, prefix):
            chosen[0, buckets] = np.int64(hashed(heard, 0, prefix, skip, -1, 2) & mask)
            prefetch(sound_ends, chosen[0, buckets])
            buckets += 1
    ask_parts(typed, size, noted, both)
    listen(typed, size, costs, room)
    open_buckets(chosen, 0, spelled, ends, entries)
    open_buckets(chosen, spelled, buckets, sound_ends, sound_entries)
    masks = room[ROOM:]
    count = visit(chosen, 0, spelled, signature(typed, size), size, farthest, entries, LETTERS, words, maybe, 0)
    seen = visit(
        chosen, spelled, buckets, signature(heard, heard_size), heard_size, 1, sound_entries, HEARD_LETTERS, sounds,
        maybe, count,
    )  # fmt: skip
    spot(typed, size, masks)
    held = near_by_spelling(typed, size, farthest, masks, words, stamp, maybe, count, found, room[ROOM - ROW :])
    spot(heard, heard_size, masks)
    held = near_by_sound(size, heard, heard_size, masks, sounds, words, stamp, maybe, count, seen, found, held)
    held = weigh(typed, size, found, held, words, costs, room, limit, keep, top)
    return held | parts(size, noted, both) << HELD_BITS


@njit(**JIT)
def look_up(typed: Any, farthest: Any, sounding: Any, stamp: Any, limit: Any, keep: Any, context: Any) -> Any:
    """`look_up_in` the arrays of a context, which are in the order of its arguments."""
    return look_up_in(
        typed, farthest, sounding, stamp, limit, keep, u32_at(context, 0, None), u32_at(context, 1, None),
        u64_at(context, 2, None), u32_at(context, 3, None), u32_at(context, 4, None), u64_at(context, 5, None),
        u64_at(context, 6, None), i16_at(context, 7, None), i64_at(context, 8, BUCKETS_MAX + SOUND_BUCKETS_MAX),
        u64_at(context, 9, None), i64_at(context, 10, None), u32_at(context, 11, None),
        u64_at(context, 12, WORD_MAX + 1), i64_at(context, 13, None), i64_at(context, 14, KEEP_MAX),
    )  # fmt: skip

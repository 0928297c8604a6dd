"""The few words of a vocabulary that some typed ones could have been meant for, without making a table of all.

A process that corrects one query and ends would spend most of its time on words that nothing comes of. Here they stay the
bytes they are stored as, and what is asked of all of them is asked of arrays: how long a word is, and which letters it
holds. An edit changes at most one letter for another, so a word that holds four letters too many, or lacks four, is none
of the candidates that `nearby` defines; likewise for sounds, by classes of letters that can be said alike. What passes is
a vocabulary that gives the same answers as the whole one; a property test holds it to that.

Cost: 0.1 microseconds a word, and some milliseconds for each word typed. Typed words that are not of letters of ASCII
are not for this way (`suits`). What this module does not know: how words are folded (it is told), and where they come from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from searchkit.suggest.lexicon import RARE, Lexicon
from searchkit.suggest.nearby import LENGTH_APART_MAX, SOUNDING, WORD_MAX, edits_allowed

_LINE_FEED: Final = 10
NEVER_LATIN: Final = ((0x370, 0x1D00), (0x3400, 0xA640), (0xAC00, 0xD800))
"""Characters, from and to before, that are folded to no letter of ASCII: Greek to Mongolian, Chinese, Korean."""
_OTHERS_MAX: Final = 4
"""Characters one of those may be folded to."""
_PLAIN: Final = np.uint32(1 << 31)
"""Set in the mask of a byte that is no letter or digit of ASCII; bits 0 to 25 are letters, 30 a digit."""
_DIGIT: Final = np.uint32(1 << 30)
_LETTERS: Final = np.uint32((1 << 26) - 1)
_ALIKE: Final = ("aeiouy", "ckqxszt", "pf")
"""Letters that can be heard as one another, before sounds are told apart more finely (`sounds`)."""
_UNHEARD: Final = "ghj"
"""Letters that are sometimes not heard, or as each other."""

Masks = npt.NDArray[np.uint32]


def suits(typed: Sequence[str]) -> bool:
    """Whether candidates for these words can be told by their letters: those of ASCII, at most `WORD_MAX`."""
    return all(word.isascii() and word.isalpha() and len(word) <= WORD_MAX for word in typed)


class Letters:
    """Words as a segment holds them.

    Parameters
    ----------
    text : bytes
        Distinct words in UTF-8, ascending, a line feed after each.
    counts : ndarray of shape (words,), int64
    """

    def __init__(self, text: bytes, counts: npt.NDArray[np.int64]) -> None:
        self.counts = counts
        self._text = text
        data = np.frombuffer(text, np.uint8)
        self._ends = np.flatnonzero(data == _LINE_FEED)
        self._starts = np.append(0, self._ends[:-1] + 1)[: len(self._ends)]
        masks = np.bitwise_or.reduceat(_MASK_OF[data], self._starts) if len(self._ends) else np.zeros(0, np.uint32)
        self._masks: Masks = masks
        self._sizes = self._ends - self._starts

    def words(self, numbers: Iterable[int]) -> list[str]:
        """Some words."""
        places = np.fromiter(numbers, np.int64)
        both = zip(self._starts[places].tolist(), self._ends[places].tolist(), strict=True)
        return [self._text[start:end].decode("utf-8") for start, end in both]

    @cached_property
    def _heads(self) -> npt.NDArray[np.uint64]:
        """The first eight bytes of each word as a number, zeros after a shorter one."""
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(self._text + bytes(8), np.uint8), 8)
        heads = np.ascontiguousarray(windows[self._starts]).view(">u8").ravel().astype(np.uint64)
        beyond = np.maximum(8 - self._sizes, 0).astype(np.uint64) * np.uint64(8)
        found: npt.NDArray[np.uint64] = heads >> beyond << beyond
        return found

    def numbers(self, words: Iterable[str]) -> list[int]:
        """The places of those of some words that are here."""
        wanted = sorted(word.encode("utf-8") for word in words if word)
        firsts = np.array([int.from_bytes(word[:8].ljust(8, b"\0"), "big") for word in wanted], np.uint64)
        lows, highs = (np.searchsorted(self._heads, firsts, side).tolist() for side in ("left", "right"))
        found, text, starts, ends = [], self._text, self._starts, self._ends
        for word, low, high in zip(wanted, lows, highs, strict=True):
            place = bisect_left(range(high), word, low, key=lambda n: text[starts[n] : ends[n]])
            if place < high and text[starts[place] : ends[place]] == word:
                found.append(place)
        return found

    def strange(self, fold: Callable[[str], str]) -> Strange:
        """The words that are not letters and digits of ASCII alone, as they may look folded."""
        numbers = np.flatnonzero(self._masks & _PLAIN)
        text = "".join([f"{word}\n" for word in self.words(numbers)])
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        size = int(codes.max(initial=0)) + 1
        masks, letters, others = np.zeros(size, np.uint32), np.zeros(size, np.int64), np.zeros(size, np.int64)
        others[:] = _OTHERS_MAX
        for code in np.flatnonzero(np.bincount(codes)).tolist():
            if not any(first <= code < last for first, last in NEVER_LATIN):
                folded = fold(chr(code)) if code != _LINE_FEED else ""
                latin = "".join(filter(str.isascii, folded))
                masks[code], letters[code], others[code] = _mask_of(latin), len(latin), len(folded) - len(latin)
        ends = np.flatnonzero(codes == _LINE_FEED)
        starts = np.append(0, ends[:-1] + 1)[: len(ends)]
        if not len(ends):
            return Strange(numbers, np.zeros(0, np.uint32), ends, ends)
        return Strange(
            numbers,
            np.bitwise_or.reduceat(masks[codes], starts),
            np.add.reduceat(letters[codes], starts),
            np.add.reduceat(others[codes], starts),
        )

    def near(self, typed: str, *, rare_apart: bool) -> npt.NDArray[np.int64]:
        """Numbers of all words of letters and digits of ASCII that may be candidates, and of some more.

        `rare_apart` says that a count of `RARE` here is all there is of a word.
        """
        size, most = len(typed), edits_allowed(len(typed))
        reach = LENGTH_APART_MAX if size >= SOUNDING else most
        some = np.flatnonzero((np.abs(self._sizes - size) <= reach) & (self._masks < _DIGIT))
        masks, longer = self._masks[some], self._sizes[some] - size
        own = _mask_of(typed)
        allowed = np.where(self.counts[some] > RARE, most, 1) if rare_apart else np.int64(most)
        kept = _edited(masks, own, longer, allowed)
        if size >= SOUNDING:
            alike = _apart(_heard(masks), _heard(np.array([own], np.uint32))[0]) <= 1
            kept |= alike & (self.counts[some] > RARE) if rare_apart else alike
        found: npt.NDArray[np.int64] = some[kept]
        return found


class Strange(NamedTuple):
    """Words that are not letters and digits of ASCII alone.

    What a word is folded to is what its characters are, but for marks that become one with their letter, which no letter
    of ASCII does once folded.

    Attributes
    ----------
    numbers : ndarray of shape (n,), int64
    masks : ndarray of shape (n,), uint32
        Letters of ASCII that it holds when it is folded.
    letters, others : ndarray of shape (n,), int64
        How many characters of ASCII, and of others, at most.
    """

    numbers: npt.NDArray[np.int64]
    masks: Masks
    letters: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]

    def near(self, key: str, edits: int, *, sounding: bool) -> npt.NDArray[np.int64]:
        """Numbers of all words whose folded form may be so near a key of ASCII, and of some more."""
        own, size = _mask_of(key), len(key)
        reach = LENGTH_APART_MAX if sounding else edits
        fits = (self.letters <= size + reach) & (self.letters + self.others >= size - reach)
        longer = np.where(self.others > 0, 0, self.letters - size)
        kept = _edited(self.masks, own, longer, np.int64(edits))
        if sounding:
            kept |= _apart(_heard(self.masks), _heard(np.array([own], np.uint32))[0]) <= 1
        found: npt.NDArray[np.int64] = self.numbers[fits & kept]
        return found


def narrow(
    parts: Sequence[Letters],
    less: Sequence[dict[str, int]],
    typed: Iterable[str],
    looked_up: Iterable[str],
    fold: Callable[[str], str],
) -> tuple[Lexicon, dict[str, dict[str, int]]]:
    """A vocabulary of the words that matter, and how those are spelled that are not always spelled as they are folded.

    Parameters
    ----------
    parts : sequence of Letters
        Words of each segment.
    less : sequence of dict of str to int
        What of them is not to be counted.
    typed : iterable of str
        Folded words for which candidates are wanted; `suits` says which may be.
    looked_up : iterable of str
        Words whose own counts are wanted.
    fold : callable
        A word as it is looked up.
    """
    lone = len(parts) == 1
    words: dict[str, int] = {}
    keys: dict[str, str] = {}
    exact = set(looked_up)
    for part in parts:
        chosen: set[int] = set()
        among, spelled = part.strange(fold), set[int]()
        for word in typed:
            chosen.update(part.near(word, rare_apart=lone).tolist())
            spelled.update(among.near(word, edits_allowed(len(word)), sounding=len(word) >= SOUNDING).tolist())
        for key in exact:
            spelled.update(among.near(key, 0, sounding=False).tolist())
        others = part.words(spelled)
        keys.update(zip(others, map(fold, others), strict=True))
        chosen.update(part.numbers(exact.union(keys[word] for word in others)))
        numbers = list(chosen | spelled)
        for word, count in zip(part.words(numbers), part.counts[np.array(numbers, np.int64)].tolist(), strict=True):
            words[word] = words.get(word, 0) + count
    for gone in less:
        for word in words:
            words[word] -= gone.get(word, 0)
    total = sum(int(part.counts.sum()) for part in parts) - sum(sum(gone.values()) for gone in less)
    counts, spellings = by_key(
        {word: count for word, count in words.items() if count > 0}, lambda word: keys.get(word) or fold(word)
    )
    lexicon = Lexicon.of(counts)
    lexicon.total = total
    return lexicon, spellings


def by_key(words: dict[str, int], fold: Callable[[str], str]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Counts of folded words, and of every spelling of those that are not always spelled as they are folded."""
    counts: dict[str, int] = {}
    spellings: dict[str, dict[str, int]] = {}
    for word, count in words.items():
        if word.isascii() and word.isalnum():
            counts[word] = count
        else:
            spellings.setdefault(fold(word), {})[word] = count
    for key, found in spellings.items():
        if key in counts:
            found[key] = counts[key]
        counts[key] = sum(found.values())
    return counts, spellings


def _mask_of(word: str) -> np.uint32:
    found: np.uint32 = np.bitwise_or.reduce(_MASK_OF[np.frombuffer(word.encode("ascii"), np.uint8)])
    return found & _LETTERS


def _edited(
    masks: Masks, own: np.uint32, longer: npt.NDArray[np.int64], edits: npt.NDArray[np.int64] | np.int64
) -> npt.NDArray[np.bool_]:
    """Which words may be so many edits away, being so many letters longer: as in `nearby`, by the letters they hold."""
    extra, lacking = np.bitwise_count(masks & ~own), np.bitwise_count(own & ~masks)
    found: npt.NDArray[np.bool_] = (extra <= edits + np.minimum(longer, 0)) & (lacking <= edits - np.maximum(longer, 0))
    return found


def _apart(masks: Masks, own: np.uint32) -> npt.NDArray[np.uint8]:
    """How many letters each holds too many, or lacks, whichever are more."""
    found: npt.NDArray[np.uint8] = np.maximum(np.bitwise_count(masks & ~own), np.bitwise_count(own & ~masks))
    return found


def _heard(masks: Masks) -> Masks:
    """Which classes of sounds letters may stand for."""
    half = np.uint32(13)
    found: Masks = _HEARD_LOW[masks & np.uint32(0x1FFF)] | _HEARD_HIGH[masks >> half & np.uint32(0x1FFF)]
    return found


def _masks_of_bytes() -> Masks:
    masks = np.full(256, _PLAIN, np.uint32)
    masks[_LINE_FEED] = 0
    masks[ord("0") : ord("9") + 1] = _DIGIT
    masks[ord("a") : ord("z") + 1] = np.uint32(1) << np.arange(26, dtype=np.uint32)
    return masks


def _heard_tables() -> tuple[Masks, Masks]:
    """What each half of a mask of letters is heard as."""
    classes = {letter: np.uint32(1) << np.uint32(ord(letter) - 97) for letter in map(chr, range(97, 123))}
    for alike in _ALIKE:
        classes |= dict.fromkeys(alike, classes[alike[0]])
    classes |= dict.fromkeys(_UNHEARD, np.uint32(0))
    halves = []
    for first in (0, 13):
        table = np.zeros(1 << 13, np.uint32)
        for bit in range(13):
            table[np.arange(1 << 13) >> bit & 1 > 0] |= classes[chr(97 + first + bit)]
        halves.append(table)
    return halves[0], halves[1]


_MASK_OF = _masks_of_bytes()
_HEARD_LOW, _HEARD_HIGH = _heard_tables()

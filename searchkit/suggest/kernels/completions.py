"""The words and titles of one completer, as the kernels of `openings` and `beginnings` read them, and where these work.

All of it is written down once as a list of addresses; what was typed is written into its place, so that a look-up takes a
few numbers and gives one, and its answer is read from a row of another place. One look-up at a time: there is one room.
What this module does not know: what is done with what was found.
"""

from __future__ import annotations

from codecs import utf_32_le_encode
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from searchkit.jit import JIT, direct, njit
from searchkit.suggest.beginnings import ALPHABET, TYPED_MAX, Beginnings
from searchkit.suggest.kernels.beginnings import KEEP_MAX, LESS_LIKELY, look_up
from searchkit.suggest.kernels.memory import Arrays, i64_at, u16_at, u32_at, u64_at
from searchkit.suggest.kernels.openings import (
    ASKED_MAX,
    KNOWN,
    MANY_BIT,
    OPEN_BITS,
    TITLES,
    Openings,
    best_between,
    best_of_both,
    best_titles,
    in_context,
)
from searchkit.suggest.lexicon import Lexicon, Ranked
from searchkit.suggest.pairs import first_part

LETTERS_MAX: Final = 64
"""Letters of a beginning that there is room for; a longer one is asked of the twins in NumPy."""
_OPENINGS_MAX: Final = 4_096
"""Beginnings whose most frequent words are remembered; up to two kilobytes each."""
_TITLES_AT: Final = TITLES * ASKED_MAX
_HELD: Final = 0xFFFF
(
    _TYPED, _HEADS, _FIRSTS, _NEXTS, _CODES, _STARTS, _RANKS, _BEST, _COUNTS, _TITLE_HEADS, _TITLE_FIRSTS, _TITLE_NEXTS,
    _TITLE_RANKS, _BEST_TITLES, _ROOM, _TOP, _CHOSEN, _HASHES, _ALL_HASHES, _CELLS, _PAIR_BITS, _PAIRS_AHEAD,
    _PAIR_COUNTS, _SLIP_BITS, _SLIP_SHIFT, _ALPHABET, _VARIANTS, _VARIANT_HASHES, _SPELLED, _SUMS, _SLIPPED,
) = range(31)  # fmt: skip


@njit(**JIT)
def of_both(size: Any, limit: Any, at: Any) -> Any:
    """`best_of_both` of so many letters typed, in the arrays at an address."""
    return best_of_both(
        u32_at(at, _TYPED, None)[:size], limit, i64_at(at, _HEADS, None), u32_at(at, _FIRSTS, None),
        i64_at(at, _NEXTS, None), u32_at(at, _CODES, None), i64_at(at, _STARTS, None), u32_at(at, _RANKS, None),
        u32_at(at, _BEST, None), i64_at(at, _COUNTS, None), i64_at(at, _TITLE_HEADS, None),
        u32_at(at, _TITLE_FIRSTS, None), i64_at(at, _TITLE_NEXTS, None), u32_at(at, _TITLE_RANKS, None),
        u32_at(at, _BEST_TITLES, None), u64_at(at, _ROOM, None), i64_at(at, _TOP, ASKED_MAX),
    )  # fmt: skip


@njit(**JIT)
def of_titles(size: Any, limit: Any, at: Any) -> Any:
    """`best_titles` of them."""
    return best_titles(
        u32_at(at, _TYPED, None)[:size], limit, i64_at(at, _TITLE_HEADS, None), u32_at(at, _TITLE_FIRSTS, None),
        i64_at(at, _TITLE_NEXTS, None), u32_at(at, _TITLE_RANKS, None), u32_at(at, _BEST_TITLES, None),
        u64_at(at, _ROOM, None), i64_at(at, _TOP, ASKED_MAX),
    )  # fmt: skip


@njit(**JIT)
def of_titles_between(low: Any, high: Any, limit: Any, at: Any) -> Any:
    """`best_between` of titles."""
    return best_between(
        low, high, limit, u32_at(at, _TITLE_RANKS, None), u32_at(at, _BEST_TITLES, None), u64_at(at, _ROOM, None),
        i64_at(at, _TOP, ASKED_MAX),
    )  # fmt: skip


@njit(**JIT)
def of_context(size: Any, count: Any, row: Any, first: Any, limit: Any, known_only: Any, at: Any) -> Any:
    """`in_context` of them, or of the words in a row of those remembered."""
    chosen, hashes = u32_at(at, _CHOSEN, ASKED_MAX), u32_at(at, _HASHES, ASKED_MAX)
    return in_context(
        u32_at(at, _TYPED, None)[:size], count, chosen[row], hashes[row], first, limit, known_only,
        i64_at(at, _HEADS, None), u32_at(at, _FIRSTS, None), i64_at(at, _NEXTS, None), u32_at(at, _CODES, None),
        i64_at(at, _STARTS, None), u32_at(at, _RANKS, None), u32_at(at, _BEST, None), i64_at(at, _COUNTS, None),
        u32_at(at, _ALL_HASHES, None), u64_at(at, _PAIR_BITS, None), u32_at(at, _PAIRS_AHEAD, None),
        u16_at(at, _PAIR_COUNTS, None), i64_at(at, _CELLS, None), u64_at(at, _ROOM, None), i64_at(at, _TOP, ASKED_MAX),
    )  # fmt: skip


@njit(**JIT)
def of_slips(size: Any, keep: Any, at: Any) -> Any:
    """`look_up` of them; numbers and counts into the rows of `top`."""
    slipped, top = u64_at(at, _SLIPPED, KEEP_MAX), i64_at(at, _TOP, ASKED_MAX)
    return look_up(
        u32_at(at, _TYPED, None)[:size], keep, i64_at(at, _HEADS, None), u32_at(at, _FIRSTS, None),
        i64_at(at, _NEXTS, None), u32_at(at, _CODES, None), i64_at(at, _STARTS, None), u64_at(at, _SLIP_BITS, None),
        u64_at(at, _SLIP_SHIFT, None)[0], u64_at(at, _ALPHABET, None), u32_at(at, _RANKS, None), u32_at(at, _BEST, None),
        i64_at(at, _COUNTS, None), i64_at(at, _VARIANTS, None), u64_at(at, _VARIANT_HASHES, None),
        u32_at(at, _SPELLED, None), u64_at(at, _SUMS, TYPED_MAX + 1), slipped, top,
    )  # fmt: skip


class Compiled:
    """Words by their beginnings and by the words before them, and titles by their beginnings.

    Parameters
    ----------
    lexicon : Lexicon
    pairs : tuple of ndarray, optional
        See `Pairs.read`; without, no word before is asked about.
    titles : Ranked
    asked : int
        Words with a beginning, most frequent first, that the word before is asked about.
    """

    def __init__(self, lexicon: Lexicon, pairs: tuple[Any, ...] | None, titles: Ranked, asked: int) -> None:
        self._asked, self._titles = asked, titles
        self._known: dict[str, tuple[int, int]] = {}
        remembered = _OPENINGS_MAX + 1, ASKED_MAX
        self._chosen, self._hashes = np.empty(remembered, np.uint32), np.empty(remembered, np.uint32)
        typed, top = np.zeros(LETTERS_MAX, np.uint32), np.zeros((TITLES + 1, ASKED_MAX), np.int64)
        # Memoryviews give plain numbers, and take them, several times as quickly as arrays do.
        self._typed, self._top = typed.data.cast("B"), top.data.cast("B").cast("q")
        words_read, titles_read = Openings(lexicon.words).read, Openings(titles.keys).read
        words, most, none = lexicon.ranked, 2 * (ALPHABET + 1) * TYPED_MAX, np.zeros(0, np.uint64)
        bits, ahead, pair_counts = pairs or (none, none.astype(np.uint32), none.astype(np.uint16))
        self._read: dict[int, npt.NDArray[Any]] = {
            _TYPED: typed, _HEADS: words_read[0], _FIRSTS: words_read[1], _NEXTS: words_read[2],
            _CODES: np.zeros(0, np.uint32), _STARTS: np.zeros(1, np.int64), _RANKS: words.ranks,
            _BEST: words.best_of_blocks, _COUNTS: np.ascontiguousarray(lexicon.counts, np.int64),
            _TITLE_HEADS: titles_read[0], _TITLE_FIRSTS: titles_read[1], _TITLE_NEXTS: titles_read[2],
            _TITLE_RANKS: titles.ranks, _BEST_TITLES: titles.best_of_blocks, _ROOM: np.zeros(ASKED_MAX, np.uint64),
            _TOP: top, _CHOSEN: self._chosen, _HASHES: self._hashes, _ALL_HASHES: np.zeros(0, np.uint32),
            _CELLS: np.zeros(ASKED_MAX, np.int64), _PAIR_BITS: bits, _PAIRS_AHEAD: ahead, _PAIR_COUNTS: pair_counts,
            _SLIP_BITS: none, _SLIP_SHIFT: none, _ALPHABET: none, _VARIANTS: np.zeros(most, np.int64),
            _VARIANT_HASHES: np.zeros(most, np.uint64), _SPELLED: np.zeros(TYPED_MAX + 1, np.uint32),
            _SUMS: np.zeros((2, TYPED_MAX + 1), np.uint64), _SLIPPED: np.zeros((2, KEEP_MAX), np.uint64),
        }  # fmt: skip
        self.has_letters = self.has_hashes = False
        self._write_down()
        self._of_both, self._of_titles, self._of_slips = (direct(one, 3) for one in (of_both, of_titles, of_slips))
        self._of_titles_between, self._of_context = direct(of_titles_between, 4), direct(of_context, 7)

    def _write_down(self) -> None:
        self._arrays = Arrays([(self._read[number], _KINDS[number]) for number in range(len(_KINDS))])
        self._at = self._arrays.address

    def take_letters(self, beginnings: Beginnings) -> None:
        """Read the letters of words there, before a beginning of more than `KNOWN` of them, or slips, are asked for."""
        self._read |= {
            _CODES: beginnings.codes, _STARTS: beginnings.starts, _SLIP_BITS: beginnings.bits,
            _SLIP_SHIFT: np.array([beginnings.shift]), _ALPHABET: beginnings.letter_codes,
        }  # fmt: skip
        self._write_down()
        self.has_letters = True

    def take_hashes(self, hashes: npt.NDArray[np.uint32]) -> None:
        """Read the hashes of words there, before a word before is asked about."""
        self._read[_ALL_HASHES] = hashes
        self._write_down()
        self.has_hashes = True

    def _type(self, text: str) -> int:
        """Write down what was typed; how many letters."""
        size = len(text)
        self._typed[: 4 * size] = utf_32_le_encode(text, "surrogatepass")[0]
        return size

    def both(self, beginning: str, limit: int) -> tuple[list[int], list[int], list[int]]:
        """Numbers and counts of the best words with a beginning, and numbers of the best titles."""
        found = self._of_both(self._type(beginning), limit, self._at)
        held, titles, top = found & _HELD, found >> OPEN_BITS, self._top
        numbers, weights = top[:held].tolist(), top[ASKED_MAX : ASKED_MAX + held].tolist()
        if titles:
            return numbers, weights, self._titles_of(beginning, limit, titles)
        return numbers, weights, []

    def titles(self, key: str, limit: int) -> list[int]:
        """Numbers of the best titles with a beginning."""
        return self._titles_of(key, limit, self._of_titles(self._type(key[: KNOWN + 1]), limit, self._at))

    def _titles_of(self, key: str, limit: int, held: int) -> list[int]:
        """So many titles that were found; below 0, those of the ones found that have all of a beginning."""
        top = self._top
        if held < 0:
            low, high = self._titles.range_of(key, *top[_TITLES_AT : _TITLES_AT + 2])
            held = self._of_titles_between(low, high, limit, self._at) if low < high else 0
        found: list[int] = top[_TITLES_AT : _TITLES_AT + held].tolist()
        return found

    def after(
        self, before: int, beginning: str, limit: int, *, known_only: bool
    ) -> tuple[list[int], list[int], list[int]]:
        """Numbers, counts, and how often they stand after a word, of the best words with a beginning.

        Parameters
        ----------
        before : int
            The hash of the word before.
        known_only : bool
            Whether others are left out than those that stand after it.
        """
        size, (row, count) = 0, self._known.get(beginning, (0, 0))
        if not row:
            size, row, count = self._type(beginning), len(self._known) + 1, -self._asked
        found = self._of_context(size, count, row, first_part(before), limit, known_only, self._at)
        if count < 0 and found >> MANY_BIT:
            self._known[beginning] = row, found >> OPEN_BITS & _HELD
            if len(self._known) == _OPENINGS_MAX:
                self._known = {}
        return self._found(found)

    def after_of(self, before: int, numbers: list[int], limit: int) -> tuple[list[int], list[int], list[int]]:
        """The same of some words, given best first."""
        count = len(numbers)
        self._chosen[0, :count] = numbers
        self._hashes[0, :count] = self._read[_ALL_HASHES][self._chosen[0, :count]]
        return self._found(self._of_context(0, count, 0, first_part(before), limit, False, self._at))

    def _found(self, found: int) -> tuple[list[int], list[int], list[int]]:
        top, held = self._top, found & _HELD
        rows = 0, ASKED_MAX, 2 * ASKED_MAX
        numbers, weights, together = [top[row : row + held].tolist() for row in rows]
        return numbers, weights, together

    def slips(self, beginning: str, keep: int) -> tuple[tuple[list[int], list[int]], ...]:
        """Numbers and counts of the best words with two letters exchanged, and of those with any other slip.

        Parameters
        ----------
        beginning : str
            Up to `TYPED_MAX` letters; words that begin so are left out.
        keep : int, 1 to `KEEP_MAX`
            Words of each kind that are wanted.
        """
        found = self._of_slips(self._type(beginning), keep, self._at)
        top, held, others = self._top, found & _HELD, found >> OPEN_BITS
        first, second = LESS_LIKELY * ASKED_MAX, (LESS_LIKELY + 1) * ASKED_MAX
        return (
            (top[:held].tolist(), top[ASKED_MAX : ASKED_MAX + held].tolist()),
            (top[first : first + others].tolist(), top[second : second + others].tolist()),
        )


_KINDS: Final = (
    np.uint32, np.int64, np.uint32, np.int64, np.uint32, np.int64, np.uint32, np.uint32, np.int64, np.int64, np.uint32,
    np.int64, np.uint32, np.uint32, np.uint64, np.int64, np.uint32, np.uint32, np.uint32, np.int64, np.uint64,
    np.uint32, np.uint16, np.uint64, np.uint64, np.uint64, np.int64, np.uint64, np.uint32, np.uint64, np.uint64,
)  # fmt: skip
"""Kinds of the arrays, by their numbers."""

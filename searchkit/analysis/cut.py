"""Cut a text into the pieces that become terms: the rules, each once, in the order they apply.

1. What only makes sense whole is taken out first: `C++`, `C#`, `.NET`.
2. Runs of scripts without spaces between words (Han, kana, Thai, Khmer, ...) and Korean, whose particles cling
   to their words, become overlapping pairs of characters; a lone one stands for itself.
3. What lies between is cut by UAX #29 (`words`). Of the segments, words and emoji are kept.
4. A word is cut further where its parts are looked for on their own (`os.path`, `snake_case`, `EU:s`), but not
   within an acronym (`U.S.A.`), a grouped number (`1,000`) or at an apostrophe (`don't`).
5. Words joined by nothing but a hyphen, a slash and their like come from one source: `utf-8`, `foo/bar`,
   `https://host/path` (`joined`), so that a query can ask for their parts in a row.

Cost: 3 to 6 microseconds a word, linear in the text whatever it holds. `analyzer` remembers the pieces of a
surface, so this runs once for each surface rather than once for each occurrence. What this module does not
know: languages, folding, stems; it gives spans, not terms.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from searchkit.analysis.patterns import VERBOSE, VERSION1, later

if TYPE_CHECKING:
    import regex

from searchkit.analysis import words
from searchkit.analysis.fold import APOSTROPHES, WORD_JOINERS

WORD: Final = "word"
CJK: Final = "cjk"
EMOJI: Final = "emoji"
GROUP_SIGNS: Final = ",\u066c"
"""What stands between the thousands of a number, besides apostrophes; dropped by whoever makes the term."""


class Piece(NamedTuple):
    """One future term: `text[start:end]`; `continues` says it was cut from the same source as the one before."""

    start: int
    end: int
    kind: str
    continues: bool = False


_ATOM_SOURCE = r"""
    (?<![\p{L}\p{N}\p{M}])
    (?: (?:[A-Za-z]++\+\+|[A-Za-z]\#) (?![\p{L}\p{M}+\#])     # C++, C++17, g++, C#, F#; not C#major, not a+++b
      | \.(?i:net) (?![\p{L}\p{N}\p{M}])                       # .NET; the net of example.net stays a word
    )
    """
# Line_Break=SA is Unicode's own name for scripts whose words only a dictionary can find: Thai, Lao, Khmer, Myanmar...
UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{WB=Katakana}\p{Line_Break=SA}"
"""The inside of a character class: scripts that do without spaces between words, and Korean."""
_CJK_RUN_SOURCE = rf"[[{UNSPACED}]&&[\p{{L}}\p{{Nl}}]] [[[{UNSPACED}]&&[\p{{L}}\p{{Nl}}]]\p{{WB=Extend}}\p{{WB=Format}}\p{{WB=ZWJ}}]*+"
_CLUSTER = later(r"\X")
_TAKEN_WHOLE = later(rf"(?P<atom>{_ATOM_SOURCE})|(?P<cjk>{_CJK_RUN_SOURCE})", VERBOSE | VERSION1)
_EMOJI = later(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\p{M}*\uFE0F")

# Between stretches of these stand only spaces, punctuation and symbols that break on both sides and are no piece
# themselves: a page of ruled lines need not be cut character by character.
_STRETCH = later(
    rf"[[\p{{L}}\p{{M}}\p{{N}}{words.PICTOGRAPH}]||[^\p{{WB=Other}}\p{{WB=WSegSpace}}\p{{WB=CR}}\p{{WB=LF}}\p{{WB=Newline}}]]++",
    VERSION1,
)
_TAIL = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"
_INSIDE = r"\p{WB=ExtendNumLet}\p{WB=MidLetter}\p{WB=MidNum}\p{WB=MidNumLet}"
_PLAIN = later(rf"[^{_INSIDE}\p{{WB=Single_Quote}}]*+", VERSION1)
_LOW_LINES = later(rf"(?:\p{{WB=ExtendNumLet}}{_TAIL})++")
_CUT = later(rf"(?:[[{_INSIDE}]--[{WORD_JOINERS}{GROUP_SIGNS}]]{_TAIL})++", VERSION1)
_DIGIT_CUT = later(rf"[{GROUP_SIGNS}]{_TAIL} | (?<=\p{{Nd}})[{APOSTROPHES}](?=\p{{Nd}})", VERBOSE)
_ACRONYM = later(r"\p{L}\p{M}*+(?:\.\p{L}\p{M}*+)++")
_SIGN = f"[{GROUP_SIGNS}{APOSTROPHES}]"
_GROUPED = later(rf"\p{{Nd}}{{1,3}}(?:{_SIGN}\p{{Nd}}{{2,3}})*{_SIGN}\p{{Nd}}{{3}}")
_JOINT = later(
    rf"(?!--|\.\.)(?:[-\u2010\u2011/\\_.:@&=+\#~%?>]{_TAIL}){{1,3}} | (?:\p{{WB=ExtendNumLet}}{_TAIL})++", VERBOSE
)
# A Hebrew letter keeps an apostrophe after it (WB7a), which is no part of what is looked for.
_LAST_QUOTE = later(rf"\p{{WB=Single_Quote}}{_TAIL}\Z")


_NARROW_ENTRIES_MAX: Final = 50_000
"""Characters remembered before starting afresh, so that a hostile text cannot fill memory."""


class _Narrow(dict[int, str]):
    """What one compatibility character stands for, where that is one character too."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _NARROW_ENTRIES_MAX:
            self.clear()
        char = chr(code)
        normal = unicodedata.normalize("NFKC", char)
        self[code] = char = normal if len(normal) == 1 else char
        return char


_NARROW = _Narrow()


def narrow(text: str) -> str:
    """Write full-width forms, superscripts, mathematical letters and the like as plain characters.

    Only where one character stands for one, so that offsets into the result are offsets into `text`: `Ｃ＋＋`
    is `C++` here, while the ligature `ﬁ` is left to folding.
    """
    return text if text.isascii() else text.translate(_NARROW)


def pieces(text: str) -> Iterator[Piece]:
    """Cut a text into pieces by rules 1 to 4 above.

    Parameters
    ----------
    text : str
        Made `narrow`. Anything: NUL, lone surrogates and floods of combining marks included.

    Yields
    ------
    Piece
        In order; pairs of a run without spaces overlap, all others do not.
    """
    reached = 0
    for taken in _TAKEN_WHOLE.finditer(text):
        yield from _between(text, reached, taken.start())
        reached = taken.end()
        if taken.lastgroup == "atom":
            yield Piece(taken.start(), reached, WORD)
        else:
            yield from _pairs(text, taken.start(), reached)
    yield from _between(text, reached, len(text))


def joined(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, between two words, makes them parts of one source word (rule 5)."""
    return start == end or _JOINT.fullmatch(text, start, end) is not None


def _between(text: str, start: int, end: int) -> Iterator[Piece]:
    """Words and emoji of a stretch that holds nothing to be taken whole."""
    for stretch in _STRETCH.finditer(text, start, end):
        for left, right, is_word in words.segments(text, *stretch.span()):
            if not is_word:
                if _EMOJI.match(text, left, right):
                    yield Piece(left, right, EMOJI)
            elif _PLAIN.fullmatch(text, left, right):
                yield Piece(left, right, WORD)
            else:
                for number, (part_start, part_end) in enumerate(_parts(text, left, right)):
                    yield Piece(part_start, part_end, WORD, number > 0)


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of one word of UAX #29 that are looked for on their own."""
    if last := _LAST_QUOTE.search(text, start, end):
        end = last.start()
    for left, right in _split(_LOW_LINES, text, start, end):
        if _ACRONYM.fullmatch(text, left, right):
            yield left, right
            continue
        for part_left, part_right in _split(_CUT, text, left, right):
            if _GROUPED.fullmatch(text, part_left, part_right):
                yield part_left, part_right
            else:
                yield from _split(_DIGIT_CUT, text, part_left, part_right)


def _split(pattern: regex.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The non-empty stretches of `text[start:end]` between matches of a pattern."""
    for match in pattern.finditer(text, start, end):
        if start < match.start():
            yield start, match.start()
        start = match.end()
    if start < end:
        yield start, end


def _pairs(text: str, start: int, end: int) -> Iterator[Piece]:
    """Each two neighbouring characters of a run (with their marks), or the only one."""
    clusters = [match.span() for match in _CLUSTER.finditer(text, start, end)]
    if len(clusters) == 1:
        yield Piece(start, end, CJK)
    for number, (left, right) in enumerate(pairwise(clusters)):
        yield Piece(left[0], right[1], CJK, number > 0)

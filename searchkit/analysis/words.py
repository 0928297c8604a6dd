"""Where the words of a text begin and end, by the default rules of UAX #29 (Unicode Text Segmentation).

The rules say between which two characters there is *no* boundary. They are written here as one pattern that
matches a stretch without an inner boundary, each line named after the rules it stands for, over the
`Word_Break` properties the `regex` package carries. (The package's own `regex.WORD` mode is not used: of the
consortium's 1,823 samples for Unicode 15 it gets 259 wrong, all of them with a lone regional indicator.)

Cost: one pass, about 0.1 microseconds a character; nothing is copied. Indexing does not come this way for
each word: see `analyzer`, which remembers what became of a surface. What this module does not know: words of
languages written without spaces (UAX #29 gives Han and Thai one character at a time), terms, stems.

References
----------
.. [1] Unicode Standard Annex #29, section 4.1, "Default Word Boundary Specification".
   https://www.unicode.org/reports/tr29/#Default_Word_Boundaries
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from searchkit.analysis.patterns import VERBOSE, VERSION1, later

# WB4: a character takes along the marks, format characters and joiners after it.
_TAIL = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"
_LETTERS = rf"(?: [\p{{WB=ALetter}}\p{{WB=Hebrew_Letter}}]++ {_TAIL} )++"  # WB5
_DIGITS = rf"(?: \p{{WB=Numeric}}++ {_TAIL} )++"  # WB8
_KANA = rf"(?: \p{{WB=Katakana}}++ {_TAIL} )++"  # WB13
_LOW_LINES = rf"(?: \p{{WB=ExtendNumLet}}++ {_TAIL} )++"  # WB13a
_IN_WORD = rf"[\p{{WB=MidLetter}}\p{{WB=MidNumLet}}\p{{WB=Single_Quote}}]{_TAIL}"
_IN_NUMBER = rf"[\p{{WB=MidNum}}\p{{WB=MidNumLet}}\p{{WB=Single_Quote}}]{_TAIL}"
# Written to look back only once a quote is found, since most words have none.
_HEBREW = r"\p{WB=Hebrew_Letter}[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*"
_HEBREW_QUOTE = rf"(?: \p{{WB=Single_Quote}}(?<={_HEBREW}\p{{WB=Single_Quote}}){_TAIL} )"
_HEBREW_DOUBLE_QUOTE = rf"\p{{WB=Double_Quote}}(?<={_HEBREW}\p{{WB=Double_Quote}}){_TAIL}(?=\p{{WB=Hebrew_Letter}})"

_SPELLED = rf"""
    {_LETTERS}
    (?: {_IN_WORD}{_LETTERS}                            # WB6, WB7
      | {_HEBREW_DOUBLE_QUOTE}{_LETTERS}                # WB7b, WB7c
    )*+
"""
_NUMBER = rf"{_DIGITS} (?: {_IN_NUMBER}{_DIGITS} )*+"  # WB11, WB12
_RUN = rf"(?: (?: {_SPELLED} | {_NUMBER} )++ | {_KANA} )"  # WB9, WB10
_WORD = rf"""
    (?: {_RUN} (?: {_LOW_LINES}{_RUN}?+ )*+ | (?: {_LOW_LINES}{_RUN}?+ )++ )    # WB13a, WB13b
    {_HEBREW_QUOTE}?+                                   # WB7a
"""
_OTHER = rf"""
    \r\n | [\p{{WB=CR}}\p{{WB=LF}}\p{{WB=Newline}}]                           # WB3, WB3a, WB3b
  | \p{{WB=WSegSpace}}++{_TAIL}                                               # WB3d
  | (?:\p{{WB=Regional_Indicator}}{_TAIL}){{2}}                               # WB15, WB16
  | [^\p{{WB=CR}}\p{{WB=LF}}\p{{WB=Newline}}]{_TAIL}                          # WB999, and WB4
"""
# Unicode 18 took Extended_Pictographic from some 700 symbols that never became emoji (dingbats, playing cards, Mahjong
# tiles). Whole blocks are named beside it, so that the samples of every version of the consortium's test hold.
PICTOGRAPH: Final = r"\p{Extended_Pictographic}\u2388\u2600-\u27BF\U0001F000-\U0001F1AE\U0001F201-\U0001FAFF"
"""The inside of a character class: symbols that a joiner ties to the one before."""
_ELEMENT = rf"(?: {_WORD} | {_OTHER} )"
_SEGMENT = later(
    rf"""(?: (?P<word> {_WORD} ) | {_OTHER} )
         (?: (?<=\p{{WB=ZWJ}}) (?=[{PICTOGRAPH}]) {_ELEMENT} )*+        # WB3c
    """,
    VERBOSE | VERSION1,
)


def boundaries(text: str) -> list[int]:
    """Every word boundary of a text, as the consortium's WordBreakTest.txt writes them.

    Parameters
    ----------
    text : str
        Anything, lone surrogates and NUL included.

    Returns
    -------
    list of int
        Ascending offsets into `text`, from 0 to its length; empty for an empty text (WB1, WB2).

    Examples
    --------
    >>> boundaries("can't stop")
    [0, 5, 6, 10]
    """
    return [0, *(match.end() for match in _SEGMENT.finditer(text))] if text else []


def segments(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Cut `text[start:end]` at its word boundaries, as if nothing stood around it.

    Yields
    ------
    start, end, is_word : int, int, bool
        Offsets into `text`, in order and without gaps. `is_word` is true where letters, digits or Katakana
        made the segment; false for spaces, punctuation, symbols and whatever UAX #29 leaves alone.
    """
    for match in _SEGMENT.finditer(text, start, end):
        yield match.start(), match.end(), match.lastgroup == "word"

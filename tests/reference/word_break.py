"""Word boundaries by UAX #29, rule by rule in the order and words of the standard: the judge of the fast ways.

For each place between two characters the rules WB3 to WB999 are asked in turn, and the first that applies decides.
Rules that look past the neighbours skip what WB4 says to ignore. Everything is worked out anew for every place, so
the time is quadratic for a run of marks. Only the properties of single characters come from a library.

https://www.unicode.org/reports/tr29/#Word_Boundary_Rules
"""

from __future__ import annotations

from functools import cache

import regex

_PROPERTIES = (
    "CR LF Newline Extend ZWJ Format Katakana Hebrew_Letter ALetter MidLetter MidNum MidNumLet Numeric ExtendNumLet "
    "Single_Quote Double_Quote Regional_Indicator WSegSpace"
).split()
_AH_LETTER = {"ALetter", "Hebrew_Letter"}
_MID_NUM_LET_Q = {"MidNumLet", "Single_Quote"}
_IGNORED = {"Extend", "Format", "ZWJ"}
_LINE_ENDS = {"CR", "LF", "Newline"}
_JOINED_BY_LOW_LINE = {"ALetter", "Hebrew_Letter", "Numeric", "Katakana", "ExtendNumLet"}


@cache
def _property(char: str) -> str:
    """The Word_Break property of a character; Other for most."""
    return next((name for name in _PROPERTIES if regex.match(rf"\p{{WB={name}}}", char)), "Other")


@cache
def _is_pictograph(char: str) -> bool:
    """Extended_Pictographic, with the blocks it was taken from in Unicode 18: test files of before still use them."""
    code = ord(char)
    was = code == 0x2388 or 0x2600 <= code <= 0x27BF or 0x1F000 <= code <= 0x1F1AE or 0x1F201 <= code <= 0x1FAFF
    return was or regex.match(r"\p{Extended_Pictographic}", char) is not None


def boundaries(text: str) -> list[int]:
    """Every offset of a text at which there is a word boundary, its start and end included."""
    properties = [_property(char) for char in text]
    return [i for i in range(len(text) + 1) if _is_boundary(text, properties, i)] if text else []


def _is_boundary(text: str, properties: list[str], i: int) -> bool:
    if i in (0, len(text)):
        return True  # WB1, WB2
    left, right = properties[i - 1], properties[i]
    if left == "CR" and right == "LF":
        return False  # WB3
    if left in _LINE_ENDS or right in _LINE_ENDS:
        return True  # WB3a, WB3b
    if left == "ZWJ" and _is_pictograph(text[i]):
        return False  # WB3c
    if left == right == "WSegSpace":
        return False  # WB3d
    if right in _IGNORED:
        return False  # WB4: they belong to what is before them
    return not _joined_by_context(properties, i)


def _joined_by_context(properties: list[str], i: int) -> bool:
    """WB5 to WB16, with what WB4 ignores left out of sight."""
    before = _seen_before(properties, i)
    after = [name for name in properties[i:] if name not in _IGNORED]
    left = before[-1] if before else ""
    left_of_that = before[-2] if len(before) > 1 else ""
    right = after[0]
    right_of_that = "" if len(after) < 2 else after[1]
    if left in _AH_LETTER and right in _AH_LETTER:
        return True  # WB5
    if left in _AH_LETTER and right in {"MidLetter"} | _MID_NUM_LET_Q and right_of_that in _AH_LETTER:
        return True  # WB6
    if left_of_that in _AH_LETTER and left in {"MidLetter"} | _MID_NUM_LET_Q and right in _AH_LETTER:
        return True  # WB7
    if left == "Hebrew_Letter" and right == "Single_Quote":
        return True  # WB7a
    if left == "Hebrew_Letter" and right == "Double_Quote" and right_of_that == "Hebrew_Letter":
        return True  # WB7b
    if left_of_that == "Hebrew_Letter" and left == "Double_Quote" and right == "Hebrew_Letter":
        return True  # WB7c
    if left in _AH_LETTER | {"Numeric"} and right in _AH_LETTER | {"Numeric"}:
        return True  # WB8, WB9, WB10
    if left_of_that == "Numeric" and left in {"MidNum"} | _MID_NUM_LET_Q and right == "Numeric":
        return True  # WB11
    if left == "Numeric" and right in {"MidNum"} | _MID_NUM_LET_Q and right_of_that == "Numeric":
        return True  # WB12
    if left == right == "Katakana":
        return True  # WB13
    if left in _JOINED_BY_LOW_LINE and right == "ExtendNumLet":
        return True  # WB13a
    if left == "ExtendNumLet" and right in _JOINED_BY_LOW_LINE:
        return True  # WB13b
    if left == right == "Regional_Indicator":
        count = 0
        while count < len(before) and before[-1 - count] == "Regional_Indicator":
            count += 1
        return count % 2 == 1  # WB15, WB16
    return False  # WB999


def _seen_before(properties: list[str], i: int) -> list[str]:
    """What stands before place i without what WB4 ignores: marks after a character, but not after a line end or none."""
    seen: list[str] = []
    after_line_end = True
    for name in properties[:i]:
        if name in _IGNORED and not after_line_end:
            continue
        seen.append(name)
        after_line_end = name in _LINE_ENDS
    return seen

"""Surfaces: the characters a text is chopped at must be boundaries whatever stands beside them."""

from __future__ import annotations

import re
import sys

import regex

from searchkit.analysis.cut import narrow
from searchkit.analysis.fold import Folder
from searchkit.analysis.surfaces import BOUNDARY, PLAIN_CJK, surfaces
from tests.reference import word_break

_EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))
_BOUNDARIES = re.findall(f"[{BOUNDARY}]", _EVERY_CHARACTER)
# These join what the pattern for the inside of a surface looks after; the low line is cut at by the rules.
_LOOKED_AFTER = {*".,:;'\"_\u2018\u2019\uff0c\uff0e\uff1a\uff1b"}


def test_boundaries_break_on_both_sides_whatever_they_stand_between():
    """A letter, digit, mark, joiner, symbol or space beside a boundary is never in one word with it."""
    neighbours = ["a", "1", "カ", "א", "\u200d😀", "🇩", "_", "'", ".", ","]
    for char in set(_BOUNDARIES) - _LOOKED_AFTER:
        for left in neighbours:
            for right in neighbours:
                ends = word_break.boundaries(left + char + right)
                assert len(left) in ends, (left, char)
                assert len(left) + 1 in ends or right[0] == "\u200d", (char, right)


def test_boundaries_are_neither_words_nor_marks_and_stay_boundaries_when_made_narrow():
    """No term is lost to the chopping, and full-width punctuation is that of ASCII."""
    content = regex.compile(r"[\p{L}\p{M}\p{N}\p{Extended_Pictographic}\p{Emoji_Presentation}]")
    for char in _BOUNDARIES:
        assert not content.match(char), hex(ord(char))
        assert re.match(f"[{BOUNDARY}]", narrow(char)), hex(ord(char))


def test_plain_characters_fold_to_themselves():
    """The short cut for Chinese, Japanese and Korean needs no folding."""
    plain = "".join(re.findall(f"[{PLAIN_CJK}]", _EVERY_CHARACTER))
    assert Folder().fold(plain) == plain
    assert len(regex.findall(r"\X", " ".join(plain[:2000]))) == 3999


def test_a_surface_is_mostly_a_word_as_typed():
    """What repeats in a text repeats among its surfaces."""
    assert surfaces("Don't stop (really), e.g. at 1,000!") == ["Don't", "stop", "really", "e.g", "at", "1,000"]
    assert surfaces("Ça, c’est “naïve” – .NET") == ["Ça", "c’est", "naïve", ".NET"]

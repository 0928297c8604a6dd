"""Chop a text into surfaces: stretches that can be looked at one by one, because nothing joins them.

Between two surfaces stands at least one character that is a word boundary whatever its neighbours are, so the
rules of `cut` give the same pieces for each surface alone as for the whole text. A surface is mostly one word as
it was typed, hence seldom new: that is what makes remembering worth while. Only frequent boundaries are known
here; whatever is missing stays inside a surface, which costs time and never an answer.

Cost: one `findall` of a compiled pattern, about 0.1 microseconds a surface. What this module does not know:
what becomes of a surface.
"""

from __future__ import annotations

import re
from typing import Final

# ASCII and Latin-1 punctuation (but for + and #, as in C++ and C#), spaces, dashes, quotation marks, ideographic and
# full-width punctuation. None of them is a mark, a joiner or a symbol that a joiner could tie to the one before.
BOUNDARY: Final = (
    r"\x00-\x22\x24-\x2a\x2c-\x2f\x3a-\x40\x5b-\x60\x7b-\xa8\xab\xac\xb6\xbb"
    r"\u1680\u2000-\u200a\u2010-\u2016\u2018-\u2023\u2026\u2028-\u2029\u2030\u2039\u203a\u3000-\u3003\u3008-\u3011"
    r"\uff01\uff04-\uff06\uff08-\uff0a\uff0c-\uff0f\uff1a-\uff20\uff3b-\uff3e\uff40\uff5b-\uff5e\uff61-\uff64"
)
"""The inside of a character class."""
PLAIN_CJK: Final = r"\u3041-\u3094\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
"""The inside of a character class: letters that are one cluster each and fold to themselves, if no mark follows."""

# Some boundaries hold a word or a number together when the right things stand on both sides. A class cannot see that
# far, so where it is possible at all the surface goes on, and again the rules see to it.
_FOREIGN = rf"[^\x00-\x7f{BOUNDARY}]"
_INSIDE = (
    rf"(?:[.:'\u2018\u2019](?=[^{BOUNDARY}])|[,;](?=[0-9]|{_FOREIGN})|\"(?={_FOREIGN})"
    rf"|[\uff0c\uff0e\uff1a\uff1b](?=[^{BOUNDARY}{PLAIN_CJK}]))"
)
_SURFACE = rf"[^{BOUNDARY}]++(?:{_INSIDE}[^{BOUNDARY}]++)*+"
_ASCII_SURFACE = re.compile(r"[A-Za-z0-9+#]++(?:(?:[.:']|[,;](?=[0-9]))[A-Za-z0-9+#]++)*+")
# Two boundaries matter to what follows them: the dot of .NET, and a low line that a joiner ties to a symbol. Asking each
# surface for one would cost a third more, so a text is asked once.
_MAYBE_DOT_NET = rf"\.(?=[nN]|{_FOREIGN})"
_SURFACE_FROM_SIGN = rf"(?:\.(?=[nN]|{_FOREIGN})|_(?={_FOREIGN}))?{_SURFACE}"


def _pattern(text: str) -> re.Pattern[str]:
    # The large classes are compiled when a text first needs them; `re` remembers them.
    if text.isascii():
        return re.compile(_SURFACE_FROM_SIGN) if ".n" in text or ".N" in text else _ASCII_SURFACE
    if "_" in text or re.search(_MAYBE_DOT_NET, text):
        return re.compile(_SURFACE_FROM_SIGN)
    return re.compile(_SURFACE)


def surfaces(text: str) -> list[str]:
    """The surfaces of a text, in order."""
    found: list[str] = _pattern(text).findall(text)
    return found


def placed_surfaces(text: str) -> list[tuple[int, str]]:
    """The surfaces of a text with the offset each begins at."""
    return [(match.start(), match[0]) for match in _pattern(text).finditer(text)]

"""Read what the percent signs of a web address encode, so that `/wiki/K%C3%B6ln` is found by *Köln*.

Only addresses that say so (`scheme://`) are touched, only where the bytes are UTF-8, and the place of every
character in the text as given is kept. Cost: nothing for a text without a percent sign, else one pass. What
this module does not know: which address is the same page as another (that is the crawler's canonical form).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_to_bytes

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s<>\"]++")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})++")


def has_encoded(text: str) -> bool:
    """Whether a text may hold an address with percent signs; false at once for nearly every text."""
    return "%" in text and "://" in text


def sections(text: str) -> Iterator[tuple[str, Sequence[int]]]:
    """A text in sections: addresses with percent signs decoded, what lies between as it is.

    Yields
    ------
    section, offsets : str, sequence of int
        The i-th character of a section comes from `text[offsets[i]:offsets[i + 1]]`; there is one offset more
        than characters.
    """
    start = 0
    if has_encoded(text):
        for address in _ADDRESS.finditer(text):
            if "%" in address[0]:
                yield text[start : address.start()], range(start, address.start() + 1)
                yield _decoded(text, *address.span())
                start = address.end()
    yield text[start:], range(start, len(text) + 1)


def _decoded(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """`text[start:end]` with its percent signs decoded, and the offset of each character."""
    chars: list[str] = []
    offsets: list[int] = []
    for match in _PERCENT.finditer(text, start, end):
        try:
            decoded = unquote_to_bytes(match[0]).decode()
        except UnicodeDecodeError:
            continue
        chars += (text[start : match.start()], decoded)
        offsets.extend(range(start, match.start()))
        at = match.start()
        for char in decoded:
            offsets.append(at)
            at += 3 * len(char.encode())  # Each byte was written as a percent sign and two digits.
        start = match.end()
    return "".join((*chars, text[start:end])), [*offsets, *range(start, end + 1)]

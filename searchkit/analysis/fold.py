"""One spelling for words that differ only in case, accents or typing: `Café`, `CAFE` and full-width `ｃａｆｅ`.

Folding is Unicode's compatibility composition (NFKC), lower case and case folding, then one decision for each
character: marks go where they decorate (Latin, Greek, Cyrillic, Hebrew, Arabic) and stay where they are the
vowels (Devanagari, Thai, ...) or make another letter (Japanese `が`, Korean, Cyrillic `й`). Invisible
characters, tatweel and apostrophes go; digits of every script become ASCII.

Cost: ASCII is `str.lower`; otherwise 1 to 3 microseconds a word, and the decision for a character is made once.
Every input is taken, and bounded first: a run of marks is cut at eight, since normalising takes quadratic
time in its length. What this module does not know: where words begin and end, and stems.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from searchkit.analysis.patterns import later

MARKS_MAX: Final = 8
"""Combining marks in a row that are looked at. Living scripts stack four at most."""
_TABLE_ENTRIES_MAX: Final = 50_000
"""Characters a table remembers before it starts afresh, so that a hostile text cannot fill memory."""

_MARK_FLOOD = later(rf"(\p{{M}}{{{MARKS_MAX}}})\p{{M}}+")
# Marks of these scripts are accents, points or signs that people leave out when they type.
_DECORATED = later(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Hebrew}\p{Arabic}\p{Syriac}\p{Script=Inherited}]")
_INVISIBLE = later(r"[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cs}\p{Z}\p{Cc}]")
_BETWEEN = "|"  # Folds to itself, and no mark composes with it.
_VOICING_MARKS = "\u3099\u309a"  # Inherited by script, but they tell か from が.
_DEVANAGARI_NUKTA = "\u093c"
_TATWEEL = "\u0640"  # Only stretches a word.

APOSTROPHES: Final = "'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\uff07\u055a\ua78b\ua78c"
"""Apostrophes as they are typed, and the letters that look like them (the okina, the Ukrainian apostrophe)."""
WORD_JOINERS: Final = APOSTROPHES + '\u00b7\u0387\u2027\u05f3\u05f4"'
"""Marks inside a word that are dropped and join what they stand between: Catalan `col·legi`, Hebrew gershayim."""

_SPECIAL: dict[str, str] = dict(
    # Letters with a stroke or of their own, which no decomposition takes apart.
    zip("øłđðħŧıŋƀɨſƒȷɉƶ", "olddhtinbisfjjz", strict=True),
    æ="ae",
    œ="oe",
    þ="th",
    ĳ="ij",
)
# Cyrillic letters whose mark makes another letter; ё alone is commonly typed without.
_SPECIAL |= {letter: letter for letter in "йїўѓќ" + _VOICING_MARKS}
# Arabic, Persian and Urdu keyboards write the same letters with different code points; Hindi is typed with either sign
# for a nasal vowel.
_SPECIAL |= dict(zip("یىکۀەہھ\u0901", "ييكههههं", strict=True))
_SPECIAL |= dict.fromkeys(WORD_JOINERS + _DEVANAGARI_NUKTA + _TATWEEL, "")


class _Table(dict[int, str]):
    """What one character becomes, worked out at first sight. `letters` are left as they are."""

    def __init__(self, letters: str = "") -> None:
        super().__init__()
        self._letters = frozenset(letters)

    def __missing__(self, code: int) -> str:
        if len(self) >= _TABLE_ENTRIES_MAX:
            self.clear()
        self[code] = folded = self._fold(chr(code))
        return folded

    def _fold(self, char: str) -> str:
        if char in self._letters:
            return char
        if char in _SPECIAL:
            return _SPECIAL[char]
        if _INVISIBLE.match(char):
            return ""
        if (value := unicodedata.decimal(char, None)) is not None:
            return str(value)
        parts = unicodedata.normalize("NFKD", char)
        if _DECORATED.match(parts):
            parts = "".join(part for part in parts if not unicodedata.category(part).startswith("M"))
        return "".join(_SPECIAL.get(part, part) for part in parts.casefold())


class Folder:
    """Folds words; made for one language, because stemmers tell some accented letters apart.

    Parameters
    ----------
    letters : str
        Lower-case letters that `fold` leaves as they are.
    respelled : str
        Pairs of letters: the first of each is read as the second before anything else, as in `Language`.
    """

    def __init__(self, letters: str = "", respelled: str = "") -> None:
        self._table = _Table(letters)
        self._respelled = str.maketrans(respelled[::2], respelled[1::2])

    def fold(self, word: str) -> str:
        """Fold a word.

        Parameters
        ----------
        word : str
            Anything. Runs of more than `MARKS_MAX` combining marks are cut.

        Returns
        -------
        str
            The folded word, in NFC, without spaces, control characters or lone surrogates; it may be empty.
            Folding it again changes nothing.
        """
        if self._respelled:
            word = word.translate(self._respelled)
        if word.isascii() and word.isalnum():
            return word.lower()
        if not word.isalpha():  # Marks are no letters.
            word = _MARK_FLOOD.sub(r"\1", word)
        composed = unicodedata.normalize("NFKC", word).lower()
        return unicodedata.normalize("NFC", composed.translate(self._table))

    def fold_all(self, words: list[str]) -> list[str]:
        """`fold` of each of some words of letters and digits, at a third of the cost of asking one by one."""
        return self.fold(_BETWEEN.join(words)).split(_BETWEEN) if words else []

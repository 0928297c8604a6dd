"""From a text to its terms: the same ones for a document and for a query that should find it.

Two ways lead there. The rules (`cut`, `fold`, a Snowball stemmer) say what the terms are. The way taken is
faster: a pattern chops the text into surfaces, at characters that are word boundaries wherever they stand, and
a dictionary remembers what became of each surface, since language repeats itself. A property test holds the
two equal for any text.

Cost: 0.15 to 0.3 microseconds a token for text in a spaced script; a surface not seen before takes 2 to 20. At
most `SURFACES_MAX` are remembered, about 30 MB. What this module does not know: fields, positions in a
document, stop words (every word is a term; what a frequent one is worth is the ranking's business).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from typing import Final, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

import regex
import Stemmer

from searchkit import limits
from searchkit.analysis import cut
from searchkit.analysis.fold import APOSTROPHES, Folder
from searchkit.analysis.languages import Language, language

VERSION: Final = 1
"""Raised with every change that gives some text other terms. An index made with another one is refused."""
SURFACES_MAX: Final = 1 << 16
"""Surfaces whose terms are remembered. English text repeats 98 % of its words from the last 65,536."""
SURFACE_CHARACTERS_MAX: Final = 64
"""Characters of a surface that is remembered; longer ones hardly ever come again."""
PIECE_CHARACTERS_MAX: Final = 4_096
"""Characters of a piece that is looked at; a longer one is left out, as no folding brings it below the limit."""

# Characters that are a word boundary on either side wherever they stand, as far as they are frequent enough to matter:
# ASCII and Latin-1 punctuation, spaces, dashes, quotation marks, ideographic and full-width punctuation. Whatever is
# missing here is left inside a surface, and the rules see to it.
_BOUNDARY = (
    r"\x00-\x22\x24-\x2a\x2c-\x2f\x3a-\x40\x5b-\x60\x7b-\xa8\xab\xac\xb6\xbb"
    r"\u1680\u2000-\u200a\u2010-\u2016\u2018-\u2023\u2026\u2028-\u2029\u2030\u2039\u203a\u3000-\u3003\u3008-\u3011"
    r"\uff01\uff04-\uff06\uff08-\uff0a\uff0c-\uff0f\uff1a-\uff20\uff3b-\uff3e\uff40\uff5b-\uff64"
)
_PLAIN_CJK_CHARS = r"\u3041-\u3094\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
# Some of them hold a word or a number together between what they may stand between. A pattern cannot see all of that,
# so where it is possible the surface goes on, and again the rules see to it.
_FOREIGN = rf"[^\x00-\x7f{_BOUNDARY}]"
_INSIDE = (
    rf"(?:[.:'\u2018\u2019](?=[^{_BOUNDARY}])|[,;](?=[0-9]|{_FOREIGN})|\"(?={_FOREIGN})"
    rf"|[\uff0c\uff0e\uff1a\uff1b](?=[^{_BOUNDARY}{_PLAIN_CJK_CHARS}]))"
)
_SURFACE = re.compile(rf"(?:\.(?=[nN]|{_FOREIGN}))?[^{_BOUNDARY}]+(?:{_INSIDE}[^{_BOUNDARY}]+)*")
_ASCII_SURFACE = re.compile(r"(?:\.(?=[nN]))?[A-Za-z0-9+#]+(?:(?:[.:'](?=[A-Za-z0-9+#])|[,;](?=[0-9]))[A-Za-z0-9+#]+)*")
_ONE_WORD = regex.compile(
    r"""[[\p{WB=ALetter}\p{WB=Hebrew_Letter}\p{WB=Numeric}]--[\p{Hangul}\p{Line_Break=SA}]]
        [[\p{WB=ALetter}\p{WB=Hebrew_Letter}\p{WB=Numeric}\p{WB=Extend}]--[\p{Hangul}\p{Line_Break=SA}]]*+""",
    regex.VERBOSE | regex.VERSION1,
)
# Characters that are one cluster each and fold to themselves, whatever their neighbours.
_PLAIN_CJK = re.compile(f"[{_PLAIN_CJK_CHARS}]+")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_NO_SIGNS = str.maketrans("", "", "." + cut.GROUP_SIGNS)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s<>\"]+")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


_Found = TypeVar("_Found")


class Token(NamedTuple):
    """A term and where it came from: `text[start:end]`, the `word`-th source word of the text.

    `kind` is ``"word"``, or ``"cjk"`` for a pair of characters of a script without spaces. Tokens cut from one
    source (`os.path`, `utf-8`) share its number; so do the pairs of one run.
    """

    term: str
    start: int
    end: int
    word: int
    kind: str


class Analyzer:
    """Makes terms. Get one from `analyzer`; it is safe to share between threads.

    Parameters
    ----------
    language : Language
        From `languages.language`.

    Attributes
    ----------
    name : str
        The code of the language.
    version : int
        `VERSION`.
    label : str
        Name, version and the Snowball release that stems, such as ``"en/1-snowball3.1"``. Two analyzers with one
        label give the same terms (to Unicode's extent: a character assigned later than the installed Unicode
        data is no letter yet).
    """

    def __init__(self, language: Language) -> None:
        self.name = language.code
        self.version = VERSION
        release = ".".join(Stemmer.version().split(".")[:2])
        self.label = f"{self.name}/{VERSION}-snowball{release}" if language.stemmer else f"{self.name}/{VERSION}"
        self._language = language
        self._elided = frozenset(language.elided.split())
        self._folder = Folder(respelled=language.respelled)
        self._folder_for_stemmer = Folder(language.letters, language.respelled)
        self._stem: Callable[[str], str] | None = None
        if language.stemmer:
            self._stem = Stemmer.Stemmer(language.stemmer, 0).stemWord
        self._stemming = threading.Lock()  # A Snowball stemmer has one buffer.
        self._terms_of = _Memory(self._terms_of_surface)
        self._pieces_of = _Memory(self._by_rules)

    def __repr__(self) -> str:
        return f"<Analyzer {self.label}>"

    def __reduce__(self) -> tuple[Callable[[str], Analyzer], tuple[str]]:
        return analyzer, (self.name,)

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in order.

        Parameters
        ----------
        text : str
            Anything. Lone surrogates and NUL end a word and are dropped.

        Returns
        -------
        list of str
            Each non-empty, encodable as UTF-8 in at most `limits.TERM_BYTES_MAX` bytes. The position of a term
            is its index here. Memory grows with the text, by 8 bytes a term beside the surfaces.
        """
        if "%" in text and "://" in text:
            return [token.term for token in self.tokens(text)]
        surfaces = (_ASCII_SURFACE if text.isascii() else _SURFACE).findall(text)
        return list(chain.from_iterable(map(self._terms_of.__getitem__, surfaces)))

    def tokens(self, text: str) -> list[Token]:
        """The terms of `terms`, in the same order, with where they stand in the text.

        In an address with percent signs (`https://host/K%C3%B6ln`) what they encode is read, and offsets are
        those of the text as given.
        """
        return self._tokens(text, self._pieces_by_surface)

    def fold(self, word: str) -> str:
        """Case, accents and apostrophes folded away, not stemmed: what a prefix is compared with. May be empty."""
        return self._folder.fold(self._bare(cut.narrow(word)))

    def _tokens(self, text: str, pieces_of: Callable[[str], Iterator[tuple[str, cut.Piece]]]) -> list[Token]:
        """Number the source words and put offsets back to the text as given."""
        tokens: list[Token] = []
        word = -1
        for section, offsets in _sections(text):
            last = cut.Piece(-1, -1, "", False)
            plain = cut.narrow(section)
            for term, piece in pieces_of(section):
                if not cut.in_one_word(plain, last, piece):
                    word += 1
                last = piece
                if term:
                    kind = cut.CJK if piece.kind == cut.CJK else cut.WORD
                    tokens.append(Token(term, offsets[piece.start], offsets[piece.end], word, kind))
        return tokens

    def _pieces_by_surface(self, text: str) -> Iterator[tuple[str, cut.Piece]]:
        """The fast way: pieces of each surface, remembered."""
        for match in (_ASCII_SURFACE if text.isascii() else _SURFACE).finditer(text):
            at = match.start()
            for term, (start, end, kind, continues) in self._pieces_of[match[0]]:
                yield term, cut.Piece(at + start, at + end, kind, continues)

    def _by_rules(self, text: str) -> tuple[tuple[str, cut.Piece], ...]:
        """The rules: each piece of a text with its term, which is empty if it gives none."""
        plain = cut.narrow(text)
        return tuple((self._term(plain[piece.start : piece.end], piece.kind), piece) for piece in cut.pieces(plain))

    def _terms_of_surface(self, surface: str) -> tuple[str, ...]:
        if _ONE_WORD.fullmatch(surface):
            term = self._term(surface, cut.WORD)
            return (term,) if term else ()
        if _PLAIN_CJK.fullmatch(surface):
            return tuple(map(str.__add__, surface, surface[1:])) or (surface,)
        return tuple(term for term, _ in self._by_rules(surface) if term)

    def _term(self, piece: str, kind: str) -> str:
        """The term of one piece; empty if nothing is left of it, or too much."""
        if len(piece) > PIECE_CHARACTERS_MAX:
            return ""
        if kind != cut.WORD or piece[0] == "." or piece[-1] in "+#":
            term = self._folder.fold(piece)
        else:
            word = piece if piece.isalnum() else self._bare(piece).translate(_NO_SIGNS)
            if self._stem is None:
                term = self._folder.fold(word)
            else:
                with self._stemming:
                    stem = self._stem(self._folder_for_stemmer.fold(word))
                term = self._folder.fold(stem)
        return term if len(term.encode()) <= limits.TERM_BYTES_MAX else ""

    def _bare(self, word: str) -> str:
        """A word without the article elided before it (*l'homme*) or the ending after its apostrophe (*Anna's*)."""
        parts = _APOSTROPHE.split(word)
        if len(parts) == 1:
            return word
        if self._language.suffix_after_apostrophe:
            return parts[0]
        if parts[0].lower() in self._elided:
            del parts[0]
        elif parts[-1].lower() == "s":
            del parts[-1]
        return "".join(parts)


class _Memory(dict[str, _Found]):
    """What a function gave for a surface, remembered for short ones up to `SURFACES_MAX`, then afresh."""

    def __init__(self, compute: Callable[[str], _Found]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, surface: str) -> _Found:
        found = self._compute(surface)
        if len(surface) <= SURFACE_CHARACTERS_MAX:
            if len(self) >= SURFACES_MAX:
                self.clear()
            self[surface] = found
        return found


def _sections(text: str) -> Iterator[tuple[str, range | list[int]]]:
    """The text, with addresses that hold percent signs set apart and decoded; and where each character stood."""
    start = 0
    if "%" in text:
        for address in _ADDRESS.finditer(text):
            if "%" in address[0]:
                yield text[start : address.start()], range(start, address.start() + 1)
                yield _decoded(text, address.start(), address.end())
                start = address.end()
    yield text[start:], range(start, len(text) + 1)


def _decoded(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """`text[start:end]` with percent signs decoded where they encode UTF-8, and the offset of each character."""
    chars: list[str] = []
    offsets: list[int] = []
    for match in _PERCENT.finditer(text, start, end):
        try:
            decoded = unquote_to_bytes(match[0]).decode()
        except UnicodeDecodeError:
            continue
        chars.append(text[start : match.start()])
        chars.append(decoded)
        offsets.extend(range(start, match.start()))
        at = match.start()
        for char in decoded:
            offsets.append(at)
            at += 3 * len(char.encode())  # Each byte was written as a percent sign and two digits.
        start = match.end()
    return "".join(chars) + text[start:end], [*offsets, *range(start, end + 1)]


@cache
def _analyzer_of(code: str) -> Analyzer:
    return Analyzer(language(code))


def analyzer(name: str) -> Analyzer:
    """The analyzer of a language; the same object each time.

    Parameters
    ----------
    name : str
        A code such as ``"en"``, ``"de"`` or ``"zh"``, a tag such as ``"pt-BR"``, or ``"none"`` for no stems.

    Raises
    ------
    SchemaError
        If the language is not known; the hint lists those that are.

    Examples
    --------
    >>> analyzer("en").terms("Don't PANIC: os.path.join, C++ and naïve cafés")
    ['dont', 'panic', 'os', 'path', 'join', 'c++', 'and', 'naiv', 'cafe']
    """
    return _analyzer_of(language(name).code)

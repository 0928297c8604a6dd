"""From a text to its terms: the same ones for a document and for a query that should find it.

Two ways lead there. The rules (`cut`, `fold`, a Snowball stemmer) say what the terms are. The way taken is
faster: a pattern chops the text into `surfaces`, and a dictionary remembers what became of each, since language
repeats itself. A property test holds the two equal for any text.

Cost: 0.2 to 0.4 microseconds a term for text in a spaced script; a surface not seen before takes 2 to 20. At most
`SURFACES_MAX` are remembered, about 70 MB. What this module does not know: fields, positions in a document, stop
words (every word is a term; what a frequent one is worth is the ranking's business).
"""

from __future__ import annotations

import itertools
import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar, cast

import Stemmer

from searchkit import limits
from searchkit.analysis import addresses, cut
from searchkit.analysis.fold import APOSTROPHES, Folder
from searchkit.analysis.languages import Language, language
from searchkit.analysis.patterns import VERBOSE, VERSION1, later
from searchkit.analysis.surfaces import PLAIN_CJK, placed_surfaces, surfaces
from searchkit.locks import Lock

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

VERSION: Final = 1
"""Raised with every change that gives some text other terms. An index made with another one is refused."""
SURFACES_MAX: Final = 1 << 18
"""Surfaces whose terms are remembered: twice what 20,000 passages of an encyclopedia hold."""
PLACED_SURFACES_MAX: Final = 1 << 16
"""Surfaces whose tokens are remembered, for queries and snippets."""
SURFACE_CHARACTERS_MAX: Final = 64
"""Characters of a surface that is remembered; longer ones hardly ever come again."""
PIECE_CHARACTERS_MAX: Final = 4_096
"""Characters of a piece that is looked at. A longer one is left out: folding hardly brings it below the limit."""

# What the rules give as one piece, and neither an atom nor of a script without spaces: letters, digits and marks only, or
# letters with one apostrophe among them.
_LETTER = rf"[\p{{WB=ALetter}}\p{{WB=Hebrew_Letter}}]--[{cut.UNSPACED}]"
_ONE_PIECE = later(
    rf"[{_LETTER}]++(?:['\u2019][{_LETTER}]++)? | [[{_LETTER}]\p{{WB=Numeric}}][[{_LETTER}]\p{{WB=Numeric}}\p{{WB=Extend}}]*+",
    VERBOSE | VERSION1,
)
_PLAIN_CJK = re.compile(f"[{PLAIN_CJK}]+")
_APOSTROPHE = re.compile(f"[{APOSTROPHES}]")
_ONLY_TERMS: Final = frozenset({str})
# Shapes of surfaces that are frequent and whose pieces are known without the rules. A property test holds them to these.
_SHAPED_CHARACTERS_MAX = 128
_LATIN_CHARACTERS_MAX = 64
"""Of Latin letters: neither term nor word is too long then, whatever is folded."""
_PARTS_BITS = 7
"""Bits that take the number of parts of a surface of so many characters."""
_APOSTROPHED = re.compile("[A-Za-z]+['\u2019][A-Za-z]+")
_GROUPED = re.compile("[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}")
_DOTTED = re.compile("[A-Za-z0-9]+(?:[.:][A-Za-z0-9]+)+")
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]+")
_LISTED = re.compile("[0-9]+(?:,[0-9]+)+")
_SIGNS = re.compile("[.:,]")
_ACRONYM = re.compile("[A-Za-z](?:\\.[A-Za-z])+")
_INITIALS = re.compile("(?<![A-Za-z0-9])[A-Za-z]\\.[A-Za-z](?![A-Za-z0-9])")
"""Single letters with dots are an acronym, which is one piece."""
_NO_SIGNS = str.maketrans("", "", "." + cut.GROUP_SIGNS)

_Found = TypeVar("_Found")
_Part: TypeAlias = tuple[str, int, int, str, bool]  # A term (empty if left out) and the fields of its `cut.Piece`.


class Token(NamedTuple):
    """A term and where it came from: `text[start:end]`, in the `word`-th source word of the text.

    `kind` is ``"word"``, or ``"cjk"`` for two characters of a script without spaces. Tokens cut from one source
    (`os.path`, `utf-8`) share its number; so do those of one run without spaces.
    """

    term: str
    start: int
    end: int
    word: int
    kind: str


class Analyzer:
    """Makes terms. Get one from `analyzer`; it may be shared between threads.

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
        Name, version and the Snowball release that stems, such as ``"en/1-snowball3.1"``. Analyzers with one label
        give the same terms, but for characters newer than the Unicode data of one of the two installations.
    """

    def __init__(self, language: Language) -> None:
        self.name = language.code
        self.version = VERSION
        self.label = f"{self.name}/{VERSION}"
        self._language = language
        self._elided = frozenset(language.elided.split())
        self._folder = Folder(respelled=language.respelled)
        self._folder_for_stemmer = Folder(language.letters, language.respelled)
        self._stem: Callable[[str], str] = str
        self._stem_all: Callable[[list[str]], list[Any]] = list
        if language.stemmer:
            release = ".".join(Stemmer.version().split(".")[:2])
            self.label += f"-snowball{release}"
            stemmer = Stemmer.Stemmer(language.stemmer, 0)
            self._stem, self._stem_all = stemmer.stemWord, stemmer.stemWords
        self._lock = lock = Lock()  # One for all, since a Snowball stemmer has one buffer.
        self._terms_of = _Memory(self._terms_of_surface, SURFACES_MAX, lock)
        self._parts_of = _Memory(self._parts_of_surface, PLACED_SURFACES_MAX, lock)
        self._folded = _Memory(self._folder.fold, PLACED_SURFACES_MAX, lock)

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
            Each non-empty, and at most `limits.TERM_BYTES_MAX` bytes of UTF-8. The position of a term is its
            index here. Memory grows by 8 bytes a term, beside the surfaces of the text.
        """
        if addresses.has_encoded(text):
            return [token.term for token in self.tokens(text)]
        found = list(map(self._terms_of.__getitem__, surfaces(text)))
        if set(map(type, found)) <= _ONLY_TERMS:
            return cast("list[str]", found)  # Most texts: a fifth quicker than to walk through what they hold.
        return [term for one in found for term in ((one,) if isinstance(one, str) else one)]

    def read_surfaces(
        self, surfaces: Sequence[str], simple: npt.NDArray[np.bool_]
    ) -> tuple[list[str | tuple[str, ...]], list[str]]:
        """The terms of surfaces, and the words some of them are; nothing is remembered.

        Parameters
        ----------
        surfaces : sequence of str
            As `surfaces` finds them in a text.
        simple : ndarray of shape (surfaces,), bool
            Those known to be ASCII letters and digits only and short, which are dealt with together.

        Returns
        -------
        terms : list of str or tuple of str
            For each surface its term if it has just one, else none or several.
        words : list of str
            For each surface that is not simple what `word` gives. A simple one is a word itself, in lower case.
        """
        with self._lock:
            chosen = simple.tolist()
            if self._language.respelled:
                unlike = itertools.compress(surfaces, map(operator.not_, chosen))
                return list(map(self._terms_of_surface, surfaces)), list(map(self.word, unlike))
            parts, words = list(itertools.compress(surfaces, chosen)), list[str]()
            others = itertools.compress(surfaces, map(operator.not_, chosen))
            latin: list[int] = []
            read = [self._read(surface, parts, words, latin) for surface in others]
            for place, folded in zip(latin, self._folder_for_stemmer.fold_all([parts[n] for n in latin]), strict=True):
                parts[place] = folded
            stems = self._simple_terms(parts)
            if not read:
                return stems, words
            terms = [found if not isinstance(found, int) else _joined(stems, found) for found in read]
            both = iter(terms), iter(stems)
            return [next(one) for one in map(both.__getitem__, chosen)], words

    def _read(self, surface: str, parts: list[str], words: list[str], latin: list[int]) -> str | tuple[str, ...] | int:
        """The terms of a surface that is not simple; its word goes to `words`.

        What is frequent is told by its shape: possessives, numbers and names with signs in them, Latin letters with marks.
        What their terms are stems of goes to `parts`, and is told as one number: its place, and how many (`_joined`). Which
        of it is still to be folded, goes to `latin`.
        """
        first = len(parts)
        if len(surface) <= _SHAPED_CHARACTERS_MAX:
            if _APOSTROPHED.fullmatch(surface):
                parts.append(bare := self._bare(surface))
                whole = len(bare) == len(_APOSTROPHE.sub("", surface))
                words.append((_APOSTROPHE.sub("'", surface) if whole else bare).lower())
            elif _GROUPED.fullmatch(surface) or _ACRONYM.fullmatch(surface):
                parts.append(bare := surface.translate(_NO_SIGNS))
                words.append(bare.lower())
            elif (_DOTTED.fullmatch(surface) and not _INITIALS.search(surface)) or _LISTED.fullmatch(surface):
                parts += _SIGNS.split(surface)
                words.append("")
            elif len(surface) <= _LATIN_CHARACTERS_MAX and _LATIN.fullmatch(surface):
                latin.append(first)
                parts.append(surface)
                words.append(unicodedata.normalize("NFC", cut.narrow(surface)).lower())
            if len(parts) > first:
                return first << _PARTS_BITS | len(parts) - first
        if _LATIN.fullmatch(surface) or _is_one_piece(surface):
            words.append(self._word_of_piece(cut.narrow(surface)))
            return self._term(surface, cut.WORD) or ()
        if _PLAIN_CJK.fullmatch(surface):
            words.append("")
            return tuple(map(str.__add__, surface, surface[1:])) or surface
        found = self._by_rules(surface)
        alone = len(found) == 1 and found[0][3] == cut.WORD
        words.append(self._word_of_piece(cut.narrow(surface)[found[0][1] : found[0][2]]) if alone else "")
        return tuple(part[0] for part in found if part[0])

    def _simple_terms(self, surfaces: list[str]) -> list[str | tuple[str, ...]]:
        """The term of each surface of ASCII letters and digits, or of one that was folded: `_term`, not asked for each."""
        if not surfaces:
            return []
        stems = self._stem_all("\n".join(surfaces).lower().split("\n"))
        if (joined := "".join(stems)).isascii() and joined.isalnum() and all(stems):
            return [*"\n".join(stems).lower().split("\n")]
        return [self._folder.fold(stem) or () for stem in stems]

    def tokens(self, text: str) -> list[Token]:
        """The terms of `terms`, in the same order, with where they stand in the text.

        In an address with percent signs (`https://host/K%C3%B6ln`) what they encode is read; offsets are those
        of the text as given.
        """
        return self._placed(text, self._by_surface)

    def fold(self, word: str) -> str:
        """Case, accents and apostrophes folded away, not stemmed: what a prefix is compared with. May be empty."""
        return self._folded[self._bare(cut.narrow(word))]

    def fold_all(self, words: list[str]) -> list[str]:
        """`fold` of each of some words, at a third of the cost of asking one by one; nothing is remembered."""
        plain = cut.narrow("\n".join(words)).split("\n")
        folded = self._folder.fold_all([self._bare(word) if _APOSTROPHE.search(word) else word for word in plain])
        # What is put between words may be in one of them, but never vanishes.
        return folded if len(folded) == len(words) else list(map(self.fold, words))

    @property
    def stems(self) -> bool:
        """Whether terms are stems; else they are the words themselves, folded."""
        return bool(self._language.stemmer)

    def word(self, surface: str) -> str:
        """The one word a surface is, as it is written but in lower case, without endings after an apostrophe.

        Empty if it is several words or none: a compound, a run of a script without spaces, punctuation, or longer
        than a term may be. What `fold` makes of it is never empty.
        """
        if surface.isascii() and surface.isalnum():
            return surface.lower() if len(surface) <= limits.TERM_BYTES_MAX else ""
        plain = cut.narrow(surface)
        if not _is_one_piece(surface):
            pieces = list(cut.pieces(plain))
            if len(pieces) != 1 or pieces[0].kind != cut.WORD:
                return ""
            plain = plain[pieces[0].start : pieces[0].end]
        return self._word_of_piece(plain)

    def _word_of_piece(self, plain: str) -> str:
        """The word of a piece that was made narrow."""
        if len(plain) > PIECE_CHARACTERS_MAX:
            return ""
        word = plain
        if plain[0] != "." and plain[-1] not in "+#" and not (plain.isalnum() and _APOSTROPHE.search(plain) is None):
            bare = self._bare(plain)
            shown = plain if bare == plain or self._folder.fold(plain) == self._folder.fold(bare) else bare
            word = _APOSTROPHE.sub("'", shown.translate(_NO_SIGNS))
        word = unicodedata.normalize("NFC", word).lower()
        if len(word.encode("utf-8", "replace")) > limits.TERM_BYTES_MAX or "\n" in word:
            return ""
        return word if self._folded[word] else ""

    def _placed(self, text: str, parts_of: Callable[[str], Iterable[_Part]]) -> list[Token]:
        """Number the source words, leave out what is no term, and put offsets back to the text as given."""
        tokens: list[Token] = []
        word = -1
        for section, offsets in addresses.sections(text):
            plain = cut.narrow(section)
            reached, kind_before = 0, ""
            for term, start, end, kind, continues in parts_of(section):
                if not (
                    continues
                    or (
                        kind_before == kind == cut.WORD
                        and plain[reached:start] != " "
                        and cut.joined(plain, reached, start)
                    )
                ):
                    word += 1
                reached, kind_before = end, kind
                if term:
                    tokens.append(
                        Token(term, offsets[start], offsets[end], word, cut.CJK if kind == cut.CJK else cut.WORD)
                    )
        return tokens

    def _by_surface(self, text: str) -> list[_Part]:
        """The fast way: the parts of each surface, remembered."""
        parts_of = self._parts_of
        return [
            (term, at + start, at + end, kind, continues)
            for at, surface in placed_surfaces(text)
            for term, start, end, kind, continues in parts_of[surface]
        ]

    def _by_rules(self, text: str) -> tuple[_Part, ...]:
        """The rules, for a text of any length."""
        plain = cut.narrow(text)
        return tuple((self._term(plain[piece.start : piece.end], piece.kind), *piece) for piece in cut.pieces(plain))

    def _parts_of_surface(self, surface: str) -> tuple[_Part, ...]:
        """The parts of one surface: `_by_rules`, with a short cut for what surfaces mostly are."""
        if _is_one_piece(surface):
            return ((self._term(surface, cut.WORD), 0, len(surface), cut.WORD, False),)
        return self._by_rules(surface)

    def _terms_of_surface(self, surface: str) -> str | tuple[str, ...]:
        """The term of a surface that has one, else none or several; with a short cut, as no offsets are asked for."""
        if _is_one_piece(surface):
            return self._term(surface, cut.WORD) or ()
        if _PLAIN_CJK.fullmatch(surface):
            return tuple(map(str.__add__, surface, surface[1:])) or surface
        return tuple(part[0] for part in self._by_rules(surface) if part[0])

    def _term(self, piece: str, kind: str) -> str:
        """The term of one piece; empty if nothing is left of it, or too much."""
        if len(piece) > PIECE_CHARACTERS_MAX:
            return ""
        if kind != cut.WORD or piece[0] == "." or piece[-1] in "+#":
            term = self._folded[piece]
        else:
            word = piece if piece.isalnum() else self._bare(piece).translate(_NO_SIGNS)
            term = self._folder.fold(self._stem(self._folder_for_stemmer.fold(word)))
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


def _joined(stems: Sequence[str | tuple[str, ...]], found: int) -> str | tuple[str, ...]:
    """The terms of a surface of which `Analyzer._read` told where its parts are."""
    first, count = found >> _PARTS_BITS, found & (1 << _PARTS_BITS) - 1
    if count == 1:
        return stems[first]
    return tuple(itertools.chain.from_iterable((s,) if isinstance(s, str) else s for s in stems[first : first + count]))


def _is_one_piece(surface: str) -> bool:
    return (surface.isascii() and surface.isalnum()) or _ONE_PIECE.fullmatch(surface) is not None


class _Memory(dict[str, _Found]):
    """What a function gave for a surface; at most `size` of them, those asked for lately.

    The newer half is this dictionary. When it is full it becomes the older half, from which what is asked for
    again comes back.
    """

    def __init__(self, compute: Callable[[str], _Found], size: int, lock: Lock) -> None:
        super().__init__()
        self._compute = compute
        self._half = size // 2
        self._lock = lock
        self._older: dict[str, _Found] = {}

    def __missing__(self, surface: str) -> _Found:
        with self._lock:
            found = self._older.get(surface)
            if found is None:
                found = self._compute(surface)
            if len(surface) <= SURFACE_CHARACTERS_MAX:
                if len(self) >= self._half:
                    self._older = dict(self)
                    self.clear()
                self[surface] = found
            return found


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

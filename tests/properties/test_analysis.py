"""Laws of analysis, for any text: fast ways equal slow ones, nothing raises, terms and tokens agree."""

from __future__ import annotations

import sys
from functools import cache
from itertools import pairwise

import regex
from hypothesis import example, given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.analysis import words
from searchkit.analysis.addresses import sections
from searchkit.analysis.analyzer import analyzer
from searchkit.analysis.fold import Folder
from tests.reference import word_break

_CLASSES = (
    *(
        rf"\p{{WB={name}}}"
        for name in "ALetter Hebrew_Letter Katakana ExtendNumLet MidLetter MidNum MidNumLet Single_Quote Double_Quote "
        "Numeric Extend Format ZWJ Regional_Indicator WSegSpace CR LF Newline".split()
    ),
    *(rf"\p{{{name}}}" for name in "Han Hiragana Thai Khmer Hangul Devanagari Extended_Pictographic".split()),
    r"[\u0080-\u00ff]",
    r"[\u2000-\u206f]",
    r"[\u3000-\u303f]",
    r"[\uff00-\uffef]",
    r"[\ud800-\udfff]",
)


@cache
def _characters(pattern: str) -> list[str]:
    return regex.findall(pattern, "".join(map(chr, range(sys.maxunicode + 1))))


# Short texts of characters that have something to say to each other, and the pieces the rules know by name.
_character = st.one_of(
    [st.deferred(lambda pattern=pattern: st.sampled_from(_characters(pattern))) for pattern in _CLASSES]
)
_named = st.sampled_from(
    [
        *"a b c C n N e t U S 0 1 + # _ . , : ; ' \" - / % ++ .net c++ C# 1,000 U.S don't %C3%B6 http://a".split(),
        *"’ ， ． ： 한 漢 カ あ א \u0301 \u200d \u00ad".split(),
        " ",
        "\n",
    ]
)
texts = st.lists(st.one_of(_named, _named, _character, st.characters(codec=None)), max_size=10).map("".join)
languages = st.sampled_from(["en", "de", "fr", "tr", "ar", "fa", "hi", "none", "zh"])


@given(text=texts)
@example(text="ר'1_")
@example(text="_\u200d➗")
def test_boundaries_are_those_of_the_standard(text):
    """The one pattern and the rules asked one by one give the same boundaries."""
    assert words.boundaries(text) == word_break.boundaries(text)


@given(text=texts, language=languages)
@example(text="C++_ .net_ U.S.C#_2", language="none")
@example(text="ש'．3‿c", language="fr")
def test_the_fast_way_gives_what_the_rules_give(text, language):
    """Chopped into remembered surfaces or cut as a whole, a text has the same tokens; `terms` are their terms."""
    made = analyzer(language)
    by_rules = made._placed(text, made._by_rules)
    assert made.tokens(text) == by_rules
    assert made.terms(text) == [token.term for token in by_rules]


@given(text=texts, language=languages)
def test_tokens_are_in_order_and_inside_the_text(text, language):
    """Tokens start in order, are never empty, and number their words without going back."""
    made = analyzer(language)
    tokens = made.tokens(text)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    assert all(one.start <= two.start and one.word <= two.word for one, two in pairwise(tokens))
    assert all(0 < len(token.term.encode()) <= limits.TERM_BYTES_MAX for token in tokens)
    assert all(token.kind in {"word", "cjk"} for token in tokens)


@given(text=texts)
def test_a_token_is_found_again_by_its_surface(text):
    """What stands between the offsets of a token, analysed by itself, gives its term."""
    made = analyzer("en")
    if any(section != text for section, _ in sections(text)):
        return  # Percent signs mean something only inside an address.
    for token in made.tokens(text):
        if regex.match(r"\p{M}", text[token.start]):
            continue  # A mark without its letter.
        assert token.term in made.terms(text[token.start : token.end])


@given(one=texts, other=texts, language=languages)
def test_lines_do_not_touch(one, other, language):
    """Two texts with a line end between them have the terms of the one, then those of the other."""
    made = analyzer(language)
    assert made.terms(f"{one}\n{other}") == made.terms(one) + made.terms(other)


@given(text=texts, language=languages)
def test_case_does_not_matter(text, language):
    """Lower case gives the same terms, where lower case is reversible at all."""
    if text.lower().upper() == text.upper() and len(text.lower()) == len(text):
        made = analyzer("none")
        assert made.terms(text.lower()) == made.terms(text)
    assert isinstance(analyzer(language).fold(text), str)


@given(
    words=st.lists(texts | st.sampled_from(["a|b", "\uff5c", "l'homme", "ΟΔΟΣ", "O’Neill's"]), max_size=6),
    language=languages,
)
def test_words_are_folded_together_as_alone(words, language):
    """What stands beside a word changes nothing, whatever is in either."""
    made = analyzer(language)
    assert made.fold_all(words) == list(map(made.fold, words))


@given(word=texts)
def test_folding_is_idempotent(word):
    """Folding what is folded changes nothing."""
    folder = Folder()
    once = folder.fold(word)
    assert folder.fold(once) == once
    once.encode()

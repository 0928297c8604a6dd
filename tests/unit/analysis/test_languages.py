"""The table of languages against what the stemmer's package knows, and the names people use."""

from __future__ import annotations

import unicodedata

import pytest
import Stemmer

from searchkit.analysis.languages import LANGUAGES, language
from searchkit.errors import SchemaError


def test_every_algorithm_has_a_language_and_every_language_an_algorithm_that_exists():
    """Nothing the stemmer's package offers is left out, but for the older of two Dutch ones."""
    used = {known.stemmer for known in LANGUAGES.values() if known.stemmer}
    assert used == set(Stemmer.algorithms()) - {"dutch_porter"}


def test_kept_letters_are_lower_case_and_composed():
    """The table is compared with folded text, so it must be written as folding writes."""
    for known in LANGUAGES.values():
        assert known.letters == unicodedata.normalize("NFC", known.letters).lower()
        assert len(known.respelled) % 2 == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt-BR", "pt"),
        ("zh_Hans", "zh"),
        ("nb", "no"),
        ("german", "de"),
        ("none", "none"),
        ("ja", "ja"),
        ("iw", "he"),
    ],
)
def test_codes_tags_and_names_are_understood(name, code):
    """However a language is named, it is the same one."""
    assert language(name).code == code


@pytest.mark.parametrize("name", ["klingon", "xx", "e n", "", "-", "en1", "\ud800"])
def test_an_unknown_language_is_refused_with_the_list(name):
    """The error says what was asked for, and its hint what there is."""
    with pytest.raises(SchemaError) as caught:
        language(name)
    assert repr(name) in str(caught.value)
    assert " de " in caught.value.hint
    assert " zh" in caught.value.hint

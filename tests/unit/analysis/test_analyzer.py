"""Terms and tokens, language by language and case by case."""

from __future__ import annotations

import pickle
import threading

import pytest

from searchkit import limits
from searchkit.analysis import analyzer as module
from searchkit.analysis.analyzer import Analyzer, analyzer
from searchkit.errors import SchemaError


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("C++, C# and F# on .NET", "c++ c# and f# on .net"),
        ("C/C++ g++ c++17 (C#)", "c c++ g++ c++ 17 c#"),
        ("example.net, ASP.NET, node.js", "example net asp net node js"),
        ("utf-8 x86_64 snake_case __init__", "utf 8 x86 64 snake case init"),
        ("os.path.join foo::bar a->b", "os path join foo bar a b"),
        ("U.S.A. e.g. J.R.R. a.bc", "usa eg jrr a bc"),
        ("Don't! rock'n'roll O’Brien Anna's boss’s", "dont rocknroll obrien anna boss"),
        ("3.14 1,000 12,345,678 1,2 1'000", "3 14 1000 12345678 1 2 1000"),
        ("https://docs.python.org/3/library/os.path.html", "https docs python org 3 library os path html"),
        ("https://de.wikipedia.org/wiki/K%C3%B6ln", "https de wikipedia org wiki koln"),
        ("me@example.com AT&T", "me example com at t"),
        ("H₂O ｕｔｆ－８ Ｃ＋＋ 𝐀𝐁", "h2o utf 8 c++ ab"),
        ("हिन्दी में लिखना", "हिन्दी में लिखना"),
        ('צה"ל', "צהל"),
        ("great😀 🇩🇪🇫🇷 ❤️", "great 😀 🇩🇪 🇫🇷 ❤"),
        ("© ® ™ – … \u0000 \ud800", ""),
        ("", ""),
    ],
)
def test_words_without_a_language(text, terms):
    """What is one term, what is several and what is none, before any stemming."""
    assert analyzer("none").terms(text) == terms.split()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("黑豹队", "黑豹 豹队"),
        ("水", "水"),
        ("東京タワー2023年", "東京 京タ タワ ワー 2023 年"),
        ("한국어 IPv6는", "한국 국어 ipv6 는"),
        ("ภาษาไทย", "ภา าษ ษา าไ ไท ทย"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("iPhone手机，大阪", "iphone 手机 大阪"),
        ("二〇二三", "二〇 〇二 二三"),
    ],
)
def test_scripts_without_spaces_give_pairs(text, terms):
    """Each two neighbours of a run, marks with their letters; a lone character gives itself."""
    assert analyzer("none").terms(text) == terms.split()


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Running résumés", "run resume"),
        ("de", "Häuser Straße größere", "Haus Strasse grossere"),
        ("de", "Universitäten", "Universitaten"),
        ("fr", "l'homme qu’il œuvres", "homme il oeuvre"),
        ("it", "dell'acqua", "acqua"),
        ("tr", "Ankara'da IŞIK", "ankara ışık"),
        ("ru", "Ёлки русские", "елка русский"),
        ("el", "Άνθρωπος", "ανθρωπου"),
        ("ar", "المدرسة أحمد", "مدرسة احمد"),
        ("hi", "लड़के", "लड़का"),
        ("fa", "كتاب‌ها", "کتاب‌ها"),
    ],
)
def test_forms_of_a_word_meet(language, one, other):
    """Forms, spellings and elisions of a language become the same terms."""
    made = analyzer(language)
    assert made.terms(one) == made.terms(other)


def test_tokens_say_where_terms_came_from():
    """Offsets give the words as typed; parts of one compound share a number, separate words do not."""
    text = "See os.path, C++17 and well-known 東京都."
    tokens = analyzer("en").tokens(text)
    assert [(text[t.start : t.end], t.word, t.kind) for t in tokens] == [
        ("See", 0, "word"),
        ("os", 1, "word"),
        ("path", 1, "word"),
        ("C++", 2, "word"),
        ("17", 2, "word"),
        ("and", 3, "word"),
        ("well", 4, "word"),
        ("known", 4, "word"),
        ("東京", 5, "cjk"),
        ("京都", 5, "cjk"),
    ]


@pytest.mark.parametrize(
    "text", ["a b", "a--b", "a...b", "a, b", "a—b", "a - b", "a😀", "a漢", "(a)(b)", "foo,bar", "a\nb"]
)
def test_only_joiners_make_a_compound(text):
    """Spaces, dashes, dots in a row and scripts side by side do not join words."""
    tokens = analyzer("none").tokens(text)
    assert [token.word for token in tokens] == list(range(len(tokens)))


@pytest.mark.parametrize(
    "text", ["a-b", "a/b", "a_b", "a.bc", "a@b", "a::b", "a://b", "a->b", "1,2", "a‐b", "a&b", "__a__b"]
)
def test_joiners_make_a_compound(text):
    """Whatever programs, addresses and spelling put between the parts of one name."""
    assert [token.word for token in analyzer("none").tokens(text)] == [0, 0]


def test_offsets_of_a_decoded_address_are_those_of_the_text():
    """The place of a decoded word covers its percent signs."""
    text = "at http://x.org/K%C3%B6ln%20S%C3%BCd now"
    places = {token.term: text[token.start : token.end] for token in analyzer("none").tokens(text)}
    assert places["koln"] == "K%C3%B6ln"
    assert places["sud"] == "S%C3%BCd"
    assert places["now"] == "now"


def test_terms_beyond_the_limit_are_left_out_and_others_kept():
    """A long term is missing from terms and tokens alike; the longest allowed one is not."""
    longest, longer = "a" * limits.TERM_BYTES_MAX, "ü" * (limits.TERM_BYTES_MAX // 2 + 1)
    text = f"x {longest} {longest}b {longer.replace('ü', 'я')} y"
    assert analyzer("none").terms(text) == ["x", longest, "y"]
    assert [token.term for token in analyzer("none").tokens(text)] == ["x", longest, "y"]


def test_a_term_left_out_does_not_join_its_neighbours():
    """What was cut from a long word after its first part still has a source of its own."""
    tokens = analyzer("none").tokens("foo " + "a" * 300 + ".bar baz")
    assert [(token.term, token.word) for token in tokens] == [("foo", 0), ("bar", 1), ("baz", 2)]


@pytest.mark.parametrize(
    "unit", ["a", "a ", "漢", "a\u0301", "\u0301", "a.", "_", "+", "1,", "ก็", "\U0001f600\u200d", "%41", "http://a%41 "]
)
def test_huge_texts_are_taken(unit):
    """A million characters of anything are analysed, and never raise."""
    text = unit * (300_000 // len(unit))
    for term in analyzer("en").terms(text):
        assert len(term.encode()) <= limits.TERM_BYTES_MAX


def test_fold_is_for_prefixes():
    """Case, accents, apostrophes and elisions go; the word is not stemmed."""
    assert analyzer("en").fold("Résumés") == "resumes"
    assert analyzer("en").fold("O’Br") == "obr"
    assert analyzer("fr").fold("l'Hom") == "hom"
    assert analyzer("en").fold("C+") == "c+"
    assert analyzer("en").fold("\ud800\x00") == ""


def test_an_analyzer_is_named_and_versioned():
    """The label says what would change terms: our version, and the stemmer's where there is one."""
    assert analyzer("none").label == f"none/{module.VERSION}"
    assert analyzer("zh").label == f"zh/{module.VERSION}"
    english = analyzer("en")
    assert (english.name, english.version) == ("en", module.VERSION)
    assert english.label.startswith(f"en/{module.VERSION}-snowball")
    assert repr(english) == f"<Analyzer {english.label}>"


def test_there_is_one_analyzer_for_a_language():
    """Names of one language give the same object, also through pickling to another process."""
    assert analyzer("en") is analyzer("en-GB") is analyzer("English")
    assert pickle.loads(pickle.dumps(analyzer("de"))) is analyzer("de")
    with pytest.raises(SchemaError):
        analyzer("klingon")


def test_memory_is_bounded_and_forgetting_changes_nothing(monkeypatch):
    """With room for eight surfaces the terms are those of an analyzer with room for all."""
    monkeypatch.setattr(module, "SURFACES_MAX", 8)
    monkeypatch.setattr(module, "PLACED_SURFACES_MAX", 8)
    small = Analyzer(analyzer("en")._language)
    text = " ".join(f"word{i % 13} don't{i % 5}" for i in range(200))
    assert small.terms(text) == analyzer("en").terms(text)
    assert small.tokens(text) == analyzer("en").tokens(text)
    assert max(len(small._terms_of), len(small._terms_of._older)) <= 4


def test_threads_share_an_analyzer():
    """Many threads that meet new words at once get the terms one thread gets."""
    texts = [" ".join(f"walking{i}s{j}ing running" for j in range(50)) for i in range(40)]
    expected = [Analyzer(analyzer("en")._language).terms(text) for text in texts]
    shared = Analyzer(analyzer("en")._language)
    results: dict[int, list[list[str]]] = {}

    def run(number: int) -> None:
        results[number] = [shared.terms(text) for text in texts]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == expected for result in results.values())
    assert len(results) == 8

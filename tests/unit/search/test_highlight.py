"""Snippets: the right piece of text, marked where the query's words stand."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer, analyzer
from searchkit.model.schema import Schema, Text
from searchkit.model.snippet import Snippet
from searchkit.query.plan import TermLeaf
from searchkit.query.planning import plan_query
from searchkit.search.highlight import Highlighter, best_snippet
from tests.support.plain_analyzer import PlainAnalyzer

SCHEMA = Schema(title=Text(weight=2.0), text=Text())
PLAIN = PlainAnalyzer()
FILLER = "Nothing to see in this sentence, it only fills the page. " * 8


def marked(text: str, query: str, analyzer: Analyzer = PLAIN, width: int = limits.SNIPPET_CHARACTERS) -> str:
    """The snippet with brackets for its marks."""
    snippet = best_snippet(text, plan_query(query, SCHEMA, analyzer), analyzer, width=width)
    assert len(snippet) <= width
    return "".join(f"[{piece}]" if mark else piece for piece, mark in snippet.pieces())


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("bitmap", "Roaring [bitmaps] are sets. An index, os.path too."),
        ("sets are", "Roaring bitmaps [are] [sets]. An index, os.path too."),
        ('"bitmaps are"', "Roaring [bitmaps are] sets. An index, os.path too."),
        ("bit*", "Roaring [bitmaps] are sets. An index, os.path too."),
        ("os.path", "Roaring bitmaps are sets. An index, [os.path] too."),
        ("path", "Roaring bitmaps are sets. An index, os.[path] too."),
        ("title:roaring", "[Roaring] bitmaps are sets. An index, os.path too."),
        ("roaring -sets", "[Roaring] bitmaps are sets. An index, os.path too."),
        ("absent", "Roaring bitmaps are sets. An index, os.path too."),
        ("*", "Roaring bitmaps are sets. An index, os.path too."),
        ("", "Roaring bitmaps are sets. An index, os.path too."),
        ('"sets bitmaps"', "Roaring [bitmaps] are [sets]. An index, os.path too."),
        ('"roaring sets" index', "Roaring bitmaps are sets. An [index], os.path too."),
    ],
)
def test_a_short_text_is_shown_whole(query, shown):
    """Words, stems, phrases, prefixes and parts of compounds are marked by offset; exclusions are not.

    The words of a phrase that does not occur are marked only if nothing else is.
    """
    assert marked("Roaring  bitmaps are\nsets. An index, os.path too. ", query) == shown


def test_different_words_together_beat_one_word_often():
    """The piece with most of the query's words wins, wherever it stands."""
    text = f"apple apple apple apple. {FILLER} A pear hangs beside the apple here. {FILLER} apple apple."
    assert marked(text, "apple pear", width=60).startswith("A [pear] hangs beside the [apple] here.")


def test_among_equals_the_first_wins_and_more_occurrences_help():
    """One word: the piece where it stands most often; as often: the earlier one."""
    text = f"{FILLER} One plum. {FILLER} Two: plum, plum. {FILLER} Also two: plum, plum."
    assert "Two: [plum], [plum]." in marked(text, "plum", width=60)


def test_a_long_text_is_read_on_until_every_word_was_found():
    """What is missing in the beginning of a long text is looked for further on."""
    text = f"One apple. {FILLER * 30} A pear by the apple. {FILLER}"
    assert marked(text, "apple pear", width=40).startswith("A [pear] by the [apple].")
    assert marked(text, "apple absent", width=40).startswith("One [apple].")


def test_a_phrase_beats_its_scattered_words():
    """Where the phrase stands is better than where its words stand apart."""
    text = f"red and also red and green. {FILLER} A red apple. {FILLER}"
    assert "[red apple]" in marked(text, '"red apple" red', width=50)


def test_given_weights_decide():
    """A caller that knows how rare words are can say so."""
    text = f"Here is the common thing. {FILLER} Here is the odd. {FILLER}"
    plan = plan_query("common odd", SCHEMA, PLAIN)
    rare = best_snippet(text, plan, PLAIN, width=40, weights={TermLeaf("odd", 3): 9.0, TermLeaf("common", 3): 1.0})
    assert "odd" in rare
    assert "common" in best_snippet(text, plan, PLAIN, width=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{FILLER} The first words of it: apple. {FILLER}", "The first words of it: [apple]. Nothing …"),
        ("word " * 40 + "apple " + "word " * 40, "… word word [apple] word word word word …"),
        ("word " * 40 + "apple", "… word word word word word word [apple]"),
        ("apple " + "word " * 40, "[apple] word word word word word word …"),
        ("x" * 300 + " apple " + "x" * 300, "… [apple] …"),
    ],
)
def test_edges_fall_between_words(text, shown):
    """It begins with a sentence if one is near, else between words; ellipses show where a sentence was broken."""
    assert marked(text, "apple", width=42) == shown


def test_without_any_match_the_beginning_is_shown():
    """A hit by its title or a filter alone still shows what the text is about."""
    text = "The beginning of it all. " + FILLER
    assert marked(text, "absent", width=40) == "The beginning of it all. Nothing to …"
    assert marked("x" * 500, "absent", width=40) == "x" * 36 + " …"
    assert marked("", "absent") == ""


def test_only_the_beginning_of_a_huge_text_is_searched():
    """What stands beyond the limit is not looked at, and the ellipsis says that there is more."""
    text = "word " * (limits.SNIPPET_SOURCE_CHARACTERS_MAX // 5) + "apple"
    assert marked(text, "apple", width=40).startswith("word word")
    assert marked("a" + " " * limits.SNIPPET_SOURCE_CHARACTERS_MAX + "apple", "apple a") == "[a] …"


@pytest.mark.parametrize("width", [-1, 0, 1, 19, 20])
def test_tiny_widths_are_read_as_the_smallest(width):
    """A snippet has room for a word or two even if less is asked for."""
    snippet = best_snippet(FILLER + "apple", plan_query("apple", SCHEMA, PLAIN), PLAIN, width=width)
    assert 5 <= len(snippet) <= 20
    assert snippet.spans


def test_a_match_wider_than_the_snippet_is_cut():
    """A giant word fills the snippet and is marked as far as it is shown."""
    text = FILLER + "y" * 100 + " " + FILLER
    assert marked(text, "y" * 100, width=30) == f"[{'y' * 26}] …"
    long_phrase = " ".join(f"w{i}" for i in range(90))
    assert marked(f"{FILLER} {long_phrase}", f'"{long_phrase}"', width=30).startswith(("[w0", "… [w0"))


@pytest.mark.parametrize(
    ("language", "text", "query", "shown"),
    [
        (
            "en",
            "Many runners were running compressed codecs",
            "run compression",
            "Many runners were [running] [compressed] codecs",
        ),
        ("en", "Use C++ and Gödel's naïve proof", "c++ godel naive", "Use [C++] and [Gödel's] [naïve] proof"),
        ("de", "Die Häuser im Straßenbau", "haus strassenbau", "Die [Häuser] im [Straßenbau]"),
        (
            "hi",
            "हिन्दी भाषा भारत में बोली जाती है। लिपि देवनागरी है।",
            "हिन्दी देव*",
            "[हिन्दी] भाषा भारत में बोली जाती है। लिपि [देवनागरी] है।",
        ),
        ("zh", "東京大学図書館は東京にある", "東京大学", "[東京大学]図書館は[東京]にある"),
        ("zh", "東京大学図書館は東京にある", '"東京大学"', "[東京大学]図書館は東京にある"),
        ("zh", "京都と東京", "京", "[京都]と東[京]"),
        ("ru", "Книги о городах", "книга город", "[Книги] о [городах]"),
    ],
)
def test_languages(language, text, query, shown):
    """Stems, folded accents, vowel signs and bigrams are marked where they stand."""
    if query == "京":
        shown = "[京都]と東京"  # A lone character finds the pairs that begin with it.
    assert marked(text, query, analyzer(language)) == shown


def test_unspaced_text_is_cut_between_characters():
    """Text without spaces is cut near the words found, and never inside a pair that is marked."""
    text = "日本で最も古い国立大学である。" * 10 + "図書館には本が多い" + "学部は医学と法学と文学などがあり" * 10
    shown = marked(text, "図書館", analyzer("zh"), width=40)
    assert "[図書館]には本が多い" in shown
    assert 30 <= len(shown) - 2 <= 40


def test_marks_are_not_torn_from_their_letters():
    """A cut in unspaced text leaves combining marks with the letter before them."""
    text = "ที่นี่มีน้ำดื่มสะอาดและอาหารอร่อยมาก" * 20
    for width in range(20, 40):
        snippet = best_snippet(text, plan_query("อาหาร", SCHEMA, PLAIN), PLAIN, width=width)
        assert snippet.rstrip(" …")[-1] not in "\u0e34\u0e35" or snippet[-1] != "\u0e35"
        assert snippet.removeprefix("… ")[0] not in "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e47\u0e48\u0e49"


words = st.sampled_from(
    ["apple", "pear", "plums", "os.path", "x", "東京大学", "a-b", "the", "…", "(", "Q.", "\n", "हिन्दी"]
)
texts = st.lists(words, max_size=120).map(" ".join) | st.text(st.characters(), max_size=400)
queries = st.lists(words | st.sampled_from(['"os path"', "ap*", '"pear apple"', "-x", "東"]), max_size=6).map(" ".join)


@given(text=texts, query=queries | st.text(max_size=30), width=st.integers(20, 120))
def test_laws_of_snippets(text, query, width):
    """Never longer than asked; spans inside, in order and apart; the words shown are the text's, in its order."""
    snippet = best_snippet(text, plan_query(query, SCHEMA, PLAIN), PLAIN, width=width)
    assert isinstance(snippet, Snippet)
    assert len(snippet) <= width
    ends = [0]
    for start, end in snippet.spans:
        assert ends[-1] <= start < end <= len(snippet)
        ends.append(end + 1)
    shown = snippet.removeprefix("… ").removesuffix(" …")
    assert shown in " ".join(text.split()) or "…" in text


@given(text=texts, query=queries)
def test_something_is_marked_whenever_a_word_of_the_query_occurs(text, query):
    """If any scored word stands in the text, the snippet shows and marks at least one."""
    plan = plan_query(query, SCHEMA, PLAIN)
    asked = {leaf.term for leaf, _ in plan.scored if isinstance(leaf, TermLeaf)}
    snippet = best_snippet(text, plan, PLAIN, width=60)
    if asked & set(PLAIN.terms(" ".join(text.split()))):
        assert snippet.spans


@given(text=st.text(st.characters(), max_size=60) | texts)
def test_analysis_does_not_look_across_spaces(text):
    """What highlighting relies on: the terms of a text are those of its pieces between spaces, in order."""
    english = analyzer("en")
    pieces = text.split()
    assert [term for piece in pieces for term in english.terms(piece)] == english.terms(" ".join(pieces))


def test_it_is_linear():
    """Eight times the text takes about eight times the work, even for the hardest query, and never sixty-four."""
    english = analyzer("en")
    hard = Highlighter(plan_query('"' + "a " * 60 + 'b" a* a aa* ' + "b c " * 100, SCHEMA, english), english)

    def cost(characters: int) -> float:
        started = time.thread_time()
        hard.snippet("a " * (characters // 2))
        return time.thread_time() - started

    cost(1_000)
    longest = limits.SNIPPET_SOURCE_CHARACTERS_MAX
    assert cost(longest) < 32 * max(cost(longest // 8), 1e-3)

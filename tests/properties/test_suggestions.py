"""Suggestions hold what they promise for any documents, however these fell into segments, and for any text typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit import Keyword, Schema, Text
from searchkit.analysis.analyzer import analyzer
from searchkit.errors import RequestError
from searchkit.segment.suggestions import vocal_of
from searchkit.suggest.harvest import Harvest, Words, title_of
from searchkit.suggest.narrow import NEVER_LATIN
from tests.reference import completions

WORDS = ["a", "ab", "abc", "abd", "b", "bad", "bac", "Cab", "cas", "cad", "dab", "das"]
fields = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
documents = st.fixed_dictionaries({"title": fields, "text": fields})
groups = st.lists(st.lists(st.tuples(documents, st.booleans()), min_size=1, max_size=5), min_size=1, max_size=4)
typed = st.lists(st.sampled_from([*WORDS, "c", "d", "ca"]), min_size=1, max_size=3).map(" ".join)


def build(where: Path, parts: list[list[tuple[dict[str, str], bool]]], language: str) -> searchkit.Index:
    """An index of one segment a part, in which those documents are deleted that are marked False."""
    index = searchkit.create(where, Schema(title=Text(language=language), text=Text()))
    number = 0
    for part in parts:
        with index.writer() as writer:
            for document, _ in part:
                writer.add({"id": str(number), **document})
                number += 1
    dead = [n for n, (_, alive) in enumerate(pair for part in parts for pair in part) if not alive]
    with index.writer() as writer:
        for id in dead:
            writer.delete(str(id))
    return index


@pytest.mark.parametrize("language", ["en", "none"])
@settings(deadline=None, max_examples=15)
@given(parts=groups, asked=st.lists(typed, min_size=3, max_size=6), limit=st.integers(1, 9))
def test_completions_equal_brute_force(tmp_path_factory, language, parts, asked, limit) -> None:
    """Texts, weights and order are those of looking at every word and title of the live documents; merged or not."""
    index = build(tmp_path_factory.mktemp("site"), parts, language)
    alive = [document for part in parts for document, lives in part if lives]
    for state in ("as written", "merged"):
        for text in asked:
            for query in (text, text + " "):
                found = [(s.text, s.weight, s.kind, s.together) for s in index.suggest(query, limit)]
                assert found == completions.complete(alive, query, limit), (state, query)
        index.merge()
    index.close()


SITES = ["a.org", "www.a.org", "b.org"]
filtered = st.fixed_dictionaries(
    {"title": fields, "text": fields, "site": st.sampled_from(SITES), "language": st.sampled_from(["de", "en"])}
)
filters = st.sampled_from(
    [
        {"site": "a.org"},
        {"site": "B.org"},
        {"language": "de"},
        {"within": "text:a"},
        {"site": "a.org", "language": "en"},
    ]
)


def kept_by(document: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether a filter leaves a document."""
    host, site = document["site"], wanted.get("site", "").lower()
    return (
        (not site or host == site or host.endswith("." + site))
        and wanted.get("language", document["language"]) == document["language"]
        and ("within" not in wanted or "a" in document["text"].lower().split())
    )


@pytest.mark.parametrize("language", ["en", "none"])
@settings(deadline=None, max_examples=15)
@given(
    parts=st.lists(st.lists(st.tuples(filtered, st.booleans()), min_size=1, max_size=5), min_size=1, max_size=4),
    asked=st.lists(st.tuples(typed, filters), min_size=3, max_size=6),
    limit=st.integers(1, 9),
    by_id=st.booleans(),
)
def test_filtered_completions_equal_brute_force(tmp_path_factory, language, parts, asked, limit, by_id) -> None:
    """With a filter, texts, weights and order are those of an index that has no other documents; merged or not."""
    schema = Schema(title=Text(language=language), text=Text(), language=Keyword())
    index = searchkit.create(tmp_path_factory.mktemp("site"), schema)
    ids = {}
    for part in parts:
        with index.writer() as writer:
            for document, _ in part:
                url = f"https://{document['site']}/{len(ids)}"
                ids[len(ids)] = url if by_id else str(len(ids))
                writer.add({**document, "id": ids[len(ids) - 1], "url": url})
    every = [pair for part in parts for pair in part]
    with index.writer() as writer:
        for number, (_, alive) in enumerate(every):
            if not alive:
                writer.delete(ids[number])
    for state in ("as written", "merged"):
        for text, wanted in asked:
            left = [document for document, alive in every if alive and kept_by(document, wanted)]
            for query in (text, text + " "):
                found = [(s.text, s.weight, s.kind, s.together) for s in index.suggest(query, limit, **wanted)]
                assert found == completions.complete(left, query, limit), (state, query, wanted)
        index.merge()
    index.close()


def test_filters_that_make_no_sense_are_refused(tmp_path) -> None:
    """A filter that cannot be meant says so; one that leaves nothing gives nothing."""
    index = searchkit.create(tmp_path / "site", Schema(title=Text(), text=Text()))
    with index.writer() as writer:
        writer.add({"id": "1", "text": "bread"})
    for wanted in ({"language": "de"}, {"site": "//"}, {"site": 3}, {"within": ["bread"]}):
        with pytest.raises(RequestError):
            index.suggest("b", **wanted)
    assert index.suggest("b", site="example.org") == index.suggest("b", within="rye") == []
    assert index.suggest("b", within=" ") == index.suggest("b")
    assert [one.text for one in index.suggest("b", within="bread")] == ["bread"]


def test_many_documents_are_read_the_quick_way_alike(tmp_path, monkeypatch) -> None:
    """What the bulk analyzer reads of the documents of a filter is what the plain way does."""
    index = searchkit.create(tmp_path / "site")
    with index.writer() as writer:
        for number in range(40):
            writer.add({"id": str(number), "title": f"Crème {number % 3}", "text": f"breads w{number % 7} it's naïve"})
    plain = index.suggest("br", within="w1 OR w2"), index.suggest("crème n", within="w1 OR w2")
    monkeypatch.setattr("searchkit.segment.suggestions._BULK_FROM", 1)
    monkeypatch.setattr("searchkit.analysis.bulk.KERNEL_CHARACTERS_MIN", 1)
    again = searchkit.open(tmp_path / "site")
    assert (again.suggest("br", within="w1 OR w2"), again.suggest("crème n", within="w1 OR w2")) == plain


@pytest.fixture(scope="module")
def library(tmp_path_factory: Any) -> searchkit.Snapshot:
    """Some documents with rare and frequent words."""
    index = searchkit.create(tmp_path_factory.mktemp("site"))
    texts = [
        "new york city",
        "new year",
        "received letters",
        "search engine",
        "red bull",
        "naïve café",
        "東京都",
        "x" * 60,
    ]
    with index.writer() as writer:
        for number, text in enumerate(texts * 4):
            writer.add({"id": str(number), "title": text, "text": f"{text} {texts[number % 7]}"})
    return index.snapshot()


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=30) | st.text(alphabet='abenrsy "+-:()*~<>\ud800\u0301', max_size=20))
def test_nothing_typed_raises(library, text) -> None:
    """Whatever is typed is answered; a correction always finds more than what was typed, and says how many."""
    assert len(library.suggest(text, 5)) <= 5
    for mode in ("any", "all"):
        found = library.correct(text, mode)
        if found is not None:
            for one in (found, *found.alternatives):
                counts = [[library.search(t, mode=m).total for m in (mode, "all")] for t in (one.text, text)]
                assert counts == [[one.hits, one.whole], [one.hits_before, one.whole_before]]
                joined = any(" " in text[start:end] and " " not in to for start, end, to, _ in one.tokens)
                if joined:
                    assert one.whole > one.whole_before
                else:
                    assert one.hits >= one.hits_before and one.whole >= one.whole_before and counts[0] != counts[1]


@pytest.mark.parametrize(
    "text", ["", "x", "é" * 10_000, "x" * 10_000, "?!…" * 500, "a東bя" * 300, "\ud800", "w " * 3000, '"' * 99]
)
def test_hostile_texts_are_answered(library, text) -> None:
    """Empty, endless, mixed and broken texts are completed and corrected like any other."""
    assert all(suggestion.text for suggestion in library.suggest(text))
    correction = library.correct(text)
    assert correction is None or correction.text != text


LONG = ["search", "serach", "searching", "seabird", "seashore", "research", "reserves", "red", "redden", "seaside"]
letters = st.text(alphabet="abcd", min_size=1, max_size=9)
mistyped = st.one_of(
    st.text(alphabet="abcde", min_size=4, max_size=10),
    st.sampled_from([word + "ing" for word in LONG]).flatmap(
        lambda word: st.permutations(word[3:]).map(lambda rest: word[:3] + "".join(rest))
    ),
    st.tuples(st.sampled_from(LONG), st.integers(1, 9), st.text(alphabet="abes", max_size=2)).map(
        lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + 1 :]
    ),
)


@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(st.lists(letters | st.sampled_from(LONG), min_size=1, max_size=4), min_size=1, max_size=12),
    asked=st.lists(st.tuples(st.sampled_from(["", "ab ", "red ", "a search "]), mistyped), min_size=3, max_size=9),
    limit=st.integers(1, 9),
)
def test_slips_are_forgiven_as_brute_force_does(tmp_path_factory, texts, asked, limit) -> None:
    """Where little begins as typed: words that do but for two exchanged letters, one slip, two; in order of the word before."""
    index = searchkit.create(
        tmp_path_factory.mktemp("site"), Schema(title=Text(language="none"), text=Text(language="none"))
    )
    documents = [{"title": "", "text": " ".join(words)} for words in texts]
    with index.writer() as writer:
        for number, document in enumerate(documents):
            writer.add({"id": str(number), **document})
    for head, last in asked:
        found = [(s.text, s.weight, s.kind, s.together) for s in index.suggest(head + last, limit)]
        assert found == completions.complete(documents, head + last, limit), (head, last)
    index.close()


@pytest.mark.parametrize(
    "typed", ["ab" * 20, "a" * 40, "b" + "a" * 39, "東京都市大学研究所", "a\ud800bcdefghi", "ab" * 21]
)
def test_slips_in_anything_are_looked_for_in_bounded_time(library, typed) -> None:
    """Endless repetitions, other scripts and broken text are looked up like any word."""
    assert library.suggest(typed) == [] == library.suggest("new " + typed)


NAMES = [
    "search",
    "searches",
    "résearch",
    "research",
    "seärch",
    "sea",
    "rch",
    "it's",
    "red",
    "bull",
    "redbull",
    "ßearch",
]
NAMES += ["phosphor", "fosfor", "naïvely", "naively", "nively", "ﬁnding", "finding", "поиск", "東京", "æther", "aether"]
near_names = st.tuples(
    st.sampled_from([name for name in NAMES if name.isascii()]), st.integers(0, 8), st.text("aeimrs", max_size=2)
)
slipped = near_names.map(lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + 1 :])


@settings(deadline=None, max_examples=40)
@given(
    parts=st.lists(
        st.lists(st.lists(st.sampled_from(NAMES) | slipped, min_size=1, max_size=5), min_size=1, max_size=6),
        min_size=1,
        max_size=3,
    ),
    deleted=st.booleans(),
    asked=st.lists(st.lists(slipped, min_size=1, max_size=3).map(" ".join), min_size=2, max_size=5),
)
def test_a_first_correction_that_reads_little_equals_others(tmp_path_factory, parts, deleted, asked) -> None:
    """What a process is told at first, from the words that may matter, is what it is told later, from all of them."""
    index = searchkit.create(tmp_path_factory.mktemp("site"), Schema(text=Text(language="en")))
    for number, part in enumerate(parts):
        with index.writer() as writer:
            for place, words in enumerate(part):
                writer.add({"id": f"{number}-{place}", "text": " ".join(words)})
    if deleted:
        with index.writer() as writer:
            writer.delete("0-0")
    whole = index.snapshot()
    whole.suggest("s")
    for text in asked:
        for mode in ("any", "all"):
            fresh = searchkit.open(index.path).snapshot()
            assert fresh.correct(text, mode, engine="numpy") == whole.correct(text, mode, engine="numpy"), (text, mode)
    index.close()


@given(
    titles=st.lists(
        st.text(alphabet=" \t\u00a6\u00a0\u200bab", max_size=5) | st.sampled_from(["a" * 512, "a" * 513]), min_size=1
    )
)
def test_titles_are_the_same_together_and_alone(titles) -> None:
    """A title is offered as one line, whatever stands beside it."""
    harvest = Harvest(Words(vocal_of(analyzer("none"))), ["title"])
    harvest.add_many(titles)
    assert harvest.result().titles == list(map(title_of, titles))


def test_letters_of_other_alphabets_become_no_ascii_letters() -> None:
    """What `narrow` takes for granted of whole alphabets, character by character."""
    for language in ("en", "tr", "fa", "sv", "none"):
        fold = analyzer(language).fold
        for first, last in NEVER_LATIN:
            for code in range(first, last):
                folded = fold(chr(code))
                assert not any(letter.isascii() and letter.isalpha() for letter in folded), hex(code)
                assert len(folded) <= 4

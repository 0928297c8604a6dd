"""What a correction changes, what it leaves alone, and what it says of it."""

from __future__ import annotations

from typing import Any

import pytest

import searchkit
from searchkit import Keyword, Number, Schema, Text
from searchkit.suggest.corrector import Corrector

TEXTS = {
    "roaring bitmaps": 30,
    "new york city": 25,
    "new year party": 12,
    "received letters": 20,
    "search engine": 40,
    "red bull racing": 9,
    "straße nach münchen": 6,
    "iphone": 3,
    "peace treaty": 8,
    "apple pie recipe": 9,
    "piece of pie": 7,
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: Any) -> searchkit.Index:
    """Documents of a few words each, some of them often."""
    schema = Schema(title=Text(), text=Text(), tags=Keyword(), year=Number())
    index = searchkit.create(tmp_path_factory.mktemp("site"), schema)
    with index.writer() as writer:
        number = 0
        for text, times in TEXTS.items():
            for _ in range(times):
                writer.add({"id": str(number), "text": text, "tags": ["recieved"], "year": 2020})
                number += 1
    return index


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("raoring bitmap", "roaring bitmap"),
        ("recieved", "received"),
        ("redbull racing", "red bull racing"),
        ("sea rch engine", "search engine"),
        ("nwe yrok", "new york"),
        ('"new yrok" +ctiy', '"new york" +city'),
        ("text:recieved year:2020", "text:received year:2020"),
        ("RECIEVED LETERS", "RECEIVED LETTERS"),
        ("Recieved Leters", "Received Letters"),
        ("strase nach munchen recieved", None),
    ],
)
def test_a_slip_is_corrected_and_the_rest_stays(index, typed, meant):
    """Misspelt, split and joined words are put right; quotes, signs, fields and capitals stay as they were typed."""
    found = index.correct(typed)
    if meant is None:
        assert found is not None and "nach" in found.text
        return
    assert found is not None and found.text == meant
    assert (found.hits, found.hits_before) == (index.search(meant).total, index.search(typed).total)
    assert found.whole == index.search(meant, mode="all").total > index.search(typed, mode="all").total


@pytest.mark.parametrize(
    "typed",
    [
        "received letters",
        "roaring",
        "tags:recieved",
        "year:2021",
        "xq-9001",
        "2O24 19999",
        "recieved*",
        "IPHNOE x",
        "NOT recieved",
    ],
)
def test_what_is_no_slip_is_left_alone(index, typed):
    """Words that are there, numbers, values of other fields, prefixes, exclusions and names in capitals are kept."""
    assert index.correct(typed) is None


def test_a_correction_says_where_and_why(index):
    """Each change has its place in the query and a reason; the whole has a sentence."""
    found = index.correct("+recieved letters")
    assert found is not None
    start, end, to, why = found.tokens[0]
    assert ("+recieved letters"[start:end], to) == ("recieved", "received")
    assert "no document" in why and found.why.endswith("finds 20 documents instead of 0")


def test_results_correct_themselves_when_looked_at(index):
    """A search knows its corrections; where all words occur together there are none."""
    assert index.search("recieved").corrections[0] == "received"
    assert index.search("received letters").corrections == ()
    assert index.search("recieved").to_dict()["corrections"][0] == "received"


def test_deleted_documents_are_neither_proposed_nor_counted(tmp_path):
    """Once its documents are gone, a word is not offered any more; counts go down with every one of them."""
    index = searchkit.create(tmp_path / "site")
    with index.writer() as writer:
        for number in range(4):
            writer.add({"id": str(number), "title": "", "text": "wonderful"})
    assert index.correct("wonderfull").text == "wonderful"
    with index.writer() as writer:
        writer.delete("0")
    assert index.suggest("wond")[0].weight == 3
    with index.writer() as writer:
        for number in range(4):
            writer.delete(str(number))
    assert index.correct("wonderfull") is None
    assert index.suggest("wond") == []


def test_a_table_of_words_is_enough():
    """The corrector works on any words and counts."""
    corrector = Corrector.of({"received": 900, "relieved": 90, "red": 50, "bull": 20, "": 3, "never": 0})
    assert [found.text for found in corrector.word("recieved")] == ["received", "relieved"]
    assert corrector.word("redbull")[0].text == "red bull"
    assert corrector.word("received")[0].cost == 0
    assert corrector.word("") == corrector.word("x" * 10_000) == corrector.word("recieved2") == []
    assert Corrector.of({}).word("word") == []


def test_diacritics_and_case_are_folded_and_shown(index):
    """A word is found however it is typed, and shown as it is mostly written."""
    assert [found.text for found in index.suggest("Mün")] == ["münchen"]
    assert [found.text for found in index.suggest("MUNC")] == ["münchen"]
    assert index.suggest("straß")[0].text == "straße"


def test_the_word_before_decides_and_a_slip_is_forgiven(index):
    """The commoner pair comes first; when nothing begins so, one slip after the first letter is forgiven."""
    assert [found.text for found in index.suggest("new y")] == ["new york", "new year"]
    assert index.suggest("raorin")[0].text == "roaring"


@pytest.mark.parametrize("mode", ["any", "all"])
def test_a_piece_that_is_a_word_itself_is_joined(tmp_path, mode):
    """Where both pieces of a word are words, too, they are read as one, though any of them finds more documents."""
    index = searchkit.create(tmp_path / "site", Schema(text=Text()))
    with index.writer() as writer:
        for number in range(20):
            writer.add({"id": f"a{number}", "text": "the search engine of the sea"})
            writer.add({"id": f"b{number}", "text": "an old rch model"})
    found = index.correct("sea rch engine", mode)
    assert found is not None and found.text == "search engine" and found.whole == 20 > found.whole_before
    assert "is one word" in found.why and found.why.endswith(
        "finds all words in 20 documents instead of 0" if mode == "any" else "finds 20 documents instead of 0"
    )
    found = index.correct("sea rch", mode)
    assert found is not None and found.text == "search"


@pytest.mark.parametrize("mode", ["any", "all"])
def test_pieces_that_occur_together_are_joined_if_they_never_stand_side_by_side(tmp_path, mode):
    """Pieces in one document are no evidence; side by side they are. The one word must be much commoner."""
    index = searchkit.create(tmp_path / "site", Schema(text=Text()))
    with index.writer() as writer:
        for number in range(20):
            writer.add({"id": f"a{number}", "text": "a heart of stone, a blackbird and a rainbow"})
        for number in range(6):
            writer.add({"id": f"b{number}", "text": "a black bird; the bow was in the rain"})
        writer.add({"id": "c", "text": "art, said he, is hard"})
    found = index.correct("he art", mode)
    assert found is not None and found.text == "heart" and (found.whole, found.whole_before) == (20, 1)
    assert "never stand side by side" in found.why
    assert index.correct("he art of stone", mode).text == "heart of stone"
    assert index.correct("black bird", mode) is None  # It is written so.
    assert index.correct("rain bow", mode) is None  # Not four times as many.
    assert index.search("he art", mode=mode).corrections == ()  # Only who asks gets a second look.


@pytest.mark.parametrize("mode", ["any", "all"])
def test_a_rare_word_that_is_mostly_written_as_two_is_split(tmp_path, mode):
    """One word that hardly anybody writes so is read as the two that very often stand side by side."""
    index = searchkit.create(tmp_path / "site", Schema(text=Text()))
    with index.writer() as writer:
        writer.add({"id": "a", "text": "redbull"})
        for number in range(40):
            writer.add({"id": f"b{number}", "text": "a red bull"})
    found = index.correct("redbull", mode)
    assert found is not None and found.text == "red bull" and "is written 40 times" in found.why
    assert index.correct("red bull", mode) is None

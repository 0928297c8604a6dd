"""The tables of slips: what stands in the file is what is used, and what it says is what one would expect."""

from __future__ import annotations

import numpy as np

from benchmarks import slips
from searchkit.suggest import noise
from searchkit.suggest.corrector import Corrector
from searchkit.suggest.noise import _PATH, from_text, tables, to_text


def test_the_file_is_what_it_is_read_as():
    """Reading and writing it again changes nothing, and every cost is one a sum of some fits in 32 bits."""
    text = _PATH.read_text(encoding="ascii")
    assert to_text(from_text(text)) == text
    for name in ("replaced", "missed", "extra", "swapped", "rules"):
        values = getattr(tables(), name)
        assert values.dtype == np.int32 and (values >= noise.LEAST).all() and values.max() < 10_000


def test_likely_slips_cost_less():
    """A doubled letter, a vowel for another, and two exchanged are cheaper than letters that have nothing in common."""
    likelier = [("acess", "access", "accss"), ("separete", "separate", "sepapate"), ("recieve", "receive", "rqceive")]
    for likely, meant, unlikely in likelier:
        corrector = Corrector.of({meant: 1})
        costs = [corrector.word(typed)[0].cost for typed in (likely, unlikely)]
        assert costs[0] < costs[1], meant


def test_the_cheapest_alignment_is_the_one_that_is_counted():
    """Edits of a slip: a letter in its context, two exchanged, two for one that sounds like them."""
    edits = lambda typed, meant: slips.aligned([*map(slips.number, typed)], [*map(slips.number, meant)], None)  # noqa: E731
    n = slips.number
    assert [edit[0] for edit in edits("thier", "their")] == ["swapped"]
    assert {edit[0] for edit in edits("abc", "ac")} == {"extra", "extra before"}
    assert ("missed", n("a"), n("b")) in edits("ac", "abc")
    assert ("replaced", n("z"), n("s")) in edits("horze", "horse")


def test_lists_are_read_and_measured_words_left_out():
    """Single answers of codespell's dictionary, learners' lines, and nothing of the lists that are measured."""
    assert slips.codespell(["recieve->receive\n", "abd->and, bad,\n", "# no\n"]) == [("recieve", "receive")]
    assert slips.learners(["their thier ther\n"]) == [("thier", "their"), ("ther", "their")]
    both = [("recieve", "receive"), ("teh", "the")]
    kept = slips.usable(both, {"teh"}) + slips.usable(both, {"teh"}, held_out=True)
    assert kept == [("recieve", "receive")]


def test_words_three_slips_away_are_found():
    """A long word bears three slips, of which two may be at its beginning; a rare one bears one."""
    corrector = Corrector.of({"accommodation": 9, "negotiating": 9, "philharmonics": 1})
    assert corrector.word("acomodatoin")[0].text == "accommodation"
    assert corrector.word("negotiatiating")[0].text == "negotiating"
    assert corrector.word("filharmonix") == []

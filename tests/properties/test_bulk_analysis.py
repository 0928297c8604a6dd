"""Many texts analysed at once have the terms each has by itself, whatever is in them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from searchkit.analysis import addresses, bulk, surface_table
from searchkit.analysis.analyzer import analyzer
from searchkit.analysis.bulk import BulkAnalyzer
from searchkit.analysis.surface_table import SurfaceTable
from searchkit.analysis.surfaces import _SURFACE_FROM_SIGN, PLAIN_CJK, surfaces
from searchkit.model.vocabulary import Vocabulary
from searchkit.segment.suggestions import vocal_of
from searchkit.suggest.harvest import Words
from searchkit.suggest.pairs import word_hash
from tests.properties.test_analysis import languages, texts
from tests.support import hostile

batches = st.lists(texts | st.text(st.sampled_from("ab1.,_+#' é漢字カ\u200d"), max_size=40), max_size=6)


def terms_of(language: str, batch: Sequence[str], made: BulkAnalyzer | None = None) -> list[list[str]]:
    made = made or compiled(language)
    numbers, counts = made.numbers(batch)
    names = made.vocabulary.names()
    ends = np.cumsum(counts).tolist()
    found = [names[number] for number in numbers.tolist()]
    return [found[end - count : end] for end, count in zip(ends, counts.tolist(), strict=True)]


def compiled(language: str) -> BulkAnalyzer:
    """One that goes the way of the kernels from the first text on."""
    made = BulkAnalyzer(analyzer(language))
    made._seen = bulk.KERNEL_CHARACTERS_MIN
    return made


@given(batch=batches, language=languages)
@example(batch=["_é.net a_é _n .n..n é.N \ud800x\x00y"], language="en")
@example(batch=["漢字漢字", "漢", "漢.字", "漢，字1", "漢字a", "カ\u3099キ"], language="zh")
@example(batch=["", "", "a", "", "."], language="en")
@example(batch=["see http://x/K%C3%B6ln!", "plain", "http://%41"], language="de")
def test_a_batch_has_the_terms_of_its_texts(batch: list[str], language: str) -> None:
    """The kernels give for each text what `Analyzer.terms` gives."""
    assert terms_of(language, batch) == [analyzer(language).terms(text) for text in batch]


marked = st.text(
    st.sampled_from("aeIſstz") | st.characters(min_codepoint=0xC0, max_codepoint=0x24F), min_size=1, max_size=80
)


@given(batch=st.lists(marked, min_size=1, max_size=8), language=languages)
@example(batch=["ſ", "ŉ", "ǆ" * 64, "ǆ" * 65, "İ" * 64, "Straße", "a|b"], language="en")
def test_letters_with_marks_are_folded_together(batch: list[str], language: str) -> None:
    """Words of Latin letters have the terms and words they have one by one."""
    how = analyzer(language)
    terms, words = how.read_surfaces(batch, np.zeros(len(batch), np.bool_))
    assert [(one,) if isinstance(one, str) else one for one in terms] == [tuple(how.terms(one)) for one in batch]
    assert words == list(map(how.word, batch))


@given(batches=st.lists(batches, min_size=1, max_size=3), language=languages)
@example(
    batches=[["Anna's don't l'homme 1,000 12,34 a.b A.b:c U.S.A x.y.1 www.a-b.org .net C++ 1.2.3 c# İ'x naïve"]],
    language="en",
)
@example(batches=[["L'HOMME l\u2019eau 1:2.3 e.g.x"], ["漢 漢字 K%C3%B6ln http://a/K%C3%B6ln"]], language="fr")
def test_words_are_numbered_alike(batches: list[list[str]], language: str) -> None:
    """By dictionaries or by kernels, surfaces of a batch have the same words, and pairs know words by the same hashes."""
    vocal = vocal_of(analyzer(language))
    fast = Words(vocal)
    made = BulkAnalyzer(analyzer(language), lambda: fast)
    made._seen = bulk.KERNEL_CHARACTERS_MIN
    fast.remembered(["before", "Zoë's", ""])  # What was numbered before the kernels came keeps its number.
    for batch in batches:
        made.numbers(batch)
        found = made.spoken(batch)
        if found is None:
            assert not batch
            continue
        stream, counts = found
        names = ["", *fast.names()]
        expected = [surface for text in batch for surface in surfaces_of(text)]
        assert [names[number] for number in stream.tolist()] == [analyzer(language).word(one) for one in expected]
        assert counts.tolist() == [len(surfaces_of(text)) for text in batch]
    assert fast.names()[:2] == ["before", analyzer(language).word("Zoë's")]
    assert fast.hashes().tolist() == [word_hash(analyzer(language).fold(name)) for name in fast.names()]


def surfaces_of(text: str) -> list[str]:
    """The surfaces of a text as the kernels cut them: a run of ideographs in pairs, unless the text goes the plain way."""
    found = []
    for surface in surfaces(text):
        pairs = len(surface) > 1 and re.fullmatch(f"[{PLAIN_CJK}]+", surface) and not addresses.has_encoded(text)
        found += map(str.__add__, surface, surface[1:]) if pairs else [surface]
    return found


@given(batch=batches)
@example(batch=["_é a_é _n .n . n é.N"])
def test_surfaces_are_those_of_the_pattern(batch: list[str]) -> None:
    """What the kernel finds is what the pattern with signs finds, runs of ideographs taken apart into pairs."""
    batch = batch or [""]
    table = SurfaceTable(lambda new, _: (list(new), []), vocabulary := Vocabulary())
    encoded = [text.encode("utf-8", "surrogatepass") for text in batch]
    numbers, counts = table.numbers(encoded, b"\n".join((*encoded, bulk.GUARD)))
    names = vocabulary.names()
    expected = []
    for text in batch:
        found: list[str] = []
        for surface in re.findall(_SURFACE_FROM_SIGN, text):
            pairs = len(surface) > 1 and re.fullmatch(f"[{PLAIN_CJK}]+", surface)
            found += map(str.__add__, surface, surface[1:]) if pairs else [surface]
        expected.append(found)
    assert [names[number] for number in numbers.tolist()] == [surface for found in expected for surface in found]
    assert counts.tolist() == [len(found) for found in expected]


@given(batches=st.lists(batches, max_size=4), language=languages)
def test_growing_and_forgetting_change_nothing(batches: list[list[str]], language: str) -> None:
    """With a table that is full after two surfaces, and forgotten after three, the terms are the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surface_table.SurfaceTable.__init__, "__defaults__", (None, 4))
        patch.setattr(surface_table, "SURFACES_MAX", 3)
        made = compiled(language)
        for batch in batches:
            assert terms_of(language, batch, made) == [analyzer(language).terms(text) for text in batch]


def test_both_ways_share_a_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers given before the kernels took over mean the same terms afterwards, until one begins anew."""
    monkeypatch.setattr(bulk, "KERNEL_CHARACTERS_MIN", 10)
    made = BulkAnalyzer(analyzer("en"))
    assert terms_of("en", ["Running."], made) == [["run"]]
    assert made._table is None
    assert terms_of("en", ["runs walked", ""], made) == [["run", "walk"], []]
    assert made._table is not None
    assert made.vocabulary.names() == ["run", "walk"]
    made.begin()
    assert terms_of("en", ["walks, runs"], made) == [["walk", "run"]]
    assert made.vocabulary.names() == ["walk", "run"]


HOSTILE = {
    "many words that never come again": " ".join(f"x{number:x}y" for number in range(200_000)),
    "one word of sixteen megabytes": "w" * 16_000_000,
    "two long words that differ at the end": "w" * 1_000_000 + "a " + "w" * 1_000_000 + "b",
    "a run of ideographs": "漢字仮名" * 500_000,
    "nothing but joiners": ".:'’" * 250_000,
    "nothing but marks": "\u0301" * 500_000,
    "lone surrogates and NUL": "a\ud800\x00b " * 100_000,
    "single letters of every block": "".join(chr(0x20 + 7 * number) + " " for number in range(150_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts made to be many, long or odd are analysed as ever, in a table that is small again afterwards."""
    monkeypatch.setattr(surface_table, "SURFACES_MAX", 100_000)
    monkeypatch.setattr(surface_table, "ARENA_BYTES_MAX", 1 << 22)
    made = compiled("none")
    text = HOSTILE[name]
    assert terms_of("none", ["before", text, "after"], made) == [["before"], analyzer("none").terms(text), ["after"]]
    assert terms_of("none", ["before"], made) == [["before"]]
    assert made._table is not None
    assert len(made._table) <= surface_table.SURFACES_MAX
    assert len(made._table._arena) <= 2 * surface_table.ARENA_BYTES_MAX


def test_texts_written_to_break_out() -> None:
    """Markup, links and what plays tricks on terminals: the same terms, too."""
    batch = [*hostile.MARKUP, *hostile.LINKS, *hostile.TERMINAL]
    assert terms_of("en", batch) == [analyzer("en").terms(text) for text in batch]


@pytest.mark.parametrize("language", ["en", "de", "zh", "hi", "ar"])
def test_real_texts_of_several_languages(shared_data: Path, language: str) -> None:
    """Articles of an encyclopedia have the terms they always had."""
    with (shared_data / "collections" / f"xquad_{language}" / "docs.jsonl").open(encoding="utf-8") as lines:
        batch = [json.loads(line)["text"] for line in lines]
    assert len(batch) > 200
    for code in (language, "none"):
        assert terms_of(code, batch) == [analyzer(code).terms(text) for text in batch]


UNCOMPILED = """
import sys
from searchkit.analysis import addresses, bulk, surface_table
from searchkit.analysis.analyzer import analyzer

surface_table.SurfaceTable.__init__.__defaults__ = (None, 8)
batch = ["Don't PANIC: os.path.join, C++ and naïve cafés, .NET 1,000 a_é", "漢字仮名 漢.字", "x" * 40 + " " + "x" * 41,
         "internationalisation internationalisations", "", "end", *sys.argv[1:]]
for language in ("en", "zh"):
    made = bulk.BulkAnalyzer(analyzer(language))
    made._seen = bulk.KERNEL_CHARACTERS_MIN
    for _ in range(2):
        numbers, counts = made.numbers(batch)
    assert len(made.numbers([])[0]) == 0
    names = made.vocabulary.names()
    assert [names[number] for number in numbers] == [term for text in batch for term in analyzer(language).terms(text)]
assert not hasattr(surface_table.kernels.scan, "py_func")
print("equal")
"""


def test_uncompiled_kernels_stay_within_their_arrays() -> None:
    """With numba's compiler off an index out of range raises instead of reading on; nothing raises, all is equal."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", UNCOMPILED]
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert child.stdout.strip() == "equal", child.stderr

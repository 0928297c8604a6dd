"""Have every kernel compiled: index and ask a small made-up collection in each way there is.

What numba compiles depends on what a kernel is called with, so the surest way to have it all is to do what a program
does. A minute or two for everything, some seconds if all was compiled before. What this module does not know: the kernels.
"""

from __future__ import annotations

import importlib
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from searchkit import engine, jit, kernel_cache
from searchkit.analysis import bulk
from searchkit.analysis.analyzer import analyzer
from searchkit.model.schema import Schema, Text
from searchkit.model.vocabulary import Vocabulary
from searchkit.search.engines import load_word_kernels
from searchkit.segment.suggestions import vocal_of
from searchkit.suggest.harvest import Words
from searchkit.suggest.parts import encode_words

_LETTERS = str.maketrans("0123456789", "abcdefghij")
_DOCUMENTS, _WORDS, _WORDS_OF_A_DOCUMENT = 12_000, 400, 40
_QUERIES = (
    "wb",
    "wb wc",
    "wd wfa wdaa",
    "+wb +wc",
    "+wb +wc wd",
    '"wb wc"',
    '"wb wc" wd',
    "wb*",
    "wb* wc",
    "wb -wc",
    "title:wb wc",
)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What was done: where compiled code is kept, and how many directories of old versions were removed."""

    directory: str
    stale_removed: int


def warm_up() -> WarmUp:
    """Compile whatever is not compiled yet, for one and for several text fields."""
    _warm_up_analysis()
    # Once the encoder's kernels are loaded, segments as small as these are encoded by them.
    importlib.import_module("searchkit.segment.kernels.encode")
    for schema in (Schema.page("en"), Schema(text=Text(language="none"))):
        with tempfile.TemporaryDirectory(prefix="searchkit-warmup-") as where, engine.create(where, schema) as index:
            with index.writer() as writer:
                writer.add_many(_records(0))
            with index.writer() as writer:
                writer.add_many(_records(_DOCUMENTS))
                writer.delete("7")
            for limit in (10, 1_000):
                for query in _QUERIES:
                    index.search(query, limit, engine="numba").total  # noqa: B018 - counted when it is asked for
            index.correct("wdefx wde", engine="numba")
            index.merge()
    load_word_kernels()
    where_kept = jit.cache_directory()
    removed = kernel_cache.remove_stale()
    return WarmUp(str(where_kept) if where_kept else "numba's own cache", removed)


def _warm_up_analysis() -> None:
    """Compile what is worth it only for more text than the collections here have."""
    tables = importlib.import_module("searchkit.analysis.surface_table")
    tally = importlib.import_module("searchkit.suggest.kernels.tally")
    words = Words(vocal_of(analyzer("none")), slots=2)
    table = tables.SurfaceTable(analyzer("none").read_surfaces, Vocabulary(), words, slots=2)
    text = "one two na\u00efve three".encode()
    table.numbers([text], text + bulk.GUARD)
    stream, counts = table.spoken()
    counted, _ = tally.tally([(stream, counts.astype(np.int64))], 1, words.hashes())
    encode_words(words.letters(), counted, words.gathered)


def _records(first: int) -> Iterator[dict[str, str]]:
    """Enough text that no part of it is small enough for the plain ways."""
    draw = random.Random(first)
    words = [_word(number) for number in range(_WORDS)]
    weights = [1 / (number + 1) for number in range(_WORDS)]
    for number in range(first, first + _DOCUMENTS):
        text = " ".join(draw.choices(words, weights, k=_WORDS_OF_A_DOCUMENT))
        yield {"id": str(number), "url": f"https://example.org/{number}", "title": text[:20], "text": text}


def _word(number: int) -> str:
    """A word of letters for a number: one with digits is never taken for a misspelling, and its kernels would not load."""
    return f"w{number}".translate(_LETTERS)

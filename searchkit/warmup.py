"""Have every kernel compiled: index and ask a small made-up collection in each way there is.

What numba compiles depends on what a kernel is called with, so the surest way to have it all is to do what a program
does. Half of the time goes to one kernel, which a process of its own compiles beside all others. Two minutes or so for
everything, some seconds if all was compiled before. What this module does not know: what the kernels do.
"""

from __future__ import annotations

import contextlib
import importlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
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
_GROUPS = '"wb wc"', "wb*"
_QUERIES = "wb", "wb wc", "wd wfa wdaa", "+wb +wc", "+wb +wc wd", '"wb wc" wd', "wb* wc", "wb -wc", "title:wb wc"
_BESIDE = "from searchkit import warmup; warmup.compile_words()"


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What was done: where compiled code is kept, and how many directories of old versions were removed."""

    directory: str
    stale_removed: int


def warm_up() -> WarmUp:
    """Compile whatever is not compiled yet, for one and for several text fields."""
    schemas = Schema.page("en"), Schema(text=Text(language="none"))
    with contextlib.ExitStack() as open_ones:
        wait_for_words = open_ones.enter_context(_beside(_BESIDE))
        load_word_kernels()
        _warm_up_analysis()
        # Once the encoder's kernels are loaded, segments as small as these are encoded by them.
        importlib.import_module("searchkit.segment.kernels.encode")
        indexes = []
        for schema in schemas:
            where = open_ones.enter_context(tempfile.TemporaryDirectory(prefix="searchkit-warmup-"))
            index = open_ones.enter_context(engine.create(where, schema))
            _fill(index)
            _ask(index, _GROUPS)
            indexes.append(index)
        wait_for_words()
        for index in indexes:
            _ask(index, _QUERIES)
            index.correct("wdefx wde", engine="numba")
            index.merge()
    where_kept = jit.cache_directory()
    removed = kernel_cache.remove_stale()
    return WarmUp(str(where_kept) if where_kept else "numba's own cache", removed)


def compile_words() -> None:
    """Compile the kernel that answers words, with all that it calls."""
    asked = importlib.import_module("searchkit.rank.kernels.asked")
    jit.direct(asked.ask_words, 3)


@contextlib.contextmanager
def _beside(script: str) -> Iterator[Callable[[], object]]:
    """Run a script in a process of its own, which ends with the block at the latest; what is given waits for it.

    One that fails, or cannot be started, leaves its work to whoever needs it.
    """
    try:
        quiet = subprocess.DEVNULL  # What a command prints is its own; and a child asks for nothing.
        child = subprocess.Popen([sys.executable, "-c", script], stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:
        yield lambda: None
        return
    try:
        yield child.wait
    finally:
        child.kill()
        child.wait()


def _fill(index: engine.Index) -> None:
    with index.writer() as writer:
        writer.add_many(_records(0))
    with index.writer() as writer:
        writer.add_many(_records(_DOCUMENTS))
        writer.delete("7")


def _ask(index: engine.Index, queries: Iterable[str]) -> None:
    for limit in (10, 1_000):
        for query in queries:
            index.search(query, limit, engine="numba").total  # noqa: B018 - counted when it is asked for


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

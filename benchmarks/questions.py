"""What is asked, in classes: each tells another story about an engine.

    term frequent, mid, rare   one word in more than 1 in 50, 1 in 2,000 to 1 in 200, and 2 to 20 of all documents
    or 2, or 3, or 4+          unions as the search benchmark game has them, of proper names mostly
    or 5+                      typed web queries of five or more words, none of them a stop word
    question                   questions of three or more words, at least one of them a stop word
    stop words                 two to four words of which every document is full
    and 2, and 3+, phrase      intersections and phrases of the game
    prefix                     three to five letters that begin at most 1,000 words

Every query consists of terms of the corpus's own vocabulary, each at most once but in phrases, and at least one
document matches it. Drawn with a fixed seed or evenly from a file, so that two runs over the same data ask the same.
"""

from __future__ import annotations

import bisect
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from benchmarks.corpus import Corpus, neutral_terms

Kind = Literal["term", "or", "and", "phrase", "prefix"]
Anything = TypeVar("Anything")

CLASSES = (
    "term frequent", "term mid", "term rare", "or 2", "or 3", "or 4+", "or 5+", "question", "stop words",
    "and 2", "and 3+", "phrase", "prefix",
)  # fmt: skip
SEED = 20
EXPANSIONS_MAX = 1_000
"""Words a prefix may begin; few enough that no engine leaves any out and counts agree."""
STOP_WORDS = "the of and in to a is was it for on with as by at from that be this are an or".split()

_GAME = {
    ("union", "2"): "or 2", ("union", "3"): "or 3", ("union", ">3"): "or 4+",
    ("intersection", "2"): "and 2", ("intersection", "3"): "and 3+", ("intersection", ">3"): "and 3+",
    ("phrase", "2"): "phrase", ("phrase", "3"): "phrase", ("phrase", ">3"): "phrase",
}  # fmt: skip
_KINDS: dict[str, Kind] = {"union": "or", "intersection": "and", "phrase": "phrase"}


@dataclass(frozen=True, slots=True)
class Question:
    """One query, in no engine's syntax.

    Attributes
    ----------
    label : str
        One of `CLASSES`.
    kind : {"term", "or", "and", "phrase", "prefix"}
    terms : tuple of str
        Terms of the corpus; of a prefix, the letters.
    """

    label: str
    kind: Kind
    terms: tuple[str, ...]


def choose(corpus: Corpus, folder: Path, per_class: int) -> list[Question]:
    """The questions of a run, at most `per_class` of each class, ordered by class.

    Parameters
    ----------
    corpus : Corpus
        Words it does not hold are dropped from a union, and end any other query.
    folder : Path
        ``queries/`` of the data.
    """
    terms = neutral_terms()
    found = [
        *single_terms(corpus),
        *from_game((folder / "search_benchmark_game_queries.jsonl").read_text("utf-8").splitlines(), corpus, terms),
        *from_texts(
            (folder / "short_web_2000.txt").read_text("utf-8").splitlines(),
            (folder / "questions_1000.txt").read_text("utf-8").splitlines(),
            corpus,
            terms,
        ),
        *stop_words(corpus),
        *prefixes(corpus),
    ]
    chosen: list[Question] = []
    for label in CLASSES:
        chosen += evenly([question for question in dict.fromkeys(found) if question.label == label], per_class)
    return chosen


def evenly(items: Sequence[Anything], count: int) -> list[Anything]:
    """At most `count` of the items, evenly spread over them, in their order."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def single_terms(corpus: Corpus, count: int = 200) -> list[Question]:
    """One word each, drawn from the vocabulary by how many documents hold it."""
    whole = corpus.documents
    bands = {
        "term frequent": (max(2, whole // 50), whole),
        "term mid": (max(2, whole // 2_000), max(2, whole // 200)),
        "term rare": (2, min(20, max(2, whole // 2_000))),
    }
    questions: list[Question] = []
    for label, (low, high) in bands.items():
        words = sorted(term for term, n in corpus.frequencies.items() if low <= n <= high and term.isalpha())
        words = [term for term in words if not term.startswith("zz")]
        drawn = random.Random(SEED).sample(words, min(count, len(words)))
        questions += [Question(label, "term", (term,)) for term in drawn]
    return questions


def from_game(lines: Iterable[str], corpus: Corpus, terms: Callable[[str], list[str]]) -> list[Question]:
    """Unions, intersections and phrases of the search benchmark game: JSON lines with `query` and `tags`."""
    questions: list[Question] = []
    for line in lines:
        record = json.loads(line)
        for tag in record["tags"]:
            kind, _, number = tag.partition(":num_tokens_")
            label = _GAME.get((kind, number))
            if label:
                question = make(label, _KINDS[kind], terms(record["query"].replace("+", " ")), corpus)
                questions += [question] if question else []
    return questions


def make(label: str, kind: Kind, words: Sequence[str], corpus: Corpus) -> Question | None:
    """A question of words, or None where the corpus makes another kind of it: too few words, or a missing one."""
    known = [word for word in words if corpus.frequencies[word]]
    if kind == "or":
        known = list(dict.fromkeys(known))
        least = {"or 2": 2, "or 3": 3, "or 4+": 4, "or 5+": 5}.get(label, 2)
        return Question(label, kind, tuple(known)) if len(known) >= least else None
    if len(known) < len(words):
        return None
    if kind == "and":
        known = list(dict.fromkeys(known))
        return Question(label, kind, tuple(known)) if len(known) >= (2 if label == "and 2" else 3) else None
    return Question(label, kind, tuple(known)) if len(known) > 1 else None


def from_texts(
    web: Iterable[str], asked: Iterable[str], corpus: Corpus, terms: Callable[[str], list[str]]
) -> list[Question]:
    """What people typed: web queries of five words and more, and questions with stop words in them."""
    stops = {term for word in STOP_WORDS for term in terms(word)}
    questions = []
    for text in web:
        words = list(dict.fromkeys(terms(text)))
        if len(words) >= 5 and not stops & set(words):
            questions.append(make("or 5+", "or", words, corpus))
    for text in asked:
        words = list(dict.fromkeys(terms(text)))
        if len(words) >= 3 and stops & set(words):
            questions.append(make("question", "or", words, corpus))
    return [question for question in questions if question]


def stop_words(corpus: Corpus, count: int = 100) -> list[Question]:
    """Two to four of the most frequent words each."""
    draw = random.Random(SEED)
    words = [word for word in STOP_WORDS if corpus.frequencies[word]]
    found = (Question("stop words", "or", tuple(draw.sample(words, min(len(words), 2 + i % 3)))) for i in range(count))
    return [question for question in found if len(question.terms) > 1]


def prefixes(corpus: Corpus, count: int = 100) -> list[Question]:
    """The first three to five letters of words, where at most `EXPANSIONS_MAX` words begin with them."""
    draw, words = random.Random(SEED), sorted(corpus.frequencies)
    likely = [word for word in words if word.isalpha() and len(word) > 5 and not word.startswith("zz")]
    found: list[Question] = []
    for word in draw.sample(likely, min(4 * count, len(likely))):
        prefix = word[: draw.choice((3, 4, 5))]
        expansions = bisect.bisect_left(words, prefix + "\x7f") - bisect.bisect_left(words, prefix)
        if 1 < expansions <= EXPANSIONS_MAX and len(found) < count:
            found.append(Question("prefix", "prefix", (prefix,)))
    return found

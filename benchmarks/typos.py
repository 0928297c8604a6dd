"""Slips put into words and queries: misspellings that people made, and fingers that hit the wrong key. Seeded.

What this module does not know: who is to correct them.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LISTS = ("wikipedia_norvig", "norvig_testset1")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_TITLE = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){0,5}")
_TWO_SLIPS, _LETTERS_MIN = 0.35, 4


@dataclass(frozen=True, slots=True)
class Slip:
    """What was typed, and what was meant; `listed` if one of the slips is a misspelling of a list."""

    typed: str
    meant: str
    listed: bool


def read_list(data: Path, name: str) -> list[tuple[str, str]]:
    """Misspelling and correction, in lower case."""
    lines = (data / "spelling" / f"{name}.tsv").read_text(encoding="utf-8").lower().splitlines()
    return [(typed, meant) for typed, meant in (line.split("\t")[:2] for line in lines)]


def neighbours() -> dict[str, str]:
    """The keys beside each key."""
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for place, letter in enumerate(row):
            near = [row[at] for at in (place - 1, place + 1) if 0 <= at < len(row)]
            for other in (number - 1, number + 1):
                if 0 <= other < len(_ROWS):
                    near += [_ROWS[other][at] for at in (place - 1, place, place + 1) if 0 <= at < len(_ROWS[other])]
            found[letter] = "".join(near)
    return found


def slipped(word: str, draw: random.Random, keys: dict[str, str]) -> str:
    """A word after one slip behind its first letter: two letters exchanged, one left out, one too many, or another."""
    place = draw.randrange(1, len(word))
    kind = draw.randrange(4)
    if kind == 0 and place < len(word) - 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    if kind == 2:
        return word[:place] + draw.choice(keys[word[place]]) + word[place + 1 :]
    return word[:place] + draw.choice(word[place] + keys[word[place]]) + word[place:]


def spoiled_titles(titles: Iterable[str], data: Path, count: int, seed: int, *, listed: bool) -> list[Slip]:
    """Titles of one to six ASCII words with one or two slips in them.

    With `listed`, titles are taken that hold a word somebody misspelt, and that misspelling; else misspellings only where
    they come up, and keyboard slips.
    """
    draw, keys = random.Random(seed), neighbours()
    known: defaultdict[str, list[str]] = defaultdict(list)
    for name in LISTS:
        for typed, meant in read_list(data, name):
            if typed != meant and typed.isalpha() and meant.isalpha():
                known[meant].append(typed)
    shuffled = sorted({title.lower() for title in titles if _TITLE.fullmatch(title)})
    draw.shuffle(shuffled)
    found: list[Slip] = []
    for title in shuffled:
        words = title.split()
        long = [place for place, word in enumerate(words) if len(word) >= _LETTERS_MIN]
        misspelt = [place for place in long if words[place] in known]
        if not long or (listed and not misspelt):
            continue
        places = [draw.choice(misspelt or long)]
        if len(long) > 1 and draw.random() < _TWO_SLIPS:
            places.append(draw.choice([place for place in long if place not in places]))
        typed = list(words)
        for place in places:
            word = words[place]
            typed[place] = draw.choice(known[word]) if word in known else slipped(word, draw, keys)
        if typed != words:
            found.append(Slip(" ".join(typed), title, bool(misspelt)))
        if len(found) == count:
            break
    return found

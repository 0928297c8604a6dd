"""Completions by brute force: every word and every title looked at, in plain Python.

Documents are dictionaries of the fields `title` and `text`, of ASCII words with single spaces between them.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

Document = dict[str, str]


def words_of(document: Document) -> list[list[str]]:
    """The words of each field, in lower case."""
    return [document[field].lower().split() for field in ("title", "text")]


def complete(documents: list[Document], typed: str, limit: int) -> list[tuple[str, int, str, int]]:
    """Text, weight, kind and pair count of the best completions of some typed ASCII words, best first."""
    held = Counter(word for document in documents for word in {w for field in words_of(document) for w in field})
    beside = Counter(pair for document in documents for field in words_of(document) for pair in pairwise(field))
    parts = typed.split(" ")
    head, last = " ".join(parts[:-1]), parts[-1]
    before = parts[-2].lower() if len(parts) > 1 else ""
    found = []
    for word, count in held.items():
        together = beside[before, word] if before else 0
        if word.startswith(last.lower()) and (together or (last and not (before and not last))):
            found.append((-together, -count, word))
    start = head + " " if head else ""
    words = [(start + word, -count, "word", -together) for together, count, word in sorted(found)[:limit]]
    titles = Counter(" ".join(document["title"].lower().split()) for document in documents)
    spelled: dict[str, Counter[str]] = {}
    for document in documents:
        spelled.setdefault(" ".join(document["title"].lower().split()), Counter())[document["title"]] += 1
    shown = {key: min(forms, key=lambda form: (-forms[form], form)) for key, forms in spelled.items()}
    begin = " ".join(typed.lower().split()) + (" " if typed.endswith(" ") else "")
    matching = [key for key in titles if key and begin and key.startswith(begin)]
    matching.sort(key=lambda key: (-titles[key], len(shown[key]), key))
    known = {text.lower() for text, *_ in words}
    whole = [(shown[key], titles[key], "title", 0) for key in matching[:limit] if shown[key].lower() not in known]
    share = max((limit + 1) // 2, limit - len(whole))
    words = words[:share]
    return words + whole[: limit - len(words)]

"""Completions by brute force: every word and every title looked at, in plain Python.

Documents are dictionaries of the fields `title` and `text`, of ASCII words with single spaces between them.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

Document = dict[str, str]
LITTLE, FORGIVEN_FROM, TWICE_FROM = 3, 4, 8


def words_of(document: Document) -> list[list[str]]:
    """The words of each field, in lower case."""
    return [document[field].lower().split() for field in ("title", "text")]


def slips(typed: str, word: str) -> int:
    """The fewest letters more, less, other, or pairs of neighbours exchanged, by which `typed` differs from a beginning of
    `word`, all after the first letter, no letter being part of two of them; by the textbook's table."""
    if not word or word[0] != typed[0]:
        return len(typed)
    a, b = typed[1:], word[1:]
    rows = [list(range(len(b) + 1))]
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            best = min(rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]), rows[i - 1][j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return min(rows[-1])


def kind_of_slip(typed: str, word: str) -> int:
    """0 if a word begins as typed, 1 if it does with two letters exchanged, 2 with any one slip, 3 with two, 4 with more."""
    swapped = [typed[:p] + typed[p + 1] + typed[p] + typed[p + 2 :] for p in range(1, len(typed) - 1)]
    if word.startswith(typed):
        return 0
    if word.startswith(tuple(swapped)):
        return 1
    return min(slips(typed, word) + 1, 4)


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
    offered = words + whole[: limit - len(words)]
    for kind in (1, 2, 3):
        few = len(offered) < min(LITTLE, limit) and len(last) >= FORGIVEN_FROM
        if not few or (kind == 3 and (offered or len(last) < TWICE_FROM)):
            break
        texts = {text.lower() for text, *_ in offered}
        forgiven = sorted(
            (-(beside[before, word] if before else 0), -count, word)
            for word, count in held.items()
            if kind_of_slip(last.lower(), word) == kind and (start + word).lower() not in texts
        )
        offered += [(start + word, -count, "word", -together) for together, count, word in forgiven][
            : limit - len(offered)
        ]
    return offered

"""BM25F in plain Python floats: the judge of every faster scorer. Imports nothing of the product, and no NumPy.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section 3.6, with an idf that
cannot be negative and without the constant factor (k1 + 1):

    f(leaf, document)  = sum over fields, in schema order, of  weight * tf / ((1 - b) + b * (length / mean length))
    idf(leaf)          = ln(1 + (N - n + 0.5) / (n + 0.5))
    score(document)    = sum over the leaves that occur in it, in order, of  multiplicity * (idf * (f / (f + k1)))

N counts the documents; n those in which the leaf occurs in any text field, even where the leaf itself may look only
into some. A phrase has the sum of its terms' idfs, and as its tf the number of positions it starts at, or with a slop the
number of its minimal intervals in a field (see `boolean.py`). A prefix or a wildcard stands for all terms it covers as if they were one. Sums are made in float64 in the order written; the score is then rounded
to float32. Higher scores come first and, among equal float32 scores, the document that arrived first.

Leaves are tuples as in `boolean.py`, ``fields`` being the names of the fields the leaf may look into:
("term", term, fields), ("phrase", terms, fields), ("near", terms, slop, fields), ("prefix", prefix, also, fields),
("wildcard", pattern, fields).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.reference.boolean import fits, minimal_intervals

Document = Mapping[str, Sequence[str]]
Leaf = tuple[Any, ...]
Places = dict[int, dict[str, list[int]]]  # document -> field -> positions


class Collection:
    """Documents in order of arrival, read once; only what the given leaves need is remembered of them.

    Parameters
    ----------
    documents : iterable of mappings
        Text field name to list of terms; position is the index in that list.
    weights : mapping
        Each text field's weight, in schema order.
    leaves : iterable of leaves, optional
        Those that will be scored. Without them every term is remembered.
    """

    def __init__(
        self, documents: Iterable[Document], weights: Mapping[str, float], leaves: Iterable[Leaf] | None = None
    ) -> None:
        self.weights = dict(weights)
        self.lengths: dict[str, list[int]] = {field: [] for field in weights}
        self.count = 0
        self.places: dict[str, Places] = {}
        wanted, prefixes = _needs(leaves) if leaves is not None else (set(), ("",))
        for number, document in enumerate(documents):
            self.count += 1
            for field in self.weights:
                terms = document.get(field, ())
                self.lengths[field].append(len(terms))
                for position, term in enumerate(terms):
                    if term in wanted or term.startswith(prefixes):
                        places = self.places.setdefault(term, {}).setdefault(number, {})
                        places.setdefault(field, []).append(position)
        self.means = {field: sum(self.lengths[field]) / self.count if self.count else 0.0 for field in weights}

    def idf(self, leaf: Leaf) -> float:
        """Rarity of a leaf over all documents and all text fields."""
        if leaf[0] in ("phrase", "near"):
            return sum((self._idf(len(self.places.get(term, {}))) for term in leaf[1]), 0.0)
        if leaf[0] in ("prefix", "wildcard"):
            return self._idf(len({number for term in self._covered(leaf) for number in self.places[term]}))
        return self._idf(len(self.places.get(leaf[1], {})))

    def _idf(self, n: int) -> float:
        return math.log(1 + (self.count - n + 0.5) / (n + 0.5)) if n else 0.0

    def _covered(self, leaf: Leaf) -> list[str]:
        if leaf[0] == "wildcard":
            return [term for term in self.places if fits(leaf[1], term)]
        _, prefix, also, _ = leaf
        return [term for term in self.places if term.startswith(prefix) or term in also]

    def frequencies(self, leaf: Leaf) -> dict[int, dict[str, int]]:
        """How often a leaf occurs, by document and field, in the fields it may look into."""
        kind, fields = leaf[0], leaf[-1]
        terms = (
            self._covered(leaf)
            if kind in ("prefix", "wildcard")
            else list(leaf[1])
            if kind in ("phrase", "near")
            else [leaf[1]]
        )
        numbers = {number for term in terms for number in self.places.get(term, {})}
        found: dict[int, dict[str, int]] = {}
        for number in numbers:
            for field in fields:
                positions = [self.places.get(term, {}).get(number, {}).get(field, []) for term in terms]
                if kind == "phrase":
                    later = [set(where) for where in positions]
                    tf = sum(all(p + i in where for i, where in enumerate(later)) for p in positions[0])
                elif kind == "near":
                    text = [""] * self.lengths[field][number]
                    for term, where in zip(terms, positions, strict=True):
                        for position in where:
                            text[position] = term
                    tf = len(minimal_intervals(text, leaf[1], leaf[2]))
                else:
                    tf = sum(map(len, positions))
                if tf:
                    found.setdefault(number, {})[field] = tf
        return found

    def scores(self, scored: Iterable[tuple[Leaf, int]], *, k1: float = 1.2, b: float = 0.75) -> dict[int, float]:
        """float32 scores, as Python floats, of every document in which at least one of the leaves occurs."""
        totals: dict[int, float] = {}
        for leaf, multiplicity in scored:
            idf = self.idf(leaf)
            for number, by_field in self.frequencies(leaf).items():
                f = 0.0
                for field, weight in self.weights.items():
                    tf = by_field.get(field, 0)
                    if tf > 0:
                        length = self.lengths[field][number]
                        f += weight * tf / ((1 - b) + b * (length / self.means[field]))
                totals[number] = totals.get(number, 0.0) + multiplicity * (idf * (f / (f + k1)))
        return {number: as_float32(total) for number, total in totals.items()}

    def top(
        self, found: Iterable[int], scored: Iterable[tuple[Leaf, int]], k: int, *, k1: float = 1.2, b: float = 0.75
    ) -> list[tuple[int, float]]:
        """The k best of the documents found, best first, with their scores; 0.0 where no leaf occurs."""
        scores = self.scores(scored, k1=k1, b=b)
        return sorted(((number, scores.get(number, 0.0)) for number in found), key=lambda hit: (-hit[1], hit[0]))[:k]


def as_float32(value: float) -> float:
    """The nearest float32, as a Python float."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    return float(rounded)


def _needs(leaves: Iterable[Leaf]) -> tuple[set[str], tuple[str, ...]]:
    """The terms, and the beginnings of terms, that leaves ask for."""
    terms: set[str] = set()
    prefixes: list[str] = []
    for leaf in leaves:
        if leaf[0] == "prefix":
            prefixes.append(leaf[1])
            terms.update(leaf[2])
        elif leaf[0] == "wildcard":
            prefixes.append("")
        elif leaf[0] in ("phrase", "near"):
            terms.update(leaf[1])
        else:
            terms.add(leaf[1])
    return terms, tuple(prefixes)

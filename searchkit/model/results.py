"""What a search gives back: light objects that show themselves.

A `Hit` knows its place and score; its record is read when a field is first looked at, and its snippet made
then. So a search that nobody reads costs nothing for reading. Hits hold on to the snapshot they came from
and stay valid through later commits and merges. What this module does not know: how any of it was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, SupportsIndex, overload

from searchkit.model.snippet import Snippet

HIT_FIELDS = ("id", "url", "title", "snippet", "score", "last_crawled")


class Shelf(Protocol):
    """Where hits fetch what they show: a snapshot, seen from here."""

    def id(self, place: int) -> str:
        """The id of the document at a place."""
        ...

    def record(self, place: int) -> dict[str, Any]:
        """The stored record of the document at a place."""
        ...

    def snippet(self, record: dict[str, Any]) -> Snippet:
        """The piece of a record that shows why it was found."""
        ...


class Hit:
    """One document found.

    Attributes
    ----------
    place : int
        Order of arrival of the document in its snapshot.
    score : float
        BM25F, a float32 value; 0 for a document that no ranked word of the query occurs in.
    """

    __slots__ = ("_record", "_shelf", "_snippet", "place", "score")

    def __init__(self, place: int, score: float, shelf: Shelf) -> None:
        self.place = place
        self.score = score
        self._shelf = shelf

    @property
    def fields(self) -> dict[str, Any]:
        """The whole stored record. Read from disk when it is first asked for."""
        try:
            return self._record
        except AttributeError:
            self._record: dict[str, Any] = self._shelf.record(self.place)
            return self._record

    @property
    def id(self) -> str:
        """The id the document was added under. Found without reading the record."""
        return self._shelf.id(self.place)

    @property
    def url(self) -> str:
        """Its ``url``, or "" if it has none."""
        return _text(self.fields.get("url"))

    @property
    def title(self) -> str:
        """Its ``title``, or "" if it has none."""
        return _text(self.fields.get("title"))

    @property
    def last_crawled(self) -> str | None:
        """When it was fetched, ISO 8601 in UTC, or None."""
        value = self.fields.get("last_crawled")
        return None if value is None else str(value)

    @property
    def snippet(self) -> Snippet:
        """The piece of its text where the query's words stand densest, with their offsets."""
        try:
            return self._snippet
        except AttributeError:
            self._snippet: Snippet = self._shelf.snippet(self.fields)
            return self._snippet

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``--json`` prints it; the snippet as plain text."""
        values = {name: getattr(self, name) for name in HIT_FIELDS}
        return {**values, "snippet": str(self.snippet)}

    def __repr__(self) -> str:
        return f"Hit(id={self.id!r}, title={self.title!r}, score={self.score:.4f})"


class Hits(tuple[Hit, ...]):
    """The hits of a search, best first."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Hits: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Hit | Hits:
        found = tuple.__getitem__(self, index)
        return Hits(found) if isinstance(found, tuple) else found

    def __repr__(self) -> str:
        return f"<{len(self)} hits>"


def hits_of(pairs: Iterable[tuple[int, float]], shelf: Shelf) -> Hits:
    """Hits of places and scores, best first."""
    hits = []
    for place, score in pairs:  # Every search that is looked at comes by here, and mostly with a few: the quickest way.
        hits.append(Hit(place, score, shelf))
    return Hits(hits)


class Found(Protocol):
    """What a search knows of its answer, seen from here; each is worked out when it is first asked for."""

    def total(self) -> int:
        """Documents that match."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """What of the query was not understood."""
        ...

    def corrections(self) -> tuple[str, ...]:
        """Better spellings that find more."""
        ...


class Results:
    """The answer to a query.

    Parameters
    ----------
    made : tuple of function, tuple
        What makes what was found and its hits, and its arguments: it is called when somebody looks.

    Attributes
    ----------
    query : str
        As it was asked.
    took_ms : float
        Milliseconds from query string to ranked hits, without reading any record.
    generation : int
        The commit that was searched.
    """

    __slots__ = ("_hits", "_made", "generation", "query", "took_ms")

    def __init__(
        self,
        query: str,
        made: tuple[Callable[..., tuple[Found, Hits]], tuple[Any, ...]],
        took_ms: float,
        generation: int,
    ) -> None:
        self.query = query
        self.took_ms = took_ms
        self.generation = generation
        self._made: Found | tuple[Callable[..., tuple[Found, Hits]], tuple[Any, ...]] = made
        self._hits: Hits | None = None

    def _found(self) -> Found:
        found = self._made
        if isinstance(found, tuple):
            make, arguments = found
            found, self._hits = make(*arguments)
            self._made = found  # After the hits: whoever sees it, sees them.
        return found

    @property
    def hits(self) -> Hits:
        """Best first: by score, then by order of arrival."""
        if self._hits is None:
            self._found()
        return self._hits  # type: ignore[return-value]  # It has them now.

    @property
    def total(self) -> int:
        """Documents that match. Finding the best does not need this number, so it is counted when asked for."""
        return self._found().total()

    @property
    def total_relation(self) -> str:
        """``"eq"`` if `total` is exact, as it is here; ``"gte"`` if there might be more."""
        return "eq"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the query was not understood, or cut, and how it was read instead."""
        return self._found().warnings()

    @property
    def corrections(self) -> tuple[str, ...]:
        """Better spellings that find more, best first; none where all words of the query occur together somewhere.

        Worked out when it is looked at; `Snapshot.correct` tells more.
        """
        return self._found().corrections()

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __repr__(self) -> str:
        return f"Results(query={self.query!r}, hits={self.hits!r}, took_ms={self.took_ms:.3f})"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``query --json`` prints it."""
        return {
            "query": self.query,
            "total": self.total,
            "total_relation": self.total_relation,
            "took_ms": round(self.took_ms, 3),
            "generation": self.generation,
            "corrections": list(self.corrections),
            "warnings": list(self.warnings),
            "hits": [hit.to_dict() for hit in self.hits],
        }

    def _repr_html_(self) -> str:
        from searchkit.model.markup import results_html

        return results_html(self.query, self.total, self.total_relation, self.took_ms, self.hits)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)

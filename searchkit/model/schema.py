"""Which fields a document has, and what is done with each.

A schema is fixed when an index is created and stored in its catalog. Weights are not baked into an index:
they are read at query time and may change without indexing again (`Schema.with_weights`). Every document
also has `id` and may carry any other key; keys the schema does not name are stored and given back, but not
searched. What this module does not know: how text becomes terms (`analysis/`) and where fields are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

from searchkit import limits
from searchkit.errors import SchemaError

RESERVED: frozenset[str] = frozenset({"id"})


@dataclass(frozen=True, slots=True)
class Text:
    """Words to be searched and ranked.

    Parameters
    ----------
    weight : float, `limits.PARAMETER_MIN` to `limits.PARAMETER_MAX`
        How much an occurrence in this field counts against one in another (BM25F's field weight).
    language : str or None
        A language code whose stemmer is used, such as ``"en"``; ``"none"`` for no stemming. All text fields
        of a schema share one, because a term's postings cover all of them; None takes the others'.
    """

    weight: float = 1.0
    language: str | None = None
    kind: ClassVar[str] = "text"


@dataclass(frozen=True, slots=True)
class Keyword:
    """An exact value or a list of them (tags, an author, a host): matched whole, never ranked.

    A value of more than `limits.TERM_BYTES_MAX` bytes is stored but cannot be searched for; a query that does
    is warned.
    """

    kind: ClassVar[str] = "keyword"


@dataclass(frozen=True, slots=True)
class Number:
    """A number (int or float, kept as float64) that queries can compare: ``year:2010..2020``."""

    kind: ClassVar[str] = "number"


@dataclass(frozen=True, slots=True)
class Date:
    """A moment: ISO 8601 text or a datetime, kept as seconds since 1970 in UTC: ``published:>=2024-05``."""

    kind: ClassVar[str] = "date"


Field: TypeAlias = Text | Keyword | Number | Date
_KINDS: dict[str, type[Field]] = {kind.kind: kind for kind in (Text, Keyword, Number, Date)}


def _is_weight(value: object) -> bool:
    return isinstance(value, (int, float)) and limits.PARAMETER_MIN <= value <= limits.PARAMETER_MAX


class Schema(Mapping[str, Field]):
    """An ordered mapping of field names to `Text`, `Keyword`, `Number` or `Date`.

    Raises
    ------
    SchemaError
        If a name is not an identifier or is ``id``, no field is `Text`, there are more than
        `limits.FIELDS_MAX` text fields, a weight is not a finite number above 0, or languages differ.

    Examples
    --------
    >>> schema = Schema(title=Text(weight=2.0), text=Text(language="en"), year=Number())
    >>> schema.text_fields, schema.language
    (('title', 'text'), 'en')
    """

    __slots__ = ("_fields", "language", "text_fields")

    def __init__(self, **fields: Field) -> None:
        for name, field in fields.items():
            if name in RESERVED or not name.isidentifier():
                raise SchemaError(f"{name!r} cannot be the name of a field")
            if not isinstance(field, (Text, Keyword, Number, Date)):
                raise SchemaError(f"{name}: a field is Text(), Keyword(), Number() or Date(), not {field!r}")
        texts = {name: field for name, field in fields.items() if isinstance(field, Text)}
        if not texts:
            raise SchemaError("a schema needs at least one Text field", hint="Add text=Text().")
        if len(texts) > limits.FIELDS_MAX:
            raise SchemaError(f"{len(texts)} text fields; at most {limits.FIELDS_MAX} are possible")
        for name, text in texts.items():
            if not _is_weight(text.weight):
                raise SchemaError(
                    f"{name}: a weight is a finite number above 0, not {text.weight!r}",
                    hint=f"From {limits.PARAMETER_MIN:g} to {limits.PARAMETER_MAX:g} is possible.",
                )
            if text.language is not None and not isinstance(text.language, str):
                raise SchemaError(f"{name}: a language is a text such as 'en', not {text.language!r}")
        languages = {text.language for text in texts.values() if text.language is not None}
        if len(languages) > 1:
            raise SchemaError(
                f"text fields of one index share a language; these name {', '.join(sorted(languages))}",
                hint="Make one index per language, or use language='none' for all.",
            )
        self._fields = dict(fields)
        self.text_fields: tuple[str, ...] = tuple(texts)
        self.language: str = languages.pop() if languages else "en"

    @classmethod
    def page(cls, language: str = "en") -> Schema:
        """The schema of documents that name none: a web page, with the texts of links that lead to it."""
        return cls(
            title=Text(weight=2.0, language=language),
            text=Text(weight=1.0, language=language),
            url=Text(weight=0.5, language=language),
            anchors=Text(weight=1.0, language=language),
            language=Keyword(),
            last_crawled=Date(),
        )

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of `text_fields`, in their order."""
        return tuple(field.weight for field in self._fields.values() if isinstance(field, Text))

    @property
    def all_text_mask(self) -> int:
        """A mask with one bit for each of `text_fields`; bit i stands for the i-th."""
        return (1 << len(self.text_fields)) - 1

    def with_weights(self, **weights: float) -> Schema:
        """The same schema with other weights for some text fields."""
        fields = dict(self._fields)
        for name, weight in weights.items():
            field = fields.get(name)
            if not isinstance(field, Text):
                raise SchemaError(f"{name!r} is not a text field", hint=f"Text fields: {', '.join(self.text_fields)}.")
            fields[name] = replace(field, weight=weight)
        return Schema(**fields)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain data for the catalog; `from_dict` gives the same schema back."""
        return {
            name: {"kind": field.kind, **{slot: getattr(field, slot) for slot in field.__slots__}}
            for name, field in self._fields.items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, Any]]) -> Schema:
        """Rebuild what `to_dict` gave."""
        fields: dict[str, Field] = {}
        for name, described in data.items():
            rest = dict(described)
            fields[name] = _KINDS[rest.pop("kind")](**rest)
        return cls(**fields)

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and list(self._fields.items()) == list(other._fields.items())

    def __hash__(self) -> int:
        return hash(tuple(self._fields.items()))

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{name}={field!r}' for name, field in self._fields.items())})"

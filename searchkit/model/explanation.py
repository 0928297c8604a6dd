"""A score taken apart, as `explain` gives it back: for people to read and for programs to add up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldPart:
    """What one field adds to the f of one leaf: ``weight * frequency / norm``."""

    field: str
    weight: float
    frequency: int
    length: int
    mean_length: float
    norm: float
    f: float


@dataclass(frozen=True, slots=True)
class LeafPart:
    """What one word, phrase or prefix adds to a score: ``times * idf * f / (f + k1)``."""

    leaf: str
    times: int
    document_frequency: int
    idf: float
    f: float
    score: float
    fields: tuple[FieldPart, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart. `matches` says whether the document is a result of the query at all.

    The parts of a score are summed in their order in float64 and rounded to float32.
    """

    id: str
    matches: bool
    score: float
    documents: int
    k1: float
    b: float
    parts: tuple[LeafPart, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.score:.6f} {self.id}" + ("" if self.matches else "  (not a result of this query)")]
        for part in self.parts:
            lines.append(
                f"  {part.score:.6f} {part.leaf} = {part.times} x idf {part.idf:.4f} "
                f"({part.document_frequency:,} of {self.documents:,} documents) x {part.f:.4f} / ({part.f:.4f} + {self.k1})"
            )
            lines += [
                f"    {field.f:.4f} {field.field} = {field.weight} x {field.frequency} / {field.norm:.4f} "
                f"(length {field.length}, mean {field.mean_length:.1f}, b {self.b})"
                for field in part.fields
            ]
        return "\n".join(lines)

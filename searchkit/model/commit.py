"""What a commit did, as it is acknowledged."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit did.

    Attributes
    ----------
    generation : int
        Of the index after it.
    documents : int
        Live documents after it.
    added, updated, unchanged, deleted : int
        Documents since the commit before it.
    """

    generation: int
    documents: int
    added: int
    updated: int
    unchanged: int
    deleted: int

    def to_dict(self) -> dict[str, int]:
        """Plain data."""
        return asdict(self)

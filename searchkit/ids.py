"""Names for what identifies things, and where each name holds.

An id is not a count and not a size: a `DocId` identifies a document inside one segment only, in order of
arrival. Outside the index a document is named by its `id` field, a string, which never changes.
"""

from __future__ import annotations

from typing import TypeAlias

DocId: TypeAlias = int
"""Position of a document in its segment, from 0, in order of arrival. Meaningless in another segment."""

TermId: TypeAlias = int
"""Number of a term in its segment, from 0, in the trie's order. Meaningless in another segment."""

SegmentId: TypeAlias = str
"""Name of a segment, unique in its index for ever: 16 hexadecimal digits."""

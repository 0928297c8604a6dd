"""searchkit: an embedded full-text search engine.

    import searchkit

    with searchkit.create("site") as index:
        with index.writer() as writer:
            writer.add({"id": "1", "title": "Roaring bitmaps", "text": "Compressed sets of integers."})
        for hit in index.search("bitmaps").hits:
            print(hit.score, hit.title, hit.snippet)

Names are loaded when they are first used, so importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.engine import Index, Snapshot, create, open
    from searchkit.errors import SearchkitError
    from searchkit.index.writer import IndexWriter as Writer
    from searchkit.model.commit import Commit
    from searchkit.model.explanation import Explanation
    from searchkit.model.results import Hit, Results
    from searchkit.model.schema import Date, Keyword, Number, Schema, Text
    from searchkit.model.snippet import Snippet
    from searchkit.model.suggestions import Correction, Suggestion

__version__ = "0.1.0"

_HOMES = {
    "Commit": "searchkit.model.commit",
    "Date": "searchkit.model.schema",
    "Explanation": "searchkit.model.explanation",
    "Hit": "searchkit.model.results",
    "Index": "searchkit.engine",
    "Keyword": "searchkit.model.schema",
    "Number": "searchkit.model.schema",
    "Results": "searchkit.model.results",
    "Schema": "searchkit.model.schema",
    "SearchkitError": "searchkit.errors",
    "Snapshot": "searchkit.engine",
    "Snippet": "searchkit.model.snippet",
    "Suggestion": "searchkit.model.suggestions",
    "Text": "searchkit.model.schema",
    "Writer": "searchkit.index.writer:IndexWriter",
    "create": "searchkit.engine",
    "open": "searchkit.engine",
}

__all__ = [
    "Commit",
    "Correction",
    "Date",
    "Explanation",
    "Hit",
    "Index",
    "Keyword",
    "Number",
    "Results",
    "Schema",
    "SearchkitError",
    "Snapshot",
    "Snippet",
    "Suggestion",
    "Text",
    "Writer",
    "__version__",
    "create",
    "open",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        home, _, called = _HOMES[name].partition(":")
        return getattr(importlib.import_module(home), called or name)
    raise AttributeError(f"module 'searchkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

"""`searchkit merge`: rewrite the index as one segment."""

from __future__ import annotations

import searchkit
from cli.options import Directory
from cli.terminal import Terminal


def merge(directory: Directory) -> None:
    """Example: searchkit merge site

    Rewrite the index as one segment, without what was deleted or replaced. Hits, scores and order stay the same;
    searches get faster and disk space comes back. While it runs both copies are on disk. A kill loses nothing.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index:
        before = index.stats()
        index.merge()
        after = index.stats()
    terminal.line(f"{before['segments']} segments are now {after['segments']}, with {after['documents']:,} documents")

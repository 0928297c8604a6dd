"""`searchkit stats`: what is in the index, counted."""

from __future__ import annotations

import searchkit
from cli.options import Directory, Json
from cli.terminal import Terminal


def stats(directory: Directory, as_json: Json = False) -> None:
    """Example: searchkit stats site

    Count what is in the index: documents, segments, bytes on disk.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index:
        counted = dict(index.stats())
    if as_json:
        terminal.json(counted)
        return
    width = max(map(len, counted))
    for name, value in counted.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        terminal.line(f"{name.replace('_', ' '):<{width}}  {shown}")

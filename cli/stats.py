"""`searchkit stats`: what is in the index, counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    for name, value in counted.items():
        _show(terminal, name, value)


def _show(terminal: Terminal, name: str, value: Any, indent: str = "") -> None:
    label = f"{indent}{name.replace('_', ' ') if not indent else name}"
    if isinstance(value, Mapping):
        terminal.line(label)
        for inner, part in value.items():
            _show(terminal, inner, part, indent + "  ")
    else:
        terminal.line(f"{label:<24} {f'{value:,}' if isinstance(value, int | float) else value}")

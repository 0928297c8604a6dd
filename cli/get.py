"""`searchkit get`: one document as it is stored."""

from __future__ import annotations

from typing import Annotated

import typer

import searchkit
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.model.snippet import safe_text


def get(
    directory: Directory,
    id: Annotated[str, typer.Argument(metavar="ID", help="Its id; of a crawled page its URL.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Example: searchkit get site https://example.org/rye

    Show one document, field by field. Exits with 1 if there is none with this id.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index:
        record = index.get(id)
    if as_json:
        terminal.json(record)
        return
    for name, value in record.items():
        values = value if isinstance(value, list) else [value]
        texts = "\n".join(map(str, values)).splitlines() or [""]
        terminal.line(f"{terminal.style(safe_text(name) + ':', 'bold')} {safe_text(texts[0])}")
        for text in texts[1:]:
            terminal.line(f"  {safe_text(text)}")

"""`searchkit delete`: take documents out of the index."""

from __future__ import annotations

from typing import Annotated

import typer

import searchkit
from cli.exits import Status
from cli.options import Directory
from cli.terminal import Terminal
from searchkit.errors import DocumentMissing
from searchkit.model.snippet import safe_text


def delete(
    directory: Directory,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids; of crawled pages their URLs.")],
) -> Status:
    """Example: searchkit delete site https://example.org/rye https://example.org/letter

    Take documents out of the index, all in one commit. Exits with 1 if some id was not there; the others are deleted
    all the same. A crawled page comes back when it is fetched and indexed again.
    """
    terminal = Terminal.of_process()
    missing = []
    with searchkit.open(directory) as index, index.writer() as writer:
        for id in dict.fromkeys(ids):
            try:
                index.get(id)
            except DocumentMissing:
                missing.append(id)
            else:
                writer.delete(id)
    for id in missing:
        terminal.warn(f"there is no document with the id {safe_text(id)!r}")
    terminal.line(f"{len(dict.fromkeys(ids)) - len(missing)} deleted")
    return Status.NOTHING if missing else Status.DONE

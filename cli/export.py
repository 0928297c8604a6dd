"""`searchkit export`: every document as a JSON line."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer

import searchkit
from cli.options import Directory
from cli.terminal import Terminal, to_json


def export(
    directory: Directory,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout.", show_default=False),
    ] = None,
) -> None:
    """Example: searchkit export site -o site.jsonl

    Write every document as one line of JSON, in order of arrival. `searchkit index` reads it back. A file named with
    -o appears whole or not at all.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index, index.snapshot() as snapshot, _destination(output, terminal) as file:
        count = 0
        with terminal.progress("exporting", snapshot.documents, "documents") as show:
            for record in snapshot.export():
                file.write(to_json(record) + "\n")
                count += 1
                show(count, "")
    if output:
        terminal.note(f"{count:,} documents in {output}")


@contextlib.contextmanager
def _destination(output: Path | None, terminal: Terminal) -> Iterator[TextIO]:
    if output is None:
        yield terminal.stdout
        return
    with tempfile.NamedTemporaryFile(
        "w", dir=output.parent, prefix=f".{output.name}.", encoding="utf-8", newline="\n", delete=False
    ) as file:
        try:
            yield cast("TextIO", file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(output)

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
from searchkit.errors import SourceError
from searchkit.index.catalog import INDEX_DIRECTORY
from searchkit.pages.store import FILE_NAME as PAGES_FILE
from searchkit.pages.store import LOCK_NAME


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
    _refuse_own_files(directory, output)
    with searchkit.open(directory) as index, index.snapshot() as snapshot, _destination(output, terminal) as file:
        count = 0
        with terminal.progress("exporting", snapshot.documents, "documents") as show:
            for record in snapshot.export():
                file.write(to_json(record, file) + "\n")
                count += 1
                show(count, "")
    if output:
        terminal.note(f"{count:,} documents in {output}")


def _refuse_own_files(directory: Path, output: Path | None) -> None:
    """See that what is exported does not replace what it comes from, under whatever name.

    Raises
    ------
    SourceError
        If the file belongs to the collection.
    """
    if output is None or str(output) == "-":
        return
    index, pages = directory / INDEX_DIRECTORY, directory / PAGES_FILE
    there = output.resolve()
    own = [pages, Path(f"{pages}-lock"), directory / LOCK_NAME]
    same = [path for path in (*own, *index.rglob("*")) if path.exists() and output.exists() and path.samefile(output)]
    if same or there.is_relative_to(index.resolve()) or there in {path.resolve() for path in own}:
        raise SourceError(
            str(output),
            f"is a file of the collection {directory} itself",
            hint="Write the export somewhere else, such as beside that directory.",
        )


@contextlib.contextmanager
def _destination(output: Path | None, terminal: Terminal) -> Iterator[TextIO]:
    if output is None or str(output) == "-":
        yield terminal.stdout
        return
    if output.exists() and not output.is_file() and not output.is_dir():
        with output.open("w", encoding="utf-8") as device:  # A pipe or a device cannot be replaced, only written to.
            yield device
        return
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - replaced, or removed, below
        "w", dir=output.parent, prefix=f".{output.name}.", encoding="utf-8", newline="\n", delete=False
    )
    try:
        with file:
            yield cast("TextIO", file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o666 & ~_umask())  # Temporary files are private; what is exported is an ordinary file.
        os.replace(file.name, output)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now

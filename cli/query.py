"""`searchkit query`: the best hits for some words, for people or, with --json, for programs.

One query opens one snapshot and never loads the compiler. `--batch` answers one query a line in order, each as soon as
it is read, and a query that cannot be answered takes only its own line down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

import searchkit
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.errors import LimitExceeded, SearchkitError, SourceError
from searchkit.model.snippet import safe_text
from searchkit.sources.stream import lines, open_bytes

if TYPE_CHECKING:
    from searchkit import Results, Snapshot

LINE_BYTES_MAX = 1 << 20
"""Bytes of one line of --batch. The library cuts a query much earlier; this bounds what is read."""


def query(
    directory: Directory,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY", help='Words, "phrases", +must, -mustnot, field:word, prefix*, AND OR NOT ( ).'),
    ] = None,
    limit: Annotated[int, typer.Option("-k", "--limit", metavar="N", min=0, help="Hits to show.")] = 10,
    mode: Annotated[Literal["any", "all"], typer.Option(help="Documents with any of the words, or with all.")] = "any",
    explain: Annotated[bool, typer.Option("--explain", help="Take each score apart.")] = False,
    batch: Annotated[
        str | None, typer.Option(metavar="FILE", help="Answer one query a line of FILE (or -), as JSON lines.")
    ] = None,
    as_json: Json = False,
) -> Status:
    """Example: searchkit query site rye bread

    Search, best hits first. Any text is a query; what looks like a mistake is answered with a warning. A query that
    begins with - goes after two dashes: searchkit query site -- -rye bread. Exits with 1 if nothing was found.
    """
    terminal = Terminal.of_process()
    if (batch is None) == (not words):
        raise typer.BadParameter("give either a QUERY or --batch FILE")
    with searchkit.open(directory) as index, index.snapshot() as snapshot:
        if batch is not None:
            return answer_batch(terminal, snapshot, batch, limit=limit, mode=mode, explain=explain)
        results = snapshot.search(" ".join(words or ()), limit=limit, mode=mode, engine="numpy")
        if as_json:
            terminal.json(as_dict(results, snapshot if explain else None))
        else:
            show(terminal, results, snapshot if explain else None)
        return Status.DONE if results.hits else Status.NOTHING


def answer_batch(
    terminal: Terminal, snapshot: Snapshot, name: str, *, limit: int, mode: Literal["any", "all"], explain: bool
) -> Status:
    """Answer every line of a file in order; 1 is the status if none of them found anything."""
    found = False
    for text in _queries(name, terminal.stdin):
        try:
            if text is None:
                raise LimitExceeded("the query in bytes", LINE_BYTES_MAX + 1, LINE_BYTES_MAX)
            results = snapshot.search(text, limit=limit, mode=mode)
            answer = as_dict(results, snapshot if explain else None)
            found = found or bool(results.hits)
        except SearchkitError as error:
            answer = {"query": text or "", "error": {"code": code_of(error), "message": str(error)}}
        terminal.json(answer)
    return Status.DONE if found else Status.NOTHING


def _queries(name: str, stdin: BinaryIO) -> Iterator[str | None]:
    """Lines of a file as text, None for one that is too long. Bytes that are not UTF-8 become U+FFFD."""
    if name == "-":
        yield from _decoded(stdin)
        return
    path = Path(name)
    if not path.is_file():
        raise SourceError(name, "there is no such file", hint="It has one query a line.")
    with open_bytes(path) as file:
        yield from _decoded(file)


def _decoded(file: BinaryIO) -> Iterator[str | None]:
    for line in lines(file, LINE_BYTES_MAX):
        yield None if line.content is None else line.content.decode("utf-8", "replace")


def code_of(error: SearchkitError) -> str:
    """The name of an error for programs, such as ``limit_exceeded``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def as_dict(results: Results, explained_by: Snapshot | None = None) -> dict[str, Any]:
    """What --json prints of one query; with `explained_by`, each hit's score taken apart as well."""
    answer = results.to_dict()
    if explained_by is not None:
        for hit in answer["hits"]:
            hit["explanation"] = explained_by.explain(results.query, hit["id"]).to_dict()
    return answer


def show(terminal: Terminal, results: Results, explained_by: Snapshot | None = None) -> None:
    """Print results for people. Everything that came from a page is made safe for a terminal first."""
    for warning in results.warnings:
        terminal.warn(safe_text(warning))
    for number, hit in enumerate(results.hits, 1):
        title = safe_text(hit.title or hit.url or hit.id)
        terminal.line(f"{number:>3}. {terminal.style(title, 'bold')}  {terminal.style(f'{hit.score:.3f}', 'dim')}")
        if (address := hit.url or hit.id) and safe_text(address) != title:
            terminal.line(f"     {terminal.style(safe_text(address), 'green')}")
        if hit.snippet:
            terminal.line(f"     {hit.snippet.to_terminal(terminal.colour())}")
        if explained_by is not None:
            for line in str(explained_by.explain(results.query, hit.id)).splitlines():
                terminal.line(f"       {safe_text(line)}")
    about = "at least " if results.total_relation == "gte" else ""
    documents = "document" if results.total == 1 else "documents"
    terminal.note(f"{len(results.hits)} of {about}{results.total:,} {documents}, {results.took_ms:.1f} ms")

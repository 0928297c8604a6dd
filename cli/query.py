"""`searchkit query`: the best hits for some words, for people or, with --json, for programs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

import searchkit
from cli.answers import answer, answer_batch
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal


def query(
    directory: Directory,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY", help='Words, "phrases", +must, -mustnot, field:word, prefix*, w?ld*card, AND OR NOT ( ).'
        ),
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
    if batch is None:
        return answer(terminal, directory, words or [], limit=limit, mode=mode, explain=explain, as_json=as_json)
    with searchkit.open(directory) as index, index.snapshot() as snapshot:
        return answer_batch(terminal, snapshot, batch, limit=limit, mode=mode, explain=explain)

"""`searchkit correct`: a better spelling of a query, if there is one that finds more."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

import searchkit
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.model.snippet import safe_text


def correct(
    directory: Directory,
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="A query as it was typed.", show_default=False)],
    mode: Annotated[
        Literal["any", "all"], typer.Option(help="Count documents with any of the words, or with all.")
    ] = "any",
    as_json: Json = False,
) -> Status:
    """Example: searchkit correct site rye braed

    Show what was likely meant, why, and how many documents that finds. Exits with 1 if the query is best left alone.
    """
    terminal = Terminal.of_process()
    typed = " ".join(text)
    with searchkit.open(directory) as index, index.snapshot() as snapshot:
        found = snapshot.correct(typed, mode, engine="numpy")
        if as_json:
            correction = None if found is None else found.to_dict()
            terminal.json({"query": typed, "generation": snapshot.generation, "correction": correction})
        elif found is None:
            terminal.note("Nothing to correct.")
        else:
            terminal.line(terminal.style(safe_text(found.text), "bold"))
            terminal.note(safe_text(found.why))
            for other in found.alternatives:
                terminal.line(f"{safe_text(other.text)}  {terminal.style(f'{other.hits:,}', 'dim')}")
    return Status.NOTHING if found is None else Status.DONE

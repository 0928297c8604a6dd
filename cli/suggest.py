"""`searchkit suggest`: what someone who is typing may go on to type."""

from __future__ import annotations

from typing import Annotated

import typer

import searchkit
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.model.snippet import safe_text


def suggest(
    directory: Directory,
    prefix: Annotated[list[str], typer.Argument(metavar="PREFIX", help="What was typed so far.", show_default=False)],
    limit: Annotated[int, typer.Option("-k", "--limit", metavar="N", min=0, max=100, help="Suggestions to show.")] = 8,
    within: Annotated[
        str | None, typer.Option("--within", metavar="QUERY", help="Count only documents this query finds.")
    ] = None,
    site: Annotated[
        str | None, typer.Option("--site", metavar="HOST", help="Count only documents of this host.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="CODE", help="Count only documents in this language.")
    ] = None,
    as_json: Json = False,
) -> Status:
    """Example: searchkit suggest site rye br

    Complete the last word of what was typed, or a whole title, best first. With --within, --site or --language
    everything is as if there were no other documents, numbers included. Exits with 1 if nothing fits.
    """
    terminal = Terminal.of_process()
    typed = " ".join(prefix)
    with searchkit.open(directory) as index, index.snapshot() as snapshot:
        found = snapshot.suggest(typed, limit, within=within, site=site, language=language)
        if as_json:
            suggestions = [suggestion.to_dict() for suggestion in found]
            terminal.json({"prefix": typed, "generation": snapshot.generation, "suggestions": suggestions})
        else:
            for suggestion in found:
                what = f"{suggestion.kind}, {suggestion.weight:,}"
                terminal.line(f"{safe_text(suggestion.text)}  {terminal.style(what, 'dim')}")
    return Status.DONE if found else Status.NOTHING

"""`searchkit queries`: the query log: turned on and off, shown, and what is in it forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

import searchkit
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.model.snippet import safe_text


def queries(
    directory: Directory,
    on: Annotated[
        bool | None, typer.Option("--on/--off", help="Keep queries from now on, or keep none and remove those kept.")
    ] = None,
    forget: Annotated[str | None, typer.Option("--forget", metavar="QUERY", help="Take one query out.")] = None,
    limit: Annotated[int, typer.Option("-k", "--limit", metavar="N", min=0, help="Queries to show.")] = 20,
    as_json: Json = False,
) -> Status:
    """Example: searchkit queries site --on

    Show which queries were asked most often. They are kept, for `suggest`, only where the owner of a collection turned
    that on. Kept is the text of a query that found something and how often it was asked: no time, no address, no user;
    and it never leaves the directory. A query asked once is offered to nobody. Exits with 1 if there are none to show.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index:
        log = index.query_log
        if on is not None:
            (log.enable if on else log.disable)()
        if forget is not None and not log.forget(forget):
            terminal.note("No such query.")
        kept = log.counts()
        shown = list(kept.items())[:limit]
        if as_json:
            queries = [{"query": text, "count": count} for text, count in shown]
            terminal.json({"on": log.enabled, "kept": len(kept), "queries": queries})
        else:
            for text, count in shown:
                terminal.line(f"{safe_text(text)}  {terminal.style(f'{count:,}', 'dim')}")
            terminal.note(f"Queries are {'kept' if log.enabled else 'not kept'}; {len(kept):,} in the log.")
    return Status.DONE if shown or on is not None or forget is not None else Status.NOTHING

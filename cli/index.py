"""`searchkit index`: documents, or the pages that were crawled, into the index. The work is in `indexing.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.indexing import BATCH_RECORDS, Run
from cli.options import Directory, Json
from cli.terminal import Terminal


def index(
    directory: Directory,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Files (.jsonl, .csv, .warc, each also packed), folders of html, md and txt, or - for JSON lines from "
            "standard input. None: the crawled pages that changed.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Language of a new index, whose words are stemmed: en, de, ...; none for no stemming; auto to recognise "
            "it from the first records. [default: en]",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(metavar="N", min=1, help="Records between two commits; each commit is durable.")
    ] = BATCH_RECORDS,
    as_json: Json = False,
) -> None:
    """Example: searchkit index site pages.jsonl

    Make documents searchable, or, without a SOURCE, the pages that `searchkit crawl` fetched and that changed since.
    A record has a text and, if it likes, an id, a url, a title and anything else; the same id replaces. Running it
    again on the same source changes nothing. A record that cannot be read is reported, counted and left out.
    """
    from cli.crawled import index_crawled  # Both open parsers and databases, which --help has no use for.
    from searchkit.sources.source import open_source

    run = Run(Terminal.of_process(), batch, as_json)
    if sources:
        opened = [open_source(name, stdin=run.terminal.stdin) for name in sources]
        run.index_sources(directory, opened, language)
    else:
        from cli.crawled import index_crawled

        index_crawled(run, directory, language)

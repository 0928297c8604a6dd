"""`searchkit index`: documents, or the pages that were crawled, into the index. The work is in `indexing.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.indexing import BATCH_RECORDS, BATCH_RECORDS_OF_A_JOB, Run
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.limits import WRITER_JOBS_MAX


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
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help=f"Records between two commits; each commit is durable. [default: {BATCH_RECORDS}; with several jobs "
            f"{BATCH_RECORDS_OF_A_JOB} for each]",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=WRITER_JOBS_MAX,
            help="Processes that analyse text and build segments. Worth it for more than some ten thousand records.",
        ),
    ] = 1,
    as_json: Json = False,
) -> None:
    """Example: searchkit index site pages.jsonl

    Make documents searchable, or, without a SOURCE, the pages that `searchkit crawl` fetched and that changed since.
    A record has a text and, if it likes, an id, a url, a title and anything else; the same id replaces. Running it
    again on the same source changes nothing. A record that cannot be read is reported, counted and left out.
    """
    from cli.crawled import index_crawled  # Both open parsers and databases, which --help has no use for.
    from searchkit.sources.source import open_source

    usual = BATCH_RECORDS if jobs == 1 else BATCH_RECORDS_OF_A_JOB * jobs
    run = Run(Terminal.of_process(), usual if batch is None else batch, as_json, jobs)
    if sources:
        opened = [open_source(name, stdin=run.terminal.stdin) for name in sources]
        run.index_sources(directory, opened, language)
    else:
        from cli.crawled import index_crawled

        index_crawled(run, directory, language)

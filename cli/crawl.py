"""`searchkit crawl`: fetch the pages of a site into the collection, politely, and go on where it stopped.

What crawls is `crawler/run.py`; this file reads options, shows progress and prints what was done. Each event
is written once what it tells is on disk, so a program reading along may rely on it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.exits import Interrupted
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.errors import SourceError
from searchkit.model.snippet import safe_text

if TYPE_CHECKING:
    from crawler.job import CrawlReport

SEEDS_BYTES_MAX: Final = 64 << 20
"""Size of a file of seeds: some hundred thousand addresses. More are better crawled in several collections."""


def crawl(
    directory: Directory,
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="URL",
            help="Where to begin. None: go on with what an earlier crawl was given.",
            show_default=False,
        ),
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop when the collection holds N pages.", show_default=False)
    ] = None,
    max_depth: Annotated[int, typer.Option(metavar="N", min=0, help="Follow at most N links from a URL given.")] = 16,
    scope: Annotated[
        str,
        typer.Option(
            metavar="SCOPE",
            help="Follow links to: page (nowhere), path (below the URLs given), host, domain (all its hosts).",
        ),
    ] = "host",
    include: Annotated[
        list[str] | None, typer.Option(metavar="RE", help="Follow only addresses that match; may be given again.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="RE", help="Never follow addresses that match; may be given again.")
    ] = None,
    delay: Annotated[
        float, typer.Option(metavar="S", min=0.0, help="Smallest gap between two requests to a host, in seconds.")
    ] = 1.0,
    concurrency: Annotated[
        int, typer.Option(metavar="N", min=1, help="Requests at once over all hosts; each host gets one at a time.")
    ] = 8,
    user_agent: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Who you are; name a contact. Its first word is what robots.txt may name."),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="A file of URLs to begin with, one a line; - for stdin.")
    ] = None,
    allow_private: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT", help="Let this host be on a private or loopback address; may be given again."
        ),
    ] = None,
    recrawl: Annotated[
        bool, typer.Option("--recrawl", help="Ask for every known page again; unchanged ones cost next to nothing.")
    ] = False,
    warc: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every fetched page to this WARC file, too (.warc[.gz]).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Example: searchkit crawl site https://docs.example.com/ --max-pages 500

    Fetch pages and follow their links, one request at a time to each host, as its robots.txt allows. Run the same
    command again to go on after Ctrl-C or anything worse: what was reported is kept and not fetched again.
    `searchkit index DIR` then makes the pages searchable.
    """
    from crawler.job import SCOPES, USER_AGENT, CrawlJob, host_and_port

    if scope not in SCOPES:
        raise typer.BadParameter(f"{scope!r} is not one of {', '.join(SCOPES)}.", param_hint="--scope")
    terminal = Terminal.of_process()
    job = CrawlJob(
        directory,
        seeds=(*(urls or ()), *_read_seeds(terminal, seeds)),
        scope=scope,  # type: ignore[arg-type]
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        max_pages=max_pages,
        max_depth=max_depth,
        delay_s=delay,
        concurrency=concurrency,
        user_agent=user_agent or USER_AGENT,
        allow_private=frozenset(host_and_port(pair) for pair in allow_private or ()),
        recrawl=recrawl,
        warc=warc,
    )
    report = watch(terminal, job, as_json=as_json, total=max_pages)
    if as_json:
        terminal.json({"event": "done", **report.to_dict()})
    else:
        for line in summary(report):
            terminal.line(safe_text(line))
    for problem in report.problems:
        terminal.warn(safe_text(problem))
    if report.ended == "interrupted":
        raise Interrupted(f"{report.pages:,} pages are safe in {directory}; the same command goes on from there.")


def watch(terminal: Terminal, job: Any, *, as_json: bool = False, total: int | None = None) -> CrawlReport:
    """Run a crawl and show how it goes: a bar or a line now and then on stderr, events on stdout with `as_json`."""
    from crawler.run import run

    pages = 0
    with terminal.progress("crawling", total, "pages") as show:

        def tell(event: dict[str, Any]) -> None:
            nonlocal pages
            if as_json:
                terminal.json(event)
            pages += event["event"] == "page"
            show(pages, safe_text(event["url"])[:100])

        return run(job, tell)


def summary(report: CrawlReport) -> list[str]:
    """What a crawl did, for people."""
    done = f"{report.changed:,} new or changed, {report.unchanged:,} unchanged, {report.removed:,} removed"
    took = _duration(report.took_s)
    lines = [f"{report.fetched:,} pages fetched in {took}: {done}; {report.pages:,} in the collection"]
    others = {name: count for name, count in report.counts.items() if name not in ("page", "new")}
    if others:
        listed = ", ".join(
            f"{count:,} {name.partition(':')[2]}" for name, count in sorted(others.items(), key=_by_count)
        )
        lines.append(f"other addresses: {listed}")
    if report.waiting:
        why = {"max-pages": "the limit of pages is reached", "interrupted": "interrupted"}.get(
            report.ended, "see below"
        )
        lines.append(f"{report.waiting:,} addresses wait for the next run: {why}")
    lines += [f"{host} was left alone: {why}" for host, why in sorted(report.resting.items())]
    return lines


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else time.strftime("%H:%M:%S", time.gmtime(seconds))


def _read_seeds(terminal: Terminal, name: str | None) -> list[str]:
    """Addresses from a file, one a line; empty lines and lines that begin with # are left out."""
    if name is None:
        return []
    try:
        data = terminal.stdin.read(SEEDS_BYTES_MAX) if name == "-" else _head(Path(name))
    except OSError as error:
        raise SourceError(name, error.strerror or str(error)) from error
    lines = (line.strip() for line in data.decode("utf-8", "replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(SEEDS_BYTES_MAX)

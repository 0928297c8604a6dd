"""`searchkit demo`: the whole way from a web site to an answer, on any machine, without a network.

It serves the documentation of Python's standard library on loopback (`demo_site.py`), crawls it with the real
crawler, indexes the pages and answers three queries. Run again, it finds everything done and only asks. The
port is chosen once and remembered in the collection, because it is part of every page's address.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.terminal import Terminal
from searchkit.errors import NetworkError, NotACollection
from searchkit.model.snippet import safe_text

QUERIES: Final = ("parse command line arguments", '"event loop" coroutine', "compress files zip")
HITS: Final = 3
PORTS: Final = range(8_642, 8_742)
_STATE: Final = "demo.json"


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to put the collection.", show_default=True)
    ] = Path("searchkit-demo"),
) -> None:
    """Example: searchkit demo

    Crawl, index and search real pages: the documentation of Python's standard library, served from this machine.
    Takes a minute the first time and a second after that; needs no network.
    """
    terminal = Terminal.of_process()
    state = _state(directory)
    _crawl(terminal, directory, state)
    _index(terminal, directory)
    _ask(terminal, directory)
    terminal.line("The same for a site of your own:")
    for command in ("crawl site https://docs.example.com/ --max-pages 500", "index site", "query site your words"):
        terminal.line(f"  searchkit {command}")


def _crawl(terminal: Terminal, directory: Path, state: dict[str, Any]) -> None:
    from cli.crawl import summary, watch
    from cli.demo_site import edition, modules
    from crawler.job import CrawlJob
    from searchkit.pages.store import PageStore

    port, done = state["port"], state["edition"] == edition()
    if done and PageStore.exists(directory):
        with PageStore.open(directory) as pages:
            counts = pages.counts()
        if counts.get("page") and not counts.get("waiting"):
            terminal.line(
                f"{counts['page']:,} pages of the Python standard library are here already; nothing to fetch."
            )
            return
    terminal.note(f"Serving the documentation of Python's standard library on 127.0.0.1:{port}, and crawling it.")
    with serving(port):
        job = CrawlJob(
            directory,
            seeds=(f"http://127.0.0.1:{port}/",),
            delay_s=0.0,  # The site is our own, and there is nobody else on it.
            allow_private=frozenset({("127.0.0.1", port)}),
            recrawl=bool(state["edition"]) and not done,
        )
        report = watch(terminal, job, total=len(modules()))
    for line in summary(report):
        terminal.line(safe_text(line))
    if report.ended == "interrupted":
        raise KeyboardInterrupt
    _remember(directory, port, edition())


def _index(terminal: Terminal, directory: Path) -> None:
    import searchkit
    from cli.crawled import MARK
    from searchkit.pages.records import Gone
    from searchkit.pages.store import PageStore

    with searchkit.create(directory, exist_ok=True) as index, PageStore.open(directory) as pages:
        since = index.marks.get(MARK, 0)
        if pages.last_change == since:
            terminal.line(f"{len(pages):,} pages are indexed already.\n")
            return
        with index.writer() as writer, terminal.progress("indexing", len(pages), "pages") as show:
            for number, (change, page) in enumerate(pages.changed_since(since), 1):
                if isinstance(page, Gone):
                    writer.delete(page.url)
                else:
                    writer.add(page.to_document())
                since = change
                show(number, page.url)
            commit = writer.commit({MARK: since})
        terminal.line(f"{commit.documents:,} pages indexed.\n")


def _ask(terminal: Terminal, directory: Path) -> None:
    import searchkit

    colour = terminal.colour()
    with searchkit.open(directory) as index:
        for query in QUERIES:
            results = index.search(query, limit=HITS)
            terminal.line(f"{terminal.style(query, 'bold')}: {results.total:,} pages, {results.took_ms:.1f} ms")
            for number, hit in enumerate(results.hits, 1):
                terminal.line(f"  {number}. {terminal.style(safe_text(hit.title), 'blue')}  {safe_text(hit.url)}")
                terminal.line(f"     {hit.snippet.to_terminal(colour)}")
            terminal.line()


# --- the site -------------------------------------------------------------------------------------------


@contextmanager
def serving(port: int) -> Iterator[None]:
    """Serve the demo site from a process of its own, which ends with the block, or with this process."""
    arguments = [sys.executable, "-m", "cli.demo_site", str(port)]
    path = Path(__file__).parents[1]
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=path,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != b"ready":
            raise NetworkError(f"127.0.0.1:{port}", "the demo site could not be served", hint="Is the port taken?")
        yield
    finally:
        process.kill()
        process.communicate()


def _state(directory: Path) -> dict[str, Any]:
    """Port and edition of the demo in this directory; a free port, remembered at once, for a new one."""
    try:
        found = json.loads((directory / _STATE).read_text())
        return {"port": int(found["port"]), "edition": str(found["edition"])}
    except FileNotFoundError:
        pass
    except (ValueError, KeyError, TypeError) as error:
        raise NotACollection(directory, f"{_STATE} is not what a demo leaves") from error
    if directory.exists() and any(directory.iterdir()):
        raise NotACollection(directory, "is neither empty nor a demo")
    port = _free_port()
    _remember(directory, port, "")
    return {"port": port, "edition": ""}


def _remember(directory: Path, port: int, edition: str) -> None:
    from searchkit.store.files import make_directory, replace_file

    make_directory(directory)
    replace_file(directory / _STATE, json.dumps({"port": port, "edition": edition}).encode())


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NetworkError("127.0.0.1", f"no port of {PORTS.start} to {PORTS.stop - 1} is free")

"""The root of the `searchkit` command: which commands there are, and how each of them ends.

A command's module is imported only when that command is named, and imports the engine only when it runs: `--help`
costs typer and nothing else. Errors raised on purpose become one line on stderr, a hint and an exit status
(`cli/ending.py`); anything else is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from cli.ending import finish
from cli.exits import Status
from cli.terminal import Terminal
from searchkit import __version__

COMMANDS: Final = {
    "crawl": "fetch the pages of a site, politely, and go on where it stopped",
    "index": "make pages or documents searchable",
    "query": "search, and show the best hits",
    "suggest": "complete what is being typed",
    "correct": "find what was meant by a misspelt query",
    "queries": "keep counts of what is asked, for completions; off by default",
    "get": "show one document",
    "delete": "take documents out of the index",
    "merge": "rewrite the index as one segment, without what was deleted",
    "check": "read every byte of the index and say what is damaged",
    "stats": "count what is in the index",
    "export": "write every document as a JSON line",
    "warmup": "compile what searches need, before they need it",
    "demo": "crawl, index and search real pages served from this machine",
}
"""Each command, in the order of use, and what it is for. `cli/NAME.py` holds a function NAME."""

EPILOG: Final = (
    "Data goes to stdout, everything else to stderr. Exit status: 0 done, 1 no hits or a failed check, 2 usage, "
    "3 index missing, locked, damaged or incompatible, 4 network, 130 interrupted."
)


HELP: Final = {"help_option_names": ["--help", "-h"]}


class _ExampleFirst:
    """A command whose help begins with an example: the first paragraph of its docstring."""

    help: str | None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the example, then what every help has."""
        example, _, rest = (self.help or "").partition("\n\n")
        formatter.write(example.strip() + "\n\n")
        self.help, whole = rest, self.help
        super().format_help(ctx, formatter)  # type: ignore[misc]
        self.help = whole


class Command(_ExampleFirst, TyperCommand):
    """One command."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write a required argument as DIR, as every manual does, and not as {DIR}."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]


class Commands(_ExampleFirst, TyperGroup):
    """A group that imports a command when it is named. Its own help is written from the table above."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Names without commands behind them yet; typer answers a slip of the pen with the nearest.
        self.commands: Any = dict.fromkeys(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import `cli.NAME` and make its function a command."""
        if cmd_name not in COMMANDS:
            return None
        function = getattr(importlib.import_module(f"cli.{cmd_name}"), cmd_name)
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(cmd_name, cls=Command, context_settings=HELP)(guarded(function, ctx))
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """One line for each command, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=Commands,
    name="searchkit",
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"searchkit {__version__}")
        raise typer.Exit


@app.callback(help="Example: searchkit demo\n\nCrawl a site, index its pages, search them.")
def _root(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - typer calls `_version`
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    context.obj = {"debug": debug}


def guarded(function: Callable[..., Status | None], context: typer.Context) -> Callable[..., NoReturn]:
    """Make a command end as the table of exits says, whatever it raises.

    Parameters
    ----------
    function : callable
        A command; what it returns is its exit status, None for 0.
    context : typer.Context
        Of the root; knows whether --debug was given, once the command runs.
    """

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> NoReturn:
        terminal = Terminal.of_process()
        status = finish(terminal, functools.partial(function, *arguments, **options), debug=context.obj["debug"])
        raise typer.Exit(int(status))

    return run


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    try:
        app(prog_name="searchkit")
    except SystemExit:
        raise
    except BaseException:  # --debug, or a fault of ours: the traceback is what is wanted.
        sys.excepthook(*sys.exc_info())
        sys.exit(Status.BUG)
    sys.exit(Status.DONE)


if __name__ == "__main__":
    main()

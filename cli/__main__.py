"""Where `searchkit` begins. A query in plain words is answered at once; everything else goes to `app.py`.

Most of the time a person waits for a query goes into reading options that most queries do not have, so what is
nothing but `query DIR WORD...`, perhaps with --json, is read here. Whatever else stands on the line is not.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    plain = _plain_query(sys.argv[1:])
    if plain is None:
        from cli.app import main as read_options

        read_options()
    from cli.answers import answer
    from cli.ending import finish
    from cli.terminal import Terminal

    directory, words, as_json = plain
    terminal = Terminal.of_process()
    sys.exit(finish(terminal, functools.partial(answer, terminal, directory, words, as_json=as_json)))


def _plain_query(arguments: list[str]) -> tuple[Path, list[str], bool] | None:
    """Directory, words and whether JSON is wanted, if that is all a line asks for."""
    as_json = "--json" in arguments
    rest = [argument for argument in arguments if argument != "--json"]
    if len(rest) < 3 or rest[0] != "query" or any(argument.startswith("-") for argument in rest):
        return None
    return Path(rest[1]), rest[2:], as_json


if __name__ == "__main__":
    main()

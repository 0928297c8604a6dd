"""Where `searchkit` begins. A query in plain words is answered at once; everything else goes to `app.py`.

Most of the time a person waits for a query goes into reading options that most queries do not have, so what is
nothing but `query DIR WORD...`, perhaps with --json, is read here. Whatever else stands on the line is not. Such a
process lives for a fifth of a second, so it does without what only pays in a longer life: collecting cycles, threads
for linear algebra, and taking the interpreter apart in the end.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave with its exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # While modules load nothing has begun: Ctrl-C just ends it. Once a command runs, `finish` answers for it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    plain = _plain_query(sys.argv[1:])
    if plain is None:
        from cli.app import main as read_options

        read_options()
    gc.disable()  # One answer, bounded by limits.py, leaves no cycles worth looking for.
    # No query multiplies matrices, and the threads NumPy's library starts for that wait busily.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from cli.answers import answer
    from cli.ending import finish, leave
    from cli.exits import Status
    from cli.terminal import Terminal

    directory, words, as_json = plain
    terminal = Terminal.of_process()
    try:
        status = finish(terminal, functools.partial(answer, terminal, directory, words, as_json=as_json))
    except BaseException:  # A fault of ours: the traceback is what is wanted.
        sys.excepthook(*sys.exc_info())
        status = Status.BUG
    leave(terminal, status)


def _plain_query(arguments: list[str]) -> tuple[Path, list[str], bool] | None:
    """Directory, words and whether JSON is wanted, if that is all a line asks for."""
    as_json = "--json" in arguments
    rest = [argument for argument in arguments if argument != "--json"]
    if len(rest) < 3 or rest[0] != "query" or any(argument.startswith("-") for argument in rest):
        return None
    return Path(rest[1]), rest[2:], as_json


if __name__ == "__main__":
    main()

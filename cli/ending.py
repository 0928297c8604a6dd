"""How a command ends: errors raised on purpose become one line on stderr, a hint and an exit status.

Anything else is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from cli.exits import Interrupted, Status, status_of
from cli.terminal import Terminal
from searchkit.errors import SearchkitError


def finish(terminal: Terminal, command: Callable[[], Status | None], *, debug: bool = False) -> Status:
    """Run a command and give back its exit status, whatever it raises.

    Parameters
    ----------
    command : callable
        What it returns is its status, None for DONE.
    debug : bool
        Let errors through with their tracebacks.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # As `__main__.py` left it.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = command()
        terminal.stdout.flush()
        return status or Status.DONE
    except SearchkitError as error:
        if debug:
            raise
        terminal.error(str(error), error.hint)
        return status_of(error)
    except (Interrupted, KeyboardInterrupt) as error:
        hint = getattr(error, "hint", "") or "Everything acknowledged before is kept; run the same command again."
        terminal.note(f"Interrupted. {hint}")
        return Status.INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return Status.PIPE
    except MemoryError:
        if debug:
            raise
        terminal.error("there is not enough memory", "Ask for less at once, end other programs, or raise `ulimit -v`.")
        return Status.STORE
    except OSError as error:
        # The library turns these into its own; what arrives here was met in a command, such as an output file.
        if debug:
            raise
        terminal.error(f"{error.filename or 'searchkit'}: {error.strerror or error}")
        return Status.STORE


def leave(terminal: Terminal, status: Status) -> NoReturn:
    """End the process at once, once `finish` has run its command.

    All is closed and written by then. Taking apart an interpreter that has NumPy in it, object by object, would cost
    another fifth of what a query costs.
    """
    for stream in (terminal.stdout, terminal.stderr):
        with contextlib.suppress(OSError, ValueError):  # Whoever read it has gone; `finish` has said so in the status.
            stream.flush()
    os._exit(status)


def _silence_stdout() -> None:
    # The interpreter flushes stdout when it ends and would complain about the closed pipe a second time.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

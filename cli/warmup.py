"""`searchkit warmup`: compile the kernels now, so that no program has to wait for it later."""

from __future__ import annotations

import time

from cli.options import Json
from cli.terminal import Terminal


def warmup(as_json: Json = False) -> None:
    """Example: searchkit warmup

    Compile what searches and indexing of this version need on this processor, into a private cache of yours. Done once
    a version; it takes a minute or two, or some seconds if there was nothing left to do. Worth it when a machine image is
    built, or before measuring.
    """
    terminal = Terminal.of_process()
    started = time.perf_counter()
    with terminal.progress("Compiling", None, "kernels") as show:
        from searchkit.warmup import warm_up

        show(0, "")
        found = warm_up()
    seconds = time.perf_counter() - started
    if as_json:
        terminal.json(
            {"directory": found.directory, "stale_removed": found.stale_removed, "seconds": round(seconds, 3)}
        )
    else:
        terminal.line(f"Ready after {seconds:.1f} s; compiled code is kept in {found.directory}")

"""`searchkit check`: every byte of the index read and compared with its checksums."""

from __future__ import annotations

import searchkit
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal


def check(directory: Directory, as_json: Json = False) -> Status:
    """Example: searchkit check site

    Read every byte of the index, compare it with its checksums and with the rules of its format, and name what is
    damaged. Nothing is changed. Exits with 1 if something is damaged, 3 if there is nothing that can be opened.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index:
        report = index.check()
    if as_json:
        terminal.json(report.to_dict())
    else:
        for problem in report.problems:
            terminal.line(str(problem))
        terminal.line("everything is as it was written" if report.ok else f"{len(report.problems)} problems")
    return Status.DONE if report.ok else Status.NOTHING

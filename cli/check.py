"""`searchkit check`: every byte of the index, and every crawled page, read and compared with its checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit import limits
from searchkit.index.examine import examine
from searchkit.index.repair import Dropped, drop_segments
from searchkit.model.snippet import safe_text

IDS_SHOWN: Final = 20
"""Ids of documents to index again that are named on a terminal; --json names all."""


def check(
    directory: Directory,
    drop: Annotated[
        bool,
        typer.Option(
            "--drop-bad-segments",
            help="Bring a damaged index back to service without what cannot be read, and say which documents to index "
            "again.",
        ),
    ] = False,
    as_json: Json = False,
) -> Status:
    """Example: searchkit check site

    Read every byte of the index and every crawled page, compare them with their checksums and the rules of their
    format, and name what is damaged. Nothing is changed unless asked for. It is a process of its own that reads, so
    that even damage that ends it is reported. Exits with 1 if something is damaged, 3 if the index cannot be opened at
    all.
    """
    terminal = Terminal.of_process()
    with terminal.progress("checking", None, "files") as show:
        seen: list[str] = []

        def say(path: str) -> None:
            seen.append(path)
            show(len(seen), safe_text(path))

        report = examine(directory, ids=drop, say=say)
    dropped: list[Dropped] = []
    if drop and report.damaged and report.error is None:
        dropped = drop_segments(directory, report.damaged, report.ids, lock_timeout=limits.LOCK_TIMEOUT_S)
    if as_json:
        facts: dict[str, Any] = report.to_dict()
        if drop:
            facts["dropped"] = [segment.to_dict() for segment in dropped]
        terminal.json(facts)
    elif report.error is not None:
        for finding in report.findings:
            if finding != str(report.error):  # That one is said as an error is.
                terminal.line(safe_text(finding))
    else:
        for finding in report.findings:
            terminal.line(safe_text(finding))
        found = f"{len(report.findings):,} findings" if report.findings else "everything is as it was written"
        terminal.line(
            f"{report.documents:,} documents in {report.segments:,} segments, {report.bytes_read:,} bytes: {found}"
        )
        for segment in dropped:
            _say(terminal, segment, directory)
    if report.error is not None:
        raise report.error
    return Status.NOTHING if report.findings else Status.DONE


def _say(terminal: Terminal, dropped: Dropped, directory: Path) -> None:
    """What went with a segment, and how it comes back."""
    where = f"; its file is now {dropped.aside}" if dropped.aside else ""
    terminal.line(safe_text(f"dropped segment {dropped.segment} with {dropped.documents:,} documents{where}"))
    if dropped.ids is not None:
        terminal.line("  index these again:")
        for id in dropped.ids[:IDS_SHOWN]:
            terminal.line(f"  {safe_text(id)}")
        if len(dropped.ids) > IDS_SHOWN:
            terminal.line(f"  and {len(dropped.ids) - IDS_SHOWN:,} more; --json names them all")
    elif dropped.documents:
        between = [
            f"after {dropped.after!r}" if dropped.after is not None else "from the beginning",
            f"before {dropped.before!r}" if dropped.before is not None else "up to the end",
        ]
        terminal.line(
            safe_text(
                f"  their ids cannot be read; index again what arrived {' and '.join(between)}: numbers "
                f"{dropped.first:,} to {dropped.last:,} in order of arrival"
            )
        )
    terminal.line(safe_text(f"  crawled pages come back with `searchkit index {directory}`"))

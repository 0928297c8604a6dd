"""`searchkit check`: every byte of the index, and every crawled page, read and compared with its checksums."""

from __future__ import annotations

import searchkit
from cli.exits import Status
from cli.options import Directory, Json
from cli.terminal import Terminal
from searchkit.model.snippet import safe_text
from searchkit.pages.store import PageStore


def check(directory: Directory, as_json: Json = False) -> Status:
    """Example: searchkit check site

    Read every byte of the index and every crawled page, compare them with their checksums and the rules of their
    format, and name what is damaged. Nothing is changed. Exits with 1 if something is damaged, 3 if the index cannot
    be opened at all.
    """
    terminal = Terminal.of_process()
    with searchkit.open(directory) as index:
        report = index.check()
    findings = list(report.findings)
    if PageStore.exists(directory):
        with PageStore.open(directory) as pages:
            findings += pages.check()
    if as_json:
        terminal.json({**report.to_dict(), "sound": not findings, "findings": findings})
    else:
        for finding in findings:
            terminal.line(safe_text(finding))
        found = f"{len(findings):,} findings" if findings else "everything is as it was written"
        terminal.line(
            f"{report.documents:,} documents in {report.segments:,} segments, {report.bytes_read:,} bytes: {found}"
        )
    return Status.NOTHING if findings else Status.DONE

"""Exit statuses: one table, never renumbered, and which error ends in which.

A script may rely on them; README.md lists them. The most exact class of an error that stands in the table decides.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from searchkit import errors


class Status(IntEnum):
    """What the number a command ends with means."""

    DONE = 0
    """Done, and hits were found where hits were looked for."""
    NOTHING = 1
    """No hits, no such document, or a check that failed."""
    USAGE = 2
    """The request cannot be carried out as it was made."""
    STORE = 3
    """The index is missing, locked, damaged, incompatible or cannot be written."""
    NETWORK = 4
    """Nothing could be fetched."""
    BUG = 70
    """A fault in searchkit itself (EX_SOFTWARE of sysexits.h), with a traceback."""
    INTERRUPTED = 130
    """Ctrl-C: what was acknowledged is kept, and the message says how to go on."""
    PIPE = 141
    """Whoever read the output stopped reading, as with `| head`; a shell reports SIGPIPE so."""


TABLE: Final[dict[type[errors.SearchkitError], Status]] = {
    errors.SearchkitError: Status.STORE,
    errors.RequestError: Status.USAGE,
    errors.DocumentMissing: Status.NOTHING,
    errors.IndexMissing: Status.STORE,
    errors.NotACollection: Status.STORE,
    errors.DamageError: Status.STORE,
    errors.FormatUnsupported: Status.STORE,
    errors.AnalyzerMismatch: Status.STORE,
    errors.ResourceError: Status.STORE,
    errors.NetworkError: Status.NETWORK,
}


def status_of(error: errors.SearchkitError) -> Status:
    """The exit status a command ends with when this error reaches it."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


class Interrupted(BaseException):
    """Ctrl-C, after a command has put things in order; `hint` says how to go on."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint

"""How a writer ends what it cannot go on with: after which errors it stops, and whose errors it calls its own.

What this module does not know: what a writer does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from searchkit.errors import OutOfMemory, StorageError
from searchkit.index.catalog import Catalog
from searchkit.store.files import os_errors


class Stoppable(Protocol):
    """A writer, as far as it matters here: `_stopped` is empty, or says why it must not be used any more."""

    _catalog: Catalog
    _stopped: str


W = TypeVar("W", bound=Stoppable)
P = ParamSpec("P")
R = TypeVar("R")


def stopping(method: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
    """After a failed sync, or without memory in the middle of a record, a writer stops: it must not build on that."""

    @functools.wraps(method)
    def run(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except MemoryError as error:
            self._stopped = "it ran out of memory in the middle of its work"
            raise OutOfMemory(self._catalog.directory) from error
        except StorageError as error:
            if error.unsynced:
                self._stopped = "a sync failed, and what was written before may be lost"
            raise

    return run


def telling(method: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
    """An operating system error inside is one of our files'; what a source of records raises passes elsewhere."""

    @functools.wraps(method)
    def run(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with os_errors(self._catalog.directory):
            return method(self, *args, **kwargs)

    return run

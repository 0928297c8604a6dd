"""Locks that a forked child finds free, whatever other threads of its parent were doing.

A fork copies locks as they are, but only the thread that forks: a lock that another thread held is never given back in
the child. What our locks guard (what is remembered of words, which commit is the newest) may be made twice or be
missing an entry, and nothing worse; so a child gets fresh ones. The same goes for the lock that
`functools.cached_property` has before Python 3.12. What must be waited for before a fork is in `store/gate.py`. Cost:
two hundred nanoseconds for each use. What this module does not know: what is locked.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import weakref
from types import TracebackType

_all: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """A lock for ``with``; its thread may take it again."""

    __slots__ = ("__weakref__", "_inner")

    def __init__(self) -> None:
        self._inner = threading.RLock()
        _all.add(self)

    def __enter__(self) -> None:
        self._inner.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.release()

    def _renew(self) -> None:
        if not self._inner._is_owned():  # type: ignore[attr-defined]  # The thread that forked gives back what it holds.
            self._inner = threading.RLock()


def _in_child() -> None:
    for lock in list(_all):
        lock._renew()
    if sys.version_info < (3, 12):
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == __name__.partition(".")[0]:
                _renew_properties(name, vars(module))


def _renew_properties(module: str, named: dict[str, object]) -> None:
    for kind in list(named.values()):
        if isinstance(kind, type) and kind.__module__ == module:
            for attribute in vars(kind).values():
                if isinstance(attribute, functools.cached_property):
                    attribute.lock = threading.RLock()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)

"""Many may pass, or one alone; and nobody while the process is being copied by a fork.

LMDB must not move its map while a transaction of the same process looks at it, and what it keeps open must not
be shared with a forked child: a child that lets go of it takes its parent's place in the table of readers away.
So reads pass a gate, growth of a map passes it alone, and a fork waits for it: the child closes its copies of
what is open while its parent's threads stand before the gate, and then opens files of its own.
Cost: half a microsecond for a pass. What this module does not know: LMDB.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from searchkit.errors import StorageError

_FORK_WAIT_S = 5.0
"""How long a fork waits for reads of other threads, which take milliseconds, and its parent for the child to close."""


_LOADED_LATE = frozenset({"searchkit", "numba", "llvmlite"})
"""Packages whose modules are imported when they are first needed, in whatever thread that is."""


class Gate:
    """Lets any number of readers through, or one who must be alone.

    Parameters
    ----------
    where : object
        What is behind it, for errors.
    """

    def __init__(self, where: object) -> None:
        self._where = str(where)
        self._changed = threading.Condition()
        self._passing = 0
        self._closed = False
        self._own = threading.local()

    @property
    def nested(self) -> bool:
        """Whether this thread is already through."""
        return getattr(self._own, "depth", 0) > 0

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Be one of many. A thread that is already through is let in again at once."""
        with self._changed:
            while self._closed and not self.nested:
                self._changed.wait()
            self._passing += 1
        self._own.depth = getattr(self._own, "depth", 0) + 1
        try:
            yield
        finally:
            self._own.depth -= 1
            with self._changed:
                self._passing -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody is through, and keep others out.

        Raises
        ------
        StorageError
            If this thread is through itself: it would wait for itself.
        """
        self.refuse_nested()
        self._close(None)
        try:
            yield
        finally:
            self._open()

    def refuse_nested(self) -> None:
        """Raise StorageError if this thread is through."""
        if self.nested:
            raise StorageError(self._where, "has grown while it was being read", hint="Read it again.")

    def _close(self, seconds: float | None) -> bool:
        """Close it and wait for those who are through; whether nobody is any more after so many seconds."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._closed = True
            while self._passing:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def _open(self) -> None:
        with self._changed:
            self._closed = False
            self._changed.notify_all()

    def _renew(self) -> None:
        """In a child, whose other threads are gone: nobody is through."""
        self._changed, self._passing, self._closed, self._own = threading.Condition(), 0, False, threading.local()


def _let_imports_end() -> None:
    """Wait while other threads load parts of us: a child would wait for what they began until the end of time."""
    if threading.active_count() == 1:
        return
    deadline = time.monotonic() + _FORK_WAIT_S
    while time.monotonic() < deadline and any(
        getattr(getattr(module, "__spec__", None), "_initializing", False)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in _LOADED_LATE
    ):
        time.sleep(0.001)


class Forks:
    """Brings what is open through a fork: for each gate, what a child does with its copy.

    Parameters
    ----------
    lock : a lock of threading that its thread may take twice
        Held across the fork, so that a child never finds it taken by a thread it does not have.
    """

    def __init__(self, lock: AbstractContextManager[bool]) -> None:
        self._lock = lock
        self._open: weakref.WeakKeyDictionary[Gate, Callable[[], object]] = weakref.WeakKeyDictionary()
        self._held: list[tuple[Gate, bool]] = []
        self._pipe: tuple[int, int] | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)

    def add(self, gate: Gate, let_go: Callable[[], object]) -> None:
        """From now on, children of this process call `let_go`."""
        self._open[gate] = let_go

    def _before(self) -> None:
        _let_imports_end()
        self._lock.__enter__()
        # A thread that forks within a read of its own cannot wait for itself: what it reads stays open in the child.
        self._held = [(gate, gate._close(_FORK_WAIT_S)) for gate in list(self._open) if not gate.nested]
        if self._held:
            with contextlib.suppress(OSError):
                self._pipe = os.pipe()

    def _in_parent(self) -> None:
        if self._pipe is not None:
            reader, writer = self._pipe
            os.close(writer)
            closed_by_child = select.poll()
            closed_by_child.register(reader, select.POLLIN)  # Also told of the end of a pipe.
            closed_by_child.poll(_FORK_WAIT_S * 1e3)
            os.close(reader)
        for gate, _ in self._held:
            gate._open()
        self._held, self._pipe = [], None
        self._lock.__exit__(None, None, None)

    def _in_child(self) -> None:
        for gate, quiet in self._held:
            if quiet:
                self._open[gate]()
            gate._renew()
        if self._pipe is not None:
            for end in self._pipe:
                os.close(end)
        self._held, self._pipe = [], None
        self._lock.__exit__(None, None, None)

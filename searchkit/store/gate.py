"""Many may pass, or one alone; and nobody while the process is being copied by a fork.

LMDB must not move its map while a transaction of the same process looks at it, and what it keeps open must not
be shared with a forked child: a child that lets go of it takes its parent's place in the table of readers away.
So reads pass a gate, growth of a map passes it alone, and a fork waits for it: the child closes its copies of
what is open while its parent's threads stand before the gate, and then opens files of its own. Nor must a child get
what a thread of its parent is closing or writing: to the child it would be in use until the end of time, since that
thread is not there. A fork waits some seconds at most; what was not ready then, the child lets be.
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
from typing import Any

from searchkit.errors import StorageError

_FORK_WAIT_S = 5.0
"""How long a fork waits for all reads of other threads, which take milliseconds, and its parent for the child to close."""
_FORK_WAIT_FOR_FILES_S = 2.0
"""How long it waits for files of values that other threads write; those are not waited for by readers of anything else."""


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

    def _close(self, deadline: float | None) -> tuple[bool, bool]:
        """Close it and wait for those who are through; whether it was closed in time, and whether nobody is through."""
        with self._changed:
            while self._closed:
                if not self._changed.wait(_left(deadline)) and _left(deadline) == 0:
                    return False, False
            self._closed = True
            while self._passing:
                if not self._changed.wait(_left(deadline)) and _left(deadline) == 0:
                    return True, False
        return True, True

    def _open(self) -> None:
        with self._changed:
            self._closed = False
            self._changed.notify_all()

    def _renew(self) -> None:
        """In a child, whose other threads are gone: nobody is through."""
        self._changed, self._passing, self._closed, self._own = threading.Condition(), 0, False, threading.local()


def _left(deadline: float | None) -> float | None:
    """Seconds until a moment; None if there is none."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


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

    All waiting before a fork has an end; what was not ready by then is let be by the child, which has locks of its own.

    Attributes
    ----------
    files : Gate
        Passed by those who write files that no child may find half open.
    opening, closing : lock of threading that its thread may take twice
        Held across the fork, so that a child never finds half done what they guard. Who holds `closing`, waits for
        nothing else: it is taken by whichever thread happens to collect garbage.
    half_closed : bool
        Whether this process is a child whose parent was closing something and did not finish in time.
    """

    def __init__(self) -> None:
        self.files = Gate("a file of values")
        self.opening, self.closing = threading.RLock(), threading.RLock()
        self.half_closed = False
        self._forking = threading.Lock()  # One at a time, since what follows is of the fork under way.
        self._open: weakref.WeakKeyDictionary[Gate, Callable[[bool], object]] = weakref.WeakKeyDictionary()
        self._held: list[tuple[Gate, bool, bool]] = []
        self._taken: list[Any] = []
        self._pipe: tuple[int, int] | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)

    def add(self, gate: Gate, let_go: Callable[[bool], object]) -> None:
        """From now on, children of this process call `let_go`, and say whether nobody was through when they were forked."""
        self._open[gate] = let_go

    def _before(self) -> None:
        _let_imports_end()
        self._forking.acquire()
        # A thread that forks within a read of its own cannot wait for itself: what it reads stays open in the child.
        if not self.files.nested:
            self._held = [(self.files, *self.files._close(time.monotonic() + _FORK_WAIT_FOR_FILES_S))]
        deadline = time.monotonic() + _FORK_WAIT_S
        self._take(self.opening, deadline)
        gates = [gate for gate in list(self._open) if not gate.nested]
        self._held += [(gate, *gate._close(deadline)) for gate in gates]
        self._take(self.closing, deadline)
        if gates:
            with contextlib.suppress(OSError):
                self._pipe = os.pipe()

    def _take(self, lock: Any, deadline: float) -> None:
        if lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            self._taken.append(lock)

    def _in_parent(self) -> None:
        if self._pipe is not None:
            reader, writer = self._pipe
            os.close(writer)
            closed_by_child = select.poll()
            closed_by_child.register(reader, select.POLLIN)  # Also told of the end of a pipe.
            closed_by_child.poll(_FORK_WAIT_S * 1e3)
            os.close(reader)
        for gate, ours, _ in self._held:
            if ours:
                gate._open()
        self._end()

    def _in_child(self) -> None:
        for gate, _, quiet in self._held:
            let_go = self._open.get(gate)
            if let_go is not None:
                let_go(quiet)
            gate._renew()
        if self._pipe is not None:
            for end in self._pipe:
                os.close(end)
        if self.opening not in self._taken:
            self.opening = threading.RLock()
        if self.closing not in self._taken:
            self.closing, self.half_closed = threading.RLock(), True
        self._end()

    def _end(self) -> None:
        taken, self._held, self._taken, self._pipe = self._taken, [], [], None
        for lock in taken:
            lock.release()
        self._forking.release()

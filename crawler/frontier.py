"""What to fetch next and when: fair across hosts, polite to each, durable in the page store.

The queue itself is in `pages.lmdb` (`searchkit/pages/transaction.py`); this module holds a small window of
it in memory and decides. A host gets one request at a time and rests between two for as long as the largest
of the asked delay, its robots.txt's crawl delay, and what throttling learned from its latency. Hosts take
turns by when they may be asked again, so a large site never starves a small one. An entry that was handed
out stays in the store until its outcome is committed: after a kill it is simply handed out again.

Cost: a few microseconds for each request, one short read for every 64 entries of a host; memory for 64
entries of each host that has any. What this module does not know: Scrapy, and what an outcome is.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from searchkit.pages.records import Entry, State
from searchkit.pages.store import PageStore
from searchkit.pages.urls import host_of

_WINDOW: Final = 64
FAILURES_MAX: Final = 5
"""Requests in a row that a host may leave unanswered before it is left alone for the rest of the run."""


@dataclass(slots=True)
class _Host:
    name: str
    queue: deque[Entry] = field(default_factory=deque)
    seen: bytes = b""
    """Key of the last entry read from the store."""
    fresh: bool = True
    """Whether the store may have entries that were not read since `seen` was last reset."""
    ready_at: float = 0.0
    busy: bool = False
    queued: bool = False
    """Whether it stands in the heap."""
    delay_s: float = 0.0
    """Crawl delay of its robots.txt."""
    failures: int = 0
    resting: str = ""


class Frontier:
    """The crawl's choice of the next entry. Used from one thread.

    Parameters
    ----------
    store : PageStore
        Where entries wait; only read here.
    delay_s : float
        Smallest gap between two requests to a host, in seconds.
    outstanding_max : int
        Entries handed out and not settled, over all hosts: what a kill may cost a second request for.
    pages_max : int or None
        Pages the collection may hold.
    rest_s_max : float
        Longest rest a host may have asked for in an earlier run that is waited for in this one, in seconds.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        store: PageStore,
        *,
        delay_s: float,
        outstanding_max: int,
        pages_max: int | None = None,
        rest_s_max: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._delay_s = delay_s
        self._outstanding_max = outstanding_max
        self._pages_max = pages_max
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._turn = itertools.count()
        self._outstanding: dict[str, bytes] = {}
        self._adding: set[bytes] = set()
        """Keys of outstanding entries that could add a page."""
        self.pages = len(store)
        self.stopping = False
        self.learned_delay: Callable[[str], float] = lambda _: 0.0
        """What throttling asks of a host, in seconds; set by the scheduler."""
        wall = time.time()
        for record in store.read(lambda txn: [host for host in txn.hosts() if host["waiting"] > 0]):
            host = self._host(record["host"])
            wait_s = max(0.0, record["not_before"] - wall)
            host.ready_at = clock() + wait_s
            if wait_s > rest_s_max:
                host.resting = f"it asked to be left alone for another {wait_s:.0f} s"
            self._offer(host)

    # --- choosing ---------------------------------------------------------------------------------------

    def next(self) -> Entry | None:
        """The entry to fetch now, if any host may be asked now."""
        if self.stopping or len(self._outstanding) >= self._outstanding_max:
            return None
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            _, _, name = heapq.heappop(self._heap)
            host = self._hosts[name]
            host.queued = False
            if host.ready_at > now:  # It was paused since it was put there.
                self._offer(host)
                continue
            if host.busy or host.resting:
                continue
            entry = self._take(host)
            if entry is not None:
                host.busy = True
                gap = max(self._delay_s, host.delay_s, self.learned_delay(name))
                host.ready_at = max(host.ready_at, now + gap)
                return entry
        return None

    def wake_in(self) -> float | None:
        """Seconds until a host may be asked; None if none waits for time to pass."""
        if self.stopping or not self._heap or len(self._outstanding) >= self._outstanding_max:
            return None
        return max(0.0, self._heap[0][0] - self._clock())

    def has_more(self) -> bool:
        """Whether anything is under way, or could still be handed out in this run."""
        return bool(self._outstanding) or (not self.stopping and bool(self._heap))

    @property
    def full(self) -> bool:
        """Whether the collection holds as many pages as it may."""
        return self._pages_max is not None and self.pages >= self._pages_max

    def resting(self) -> dict[str, str]:
        """Hosts left alone for the rest of the run, and why."""
        return {host.name: host.resting for host in self._hosts.values() if host.resting}

    # --- being told -------------------------------------------------------------------------------------

    def answered(self, url: str, *, reached: bool) -> str:
        """A request to a host ended, before its outcome is stored: the host may be asked again after its rest.

        Returns why the host is now left alone, if this failure was one too many.
        """
        host = self._host(host_of(url))
        host.busy = False
        host.failures = 0 if reached else host.failures + 1
        if host.failures >= FAILURES_MAX and not host.resting:
            host.resting = f"{host.failures} requests in a row were not answered"
            return host.resting
        self._offer(host)
        return ""

    def settled(self, entry: Entry, *, pages: int = 0) -> None:
        """The outcome of an entry is on disk; `pages` is by how much the number of pages changed."""
        self._outstanding.pop(entry.url, None)
        self.pages += pages
        if entry.key in self._adding:
            self._adding.discard(entry.key)
            if pages == 0 and self._pages_max is not None and self.pages + len(self._adding) + 1 >= self._pages_max:
                for other in list(self._hosts.values()):  # Room for one that was passed over.
                    other.fresh = True
                    self._offer(other)
        host = self._host(host_of(entry.url))
        host.busy = False
        self._offer(host)

    def entered(self, host: str) -> None:
        """New entries of a host are on disk."""
        known = self._host(host)
        known.fresh = True
        self._offer(known)

    def rest(self, host: str, why: str) -> None:
        """Ask nothing more of a host in this run."""
        known = self._host(host)
        known.resting, known.queued = why, False
        self._heap = [item for item in self._heap if item[2] != host]
        heapq.heapify(self._heap)

    def slow_down(self, host: str, delay_s: float) -> None:
        """A host asks for at least this gap between requests."""
        self._host(host).delay_s = delay_s

    def pause(self, host: str, seconds: float) -> None:
        """A host is not to be asked for so long."""
        known = self._host(host)
        known.ready_at = max(known.ready_at, self._clock() + seconds)

    # --- inside -----------------------------------------------------------------------------------------

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(name)
        return host

    def _offer(self, host: _Host) -> None:
        if not (host.queued or host.busy or host.resting) and (host.queue or host.fresh):
            host.queued = True
            heapq.heappush(self._heap, (host.ready_at, next(self._turn), host.name))

    def _take(self, host: _Host) -> Entry | None:
        """The next entry of a host that may be handed out; reads more from the store as needed."""
        while True:
            if not host.queue and not self._refill(host):
                return None
            entry = host.queue.popleft()
            if entry.url in self._outstanding:
                continue
            record = self._store.why(entry.url)
            if record is None or record.entry != entry.key.hex():
                continue  # It was moved since it was read; its new place comes later.
            if record.state is not State.PAGE:
                if self._pages_max is not None and self.pages + len(self._adding) >= self._pages_max:
                    continue
                self._adding.add(entry.key)
            self._outstanding[entry.url] = entry.key
            return entry

    def _refill(self, host: _Host) -> bool:
        """Read the next window; behind the last entry begin again if entries were added since. False if there are none."""
        if self._read(host):
            return True
        begin_again, host.fresh = host.fresh and bool(host.seen), False
        host.seen = b""
        return begin_again and self._read(host)

    def _read(self, host: _Host) -> bool:
        found = self._store.read(lambda txn: txn.waiting(host.name, _WINDOW, after=host.seen))
        if found:
            host.seen = found[-1].key
            host.queue.extend(found)
        return bool(found)

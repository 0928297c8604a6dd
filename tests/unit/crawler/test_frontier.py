"""The frontier decides by a clock of the test's: fair, polite, and never twice."""

from __future__ import annotations

import pytest

from crawler.frontier import FAILURES_MAX, Frontier
from searchkit.pages.records import PageRecord, Reason, State
from searchkit.pages.store import PageStore


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    with PageStore.create(tmp_path / "site") as opened:
        yield opened


def fill(store, *urls):
    """Put addresses into the queue."""
    store.write(lambda txn: [txn.discover(url, depth=1) for url in urls])


def frontier(store, clock, **options):
    """A frontier with room for a hundred."""
    return Frontier(store, clock=clock, **{"delay_s": 1.0, "outstanding_max": 100, **options})


def finish(store, queue, entry, *, page=True):
    """An entry was fetched and settled."""
    queue.answered(entry.url, reached=True)
    before = len(store)
    if page:
        store.write(lambda txn: txn.put_page(PageRecord(entry.url, "t", entry.url)))
    else:
        store.write(lambda txn: txn.skip(entry.url, State.SKIPPED, Reason.HTTP_ERROR))
    queue.settled(entry, pages=len(store) - before)


def test_one_request_to_a_host_and_a_gap_between_two(store, clock):
    """While one is under way, and until the gap has passed, a host is not asked again."""
    fill(store, "http://a/1", "http://a/2")
    queue = frontier(store, clock)
    first = queue.next()
    assert queue.next() is None
    clock.now += 5
    assert queue.next() is None
    finish(store, queue, first)
    assert queue.next().url == "http://a/2"


def test_waiting_is_told(store, clock):
    """`wake_in` says how long nothing can be done; nothing is handed out before."""
    fill(store, "http://a/1", "http://a/2")
    queue = frontier(store, clock)
    finish(store, queue, queue.next())
    assert queue.next() is None
    assert queue.wake_in() == pytest.approx(1.0)
    clock.now += 1.0
    assert queue.next().url == "http://a/2"
    assert queue.wake_in() is None


def test_hosts_take_turns(store, clock):
    """However many addresses one host has, the other comes in between."""
    fill(store, *[f"http://large/{number}" for number in range(20)], "http://small/1", "http://small/2")
    queue = frontier(store, clock, delay_s=0.5)
    order = []
    while queue.has_more():
        entry = queue.next()
        if entry is None:
            clock.now += queue.wake_in() or 0.0
            continue
        order.append(entry.url)
        finish(store, queue, entry)
    assert len(order) == 22
    assert max(place for place, url in enumerate(order) if "small" in url) <= 4


def test_slower_hosts_get_longer_gaps(store, clock):
    """The largest of delay, crawl delay and what throttling learned counts; a pause comes on top."""
    fill(store, *[f"http://a/{number}" for number in range(5)])
    queue = frontier(store, clock)
    queue.learned_delay = lambda _: 3.0
    finish(store, queue, queue.next())
    assert queue.wake_in() == pytest.approx(3.0)
    clock.now += 3
    queue.slow_down("a", 7.0)
    finish(store, queue, queue.next())
    assert queue.wake_in() == pytest.approx(7.0)
    queue.pause("a", 20.0)
    clock.now += 7
    assert queue.next() is None
    clock.now += 13
    assert queue.next() is not None


def test_new_entries_are_found_behind_the_window(store, clock):
    """More entries than fit the window in memory, and some that came later, are each handed out once."""
    fill(store, *[f"http://a/{number}" for number in range(150)])
    queue = frontier(store, clock, delay_s=0.0)
    seen = []
    while (entry := queue.next()) is not None:
        seen.append(entry.url)
        if len(seen) == 140:
            fill(store, "http://a/late")
            store.write(lambda txn: txn.discover("http://a/front", depth=0))
            queue.entered("a")
        finish(store, queue, entry)
    assert len(seen) == len(set(seen)) == 152
    assert not queue.has_more()


def test_what_is_not_settled_is_handed_out_again_by_the_next_run(store, clock):
    """A kill in between costs the requests under way, and only them."""
    fill(store, "http://a/1", "http://b/1", "http://c/1")
    queue = frontier(store, clock)
    first = queue.next()
    finish(store, queue, first)
    queue.next()
    again = frontier(store, clock)
    assert {again.next().url, again.next().url} == {"http://a/1", "http://b/1", "http://c/1"} - {first.url}


def test_outstanding_entries_are_bounded(store, clock):
    """No more than `outstanding_max` are under way, however many hosts there are."""
    fill(store, *[f"http://h{number}/" for number in range(9)])
    queue = frontier(store, clock, outstanding_max=4)
    taken = [queue.next() for _ in range(4)]
    assert queue.next() is None
    queue.answered(taken[0].url, reached=True)
    assert queue.next() is None
    finish(store, queue, taken[0])
    assert queue.next() is not None


def test_the_limit_of_pages_is_exact(store, clock):
    """No more pages are under way than there is room for; room left by an error is used."""
    fill(store, *[f"http://h{number}/" for number in range(6)])
    queue = frontier(store, clock, pages_max=2)
    one, two = queue.next(), queue.next()
    assert queue.next() is None
    finish(store, queue, one, page=False)
    three = queue.next()
    assert three is not None
    finish(store, queue, two)
    finish(store, queue, three)
    assert queue.full
    clock.now += 1.0
    assert queue.next() is None
    assert not queue.has_more()


def test_a_host_that_does_not_answer_is_left_alone(store, clock):
    """After so many failures in a row; an answer in between starts the count anew."""
    fill(store, *[f"http://a/{number}" for number in range(30)])
    queue = frontier(store, clock, delay_s=0.0)
    for number in range(FAILURES_MAX + 3):
        entry = queue.next()
        why = queue.answered(entry.url, reached=number == 2)
        assert bool(why) == (number == FAILURES_MAX + 2)
    assert queue.next() is None
    assert list(queue.resting()) == ["a"]


def test_a_long_rest_asked_for_in_an_earlier_run_is_respected(store, clock):
    """A host that asked for an hour is left alone; one that asked for a moment is waited for."""
    import time

    fill(store, "http://a/", "http://b/")
    now = time.time()
    store.write(
        lambda txn: (txn.note_host("a", "busy", not_before=now + 3_600), txn.note_host("b", "busy", not_before=now + 5))
    )
    queue = frontier(store, clock)
    assert list(queue.resting()) == ["a"]
    assert queue.next() is None
    clock.now += 5
    assert queue.next().url == "http://b/"

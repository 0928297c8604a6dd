"""A crawl that is killed at any moment, again and again, loses nothing and does nothing twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from searchkit.pages.store import PageStore
from tests.crawler.server import Answer, Route, Site, html, redirect

KILLS = int(os.environ.get("SEARCHKIT_KILLS", "5"))
PAGES = 60
OUTSTANDING = 16
"""Requests the crawl may have under way: what a kill may cost a second request for."""


def site_routes() -> dict[str, Route]:
    """A small site with everything a crawl has to decide: copies, canonical links, redirects, errors, dead ends."""

    def numbered(number: int) -> Answer:
        links = [f"/p{(number * 3 + step) % PAGES}" for step in range(1, 6)]
        links += [f"/gone{number}", f"/copy{number % 7}", f"/old{number % 9}", "/private/x", "mailto:a@example.com"]
        links += [f"/canon{number % 5}"]
        return html(f"Page {number}", links)

    routes: dict[str, Route] = {f"/p{number}": numbered(number) for number in range(PAGES)}
    routes["/"] = html("Start", ["/p0", "/p1"])
    routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /private/\n")
    routes |= {f"/copy{number}": html("Copy", text="The same words under several addresses.") for number in range(7)}
    routes |= {f"/old{number}": redirect(f"/p{number}") for number in range(9)}
    routes |= {
        f"/canon{number}": html(f"Variant {number}", head=f'<link rel=canonical href="/p{number}">')
        for number in range(5)
    }
    return routes


def command(directory: Path, site: Site) -> list[str]:
    """The crawl, always the same."""
    return [sys.executable, "-m", "tests.crawler.drive", str(directory), site.url(), f"127.0.0.1:{site.port}"]


def outcome(directory: Path, site: Site) -> dict[str, Any]:
    """All that a crawl left, without times, numbers of changes and who named an address first."""
    with PageStore.open(directory) as store:
        assert store.check() == []
        urls = {
            record.url.replace(str(site.port), "PORT"): (
                record.state,
                record.reason,
                record.target.replace(str(site.port), "PORT"),
            )
            for record in store.urls()
        }
        pages = {
            page.url.replace(str(site.port), "PORT"): (page.title, page.text, page.anchors) for page in store.pages()
        }
    return {"urls": urls, "pages": pages}


@pytest.mark.timeout(900)
def test_killed_crawls_come_to_the_same_end(tmp_path: Path) -> None:
    """After any number of kills: what was acknowledged is kept and not fetched again, and the end is the same."""
    assert kill_crawls(tmp_path, KILLS) >= KILLS


def kill_crawls(tmp_path: Path, kills: int) -> int:
    """Crawl again and again, killing `kills` times in all; how often it was, raising AssertionError for what is lost."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    with Site(site_routes()) as quiet:
        subprocess.run(command(tmp_path / "whole", quiet), check=True, stdout=subprocess.PIPE, cwd=_root())
        want = outcome(tmp_path / "whole", quiet)

    done_kills = round_ = 0
    while done_kills < kills:
        round_ += 1
        directory = tmp_path / f"killed{round_}"
        with Site(site_routes()) as site:
            acknowledged: dict[str, int] = {}
            finished = False
            while not finished:
                before = len(site.log)
                kill_after = (
                    chance.choice([chance.uniform(0, 0.3), chance.uniform(0.3, 1.2)]) if done_kills < kills else None
                )
                events, finished, killed = _run(command(directory, site), kill_after)
                done_kills += killed
                asked = [request.path for request in site.log[before:]]
                for url, number in acknowledged.items():
                    path = url.removeprefix(site.url("")) or "/"
                    assert path not in asked, f"seed {seed}: {path}, acknowledged in run {number}, was fetched again"
                for event in events:
                    if event["event"] in ("page", "alias", "skipped"):
                        assert event["url"] not in acknowledged, f"seed {seed}: {event} was acknowledged twice"
                        acknowledged[event["url"]] = round_
                _check_acknowledged(directory, events, seed)
            assert _differences(outcome(directory, site), want) == [], f"seed {seed}"
            _check_requests(site, seed)
    return done_kills


def _run(arguments: list[str], kill_after: float | None) -> tuple[list[dict[str, Any]], bool, int]:
    """Run a crawl, perhaps kill it: its whole events, whether it came to its end, and whether it was killed."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_root())
    assert process.stdout is not None
    events: list[dict[str, Any]] = []
    if kill_after is not None:
        # Moments are counted from the first event, where something is under way; now and then from the start.
        first = process.stdout.readline() if kill_after > 0.05 else b""
        time.sleep(kill_after)
        process.kill()
        out = first + process.stdout.read()
    else:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
    process.wait()
    for line in out.splitlines(keepends=True):
        if line.endswith(b"\n"):
            events.append(json.loads(line))
    finished = bool(events) and events[-1]["event"] == "done"
    return events, finished, int(process.returncode == -9)


def _check_acknowledged(directory: Path, events: list[dict[str, Any]], seed: int) -> None:
    if not PageStore.exists(directory):
        assert not events
        return
    with PageStore.open(directory) as store:
        assert store.check() == [], f"seed {seed}"
        for event in events:
            if event["event"] == "page":
                known = store.why(event["url"])
                assert known is not None
                # A copy with a better address may have taken its place since.
                assert known.state in ("page", "alias"), f"seed {seed}: {event} is not in the store"
                assert not known.entry
                assert store.get(known.target or known.url) is not None


def _check_requests(site: Site, seed: int) -> None:
    times: dict[str, int] = {}
    for request in site.log:
        if request.path != "/robots.txt":
            times[request.path] = times.get(request.path, 0) + 1
    again = sum(count - 1 for count in times.values())
    runs = site.asked("/robots.txt")
    assert again <= OUTSTANDING * runs, f"seed {seed}: {again} requests were made again in {runs} runs"


def _differences(got: dict[str, Any], want: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What differs, small enough to read."""
    return [
        (kind, name, got[kind].get(name), want[kind].get(name))
        for kind in want
        for name in got[kind].keys() | want[kind].keys()
        if got[kind].get(name) != want[kind].get(name)
    ]


def _root() -> Path:
    return Path(__file__).parents[2]

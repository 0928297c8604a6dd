"""Reading pages in processes that can be ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from crawler.parse_worker import answer
from crawler.parsing import ParserPool, Reading, Unreadable
from searchkit.pages.records import Reason

PAGE = b"<title>T</title><p>Some words</p><a href=/x>x</a><a href='mailto:a@b.c'>mail</a><a href='javascript:x'>j</a>"


def read(pool, body=PAGE):
    return pool.read(body, "http://a/", "utf-8", "html")


def test_a_worker_answers_like_the_library():
    """Links come back canonical or with a reason; what is no address is left out."""
    found = Reading.from_dict(answer({"url": "http://a/", "charset": "", "kind": "html"}, PAGE))
    assert found.title == "T"
    assert "Some words" in found.text
    assert [(url, why) for url, why, _, _ in found.links] == [("http://a/x", None), ("mailto:a@b.c", Reason.NOT_HTTP)]


def test_many_pages_through_few_workers():
    """Pages are read at the same time, and each answer belongs to its page."""

    async def go():
        pool = ParserPool(2, 5.0)
        try:
            pages = [b"<title>%d</title><p>x" % number for number in range(40)]
            return await asyncio.gather(*(read(pool, page) for page in pages))
        finally:
            pool.close()

    assert [found.title for found in asyncio.run(go())] == [str(number) for number in range(40)]


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX's")
def test_a_page_that_takes_too_long_costs_only_itself():
    """The operating system ends the worker; the next page gets another."""

    async def go():
        pool = ParserPool(1, 5.0)
        try:
            assert (await read(pool)).title == "T"
            pool._seconds = 0.02
            with pytest.raises(Unreadable, match=r"status|more than"):
                await read(pool, b"<p>words" * 900_000)
            pool._seconds = 5.0
            return await read(pool)
        finally:
            pool.close()

    assert asyncio.run(go()).title == "T"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_worker_that_hangs_or_dies_is_replaced():
    """One that is stopped is ended after its time; one that was killed is noticed."""

    async def go():
        pool = ParserPool(1, 0.1)
        try:
            await read(pool)
            worker = pool._workers[0]
            os.kill(worker._process.pid, signal.SIGSTOP)
            with pytest.raises(Unreadable, match="more than"):
                await read(pool)
            await read(pool)
            os.kill(worker._process.pid, signal.SIGKILL)
            with pytest.raises(Unreadable):
                await read(pool)
            return await read(pool)
        finally:
            pool.close()

    assert asyncio.run(go()).title == "T"

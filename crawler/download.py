"""One request, one bounded answer: Scrapy's download handler for http and https, on aiohttp.

Our own instead of one of Scrapy's, for three things that have to be decided while a response is under way:
which address is connected to (`addresses.py`), how much of which kind of body is worth reading, and how
long all of it together may take. No redirects are followed, no proxy is used, no cookie is kept, and
certificates are verified. The body comes as sent; Scrapy's HttpCompressionMiddleware unpacks it, under the
same limit. What this module does not know: politeness, robots.txt, and what pages are for.
"""

from __future__ import annotations

import time
from typing import Any, Final

import aiohttp
import yarl
from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from crawler.addresses import PrivateAddress, PublicResolver
from crawler.outcomes import Refused, Unreachable
from crawler.session import session_of
from searchkit import limits
from searchkit.pages.extract import content_kind
from searchkit.pages.records import Reason

ROBOTS: Final = "searchkit_robots"
"""Request meta key: this asks for a robots.txt, of any type, of which a part will do."""

_LINE_BYTES_MAX: Final = 16_384
_HEADERS_MAX: Final = 256
_CONNECT_S: Final = 15.0
_DNS_CACHE_S: Final = 300


class GuardedDownloadHandler(BaseDownloadHandler):
    """Downloads for one crawl."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        job = session_of(crawler).job
        self._timeout = aiohttp.ClientTimeout(total=job.timeout_s, sock_connect=min(_CONNECT_S, job.timeout_s))
        self._resolver = PublicResolver(job.allow_private)
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver, limit=0, use_dns_cache=True, ttl_dns_cache=_DNS_CACHE_S
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=_LINE_BYTES_MAX,
                max_field_size=_LINE_BYTES_MAX,
                max_headers=_HEADERS_MAX,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
        return self._session

    async def download_request(self, request: Request) -> Response:
        """Fetch one address.

        Raises
        ------
        Refused
            If it is on a private address, or the body is too large.
        Unreachable
            If the network, the server or its certificate failed, or time was up.
        """
        url = yarl.URL(request.url, encoded=True)
        started = time.monotonic()
        try:
            self._resolver.check_literal(url.raw_host or "", url.port or 0)
            headers = {str(name): str(value) for name, value in request.headers.to_unicode_dict().items()}
            async with self._open().get(url, headers=headers, allow_redirects=False, timeout=self._timeout) as response:
                request.meta["download_latency"] = time.monotonic() - started
                return await self._answer(request, response)
        except PrivateAddress as error:
            raise Refused(Reason.PRIVATE_ADDRESS, str(error)) from error
        except TimeoutError as error:
            raise Unreachable(Reason.TIMEOUT, f"no complete answer within {self._timeout.total:g} s") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PrivateAddress):
                raise Refused(Reason.PRIVATE_ADDRESS, str(error.os_error)) from error
            raise Unreachable(Reason.NETWORK, _clause(error.os_error)) from error
        except aiohttp.ClientError as error:
            raise Unreachable(Reason.NETWORK, _clause(error)) from error
        except (OSError, ValueError) as error:
            raise Unreachable(Reason.NETWORK, _clause(error)) from error

    async def _answer(self, request: Request, response: aiohttp.ClientResponse) -> Response:
        headers = Headers(list(response.headers.items()))
        wanted = limits.ROBOTS_BYTES_MAX if request.meta.get(ROBOTS) else limits.PAGE_BYTES_MAX
        body, flags = b"", ["unread"]
        if request.meta.get(ROBOTS) or response.status == 200:
            body, flags = await self._body(request, response, wanted)
        return Response(request.url, status=response.status, headers=headers, body=body, flags=flags, request=request)

    @staticmethod
    async def _body(request: Request, response: aiohttp.ClientResponse, wanted: int) -> tuple[bytes, list[str]]:
        """Read a body as far as it is worth it: nothing of a film, and no more than `wanted` bytes."""
        robots = bool(request.meta.get(ROBOTS))
        kind = response.headers.get("Content-Type", "")
        packed = "Content-Encoding" in response.headers
        if not robots and (response.content_length or 0) > wanted:
            raise Refused(Reason.TOO_LARGE, f"{response.content_length:,} bytes announced")
        pieces: list[bytes] = []
        size = 0
        async for piece in response.content.iter_any():
            if not pieces and not robots and content_kind(kind, b"<html>" if packed else piece) is None:
                response.close()
                return b"", ["unread"]
            pieces.append(piece)
            size += len(piece)
            if size > wanted:
                response.close()
                if robots:
                    return b"".join(pieces)[:wanted], ["cut"]
                raise Refused(Reason.TOO_LARGE, f"more than {wanted:,} bytes")
        return b"".join(pieces), []

    async def close(self) -> None:
        """Close connections that were kept open."""
        if self._session is not None:
            await self._session.close()


def _clause(error: Any) -> str:
    text = str(error) or type(error).__name__
    return text.replace("\n", " ")[:200]

"""A web site on loopback that does what it is told, including everything a site should not do.

It answers from a table of paths, writes down every request, and can be slow, endless or wrong. Nothing
leaves the machine. It shares no code with the crawler.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What a path gives."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Seconds before the first byte."""
    drip_s: float = 0.0
    """Seconds between two bytes of the body, for ever and ever."""


Route = Answer | Callable[["Request"], Answer]


@dataclass(frozen=True)
class Request:
    """One request, as written down."""

    path: str
    at: float
    headers: dict[str, str]


def html(title: str, links: Iterable[str] = (), text: str = "", head: str = "") -> Answer:
    """An ordinary page. `links` are addresses, each with a text of its own."""
    anchors = " ".join(f'<a href="{link}">to {link}</a>' for link in links)
    words = text or f"This is the page called {title}, and it says enough to be told apart from every other page."
    page = f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><p>{words}</p>{anchors}</body></html>"
    return Answer(page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def redirect(to: str, status: int = 302) -> Answer:
    """An answer that sends elsewhere."""
    return Answer(status=status, headers={"Location": to})


def bomb(size: int) -> Answer:
    """A page that is small on the wire and `size` bytes when it is unpacked."""
    return Answer(
        gzip.compress(b"<p>" + b"0" * size), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}
    )


class Site:
    """A site that is up while its `with` block lasts."""

    def __init__(self, routes: dict[str, Route] | None = None) -> None:
        self.routes: dict[str, Route] = routes or {}
        self.log: list[Request] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port: int = self._server.server_port

    @property
    def pair(self) -> tuple[str, int]:
        """What `--allow-private` needs to know."""
        return "127.0.0.1", self.port

    def url(self, path: str = "/") -> str:
        """Canonical address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.path == path for request in self.log)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about."""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            request = Request(
                self.path, time.monotonic(), {name.lower(): value for name, value in self.headers.items()}
            )
            site.log.append(request)
            route = site.routes.get(self.path, site.routes.get("*", Answer(b"not here", 404)))
            answer = route(request) if callable(route) else route
            time.sleep(answer.delay_s)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.drip_s:
                    self.end_headers()
                    while True:
                        self.wfile.write(b"x")
                        self.wfile.flush()
                        time.sleep(answer.drip_s)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if answer.status != 304:
                    self.wfile.write(answer.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    return Handler

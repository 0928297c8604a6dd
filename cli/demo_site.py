"""The documentation of Python's standard library as a web site: real pages, on any machine, without a network.

    python -m cli.demo_site PORT        serves on 127.0.0.1 until its standard input ends

One page for each module that can be imported, written by pydoc when it is first asked for, and an index of
them all; links lead from module to module. It runs in a process of its own, because pydoc has to import
what it describes. Modules whose import does something (opens a browser, prints a poem, needs a display) are
left out. Cost: 30 ms for a page on average, half a second for the largest.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import pkgutil
import pydoc
import re
import sys
import threading
import warnings
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any, Final

_LEFT_OUT: Final = frozenset({"antigravity", "this", "idlelib", "turtledemo", "test", "lib2to3", "ensurepip", "pip"})
"""Modules and packages whose import has effects, or that hold only tests, or that are on their way out."""
_LEFT_OUT_LAST: Final = frozenset({"__main__", "tests", "test", "__phello__"})
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]{6,16}")
_ANY: Final = "text/html; charset=utf-8"


@lru_cache(maxsize=1)
def modules() -> tuple[str, ...]:
    """Names of all modules that get a page, sorted. Imports none of them but packages."""
    found: list[str] = []
    for name in sorted(sys.stdlib_module_names):
        if name not in _LEFT_OUT:
            _collect(name, found)
    return tuple(sorted(found))


def _collect(name: str, found: list[str]) -> None:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return  # Of another platform.
    if spec is None:
        return
    found.append(name)
    for _, inner, _ in pkgutil.iter_modules(spec.submodule_search_locations or ()):
        if inner not in _LEFT_OUT_LAST and not inner.startswith("_"):
            _collect(f"{name}.{inner}", found)


class _Writer(pydoc.HTMLDoc):
    """pydoc, without this machine's file names, which are nobody's business."""

    def filelink(self, url: str, path: str) -> str:  # noqa: ARG002
        """Where the source is: not said."""
        return ""

    def page(self, title: str, contents: str) -> str:
        """A whole page."""
        body = _ADDRESS.sub("", contents)
        name = title.rpartition(" ")[2]
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{pydoc.html.escape(name)} - Python '
            f"standard library</title></head><body>{body}</body></html>"
        )


def render(name: str) -> bytes | None:
    """The page of one module; None if it cannot be imported on this machine."""
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            module = importlib.import_module(name)
            writer = _Writer()
            page = writer.page(pydoc.describe(module), writer.document(module, name))
    except (Exception, SystemExit):  # whatever importing a module of another platform may raise
        return None
    return page.encode("utf-8", "replace")


def index() -> bytes:
    """The page that leads to all others."""
    items = "".join(f'<li><a href="{name}.html">{name}</a></li>' for name in modules())
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The Python standard library</title></head>'
        f"<body><h1>The Python standard library</h1><p>{len(modules())} modules of Python "
        f"{sys.version.split()[0]}, described by themselves.</p><ul>{items}</ul></body></html>"
    )
    return page.encode()


def edition() -> str:
    """What the pages depend on: the same edition has the same pages."""
    return hashlib.sha256(f"{sys.version} {' '.join(modules())}".encode()).hexdigest()[:16]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages: Final[dict[str, bytes | None]] = {}
    writing: Final = threading.Lock()

    def do_GET(self) -> None:
        """Answer one request."""
        name = self.path.strip("/").removesuffix(".html")
        if self.path == "/robots.txt":
            self._send(200, b"User-agent: *\nAllow: /\n", "text/plain")
        elif self.path == "/" or name in modules():
            tag = f'"{edition()}-{name}"'
            if self.headers.get("If-None-Match") == tag:
                self._send(304, b"", _ANY, tag)
                return
            body = self._page(name)
            self._send(200 if body else 404, body or b"This module is not on this machine.", _ANY, tag if body else "")
        else:
            self._send(404, b"There is no such page.", "text/plain")

    def _page(self, name: str) -> bytes | None:
        if not name:
            return index()
        with self.writing:  # Importing is not a thing for several threads.
            if name not in self.pages:
                self.pages[name] = render(name)
            return self.pages[name]

    def _send(self, status: int, body: bytes, kind: str, tag: str = "") -> None:
        self.send_response(status)
        if tag:
            self.send_header("ETag", tag)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the crawl tells what happens."""


def main() -> None:
    """Serve until standard input ends, so that the site never outlives who started it."""
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    # Modules may write where they like when they are imported; nobody is to see it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()

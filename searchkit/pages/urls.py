"""One spelling for each web address, so that a page is fetched once and has one id.

`canonical_url` is used by the crawler for every link and by sources for every page they read; a document's
id is its result. It decides nothing about whether a page may be fetched (`crawler/urls.py` does), touches no
network, and resolves no name. Cost: about 50 microseconds for each address.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from searchkit import limits

SCHEMES: Final = frozenset({"http", "https"})
"""Schemes that are ever fetched, followed in a redirect, or accepted as canonical."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_TRACKING: Final = frozenset(
    {"dclid", "fbclid", "gclid", "gclsrc", "igshid", "mc_cid", "mc_eid", "msclkid", "twclid", "wbraid", "yclid"}
)
"""Query parameters that name the visit, not the page. Also everything that begins with `utm_`."""
_SESSIONS: Final = frozenset({"jsessionid", "phpsessid", "aspsessionid", "sessionid", "session_id", "cfid", "cftoken"})
_PATH_SESSION: Final = re.compile(r";jsessionid=[^/?#;]*", re.IGNORECASE)
_AROUND: Final = "".join(map(chr, range(0x21)))
_INSIDE: Final = str.maketrans("", "", "\t\n\r")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ROUNDS_MAX: Final = 4


def canonical_url(url: str) -> str | None:
    """Give the one spelling of an http or https address, or None if it is not one.

    The scheme and host are lowercased (international names in their ASCII form, numeric hosts as dotted
    IPv4), user names and passwords, default ports, fragments, `.` and `..` segments, tracking and session
    parameters are removed, escapes are normalised and query parameters sorted. Applying it twice changes
    nothing more.

    Parameters
    ----------
    url : str
        An absolute address, as found; white space around it and line breaks in it are dropped.

    Returns
    -------
    str or None
        At most `limits.ID_BYTES_MAX` ASCII characters. None for another scheme, a host that cannot be one,
        a port outside 1 to 65535, or an address that is too long.

    Examples
    --------
    >>> canonical_url("HTTP://User@Example.COM:80/a/../b?z=1&utm_source=mail&a=2#part")
    'http://example.com/b?a=2&z=1'
    >>> canonical_url("http://2130706433/")
    'http://127.0.0.1/'
    >>> canonical_url("mailto:someone@example.com") is None
    True
    """
    for _ in range(_ROUNDS_MAX):
        once = _canonical_once(url)
        if once is None or once == url:
            return once
        url = once
    return None  # An address that never settles cannot be an id.


def _canonical_once(url: str) -> str | None:
    if len(url) > 4 * limits.ID_BYTES_MAX:
        return None
    try:
        parts = urlsplit(url.strip(_AROUND).translate(_INSIDE).replace("\\", "/"))
        port = parts.port
    except ValueError:
        return None
    host = canonical_host(parts.hostname or "")
    if parts.scheme not in SCHEMES or host is None or port == 0:
        return None
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    path = _without_dots(_PATH_SESSION.sub("", parts.path)) or "/"
    query = "&".join(pair for pair in parts.query.split("&") if not _is_noise(pair))
    try:
        result = canonicalize_url(urlunsplit(SplitResult(parts.scheme, netloc, path, query, "")))
    except (ValueError, UnicodeError):
        return None
    return result if result.isascii() and len(result) <= limits.ID_BYTES_MAX else None


def canonical_host(host: str) -> str | None:
    """Lowercase ASCII form of a host name or address (IPv6 in brackets), or None if it cannot be one."""
    host = host.lower().rstrip(".")
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host.strip('[]')).compressed}]"
        except ValueError:
            return None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:  # As browsers do: 0x7f.1, 2130706433 and 017700000001 are all 127.0.0.1.
            return str(ipaddress.IPv4Address(socket.inet_aton(host)))
        except (OSError, ValueError):
            return None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return host


def host_of(url: str) -> str:
    """`host` or `host:port` of a canonical address: what politeness and quotas are counted by."""
    return urlsplit(url).netloc


def same_site(one: str, other: str) -> bool:
    """Whether two canonical addresses have the same host, a leading `www.` aside."""
    return _bare(one) == _bare(other)


def _bare(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return host.removeprefix("www.")


def _is_noise(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return not pair or name.startswith("utm_") or name in _TRACKING or name in _SESSIONS


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` segments as RFC 3986, section 5.2.4, does for an absolute path."""
    if "/." not in path and "%2e" not in path.lower():
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            if len(kept) > 1:
                kept.pop()
        elif plain != ".":
            kept.append(segment)
    if segments[-1].lower().replace("%2e", ".") in (".", ".."):
        kept.append("")
    return "/".join(kept)

"""Which network addresses may be connected to: the public internet, and what the operator named.

A page can name any host, and a name can resolve to anything, so the check is made on the address that is
connected to, at the moment of resolving it, for every request: pages, redirects and robots.txt alike.
Without it, a link could make the crawler read the operator's own router, metadata service or database.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4: Final = ipaddress.IPv6Network("2002::/16")


class PrivateAddress(OSError):
    """A host is, or resolves only to, addresses that are not public. Never leaves the crawler."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    Not so: private, loopback, link-local, shared (RFC 6598), multicast, reserved and unspecified ones, nor
    an IPv6 address that carries such an IPv4 address inside (mapped, NAT64, 6to4), nor Teredo.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip in _6TO4:
            inner = ip.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast


class PublicResolver(AbstractResolver):
    """Resolves names, and keeps only the addresses that may be connected to.

    Parameters
    ----------
    allowed : frozenset of (str, int)
        Pairs of host and port, as in the URL, for which any address is fine.
    """

    def __init__(self, allowed: frozenset[tuple[str, int]]) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of a host that may be connected to; raises `PrivateAddress` if it has only others."""
        found = await self._resolver.resolve(host, port, family)
        if (host, port) in self._allowed:
            return found
        public = [result for result in found if is_public(result["host"])]
        if found and not public:
            raise PrivateAddress(f"{host} is {found[0]['host']}, which is not a public address")
        return public

    def check_literal(self, host: str, port: int) -> None:
        """Raise `PrivateAddress` for a host that is itself such an address; those are never resolved."""
        literal = host.strip("[]")
        try:
            ipaddress.ip_address(literal)
        except ValueError:
            return
        if not is_public(literal) and (host, port) not in self._allowed and (literal, port) not in self._allowed:
            raise PrivateAddress(f"{literal} is not a public address")

    async def close(self) -> None:
        """Nothing to release."""
        await self._resolver.close()

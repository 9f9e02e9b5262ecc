"""Where a request that leaves the house may go: one rule for alerts and for the dossier system.

A host is looked up once, every address of it is judged, and the connection is made to that very address: a name that answers
differently a moment later (DNS rebinding) leads nowhere else. Private and loopback addresses are reached only where whoever
keeps the machine said so, link-local ones (a cloud's metadata) never. Sends nothing itself.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotReachable(Exception):
    """No request may go there, or the host is not known; the text says which."""


def may_reach(address: IP, *, private: bool) -> bool:
    """Whether a request may go to this address. An IPv4 address in IPv6 clothes counts as what it is."""
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified or (inner.is_reserved and not inner.is_loopback):
        return False
    return inner.is_global or (private and (inner.is_private or inner.is_loopback))


def resolve(host: str, port: int, *, private: bool) -> str:
    """The address to connect to; refused where one of the host's addresses may not be reached."""
    try:
        found = {str(entry[4][0]).split("%")[0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as bad:
        raise NotReachable(f"host not found: {type(bad).__name__}") from bad
    for each in sorted(found):
        if not may_reach(ipaddress.ip_address(each), private=private):
            raise NotReachable("the address lies in a network that may not be reached (private = true lets it into your own)")
    return sorted(found)[0]


@dataclass(frozen=True, slots=True)
class Place:
    """An address as it was set by whoever keeps the machine: scheme, host and port, as they stand in the request."""

    scheme: str
    host: str
    port: int
    netloc: str


def place(url: str, *, private: bool) -> Place:
    """The parts of an absolute address; refused where it carries a password, or would carry one in the clear to the outside."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as bad:
        raise NotReachable(f"{url!r} is no address: {bad}") from bad
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotReachable(f"{url!r} is no address: https://host/path is expected")
    if "@" in parts.netloc:
        raise NotReachable("an address may not hold a user name or a password")
    if parts.scheme == "http" and not private:
        raise NotReachable("https is needed outside your own network (private = true allows http inside it)")
    return Place(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), parts.netloc)


def names_inside(url: str) -> bool:
    """Whether an address itself says that it lies inside: a private or loopback number, or this machine's own name. Somebody who
    types such an address means it; a name that merely leads there has to be allowed."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return may_reach(found, private=True) and not may_reach(found, private=False)

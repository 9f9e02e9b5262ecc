"""The dossier system that four options name: the feed's own contract over REST, with OAuth2 client credentials.

What other partners need is a file read by `adapters.config`; this holds the short way alone.
"""

from __future__ import annotations

from typing import Any

from queue_server import outward

from .adapters.login import OAuth
from .adapters.rest import Rest
from .adapters.wire import Wire

NAME = "hệ thống hồ sơ"


def partner(base: str, token_url: str, client_id: str, client_secret: str, *, private: bool | None = None, **limits: Any) -> Rest:
    """The adapter. Where nothing is said, an address that itself names a place inside may be reached, no other that leads there."""
    inside = outward.names_inside(base) and outward.names_inside(token_url) if private is None else private
    wire = Wire(private=inside, **limits)
    return Rest(NAME, base, wire, OAuth(wire, token_url, client_id, client_secret))

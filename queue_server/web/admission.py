"""Who may open a stream, and where it is served: in this process, or in the one for streams alone.

Holds the judging of a request for a stream, with the same functions as everywhere else, and the passing on of its
connection. What is sent on it is the hub's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from queue_server.contract.position import Position
from queue_server.domain.errors import Refusal
from queue_server.services import queries
from queue_server.web.annexe import Annexe
from queue_server.web.auth import BOARD_COOKIE, LONGEST_TOKEN, SESSION_COOKIE, Credential, allow, choose_site
from queue_server.web.channel import Listener
from queue_server.web.feed import place
from queue_server.web.hub import Hub
from queue_server.web.routes import ROUTES
from queue_server.web.signatures import Signed, signed
from queue_server.web.stream import Stream
from toiluot_bridge import target
from toiluot_guard import Guarded

NEEDS = next(route.needs for route in ROUTES if route.name == "stream")
LONGEST_ZONE = 64


class Streams:
    """The streams of one server process, wherever they are served."""

    def __init__(self, hub: Hub, annexe: Annexe) -> None:
        self.hub, self.annexe = hub, annexe

    # ------------------------------------------------------------ judging
    async def admit(self, scope: dict[str, Any], headers: Mapping[str, str], board_token: str | None) -> tuple[Listener, int | None]:
        """What this request may hear and after which row; raises `Refusal`."""
        hub = self.hub
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        cookies = {BOARD_COOKIE: board_token} if board_token else _cookies(headers.get("cookie", ""))
        authorization = "" if board_token else headers.get("authorization", "")
        address = (scope.get("client") or ("",))[0] or "local"
        about = None if authorization or board_token else _signature(scope)

        def look() -> Credential | None:
            return hub.gate.credential(authorization, cookies, address) if about is None else hub.gate.signed(about, address)

        found = await hub.source.read(look)
        if found is None:
            hub.gate.limits.stranger(address)
            raise Refusal("unauthenticated")
        allow(found.who, NEEDS)
        site = choose_site(found.who, query.get("site"))
        if await hub.source.read(partial(hub.house.standing.word, site)) == "fenced":
            raise Refusal("fenced")  # nothing happens here any more: another server has the hall
        named = headers.get("last-event-id") or query.get("after")
        after = place(named, "?after") if named else None
        known = after is not None and await hub.source.read(partial(self._known, site, after, found.via in ("key", "device")))
        if hub.stopping:
            raise Refusal("stopping")
        if hub.open + self.annexe.open >= min(hub.house.streams_limit, Guarded.most):
            raise Refusal("too_many_streams")
        secret = f"Bearer {authorization.split()[-1]}" if authorization else ""
        who = Listener(
            site,
            not found.who.may("feed"),
            found.zone or _zone(query),
            secret,
            {} if found.proof else cookies,
            found.proof.keyid if found.proof else "",
        )
        return who, after.seq if after is not None and known else None

    def _known(self, site: str, after: Position, program: bool) -> bool:
        """A position of an epoch that ended earlier is told to programs; a browser would never dial again after a
        refusal, and its snapshot has replaced whatever it knew."""
        try:
            with self.hub.house.store.read() as reader:
                queries.events(reader, site, after=after, limit=1)
        except Refusal:
            if program:
                raise
            return False
        return True

    # ------------------------------------------------------------ passing on
    async def open_for(self, connection: Guarded, who: Listener, after: int | None) -> None:
        """The connection leaves the HTTP server. Without another process, or where that has just died, it stays here."""
        transport = connection.release()
        if self.annexe.ready and await self.annexe.give(transport, who, after):
            return
        if transport.is_closing():
            return  # whoever asked has left meanwhile
        stream = Stream(self.hub, who, after, connections=connection.connections)
        transport.set_protocol(stream)
        stream.connection_made(transport)
        self.annexe.consider()


def _signature(scope: dict[str, Any]) -> Signed | None:
    lines = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return signed(scope["method"], scope.get("scheme", "http"), target(scope), lines, b"")


def _zone(query: Mapping[str, str]) -> str | None:
    zone = query.get("zone") or None
    if zone is not None and len(zone) > LONGEST_ZONE:
        raise Refusal("invalid", errors=[{"pointer": "?zone", "code": "too_long", "detail": f"at most {LONGEST_ZONE} characters"}])
    return zone


def _cookies(text: str) -> dict[str, str]:
    """The cookies that could be a credential; what is longer is none, and is not carried about."""
    try:
        jar = SimpleCookie(text)
    except CookieError:
        return {}
    return {name: jar[name].value for name in (SESSION_COOKIE, BOARD_COOKIE) if name in jar and len(jar[name].value) <= LONGEST_TOKEN}

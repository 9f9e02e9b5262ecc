"""The short way of a command: from the event loop straight to the writer and back, without a thread or Flask between.

Holds that way alone, and it is only for what needs no second look: a known key, a small well-formed message, no query.
Whatever else comes, and every command that is refused, goes the long way (`dispatch`), where refusals are judged anew and
put into words. Both ways use the same route table, gate, messages and use-cases; `command` makes a repeat harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

from queue_server.contract import strict
from queue_server.contract.problem import Invalid, Malformed, TooLarge
from queue_server.contract.vocabulary import API
from queue_server.domain.errors import Refusal
from queue_server.services import command
from queue_server.web.auth import Credential, Gate, allow, choose_site
from queue_server.web.call import Call, Route
from queue_server.web.dispatch import ARGUMENT, order_of
from queue_server.web.dressing import Dress
from queue_server.web.house import House
from queue_server.web.routes import ROUTES, full_path
from queue_server.web.standing import HEADER

MOST_BYTES = 4096  # reading a long message would keep every stream and every other command waiting
DEEP = 6  # parts of a path: "", api, v1, tickets or counters, which one, command
JSON = (b"content-type", b"application/json; charset=utf-8")
EPOCH = HEADER.lower().encode()
REPLAYED = (b"idempotent-replayed", b"true")


class Lane:
    """The short way through one process."""

    def __init__(self, house: House, gate: Gate) -> None:
        self._house, self._gate, self._dress = house, gate, Dress(house.clock)
        self.set_out()

    def set_out(self) -> None:
        """Its rows of the route table: by the whole path, or by what stands around the one name in it."""
        mine = [route for route in ROUTES if route.kind == "command" and route.needs and not (route.form or route.careful)]
        self._plain = {full_path(route): route for route in mine if "{" not in route.path}
        named = [(full_path(route).split("/"), route) for route in mine if "{" in route.path]
        self._named = {(parts[3], parts[5]): (route, parts[4].strip("{}")) for parts, route in named if len(parts) == DEEP}

    async def take(self, scope: dict[str, Any], body: bytes, send: Callable[[Any], Awaitable[None]]) -> bool:
        """Answer this request. False where nothing was answered: it goes the long way."""
        ready = self._ready(scope, body) if len(body) <= MOST_BYTES and not scope["query_string"] else None
        if ready is None:
            return False
        route, call = ready
        try:
            use_case = route.handler(call)
            done = await _settled(command.submit(self._house.store, order_of(route, call), use_case, status=route.success))
        except Exception:  # noqa: BLE001 - a command that failed changed nothing: the long way runs it again and has the words
            return False
        text = done.text.encode()
        epoch = str(self._house.standing.epoch(call.site)).encode()
        lines = [
            JSON,
            (b"content-length", str(len(text)).encode()),
            (EPOCH, epoch),
            *self._dress.lines(),
            *((REPLAYED,) if done.replayed else ()),
        ]
        await send({"type": "http.response.start", "status": 200 if done.replayed else route.success, "headers": lines})
        await send({"type": "http.response.body", "body": text})
        return True

    def _ready(self, scope: dict[str, Any], body: bytes) -> tuple[Route, Call] | None:
        """The route and the call, where all is well with both."""
        route, args = self.find(scope["path"]) if scope["method"] == "POST" else (None, {})
        if route is None or route.message is None:
            return None
        given = dict(scope["headers"])
        known = self._known(given)
        if known is None:
            return None
        try:
            allow(known.who, route.needs)
            site = choose_site(known.who, None)
            message = strict.read(route.message, strict.load(body))
            self._gate.limits.key(known.who.id)
        except (Refusal, Invalid, Malformed, TooLarge):
            return None
        if not self._house.standing.clear(site, given.get(EPOCH, b"").decode("latin-1")):
            return None
        return route, Call(self._house, known.who, site, args, {}, message, self._house.clock.wall_ms())

    def _known(self, given: dict[bytes, bytes]) -> Credential | None:
        """The credential of a program that was here a moment ago and sends JSON."""
        if given.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            return None
        return self._gate.known_key(given.get(b"authorization", b"").decode("latin-1"))

    def find(self, path: str) -> tuple[Route | None, dict[str, str]]:
        """The route of a path and the name in it."""
        plain = self._plain.get(path)
        if plain is not None:
            return plain, {}
        parts = path.split("/")
        if len(parts) != DEEP:
            return None, {}
        route, name = self._named.get((parts[3], parts[5]), (None, ""))
        if f"/{parts[1]}/{parts[2]}" != API or not ARGUMENT.fullmatch(parts[4]):
            return None, {}
        return route, {name: parts[4]}


async def _settled(work: Future[command.Answer]) -> command.Answer:
    """What the writer answers, awaited on this loop."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
            loop.call_soon_threadsafe(_done, waiter)

    work.add_done_callback(wake)
    await waiter
    return work.result()


def _done(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)

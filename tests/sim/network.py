"""The network of the simulation: requests as a server's door sees them, lines with their faults between a client and its servers.

Holds what may happen to one message. A line stands where the client has its HTTP library; which server it asks is the client's own choice
from its list.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlencode

import httpx
import orjson

from queue_server.client import Client
from tests.sim.world import Crash, World

TIMEOUT_S = 4.0
CENTRE, PI = "http://centre", "http://pi"
BASES = f"{CENTRE},{PI}"


class Door(Protocol):
    """What a line needs of a server."""

    up: bool
    unplugged: bool
    busy_until_ms: int

    def answer(self, asked: Asked) -> Told: ...


Net = Mapping[str, Door]


class Quiet:
    """A log nobody reads; what breaks inside the server is kept for the checker."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def info(self, *_: Any, **__: Any) -> None: ...

    def warning(self, *_: Any, **__: Any) -> None: ...

    def error(self, words: str, **about: Any) -> None:
        self.broken.append(f"{words}: {about.get('exc_info')!r}")


@dataclass(frozen=True)
class Asked:
    """One request as the server's door sees it."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]

    def environ(self) -> dict[str, Any]:
        fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return fields | {
            "REQUEST_METHOD": self.method, "PATH_INFO": self.path, "QUERY_STRING": self.query, "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(self.body)), "CONTENT_TYPE": "application/json" if self.body else "",
            "SERVER_NAME": "centre", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(self.body), "wsgi.errors": sys.stderr,
            "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One answer, as the client reads answers."""

    status_code: int
    content: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.content)

    def read(self) -> bytes:
        return self.content

    def iter_raw(self) -> Iterator[bytes]:
        yield self.content


@dataclass(frozen=True)
class Said:
    """One exchange as the line saw it: who asked which server what, and what came back to them. `two` says that a standby had been
    there without a fault for a while, so that what was answered must be on two machines."""

    at_ms: int
    who: str
    path: str
    body: dict[str, Any]
    status: int
    answer: dict[str, Any]
    base: str = CENTRE
    two: bool = False


class Line:
    """The network between one client and the servers. `share`: how much of the bad weather reaches it."""

    def __init__(self, world: World, net: Net, who: str, heard: list[Said], *, share: float = 1.0) -> None:
        self._world, self._net, self._who, self._heard, self._share = world, net, who, heard, share
        self._dice = world.dice(f"line-{who}")
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self.base_url = CENTRE
        self.cut = False
        self.failed: Callable[[], None] = lambda: None

    def client(self, key: str, bases: str = BASES) -> Client:
        """The real client on this line."""
        made = Client(bases, key, transport=httpx.BaseTransport())
        made._http.close()
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": "vi", "Host": "centre"}
        self.base_url = made.base
        made._http = self  # type: ignore[assignment]
        return made

    def request(self, method: str, path: str, *, params: Any = None, json: Any = None, headers: Any = None) -> Told:
        try:
            return self._request(method, path, params, json, headers)
        except httpx.HTTPError:
            self.failed()
            raise

    def _request(self, method: str, path: str, params: Any, json: Any, headers: Any) -> Told:
        weather, luck = self._world.weather, self._dice.random() / (self._share or 1e-9)
        body = b"" if json is None else orjson.dumps(json)
        asked = Asked(method, unquote(path), urlencode(params or {}), body, self.headers | (headers or {}))
        post, door = method == "POST", self._net[str(self.base_url)]
        if self.cut or door.unplugged or not door.up:
            raise httpx.ConnectError("no server")
        if luck < weather.lost:
            raise self._dice.choice((httpx.ConnectError, httpx.ReadTimeout))("lost")
        luck -= weather.lost
        if post and luck < weather.late:
            self._again(door, asked, self._dice.uniform(0.1, 40.0))
            raise httpx.ReadTimeout("late")
        luck -= weather.late
        wait_s = (door.busy_until_ms - self._world.now_ms) / 1000
        if wait_s > TIMEOUT_S:
            if post:
                self._again(door, asked, wait_s)
            raise httpx.ReadTimeout("the disk is slow")
        if post and luck < weather.doubled:
            self._again(door, asked, self._dice.uniform(0.0, 40.0))
        try:
            told = door.answer(asked)
        except Crash:
            raise httpx.ReadError("the server died") from None
        if weather.doubled <= luck < weather.doubled + weather.answer_lost:
            raise httpx.ReadTimeout("the answer was lost")
        if post:
            about = (str(self.base_url), bool(getattr(door, "two", False)))
            self._heard.append(Said(self._world.now_ms, self._who, path, json, told.status_code, told.json(), *about))
        return told

    @contextlib.contextmanager
    def stream(self, method: str, path: str, *, params: Any = None, timeout: float = 0.0) -> Iterator[Told]:
        """A long answer: a copy of the database."""
        yield self.request(method, path, params=params)

    def _again(self, door: Door, asked: Asked, after_s: float) -> None:
        """A copy that arrives later: its answer reaches nobody."""

        def arrive() -> None:
            if door.up and not door.unplugged:
                with contextlib.suppress(Crash):
                    door.answer(asked)

        self._world.after(after_s, arrive)

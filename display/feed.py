"""The one connection from this display to the server's stream, kept up for ever.

Holds dialling, the credential, the watchdog and the way back: it resumes with the last event id, drops a line that is
open but silent, and dials again with jitter, soon enough that a board is right within 15 s of the server's return.
What the frames mean is the relay's affair. One asyncio task; time comes from the loop, which is monotonic.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from display.relay import Relay
from display.wire import BadMessage
from queue_server.contract import sse
from queue_server.contract.vocabulary import API

SILENCE_S = 10.0  # two beats missed: a half-open line looks just like this, and nothing else will tell
CONNECT_S = 3.0
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 5.0
REFUSED_DELAY_S = 8.0  # a refused key does not get better by asking faster
SETTLE_S = 0.3  # several rows that need a fresh board are answered by one question
ASKS = 5
ASK_S = 5.0
ASK_EVERY_S = 60.0  # rows of another zone may change this zone's figures unseen: what drifted is right again after a minute


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the stream comes from (addresses of a server and its standby, separated by commas) and with which credential."""

    server: str
    key: str | None = None
    board_token: str | None = None
    zone: str | None = None
    site: str | None = None
    auth: httpx.Auth | None = None  # an enrolled device signs each request instead of showing a key
    verify: Any = True

    def params(self) -> dict[str, str]:
        return {name: value for name, value in (("zone", self.zone), ("site", self.site)) if value}


class Refused(Exception):
    """The server answered, and the answer is no stream."""

    def __init__(self, status: int, wait_s: float) -> None:
        super().__init__(f"status {status}")
        self.status, self.wait_s = status, wait_s


class Feed:
    """Hands every frame of the server to the relay."""

    def __init__(
        self, upstream: Upstream, relay: Relay, log: Any, *, silence_s: float = SILENCE_S, ask_every_s: float = ASK_EVERY_S
    ) -> None:
        self._upstream, self._relay, self._log, self._silence_s = upstream, relay, log, silence_s
        self._ask_every_s, self._asked_s = ask_every_s, 0.0
        self._last_id = ""
        self._bases = [each.strip().rstrip("/") for each in upstream.server.split(",") if each.strip()]
        self._at = 0
        relay.several = len(self._bases) > 1
        self._delay_s = FIRST_DELAY_S
        self._said = ""
        self._asking: asyncio.Task[None] | None = None
        self._line: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Until cancelled."""
        headers = {"User-Agent": "toiluot-display"}
        if self._upstream.key is not None:
            headers["Authorization"] = f"Bearer {self._upstream.key}"
        timeout = httpx.Timeout(CONNECT_S, read=None)  # silence is judged by beats, not by bytes
        # Proxies of the environment are ignored: the server stands in the same building.
        async with httpx.AsyncClient(
            base_url=self._bases[0],
            headers=headers,
            timeout=timeout,
            trust_env=False,
            auth=self._upstream.auth,
            verify=self._upstream.verify,
        ) as http:
            try:
                while True:
                    delay_s = await self._once(http)
                    self._turn(http)
                    await asyncio.sleep(delay_s)
            finally:
                if self._asking is not None:
                    self._asking.cancel()

    async def _once(self, http: httpx.AsyncClient) -> float:
        """Hold one connection until it ends; the seconds to wait before the next."""
        try:
            await self._listen(http)
            self._say("the server ended the stream")
        except TimeoutError:
            self._say("no beat: the line is dropped")
        except httpx.HTTPError as cut:
            self._say(f"no connection: {type(cut).__name__}")
        except (BadMessage, sse.FrameTooLong) as bad:
            self._last_id = ""
            self._say(f"not a message of this contract: {bad}")
        except Refused as no:
            self._last_id = ""  # the place in the log may be what was refused; the snapshot makes it needless
            if no.status in (401, 403):
                http.cookies.clear()
                self._say("the server refuses this display's key or board token: make a new one and restart the display")
            else:
                self._say(f"the server gives no stream: {no}")
            return _jitter(no.wait_s, 0.7, 1.0)
        delay_s = _jitter(self._delay_s, 0.7, 1.3)
        self._delay_s = min(MAX_DELAY_S, self._delay_s * 2)
        return delay_s

    def _turn(self, http: httpx.AsyncClient) -> None:
        """To the next server of the list."""
        if len(self._bases) > 1:
            self._at = (self._at + 1) % len(self._bases)
            http.base_url = httpx.URL(self._bases[self._at])
            http.cookies.clear()

    async def _listen(self, http: httpx.AsyncClient) -> None:
        async with asyncio.timeout(self._silence_s) as self._line:
            try:
                await self._enter_board(http)
                headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
                if self._last_id:
                    headers["Last-Event-ID"] = self._last_id
                async with http.stream("GET", f"{API}/stream", params=self._upstream.params(), headers=headers) as answer:
                    _check(answer)
                    decoder = sse.Decoder()
                    async for chunk in answer.aiter_raw():
                        for frame in decoder.feed(chunk):
                            self._take(http, frame)
                            self._hang_up_in(self._silence_s)
            finally:
                self._line = None

    def _hang_up_in(self, seconds: float) -> None:
        if self._line is not None and not self._line.expired():
            self._line.reschedule(asyncio.get_running_loop().time() + seconds)

    def _take(self, http: httpx.AsyncClient, frame: sse.Frame) -> None:
        now_s = asyncio.get_running_loop().time()
        needed = self._relay.take(frame)
        if frame.id:
            self._last_id = frame.id
        if frame.event == "snapshot":
            self._delay_s, self._asked_s = FIRST_DELAY_S, now_s
            self._say("live")
        due = needed or now_s - self._asked_s > self._ask_every_s
        if due and (self._asking is None or self._asking.done()):
            self._asked_s = now_s
            self._asking = asyncio.create_task(self._ask(http, needed=needed))

    async def _ask(self, http: httpx.AsyncClient, *, needed: bool) -> None:
        """Get the whole board beside the open line, because a row changed it in a way the public row does not tell."""
        for _ in range(ASKS):
            await asyncio.sleep(SETTLE_S)
            try:
                async with asyncio.timeout(ASK_S):
                    if self._relay.take_snapshot(await self._glance(http), only_newer=True):
                        return
            except (httpx.HTTPError, TimeoutError, Refused, ValueError) as bad:
                self._log.warning("board not fetched", why=str(bad) or type(bad).__name__)
        if needed:
            self._hang_up_in(0)  # a new line begins with a snapshot

    async def _glance(self, http: httpx.AsyncClient) -> Any:
        """The snapshot of a second, short stream: whoever may follow the stream may do this, whatever the key allows."""
        async with http.stream("GET", f"{API}/stream", params=self._upstream.params()) as answer:
            _check(answer)
            decoder = sse.Decoder()
            async for chunk in answer.aiter_raw():
                for frame in decoder.feed(chunk):
                    if frame.event == "snapshot":
                        return frame.json()
        raise ValueError("the stream ended before its snapshot")

    async def _enter_board(self, http: httpx.AsyncClient) -> None:
        """A board token becomes a cookie by opening its page once."""
        token = self._upstream.board_token
        if token is None or http.cookies:
            return
        answer = await http.get(f"/b/{quote(token, safe='')}", follow_redirects=True)
        _check(answer)

    def _say(self, what: str) -> None:
        """Log a change of the line, not every attempt."""
        if what != self._said:
            self._said = what
            self._log.info("stream", state=what, silence_s=round(self._relay.silence_s(), 1))


def _jitter(seconds: float, low: float, high: float) -> float:
    """All boards of a building must not dial at once."""
    return seconds * random.uniform(low, high)  # noqa: S311 - spreads load, guards nothing


def _check(answer: httpx.Response) -> None:
    if answer.status_code == 200:
        return
    if answer.status_code in (401, 403, 404):
        raise Refused(answer.status_code, REFUSED_DELAY_S)
    told = answer.headers.get("Retry-After", "")
    raise Refused(answer.status_code, min(float(told), REFUSED_DELAY_S) if told.isascii() and told.isdigit() and told != "0" else 2.0)

"""The server's line to its dossier program: one question about one dossier, answered in time or not at all.

Holds the asking, its bound in time and number, the breaker and a short memory. Of what the far end sends only a state's number,
a day and a place's code are read, so nothing that names a person can go on from here; a code stands in no log and, in memory,
only as a digest. Which states there are and what they mean for people is `services.looking_up`'s affair.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from queue_server.domain.errors import Refusal
from queue_server.services.looking_up import Known
from queue_server.web.breaker import Breaker, Standing
from queue_server.web.limits import Bucket, Rate, digest
from toiluot_edge import Clock

WHOLE_S = 1.7  # of the two seconds a person is kept waiting; the rest is the way there and back
CONNECT_S = 0.5
AT_ONCE = 4  # a slow far end holds no more of the server's threads than this
MOST_BYTES = 16 * 1024
KEPT_S, KEPT_UNKNOWN_S, KEPT_MOST = 60.0, 15.0, 256
ASKING = Rate(0.5, 20)  # of one credential: a hall at its busiest scans a receipt every few seconds
MISSING = Rate(1 / 60, 10)  # codes that nobody has: who tries numbers one after another soon has to wait
HERE = ("127.0.0.1", "::1", "localhost")


class Silent(Exception):
    """The dossier system did not answer, or not in time, or nothing that can be read. `args[0]`: why, in a word."""


@dataclass(frozen=True)
class Seen:
    """What was found (None: nobody knows this code), and when it was asked for."""

    known: Known | None
    asked_at_ms: int


class DossierLine:
    """Safe to use from several threads. Each process has its own: memory, breaker and limits count for it alone."""

    def __init__(self, base: str, key: str, clock: Clock, log: Any, *, whole_s: float = WHOLE_S, kept_most: int = KEPT_MOST) -> None:
        self._base, self._clock, self._log, self._whole_s = safe_base(base), clock, log, whole_s
        self._breaker, self._kept_most = Breaker(clock.monotonic), kept_most
        self._asking, self._missing = Bucket(ASKING, clock), Bucket(MISSING, clock)
        self._seats = threading.BoundedSemaphore(AT_ONCE)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dossiers")
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[float, Seen]] = OrderedDict()
        headers = {
            "Authorization": f"Bearer {key}",
            "User-Agent": "toiluot-server",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        times = httpx.Timeout(whole_s, connect=CONNECT_S, pool=CONNECT_S)
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # over plain HTTP: reading every authority of the machine would be for nothing
        verify = unused if self._base.startswith("http://") else True
        self._http = httpx.Client(timeout=times, headers=headers, verify=verify, trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def standing(self) -> Standing:
        """Whether the dossier system is asked now."""
        return self._breaker.standing()

    def look_up(self, code: str, who: str, now_ms: int) -> Seen:
        """A refusal where this credential asks too much, or where nobody answers."""
        wait_s = max(self._missing.empty(who), self._asking.take(who))
        if wait_s:
            raise Refusal("rate_limited", retry_after_s=max(1, round(wait_s)))
        name = digest(code)
        seen = self._remembered(name) or self._ask(code, name, now_ms)
        if seen.known is None:
            self._missing.take(who)
        return seen

    # ------------------------------------------------------------ a short memory
    def _remembered(self, name: bytes) -> Seen | None:
        with self._lock:
            until, seen = self._kept.get(name, (0.0, None))
            return seen if self._clock.monotonic() < until else None

    def _remember(self, name: bytes, seen: Seen) -> None:
        with self._lock:
            self._kept[name] = (self._clock.monotonic() + (KEPT_S if seen.known else KEPT_UNKNOWN_S), seen)
            self._kept.move_to_end(name)
            while len(self._kept) > self._kept_most:
                self._kept.popitem(last=False)

    # ------------------------------------------------------------ asking
    def _ask(self, code: str, name: bytes, now_ms: int) -> Seen:
        if not self._seats.acquire(blocking=False):
            raise _refusal()  # all are waiting already: one more would only wait behind them
        if not self._breaker.enter():
            self._seats.release()
            raise _refusal(self._breaker.standing().again_s)
        why = "stopped"
        try:
            seen = Seen(self._in_time(code), now_ms)
            why = ""
        except Silent as silent:
            why = str(silent)
            raise _refusal() from None  # the chain would quote the address, and with it the code
        except Refusal:
            why = ""  # it answered: this partner has no look-up
            raise
        finally:
            self._tell(why)
        self._remember(name, seen)
        return seen

    def _tell(self, why: str) -> None:
        if why and self._breaker.failed(why):
            self._log.warning("dossier system left alone for a while", reason=why)
        elif not why and self._breaker.passed():
            self._log.info("dossier system answers again")

    def _in_time(self, code: str) -> Known | None:
        """The answer within the whole time. A question that takes longer keeps its seat until it has ended."""
        try:
            asked: Future[Known | None] = self._pool.submit(self._question, code, self._clock.monotonic() + self._whole_s)
        except RuntimeError:  # the server is stopping
            self._seats.release()
            raise Silent("stopping") from None
        asked.add_done_callback(lambda _: self._seats.release())
        try:
            return asked.result(self._whole_s)
        except TooLate:
            raise Silent("timeout") from None

    def _question(self, code: str, until_s: float) -> Known | None:
        try:
            with self._http.stream("GET", f"{self._base}/dossiers/{quote(code, safe='')}") as answer:
                body = _whole(answer, lambda: self._clock.monotonic() < until_s)
                return _known(answer.status_code, body)
        except httpx.TimeoutException:
            raise Silent("timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Silent("unreachable") from None


def _refusal(again_s: float = 0.0) -> Refusal:
    return Refusal("dossier_silent", **({"retry_after_s": max(1, round(again_s))} if again_s else {}))


def _whole(answer: httpx.Response, in_time: Callable[[], bool]) -> bytes:
    """The body, bounded in length and time: one that comes drop by drop is none."""
    body = b""
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise Silent("too_long")
        if not in_time():
            raise Silent("timeout")
    return body


def _known(status: int, body: bytes) -> Known | None:
    """What may be told of an answer. Whatever else stands in it ends here."""
    if status in (404, 422):  # nobody has it, or no code of that house looks like this
        return None
    if status == 501:
        raise Refusal("dossier_off")
    if status != 200:
        raise Silent(f"status_{status}")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Silent("unreadable") from None
    state = said.get("state") if isinstance(said, dict) else None
    if not isinstance(state, int) or isinstance(state, bool) or not 1 <= state <= 10:
        raise Silent("unknown_state")
    place = said.get("collect_at")
    return Known(state, _day(said.get("due")), place if isinstance(place, str) and len(place) <= 64 else None)


def _day(text: Any) -> str | None:
    """A promised day as a date alone; anything that is not an instant or a date is left out."""
    try:
        return datetime.fromisoformat(text).date().isoformat() if isinstance(text, str) else None
    except ValueError:
        return None


def safe_base(address: str) -> str:
    """The address, where it is this machine's own or HTTPS: a code on the wire is its holder's."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"--dossier {address}: give the address of `toiluot dossier run`, e.g. http://127.0.0.1:8791")
    if parts.scheme == "http" and parts.hostname not in HERE:
        raise ValueError(f"--dossier {address}: over a network it must be https")
    return address.rstrip("/")

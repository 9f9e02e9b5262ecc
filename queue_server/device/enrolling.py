"""A device asks to be let in and waits for a person, by the rules of RFC 8628 §3.5; what is admitted is its key, not a token.

Holds the asking, the interval (`slow_down` makes it longer), the expiry (it asks anew), the turn to the next server, and
whom to believe: the authority on the card, else the one the server shows, whose words a person compares. Writes nothing:
what follows an admission is `settling`'s affair.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

import httpx

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import device as shared
from toiluot_edge import Clock, SystemClock

from .identity import Identity, trust
from .joining import Join
from .signing import SignedBy
from .standing import Board, Phase
from .trusting import authority_words, unverified

SLOWER_S, MOST_INTERVAL_S = 5.0, 60.0  # RFC 8628 §3.2 and §3.5
AGAIN_S, REFUSED_AGAIN_S = 3.0, 60.0
Json = dict[str, Any]
_OUT = {"device_suspended": Phase.SUSPENDED, "device_revoked": Phase.REVOKED, "enrolment_refused": Phase.REFUSED}


@dataclass
class _Pending:
    enrolment: str
    interval_s: float
    until_s: float


class Enrolling:
    """`ask` until admitted; `stop` ends the waiting."""

    def __init__(
        self,
        identity: Identity,
        join: Join,
        auth: SignedBy,
        board: Board,
        *,
        hardware: dict[str, str],
        clock: Clock | None = None,
        stop: Event | None = None,
        transport: Callable[[], httpx.BaseTransport] | None = None,
    ) -> None:
        self._identity, self._join, self._auth, self._board, self._hardware = identity, join, auth, board, hardware
        self._clock, self.stop, self._transport = clock or SystemClock(), stop or Event(), transport
        self._at = 0
        self._pin = join.ca_pem

    def ask(self, *, once: bool = False) -> Json | None:
        """What the device is here; None where it was stopped, or asked `once` and has to wait."""
        while not self.stop.is_set():
            try:
                answer = self._through_one_server(once=once)
                if answer is not None:
                    return answer
            except Unreachable as cut:
                self._say_cut(cut)
            except Problem as refused:
                self._refused(refused)
            if once:
                return None
            self._at = (self._at + 1) % len(self._join.servers)
        return None

    # ------------------------------------------------------------ one server
    def _through_one_server(self, *, once: bool) -> Json | None:
        """Admitted, or None when it is time to ask anew."""
        with self._client(pinned=bool(self._pin)) as client:
            answer = self._ask_in(client)
        if answer.get("device"):
            return answer
        server = self._join.servers[self._at]
        authority = self._pin or str(answer.get("ca_pem") or "")
        self._wait_for_a_person(answer, server, authority)
        if once:
            return None
        # From here on only the holder of that authority's key is believed: whoever stood between would need it too.
        with self._client(pinned=True, ca_pem=authority) as client:
            return self._poll(client, answer)

    def _ask_in(self, client: Client) -> Json:
        asked: Json = {"public_key": self._identity.public_text, "role": self._join.role, "hardware": self._hardware}
        asked |= {key: value for key, value in (("name", self._join.name), ("site", self._join.site)) if value}
        # A key that is good once is told to no one whose word was not checked.
        key = self._join.join_key if self._pin or not self._encrypted else ""
        if not key:
            return client.enrol(asked)
        try:
            return client.enrol({**asked, "join_key": key})
        except Problem as refused:
            if refused.status not in (400, 403, 404, 409, 410, 422):
                raise
            return client.enrol(asked)  # used or too old: then a person decides

    def _poll(self, client: Client, answer: Json) -> Json | None:
        pending = _Pending(
            str(answer["enrolment"]),
            float(answer.get("interval_s") or shared.INTERVAL_S),
            self._clock.monotonic() + float(answer.get("expires_in_s") or shared.EXPIRES_S),
        )
        while self._clock.monotonic() < pending.until_s and not self.stop.wait(pending.interval_s):
            try:
                told = client.enrolment(pending.enrolment)
                if told.get("device"):
                    return told
                pending.interval_s = max(pending.interval_s, float(told.get("interval_s") or 0))
            except Problem as problem:
                if problem.status == 404:
                    return None  # run out, or another server's: ask anew
                if problem.status != 429:
                    raise
                pending.interval_s += max(SLOWER_S, float(problem.retry_after_s or 0))
            except Unreachable as cut:
                if isinstance(cut.__cause__, httpx.ConnectError | httpx.ConnectTimeout) and len(self._join.servers) > 1:
                    raise
                pending.interval_s *= 2  # RFC 8628 §3.5: after a time-out, ask less often
            pending.interval_s = min(pending.interval_s, MOST_INTERVAL_S)
        return None

    # ------------------------------------------------------------ what the page says
    def _wait_for_a_person(self, answer: Json, server: str, authority: str) -> None:
        self._board.change(
            phase=Phase.WAITING,
            words=self._identity.words,
            user_code=str(answer.get("user_code") or ""),
            server_words=authority_words(authority) if authority and server.startswith("https://") else (),
            pinned=bool(self._pin),
            plain=not server.startswith("https://"),
            server=server,
        )

    def _refused(self, refused: Problem) -> None:
        phase = _OUT.get(refused.code)
        if phase is None:
            self._board.change(phase=Phase.UNREACHABLE, server=self._join.servers[self._at])
            self.stop.wait(max(AGAIN_S, float(refused.retry_after_s or 0)))
            return
        self._board.change(phase=phase, words=self._identity.words, server=self._join.servers[self._at])
        self.stop.wait(REFUSED_AGAIN_S)

    def _say_cut(self, cut: Unreachable) -> None:
        cause: BaseException | None = cut
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        phase = Phase.UNREACHABLE if cause is None else Phase.UNTRUSTED
        self._board.change(phase=phase, words=self._identity.words, server=self._join.servers[self._at])
        self.stop.wait(AGAIN_S)

    # ------------------------------------------------------------ the line
    @property
    def _encrypted(self) -> bool:
        return self._join.servers[self._at].startswith("https://")

    def _client(self, *, pinned: bool, ca_pem: str = "") -> Client:
        verify = trust(ca_pem or self._pin) if pinned else unverified()
        transport = self._transport() if self._transport else None
        return Client(self._join.servers[self._at], timeout=10.0, verify=verify, auth=self._auth, transport=transport)


def request_id() -> str:
    return f"device-{secrets.token_hex(12)}"

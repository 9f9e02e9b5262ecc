"""The server's API for programs: one function per call of the contract.

Holds requests, answers as plain JSON objects, and two errors: `Problem` (the server refused and says why) and
`Unreachable` (no whole answer arrived: the command may or may not have happened, so repeat it with the same request
id). It retries nothing and keeps nothing: spools and cursors are their owners' affair.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from .client_device import DeviceCalls
from .client_hall import HallCalls, path_part
from .contract import messages, sse
from .contract.strict import wire
from .contract.vocabulary import API

Json = dict[str, Any]
STREAM_SILENCE_S = 20.0  # the server beats every 5 s; three beats missed and the line is dead


class Problem(Exception):
    """The server refused. `code` is the contract's word, `body` the whole problem, `retry_after_s` where it was told."""

    def __init__(self, status: int, code: str, body: Json, retry_after_s: int | None = None) -> None:
        super().__init__(f"{status} {code}: {body.get('detail') or body.get('title') or ''}".rstrip(": "))
        self.status, self.code, self.body, self.retry_after_s = status, code, body, retry_after_s


class Unreachable(Exception):
    """No whole answer: no connection, time-out, cut line, or an answer that is not the server's."""


class Client(HallCalls, DeviceCalls):
    """One credential at one site's server. Safe to share between threads; each stream holds a connection of its own.

    `base` may list several servers, separated by commas: the server and its standby. The client stays with the one that
    answers and turns to the next after a cut line or where one says that it stands by or was replaced; whoever repeats the
    request meets the other. The highest epoch seen is told with every request, so a server that was replaced learns of it."""

    def __init__(
        self,
        base: str,
        key: str | None = None,
        timeout: float = 5.0,
        *,
        site: str | None = None,
        board_token: str | None = None,
        lang: str = "vi",
        verify: bool | str | ssl.SSLContext = True,
        auth: httpx.Auth | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Accept-Language": lang, "User-Agent": "toiluot-client"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.strip()}"
        self._bases = [each.strip().rstrip("/") for each in base.split(",") if each.strip()]
        self._at = 0
        self.epoch = 0  # the highest seen
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
        # Proxies of the environment are ignored: the server stands in the same building.
        self._http = httpx.Client(
            base_url=self._bases[0],
            headers=headers,
            timeout=timeout,
            verify=verify,
            auth=auth,  # an enrolled device signs each request instead of showing a key
            transport=transport,
            trust_env=False,
            limits=limits,
        )
        self._site, self._board_token = site, board_token

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ tickets
    def issue(
        self,
        request_id: str,
        *,
        service: str | None = None,
        tasks: Sequence[str] = (),
        priority_class: str | None = None,
        source: str = "api",
        channel: str = "in_person",
        holder_key: str | None = None,
        dossier_code: str | None = None,
        appointment: str | None = None,
        quantity: int = 1,
        party: int = 1,
        on_behalf: bool = False,
        lang: str = "vi",
        needs: Sequence[str] = (),
        zone: str | None = None,
        ticket_id: str | None = None,
        token_hash: str | None = None,
        device: str | None = None,
    ) -> Json:
        """The ticket; the same ticket for the same request id."""
        message = messages.Issue(
            request_id=request_id,
            service=service,
            tasks=tuple(tasks),
            priority_class=priority_class,
            source=source,
            channel=channel,
            holder_key=holder_key,
            dossier_code=dossier_code,
            appointment=appointment,
            quantity=quantity,
            party=party,
            on_behalf=on_behalf,
            lang=lang,
            needs=tuple(needs),
            zone=zone,
            ticket_id=ticket_id,
            token_hash=token_hash,
            device=device,
        )
        return self._post("/tickets", wire(message))

    def ticket(self, ticket_id: str) -> Json:
        return self._get(f"/tickets/{path_part(ticket_id)}")

    def citizen_ticket(self, token: str) -> Json:
        """What the holder of a slip may know of its number."""
        return _object(self._send("GET", f"/t/{path_part(token)}.json"))

    def own_slip(self, request_id: str, token: str, command: str, **fields: Any) -> Json:
        """let-pass (count), cancel: what the holder of a slip may do."""
        return _object(self._send("POST", f"/t/{path_part(token)}/{path_part(command)}", json={"request_id": request_id, **fields}))

    def tickets(self, *, label: str | None = None, day: str | None = None, dossier: str | None = None) -> Json:
        return self._get("/tickets", label=label, day=day, dossier=dossier)

    def amend(self, request_id: str, ticket_id: str, **changes: Any) -> Json:
        return self._on(ticket_id, "amend", request_id, changes)

    def cancel(self, request_id: str, ticket_id: str, reason: str | None = None) -> Json:
        return self._on(ticket_id, "cancel", request_id, {"reason": reason})

    def readmit(self, request_id: str, ticket_id: str, reason: str | None = None) -> Json:
        return self._on(ticket_id, "readmit", request_id, {"reason": reason})

    def print_outcome(
        self, request_id: str, ticket_id: str, outcome: str, *, detail: str | None = None, device: str | None = None, job: str | None = None
    ) -> Json:
        """`job`: of a slip that was wanted at this kiosk (`errands`)."""
        return self._on(ticket_id, "print-outcome", request_id, {"outcome": outcome, "detail": detail, "device": device, "job": job})

    def reprint(self, request_id: str, ticket_id: str, reason: str | None = None) -> Json:
        return self._on(ticket_id, "reprint", request_id, {"reason": reason})

    def rate(self, request_id: str, ticket_id: str, stars: int) -> Json:
        return self._on(ticket_id, "rate", request_id, {"stars": stars})

    def annotate(self, request_id: str, ticket_id: str, text: str) -> Json:
        return self._on(ticket_id, "annotate", request_id, {"text": text})

    def on_ticket(self, request_id: str, ticket_id: str, command: str, counter: str, **fields: Any) -> Json:
        """recall, serve, hold, resume, release, transfer, complete, no-show, reclassify, procedures."""
        return self._on(ticket_id, command, request_id, {"counter": counter, **fields})

    # ------------------------------------------------------------ counters
    def counters(self) -> Json:
        return self._get("/counters")

    def counter(self, counter: str) -> Json:
        return self._get(f"/counters/{path_part(counter)}")

    def counter_command(self, request_id: str, counter: str, command: str, **fields: Any) -> Json:
        """open (services, take_over), close, pause, resume, wrap-up, alarm."""
        return self._post(f"/counters/{path_part(counter)}/{path_part(command)}", {"request_id": request_id, **fields})

    def next(self, request_id: str, counter: str, previous: str | None = None, if_ticket: str | None = None) -> Json:
        """`{"ticket": {…}}`, or `{"ticket": None}` where nobody waits. `if_ticket`: who must be there now, or `nobody`."""
        return self._post(f"/counters/{path_part(counter)}/next", {"request_id": request_id, "previous": previous, "if_ticket": if_ticket})

    def call(self, request_id: str, counter: str, ticket: str, reason: str) -> Json:
        return self._post(f"/counters/{path_part(counter)}/call", {"request_id": request_id, "ticket": ticket, "reason": reason})

    def at_counter(self, request_id: str, counter: str, command: str, if_ticket: str | None = None) -> Json:
        """recall, serve, hold, no-show, complete for the person at the counter."""
        return self._post(f"/counters/{path_part(counter)}/{path_part(command)}", {"request_id": request_id, "if_ticket": if_ticket})

    def undo(self, request_id: str, counter: str, cmd: str | None = None, reason: str | None = None) -> Json:
        return self._post(f"/counters/{path_part(counter)}/undo", {"request_id": request_id, "cmd": cmd, "reason": reason})

    # ------------------------------------------------------------ readings
    def services(self) -> Json:
        return self._get("/services")

    def queue(self) -> Json:
        return self._get("/queue")

    def board(self, zone: str | None = None) -> Json:
        return self._get("/board", zone=zone)

    def kiosk_home(self, etag: str | None = None) -> tuple[Json | None, str | None]:
        """What the kiosk's home shows and its ETag; (None, etag) where nothing changed since `etag`."""
        answer = self._send("GET", f"{API}/kiosk/home", headers={"If-None-Match": etag} if etag else None)
        if answer.status_code == 304:
            return None, answer.headers.get("ETag")
        home = _object(answer)
        self.heard(int(home["site"].get("epoch", 0)))
        return home, answer.headers.get("ETag")

    def events(self, after: str = "0", limit: int = 500) -> Json:
        told = self._get("/events", after=after, limit=str(limit))
        self._hear(told["position"])
        return told

    # ------------------------------------------------------------ leases, devices
    def lease(self, request_id: str, series: str, count: int) -> Json:
        return self._post("/leases", {"request_id": request_id, "series": series, "count": count})

    def settle(self, request_id: str, lease_id: str, tickets: Sequence[Json]) -> Json:
        return self._post(f"/leases/{path_part(lease_id)}/settle", {"request_id": request_id, "tickets": list(tickets)})

    def restate(self, request_id: str, tickets: Sequence[Json]) -> Json:
        """Tickets that another server acknowledged, told again after it was replaced."""
        return self._post("/tickets/restate", {"request_id": request_id, "tickets": list(tickets)})

    def day_key(self, request_id: str, offered: str | None = None) -> Json:
        """Today's key for hashing cards. On a connection of its own: of several server processes one has it."""
        body, alone = {"request_id": request_id, "offered": offered}, {"Connection": "close"}
        return _object(self._send("POST", f"{API}/kiosk/day-key", json=body, headers=alone))

    def heartbeat(self, beat: Mapping[str, Any]) -> Json:
        return self._post("/devices/heartbeat", dict(beat))

    # ------------------------------------------------------------ a standby's
    def standing(self) -> Json:
        """`{standing: serving|standby|fenced, epoch, standby}`."""
        return self._get("/standing")

    def replica_rows(self, after: int, answers_since: int) -> Json:
        return self._get("/replica/rows", after=str(after), answers_since=str(answers_since))

    def replica_aside(self, known: str) -> Json:
        return self._get("/replica/aside", known=known or None)

    def replica_snapshot(self, file: Path) -> None:
        """One moment of the server's whole database into a file."""
        try:
            with self._http.stream("GET", f"{API}/replica/snapshot", params=self._params(), timeout=60.0) as answer:
                if answer.status_code != 200:
                    answer.read()
                    self._refused(answer)
                with file.open("wb") as out:
                    for chunk in answer.iter_raw():
                        out.write(chunk)
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            raise Unreachable(f"snapshot: {type(cut).__name__}") from cut

    def promote(self, request_id: str) -> Json:
        """Asked of a standby: take over."""
        return self._post("/replica/promote", {"request_id": request_id})

    def devices(self) -> Json:
        return self._get("/devices")

    def ready(self) -> bool:
        """Whether the server answers and can reach its database."""
        try:
            return self._http.get("/readyz").status_code == 200
        except (httpx.HTTPError, httpx.InvalidURL):
            return False

    # ------------------------------------------------------------ stream
    def stream(self, after: str | None = None, zone: str | None = None) -> Generator[sse.Frame, None, None]:
        """Frames `(event, id, data text)` until the line ends, which raises `Unreachable`; reconnecting (with the last
        id as `after`) is the caller's. Closing the iterator closes the connection."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        timeout = httpx.Timeout(self._http.timeout.connect, read=STREAM_SILENCE_S)
        decoder = sse.Decoder()
        self._enter_board()
        try:
            with self._http.stream("GET", f"{API}/stream", params=self._params(zone=zone), headers=headers, timeout=timeout) as answer:
                if answer.status_code != 200:
                    answer.read()
                    self._refused(answer)
                for chunk in answer.iter_raw():
                    for frame in decoder.feed(chunk):
                        self._hear(frame.id)
                        yield frame
        except (httpx.HTTPError, httpx.InvalidURL, sse.FrameTooLong) as cut:
            self._turn()
            raise Unreachable(f"stream: {type(cut).__name__}") from cut
        raise Unreachable("stream: ended by the server")

    # ------------------------------------------------------------ several servers
    @property
    def servers(self) -> int:
        """How many servers this client knows."""
        return len(self._bases)

    @property
    def base(self) -> str:
        """The server this client is with now."""
        return self._bases[self._at]

    def heard(self, epoch: int) -> None:
        """An epoch of the site that was seen anywhere."""
        if epoch > self.epoch:
            self.epoch = epoch
            self._http.headers["Toiluot-Epoch"] = str(epoch)

    def _hear(self, frame_id: str | None) -> None:
        if (epoch := (frame_id or "").partition("-")[0]).isdigit():
            self.heard(int(epoch))

    def _turn(self) -> None:
        """To the next server of the list."""
        if len(self._bases) > 1:
            self._at = (self._at + 1) % len(self._bases)
            self._http.base_url = self._bases[self._at]
            self._http.cookies.clear()

    # ------------------------------------------------------------ inside
    def _on(self, ticket_id: str, command: str, request_id: str, fields: Mapping[str, Any]) -> Json:
        return self._post(f"/tickets/{path_part(ticket_id)}/{path_part(command)}", {"request_id": request_id, **fields})

    def _get(self, path: str, **params: str | None) -> Json:
        return _object(self._send("GET", API + path, params=params))

    def _post(self, path: str, body: Json) -> Json:
        given = {name: value for name, value in body.items() if value is not None}
        return _object(self._send("POST", API + path, json=given))

    def _put_file(self, path: str, content: bytes, kind: str) -> None:
        self._send("PUT", API + path, content=content, headers={"Content-Type": kind})

    def _params(self, **params: str | None) -> dict[str, str]:
        return {name: value for name, value in {"site": self._site, **params}.items() if value is not None}

    def _enter_board(self) -> None:
        """A board token becomes a cookie by opening its page once."""
        if self._board_token is None or self._http.cookies:
            return
        try:
            answer = self._http.get(f"/b/{path_part(self._board_token)}")
        except httpx.HTTPError as cut:
            raise Unreachable(type(cut).__name__) from cut
        if answer.status_code >= 400:
            self._refused(answer)

    def _send(self, method: str, path: str, *, params: Mapping[str, str | None] | None = None, **sent: Any) -> httpx.Response:
        self._enter_board()
        try:
            answer = self._http.request(method, path, params=self._params(**(params or {})), **sent)
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            self._turn()
            raise Unreachable(f"{method} {path}: {type(cut).__name__}") from cut
        self._hear(answer.headers.get("Toiluot-Epoch"))
        if answer.status_code >= 400:
            self._refused(answer)
        return answer

    def _refused(self, answer: httpx.Response) -> None:
        """Raises `Problem` for the server's own refusals; a stranger's page (a proxy's 502) is no answer at all."""
        if answer.status_code == 401:
            self._http.cookies.clear()  # a board cookie may have been changed by hand: the next call opens the token again
        try:
            body = answer.json()
            code = str(body["code"])
        except (ValueError, KeyError, TypeError) as other:
            raise Unreachable(f"status {answer.status_code} without a problem body") from other
        if code in ("standby", "fenced"):
            self._turn()
        wait = answer.headers.get("Retry-After", "")
        raise Problem(answer.status_code, code, body, int(wait) if wait.isascii() and wait.isdigit() else None)


def _object(answer: httpx.Response) -> Json:
    try:
        body = answer.json()
    except ValueError as bad:
        raise Unreachable("the answer is not JSON") from bad
    if not isinstance(body, dict):
        raise Unreachable("the answer is not a JSON object")
    return body

"""The client's calls for the people who guide the hall, for a clerk's desk, for a kiosk that asks what it is
wanted for, and for the figures.

Holds addresses and fields alone; how a request travels is `client`'s affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

Json = dict[str, Any]


def path_part(part: str) -> str:
    return quote(part, safe="")


class HallCalls(Protocol):
    """Of a `Client`."""

    def _get(self, path: str, **params: str | None) -> Json: ...

    def _post(self, path: str, body: Json) -> Json: ...

    def _on(self, ticket_id: str, command: str, request_id: str, fields: Mapping[str, Any]) -> Json: ...

    def check_in(self, request_id: str, code: str, **fields: Any) -> Json:
        """The person of an appointment is here: a ticket."""
        return self._post(f"/appointments/{path_part(code)}/check-in", {"request_id": request_id, **fields})

    def rate_at(self, request_id: str, counter: str, stars: int) -> Json:
        """One to four for the visit that has just ended at a counter."""
        return self._post(f"/counters/{path_part(counter)}/rate", {"request_id": request_id, "stars": stars})

    def call_help(self, request_id: str, place: str, need: str | None = None) -> Json:
        """Somebody at a kiosk or a counter asks for a person."""
        return self._post("/help-calls", {"request_id": request_id, "place": place, "need": need})

    def help_command(self, request_id: str, call: str, command: str) -> Json:
        """answer, done."""
        return self._post(f"/help-calls/{path_part(call)}/{path_part(command)}", {"request_id": request_id})

    def print_at(self, request_id: str, ticket_id: str, device: str, reprint: bool = False) -> Json:
        """The slip is wanted at a kiosk; the answer names the `job`."""
        return self._on(ticket_id, "print-at", request_id, {"device": device, "reprint": reprint})

    def priority(self, request_id: str, ticket_id: str, decision: str, reason: str | None = None) -> Json:
        """confirmed or refused, by somebody who saw the papers."""
        return self._on(ticket_id, "priority", request_id, {"decision": decision, "reason": reason})

    def rush(self, request_id: str, on: bool) -> Json:
        return self._post("/hall/rush", {"request_id": request_id, "on": on})

    def hall(self) -> Json:
        """Rush hour, help calls and the machines' lights."""
        return self._get("/hall")

    def errands(self, device: str) -> Json:
        """What a kiosk is wanted for: `{prints: [{job, reprint, ticket}], help: its open call or None}`."""
        return self._get(f"/devices/{path_part(device)}/errands")

    # ------------------------------------------------------------ a clerk's desk
    def activate(self, request_id: str, counter: str) -> Json:
        """Work at this counter; the same clerk's other one is paused."""
        return self._post(f"/counters/{path_part(counter)}/activate", {"request_id": request_id})

    def hand_over(self, request_id: str, counter: str, to: str) -> Json:
        """Give the counter to a colleague (the log-in name), with the person at the desk."""
        return self._post(f"/counters/{path_part(counter)}/hand-over", {"request_id": request_id, "to": to})

    def check_slip(self, counter: str, code: str) -> Json:
        """Whether a slip, scanned or typed, is the one to be served at this counter."""
        return self._get(f"/counters/{path_part(counter)}/check", code=code)

    def dossier(self, code: str) -> Json:
        """A dossier's state and what to do. Give the client a short timeout: whoever asks has somebody waiting."""
        return self._get(f"/dossiers/{path_part(code)}")

    def find(self, q: str) -> Json:
        """Today's tickets by label, dossier, appointment or a slip's QR."""
        return self._get("/find", q=q)

    def rules(self) -> Json:
        return self._get("/rules")

    def metrics_day(self, date: str, service: str | None = None) -> Json:
        return self._get("/metrics/day", date=date, service=service)

    def metrics_range(self, first: str, last: str, service: str | None = None, sites: Sequence[str] = ()) -> Json:
        return self._get("/metrics/range", **{"from": first, "to": last, "service": service, "sites": ",".join(sites) or None})

    def seals(self) -> Json:
        return self._get("/seals")

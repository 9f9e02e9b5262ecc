"""How the feed stands, told to the server with each heartbeat, and the orders that come back.

An order `resend` (one refused record, or all) is handed to the worker and answered when it was carried out. Any other kind is
answered as unknown: this program is no machine that could print or restart.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import times
from toiluot_edge import Clock

from .worker import Worker

BEAT_S, OPENING_S, ORDERED_S = 10.0, 0.5, 1.0
RESEND = "resend"


class Beating:
    """The heartbeat of one worker; runs on a thread of its own."""

    def __init__(self, client: Client, worker: Worker, clock: Clock, name: str, partner: str, log: Any) -> None:
        self._client, self._worker, self._clock, self._log = client, worker, clock, log
        self._name, self._partner = name, partner
        self._begun, self._silent = clock.monotonic(), False
        self._answered: set[str] = set()
        self._plain = False

    def run(self, stop: Event) -> None:
        """Until `stop`; a beat that does not arrive is logged once, not every time."""
        while not stop.wait(self._pause_s()):
            try:
                self._answer()
                answer = self._beat()
                self._take(answer.get("orders") or ())
                self._silent = False
            except (Unreachable, Problem) as trouble:
                if not self._silent:
                    self._log.warning("heartbeat not taken", reason=str(trouble))
                self._silent = True

    def _beat(self) -> dict[str, Any]:
        """A server of the version before does not know what a feed says of itself: then it is told the rest."""
        report = self.report()
        if self._plain:
            report.pop("feed")
            report["spool"].pop("lag_s")
        try:
            return self._client.heartbeat(report)
        except Problem as refused:
            self._plain = self._plain or refused.code in ("invalid", "malformed")
            raise

    def _pause_s(self) -> float:
        if self._worker.health.state == "opening":
            return OPENING_S
        return ORDERED_S if self._worker.done.keys() - self._answered or self._worker.ordered() else BEAT_S

    def report(self) -> dict[str, Any]:
        """The beat."""
        h = self._worker.health
        slot = {"role": "dossier", "state": h.state, "code": h.code, "detail": h.detail, "device": f"position {h.position}"}
        boot = Path("/proc/sys/kernel/random/boot_id")
        told = {
            "position": h.position,
            "partner": self._partner,
            "waiting": h.waiting,
            "days": h.days,
            "sent": h.sent,
            "refused": h.refused,
            "newest_refused": self._worker.aside.newest(),
            "trouble": h.detail if h.state == "backoff" else None,
            "answered_at": None if h.answered_at_ms is None else times.encode(h.answered_at_ms),
        }
        beat = {
            "device": self._name,
            "role": "dossier",
            "boot_id": boot.read_text().strip() if boot.exists() else None,
            "uptime_s": int(self._clock.monotonic() - self._begun),
            "slots": [slot],
            "spool": {"waiting": h.waiting, "lag_s": self._worker.lag_s()},
            "feed": {name: value for name, value in told.items() if value is not None},
        }
        return {key: value for key, value in beat.items() if value is not None}

    def _take(self, orders: Any) -> None:
        for order in orders:
            if order["kind"] == RESEND:
                self._worker.order(str(order["id"]), (order.get("args") or {}).get("record"))
            elif order["id"] not in self._answered:
                self._client.order_done(f"{order['id']}-done", str(order["id"]), ok=False, code="unknown_order")
                self._answered.add(order["id"])

    def _answer(self) -> None:
        """Say what became of the orders that were carried out; said once, and again where it did not arrive."""
        for order, (well, words) in list(self._worker.done.items()):
            if order not in self._answered:
                try:
                    self._client.order_done(f"{order}-done", order, ok=well, code="ok" if well else "refused", detail=words)
                except Problem as gone:
                    self._log.warning("order is no longer known", order=order, code=gone.code)
                self._answered.add(order)

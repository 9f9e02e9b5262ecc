"""`drivers burn-in`: every configured device at work for an hour, and a report on each.

Holds the rounds and the counting. It works through the running service, as the kiosk and the display do: what it finds is
what they would meet. Readers and keypads need a person, so of them it counts what their lines lose.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError

HEIGHT, FINE = 96, ("printed", "sent_unconfirmed", "shown", "sent")
_LED_SHOWN = "888"


@dataclass
class _Report:
    """One device: rounds, errors by code, how often its line came back, its slowest piece of work."""

    role: str
    driver: str
    cycles: int = 0
    reconnects: int = 0
    worst_ms: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)

    def error(self, code: str) -> None:
        self.errors[code] = self.errors.get(code, 0) + 1

    def as_json(self) -> dict[str, Any]:
        ills = sorted(self.codes - {"ok", "paper_low"})
        return {
            "slot": self.role,
            "driver": self.driver,
            "cycles": self.cycles,
            "errors": self.errors,
            "reconnects": self.reconnects,
            "worst_ms": round(self.worst_ms, 1),
            "health_seen": ills,
            "ok": not self.errors and not self.reconnects and not ills,
        }


def burn(socket_path: Path, seconds: float, cycles: int | None, every_s: float) -> dict[str, Any]:
    with DriversClient(socket_path) as client:
        reports = {slot["role"]: _Report(slot["role"], slot["driver"]) for slot in client.status()["slots"]}
        before = client.lines()
        ears = _Ears(socket_path, reports)
        started = time.monotonic()
        rounds, pause = 0, threading.Event()
        with contextlib.suppress(KeyboardInterrupt):
            while rounds < cycles if cycles is not None else time.monotonic() - started < seconds:
                _round(client, reports, rounds)
                rounds += 1
                if cycles is None or rounds < cycles:
                    pause.wait(every_s)
        after = client.lines()
        for slot in client.status()["slots"]:
            reports[slot["role"]].codes.add(slot["code"])
        ears.close()
    for role, report in reports.items():
        if role in after and role in before:
            report.reconnects = after[role]["lost"] - before[role]["lost"]
            report.worst_ms = max(report.worst_ms, after[role]["answer_ms"] or 0.0)
    told = [report.as_json() for report in reports.values()]
    return {"ok": all(one["ok"] for one in told), "rounds": rounds, "minutes": round((time.monotonic() - started) / 60, 2), "devices": told}


class _Ears:
    """Listens to the stream meanwhile: an ailment between two rounds counts as well."""

    def __init__(self, socket_path: Path, reports: dict[str, _Report]) -> None:
        self._client, self._reports = DriversClient(socket_path), reports
        threading.Thread(target=self._listen, name="burn-in ears", daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(DriversError, RuntimeError):
            for event, data in self._client.events():
                if event == "health" and data["role"] in self._reports:
                    self._reports[data["role"]].codes.add(data["code"])

    def close(self) -> None:
        self._client.close()


def _round(client: DriversClient, reports: dict[str, _Report], number: int) -> None:
    for slot in client.status()["slots"]:
        report = reports[slot["role"]]
        report.cycles += 1
        if slot["driver"] == "escpos":
            _timed(report, lambda slot=slot: _slip(client, slot, number))  # type: ignore[misc]
            for ill in client.examine(slot["role"]):
                report.error(ill["code"])
        elif slot["driver"] == "led-panel":
            _timed(report, lambda slot=slot: client.show(slot["role"], [_LED_SHOWN], hold_s=5.0))  # type: ignore[misc]
        elif slot["code"] != "ok":
            report.error(slot["code"])


def _timed(report: _Report, work: Callable[[], dict[str, Any]]) -> None:
    started = time.monotonic()
    try:
        said = work()
    except DriversError as error:
        report.error(error.code)
        return
    report.worst_ms = max(report.worst_ms, (time.monotonic() - started) * 1000)
    if said["outcome"] not in FINE:
        report.error(said["code"])


def _slip(client: DriversClient, slot: dict[str, Any], number: int) -> dict[str, Any]:
    """A short slip of stripes: every dot of the head prints, and the round is written in bars along the edge."""
    width = int(slot.get("width_dots", 576))
    row = [b"\xf0" * (width // 8), b"\x0f" * (width // 8)]
    raster = b"".join(row[(at // 8 + number) % 2] for at in range(HEIGHT))
    return client.print_raster(f"burn-{secrets.token_hex(8)}", raster, width, HEIGHT)


def lines(told: dict[str, Any], lang: str) -> list[str]:
    said = []
    for one in told["devices"]:
        errors = ", ".join(f"{code} ×{count}" for code, count in one["errors"].items()) or "0"
        seen = ", ".join(one["health_seen"]) or "–"
        mark = f"{'✓' if one['ok'] else '✗'} [{one['slot']}]"
        vi = f"{mark} {one['cycles']} lượt, lỗi: {errors}, mất kết nối: {one['reconnects']}, lâu nhất: {one['worst_ms']} ms"
        en = f"{mark} {one['cycles']} rounds, errors: {errors}, reconnects: {one['reconnects']}, worst: {one['worst_ms']} ms"
        vi, en = f"{vi}, đã báo: {seen}", f"{en}, told: {seen}"
        said.append(vi if lang == "vi" else en)
    return said

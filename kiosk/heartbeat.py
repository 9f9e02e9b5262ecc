"""Every ten seconds the kiosk tells the server that it lives, how its devices are and how much waits in its spool."""

from __future__ import annotations

import threading
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kiosk.agent import Agent
from kiosk.reader import Reader
from queue_server.client import Client, Problem, Unreachable

EVERY_S = 10.0
_SLOT_FIELDS = ("role", "state", "code", "detail", "hint", "device")


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _version() -> str:
    try:
        return version("toiluot")
    except PackageNotFoundError:
        return "unknown"


def _slot(slot: dict[str, Any]) -> dict[str, Any]:
    """What the server is told of one device; paper by the printer's own count of slips."""
    told = {**{key: slot.get(key) for key in _SLOT_FIELDS}, "paper_left": slot.get("slips_left")}
    return {key: value for key, value in told.items() if value is not None}


class Heartbeat:
    def __init__(self, agent: Agent, server: Client, reader: Reader, *, every_s: float = EVERY_S) -> None:
        self._agent, self._server, self._reader, self._every_s = agent, server, reader, every_s
        self._stopping = threading.Event()

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="heartbeat", daemon=True)]

    def stop(self) -> None:
        self._stopping.set()

    def beat(self) -> dict[str, Any]:
        slots = [_slot(slot) for slot in self._reader.slots()]
        uptime = _text("/proc/uptime").split(" ")[0]
        return {
            "device": self._agent.name,
            "role": "kiosk",
            "version": _version(),
            "boot_id": _text("/proc/sys/kernel/random/boot_id"),
            "uptime_s": int(float(uptime or 0)),
            "clock": {"wall": self._agent.machine_time(), "synced": Path("/run/systemd/timesync/synchronized").exists()},
            "slots": slots,
            "errors": self._agent.troubles.listed(),
            "spool": {"waiting": self._agent.spool.waiting()},
        }

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                answer = self._server.heartbeat(self.beat())
                now = answer.get("now")
                if isinstance(now, str):
                    self._agent.server_time(int(datetime.fromisoformat(now).timestamp() * 1000))
            except (Problem, Unreachable, ValueError):
                self._agent.trouble("heartbeat")
            self._stopping.wait(self._every_s)

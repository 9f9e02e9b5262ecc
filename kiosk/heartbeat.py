"""What the kiosk tells the server of itself: its devices, what went wrong, how much waits in its spool.

When that is told, and how the board under it does, is `queue_server.device`'s affair.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kiosk.agent import Agent
from kiosk.reader import Reader
from queue_server.client import Client
from queue_server.device.beating import Beating
from queue_server.device.board_health import Board, uptime_s
from queue_server.device.page_life import PageLife

UNITS = ("toiluot-kiosk", "toiluot-drivers", "toiluot-screen")
_SLOT_FIELDS = ("role", "state", "code", "detail", "hint", "device")


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
    """`more` gives what other parts of the program add: the version of its settings, its address."""

    def __init__(
        self, agent: Agent, server: Client, reader: Reader, *, state: Path | None = None, page: PageLife | None = None, more: Any = dict
    ) -> None:
        self._agent, self._reader, self._more = agent, reader, more
        self.on_answer: Callable[[dict[str, Any]], None] = lambda answer: None
        self._board = Board(state, units=UNITS)
        self.beating = Beating(
            server,
            self._told,
            clock=agent.clock,
            board=self._board,
            page=page or PageLife(agent.clock.monotonic),
            on_answer=self.answered,
            on_silence=lambda: agent.trouble("heartbeat"),
            on_dead_page=self._page_dead,
            on_unknown=lambda broken: agent.trouble("heartbeat_failed"),
        )

    def threads(self) -> list[threading.Thread]:
        return self.beating.threads()

    def stop(self) -> None:
        self.beating.stop()

    def beat(self) -> dict[str, Any]:
        return self.beating.beat()

    def answered(self, answer: dict[str, Any]) -> None:
        self.on_answer(answer)
        now = answer.get("now")
        if isinstance(now, str):
            self._agent.server_time(int(datetime.fromisoformat(now).timestamp() * 1000))

    def _page_dead(self, restarted: bool) -> None:
        self._agent.trouble("page_dead")
        if not restarted:
            self._agent.trouble("screen_not_restarted")

    def _told(self) -> dict[str, Any]:
        return {
            **self._more(),
            "device": self._agent.name,
            "role": "kiosk",
            "version": _version(),
            "boot_id": self._board.boot,
            "uptime_s": uptime_s(),
            "clock": {"wall": self._agent.machine_time()},
            "slots": [_slot(slot) for slot in self._reader.slots()],
            "errors": self._agent.troubles.listed(),
            "spool": {"waiting": self._agent.spool.waiting()},
        }

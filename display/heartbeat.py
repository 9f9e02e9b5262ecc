"""What a hall display tells the server of itself: its panels, its line to the server, its page.

When that is told, and how the board under it does, is `queue_server.device`'s affair. Lives on a thread of its own; the board's
values are only read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from display.relay import Relay
from queue_server.client import Client
from queue_server.device.beating import Beating
from queue_server.device.board_health import Board, address_towards, uptime_s
from queue_server.device.page_life import PageLife
from toiluot_edge import Clock

UNITS = ("toiluot-display", "toiluot-drivers", "toiluot-screen")
MOST_SLOTS = 32


def own_version() -> str:
    try:
        return version("toiluot")
    except PackageNotFoundError:
        return "unknown"


class Heartbeat:
    def __init__(
        self, name: str, server: Client, address: str, relay: Relay, clock: Clock, log: Any, *, page: PageLife,
        state: Path | None = None, slots: Callable[[], list[dict[str, str]]] = list, more: Callable[[], dict[str, Any]] = dict,
    ) -> None:  # fmt: skip
        self._name, self._address, self._relay, self._clock, self._log = name, address, relay, clock, log
        self._slots, self._more = slots, more
        self.on_answer: Callable[[dict[str, Any]], None] = lambda answer: None
        self._board = Board(state, units=UNITS)
        self._troubles: dict[str, tuple[int, str]] = {}
        self._silent = False
        self.beating = Beating(
            server, self._told, clock=clock, board=self._board, page=page, on_answer=self._answered, on_silence=self._silence,
            on_dead_page=self._page_dead, on_unknown=lambda broken: log.error("heartbeat failed", exc_info=broken),
        )  # fmt: skip

    def start(self) -> None:
        for thread in self.beating.threads():
            thread.start()

    def stop(self) -> None:
        self.beating.stop()

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC).isoformat(timespec="seconds")

    def _told(self) -> dict[str, Any]:
        address = address_towards(self._address)
        return {
            **({"net": {"address": address}} if address else {}),
            **self._more(),
            "device": self._name,
            "role": "board",
            "version": own_version(),
            "boot_id": self._board.boot,
            "uptime_s": uptime_s(),
            "clock": {"wall": self._now()},
            "slots": [self._link(), *self._slots()][:MOST_SLOTS],
            "errors": [{"code": code, "count": count, "last_at": at} for code, (count, at) in self._troubles.items()],
        }

    def _link(self) -> dict[str, str]:
        """The stream of calls, which may be cut while heartbeats pass."""
        link = self._relay.link()
        return {
            "role": "feed",
            "state": "ready" if link == "live" else "lost",
            "code": {"live": "ok", "stale": "timeout"}.get(link, "absent"),
        }

    def _trouble(self, code: str) -> None:
        self._troubles[code] = (self._troubles.get(code, (0, ""))[0] + 1, self._now())

    def _page_dead(self, restarted: bool) -> None:
        self._trouble("page_dead")
        if not restarted:
            self._trouble("screen_not_restarted")
        self._log.warning("page dead", restarted=restarted)

    def _answered(self, answer: dict[str, Any]) -> None:
        self._silent = False
        self.on_answer(answer)

    def _silence(self) -> None:
        self._trouble("heartbeat")
        if not self._silent:  # told once: a key without the right to report would fill the log
            self._silent = True
            self._log.warning("heartbeat not taken by the server")

"""Whether the page on the screen lives, and when the screen must be started again.

A compositor can hang while its unit is "active (running)", and a browser's renderer can freeze under a window that looks well:
only the page's own script knows. It pings this machine's program every five seconds; this file holds the rule for what its
silence means, and the one command that follows. No thread, no socket: whoever owns the time calls `look`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from queue_server.device.board_health import Run, run_command

SILENT_S = 30.0  # six pings missed
FIRST_S = 90.0  # a slow board and a cold browser, from this program's start to the first ping
APART_S = 120.0  # a screen that cannot be helped is not beaten to death

Restart = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Seen:
    """Instants on one monotonic clock; None where it never happened."""

    started_s: float
    pinged_s: float | None = None
    restarted_s: float | None = None


def is_dead(seen: Seen, now_s: float) -> bool:
    """Whether the page is given up: silent too long after its last ping, or never there at all."""
    if seen.pinged_s is None:
        return now_s - seen.started_s >= FIRST_S
    return now_s - seen.pinged_s >= SILENT_S


def is_due(seen: Seen, now_s: float) -> bool:
    """Whether the screen is to be started again now."""
    waited = seen.restarted_s is None or now_s - seen.restarted_s >= APART_S
    return waited and is_dead(seen, now_s)


def restart_unit(unit: str, run: Run = run_command) -> Restart:
    """Through systemd's own bus interface; polkit says which user may do that to which unit."""

    def restart() -> bool:
        return run(["systemctl", "--no-block", "--no-ask-password", "restart", unit]) is not None

    return restart


class PageLife:
    """Pings come from the web threads, looks from the heartbeat's. Without `restart` (a page on a machine of its own) the age is
    told and nothing is done; a page that was never opened is then nobody's trouble."""

    def __init__(self, monotonic: Callable[[], float], restart: Restart | None = None) -> None:
        self._monotonic, self._restart = monotonic, restart
        self._lock = threading.Lock()
        self._seen = Seen(monotonic())
        self.restarts = 0

    def ping(self) -> None:
        with self._lock:
            self._seen = Seen(self._seen.started_s, self._monotonic(), self._seen.restarted_s)

    def dead(self) -> bool:
        with self._lock:
            return self._watched() and is_dead(self._seen, self._monotonic())

    def look(self) -> bool | None:
        """Start the screen again where it is time. None: nothing to do; else whether systemd took the order."""
        with self._lock:
            now_s = self._monotonic()
            if self._restart is None or not is_due(self._seen, now_s):
                return None
            self._seen = Seen(self._seen.started_s, self._seen.pinged_s, now_s)
            self.restarts += 1
        return self._restart()

    def report(self) -> dict[str, Any]:
        """`{age_s, restarts}` for the heartbeat; nothing where no page was ever expected."""
        with self._lock:
            if not self._watched():
                return {}
            since = self._seen.started_s if self._seen.pinged_s is None else self._seen.pinged_s
            return {"age_s": int(self._monotonic() - since), "restarts": self.restarts}

    def _watched(self) -> bool:
        return self._restart is not None or self._seen.pinged_s is not None

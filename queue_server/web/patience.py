"""How often devices and technicians may ask about admissions: a device every five seconds, five wrong codes in ten minutes.

Holds counters in memory; each process counts for itself.
"""

from __future__ import annotations

import threading
from collections import deque

from queue_server.contract import device as shared
from queue_server.domain.errors import Refusal
from toiluot_edge import Clock

WRONG_CODES, WITHIN_S = 5, 600
PATIENCE_S = 0.5  # a device's five seconds and ours need not be the same
REMEMBERED = 10_000


class Asking:
    """Who asked how often, in this process: when each device last asked, and each technician's wrong codes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[str, float] = {}
        self._wrong: dict[str, deque[float]] = {}

    def poll(self, enrolment: str) -> None:
        """RFC 8628, section 3.5: too soon is `slow_down`."""
        now = self._clock.monotonic()
        with self._lock:
            before = self._asked.get(enrolment)
            if len(self._asked) >= REMEMBERED:
                self._asked.clear()
            self._asked[enrolment] = now
        if before is not None and now - before < shared.INTERVAL_S - PATIENCE_S:
            raise Refusal("slow_down", retry_after_s=shared.INTERVAL_S, interval_s=shared.INTERVAL_S)

    def code(self, who: str, right: bool | None = None) -> None:
        """Before a code is looked at (None), and what came of it. Five wrong ones in ten minutes, then nobody looks."""
        now = self._clock.monotonic()
        with self._lock:
            tries = self._wrong.setdefault(who, deque(maxlen=WRONG_CODES))
            while tries and now - tries[0] >= WITHIN_S:
                tries.popleft()
            if right is False:
                tries.append(now)
            elif right is None and len(tries) >= WRONG_CODES:
                raise Refusal("rate_limited", retry_after_s=int(WITHIN_S - (now - tries[0])) + 1)

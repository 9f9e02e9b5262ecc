"""A circuit breaker: after a few failures in a row a far end is left alone for a while, then asked once, then trusted again.

Pure but for a lock; the clock is an argument. closed → (failures) → open → (the rest is over, one asks) → half_open → closed
or, for twice as long, open. Whoever was let in must say what came of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

FAILURES, REST_S, MOST_REST_S = 3, 10.0, 120.0


@dataclass(frozen=True)
class Standing:
    """How it stands: the state, why it opened, and in how many seconds somebody is let in again (0: now)."""

    state: str = "closed"
    why: str = ""
    again_s: float = 0.0


class Breaker:
    """Safe to use from several threads."""

    def __init__(
        self, monotonic: Callable[[], float], *, failures: int = FAILURES, rest_s: float = REST_S, most_rest_s: float = MOST_REST_S
    ) -> None:
        self._monotonic, self._failures, self._rest_s, self._most_rest_s = monotonic, failures, rest_s, most_rest_s
        self._lock = threading.Lock()
        self._failed = 0  # in a row, while closed
        self._until: float | None = None  # None: closed
        self._resting_s = rest_s
        self._probing = False
        self._why = ""

    def enter(self) -> bool:
        """Whether the far end may be asked now. True binds to `passed` or `failed`."""
        with self._lock:
            if self._until is None:
                return True
            if self._probing or self._monotonic() < self._until:
                return False
            self._probing = True
            return True

    def passed(self) -> bool:
        """It answered. True where it had been left alone before."""
        with self._lock:
            was_open = self._until is not None
            self._failed, self._until, self._probing, self._resting_s, self._why = 0, None, False, self._rest_s, ""
            return was_open

    def failed(self, why: str) -> bool:
        """It did not. True where it is left alone from now on, and was not before."""
        with self._lock:
            self._failed += 1
            self._why = why
            if self._until is not None:
                if self._probing:  # one that was asked before the breaker opened says nothing new
                    self._resting_s = min(2 * self._resting_s, self._most_rest_s)
                    self._until, self._probing = self._monotonic() + self._resting_s, False
                return False
            if self._failed < self._failures:
                return False
            self._until = self._monotonic() + self._resting_s
            return True

    def standing(self) -> Standing:
        with self._lock:
            if self._until is None:
                return Standing()
            left = max(0.0, self._until - self._monotonic())
            return Standing("half_open" if self._probing or not left else "open", self._why, left)

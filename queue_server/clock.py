"""Site time that does not jump: a wall clock that leaps by more than ten minutes is not believed until a person says so.

Holds the guard around a process's clock. That a leap is told and confirmed as events of the log is `services.timekeeping`'s.
Small steps (a time server at work) are followed; a machine that slept is no leap, because the steady clock slept with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from toiluot_edge import Clock

LEAP_MS = 600_000


class SteadyClock:
    """A clock whose `wall_ms` goes on by the steady clock where the wall clock leaps. `steady_s` must count a suspended
    machine's sleep too (CLOCK_BOOTTIME)."""

    def __init__(self, inner: Clock, steady_s: Callable[[], float]) -> None:
        self._inner, self._steady_s = inner, steady_s
        self._lock = threading.Lock()
        self._wall, self._steady = inner.wall_ms(), steady_s()
        self.leap_ms = 0  # how far the wall clock stands from site time; 0 while it is believed
        self.told = False  # whether somebody has been told of this leap
        self.ours = False  # whether a leap that the log tells of was this clock's

    def wall_ms(self) -> int:
        """Site time in Unix milliseconds."""
        with self._lock:
            wall, steady = self._inner.wall_ms(), self._steady_s()
            expected = self._wall + int(round((steady - self._steady) * 1000, 3))  # 0.9999… is a whole millisecond that floats cut short
            if abs(wall - expected) > LEAP_MS:
                self.leap_ms = wall - expected
                return expected
            self._follow(wall, steady)
            return wall

    def stay(self, at_ms: int) -> None:
        """Site time is this, whatever the wall says: a leap from before this process began."""
        with self._lock:
            self._wall, self._steady = at_ms, self._steady_s()

    def believe(self) -> None:
        """A person has looked at the wall clock: it is right."""
        with self._lock:
            self._follow(self._inner.wall_ms(), self._steady_s())

    def _follow(self, wall: int, steady: float) -> None:
        self._wall, self._steady, self.leap_ms, self.told = wall, steady, 0, False

    def monotonic(self) -> float:
        return self._inner.monotonic()

    def sleep_until(self, monotonic: float) -> None:
        self._inner.sleep_until(monotonic)

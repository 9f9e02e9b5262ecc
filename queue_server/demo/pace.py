"""The pace of a demonstration: how simulated time becomes real pauses, and the one way its threads wait.

`speed` is how many simulated seconds pass in a real one. Every pause ends at once when the centre stops.
"""

from __future__ import annotations

from threading import Event

from toiluot_edge import Clock


class Stopped(Exception):
    """The centre is closing: whoever waits goes home."""


class Pace:
    def __init__(self, clock: Clock, stop: Event, speed: float = 1.0) -> None:
        self._clock, self.stop, self.speed = clock, stop, speed

    def pause(self, simulated_s: float) -> None:
        """Let so many simulated seconds pass."""
        self.real_pause(simulated_s / self.speed)

    def real_pause(self, seconds: float) -> None:
        if self.stop.wait(max(0.0, seconds)):
            raise Stopped

    def until(self, monotonic: float) -> None:
        """Wait for an instant of this machine's monotonic clock."""
        self.real_pause(monotonic - self._clock.monotonic())

    def now(self) -> float:
        return self._clock.monotonic()

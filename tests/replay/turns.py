"""Many people, one after the other: each works on a thread of its own, and exactly one of them runs at any moment.

Whoever pauses hands on to the one whose pause ends first, and site time jumps there. So a day of simulated people
takes the same course every time, however the machine's threads are scheduled, and no time is spent waiting.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from queue_server.demo.pace import Stopped
from tests.hall import HandClock


class Turns:
    """Whose turn it is, by site time and then by who asked first."""

    def __init__(self, clock: HandClock) -> None:
        self.clock, self.stop = clock, threading.Event()
        self._next: list[tuple[int, int, threading.Semaphore]] = []
        self._places = itertools.count()
        self._mine = threading.local()
        self._back = threading.Semaphore(0)
        self._broken: list[BaseException] = []

    def join(self, work: Callable[[], None]) -> None:
        """Somebody more, who begins when their turn comes."""
        gate = threading.Semaphore(0)

        def live() -> None:
            self._mine.gate = gate
            gate.acquire()
            try:
                work()
            except Stopped:
                pass
            except BaseException as broken:  # noqa: BLE001 - told on the thread that runs the day
                self._broken.append(broken)
            finally:
                self._back.release()

        heapq.heappush(self._next, (self.clock.at_ms, next(self._places), gate))
        threading.Thread(target=live, daemon=True).start()

    def wait_until(self, at_ms: int) -> None:
        """Hand on; returns when it is that time."""
        gate: threading.Semaphore = self._mine.gate
        heapq.heappush(self._next, (at_ms, next(self._places), gate))
        self._back.release()
        gate.acquire()
        if self.stop.is_set():
            raise Stopped

    def run(self, over: Callable[[], bool]) -> None:
        """Let everybody live until it is over; then everybody goes home."""
        while self._next:
            at_ms, _, gate = heapq.heappop(self._next)
            if not self.stop.is_set():
                self.clock.at_ms = max(self.clock.at_ms, at_ms)
            gate.release()
            self._back.acquire()
            if self._broken or over():
                self.stop.set()
        if self._broken:
            raise self._broken[0]


class TurnPace:
    """The demonstration's `Pace` for somebody who lives by turns: `speed` simulated seconds to a second of their own."""

    def __init__(self, turns: Turns, speed: float) -> None:
        self._turns, self.stop, self.speed = turns, turns.stop, speed

    def pause(self, simulated_s: float) -> None:
        self.real_pause(simulated_s / self.speed)

    def real_pause(self, seconds: float) -> None:
        self._turns.wait_until(self._turns.clock.at_ms + int(max(0.0, seconds) * self.speed * 1000))

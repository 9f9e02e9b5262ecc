"""Wakes the slots when something is plugged in, and takes a device from its slot the moment it is pulled out.

Holds the comparing of what is there with what is held: on every change udev tells of, and every 30 s in case a message was
lost. Between those it sleeps. What a device is, and whom it belongs to, is `seats`'; opening is the slot's own affair.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from drivers.devices.link import Slot
from drivers.model import State
from drivers.ports.base import Waker
from drivers.ports.nodes import DeviceInfo
from drivers.seats import Seat

RECONCILE_S = 30.0
# A hub that comes back sends a volley: look once, when it has ended, but do not wait for ever.
SETTLE_S, SETTLE_MOST_S = 0.05, 0.5
_SEEKING = {State.ABSENT, State.BACKOFF}


class Watch(Protocol):
    def filenos(self) -> list[int]:
        """What becomes readable when something changed."""

    def drain(self) -> None: ...

    def close(self) -> None: ...


class Supervisor:
    """One thread beside the slots'. `watch` hears before the first look: what comes in between is not lost."""

    def __init__(
        self,
        pairs: Iterable[tuple[Slot, Seat]],
        look: Callable[[], list[DeviceInfo]],
        watch: Callable[[], Watch],
        *,
        log: Callable[..., object] = lambda *_, **__: None,
        reconcile_s: float = RECONCILE_S,
    ) -> None:
        self._pairs = list(pairs)
        self._look, self._make_watch, self._log, self._reconcile_s = look, watch, log, reconcile_s
        self._waker, self._stopping = Waker(), threading.Event()
        self._known: set[tuple[str, str, str]] = set()
        self.scans = 0
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._watch = self._make_watch()
        self._known = {device.key for device in self._look()}
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stopping.set()
        self._waker.wake()
        self._thread.join(timeout_s)
        self._watch.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wait()
            if self._stopping.is_set():
                return
            try:
                self.scan()
            except Exception as error:  # noqa: BLE001 - a look that failed is tried again; the slots live on meanwhile
                self._log("supervisor_fault", error=f"{type(error).__name__}: {error}")

    def _wait(self) -> None:
        watched = [*self._watch.filenos(), self._waker.fileno()]
        if not select.select(watched, [], [], self._reconcile_s)[0]:
            return
        latest = time.monotonic() + SETTLE_MOST_S
        while time.monotonic() < latest and not self._stopping.is_set():
            self._watch.drain()
            self._waker.clear()
            if not select.select(watched, [], [], SETTLE_S)[0]:
                return

    def scan(self) -> None:
        """What is held and gone is taken away; who seeks is told when something new is there."""
        present = {device.key for device in self._look()}
        arrived, self._known = present - self._known, present
        self.scans += 1
        for slot, seat in self._pairs:
            held = seat.held
            if held is not None and held.key not in present:
                slot.unplugged()
            elif arrived and slot.status.state in _SEEKING:
                slot.arrived()

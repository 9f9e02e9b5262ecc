"""The life of one slot: a thread that owns its device's port from the first opening to the last loss.

Holds the one table of states and the loop that walks it. What is said on the wire is the `Device`'s affair; which port
is opened is the caller's. No exception leaves a slot: whatever happens, it is told as a state and tried again.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Protocol

from drivers.devices.exam import Examine
from drivers.health import Health
from drivers.model import SlotStatus, State
from drivers.ports.base import Gone, OpenFailed, Port, PortError, Timeout, Waker

# (state, what happened) -> state. Anything else is a mistake in this file.
TABLE: dict[tuple[State, str], State] = {
    (State.ABSENT, "seek"): State.OPENING,
    (State.OPENING, "missing"): State.ABSENT,
    (State.OPENING, "refused"): State.BACKOFF,
    (State.OPENING, "opened"): State.READY,
    (State.OPENING, "gone"): State.LOST,
    (State.READY, "ailing"): State.DEGRADED,
    (State.READY, "gone"): State.LOST,
    (State.DEGRADED, "well"): State.READY,
    (State.DEGRADED, "gone"): State.LOST,
    (State.LOST, "closed"): State.BACKOFF,
    (State.BACKOFF, "seek"): State.OPENING,
}
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
QUEUE_LENGTH = 32


class Device(Protocol):
    """What a driver adds to a slot. All methods run on the slot's own thread."""

    def greet(self, port: Port) -> Health:
        """First words after opening."""

    def tend(self, port: Port, waker: Waker) -> Health:
        """Wait for something to do, at the latest until the next look at the device; return when woken."""

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        """Carry out one command. It ends with a result whatever the wire does; `PortError` is for the rest."""

    def refuse(self, command: Any, health: Health) -> Any:
        """The result of a command that could not be begun."""

    def lose(self) -> None:
        """The port is gone: forget what was half heard."""


class Slot:
    """One role of this machine. `submit` and `status` may be called from any thread."""

    def __init__(
        self,
        role: str,
        driver: str,
        device: Device,
        opener: Callable[[], tuple[Port, str]],
        *,
        publish: Callable[[SlotStatus], None] = lambda _: None,
        log: Callable[..., object] = lambda *_, **__: None,
        facts: dict[str, Any] | None = None,
        place: str = "",
        backoff_s: tuple[float, ...] = BACKOFF_S,
    ) -> None:
        self._device, self._opener, self._publish, self._log = device, opener, publish, log
        self._backoff_s = backoff_s
        self._status = SlotStatus(role, driver, State.ABSENT, Health("absent"), place, time.monotonic(), facts or {})
        self._commands: queue.Queue[tuple[Any, Future[Any]]] = queue.Queue(QUEUE_LENGTH)
        self._waker = Waker()
        self._stopping, self._pulled = threading.Event(), threading.Event()
        self._port: Port | None = None
        self._failures = 0
        self._seek_at = 0.0
        self._told: tuple[State, str] | None = None
        self._thread = threading.Thread(target=self._run, name=f"slot-{role}", daemon=True)

    # ------------------------------------------------------------ from outside
    @property
    def status(self) -> SlotStatus:
        """What is known of the slot, with what its device counts (`live_facts`, where it has any)."""
        live = getattr(self._device, "live_facts", None)
        return self._status if live is None else replace(self._status, facts={**self._status.facts, **live()})

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def submit(self, command: Any) -> Future[Any]:
        """Queue a command; a full queue refuses it at once."""
        future: Future[Any] = Future()
        try:
            self._commands.put_nowait((command, future))
        except queue.Full:
            future.set_result(self._refused(command, Health("busy", "too many jobs waiting")))
        self.wake()
        return future

    def wake(self) -> None:
        """Something may have changed: look now."""
        self._seek_at = 0.0
        self._waker.wake()

    def arrived(self) -> None:
        """Something was plugged in: look at once, and have patience again from the beginning."""
        self._failures = 0
        self.wake()

    def unplugged(self) -> None:
        """The device behind the open port has left, whether or not the port has noticed."""
        self._pulled.set()
        self.wake()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stopping.set()
        self.wake()
        self._thread.join(timeout_s)

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except PortError as error:
                self._survive(Health("timeout" if isinstance(error, Timeout) else "absent", str(error)))
            except Exception as error:  # noqa: BLE001 - a fault in one driver must not end its slot, nor the others
                self._log("slot_fault", role=self._status.role, error=f"{type(error).__name__}: {error}")
                self._survive(Health("error", type(error).__name__))
        self._close()
        self._refuse_all(Health("offline", "the service is stopping"))

    def _survive(self, health: Health) -> None:
        """Lose the port and go on; even a driver that fails in losing it does not end the slot."""
        try:
            self._lost(health)
        except Exception as error:  # noqa: BLE001 - as above: nothing leaves a slot
            self._log("slot_fault", role=self._status.role, error=f"{type(error).__name__}: {error}")
            self._later()
            self._status = replace(self._status, state=State.BACKOFF, health=health)

    def _step(self) -> None:
        state = self._status.state
        if state in (State.ABSENT, State.BACKOFF):
            if self._commands.empty() and time.monotonic() < self._seek_at:
                self._waker.wait(self._seek_at - time.monotonic())
                return
            self._move("seek", self._status.health)
        elif state is State.OPENING:
            self._open()
        elif state is State.LOST:
            self._close()
            self._move("closed", self._status.health)
        else:
            self._work()

    def _open(self) -> None:
        self._pulled.clear()
        try:
            self._port, place = self._opener()
        except OpenFailed as error:
            self._later()
            self._move("missing" if error.code == "absent" else "refused", Health(error.code, error.detail))
            self._refuse_all(self._status.health)
            return
        self._status = replace(self._status, device=place)
        health = self._device.greet(self._port)
        self._port.rest()
        self._failures = 0
        self._move("opened", health)
        self._feel(health)

    def _work(self) -> None:
        port = self._port
        if port is None:
            raise RuntimeError("a slot at work has a port")
        if self._pulled.is_set():
            raise Gone("unplugged")
        try:
            command, future = self._commands.get_nowait()
        except queue.Empty:
            self._feel(self._device.tend(port, self._waker))
        else:
            self._carry_out(port, command, future)
        port.rest()

    def _carry_out(self, port: Port, command: Any, future: Future[Any]) -> None:
        before = self.status.facts
        try:
            if isinstance(command, Examine):
                result, health = self._examined(port), self._status.health
            else:
                result, health = self._device.act(port, command)
        except BaseException as error:
            future.set_exception(error)
            raise
        if health.code == "absent":
            self._lost(health)
        else:
            self._feel(health)
        if self.status.facts != before:
            self._publish(self.status)
        future.set_result(result)

    def _feel(self, health: Health) -> None:
        state = self._status.state
        if health.well and state is State.DEGRADED:
            self._move("well", health)
        elif not health.well and state is State.READY:
            self._move("ailing", health)
        elif health.code != self._status.health.code:
            self._tell(replace(self._status, health=health, since=time.monotonic()))

    def _lost(self, health: Health) -> None:
        self._close()
        self._device.lose()
        self._later()
        if (self._status.state, "gone") in TABLE:
            self._move("gone", health)
        self._refuse_all(health)

    def _later(self) -> None:
        pause_s = self._backoff_s[min(self._failures, len(self._backoff_s) - 1)]
        self._failures += 1
        self._seek_at = time.monotonic() + pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, hides nothing

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _refuse_all(self, health: Health) -> None:
        while True:
            try:
                command, future = self._commands.get_nowait()
            except queue.Empty:
                return
            future.set_result(self._refused(command, health))

    def _examined(self, port: Port) -> list[Health]:
        """What a closer look finds; devices that know none have nothing to say."""
        look = getattr(self._device, "examine", None)
        return look(port) if look is not None else []

    def _refused(self, command: Any, health: Health) -> Any:
        return [] if isinstance(command, Examine) else self._device.refuse(command, health)

    def _move(self, happened: str, health: Health) -> None:
        before = self._status
        after = replace(before, state=TABLE[before.state, happened], health=health)
        if health.code != before.health.code:
            after = replace(after, since=time.monotonic())
        self._tell(after)

    def _tell(self, status: SlotStatus) -> None:
        """Trying again is not news; arriving anywhere else is."""
        self._status = status
        news = (status.state, status.health.code)
        if status.state is not State.OPENING and news != self._told:
            self._told = news
            self._publish(self.status)

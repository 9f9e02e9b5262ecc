"""The supervisor without udev: a list of devices, a pipe that says it changed, memory lines as ports. Thousands of plugs leak nothing."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.devices.card_reader import SerialScanner
from drivers.devices.link import Slot
from drivers.ports.base import OpenFailed, Port
from drivers.ports.inotify import watch
from drivers.ports.memory import MemoryPort, null_modem
from drivers.ports.nodes import DeviceInfo
from drivers.supervision import Supervisor
from tests.drivers.scenarios.levels import fds
from tests.drivers.scenarios.stage import until


class Pipe:
    """A watch that is told by hand."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK)

    def tell(self) -> None:
        os.write(self._write, b"!")

    def filenos(self) -> list[int]:
        return [self._read]

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 100)

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Socket:
    """One USB socket: what is in it now, and the seat of the slot that lives from it."""

    def __init__(self) -> None:
        self.present: list[DeviceInfo] = []
        self.held: DeviceInfo | None = None
        self.ends: tuple[MemoryPort, MemoryPort] | None = None
        self.opened = 0

    def __call__(self) -> tuple[Port, str]:
        self.held = None
        if not self.present:
            raise OpenFailed("absent", "nothing there")
        if self.ends is not None:
            self.ends[1].close()
        self.ends = null_modem()
        self.held, self.opened = self.present[0], self.opened + 1
        return self.ends[0], self.held.node

    def plug(self, number: int) -> None:
        self.present = [DeviceInfo("tty", f"/dev/ttyACM{number % 4}", "1eab", "0c10", "SN1", "pci-1", "scanner", born=str(number))]


class Machine:
    def __init__(self, reconcile_s: float) -> None:
        self.socket, self.pipe = Socket(), Pipe()
        device = SerialScanner(lambda _: None)
        self.slot = Slot("reader", "serial-scanner", device, self.socket, backoff_s=(3600.0,))
        self.supervisor = Supervisor([(self.slot, self.socket)], lambda: self.socket.present, lambda: self.pipe, reconcile_s=reconcile_s)  # type: ignore[list-item]
        self.supervisor.start()
        self.slot.start()
        until(lambda: self.slot.status.state == "absent")

    def plug(self, number: int, tell: bool = True) -> None:
        self.socket.plug(number)
        if tell:
            self.pipe.tell()

    def unplug(self) -> None:
        self.socket.present = []
        self.pipe.tell()

    def close(self) -> None:
        self.supervisor.stop()
        self.slot.stop()
        if self.socket.ends:
            self.socket.ends[1].close()


@pytest.fixture
def machine() -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(reconcile_s: float = 3600.0) -> Machine:
        made.append(Machine(reconcile_s))
        return made[-1]

    yield make
    for one in made:
        one.close()


def cycle(own: Machine, cycles: int) -> None:
    for number in range(cycles):
        own.plug(number)
        _await(lambda: own.slot.status.state == "ready", number)
        own.unplug()
        _await(lambda: own.slot.status.state not in ("ready", "degraded"), number)


def _await(condition: Callable[[], bool], number: int) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"cycle {number}"
        os.sched_yield()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cycles_leak_nothing(own: Machine, cycles: int) -> None:
    cycle(own, 60)
    gc.collect()
    before, resident = fds(), resident_bytes()
    cycle(own, cycles)
    gc.collect()
    assert own.socket.opened == cycles + 60
    assert fds() < before + 10  # one left open for each plug would be thousands; other tests of this process have theirs
    assert resident_bytes() - resident < 2_000_000


@pytest.mark.slow(reason="ten thousand times, on a busy machine")
def test_ten_thousand_plugs_leak_nothing(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.supervision.SETTLE_S", 0.0)
    _cycles_leak_nothing(machine(), 10_000)


def test_a_lost_message_is_found_by_looking_again(machine: Any) -> None:
    own = machine(reconcile_s=0.2)
    own.plug(1, tell=False)
    until(lambda: own.slot.status.state == "ready", "found by looking")


def test_the_same_node_made_anew_is_another_device(machine: Any) -> None:
    """Out and in again between two looks: name and path are the same, the device is not, and the old line is let go."""
    own = machine()
    own.plug(4)
    until(lambda: own.slot.status.state == "ready")
    own.slot._backoff_s = (0.01,)
    own.plug(8)
    until(lambda: own.socket.opened == 2 and own.slot.status.state == "ready", "opened anew")


def test_a_look_that_fails_ends_nothing(machine: Any) -> None:
    own = machine()
    look, own.supervisor._look = own.supervisor._look, lambda: 1 / 0
    scans = own.supervisor.scans
    own.pipe.tell()
    until(lambda: own.supervisor.alive)
    own.supervisor._look = look
    own.plug(1)
    until(lambda: own.slot.status.state == "ready" and own.supervisor.scans > scans)


def test_idle_it_does_not_run(machine: Any) -> None:
    """Half a second of a machine where nothing happens costs no look and next to no processor time."""
    own = machine()
    own.plug(1)
    until(lambda: own.slot.status.state == "ready")
    scans, used, now = own.supervisor.scans, time.process_time(), time.monotonic()
    own.supervisor._stopping.wait(0.5)
    assert time.monotonic() - now >= 0.5
    assert own.supervisor.scans == scans
    assert time.process_time() - used < 0.05


def test_files_that_udev_writes_are_noticed(tmp_path: Path) -> None:
    fd = watch(tmp_path)
    assert fd is not None
    with pytest.raises(BlockingIOError):
        os.read(fd, 4096)
    (tmp_path / "c180:0").write_text("I:1\n")
    assert os.read(fd, 4096)
    os.close(fd)
    assert watch(tmp_path / "none") is None

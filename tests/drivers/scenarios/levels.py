"""The levels of this process: memory lines in several weathers, a pseudo-terminal, a TCP port.

Each gives an `Outlet`: a place a far end can be plugged into, pulled out of, and opened through. The level of emulated
kernel devices is tests/drivers/umockdev/level.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import termios
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from drivers.devices.link import Slot
from drivers.ports.base import OpenFailed, Port, PortError
from drivers.ports.memory import MemoryPort, Weather, null_modem
from drivers.ports.opening import Address, open_port, parse_address
from drivers.sim.printer_wire import close_pty, open_pty


class Far(Protocol):
    """A far end without its wire: a simulator that can be given any descriptor."""

    def carry(self, fd: int) -> None:
        """Serve the peer on `fd` until it leaves or `let_go` is called. Runs on a thread of the level."""

    def let_go(self) -> None:
        """End `carry` soon."""


class Outlet:
    """Where one device is plugged in. `address` or `match` is what the configuration would say."""

    address: Address | None = None
    match: str = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.far: Far | None = None
        self.hindrance: str | None = None
        self._threads: list[threading.Thread] = []

    def open(self) -> tuple[Port, str]:
        """What the slot opens."""
        assert self.address is not None
        return open_port(self.address), self.address.text

    def attach(self, slot: Slot) -> None:
        """Whoever watches for this slot's device begins here; most levels have nobody."""

    def plug(self, far: Far) -> None:
        raise NotImplementedError

    def elsewhere(self) -> None:
        raise NotImplementedError

    def plug_twin(self) -> None:
        raise NotImplementedError

    def unplug_twin(self) -> None:
        raise NotImplementedError

    def unplug(self) -> None:
        raise NotImplementedError

    def hinder(self, code: str | None) -> None:
        """Let opening fail with this code, as a port that is taken or forbidden does; None lets it succeed again."""
        self.hindrance = code

    def waiting_bytes(self) -> int:
        """How much lies in the line's buffer for whoever opens it, on levels that have one (`node`)."""
        raise NotImplementedError

    def _serve(self, far: Far, fd: int) -> None:
        def run() -> None:
            with contextlib.suppress(OSError, ValueError):
                far.carry(fd)

        thread = threading.Thread(target=run, name="far end", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _gone(self) -> None:
        far, self.far = self.far, None
        if far is not None:
            far.let_go()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def close(self) -> None:
        self.unplug()


_IOCTL = {"x86_64": 16, "aarch64": 29}  # asked of the kernel itself: under umockdev the library's ioctl answers for the device
_LIBC = ctypes.CDLL(None, use_errno=True)


def readable_bytes(fd: int) -> int:
    """What a read of this descriptor would find, in bytes (FIONREAD, ioctl_tty(2))."""
    found = ctypes.c_int(0)
    if _LIBC.syscall(_IOCTL[os.uname().machine], fd, termios.FIONREAD, ctypes.byref(found)):
        raise OSError(ctypes.get_errno(), "FIONREAD")
    return found.value


class MemoryOutlet(Outlet):
    """A line inside the process. The weather holds both ways."""

    def __init__(self, folder: Path, weather: Weather) -> None:
        super().__init__(folder)
        self._weather = weather
        self._ends: list[MemoryPort] = []
        self._sock: socket.socket | None = None

    def open(self) -> tuple[Port, str]:
        if self.hindrance:
            raise OpenFailed(self.hindrance, "made to fail")
        if self.far is None:
            raise OpenFailed("absent", "nothing is plugged in")
        near, middle = null_modem(self._weather, self._weather)
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._ends, self._sock = [near, middle], theirs
        for pump in (self._from_driver, self._to_driver):
            threading.Thread(target=pump, args=(middle, ours), daemon=True).start()
        self._serve(self.far, theirs.fileno())
        return near, "memory:line"

    @staticmethod
    def _from_driver(middle: MemoryPort, ours: socket.socket) -> None:
        with contextlib.suppress(PortError, OSError):
            while True:
                ours.sendall(middle.read(4096, _FAR_AWAY_S))
        with contextlib.suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _to_driver(middle: MemoryPort, ours: socket.socket) -> None:
        with contextlib.suppress(PortError, OSError):
            while data := ours.recv(4096):
                middle.write(data, _FAR_AWAY_S)
        ours.close()

    def plug(self, far: Far) -> None:
        self.far = far

    def unplug(self) -> None:
        for end in self._ends[1:]:
            end.close()
        self._gone()
        if self._sock is not None:
            self._sock.close()
        self._ends, self._sock = [], None


_FAR_AWAY_S = 1e7  # an instant of the monotonic clock that no test lives to see


class PtyOutlet(Outlet):
    """A pseudo-terminal as a serial line."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._link = folder / "line"
        self._fds: tuple[int, int] | None = None
        self.address = parse_address(f"serial:{self._link}?baud=115200")

    def plug(self, far: Far) -> None:
        self.far = far
        self._fds = open_pty(self._link)
        self._serve(far, self._fds[0])

    def waiting_bytes(self) -> int:
        assert self._fds is not None
        return readable_bytes(self._fds[1])

    def unplug(self) -> None:
        fds, self._fds = self._fds, None
        if fds is not None:
            if self.far is not None:
                self.far.let_go()
            self._gone()
            close_pty(self._link, *fds)


class TcpOutlet(Outlet):
    """A listener on a port of its own; unplugged, the port refuses."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with socket.create_server(("127.0.0.1", 0)) as finding:
            self._number = finding.getsockname()[1]
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self.address = parse_address(f"tcp://127.0.0.1:{self._number}")

    def plug(self, far: Far) -> None:
        self.far = far
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small window, as devices have: what has not been read must not count as sent.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", self._number))
        listener.listen(8)
        self._listener = listener
        thread = threading.Thread(target=self._accept, args=(listener, far), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, far: Far) -> None:
        with contextlib.suppress(OSError):
            while self.far is far:
                peer, _ = listener.accept()
                with peer, contextlib.suppress(OSError, ValueError):
                    self._peer = peer
                    peer.setblocking(False)
                    far.carry(peer.fileno())

    def unplug(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        for sock in (listener, self._peer):
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.shutdown(socket.SHUT_RDWR)
        self._gone()
        listener.close()


@dataclass(frozen=True)
class Level:
    name: str
    gives: frozenset[str]
    weather: Weather = field(default_factory=Weather)

    def outlet(self, folder: Path) -> Outlet:
        """A place of its own for one device."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.name == "pty":
            return PtyOutlet(folder)
        return TcpOutlet(folder) if self.name == "tcp" else MemoryOutlet(folder, self.weather)


def _every(nth: int) -> Weather:
    return Weather(loses=lambda at: at % nth == nth - 1)


MEMORY = Level("memory", frozenset({"whole", "unplug", "hinder"}))
BYTEWISE = Level("memory-one-byte-at-a-time", frozenset({"whole", "unplug"}), Weather(one_byte=True))
LATE = Level("memory-late", frozenset({"whole"}), Weather(delay_s=0.02))
LOSSY = Level("memory-lossy", frozenset({"lossy", "unplug"}), _every(7))
PTY = Level("pty", frozenset({"whole", "unplug", "node"}))
TCP = Level("tcp", frozenset({"whole", "unplug"}))
SERIAL = (MEMORY, BYTEWISE, LATE, LOSSY, PTY)
"""What a device on a serial line is played at in this process."""
LOCAL = (*SERIAL, TCP)


def fds() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))

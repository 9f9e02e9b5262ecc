"""The wires of a line with several far ends: a pseudo-terminal or a TCP port, as a serial server has.

Holds the carrying of bytes to every station and back, and the plug: where every station of a line is unplugged, the line
itself is pulled out, and comes back when one of them is plugged in again.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from drivers.sim.printer_wire import close_pty, open_pty
from drivers.sim.station import Station

READ_BYTES = 512
LOOK_S = 0.01
WRITE_S = 1.0


class LineWire:
    """Carries one line. `run` in a thread; `address` or `link` says where it is."""

    def __init__(self, stations: Sequence[Station]) -> None:
        self.stations = tuple(stations)
        self.stopping = threading.Event()

    @property
    def pulled(self) -> bool:
        return all("unplug" in station.faults for station in self.stations)

    def carry(self, fd: int) -> None:
        """Until the peer leaves or the plug is pulled."""
        while not self.stopping.is_set() and not self.pulled:
            for station in self.stations:
                self._say(fd, station.spoken())
            if not select.select([fd], [], [], LOOK_S)[0]:
                continue
            data = os.read(fd, READ_BYTES)
            if not data:
                return
            for station in self.stations:
                answer = station.hear(data)
                if answer and station.delay_s:
                    time.sleep(station.delay_s)
                self._say(fd, answer)

    @staticmethod
    def _say(fd: int, data: bytes) -> None:
        deadline = time.monotonic() + WRITE_S
        while data and time.monotonic() < deadline:
            if select.select([], [fd], [], 0.1)[1]:
                data = data[os.write(fd, data) :]

    def close(self) -> None:
        self.stopping.set()


class PtyLine(LineWire):
    """A serial line with a steady name."""

    def __init__(self, stations: Sequence[Station], link: Path) -> None:
        super().__init__(stations)
        self.link = link
        self._ends: tuple[int, int] | None = open_pty(link)

    def run(self) -> None:
        while not self.stopping.is_set():
            if self.pulled:
                self._pull()
                self.stopping.wait(LOOK_S)
                continue
            near, _ = self._ends = self._ends or open_pty(self.link)
            with contextlib.suppress(OSError, ValueError):
                self.carry(near)
        self._pull()

    def _pull(self) -> None:
        ends, self._ends = self._ends, None
        if ends is not None:
            close_pty(self.link, *ends)


class TcpLine(LineWire):
    """A serial server's port: one master at a time."""

    def __init__(self, stations: Sequence[Station], host: str, port: int) -> None:
        super().__init__(stations)
        self._at = (host, port)
        self._listener: socket.socket | None = self._listen()

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in self._at[0] else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._at)
        listener.listen(4)
        listener.settimeout(0.1)
        self._at = listener.getsockname()[:2]
        return listener

    @property
    def address(self) -> str:
        return f"{self._at[0]}:{self._at[1]}"

    def run(self) -> None:
        while not self.stopping.is_set():
            if self.pulled:
                self._pull()
                self.stopping.wait(LOOK_S)
                continue
            self._listener = self._listener or self._listen()
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with peer, contextlib.suppress(OSError, ValueError):
                peer.setblocking(False)
                self.carry(peer.fileno())
        self._pull()

    def _pull(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

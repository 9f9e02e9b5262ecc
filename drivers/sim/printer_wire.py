"""The printer simulator's wires: TCP port 9100 and a pseudo-terminal that stands for a serial line.

Holds reading with back-pressure (a printer that is full or broken stops reading) and slow answers. One peer at a time on
TCP, as on most printers.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import threading
import time
import tty
from pathlib import Path

from drivers.sim.printer import PrinterSim

READ_BYTES = 2048
SLOW_ANSWER_S = 0.1
SLOW_BYTES_PER_S = 20_000
FULL_WAIT_S = 0.02


class Wire:
    """Moves bytes between one file descriptor and the simulator until the peer leaves, or the cable is pulled.

    `bytes_per_s`: as slow as a serial line of ten times as many baud; 0 is as fast as the machine.
    """

    def __init__(self, sim: PrinterSim, bytes_per_s: int = 0) -> None:
        self.sim = sim
        self.stopping = threading.Event()
        self._bytes_per_s = bytes_per_s
        # A slow line brings its bytes a fiftieth of a second at a time.
        self._most = max(16, bytes_per_s // 50) if bytes_per_s else READ_BYTES
        self._line_free_at = 0.0

    @property
    def unplugged(self) -> bool:
        return self.sim.has("unplug")

    def carry(self, fd: int) -> None:
        while not self.stopping.is_set() and not self.unplugged:
            self._answer(fd, self.sim.late_answers())
            room = self.sim.room
            if not room:
                if self._left(fd):
                    return
                self.stopping.wait(FULL_WAIT_S)
                continue
            if not select.select([fd], [], [], 0.0)[0]:
                if not select.select([fd], [], [], 0.2)[0]:
                    continue
                self._line_free_at = max(self._line_free_at, time.monotonic())  # the line stood idle until now
            data = os.read(fd, min(self._most, room))
            if not data:
                return
            self._pace(len(data))
            answer = self.sim.feed(data)
            if self.sim.has("slow"):
                self.stopping.wait(len(data) / SLOW_BYTES_PER_S + (SLOW_ANSWER_S if answer else 0.0))
            self._answer(fd, answer)

    def _pace(self, count: int) -> None:
        if self._bytes_per_s:
            self._line_free_at += count / self._bytes_per_s
            self.stopping.wait(max(0.0, self._line_free_at - time.monotonic()))

    def _answer(self, fd: int, answer: bytes) -> None:
        deadline = time.monotonic() + 2.0
        while answer and time.monotonic() < deadline:
            if select.select([], [fd], [], 0.2)[1]:
                answer = answer[os.write(fd, answer) :]

    def _left(self, fd: int) -> bool:
        """Whether the peer hung up while we do not read."""
        poll = select.poll()
        poll.register(fd, select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0))
        return bool(poll.poll(0))


class TcpWire(Wire):
    """`run` in a thread; it listens from the beginning."""

    def __init__(self, sim: PrinterSim, host: str, port: int) -> None:
        super().__init__(sim)
        self._place = (host, port)
        self._listener = self._listen()
        self._place = self._listener.getsockname()[:2]
        self._peer: socket.socket | None = None

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small window, as printers have: what we have not read must not count as sent.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(self._place)
        listener.listen(8)
        listener.settimeout(0.2)
        return listener

    @property
    def address(self) -> str:
        host, port = self._place
        return f"{host}:{port}"

    def run(self) -> None:
        while not self.stopping.is_set():
            if self.unplugged:
                self._listener.close()
                self.stopping.wait(FULL_WAIT_S)
                continue
            try:
                if self._listener.fileno() < 0:
                    self._listener = self._listen()
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._peer = peer
            with peer, contextlib.suppress(OSError, ValueError):
                peer.setblocking(False)
                self.carry(peer.fileno())
            self._peer = None
            self.sim.disconnect()

    def hang_up(self) -> None:
        """Pull the plug on whoever is connected."""
        peer = self._peer
        if peer is not None:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.stopping.set()
        self.hang_up()
        self._listener.close()


class PtyWire(Wire):
    """A pseudo-terminal with a steady name: `link` points at it and is taken away at the end."""

    def __init__(self, sim: PrinterSim, link: Path, bytes_per_s: int = 0) -> None:
        super().__init__(sim, bytes_per_s)
        self.link = link
        self._lock = threading.Lock()
        self._ends: tuple[int, int] | None = open_pty(link)

    def run(self) -> None:
        while not self.stopping.is_set():
            with self._lock:
                if self._ends is None and not self.unplugged and not self.stopping.is_set():
                    self._ends = open_pty(self.link)
                ends = self._ends
            if ends is None:
                self.stopping.wait(FULL_WAIT_S)
                continue
            try:
                self.carry(ends[0])
            except (OSError, ValueError):
                return
            if self.unplugged:
                self._pull()

    def _pull(self) -> None:
        with self._lock:
            ends, self._ends = self._ends, None
            if ends is not None:
                close_pty(self.link, *ends)

    def close(self) -> None:
        self.stopping.set()
        self._pull()


def open_pty(link: Path) -> tuple[int, int]:
    """Both ends. Ours of the far end stays open, so that the line survives the driver's coming and going."""
    near, far = pty.openpty()
    tty.setraw(far)
    os.set_blocking(near, False)
    spare = link.with_name(f".{link.name}.{os.getpid()}")
    spare.unlink(missing_ok=True)
    spare.symlink_to(os.ttyname(far))
    spare.replace(link)
    return near, far


def close_pty(link: Path, near: int, far: int) -> None:
    link.unlink(missing_ok=True)
    for fd in (far, near):
        with contextlib.suppress(OSError):
            os.close(fd)

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
    """Moves bytes between one file descriptor and the simulator until the peer leaves."""

    def __init__(self, sim: PrinterSim) -> None:
        self.sim = sim
        self.stopping = threading.Event()

    def carry(self, fd: int) -> None:
        while not self.stopping.is_set():
            self._answer(fd, self.sim.late_answers())
            room = self.sim.room
            if not room:
                if self._left(fd):
                    return
                self.stopping.wait(FULL_WAIT_S)
                continue
            if not select.select([fd], [], [], 0.2)[0]:
                continue
            data = os.read(fd, min(READ_BYTES, room))
            if not data:
                return
            answer = self.sim.feed(data)
            if self.sim.has("slow"):
                self.stopping.wait(len(data) / SLOW_BYTES_PER_S + (SLOW_ANSWER_S if answer else 0.0))
            self._answer(fd, answer)

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
    """`listen` then `run` in a thread."""

    def __init__(self, sim: PrinterSim, host: str, port: int) -> None:
        super().__init__(sim)
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small window, as printers have: what we have not read must not count as sent.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind((host, port))
        self._listener.listen(8)
        self._listener.settimeout(0.2)
        self._peer: socket.socket | None = None

    @property
    def address(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"{host}:{port}"

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
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

    def __init__(self, sim: PrinterSim, link: Path) -> None:
        super().__init__(sim)
        self.link = link
        self._near, self._far = open_pty(link)

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.carry(self._near)

    def close(self) -> None:
        self.stopping.set()
        close_pty(self.link, self._near, self._far)


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

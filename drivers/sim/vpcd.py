"""The wire between a simulated chip and pcscd's virtual reader (vsmartcard's vpcd): two bytes of length, then the bytes.

A single byte is no command but the reader's hand on the card: 0 off, 1 on, 2 reset, 4 say your ATR. The card lies on the reader as
long as the connection stands.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from drivers.sim.mrtd_chip import ATR, Chip, Moved

OFF, ON, RESET, SAY_ATR = 0, 1, 2, 4
MAX_COMMAND = 4096
AWAY_S = 2.0


def receive(wire: socket.socket) -> bytes | None:
    """One message; None where the other end has hung up."""
    head = _exactly(wire, 2)
    if head is None:
        return None
    (size,) = struct.unpack(">H", head)
    return _exactly(wire, size) if size <= MAX_COMMAND else None


def _exactly(wire: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        try:
            # vpcd sends length and bytes apart and waits for a receipt between them: give it at once.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = wire.recv(size - len(data))
        except OSError:
            return None
        if not piece:
            return None
        data += piece
    return data


def send(wire: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # hung up: the next `receive` says so
        wire.sendall(struct.pack(">H", len(data)) + data)


def serve(chip: Chip, wire: socket.socket) -> bool:
    """Be a card until the reader hangs up (False) or the card is taken away (True)."""
    while (message := receive(wire)) is not None:
        if len(message) == 1:
            if message[0] == SAY_ATR:
                send(wire, ATR)
            else:
                chip.reset()
            continue
        try:
            reply = chip.answer(message)
        except Moved:
            chip.reset()
            return True
        if reply:
            send(wire, reply)
    chip.reset()
    return False


class VpcdWire:
    """Lays the card on the reader at HOST:PORT, again and again: a reader that comes later or comes back finds it."""

    def __init__(self, chip: Chip, host: str, port: int, *, away_s: float = AWAY_S) -> None:
        self.chip, self._place, self._away_s = chip, (host, port), away_s
        self._wire: socket.socket | None = None
        self._lock, self._stop, self._laid = threading.Lock(), threading.Event(), threading.Event()
        self._laid.set()

    def run(self) -> None:
        while not self._stop.is_set():
            self._laid.wait()
            if self._stop.is_set():
                return
            try:
                wire = socket.create_connection(self._place, 2.0)
            except OSError:
                self._stop.wait(0.2)
                continue
            wire.settimeout(None)
            with self._lock:
                self._wire = wire
                if self._stop.is_set() or not self._laid.is_set():
                    wire.close()
                    continue
            moved = serve(self.chip, wire)
            with self._lock:
                self._wire = None
            wire.close()
            self._stop.wait(self._away_s if moved else 0.2)

    def take(self) -> None:
        """The card is taken away and stays away until `lay`."""
        self._laid.clear()
        self._hang_up()

    def lay(self) -> None:
        self._laid.set()

    def close(self) -> None:
        self._stop.set()
        self._laid.set()
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._wire is not None:
                self._wire.shutdown(socket.SHUT_RDWR)

"""The process that speaks to pcscd: the one file that imports pyscard. Its parent (`drivers.ports.pcsc`) may end it at any moment.

Apart from the service because a call into pcscd can hang, and pcscd itself may be restarted: a new process begins anew. Messages
over one socket: four bytes of length, one letter, the rest. Each request has one answer, but for CANCEL, which ends a WATCH.
Keeps nothing, writes nothing, says nothing on stderr.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from fnmatch import fnmatchcase
from typing import Any

OPEN, WATCH, CANCEL, MEET, SEND, PART = b"O", b"W", b"X", b"M", b"A", b"D"
FINE, AWAY, NO_READER, NO_SERVICE, DENIED, LATE, SEVERAL, BUSY, FAULT = b"K", b"C", b"R", b"S", b"P", b"T", b"N", b"B", b"E"
MAX_MESSAGE = 70_000
POWER_DOWN_S = 0.05


class Answered(Exception):
    """The call ended in one of the letters above."""

    def __init__(self, letter: bytes, text: str = "") -> None:
        super().__init__(text)
        self.reply = letter + text.encode("utf-8", "replace")


class Reader:
    """One reader of pcscd's and the card that may lie on it."""

    def __init__(self, scard: Any) -> None:
        self._scard = scard
        self._letters = {
            code & 0xFFFFFFFF: letter
            for letter, names in {
                AWAY: "W_REMOVED_CARD W_RESET_CARD W_UNPOWERED_CARD W_UNRESPONSIVE_CARD E_NO_SMARTCARD E_NOT_TRANSACTED F_COMM_ERROR",
                NO_READER: "E_NO_READERS_AVAILABLE E_UNKNOWN_READER E_READER_UNAVAILABLE",
                NO_SERVICE: "E_NO_SERVICE E_SERVICE_STOPPED E_INVALID_HANDLE",
                DENIED: "W_SECURITY_VIOLATION E_NO_ACCESS",
                LATE: "E_TIMEOUT E_CANCELLED",
                BUSY: "E_SHARING_VIOLATION",
            }.items()
            for code in (getattr(scard, f"SCARD_{name}") for name in names.split())
        }
        self._context: Any = None
        self._card: Any = None
        self._pci = scard.SCARD_PCI_T1
        self._name = ""
        self._known = scard.SCARD_STATE_UNAWARE

    def _check(self, code: int, *rest: Any) -> Any:
        if code != self._scard.SCARD_S_SUCCESS:
            letter = self._letters.get(code & 0xFFFFFFFF, FAULT)
            raise Answered(letter, f"{self._scard.SCardGetErrorMessage(code)}".rstrip("."))
        return rest[0] if len(rest) == 1 else rest

    def open(self, wanted: str) -> bytes:
        self._context = self._check(*self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_SYSTEM))
        names = [name for name in self._check(*self._scard.SCardListReaders(self._context, [])) if fnmatchcase(name, wanted)]
        if not names:
            raise Answered(NO_READER, f"no reader called {wanted}")
        if len(names) > 1:
            raise Answered(SEVERAL, ", ".join(names))
        self._name = names[0]
        self.look(0)
        return self._name.encode()

    def look(self, wait_ms: int) -> bool:
        """Wait for a change against what was last known; whether a card lies there now."""
        scard = self._scard
        states = self._check(*scard.SCardGetStatusChange(self._context, wait_ms, [(self._name, self._known)]))
        state = states[0][1]
        if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            raise Answered(NO_READER, "the reader has left")
        self._known = state & ~scard.SCARD_STATE_CHANGED
        return bool(state & scard.SCARD_STATE_PRESENT)

    def watch(self) -> bytes:
        return b"1" if self.look(self._scard.INFINITE) else b"0"

    def cancel(self) -> None:
        self._scard.SCardCancel(self._context)

    def meet(self, wait_ms: int) -> bytes:
        """Wait until a card lies there, and power it."""
        self.part()
        scard = self._scard
        try:
            self.look(0)
        except Answered as unchanged:
            if unchanged.reply[:1] != LATE:
                raise
        while not self._known & scard.SCARD_STATE_PRESENT:
            self.look(wait_ms)  # something changed, and still no card: the wait begins again; the parent keeps the deadline
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        card, protocol = self._check(*scard.SCardConnect(self._context, self._name, scard.SCARD_SHARE_EXCLUSIVE, protocols))
        self._card = card
        self._pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        return b""

    def send(self, command: bytes) -> bytes:
        if self._card is None:
            raise Answered(AWAY, "no card was met")
        answer = bytes(self._check(*self._scard.SCardTransmit(self._card, self._pci, list(command))))
        if len(answer) < 2:
            raise Answered(AWAY, "no answer")
        return answer

    def part(self) -> bytes:
        card, self._card = self._card, None
        if card is not None:
            self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)
        return b""


class Worker:
    """Reads requests, gives answers; a WATCH runs on a thread of its own so that it can be cancelled."""

    def __init__(self, wire: socket.socket, reader: Reader) -> None:
        self._wire, self._reader = wire, reader
        self._watching: threading.Thread | None = None

    def run(self) -> None:
        while (message := receive(self._wire)) is not None:
            letter, body = message[:1], message[1:]
            if letter == CANCEL:
                self._cancel()
            elif letter == WATCH:
                self._watching = threading.Thread(target=self._answer, args=(letter, body), daemon=True)
                self._watching.start()
            else:
                self._answer(letter, body)
        self._cancel()
        self._reader.part()

    def _cancel(self) -> None:
        """Again and again: a cancel that comes before the wait has begun is lost."""
        while self._watching is not None and self._watching.is_alive():
            self._reader.cancel()
            self._watching.join(POWER_DOWN_S)
        self._watching = None

    def _answer(self, letter: bytes, body: bytes) -> None:
        try:
            send(self._wire, FINE + self._do(letter, body))
        except Answered as answer:
            send(self._wire, answer.reply)

    def _do(self, letter: bytes, body: bytes) -> bytes:
        if letter == OPEN:
            return self._reader.open(body.decode())
        if letter == WATCH:
            return self._reader.watch()
        if letter == MEET:
            return self._reader.meet(struct.unpack(">I", body)[0])
        if letter == SEND:
            return self._reader.send(body)
        return self._reader.part()


def receive(wire: socket.socket) -> bytes | None:
    """One message; None at the end."""
    data, wanted = b"", 4
    while len(data) < wanted:
        with contextlib.suppress(InterruptedError):
            piece = wire.recv(wanted - len(data))
            if not piece:
                return None
            data += piece
            if len(data) == 4 == wanted:
                wanted += min(struct.unpack(">I", data)[0], MAX_MESSAGE)
    return data[4:]


def send(wire: socket.socket, message: bytes) -> None:
    wire.sendall(struct.pack(">I", len(message)) + message)


def main() -> None:
    wire = socket.socket(fileno=int(sys.argv[1]))
    try:
        from smartcard import scard
    except ImportError as error:
        receive(wire)
        send(wire, FAULT + f"{error.name} is not installed".encode())
        return
    with contextlib.suppress(OSError):
        Worker(wire, Reader(scard)).run()
    # A watch that pcscd does not let go of would hold up the interpreter's end.
    os._exit(0)


if __name__ == "__main__":
    main()

"""A PC/SC card reader as a port: this end of `drivers.ports.pcsc_worker`, with deadlines that hold whatever pcscd does.

Holds starting, asking and ending the worker. After `Gone` or `Timeout` the worker is dead; the slot opens a new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from drivers.ports import pcsc_worker as worker
from drivers.ports.base import FdPort, Gone, OpenFailed, PortError, Timeout, Waker
from drivers.ports.card import CardAway, CardBusy

if TYPE_CHECKING:
    from drivers.ports.opening import Address

PCSCD_SOCKET = "/run/pcscd/pcscd.comm"
REFUSED = "pcscd refuses this account: a polkit rule lets it in"
OPEN_S = 5.0
CANCEL_S = 2.0
WAIT_LATE_S = 1.0
BUSY_S = 0.2
_CODES = {worker.NO_READER: "absent", worker.NO_SERVICE: "no_pcscd", worker.DENIED: "permission"}


class PcscPort:
    """One reader. Used by its slot's thread alone."""

    def __init__(self, process: subprocess.Popen[bytes], wire: socket.socket) -> None:
        wire.setblocking(False)
        self._process, self._wire = process, FdPort(wire.fileno(), wire.close)
        self._heard, self._answer = b"", b""
        self._met = False
        self.name = ""

    # ------------------------------------------------------------ the worker
    def ask(self, letter: bytes, body: bytes, deadline: float) -> bytes:
        """The answer's body. A worker that is late, or speaks of the reader's end, is ended."""
        self._say(letter + body, deadline)
        return self._hear(deadline)

    def _say(self, message: bytes, deadline: float) -> None:
        try:
            self._wire.write(struct.pack(">I", len(message)) + message, deadline)
        except PortError:
            self.close()
            raise

    def _hear(self, deadline: float) -> bytes:
        try:
            (size,) = struct.unpack(">I", self._exactly(4, deadline))
            message = self._exactly(min(size, worker.MAX_MESSAGE), deadline)
        except PortError:
            self.close()
            raise
        letter, body = message[:1], message[1:]
        if letter == worker.FINE:
            return body
        text = body.decode("utf-8", "replace")
        if letter == worker.AWAY:
            raise CardAway(text)
        if letter == worker.LATE:
            raise _Late(text)
        if letter == worker.BUSY:
            raise CardBusy(text)
        self.close()
        raise _Ended(letter, text)

    def _exactly(self, size: int, deadline: float) -> bytes:
        while len(self._heard) < size:
            self._heard += self._wire.read(worker.MAX_MESSAGE, deadline)
        data, self._heard = self._heard[:size], self._heard[size:]
        return data

    # ------------------------------------------------------------ a card
    def meet(self, deadline: float) -> None:
        while not self._met:
            wait_ms = max(0, int((deadline - time.monotonic()) * 1000))
            try:
                self.ask(worker.MEET, struct.pack(">I", wait_ms), deadline + WAIT_LATE_S)
                self._met = True
            except CardBusy:
                if time.monotonic() + BUSY_S > deadline:
                    raise
                select.select([], [], [], BUSY_S)

    def write(self, data: bytes, deadline: float) -> int:
        self._answer = self.ask(worker.SEND, data, deadline)
        return len(data)

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        """The answer to the last command. A card says nothing unasked."""
        answer, self._answer = self._answer[:size], b""
        if answer:
            return answer
        what = self.idle(deadline, waker) if waker is not None else "time"
        if what == "time":
            raise Timeout("a card says nothing unasked")
        return b""

    def idle(self, deadline: float, waker: Waker) -> str:
        """`bytes` here means that a card was laid down or taken away."""
        self._say(worker.WATCH, time.monotonic() + CANCEL_S)
        what = "bytes"
        try:
            self._heard = self._wire.read(worker.MAX_MESSAGE, deadline, waker)
        except Timeout:
            what = "time"
        except Gone:
            self.close()
            raise
        if not self._heard:
            what = "time" if what == "time" else "woken"
            self._say(worker.CANCEL, time.monotonic() + CANCEL_S)
        with contextlib.suppress(_Late):
            self._hear(time.monotonic() + CANCEL_S)
        return what

    def rest(self) -> None:
        """The card is let go: its next reading begins anew."""
        if self._met:
            self._met = False
            with contextlib.suppress(CardAway):
                self.ask(worker.PART, b"", time.monotonic() + CANCEL_S)

    def close(self) -> None:
        self._wire.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class _Late(Timeout):
    """The wait itself ended, by its time or by being cancelled; the worker is well."""


class _Ended(Gone):
    """The worker said why it cannot go on."""

    def __init__(self, letter: bytes, text: str) -> None:
        super().__init__(text)
        self.letter = letter


def trouble() -> str:
    """Why no reader can be asked for, as a health code; empty where pcscd takes callers. Starts nothing but pcscd itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(2.0)
        try:
            caller.connect(os.environ.get("PCSCLITE_CSOCK_NAME", PCSCD_SOCKET))
        except OSError as error:
            return "permission" if error.errno in (errno.EACCES, errno.EPERM) else "no_pcscd"
    return ""


def open_pcsc(wanted: str) -> PcscPort:
    """`wanted`: the reader's name as pcscd gives it; `*` and `?` stand for anything."""
    if code := trouble():
        raise OpenFailed(code, REFUSED if code == "permission" else "pcscd")
    ours, theirs = socket.socketpair()
    try:
        command = [sys.executable, "-m", worker.__name__, str(theirs.fileno())]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError as error:
        ours.close()
        raise OpenFailed("error", f"the reader's worker did not start: {error.strerror}") from error
    finally:
        theirs.close()
    port = PcscPort(process, ours)
    try:
        port.name = port.ask(worker.OPEN, wanted.encode(), time.monotonic() + OPEN_S).decode("utf-8", "replace")
    except _Ended as error:
        details = {worker.SEVERAL: f"{wanted}: fits several readers ({error}); name one", worker.DENIED: REFUSED}
        detail = details.get(error.letter, str(error))
        raise OpenFailed(_CODES.get(error.letter, "error"), detail) from error
    except Timeout as error:
        raise OpenFailed("timeout", "pcscd does not answer") from error
    except PortError as error:
        raise OpenFailed("error", str(error)) from error
    return port


def open_address(address: Address) -> PcscPort:
    return open_pcsc(address.target)

"""A disk with a cache of its own that loses power: what was written and not flushed may be there, torn, or not at all.

One disk for one machine, as a network block device (NBD, fixed newstyle) on a Unix socket, so that a true kernel and file
system decide what to flush. Writes are kept in memory until a flush; `cut` says what a power cut leaves of them.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path

HELLO, OPTION, ANSWER = b"NBDMAGICIHAVEOPT", struct.Struct(">QII"), struct.Struct(">QIII")
REQUEST, REPLY = struct.Struct(">IHHQQI"), struct.Struct(">IIQ")
OPTION_MAGIC, ANSWER_MAGIC, REPLY_MAGIC = 0x49484156454F5054, 0x3E889045565A9, 0x67446698
GO, ACK, INFO, UNSUPPORTED = 7, 1, 3, 0x80000001
READ, WRITE, LEAVE, FLUSH = range(4)
CAN_FLUSH, INVALID = 1 | 4, 22  # flags of the device: it has flags, and a flush
SECTOR, FLUSH_S = 512, 0.03
SURVIVES, WHOLE = 0.6, 0.4  # of what was not flushed; the rest of the survivors is torn at a sector


@dataclass
class Forgetful:
    """`path` holds what is safe. `lost` and `survived` count the unflushed writes of all cuts."""

    path: Path
    address: Path
    lost: int = 0
    survived: int = 0
    _unflushed: list[tuple[int, bytes]] = field(default_factory=list)
    _thread: threading.Thread | None = None

    def plug(self) -> None:
        """Ready for one machine."""
        self._unflushed, self._now = [], bytearray(self.path.read_bytes())
        self.address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.address))
        listener.listen(1)
        self._thread = threading.Thread(target=self._serve, args=(listener,), name="disk", daemon=True)
        self._thread.start()

    def cut(self, chance: random.Random) -> None:
        """After the machine is gone: each unflushed write is lost, torn or kept, in any order."""
        assert self._thread is not None
        self._thread.join(30)
        kept = []
        for at, data in self._unflushed:
            fate, sectors = chance.random(), -(-len(data) // SECTOR)
            if fate < SURVIVES:
                kept.append((at, data if fate < WHOLE else data[: SECTOR * chance.randrange(sectors)]))
        chance.shuffle(kept)
        self._write(kept)
        self.survived += len(kept)
        self.lost += len(self._unflushed) - len(kept)

    def _write(self, pieces: list[tuple[int, bytes]]) -> None:
        with self.path.open("r+b") as file:
            for at, data in pieces:
                file.seek(at)
                file.write(data)

    # ------------------------------------------------------------ the wire
    def _serve(self, listener: socket.socket) -> None:
        with listener, contextlib.suppress(ConnectionError):  # the machine dies: that is what it is for
            line, _ = listener.accept()
            with line:
                line.sendall(HELLO + struct.pack(">H", 3))
                _exactly(line, 4)
                while self._option(line):
                    pass
                while self._request(line):
                    pass

    def _option(self, line: socket.socket) -> bool:
        """Answer one option. False once the machine begins to use the disk."""
        magic, option, length = OPTION.unpack(_exactly(line, OPTION.size))
        if magic != OPTION_MAGIC:
            raise ConnectionError("not NBD")
        _exactly(line, length)
        if option != GO:
            line.sendall(ANSWER.pack(ANSWER_MAGIC, option, UNSUPPORTED, 0))
            return True
        told = struct.pack(">HQH", 0, len(self._now), CAN_FLUSH)
        line.sendall(ANSWER.pack(ANSWER_MAGIC, GO, INFO, len(told)) + told + ANSWER.pack(ANSWER_MAGIC, GO, ACK, 0))
        return False

    def _request(self, line: socket.socket) -> bool:
        _, _, what, handle, at, length = REQUEST.unpack(_exactly(line, REQUEST.size))
        answer, error = b"", 0
        if what == READ:
            answer = bytes(self._now[at : at + length])
        elif what == WRITE:
            data = _exactly(line, length)
            self._now[at : at + length] = data
            self._unflushed.append((at, data))
        elif what == FLUSH:
            self._flush(line)
        elif what == LEAVE:
            return False
        else:
            error = INVALID
        line.sendall(REPLY.pack(REPLY_MAGIC, error, handle) + answer)
        return True

    def _flush(self, line: socket.socket) -> None:
        """As slow as a card's, so that most cuts fall into one: what is not flushed when the machine dies never will be."""
        threading.Event().wait(FLUSH_S)
        line.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            if not line.recv(1, socket.MSG_PEEK):
                raise ConnectionError("hung up")
        line.setblocking(True)
        self._write(self._unflushed)
        self._unflushed = []


def _exactly(line: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = line.recv(length)
        if not part:
            raise ConnectionError("hung up")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)

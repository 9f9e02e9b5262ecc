"""A crowd of open streams in one thread, each with every row it was told, coming back by itself as a browser does."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable

from queue_server.contract import sse


class Ear:
    """One reader. `rows` are the ids it heard, in order; `begun` counts its connections."""

    def __init__(self, address: tuple[str, int], path: str, key: str = "") -> None:
        self._address, self._path, self._key = address, path, key
        self.rows: list[int] = []
        self.frames: list[sse.Frame] = []
        self.begun = 0
        self.sock: socket.socket | None = None

    def connect(self) -> None:
        """Dial, with the last id as every browser sends it; an address that refuses is dialled again by the next look."""
        last = f"Last-Event-ID: 1-{self.rows[-1]}\r\n" if self.rows else ""
        who = f"Authorization: Bearer {self._key}\r\n" if self._key else ""
        self._head, self._decoder = b"", sse.Decoder()
        self.sock = socket.create_connection(self._address, timeout=10)
        self.sock.sendall(f"GET {self._path} HTTP/1.1\r\nHost: x\r\n{who}{last}\r\n".encode())
        self.sock.setblocking(False)

    def hear(self) -> bool:
        """Take what came; False at the end of the line."""
        assert self.sock is not None
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self.sock.close()
            self.sock = None
            return False
        if b"\r\n\r\n" not in self._head:
            self._head += data
            status, found, data = self._head.partition(b"\r\n\r\n")
            assert not found or status.startswith(b"HTTP/1.1 200"), status
            self._head, data = (self._head[: len(status) + 4], data) if found else (self._head, b"")
        for frame in self._decoder.feed(data):
            self.frames.append(frame)
            if frame.event == "snapshot":
                self.begun += 1
            elif frame.event == "log" and frame.id is not None:
                self.rows.append(int(frame.id.partition("-")[2]))
        return True


class Crowd:
    """All the readers, on one epoll."""

    def __init__(self) -> None:
        self.ears: list[Ear] = []
        self._epoll = select.epoll()
        self._by_file: dict[int, Ear] = {}

    def join(self, ear: Ear) -> Ear:
        self.ears.append(ear)
        self._dial(ear)
        return ear

    def _dial(self, ear: Ear) -> None:
        ear.connect()
        assert ear.sock is not None
        self._by_file[ear.sock.fileno()] = ear
        self._epoll.register(ear.sock.fileno(), select.EPOLLIN)

    def listen(self, until: Callable[[], bool], within_s: float = 30.0) -> None:
        """Listen, and dial again where a line has ended, until it is so."""
        deadline = time.monotonic() + within_s
        while not until():
            assert time.monotonic() < deadline, f"not within {within_s} s"
            for file, _ in self._epoll.poll(0.05):
                ear = self._by_file[file]
                if not ear.hear():
                    del self._by_file[file]
                    self._dial(ear)

    def close(self) -> None:
        for ear in self.ears:
            with contextlib.suppress(OSError):
                if ear.sock is not None:
                    ear.sock.close()
        self._epoll.close()

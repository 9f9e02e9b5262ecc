"""A line between two programs that can be cut, stall, open by halves, or lose an answer: TCP on one port to another.

Holds the carrying and its four faults, changed while it runs. What the programs say to each other is not looked at.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading

READ_BYTES = 65_536
LOOK_S = 0.05
WAYS = ("whole", "cut", "stalled", "half-open", "answer-lost")


class Proxy:
    """`way` is one of WAYS. `cut`: refused and hung up; `stalled`: accepted, nothing is carried either way; `half-open`:
    what is asked arrives, no answer does and nobody hangs up; `answer-lost`: the next answer is replaced by a hang-up."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to, self._way = to, "whole"
        self._ended = threading.Event()
        self._listener: socket.socket | None = self._listen(0)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def _listen(self, port: int) -> socket.socket:
        made = socket.create_server(("127.0.0.1", port))
        made.settimeout(LOOK_S)
        return made

    @property
    def way(self) -> str:
        return self._way

    @way.setter
    def way(self, way: str) -> None:
        assert way in WAYS
        self._way = way

    def close(self) -> None:
        self._ended.set()

    def _accept(self) -> None:
        while not self._ended.is_set():
            if self._way == "cut":
                if self._listener is not None:
                    self._listener.close()
                    self._listener = None
                self._ended.wait(LOOK_S)
                continue
            if self._listener is None:
                self._listener = self._listen(self.port)
            with contextlib.suppress(TimeoutError, OSError):
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()
        if self._listener is not None:
            self._listener.close()

    def _carry(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self._to, timeout=5.0) as far:
            while not self._ended.is_set() and self._way != "cut":
                if self._way == "stalled":
                    self._ended.wait(LOOK_S)
                    continue
                if not all(self._pass(ready, near, far) for ready in select.select([near, far], [], [], LOOK_S)[0]):
                    return

    def _pass(self, ready: socket.socket, near: socket.socket, far: socket.socket) -> bool:
        """Carry what one side said. False at the end of the connection."""
        said = ready.recv(READ_BYTES)
        if not said and ready is far and self._way == "half-open":
            self._ended.wait(LOOK_S)
            return True
        if not said:
            return False
        if ready is near:
            far.sendall(said)
        elif self._way == "answer-lost" and said.startswith(b"HTTP/1.1 20"):
            self._way = "whole"
            return False
        elif self._way != "half-open":
            near.sendall(said)
        return True

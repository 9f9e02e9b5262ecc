"""Ports that nobody else takes between being chosen and being used, however many demonstrations start at once.

A chosen port stays bound, not listening, for as long as we live: the program that is meant to have it may bind it too
(both say SO_REUSEADDR), everybody who looks for a free one is refused.
"""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


class Ports:
    """The ports of one demonstration."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def any(self) -> int:
        """A port that is free now and kept for us."""
        held = socket.socket()
        held.bind((HOST, 0))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.append(held)
        return int(held.getsockname()[1])

    def this(self, port: int) -> bool:
        """Whether this very port is free, and if so keep it. Connections of an earlier life that still fade do not count,
        so it cannot simply be bound: a listener tells itself by listening, another demonstration by a name it holds."""
        name = socket.socket(socket.AF_UNIX)
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            name.bind(f"\0toiluot-demo-port-{port}")
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            name.close()
            return False
        finally:
            probe.close()
        self._held.append(name)
        return True

    def close(self) -> None:
        for held in self._held:
            held.close()

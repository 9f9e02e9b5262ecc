"""The process that holds streams and nothing else: connections come in over one socket, with their names and places.

Holds the reading of that socket, the signs of life, and the order of ending: at SIGTERM and at the server's end the
streams are ended first. It listens nowhere and answers no request; the hub is the same as in the server's own process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket

from queue_server.web import handover
from queue_server.web.hub import Hub
from queue_server.web.stream import Stream

ALIVE_S = 1.0
ENDING_S = 3.0


class Annexe:
    """On its own loop, from the first message to the last."""

    def __init__(self, hub: Hub, line: socket.socket) -> None:
        self._hub, self._line = hub, line
        self._told = -1
        self._telling = False
        self._starting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._end)
        self._hub.on_left = self._tell_soon
        loop.add_reader(self._line, self._heard)
        self._say(handover.READY)
        while not self._over.done():
            self._say(handover.left(self._hub.gone))
            await asyncio.wait([self._over], timeout=ALIVE_S)
        self._hub.stop()
        deadline = loop.time() + ENDING_S
        while self._hub.open and loop.time() < deadline:
            await asyncio.sleep(0.02)
        loop.remove_reader(self._line)
        self._line.close()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _heard(self) -> None:
        for message, connection in handover.received(self._line):
            if not message:
                self._end()
            elif connection is not None:
                task = asyncio.get_running_loop().create_task(self._take(message, connection))
                self._starting.add(task)
                task.add_done_callback(self._starting.discard)
            elif message != handover.WAKE:
                self._missed()  # no file was left to hold it
        self._hub.wake()

    async def _take(self, message: bytes, connection: socket.socket) -> None:
        try:
            who, after, cursor = handover.read_stream(message)
            connection.setblocking(False)
            stream = Stream(self._hub, who, after, cursor=cursor)
            await asyncio.get_running_loop().connect_accepted_socket(lambda: stream, connection)
        except (OSError, ValueError):
            connection.close()
            self._missed()

    def _missed(self) -> None:
        """It counted as open where it came from."""
        self._hub.gone += 1
        self._tell_soon()

    def _tell_soon(self) -> None:
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        self._say(handover.left(self._hub.gone))

    def _say(self, message: bytes) -> None:
        with contextlib.suppress(OSError):  # full: said again within a second; closed: the end is being read already
            self._line.send(message)

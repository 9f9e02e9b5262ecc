"""The streams' own process, as the server sees it: started, told of commits, given connections, replaced when it dies.

Holds its life and the count of its streams. Until it is ready, and while it is away, streams are served in the server's
own process; once it is there they move over, those already open too, and none of them notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from queue_server.web import handover
from queue_server.web.channel import Listener
from queue_server.web.house import House
from queue_server.web.hub import Hub

AUTO_STREAMS = 100  # so many stay in the server's own process: below this the second process costs more than it saves
RESTART_S, RESTART_MOST_S = 1.0, 30.0
READY_SAYS = "streams have a process of their own"
SILENT_S = 20.0  # without a sign of life: killed and replaced
NOT_ITS_OWN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Annexe:
    """Lives on the server's loop; `wake` and `stop` may be called from elsewhere. `most_here` streams stay in this process;
    None: all of them, and there is never another process."""

    def __init__(self, house: House, hub: Hub, settings: Mapping[str, Any], *, clock: str, most_here: int | None) -> None:
        self._house, self._hub, self._settings, self._clock, self._most_here = house, hub, settings, clock, most_here
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sending = asyncio.Lock()
        self._gathering = False
        self._given = self._left = 0
        self._heard_s = 0.0
        self._pause_s = RESTART_S
        self._watch: asyncio.Task[None] | None = None
        self._moving: asyncio.Task[None] | None = None
        self._stopping = False
        self.ready = False

    @property
    def open(self) -> int:
        return self._given - self._left

    # ------------------------------------------------------------ from other threads
    def wake(self) -> None:
        """After a commit. Where the line is full the other end has messages to read, and looks after each of them."""
        line = self._line
        if self.ready and line is not None:
            with contextlib.suppress(OSError):
                line.send(handover.WAKE)

    def stop(self) -> None:
        """It ends its streams first of all, as this process does."""
        self._stopping = True
        if self._process is not None:
            self._process.terminate()

    def close(self) -> None:
        """After the loop has ended."""
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._line is not None:
            self._line.close()

    # ------------------------------------------------------------ its life
    def consider(self) -> None:
        """Start it where there are more streams than this process should hold."""
        if self._watch is None and self._most_here is not None and self._hub.open >= self._most_here and not self._stopping:
            self._watch = asyncio.get_running_loop().create_task(self._watch_for_ever())

    async def _watch_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            try:
                self._start()
            except OSError as broken:
                self._house.report("no process for streams", broken)
            while self._line is not None:
                await asyncio.sleep(RESTART_S)
                if self.ready:
                    self._pause_s = RESTART_S
                    await self._gather()
                if loop.time() - self._heard_s > SILENT_S and self._process is not None:
                    self._process.kill()
            if not self._stopping:
                self._house.log.error("the process for streams has ended; its readers come back here", again_in_s=self._pause_s)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, RESTART_MOST_S)

    def _start(self) -> None:
        ours, theirs = handover.pair()
        environment = {name: value for name, value in os.environ.items() if name not in NOT_ITS_OWN}
        if self._clock:
            environment["TOILUOT_CLOCK"] = self._clock
        command = [sys.executable, "-m", "toiluot", "server", "streams", "--line", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment)
        ours.send(json.dumps(self._settings).encode())
        self._line, self._given, self._left = ours, 0, 0
        loop = asyncio.get_running_loop()
        self._heard_s = loop.time()
        loop.add_reader(ours, self._hear, ours)

    def _hear(self, line: socket.socket) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        for message, _ in handover.received(line):
            if not message:
                self._lost(line)
            elif message == handover.READY:
                self.ready = True
                self._house.log.info(READY_SAYS, pid=self._process.pid if self._process else 0)
                self._moving = asyncio.get_running_loop().create_task(self._gather())
            else:
                self._left = int(message)

    def _lost(self, line: socket.socket) -> None:
        """Its connections are closed with it; the readers come back to whoever serves then."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(line)
        loop.remove_writer(line)
        line.close()
        self._line, self.ready, self._given, self._left = None, False, 0, 0
        process = self._process
        if process is not None and not self._stopping:
            process.kill()
            loop.run_in_executor(None, process.wait)

    # ------------------------------------------------------------ giving
    async def give(self, transport: asyncio.Transport, who: Listener, after: int | None, cursor: int | None = None) -> bool:
        """Hand a connection over. False: it is still ours, and open unless its reader has left."""
        if transport.is_closing():
            return False
        file = os.dup(transport.get_extra_info("socket").fileno())  # the reader may leave, and the number mean another by then
        try:
            sent = await self._send(handover.stream(who, after, cursor), file)
        finally:
            os.close(file)
        if sent:
            transport.abort()  # closes our end of it only
        return sent

    async def _send(self, message: bytes, file: int) -> bool:
        async with self._sending:
            while (line := self._line) is not None and self.ready:
                try:
                    socket.send_fds(line, [message], [file])
                except (BlockingIOError, InterruptedError):
                    await _writable(line)
                except OSError:
                    return False
                else:
                    self._given += 1
                    return True
        return False

    async def _gather(self) -> None:
        """Those that began here move over, each at a moment when every byte of it has been sent."""
        if self._gathering:
            return
        self._gathering = True
        try:
            for stream in self._hub.all():
                await asyncio.sleep(0)
                if self.ready and stream.movable:
                    who, cursor, transport = stream.who, stream.cursor, stream.part()
                    if transport is not None and not await self.give(transport, who, None, cursor):
                        transport.abort()  # it comes back with its last event id
        finally:
            self._gathering = False


async def _writable(line: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    free: asyncio.Future[None] = loop.create_future()
    loop.add_writer(line, lambda: None if free.done() else free.set_result(None))
    await asyncio.wait([free], timeout=1.0)  # not for ever: the other end may die
    if line.fileno() >= 0:
        loop.remove_writer(line)

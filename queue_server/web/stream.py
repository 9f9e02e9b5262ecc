"""Server-sent events on the event loop: snapshot first, then every row of the log, and a beat every five seconds.

Holds the hub (one ring of encoded frames per site, filled by one read per commit), and what one stream does. Streams
never hold a thread: reads go to a small pool of their own, so that neither the pool of commands nor the loop waits for
the database. Who may listen is decided with the same functions as everywhere else.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from queue_server.contract import sse, times
from queue_server.contract.position import Position
from queue_server.web.auth import Credential, Gate
from queue_server.web.house import House
from queue_server.web.projection import Frame, Zones, frames_of, snapshot_of

T = TypeVar("T")
RETRY_MS = 1500
LOOK_S, LOOKS_PER_BEAT = 1.0, 5
RING = 2000  # rows kept encoded per site; whoever is further behind is served from the database
PAGE = 500
BATCH = 200  # frames joined into one send
WAKE_EACH = 100
RECHECK_BEATS = 12


@dataclass(eq=False)
class Listener:
    """One open stream: what it may see and how it is woken."""

    site: str
    public: bool
    zone: str | None
    credential: Callable[[], Credential | None]
    woken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Channel:
    """The newest rows of one site, encoded once for everyone."""

    site: str
    epoch: int
    seq: int
    ring: list[Frame] = field(default_factory=list)
    listeners: set[Listener] = field(default_factory=set)
    beat: bytes = b""
    beats: int = 0
    zones: Zones = field(default_factory=Zones)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def first(self) -> int:
        """The sequence number of the oldest row in the ring, or of the next row where it is empty."""
        return self.ring[0].seq if self.ring else self.seq + 1

    def after(self, cursor: int) -> list[Frame]:
        start = max(0, cursor + 1 - self.first)
        return self.ring[start : start + BATCH]

    def add(self, frames: list[Frame]) -> None:
        self.ring += frames
        if len(self.ring) > 2 * RING:
            del self.ring[:-RING]
        self.epoch, self.seq = frames[-1].epoch, frames[-1].seq


class Hub:
    """Every open stream of this process. Lives on one event loop; only `wake` and `stop` may be called from elsewhere."""

    def __init__(self, house: House, gate: Gate) -> None:
        self.house, self.gate = house, gate
        self._channels: dict[str, Channel] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="stream-reader")
        self._waking = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.open = 0
        self.stopping = False

    # ------------------------------------------------------------ from other threads
    def wake(self) -> None:
        """After a commit, on the writer's thread: many commits in a row wake the loop once."""
        if self._loop is not None and not self._waking:
            self._waking = True
            self._loop.call_soon_threadsafe(self._pull_all)

    def stop(self) -> None:
        """End every stream; their readers come back to whoever serves then."""
        self.stopping = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell_everyone)

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------ on the loop
    async def read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def channel(self, site: str) -> Channel:
        """The site's channel; the first listener also starts the beat."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._spawn(self._beat_for_ever())
        found = self._channels.get(site)
        if found is None:
            epoch, seq = await self.read(lambda: self.house.store.position(site))
            found = self._channels.setdefault(site, Channel(site, epoch, seq))
        return found

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _pull_all(self) -> None:
        self._waking = False
        for channel in self._channels.values():
            if channel.listeners:
                self._spawn(self._pull_and_tell(channel))

    def _tell_everyone(self) -> None:
        for channel in self._channels.values():
            for listener in channel.listeners:
                listener.woken.set()

    async def _pull_and_tell(self, channel: Channel) -> None:
        before = channel.seq
        await self._pull(channel)
        if channel.seq != before:
            await self._tell(channel)

    async def _pull(self, channel: Channel) -> None:
        """Read what was committed since the last look."""
        try:
            async with channel.reading:
                while frames := await self._rows(channel, channel.seq):
                    channel.add(frames)
        except Exception as broken:  # noqa: BLE001 - a failed read must not end the hub: the next beat tries again
            self.house.report("stream read failed", broken, site=channel.site)

    async def _tell(self, channel: Channel) -> None:
        for n, listener in enumerate(list(channel.listeners), 1):
            listener.woken.set()
            if n % WAKE_EACH == 0:
                await asyncio.sleep(0)

    async def _beat_for_ever(self) -> None:
        """Look once a second for commits of other processes (the command line writes too), beat every fifth time."""
        for look in itertools.count(1):
            await asyncio.sleep(LOOK_S)
            if self.stopping:
                return
            for channel in [each for each in self._channels.values() if each.listeners]:
                await self._pull_and_tell(channel)
                if look % LOOKS_PER_BEAT == 0:
                    channel.beat, channel.beats = self.beat(channel), channel.beats + 1
                    await self._tell(channel)

    def beat(self, channel: Channel) -> bytes:
        now = times.encode(self.house.clock.wall_ms())
        return sse.encode("hb", {"seq": channel.seq, "epoch": channel.epoch, "now": now})

    # ------------------------------------------------------------ one stream
    async def frames(self, listener: Listener, after: Position | None) -> AsyncGenerator[bytes, None]:
        channel = await self.channel(listener.site)
        channel.listeners.add(listener)
        self.open += 1
        try:
            await self._pull(channel)  # while nobody listened, nobody read
            store, now_ms = self.house.store, self.house.clock.wall_ms()
            snapshot, seq = await self.read(lambda: snapshot_of(store, listener.site, listener.zone, now_ms))
            yield sse.encode(retry_ms=RETRY_MS) + sse.encode("snapshot", snapshot) + self.beat(channel)
            cursor, beats = (seq if after is None else after.seq), channel.beats
            while not self.stopping:
                listener.woken.clear()
                batch = await self._behind(channel, cursor) if cursor + 1 < channel.first else channel.after(cursor)
                if batch:
                    cursor = batch[-1].seq
                    if chunk := b"".join(frame.seen_by(listener.public, listener.zone) for frame in batch):
                        yield chunk
                elif beats != channel.beats:
                    beats = channel.beats
                    if beats % RECHECK_BEATS == 0 and await self.read(listener.credential) is None:
                        return
                    yield channel.beat
                else:
                    await listener.woken.wait()
        finally:
            self.open -= 1
            channel.listeners.discard(listener)

    async def _behind(self, channel: Channel, cursor: int) -> list[Frame]:
        """Rows older than the ring. Where retention has dropped them, the ring is the oldest there is."""
        return await self._rows(channel, cursor) or channel.after(channel.first - 1)

    async def _rows(self, channel: Channel, after: int) -> list[Frame]:
        store, now_ms = self.house.store, self.house.clock.wall_ms()
        return await self.read(lambda: frames_of(store, channel.site, after, PAGE, channel.zones, now_ms))

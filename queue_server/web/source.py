"""What the streams read from the database: rows after a place, older rows, snapshots, and where each site's log is.

Holds the reads and their sharing: one read serves all who asked before it began, one snapshot all who come at the same
moment. They run on a small pool of their own, so that neither the loop nor the pool of commands waits for them; only the
rows that were committed this very moment, where the database is a file, are read on the loop: it has them in memory, and
asking a thread costs more than the 0.1 ms it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from queue_server.contract import sse
from queue_server.web.channel import RING, Channel, Drawn
from queue_server.web.house import House
from queue_server.web.projection import Frame, frames_of, snapshot_of

T = TypeVar("T")
PAGE, FEW = 500, 50
ZONES = 64  # with a snapshot kept; a reader may name any
SNAPSHOT_S = 1.0


class Source:
    """One per process, on its loop."""

    def __init__(self, house: House) -> None:
        self._store, self._clock, self._local = house.store, house.clock, house.local
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="stream-reader")

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def ends(self) -> dict[str, int]:
        """The last sequence number of every site."""

        def look() -> dict[str, int]:
            with self._store.read() as reader:
                return {row["code"]: row["seq"] for row in reader.sites()}

        return await self.read(look)

    async def pull(self, channel: Channel) -> None:
        """What was committed before this call is in the ring when it returns."""
        channel.asked += 1
        mine = channel.asked
        async with channel.reading:
            if channel.served >= mine:
                return
            serving = channel.asked
            if channel.seq < 0:
                channel.epoch, channel.seq = await self.read(lambda: self._store.position(channel.site))
                channel.told = channel.seq
            while frames := await self._newest(channel):
                channel.add(frames)
            channel.served = serving

    async def _newest(self, channel: Channel) -> list[Frame]:
        if not self._local:
            return await self._rows(channel, channel.seq)
        await asyncio.sleep(0)
        return frames_of(self._store, channel.site, channel.seq, FEW, channel.zones, self._clock.wall_ms())

    async def older(self, channel: Channel, cursor: int) -> list[Frame]:
        """A page of rows after a cursor. Where it reaches the ring it joins it, for the others who come back after a break."""
        async with channel.reading:
            if cursor + 1 >= channel.first:
                return channel.ring[cursor + 1 - channel.first :]
            frames = await self._rows(channel, cursor)
            if frames and frames[-1].seq + 1 >= channel.first and len(channel.ring) < RING:
                channel.put_before(frames)
            return [frame for frame in frames if frame.seq <= channel.seq]

    async def snapshot(self, channel: Channel, zone: str | None) -> Drawn:
        """What a board shows now, never older than the ring."""
        async with channel.drawing:
            drawn, now_s = channel.snapshots.get(zone), self._clock.monotonic()
            if drawn is None or drawn.seq < channel.seq or now_s - drawn.made_s > SNAPSHOT_S:
                now_ms = self._clock.wall_ms()
                body, seq = await self.read(lambda: snapshot_of(self._store, channel.site, zone, now_ms))
                if len(channel.snapshots) >= ZONES:
                    channel.snapshots.clear()
                drawn = channel.snapshots[zone] = Drawn(seq, now_s, sse.encode("snapshot", body))
            return drawn

    async def _rows(self, channel: Channel, after: int) -> list[Frame]:
        now_ms = self._clock.wall_ms()
        return await self.read(lambda: frames_of(self._store, channel.site, after, PAGE, channel.zones, now_ms))

"""Every open stream of one process: woken once per commit, sends to all, beats, and lets go of those who take nothing.

Holds the rounds of sending, the beat, and the asking again whether a credential still counts. It accepts no connection:
whoever did passes it on (`doors.py` here, `annexe_process.py` in the process for streams alone); it reads nothing itself
(`source.py`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from queue_server.contract import sse, times
from queue_server.web.auth import Gate
from queue_server.web.channel import Channel
from queue_server.web.house import House
from queue_server.web.source import Source
from queue_server.web.stream import Stream, head

T = TypeVar("T")
RETRY_MS = 1500
LOOK_S, BEAT_LOOKS, RECHECK_LOOKS = 1.0, 5, 60
SEND_EACH = 100  # then the loop has its turn
PATIENCE_S = 10.0  # a reader that takes nothing so long is cut off; it comes back with its last event id


class Hub:
    """Lives on one event loop; only `wake` and `stop` may be called from elsewhere."""

    def __init__(self, house: House, gate: Gate, *, patience_s: float = PATIENCE_S) -> None:
        self.house, self.gate, self._patience_s = house, gate, patience_s
        self._channels: dict[str, Channel] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.source = Source(house)
        self._waking = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count()
        self.stuck: set[Stream] = set()
        self.open = 0
        self.gone = 0  # how many have left so far
        self.on_left: Callable[[], None] = lambda: None
        self.stopping = False

    # ------------------------------------------------------------ from other threads
    def wake(self) -> None:
        """After a commit, on the writer's thread: many commits in a row wake the loop once."""
        if self._loop is not None and self._channels and not self._waking:
            self._waking = True
            self._loop.call_soon_threadsafe(self._woken)

    def stop(self) -> None:
        """End every stream; their readers come back to whoever serves then."""
        self.stopping = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_all)

    def close(self) -> None:
        self.source.close()

    # ------------------------------------------------------------ streams come and go
    def now_s(self) -> float:
        """The loop's own seconds: deadlines of a connection are the machine's, whatever time the site keeps."""
        return 0.0 if self._loop is None else self._loop.time()

    def joined(self, stream: Stream) -> None:
        """A connection is here. It hears its snapshot as soon as that is read."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._spawn(self._look_for_ever())
        stream.n = next(self._numbers)
        self.open += 1
        channel = stream.channel = self._channels.setdefault(stream.who.site, Channel(stream.who.site))
        channel.users += 1
        self._spawn(self._begin(stream, channel))

    def left(self, stream: Stream) -> None:
        self.open -= 1
        self.gone += 1
        self.stuck.discard(stream)
        channel, stream.channel = stream.channel, None
        if channel is not None:
            channel.streams.pop(stream, None)
            channel.users -= 1
            if not channel.users:
                self._channels.pop(channel.site, None)
        self.on_left()

    def all(self) -> list[Stream]:
        """Every stream that has begun."""
        return [stream for channel in self._channels.values() for stream in channel.streams]

    def _end_all(self) -> None:
        for stream in self.all():
            stream.end()

    async def _begin(self, stream: Stream, channel: Channel) -> None:
        try:
            await self.source.pull(channel)
            if stream.cursor is None:
                drawn = await self.source.snapshot(channel, stream.who.zone)
                first = head(self.house.clock.wall_ms()) + sse.encode(retry_ms=RETRY_MS) + drawn.frame + self._beat_of(channel)
                stream.begin(drawn.seq, first)
        except Exception as broken:  # noqa: BLE001 - nobody above would see it; the reader comes back
            self.house.report("stream not begun", broken, site=channel.site)
            stream.cut()
        if stream.channel is not None:  # it may have left meanwhile
            channel.streams[stream] = None
            if self.stopping:
                stream.end()
            else:
                stream.deliver()

    # ------------------------------------------------------------ reading
    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _woken(self) -> None:
        self._waking = False
        self._spawn(self._pull_all())

    async def _pull_all(self) -> None:
        """Only sites that have moved are read: with thousands of them in one database a commit is one site's."""
        channels = list(self._channels.values())
        if len(channels) > 1:
            ends = await self._guarded(self.source.ends(), {})
            channels = [each for each in channels if ends.get(each.site, each.seq) != each.seq]
        for channel in channels:
            self._spawn(self._pull_and_tell(channel))

    async def _pull_and_tell(self, channel: Channel) -> None:
        await self._guarded(self.source.pull(channel), None)
        if channel.devices_changed:
            channel.devices_changed = False
            self._spawn(self._recheck([each for each in channel.streams if each.who.keyid]))
        if channel.told < channel.seq and not channel.telling:
            await self._tell(channel)

    async def _guarded(self, work: Awaitable[T], otherwise: T) -> T:
        """A failed read must not end the hub: the next look tries again."""
        try:
            return await work
        except Exception as broken:  # noqa: BLE001 - reported, and tried again within a second
            self.house.report("stream read failed", broken)
            return otherwise

    # ------------------------------------------------------------ sending
    async def _tell(self, channel: Channel) -> None:
        """Rounds until everyone has what there is. Commits that come during a round join it where it stands."""
        channel.telling = True
        try:
            while channel.told < channel.seq:
                channel.told = channel.seq
                await _each(list(channel.streams), Stream.deliver)
        finally:
            channel.telling = False

    def replay(self, stream: Stream, channel: Channel) -> None:
        """For a reader further behind than the ring: rows from the database until it has caught up with it."""
        stream.replaying = True
        self._spawn(self._guarded(self._replay(stream, channel), None))

    async def _replay(self, stream: Stream, channel: Channel) -> None:
        try:
            while stream.channel is not None and stream.cursor is not None and stream.cursor + 1 < channel.first:
                frames = await self.source.older(channel, stream.cursor)
                if frames:
                    seen = (frame.seen_by(stream.who.public, stream.who.zone) for frame in frames)
                    await stream.send(b"".join(seen))
                # Where retention has dropped rows, the ring is the oldest there is.
                stream.cursor = frames[-1].seq if frames else channel.first - 1
        except Exception:  # a reader that missed rows must dial again, whatever went wrong; it is raised again
            stream.cut()
            raise
        stream.replaying = False
        stream.deliver()

    # ------------------------------------------------------------ by the clock
    async def _look_for_ever(self) -> None:
        """Once a second: cut off, beat to a fifth of the streams, look for commits that nobody told of, ask for a
        sixtieth whether its credential still counts. In fifths, so that ten thousand beats are not one pause."""
        for look in itertools.count(1):
            await asyncio.sleep(LOOK_S)
            if self.stopping:
                return
            late = self.now_s() - self._patience_s
            for stream in [each for each in self.stuck if each.stuck_s is not None and each.stuck_s < late]:
                stream.cut()
            self._spawn(self._pull_all())
            self._spawn(self._recheck([each for each in self.all() if each.n % RECHECK_LOOKS == look % RECHECK_LOOKS]))
            for channel in list(self._channels.values()):
                seq, frame = channel.seq, self._beat_of(channel)
                due = [stream for stream in channel.streams if stream.n % BEAT_LOOKS == look % BEAT_LOOKS]
                await _each(due, lambda stream, seq=seq, frame=frame: stream.beat(seq, frame))  # type: ignore[misc]

    def _beat_of(self, channel: Channel) -> bytes:
        now = times.encode(self.house.clock.wall_ms())
        return sse.encode("hb", {"seq": channel.seq, "epoch": channel.epoch, "now": now})

    async def _recheck(self, streams: list[Stream]) -> None:
        def refused() -> list[Stream]:
            fenced = {site for site in {channel.site for channel in channels} if self.house.standing.word(site) == "fenced"}
            ended = [each for channel in channels if channel.site in fenced for each in list(channel.streams)]
            return ended + [each for each in streams if not self._counts(each)]

        channels = list(self._channels.values())
        if channels:
            for stream in await self._guarded(self.source.read(refused), []):
                stream.end()

    def _counts(self, stream: Stream) -> bool:
        """Whether what opened a stream still opens it."""
        who = stream.who
        return self.gate.still(who.keyid) if who.keyid else self.gate.credential(who.authorization, who.cookies) is not None


async def _each(streams: Iterable[Stream], act: Callable[[Stream], None]) -> None:
    for n, stream in enumerate(streams, 1):
        act(stream)
        if n % SEND_EACH == 0:
            await asyncio.sleep(0)

"""The newest rows of one site, encoded once for everyone who listens, and where each reader stands among them.

Holds the ring, the joining of what came since (once for all who stand at the same place) and the streams of the site.
It reads nothing and sends nothing: the hub fills it, streams take from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from queue_server.web.projection import Frame, Zones

if TYPE_CHECKING:
    from queue_server.web.stream import Stream

RING = 1000  # rows kept encoded per site; whoever is further behind is served from the database
BATCH = 200  # rows joined into one send
JOINED = 32  # different places at which readers stand, kept joined


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens to what, and how that was proved (asked again as long as the stream is open)."""

    site: str
    public: bool
    zone: str | None
    authorization: str
    cookies: Mapping[str, str]
    keyid: str = ""  # a device's, which signs once and is asked about by name

    def wire(self) -> dict[str, Any]:
        """For our own other process, over a socket that nobody else holds."""
        return {
            "site": self.site, "public": self.public, "zone": self.zone, "authorization": self.authorization, "cookies": dict(self.cookies),
            "keyid": self.keyid,
        }  # fmt: skip


class Drawn(NamedTuple):
    """A snapshot as it is sent, the row up to which it tells, and when it was made (monotonic)."""

    seq: int
    made_s: float
    frame: bytes


@dataclass(eq=False)
class Channel:
    """One site."""

    site: str
    epoch: int = 0
    seq: int = -1  # not read yet
    told: int = -1  # what the last round of sending began with
    ring: list[Frame] = field(default_factory=list)
    users: int = 0  # streams that hold this channel, those still beginning too
    streams: dict[Stream, None] = field(default_factory=dict)
    telling: bool = False
    zones: Zones = field(default_factory=Zones)
    snapshots: dict[str | None, Drawn] = field(default_factory=dict)
    devices_changed: bool = False  # a device may have been suspended since its stream was opened
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: int = 0
    served: int = 0
    _joined: dict[tuple[int, bool, str | None], bytes] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The sequence number of the oldest row in the ring, or of the next row where it is empty."""
        return self.ring[0].seq if self.ring else self.seq + 1

    def add(self, frames: list[Frame]) -> None:
        """The newest rows."""
        self.ring += frames
        self.devices_changed = self.devices_changed or any(frame.of_device for frame in frames)
        if len(self.ring) > 2 * RING:
            del self.ring[:-RING]
        self.epoch, self.seq = frames[-1].epoch, frames[-1].seq
        self._joined.clear()

    def put_before(self, frames: list[Frame]) -> None:
        """Older rows, up to the one before the oldest in the ring."""
        older = [frame for frame in frames if frame.seq < self.first]
        self.ring[:0] = older
        self._joined.clear()

    def since(self, cursor: int, public: bool, zone: str | None) -> tuple[bytes, int]:
        """What a reader of this kind has to be sent after its cursor, and its next cursor. Joined once for all of them."""
        last = min(self.seq, cursor + BATCH)
        place = (cursor, public, zone)
        chunk = self._joined.get(place)
        if chunk is None:
            if len(self._joined) >= JOINED:
                self._joined.clear()
            start = max(0, cursor + 1 - self.first)
            chunk = self._joined[place] = b"".join(frame.seen_by(public, zone) for frame in self.ring[start : start + last - cursor])
        return chunk, last

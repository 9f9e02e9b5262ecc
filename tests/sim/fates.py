"""What befalls the servers on a day: the one that serves dies or is cut off and the standby is promoted, the database is put back from
a backup, wall clocks leap.

Holds who does what when. Each of them is somebody with hands: commands, plugs and switches, nothing inside the product.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from queue_server.client import Client
from queue_server.recovery import backup
from tests.sim.network import Line
from tests.sim.server import Server
from tests.sim.staff import Pressed, Staff
from tests.sim.world import Clock, World

LEAPS_H = (1.0, -1.0, 3.0, -5.0, 26.0, -49.0, 24.0 * 400, -24.0 * 365 * 20)
TELL_MS = 8_000
WRONG_H = (0.25, 0.6, 1.0)  # by how much a machine's clock was slow until somebody set it right


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The rows of the log in a database that was set aside; none where it cannot be read."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(file)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) | {"data": json.loads(row["data"])} for row in db.execute("SELECT * FROM event ORDER BY rowid")]
    return []


@dataclass
class Chronicle:
    """What was done with the servers, for whoever wants to judge what they may have lost."""

    branches: list[list[dict[str, Any]]] = field(default_factory=list)  # logs as they were when their server was no longer the one
    loose: list[tuple[int, int, str]] = field(default_factory=list)  # from when to when one server's answers were on one machine only
    shifted: list[tuple[int, int]] = field(default_factory=list)  # since when site time stands how far from the world's
    told: list[str] = field(default_factory=list)


class Technician(Staff):
    """Whoever looks after the machines. What is left of a server that did not go on is kept before it is touched."""

    def __init__(
        self, world: World, servers: tuple[Server, Server], lines: tuple[Line, Line], key: str, pressed: list[Pressed], seen: Chronicle
    ) -> None:
        super().__init__(world, "technician", lines[0].client(key), pressed)
        pairs = zip(servers, lines, strict=True)
        self.clients = {one.base: line.client(key, one.base) for one, line in pairs}
        self.serving, self.other, self.seen = *servers, seen

    def say(self, what: str) -> None:
        self.seen.told.append(f"{(self.world.now_ms - self.world.start_ms) // 1000} s: {what}")

    # ------------------------------------------------------------ a standby takes over
    def follow(self) -> None:
        """The second machine is the standby of the first from now on."""
        self.serving.behind, self.other.ahead = self.other, self.serving
        self.other.client = self._follower_client(self.other, self.serving)
        self.other.switch_on()

    def promotion(self, after_s: float) -> Iterator[float]:
        """The serving machine is gone, dead or unplugged; the other takes over; the first comes back and is made its standby."""
        yield after_s
        old, new = self.serving, self.other
        dead = self.dice.random() < 0.6
        self.say(f"{old.name} {'dies' if dead else 'is unplugged'}")
        gone_ms = self.world.now_ms
        self.seen.loose.append((0, gone_ms, old.base))
        if dead:
            old.stop()
        else:
            old.unplugged = True
        yield self.dice.uniform(20, 200)
        client = self.clients[new.base]
        yield from self.order("promote", client.promote)
        new.ahead, old.behind, self.serving, self.other = None, None, new, old
        self.say(f"{new.name} takes over")
        life = new._life
        yield self.dice.uniform(20, 900)
        self.say(f"{old.name} is back as it was")
        back_ms = self.world.now_ms
        old.unplugged = False
        old.switch_on()
        yield self.dice.uniform(60, 600)
        # Whoever took over tells the other, once it is there, and not when its own process has died meanwhile.
        self.seen.loose.append((back_ms, back_ms + TELL_MS if new._life == life else self.world.now_ms, old.base))
        yield from self._stand_by(old, new)

    def _stand_by(self, old: Server, new: Server) -> Iterator[float]:
        self.say(f"{old.name} follows {new.name}")
        old.stop()
        self.seen.branches.append(rows_of(old.path))
        yield 5.0
        old.ahead, new.behind = new, old
        old.client = self._follower_client(old, new)
        old.switch_on()

    def _follower_client(self, old: Server, new: Server) -> Client:
        assert old.line is not None
        key = old.line.headers["Authorization"].removeprefix("Bearer ")
        return old.line.client(key, new.base)

    # ------------------------------------------------------------ restore
    def restoring(self, after_s: float, folder: Path) -> Iterator[float]:
        """A backup while serving; later the disk is gone, and the backup takes its place."""
        yield after_s
        server, file = self.serving, folder / f"backup-{self.world.now_ms}.sqlite3"
        while not server.up:
            yield 5.0
        backup.back_up(server.url, file, server.opener)
        copied_ms = self.world.now_ms
        self.say("backup")
        yield self.dice.uniform(30, 1200)
        readable = self.dice.random() < 0.5
        self.say(f"the disk is gone, {'the old file can be read' if readable else 'with everything on it'}")
        server.stop()
        self.seen.branches.append(rows_of(server.path))
        self.seen.loose.append((copied_ms, self.world.now_ms, server.base))
        if not readable:
            for suffix in ("-wal", "-shm"):
                server.path.with_name(f"{server.path.name}{suffix}").unlink(missing_ok=True)
            server.path.write_bytes(b"\xff" * 20_000)
        yield self.dice.uniform(30, 600)
        backup.restore(file, server.url, server.opener)
        self.say("restored")
        server.switch_on()

    # ------------------------------------------------------------ clocks
    def leaps(self) -> Iterator[float]:
        """The serving machine's wall clock leaps, and after a while leaps back: nobody says that it is right."""
        for _ in range(2):
            yield self.dice.uniform(100, 2500)
            while not self.serving.up:
                yield 5.0  # a machine that starts with a wrong clock believes it
            wall = self.serving.wall
            wall.skew_ms = int(self.dice.choice(LEAPS_H) * 3_600_000)
            self.serving.site_ms()
            self.say(f"the clock of {self.serving.name} leaps by {wall.skew_ms / 3_600_000:.1f} h")
            yield self.dice.uniform(20, 900)
            wall.skew_ms = 0

    def set_right(self, after_s: float) -> Iterator[float]:
        """The clock was slow; it is set, and somebody says that it is right now."""
        yield after_s
        server = self.serving
        server.wall.skew_ms = int(self.dice.choice(WRONG_H) * 3_600_000)
        yield 130.0
        told = yield from self.order("confirm", self.client_confirm)
        self.say(f"the clock is set by {server.wall.skew_ms} ms and {'confirmed' if told else 'not confirmed'}")
        if told and server.wall.skew_ms:
            self.seen.shifted.append((self.world.now_ms, server.wall.skew_ms))

    def client_confirm(self, request_id: str) -> Any:
        return self.client._post("/clock/confirm", {"request_id": request_id})


def kiosk_clock(world: World, clock: Clock, name: str) -> Iterator[float]:
    """A board without a battery, a wrong time server, a finger."""
    dice = world.dice(f"clock-{name}")
    while True:
        yield dice.uniform(200, 3000)
        clock.skew_ms = int(dice.choice((0.0, *LEAPS_H)) * 3_600_000)

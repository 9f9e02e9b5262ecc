"""A hall board in the simulation: the real relay and fold, a page that rings, and the line between them and the server.

Holds the line's life as the display's connection leads it (snapshot, rows after the last id, silence, dialling again) and
what a person in the hall could see and hear, written down after every message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from display import board as rules
from display import wire
from display.feed import SETTLE_S, SILENCE_S
from display.relay import Relay
from queue_server.contract import position, sse, times
from queue_server.domain.errors import Refusal
from queue_server.services import queries
from queue_server.web.projection import Zones, frames_of, snapshot_of
from tests.sim.server import SITE, Server
from tests.sim.world import Clock, Process, World

BEAT_S = 5.0
UNTOLD = "untold"  # a page that was told nothing yet claims nothing: neither calls nor how many wait


@dataclass(frozen=True)
class Sight:
    """The board at one moment: the log's place it says it stands at, who is called where, how many wait."""

    at_ms: int
    board: str
    epoch: int
    seq: int
    calls: tuple[tuple[str, str, str], ...]
    waiting: int
    sure: bool  # nothing is being asked again
    link: str
    life: int


@dataclass(frozen=True)
class Ring:
    at_ms: int
    board: str
    label: str
    counter: str
    called_ms: int
    life: int


class Box(Process):
    """The display's process with the page it shows."""

    def __init__(self, world: World, name: str, servers: list[Server], sights: list[Sight], rings: list[Ring]) -> None:
        super().__init__(world, name)
        self._servers, self._at, self.sights, self.rings = servers, 0, sights, rings
        self._boots = 0
        self._news = True
        for server in servers:
            server.listeners.append(self._hear)

    @property
    def _server(self) -> Server:
        return self._servers[self._at]

    @property
    def _there(self) -> bool:
        return self._server.up and not self._server.unplugged

    def _hear(self) -> None:
        self._news = True

    def build(self) -> None:
        self._boots += 1
        self.relay = Relay(Clock(self.world))
        self.relay.several = True
        self._mailbox: Any = asyncio.Queue()
        self.relay._pages.add(self._mailbox)
        self._page = rules.Board()
        self._last_id = ""
        self._asking = self._hang_up = False
        self._zones = Zones()
        self.spawn(self._follow(), 0.1)
        self.spawn(self._stand(), 17.0)

    # ------------------------------------------------------------ the line
    def _follow(self) -> Iterator[float]:
        while True:
            yield self.dice.uniform(0.35, 3.0)
            if self._there and self._server.standing.word(SITE) != "fenced":
                yield from self._line()
            self._at = (self._at + 1) % len(self._servers)

    def _line(self) -> Iterator[float]:
        """One connection, from its snapshot to its end."""
        life = self._server._life
        told, seq = snapshot_of(self._server.store, SITE, None, self.world.now_ms)
        self._hang_up = self._asking = False
        self._deliver(sse.encode("snapshot", told, id=told["position"]))
        cursor = self._from(seq)
        beat_ms, self._news = self.world.now_ms, True
        while self._server.up and self._server._life == life:
            if self._hang_up or self.dice.random() < self.world.weather.board_cut / 10:
                # Torn at once, open and silent until it is dropped, or the cable is out.
                yield self.dice.choice((0.1, SILENCE_S, self.dice.uniform(30, 200)))
                return
            if self._server.unplugged or self._server.standing.word(SITE) == "fenced":
                yield SILENCE_S
                return
            fresh = self._news or cursor < seq
            self._news = False
            for frame in frames_of(self._server.store, SITE, cursor, 100, self._zones, self.world.now_ms) if fresh else ():
                cursor = frame.seq
                self._deliver(frame.public)
                if self.dice.random() < self.world.weather.doubled / 2:
                    self._deliver(frame.public)
            if self.world.now_ms - beat_ms >= BEAT_S * 1000:
                beat_ms = self.world.now_ms
                self._deliver(
                    sse.encode("hb", {"epoch": self._server.store.position(SITE)[0], "seq": cursor, "now": times.encode(self.world.now_ms)})
                )
            yield 1.0 if self._news else 2.0

    def _from(self, seq: int) -> int:
        """After which row the line goes on: the last id, where the server's log goes through it."""
        if not self._last_id:
            return seq
        after = position.decode(self._last_id)
        with self._server.store.read() as reader:
            try:
                queries.check_position(reader, reader.site(SITE), after)
            except Refusal:
                return seq
        return after.seq

    def _deliver(self, data: bytes) -> None:
        for frame in sse.Decoder().feed(data):
            try:
                needed = self.relay.take(frame)
            except wire.BadMessage:
                self._last_id, self._hang_up = "", True
                break
            if frame.id and frame.event == "log":
                self._last_id = frame.id
            if needed and not self._asking:
                self._asking = True
                self.spawn(self._ask(), SETTLE_S)
        self._show()

    def _ask(self) -> Iterator[float]:
        for _ in range(5):
            if self._there and self.dice.random() >= self.world.weather.lost:
                told, _ = snapshot_of(self._server.store, SITE, None, self.world.now_ms)
                if self.relay.take_snapshot(told, only_newer=True):
                    self._asking = False
                    self._show()
                    return
            yield SETTLE_S
        self._hang_up = True  # a new line begins with a snapshot

    # ------------------------------------------------------------ the page
    def _stand(self) -> Iterator[float]:
        """Somebody looks up now and then, whether anything came or not."""
        while True:
            self._show()
            yield 17.0

    def _show(self) -> None:
        while not self._mailbox.empty():
            for frame in sse.Decoder().feed(self._mailbox.get_nowait()):
                self._fold(frame)
        link, page = self.relay.link(), self._page
        calls = tuple(sorted((call.label, call.counter, call.state) for call in page.calls)) if rules.LINK[link].numbers else ()
        sight = (*page.position, calls, page.waiting, not self._asking and page.primed, link if page.primed else UNTOLD, self._boots)
        self.sights.append(Sight(self.world.now_ms, self.name, *sight))

    def _fold(self, frame: Any) -> None:
        if frame.event == "snapshot":
            told, now_ms = wire.read_snapshot(frame.json())
            step = rules.on_snapshot(self._page, told, now_ms)
        elif frame.event == "log":
            step = rules.on_row(self._page, wire.read_row(frame.json()))
        else:
            return
        self._page = step.board
        for call in step.rings:
            self.rings.append(Ring(self.world.now_ms, self.name, call.label, call.counter, call.last_called_at_ms, self._boots))

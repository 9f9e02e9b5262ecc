"""What this display knows of the hall, handed on to the pages that show it.

Holds the folded board, the age of the last true beat, the server's time as an offset, and the pages that listen. It
opens no connection (see `feed`) and never makes up a beat: when the server falls silent the pages hear silence, so one
watchdog in the page covers the server, the line and this process alike. Lives on one event loop; not for threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from display import wire
from display.board import LINK, Board, Step, link_state, on_row, on_snapshot
from queue_server.contract import sse
from toiluot_edge import Clock

RETRY_MS = 1500
MAX_PAGES = 32
MAX_BACKLOG = 256  # frames a page may be behind; then it is cut off and comes back to a fresh snapshot

Mailbox = asyncio.Queue[bytes | None]


class Relay:
    """One board, many pages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_beat_s = clock.monotonic()
        self._offset_ms: float | None = None  # server's time minus this process's monotonic time
        self._pages: set[Mailbox] = set()
        self.changed = asyncio.Event()  # for whoever else follows the board: set at every message, cleared by the follower
        self.board = Board()
        self.several = False  # whether another server may have taken over from the one that speaks

    # ------------------------------------------------------------ from the server
    def take(self, frame: sse.Frame) -> bool:
        """Let one frame of the server in; True when the board must be asked for. Unknown events are no one's matter."""
        if frame.event not in ("snapshot", "log", "hb"):
            return False
        try:
            message = frame.json()
        except ValueError as bad:
            raise wire.BadMessage(f"{frame.event}: not JSON") from bad
        if frame.event == "snapshot":
            self.take_snapshot(message)
            return False
        blind = self.link() == "dead"
        ask_again = self._take_beat(message) if frame.event == "hb" else self._take_row(message)
        if blind:
            # Pages that came while we were blind were told no calls: the line lives again, so they are told now.
            self._publish_snapshot()
        return ask_again

    def _take_beat(self, message: Any) -> bool:
        self._beat(wire.read_beat(message))
        self._publish(sse.encode("hb", wire.write_beat(self.board, self._offset_now())))
        return False

    def _take_row(self, message: Any) -> bool:
        row = wire.read_row(message)
        self._last_beat_s = self._clock.monotonic()
        step = on_row(self.board, row)
        if step.board is not self.board:  # a row that was already in the snapshot is not told again
            self._publish(sse.encode("log", wire.write_row(row), id="{}-{}".format(*row.position)))
        self.board = step.board
        return step.ask_again

    def take_snapshot(self, message: Any, *, only_newer: bool = False) -> bool:
        """Let a whole board in. With `only_newer` a board older than ours is refused (it crossed rows on the way)."""
        told, now_ms = wire.read_snapshot(message)
        if self.several and not only_newer and told.position < self.board.position:
            raise wire.BadMessage("behind what was shown: another server knows more")  # a standby, or one that was replaced
        if only_newer and told.position < self.board.position:
            return False
        if now_ms is not None:
            self._beat(now_ms)
        self._last_beat_s = self._clock.monotonic()
        step: Step = on_snapshot(self.board, told, self.server_now_ms())
        self.board = step.board
        self._publish_snapshot()
        return True

    def _beat(self, server_now_ms: int) -> None:
        self._last_beat_s = self._clock.monotonic()
        self._offset_ms = server_now_ms - self._last_beat_s * 1000

    # ------------------------------------------------------------ what is known
    def silence_s(self) -> float:
        """Seconds since the server last gave a sign of life (since the start, where it never did)."""
        return max(0.0, self._clock.monotonic() - self._last_beat_s)

    def link(self) -> str:
        return link_state(self.silence_s(), self.board.settings)

    def server_now_ms(self) -> int | None:
        return None if self._offset_ms is None else self._offset_now()

    def _offset_now(self) -> int:
        return int(self._clock.monotonic() * 1000 + (self._offset_ms or 0.0))

    def _snapshot(self) -> bytes | None:
        if not self.board.primed:
            return None
        numbers = LINK[self.link()].numbers
        body = wire.write_snapshot(self.board, now_ms=self.server_now_ms(), silence_s=self.silence_s(), numbers=numbers)
        return sse.encode("snapshot", body, id="{}-{}".format(*self.board.position))

    # ------------------------------------------------------------ to the pages
    @property
    def pages(self) -> int:
        return len(self._pages)

    def _publish_snapshot(self) -> None:
        frame = self._snapshot()
        if frame is not None:
            self._publish(frame)

    def _publish(self, frame: bytes) -> None:
        self.changed.set()
        for mailbox in list(self._pages):
            if mailbox.qsize() >= MAX_BACKLOG:
                self._pages.discard(mailbox)
                while not mailbox.empty():
                    mailbox.get_nowait()
                mailbox.put_nowait(None)
            else:
                mailbox.put_nowait(frame)

    async def frames(self) -> AsyncIterator[bytes]:
        """One page's stream: the snapshot (as soon as there is one), then what the server sends."""
        mailbox: Mailbox = asyncio.Queue()
        first = self._snapshot()
        self._pages.add(mailbox)
        try:
            yield sse.encode(retry_ms=RETRY_MS)
            if first is not None:
                yield first
            while (frame := await mailbox.get()) is not None:
                yield frame
        finally:
            self._pages.discard(mailbox)

    def close(self) -> None:
        """End every page's stream."""
        for mailbox in self._pages:
            mailbox.put_nowait(None)

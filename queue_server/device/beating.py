"""The heartbeat of a device: when it is sent, and what is learnt from its answer.

Holds the thread, the pace and the comparison of clocks. What a beat says is put together by the program that owns this one.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.device.board_health import Board
from queue_server.device.page_life import PageLife
from toiluot_edge import Clock

WELL_S, WRONG_S, TICK_S = 60.0, 10.0, 2.0
JUMPED_MS = 2_000  # time that runs otherwise than here is compared more often
FINE = ("ok", "paper_low")
Json = dict[str, Any]
# What a server of the version before does not know; it refuses unknown fields, and a beat of fewer words is better than none.
NEWER = ("temperature_c", "undervoltage", "storage", "page", "units", "config", "net")


def is_wrong(beat: Mapping[str, Any], dead_page: bool) -> bool:
    """Whether a technician may be standing before this machine, waiting for a change to show."""
    storage = beat.get("storage") or {}
    return bool(
        dead_page
        or any(slot.get("code", "ok") not in FINE for slot in beat.get("slots") or ())
        or (beat.get("spool") or {}).get("waiting")
        or (beat.get("undervoltage") or {}).get("now")
        or storage.get("read_only")
        or storage.get("writable") is False
        or (beat.get("config") or {}).get("drift")
    )


def is_expecting(beat: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether the server has something for this device, or settings that it does not run on yet."""
    wanted, config = answer.get("config_version"), beat.get("config") or {}
    return bool(answer.get("orders") or (wanted is not None and config and wanted != config.get("version")))


class Beating:
    """`report` gives what only the owner knows; `on_answer` is told every answer, `on_silence` that there was none."""

    def __init__(
        self,
        server: Client,
        report: Callable[[], Json],
        *,
        clock: Clock,
        board: Board,
        page: PageLife,
        on_answer: Callable[[Json], None] = lambda answer: None,
        on_silence: Callable[[], None] = lambda: None,
        on_dead_page: Callable[[bool], None] = lambda restarted: None,
        on_unknown: Callable[[BaseException], None] = lambda broken: None,
    ) -> None:
        self._server, self._report, self._clock, self._board, self._page = server, report, clock, board, page
        self._on_answer, self._on_silence, self._on_dead_page, self._on_unknown = on_answer, on_silence, on_dead_page, on_unknown
        self._stopping, self._now = threading.Event(), threading.Event()
        self._skew_ms: int | None = None
        self._offset_ms: float | None = None
        self._round_trip_ms = 0.0

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="heartbeat", daemon=True)]

    def stop(self) -> None:
        self._stopping.set()
        self._now.set()

    def soon(self) -> None:
        """The next beat at once: an order was obeyed, a printer ran out."""
        self._now.set()

    # ------------------------------------------------------------ one beat
    def beat(self) -> Json:
        told = {**self._report(), **self._board.report()}
        page = self._page.report()
        if page:
            told["page"] = page
        clock = {**told.get("clock", {}), "synced": self._board.synced()}
        if self._skew_ms is not None:
            clock["skew_ms"] = self._skew_ms
        return told | {"clock": clock}

    def once(self) -> float:
        """Send one beat; the seconds until the next."""
        beat = self.beat()
        try:
            answer = self._send(beat)
        except (Problem, Unreachable, ValueError):
            self._on_silence()
            return WRONG_S
        jumped = self._compare(answer)
        self._on_answer(answer)
        wished = answer.get("beat_s")
        most_s = float(wished) if isinstance(wished, (int, float)) and WRONG_S <= wished <= WELL_S else WELL_S
        return WRONG_S if jumped or is_wrong(beat, self._page.dead()) or is_expecting(beat, answer) else most_s

    def _send(self, beat: Json) -> Json:
        began_s = self._clock.monotonic()
        try:
            answer = self._server.heartbeat(beat)
        except Problem as no:
            faults = no.body.get("errors") if isinstance(no.body, dict) else None
            if no.status != 422 or not any(isinstance(one, dict) and one.get("code") == "unknown_field" for one in faults or ()):
                raise
            plain = {name: value for name, value in beat.items() if name not in NEWER}
            plain["clock"] = {name: value for name, value in beat["clock"].items() if name != "skew_ms"}
            answer = self._server.heartbeat(plain)
        self._round_trip_ms = (self._clock.monotonic() - began_s) * 1000
        return answer

    def _compare(self, answer: Mapping[str, Any]) -> bool:
        """Learn how far this clock is from the server's (half the way back is taken off); True where time jumped between two."""
        now = answer.get("now")
        if not isinstance(now, str):
            return False
        with contextlib.suppress(ValueError):
            server_ms = datetime.fromisoformat(now).timestamp() * 1000 + self._round_trip_ms / 2
            self._skew_ms = round(self._clock.wall_ms() - server_ms)
            before, self._offset_ms = self._offset_ms, server_ms - self._clock.monotonic() * 1000
            return before is not None and abs(self._offset_ms - before) > JUMPED_MS
        return False

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        due_s = 0.0
        while not self._stopping.is_set():
            try:
                self._board.sample()
                self._look_at_page()
                if self._now.is_set() or self._clock.monotonic() >= due_s:
                    self._now.clear()
                    due_s = self._clock.monotonic() + self.once() * random.uniform(0.9, 1.0)  # noqa: S311 - spreads a fleet that began together
            except Exception as broken:  # noqa: BLE001 - the thread that tells of trouble must not be the first to die of it
                self._on_unknown(broken)
                due_s = self._clock.monotonic() + WRONG_S
            self._now.wait(min(TICK_S, max(0.0, due_s - self._clock.monotonic())))

    def _look_at_page(self) -> None:
        restarted = self._page.look()
        if restarted is not None:
            self._on_dead_page(restarted)
            self._now.set()

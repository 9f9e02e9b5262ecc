"""Slips: one at a time, an intent on disk before each, an outcome reported for every one.

Holds the order of acts and what follows from a doubt. A slip whose job is in doubt is asked after, never sent again
under another name; the drivers print one job id once. Drawing is `raster`'s affair, wires are the drivers'.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from kiosk import i18n, raster, slip
from kiosk.agent import Agent
from kiosk.devices import OUTCOMES, Devices, DriversAway
from kiosk.spool import PrintIntent
from kiosk.values import Ticket

ASK_AGAIN_S = 1.0
DOUBT_S = 200.0  # longer than the drivers keep any job in hand
Outcome = tuple[str, str | None]


class Printing:
    def __init__(
        self,
        agent: Agent,
        devices: Devices,
        *,
        width_dots: Callable[[], int | None],
        bytes_per_s: Callable[[], float | None] = lambda: None,
        doubt_s: float = DOUBT_S,
    ) -> None:
        self._agent, self._devices, self._width_dots, self._bytes_per_s, self._doubt_s = agent, devices, width_dots, bytes_per_s, doubt_s
        self._fresh: queue.Queue[PrintIntent | None] = queue.Queue()
        self._doubtful: queue.Queue[PrintIntent | None] = queue.Queue()
        self._stopping = threading.Event()
        left = agent.spool.intents()
        self._begun = {intent.job_id for intent in left}  # by an earlier start: what it sent nobody here knows
        for intent in left:
            # The person may still stand there: the same job id prints it if it never began, and only then.
            (self._fresh if agent.still_there(intent.intended_at_ms) else self._doubtful).put(intent)
        agent.on_print = self._fresh.put

    def threads(self) -> list[threading.Thread]:
        work = ((self._fresh, self._print), (self._doubtful, self._ask))
        return [threading.Thread(target=self._run, args=pair, name="printing", daemon=True) for pair in work]

    def stop(self) -> None:
        self._stopping.set()
        self._fresh.put(None)
        self._doubtful.put(None)

    def _run(self, intents: queue.Queue[PrintIntent | None], act: Callable[[PrintIntent], Outcome | None]) -> None:
        while (intent := intents.get()) is not None:
            outcome = act(intent)
            if outcome is not None:
                self._settle(intent, outcome)

    def _settle(self, intent: PrintIntent, outcome: Outcome) -> None:
        while not self._stopping.is_set():
            try:
                self._agent.print_done(intent, *outcome)
                return
            except sqlite3.Error:
                self._agent.trouble("disk")
                self._stopping.wait(ASK_AGAIN_S)

    def _print(self, intent: PrintIntent) -> Outcome | None:
        made = self.draw(intent)
        try:
            return _outcome(self._devices.print_raster(intent.job_id, made.data, made.width, made.height))
        except DriversAway as away:
            self._agent.trouble("drivers_away")
            if not away.maybe_done and intent.job_id not in self._begun:
                return "not_sent", "drivers_away"
            self._doubtful.put(intent)
            return None

    def _ask(self, intent: PrintIntent) -> Outcome | None:
        """What became of a job whose answer was lost, or that an earlier start of this program had begun."""
        give_up = self._agent.clock.monotonic() + self._doubt_s
        while not self._stopping.is_set():
            try:
                known = self._devices.job(intent.job_id)
                if known is not None:
                    return _outcome(known)
            except DriversAway:
                self._agent.trouble("drivers_away")
            if self._agent.clock.monotonic() >= give_up:
                return "unknown", "no_answer"
            self._stopping.wait(ASK_AGAIN_S)
        return None

    def draw(self, intent: PrintIntent) -> raster.Raster:
        ticket = Ticket(**intent.ticket)
        home, width = self._agent.home, self._width_dots() or raster.FULL_WIDTH
        short = slip.wants_short(home.settings.slip, width, self._bytes_per_s())
        text = slip.compose(ticket, home, intent.lang, i18n.translator(intent.lang), reprint=intent.reprint, short=short)
        return raster.render(text, width)


def _outcome(answer: dict[str, Any]) -> Outcome:
    outcome = answer.get("outcome")
    code = answer.get("code")
    return (outcome if outcome in OUTCOMES else "unknown"), (str(code) if code and code != "ok" else None)

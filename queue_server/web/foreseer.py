"""The thread that foresees: after events, a moment later, for every site of the database, and never more than its share of a processor.

Holds when it looks and how long it rests; what is foreseen stands in `services.foreseeing`. Issuing never waits for it: what it has
not come to yet is told by the plain rule.
"""

from __future__ import annotations

import os
import sys
import threading

from queue_server.services import foreseeing
from queue_server.services.foreseeing import Mind
from queue_server.services.foresight import FRESH_MS
from queue_server.web.house import House
from queue_server.web.woken import Woken
from toiluot_edge import ScaledClock

PAUSE_S = 0.25  # many commits in a row are one look
SHARE = 24  # it rests so many times as long as it has worked: the hall's own work goes first
LOOK_S = 5.0  # without a commit to tell of: people wait, and time passes
NICE = 5
SWITCH_S = 0.001  # who wants the interpreter back while it reckons has it after so long
QUIET_AT_ONCE = 16


class Foreseer(Woken):
    """The thread that foresees; issuing does without where it fails."""

    name, failed, look_s = "foreseer", "waits not foreseen", LOOK_S

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._minds: dict[str, Mind] = {}
        self._good_ms = FRESH_MS
        if isinstance(house.clock, ScaledClock):  # half a minute of a rehearsal's time is over before anybody has looked
            self._good_ms = max(FRESH_MS, int(FRESH_MS * house.clock.speed))

    def rest_s(self, worked_s: float) -> float:
        """Its share of a processor, and no more."""
        return max(PAUSE_S, SHARE * worked_s)

    def _run(self) -> None:
        _go_behind()
        sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
        super()._run()

    def look(self) -> None:
        """Every site at which something has happened, and of the others those that were not looked at for longest."""
        with self._house.store.read() as reader:
            ends = {str(row["code"]): int(row["seq"]) for row in reader.sites()}
        minds = {site: self._minds.setdefault(site, Mind(site)) for site in ends}
        quiet = sorted((mind for site, mind in minds.items() if mind.seen == ends[site]), key=lambda mind: mind.looked_at)
        for mind in [*(mind for site, mind in minds.items() if mind.seen != ends[site]), *quiet[:QUIET_AT_ONCE]]:
            if self._stopped.is_set():
                return
            self._one(mind, ends[mind.site])

    def _one(self, mind: Mind, seq: int) -> None:
        """A standby foresees for its pages and writes nothing of its own."""
        store, now = self._house.store, self._house.clock.wall_ms()
        if foreseeing.due(mind, seq, now):
            foreseeing.look(store, mind, now=now, good_ms=self._good_ms)
        if not self._house.standing.following and self._house.standing.word(mind.site) == "serving":
            foreseeing.sample(store, mind, now=now)


def _go_behind() -> None:
    """On Linux a thread has a niceness of its own: where processors are short, issuing goes before foreseeing."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    except (OSError, AttributeError):
        return

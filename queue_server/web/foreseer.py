"""The thread that foresees: after events, a moment later, for every site of the database, and never more than its share of a processor.

Holds when it looks and how long it rests; what is foreseen stands in `services.foreseeing`. Issuing never waits for it: what it has
not come to yet is told by the plain rule.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from queue_server.services import foreseeing
from queue_server.services.foreseeing import Mind
from queue_server.services.foresight import FRESH_MS
from queue_server.web.house import House
from toiluot_edge import ScaledClock

PAUSE_S = 0.25  # many commits in a row are one look
SHARE = 24  # it rests so many times as long as it has worked: the hall's own work goes first
LOOK_S = 5.0  # without a commit to tell of: people wait, and time passes
NICE = 5
SWITCH_S = 0.001  # who wants the interpreter back while it reckons has it after so long
QUIET_AT_ONCE = 16


class Foreseer:
    """Lives on a thread of its own; only `wake` and `stop` are called from elsewhere."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._minds: dict[str, Mind] = {}
        self._good_ms = FRESH_MS
        if isinstance(house.clock, ScaledClock):  # half a minute of a rehearsal's time is over before anybody has looked
            self._good_ms = max(FRESH_MS, int(FRESH_MS * house.clock.speed))
        self._thread = threading.Thread(target=self._run, name="foreseer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """After a commit, on a thread of the store."""
        self._woken.set()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        _go_behind()
        sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
        while not self._stopped.is_set():
            self._woken.clear()
            worked_s = time.thread_time()
            try:
                self.look()
            except Exception as broken:  # noqa: BLE001 - nobody above would see it, the next look tries again, and issuing does without
                self._house.report("waits not foreseen", broken)
            self._stopped.wait(max(PAUSE_S, SHARE * (time.thread_time() - worked_s)))
            self._woken.wait(LOOK_S)

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

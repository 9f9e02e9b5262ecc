"""Keeps the kiosk ready for a cut line: takes leases while the server is there, settles what was given out without it; and asks
for the centre's key of the day, with which cards are hashed also while the line is cut.

One thread beside the uplink's. Holds what to ask and what to make of the answers; what is on disk is `leases`' affair, what may
be given stands in `offline`.
"""

from __future__ import annotations

import sqlite3
import threading
from datetime import datetime
from typing import Any

from kiosk import offline
from kiosk.agent import SITE_TIME, Agent
from kiosk.ids import uuid7
from queue_server.client import Client, Problem, Unreachable

EVERY_S = 2.0
ASK_AGAIN_S = 900.0  # after a lease that gives nothing, or a band that is used up: it is not endless
ASK_SOON_S = 30.0  # after a server that could not answer just now, and after midnight fell between question and answer
DAY_KEY_S = 60.0  # how often the server is asked whether the key is still the same one: it may have been started anew
_AGAIN = (401, 403, 408, 429)


class Keeper:
    def __init__(self, agent: Agent, server: Client, *, every_s: float = EVERY_S) -> None:
        self._agent, self._server, self._leases, self._every_s = agent, server, agent.leases, every_s
        self._stopping = threading.Event()
        self._asked: dict[str, str] = {}  # series → request id of a question whose answer was lost
        self._not_before: dict[str, float] = {}
        self._next_day_key_s = self._no_day_key_s = 0.0

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="keeper", daemon=True)]

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round()
            except Unreachable:
                pass  # the line is the uplink's to judge; here everything keeps
            except Problem as problem:
                self._agent.trouble(f"lease_{problem.code}")
            except sqlite3.Error:
                self._agent.trouble("disk")
            except (KeyError, TypeError, ValueError):
                self._agent.trouble("lease_answer")  # not the server's words: nothing of it was kept
            self._stopping.wait(self._every_s)

    def round(self) -> None:
        """Everything there is to do with the server now, the most urgent first."""
        if self._server.epoch > self._leases.epoch and (not self._leases.epoch or self._leases.now_ms() is not None):
            # Which tickets are today's is judged by the server's time: an answer may tell of the new server before that is known.
            self._leases.began_epoch(self._server.epoch, self._day())
        while self._settle() and not self._stopping.is_set():
            pass
        self._restate()
        if self._agent.with_server():
            self._day_key()
            self._renew()

    def _day(self) -> str:
        """The site's day: what the server said, counted on by the machine, before this machine's own clock."""
        known_ms = self._leases.now_ms()
        return self._agent.now()[:10] if known_ms is None else datetime.fromtimestamp(known_ms / 1000, SITE_TIME).date().isoformat()

    # ------------------------------------------------------------ the key of the day
    def _day_key(self) -> None:
        """Ask for it, and offer what is here: a server that was started anew has forgotten it. An older server knows of none."""
        clock, has = self._agent.clock, self._agent.keys.shared(self._agent.now()[:10])
        if clock.monotonic() < (self._next_day_key_s if has else self._no_day_key_s):
            return
        try:
            told = self._server.day_key(uuid7(clock.wall_ms()), has)
            self._agent.keys.adopt(str(told["business_day"]), bytes.fromhex(told["key"]))
            self._next_day_key_s = clock.monotonic() + DAY_KEY_S
        except Problem as problem:
            if problem.status == 404:
                self._no_day_key_s = clock.monotonic() + DAY_KEY_S
            elif problem.status != 503:  # another process of the server has it: the next question may reach that one
                raise

    # ------------------------------------------------------------ settling
    def _settle(self) -> bool:
        """One batch; whether there may be more."""
        batch = self._leases.batch()
        if batch is None:
            return False
        request_id, lease, told = batch
        try:
            results = self._server.settle(request_id, lease, told)["tickets"]
        except Problem as problem:
            if problem.status in _AGAIN or problem.status >= 500:
                raise
            if len(told) > 1:
                self._leases.split(told)
                return True
            results = [{"ticket_id": told[0]["ticket_id"], "result": "conflict", "reason": problem.code}]
        refused = {str(one["ticket_id"]): str(one.get("reason")) for one in results if one.get("result") == "conflict"}
        self._leases.settled(told, refused, self._agent.clock.wall_ms())
        self._strange(offline.strange(results))
        self._agent.on_command()  # reports about their paper waited for this
        return True

    def _strange(self, codes: list[str]) -> None:
        """This disk gave what the server knew already, or what is somebody else's: nothing more from these leases, and say so."""
        for code in codes:
            self._agent.trouble(code)
        if codes:
            self._leases.burn()
            self._agent.trouble("leases_burnt")

    # ------------------------------------------------------------ after a server took over
    def _restate(self) -> None:
        told = self._leases.kept("restate")
        if not told or not told["tickets"]:
            return
        results = self._server.restate(f"restate:{told['epoch']}:{self._agent.name[:40]}", told["tickets"])["tickets"]
        for one in results:
            if one.get("result") == "conflict":
                self._agent.trouble("restate_conflict")
        self._leases.keep("restate", None)

    # ------------------------------------------------------------ taking
    def _renew(self) -> None:
        count = self._agent.home.settings.lease_count
        if not count or self._leases.now_ms() is None:
            return
        free = self._leases.free()
        for series in sorted({one.series for one in self._agent.home.services if one.series}):
            want = offline.wanted(free.get(series, 0), count)
            if want and self._agent.clock.monotonic() >= self._not_before.get(series, 0.0):
                self._take(series, want)

    def _take(self, series: str, count: int) -> None:
        request_id, epoch = self._asked.setdefault(series, uuid7(self._agent.clock.wall_ms())), self._server.epoch
        try:
            answer: dict[str, Any] = self._server.lease(request_id, series, count)
        except Problem as problem:
            self._asked.pop(series)
            self._wait(series, ASK_AGAIN_S if problem.code == "quota_full" else ASK_SOON_S)
            raise
        self._asked.pop(series)
        expires_ms = int(datetime.fromisoformat(answer["expires_at"]).timestamp() * 1000)
        self._leases.take(answer, epoch, expires_ms)
        if not self._leases.free().get(series):
            self._wait(series, ASK_SOON_S if expires_ms <= (self._leases.now_ms() or 0) else ASK_AGAIN_S)

    def _wait(self, series: str, seconds: float) -> None:
        self._not_before[series] = self._agent.clock.monotonic() + seconds

"""Staffing advice beside the hall's work: one thread learns and looks, a process of its own reckons plans, pages read what is kept.

Nobody who asks ever waits: what is not there yet is told as being reckoned. Nothing runs until somebody asks, one question at a time,
and what was reckoned holds for its site, day and configuration. The questions themselves stand in `services.advising`.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.services import advising
from queue_server.services.advising import DayFacts, Known
from queue_server.services.unit import Configs
from queue_server.services.views import moment
from queue_server.staffing.wire import centre_data

LIVE_MS = 15_000  # an advice for now holds so long
KNOWN_MS = 10 * 60_000  # and what the days say
TODAY_MS = 30 * 60_000  # where there is only today, it says more every half hour
LIVE_S = 0.28  # of a processor, with the variant under way at most 0.3: what was not compared by then is left out
PROCESS_S = 120.0
QUESTIONS, SURGES = 32, 16
NICE = 5
NOT_ITS_OWN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


@dataclass(slots=True)
class _Site:
    """What is kept of one site. `key` says what the plan was reckoned for; another day or configuration is another plan."""

    days: dict[str, DayFacts] = field(default_factory=dict)
    known: Known | None = None
    known_at: int = -KNOWN_MS
    key: tuple[Any, ...] = ()
    plan: dict[str, Any] | None = None
    surges: dict[int, dict[str, Any]] = field(default_factory=dict)
    live: dict[str, Any] | None = None
    live_at: int = -LIVE_MS
    failed: bool = False


class Adviser:
    """`ask` may be called from any thread; everything else happens on its own."""

    def __init__(self, store: Any, clock: Any, log: Any) -> None:
        self._store, self._clock, self._log = store, clock, log
        self._sites: dict[str, _Site] = {}
        self._asked: queue.Queue[tuple[str, int] | None] = queue.Queue(QUESTIONS)
        self._pending: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    def ask(self, site: str, more: int = 0) -> dict[str, Any]:
        """What is known now; what is old or missing is reckoned for the next who asks."""
        with self._lock:
            kept = self._sites.setdefault(site, _Site())
            told = _told(kept, more)
            now = self._clock.wall_ms()
            stale = told["state"] == "reckoning" or now - kept.live_at >= LIVE_MS or (more and told["surge"] is None)
            if stale and (site, more) not in self._pending and not self._stopped:
                self._enqueue(site, more)
        return told

    def _enqueue(self, site: str, more: int) -> None:
        try:
            self._asked.put_nowait((site, more))
        except queue.Full:
            return
        self._pending.add((site, more))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="adviser", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped = True
        child = self._child
        if child is not None:
            child.kill()
        if self._thread is not None:
            try:
                self._asked.put_nowait(None)
            except queue.Full:
                return  # it looks whether it was stopped before each question

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(timeout=5)

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        if hasattr(os, "setpriority"):  # on Linux a thread has a niceness of its own: the hall's work goes first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._stopped:
            asked = self._asked.get()
            if asked is None:
                return
            kept = self._sites[asked[0]]
            try:
                self._answer(kept, *asked)
                kept.failed = False
            except Exception as broken:  # noqa: BLE001 - nobody above would see it; the page says that it could not be reckoned
                kept.failed = True
                if not self._stopped:
                    self._log.error("staffing not reckoned", exc_info=broken, site=asked[0])
            finally:
                with self._lock:
                    self._pending.discard(asked)

    def _answer(self, kept: _Site, site: str, more: int) -> None:
        now = self._clock.wall_ms()
        with self._store.read() as reader:
            row = reader.site(site)
            if row is None:
                return
            config, now = Configs.of(reader, row), max(now, row["last_at"])
        day = advising.planned_day(config, now)
        today = self._facts(kept, site, config, calendar.business_day(now, config.utc_offset_min), fresh=True)
        with self._store.read() as reader:
            scene = advising.scene_now(reader, site, config, now)
        version = row["config_version"]
        if kept.known is None or kept.key[:2] != (day, version) or not 0 <= now - kept.known_at < KNOWN_MS:
            past = [self._facts(kept, site, config, one) for one in advising.past_days(day)]
            kept.known, kept.known_at = advising.known(config, scene, past, today, day, now), now
        known = kept.known
        if now - kept.live_at >= LIVE_MS or now < kept.live_at:
            self._live(kept, config, known, today, scene)
        key = (day, version, known.basis, known.days, now // TODAY_MS if known.basis == advising.TODAY else 0)
        if key != kept.key:
            kept.key, kept.plan, kept.surges = key, None, {}
        self._reckon(kept, known, more)

    def _facts(self, kept: _Site, site: str, config: SiteConfig, day: str, *, fresh: bool = False) -> DayFacts:
        """One day, each read by itself so that nothing else waits for six weeks; a day that is over is kept."""
        if fresh or day not in kept.days:
            with self._store.read() as reader:
                kept.days[day] = advising.facts_of(reader.tickets_of_day(site, day), day, config.utc_offset_min)
        return kept.days[day]

    def _live(self, kept: _Site, config: SiteConfig, known: Known, today: DayFacts, scene: Any) -> None:
        began_s = time.thread_time()
        found = advising.advice(config, scene, known, today, lambda: time.thread_time() - began_s > LIVE_S)
        midnight_ms = calendar.midnight_ms(today.day, config.utc_offset_min)
        kept.live, kept.live_at = {"at": moment(scene.now_ms), **advising.advice_data(found, midnight_ms)}, scene.now_ms

    def _reckon(self, kept: _Site, known: Known, more: int) -> None:
        if known.basis == advising.NOTHING or not known.centre.posts or known.centre.visits < 1:
            return
        question = {"centre": centre_data(known.centre), "target": {"mean_s": known.target.mean_s, "tail_s": known.target.tail_s}}
        if kept.plan is None:
            kept.plan = self._process(question)
        if more and more not in kept.surges:
            if len(kept.surges) >= SURGES:
                kept.surges.clear()
            kept.surges[more] = self._process({**question, "more": more, "roster": kept.plan["plan"]["roster"]})

    def _process(self, question: Mapping[str, Any]) -> dict[str, Any]:
        environment = {name: value for name, value in os.environ.items() if name not in NOT_ITS_OWN}
        command = [sys.executable, "-m", "queue_server.web.adviser_process"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self._child = child
        try:
            if self._stopped:
                child.kill()
            out, _ = child.communicate(json.dumps(question) + "\n", timeout=PROCESS_S)
        finally:
            child.kill()
            child.wait()
            self._child = None
        if child.returncode:
            raise RuntimeError(f"the staffing process ended with {child.returncode}")
        answer: dict[str, Any] = json.loads(out)
        return answer


def _told(kept: _Site, more: int) -> dict[str, Any]:
    """What a page or a program is shown."""
    known, plan = kept.known, kept.plan
    if known is None:
        state = "failed" if kept.failed else "reckoning"
    elif known.basis == advising.NOTHING or not known.centre.posts:
        state = "too_little"
    else:
        state = "ready" if plan is not None else "failed" if kept.failed else "reckoning"
    surge = kept.surges.get(more) if more else None
    return {
        "state": state,
        "day": known.day if known else None,
        "history": {"basis": known.basis, "days": known.days, "people": known.people} if known else None,
        "counters": len(known.centre.posts) if known else None,
        "target": {"mean_s": known.target.mean_s, "tail_s": known.target.tail_s} if known else None,
        "visits": plan["visits"] if plan else None,
        "plan": _shown(plan["plan"], known) if plan and known else None,
        "all_day": plan["all_day"] if plan else [],
        "surge": {**surge, "plan": _shown(surge["plan"], known)} if surge and known else None,
        "live": kept.live,
    }


def _shown(plan: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """The plan without its roster, with how many counters usually call in each half hour beside it."""
    rows = [{**row, "usual": _rounded(known.usual.get(row["from_min"] // 30))} for row in plan["half_hours"]]
    return {**{name: value for name, value in plan.items() if name != "roster"}, "half_hours": rows}


def _rounded(counters: float | None) -> float | None:
    return None if counters is None else round(counters, 1)

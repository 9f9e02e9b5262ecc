"""Days of a simulated centre watched by the estimate: at every number taken a scene as the site would draw it, at every call the
truth. Holds the watching; the tables are `estimates`'.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from queue_server.estimating import facts
from queue_server.estimating.foreseeing import foresee
from queue_server.estimating.learned import Learned
from queue_server.estimating.scene import CALL_GAP, NO_WAIT, WHAT_IF, Busy, Desk, Foreseen, InLine, Scene, ServiceModel
from queue_server.staffing.centre import play
from queue_server.staffing.look import Look
from queue_server.staffing.model import Centre
from tests.bench.estimate_rivals import Rivals

DAY_MS = 86_400_000
STATES = {"idle": "open", "busy": "open", "paused": "paused", "closed": "closed"}


@dataclass(frozen=True)
class Row:
    """One call: what was said when the number was taken, and how long it took. Seconds."""

    day: int
    told: Foreseen
    real_s: float
    wall_s: float
    said: dict[str, float]
    ranges: dict[str, tuple[float, float, float]]

    @property
    def queued(self) -> bool:
        return self.told.basis != NO_WAIT


@dataclass
class Study:
    """A centre's days, one after the other, with one memory. `plan`: whether lunches are known beforehand."""

    centre: Centre
    seed: int
    plan: bool = True
    paths: int = 64
    learned: Learned = field(default_factory=Learned)
    rows: list[Row] = field(default_factory=list)
    cost_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 11])
        # Configured durations are wrong by about a quarter.
        self.configured = {work.code: work.mean_s * float(rng.lognormal(0, 0.22)) for work in self.centre.services}
        self.rivals = Rivals(self.configured)
        self.waiting: dict[str, tuple[int, Foreseen, dict[str, float], dict[str, tuple[float, float, float]]]] = {}
        self.pools = {
            work.code: tuple(sorted({self.centre.services[k].code for post in self.centre.posts if n in post.skills for k in post.skills}))
            for n, work in enumerate(self.centre.services)
        }
        self.day = 0
        self.paused: dict[str, int] = {}

    def run(self, days: int) -> Study:
        for _ in range(days):
            self.day += 1
            self.waiting.clear()
            play(self.centre, self.seed * 1000 + self.day, on_issue=self._issued, on_call=self._called, on_end=self._ended)
        return self

    def _at(self, at_ms: int) -> int:
        return self.day * DAY_MS + at_ms

    # ------------------------------------------------------------ the scene
    def scene(self, look: Look, *, with_own: bool) -> Scene:
        line = [
            InLine(one.ticket, one.service, self._at(one.effective_at_ms), self._at(one.available_from_ms), one.quantity, one.privileged)
            for one in look.line()
        ]
        if with_own:
            own = InLine(
                look.ticket, look.service, self._at(look.effective_at_ms), self._at(look.available_from_ms), look.quantity, look.privileged
            )
            line.append(own)
            line.sort(key=lambda one: one.effective_at_ms)
        spans = tuple((self._at(a), self._at(b)) for a, b in self.centre.opening)
        return Scene(
            now_ms=self._at(look.now_ms),
            services={code: ServiceModel(seconds) for code, seconds in self.configured.items()},
            desks=tuple(self._desks(look)),
            line=tuple(line),
            spans=dict.fromkeys(self.configured, spans),
        )

    def _desks(self, look: Look) -> Iterator[Desk]:
        lunch_ms = int(self.centre.habits.lunch_s * 1000)
        for desk in look.desks():
            known = [(a, b) for a, b in desk.planned if self.plan or b - a != lunch_ms]
            since = self._at(desk.since_ms)
            yield Desk(
                counter=desk.code,
                state=STATES[desk.state],
                services=desk.services,
                freed_at_ms=since if desk.state == "idle" else None,
                busy=Busy(desk.service or "", since, desk.quantity) if desk.state == "busy" else None,
                paused_since_ms=since if desk.state == "paused" else None,
                away=tuple((self._at(a), self._at(b)) for a, b in known),
            )

    # ------------------------------------------------------------ what happens
    def _issued(self, look: Look) -> None:
        now = self._at(look.now_ms)
        if look.step == 1:
            self.learned.tell(facts.Taken(now, look.service, look.privileged))
        plain = look.step == 1 and look.available_from_ms <= look.now_ms
        scene = self.scene(look, with_own=not plain)
        begun = time.process_time()
        seen = foresee(self.learned, scene, seed=look.visitor * 7 + look.step, paths=self.paths)
        self.cost_s.append(time.process_time() - begun)
        told = seen.newcomers[look.service, look.privileged] if plain else seen.line[look.ticket]
        ranges = {}
        for basis in (WHAT_IF, CALL_GAP):
            if basis in told.raw:
                raw = told.raw[basis]
                ranges[basis] = self.learned.range(basis, raw)
                ranges[f"{basis}, raw"] = (raw.low_s, raw.mid_s, raw.high_s)
        self.waiting[look.ticket] = (look.now_ms, told, self.rivals.say(look), ranges)

    def _open_s(self, from_ms: int, to_ms: int) -> float:
        inside = sum(max(0, min(b, to_ms) - max(a, from_ms)) for a, b in self.centre.opening[:-1])
        last = self.centre.opening[-1][0]
        return (inside + max(0, to_ms - max(last, from_ms))) / 1000

    def _called(self, look: Look) -> None:
        since, told, said, ranges = self.waiting.pop(look.ticket)
        real_s = self._open_s(since, look.now_ms)
        self.rows.append(Row(self.day, told, real_s, (look.now_ms - since) / 1000, said, ranges))
        now, post = self._at(look.now_ms), look.post or ""
        self.learned.tell(
            facts.Called(
                now, str(self.day), look.service, post, self._at(look.available_from_ms), real_s, self.pools[look.service], told.raw
            )
        )
        self.rivals.called(look)
        self._look_for_pauses(look)

    def _ended(self, look: Look) -> None:
        now, took_s = self._at(look.now_ms), (look.now_ms - look.called_ms) / 1000
        waited_s = max(0, look.called_ms - look.available_from_ms) / 1000
        if look.came:
            self.learned.tell(facts.Served(now, look.service, look.post or "", took_s, look.quantity, waited_s))
        else:
            self.learned.tell(facts.Absent(now, look.service, look.post or "", waited_s, took_s))
        self._look_for_pauses(look)

    def _look_for_pauses(self, look: Look) -> None:
        """Pauses end without a hook: they are seen to have ended."""
        now_paused = {desk.code: self._at(desk.since_ms) for desk in look.desks() if desk.state == "paused"}
        for code, since in list(self.paused.items()):
            if now_paused.get(code) != since:
                self.learned.tell(facts.Paused(self._at(look.now_ms), code, (self._at(look.now_ms) - since) / 1000))
                del self.paused[code]
        self.paused |= now_paused

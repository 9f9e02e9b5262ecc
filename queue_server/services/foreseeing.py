"""Foreseeing: how the waits that are told come about, site by site, beside the work of the hall and never inside it.

A mind per process reads the log behind a cursor of its own, learns from it, pictures the hall and keeps what it foresees where issuing
and the pages look it up (`foresight`). The same log, looked at at the same instants, always gives the same waits. Once in a quarter
of an hour what pages show to a newcomer goes into the log, so that it can be judged by who then came.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.principal import SYSTEM
from queue_server.estimating.foreseeing import foresee
from queue_server.estimating.learned import Learned
from queue_server.estimating.scene import CLOSED, Foreseen, Newcomer, Scene
from queue_server.services import foresight, teaching
from queue_server.services.accuracy import SHOWN, subject
from queue_server.services.closing import begin
from queue_server.services.foresight import FRESH_MS, Foresight, Wait
from queue_server.services.picturing import picture
from queue_server.services.unit import Configs, pool

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

PAGE = 500  # rows of the log taught in one look
FAR_BEHIND = 20 * PAGE  # beyond it the rows between are left out: the next start reads them from the tables
AGAIN_MS = 10_000  # a hall in which nothing happens is looked at again after so long
SAMPLE_MS = 15 * 60_000
SETTLED_MS = 120_000  # a server has shown nobody anything before it has served for so long


@dataclass(slots=True)
class Mind:
    """What one process knows of one site: all of it follows from the tables, and goes with the process."""

    site: str
    learned: Learned | None = None
    cursor: int = 0
    looked_at: int = 0
    seen: int = -1
    first_at: int = 0
    sampled: int = 0
    taken: list[int] = field(default_factory=list)
    busy: bool = False


def due(mind: Mind, seq: int, now: int) -> bool:
    """Whether a look is worth its time: something has happened, or people wait and time has passed."""
    return seq != mind.seen or (mind.busy and now - mind.looked_at >= AGAIN_MS) or now < mind.looked_at


def look(store: Store, mind: Mind, *, now: int, good_ms: int = FRESH_MS) -> None:
    """Learn what is new, picture the hall, keep what is foreseen. The database is let go before anything is reckoned."""
    with store.read() as reader:
        row = reader.site(mind.site)
        if row is None:
            return
        config, seq, now = Configs.of(reader, row), int(row["seq"]), max(now, row["last_at"])
        _learn(reader, mind, config, seq, now)
        scene = picture(reader, mind.site, config, now)
    mind.seen, mind.looked_at, mind.first_at = seq, now, mind.first_at or now
    mind.busy = bool(scene.line) or any(desk.state != CLOSED for desk in scene.desks)
    assert mind.learned is not None
    seed = zlib.crc32(f"{mind.site}:{seq}".encode())
    found = foresee(mind.learned, scene, seed=seed, tickets_per_s=len(mind.taken) / 60)
    told = _kept(mind.learned, scene, config, seq, found.line, found.newcomers, now + good_ms)
    with store.read() as reader:
        foresight.keep(reader, mind.site, told)
        foresight.keep_hall(reader, mind.site, mind.learned.completed(scene), now + good_ms)


def _learn(reader: Reader, mind: Mind, config: SiteConfig, seq: int, now: int) -> None:
    if mind.learned is None or seq < mind.cursor:
        mind.learned, mind.cursor = Learned(), seq
        for fact in teaching.at_start(reader, mind.site, config, now):
            mind.learned.tell(fact)
        return
    if seq - mind.cursor > FAR_BEHIND:
        mind.cursor = seq - PAGE
    mind.taken = [at for at in mind.taken if at > now - 60_000]
    while events := reader.events_after(mind.site, mind.cursor, PAGE):
        for fact in teaching.of_events(reader, mind.site, config, events):
            mind.learned.tell(fact)
        mind.taken.extend(event.at for event in events if event.type == "issued")
        mind.cursor = events[-1].seq


# ---------------------------------------------------------------- what is kept of it
def _kept(
    learned: Learned,
    scene: Scene,
    config: SiteConfig,
    seq: int,
    line: Mapping[str, Foreseen],
    newcomers: Mapping[Newcomer, Foreseen],
    good: int,
) -> Foresight:
    """The foresight as it is looked up: each wait beside the number of people it was foreseen behind, counted as `count_ahead` does."""
    each_s = {code: _each_s(learned, scene, config, code) for code in config.services}
    seen: dict[str, int] = {}
    early: dict[str, int] = {}
    in_line, before = {}, scene.now_ms - scene.credit_ms
    for one in scene.line:
        ahead = sum(seen.get(code, 0) for code in pool(config, one.service)) if one.service in config.services else 0
        if one.ticket in line and one.service in each_s:
            in_line[one.ticket] = _wait(line[one.ticket], ahead, each_s[one.service])
        seen[one.service] = seen.get(one.service, 0) + 1
        if one.effective_at_ms <= before:
            early[one.service] = early.get(one.service, 0) + 1
    coming = {
        (code, privileged): _wait(told, sum((early if privileged else seen).get(other, 0) for other in pool(config, code)), each_s[code])
        for (code, privileged), told in newcomers.items()
        if code in each_s
    }
    words = ",".join(f"{code}:{wait.low_s}-{wait.high_s}" for (code, privileged), wait in sorted(coming.items()) if not privileged)
    return Foresight(seq, scene.now_ms, good, coming, in_line, f"{zlib.crc32(words.encode()):08x}")


def _each_s(learned: Learned, scene: Scene, config: SiteConfig, code: str) -> float:
    """Seconds that one person more ahead adds."""
    return learned.gap_s(code, scene.now_ms, config.services[code].prior_gap_s)


def _wait(told: Foreseen, ahead: int, each_s: float) -> Wait:
    raw = {basis: (said.low_s, said.mid_s, said.high_s) for basis, said in told.raw.items()}
    return Wait(told.low_s, told.mid_s, told.high_s, told.basis, told.model, told.clock, raw, ahead, each_s)


# ---------------------------------------------------------------- what pages showed
def sample(store: Store, mind: Mind, *, now: int) -> bool:
    """Once in a quarter of an hour of opening, put into the log what pages show to whoever would come now. True where it was done
    here: another process may have been sooner."""
    quarter = now // SAMPLE_MS
    if mind.sampled == quarter or not mind.busy or now - mind.first_at < SETTLED_MS:
        return False
    with store.read() as reader:
        row = reader.site(mind.site)
        found = foresight.newest(reader, mind.site, now)
        if row is None or found is None:
            return False
        services = _shown(found, Configs.of(reader, row), now)
    mind.sampled = quarter
    return store.write(mind.site, lambda repository: _write(repository, mind.site, services, quarter)) if services else False


def _shown(found: Foresight, config: SiteConfig, now: int) -> dict[str, list[int]]:
    """By service that is open: low and high in seconds."""
    offset = config.utc_offset_min
    return {
        code: [wait.low_s, wait.high_s]
        for (code, privileged), wait in found.newcomers.items()
        if not privileged and calendar.is_open(config.calendar_of(code), now, offset)
    }


def _write(repository: Repository, site: str, services: dict[str, list[int]], quarter: int) -> bool:
    unit = begin(repository, site, "job:waits-shown", SYSTEM)
    about = subject(unit.business_day)
    if any(event.at // SAMPLE_MS == quarter for event in repository.events_of(site, about)):
        return False
    unit.event(SHOWN, about, {"services": services})
    unit.finish()
    return True

"""A wall clock that leapt: told in the log, and believed again when somebody says so in the log.

Each server process watches its own clock; a confirmation is an event, so it reaches them all, whoever wrote it. Until then the
business day goes on as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from queue_server.domain.errors import Refusal
from queue_server.domain.principal import SYSTEM
from queue_server.services.closing import begin
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

LEAPT, CONFIRMED = "site.clock_leapt", "site.clock_confirmed"
SLACK_MS = 600_000


class Leaping(Protocol):
    """A clock that notices leaps."""

    leap_ms: int
    told: bool
    ours: bool

    def wall_ms(self) -> int: ...
    def believe(self) -> None: ...
    def stay(self, at_ms: int) -> None: ...


def watch(store: Store, site: str, clock: Leaping) -> None:
    """Tell a new leap, or that it is over, or believe the clock where somebody has confirmed it."""
    now = clock.wall_ms()
    if not clock.leap_ms:
        if clock.ours:
            clock.ours = False
            if pending(store, site):  # else the next leap would be taken for this one, and its confirmation for that of both
                store.write(site, lambda repository: _tell(repository, site, CONFIRMED, {"leap_s": 0}))
        return
    waiting = pending(store, site)
    if not clock.told:
        clock.told = True
        if not waiting:
            clock.ours = True
            data = {"kept": moment(now), "wall": moment(now + clock.leap_ms), "leap_s": clock.leap_ms // 1000}
            store.write(site, lambda repository: _tell(repository, site, LEAPT, data))
    elif not waiting:
        clock.ours = False
        clock.believe()


def carry(store: Store, clock: Leaping) -> None:
    """A leap that nobody has confirmed outlives the process: of the two times, the wall's and the one without the leap, site
    time is the one that comes soonest after the log's last row."""
    for site in store.sites():
        with store.read() as reader:
            told, row = state(reader, site), reader.site(site)
        if told is None or row is None:
            continue
        clock.ours = True
        wall = clock.wall_ms()
        later = [at for at in (wall, wall - 1000 * int(told["leap_s"])) if at >= row["last_at"] - SLACK_MS]
        if later and min(later) != wall:
            clock.stay(min(later))
            clock.told = True  # by the process before: a confirmation may come before this one first looks


def _tell(repository: Repository, site: str, kind: str, data: dict[str, Any]) -> None:
    unit = begin(repository, site, "job:clock-leapt" if kind == LEAPT else "job:clock-returned", SYSTEM)
    unit.event(kind, f"site:{site}", data)
    unit.finish()


def _last(reader: Reader, site: str) -> Any:
    told = [event for event in reader.events_of(site, f"site:{site}") if event.type in (LEAPT, CONFIRMED)]
    return told[-1] if told else None


def pending(store: Store, site: str) -> bool:
    """Whether a leap was told and nobody has confirmed it."""
    with store.read() as reader:
        last = _last(reader, site)
    return last is not None and last.type == LEAPT


def confirm(unit: Unit) -> dict[str, Any]:
    """The wall clock is right: site time follows it from now on."""
    told = [event for event in unit.repository.events_of(unit.site, f"site:{unit.site}") if event.type in (LEAPT, CONFIRMED)]
    if not told or told[-1].type != LEAPT:
        raise Refusal("conflict", why="no leap of the clock is waiting")
    unit.event(CONFIRMED, f"site:{unit.site}", {"leap_s": told[-1].data["leap_s"]})
    return {"confirmed": told[-1].data}


def state(reader: Reader, site: str) -> dict[str, Any] | None:
    """The leap that waits for a person: `{kept, wall, leap_s}`; None where there is none."""
    last = _last(reader, site)
    return dict(last.data) if last is not None and last.type == LEAPT else None

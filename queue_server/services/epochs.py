"""A new epoch: a copy of the log takes over, whether a standby was promoted or a backup restored.

Holds the one way to begin it. The copy may not know the last that was printed, so every series jumps past anything that
may have been, leases of the old epoch give no new numbers (what was printed from them still settles), and the log says
where the old branch ended for us. Who may begin one, and how others are told, is `replica`'s and the command line's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, numbering
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.principal import Principal
from queue_server.services.closing import begin
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

REASONS = ("promoted", "restored")
COMES_EARLY_MIN = 120  # nobody takes a number earlier than this before the doors open
HOUR_MS = 3_600_000


@dataclass
class Beyond:
    """What is known of a branch that did not go on: how many `rows`, its `epoch`, the instant `until` which it is known (Unix
    ms), and its highest ordinary number by business day and series."""

    rows: int = 0
    epoch: int = 0
    until: int = 0
    numbers: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))


def start(store: Store, site: str, *, reason: str, who: Principal, cmd: str, beyond: Beyond | None = None) -> dict[str, Any]:
    """Begin the next epoch at a site; `beyond` tells what is known from elsewhere of a branch that this copy lacks.
    Answers `{epoch, continues_after, jump: {series: last number counted as used}}`."""
    if reason not in REASONS:
        raise invalid("/reason", "unknown_reason", f"one of {', '.join(REASONS)}")
    return store.write(site, lambda repository: _start(repository, site, reason, who, cmd, beyond or Beyond()))


def take_over(store: Store, who: Principal, known_until: int = 0) -> dict[str, dict[str, Any]]:
    """A standby that has heard the server until an instant (Unix ms) begins the next epoch at every site it holds. Site → what
    `start` answers."""
    done = {}
    for site in store.sites():
        done[site] = start(
            store, site, reason="promoted", who=who, cmd=f"job:promote:{store.position(site)[0] + 1}", beyond=Beyond(until=known_until)
        )
    return done


def _start(repository: Repository, site: str, reason: str, who: Principal, cmd: str, beyond: Beyond) -> dict[str, Any]:
    row = repository.lock_site(site)
    if row is None:
        raise Refusal("not_found", what="site")
    heard = max((each["epoch"] for each in repository.epochs(site)), default=0)  # also of one that fenced this copy
    epoch, continues_after, known_until = max(row["epoch"], heard, beyond.epoch) + 1, row["seq"], max(row["last_at"], beyond.until)
    # The epoch first: if midnight has passed, even the close of the old day is ours and not the old server's.
    repository.start_epoch(
        {"site": site, "epoch": epoch, "continues_after": continues_after, "started_at": repository.now_ms, "reason": reason}
    )
    unit = begin(repository, site, cmd, who)
    leases = repository.leases_before(site, "9999-12-31")  # every live one: none is of this epoch yet
    jumped, reserved = _jump(unit, reason, known_until, beyond)
    body = {"epoch": epoch, "continues_after": continues_after, "reason": reason, "jump": jumped, "reserved": reserved}
    unit.event("site.epoch_started", f"site:{site}", body)
    for lease in leases:
        repository.burn_lease(lease["id"])
        unit.event("lease.burnt", f"lease:{lease['id']}", {"series": lease["series"], "reason": reason})
    unit.finish()
    return body


def _jump(unit: Unit, reason: str, known_until: int, beyond: Beyond) -> tuple[dict[str, int], dict[str, int]]:
    """Move every series of today past what may be on paper, and the reserve band past what may have been leased."""
    lost_h = _lost_hours(unit, known_until)
    jumped, reserved = {}, {}
    for series in sorted({service.series for service in unit.config.services.values()}):
        row = unit.repository.series(unit.site, unit.business_day, series)
        highest = max(row["last_number"], beyond.numbers.get(unit.business_day, {}).get(series, 0))
        jumped[series] = numbering.jump(highest, lost_h)
        unit.repository.set_last_number(unit.site, unit.business_day, series, jumped[series])
        reserved[series] = numbering.RESERVE_LAST if reason == "restored" else numbering.jump_reserved(row["last_reserved"])
        unit.repository.set_last_number(unit.site, unit.business_day, series, reserved[series], reserved=True)
    return jumped, reserved


def _lost_hours(unit: Unit, known_until: int) -> int:
    """Whole hours of today in which numbers may have been given that this copy does not know of."""
    offset = unit.config.utc_offset_min
    hours = [unit.config.calendar_of(code).windows(unit.business_day) for code in unit.config.services]
    first_min = min((windows[0][0] for windows in hours if windows), default=0)
    doors = calendar.midnight_ms(unit.business_day, offset) + max(0, first_min - COMES_EARLY_MIN) * calendar.MINUTE_MS
    return int(max(0, unit.now_ms - max(known_until, doors)) // HOUR_MS)

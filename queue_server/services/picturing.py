"""The picture of a hall that the estimate is made from: who waits in calling order, which desks are staffed, when the doors are open.

Reading only, each list by an index of its own and with a bound; what follows from the picture is `queue_server.estimating`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.counter import Counter
from queue_server.estimating.scene import CLOSED, OPEN, PAUSED, Busy, Desk, InLine, Scene, ServiceModel

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

LINE_MOST = 600  # whoever stands further back is told by the plain rule
DOUBTED_P = 0.1  # by what is known, nobody holds this number
WEIGHT_S = 60  # credits below a minute move nobody past anybody


def picture(reader: Reader, site: str, config: SiteConfig, now: int) -> Scene:
    """The hall at this moment. What was learned of visits and counters is put in by `estimating`; until then a visit is taken to last
    as long as the gap that is configured, which is right where one counter serves."""
    there = {row["counter"]: row for row in reader.at_desks(site)}
    desks = [_desk(each, there.get(each.code)) for each in reader.counters(site) if each.state != "closed"]
    return Scene(
        now_ms=now,
        services={code: ServiceModel(float(service.prior_gap_s)) for code, service in config.services.items()},
        desks=desks,
        line=[_in_line(reader, row) for row in reader.line(site, LINE_MOST)],
        spans=spans(config, now),
        credit_ms=1000 * max((each.credit_s for each in config.priority_classes.values()), default=config.policy.appointment_credit_s),
        priors_s={code: service.prior_gap_s for code, service in config.services.items()},
    )


def _desk(desk: Counter, row: Row | None) -> Desk:
    """A counter that is in use. Paperwork is time at the desk like a visit's; a clerk who works at another desk is not at this one."""
    busy = None
    if row is not None:
        busy = Busy(row["service"], row["serving_at"] or row["last_called_at"] or 0, row["quantity"])
    elif desk.state == "wrapping_up" and desk.services:
        busy = Busy(desk.services[0], desk.since or 0)
    state = CLOSED if desk.inactive else PAUSED if desk.state == "paused" else OPEN
    paused_since = desk.since if state == PAUSED else None
    return Desk(desk.code, state, desk.services, freed_at_ms=desk.freed_at or desk.since, busy=busy, paused_since_ms=paused_since)


def _in_line(reader: Reader, row: Row) -> InLine:
    return InLine(
        ticket=row["id"],
        service=row["service"],
        effective_at_ms=row["effective_at"],
        available_from_ms=row["available_from"],
        quantity=max(1, row["quantity"]),
        privileged=sum(reader.credits_of(row).values()) > WEIGHT_S,
        counter=row["for_counter"],
        presence_p=DOUBTED_P if row["doubt"] else 1.0,
    )


def spans(config: SiteConfig, now: int) -> dict[str, tuple[tuple[int, int], ...]]:
    """Today's opening hours of every service that has any."""
    day, offset = calendar.business_day(now, config.utc_offset_min), config.utc_offset_min
    return {
        code: tuple(calendar.spans(config.calendar_of(code), day, offset))
        for code, service in config.services.items()
        if service.calendar or service.absent or service.until
    }

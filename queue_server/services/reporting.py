"""The day report: one reading of everything a director is told of a business day, and the outbox it leaves the house by.

No figure is made here. Figures and outages are `figures`', the unusual `outliers`', the course `day_course`'s; what could
have been done online is `domain.online`'s. The outbox is the log: a report that is wanted and was not sent is wanted still after
any number of restarts.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, online
from queue_server.domain.principal import SYSTEM
from queue_server.services import day_course, outliers, queries
from queue_server.services.closing import begin
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

WANTED, TOLD = "report.wanted", "report.told"
LATELY_MS = 3 * 86_400_000  # a day that closed longer ago is not sent on its own, but when its sending had begun
KEPT_DAYS = 31  # how long one that could not be sent is tried


def of_day(reader: Reader, site: str, day: str, *, now: int) -> dict[str, Any]:
    """Everything the report of a day says, as plain values with units in their names."""
    row, config = queries.house(reader, site)
    tickets = reader.tickets_of_day(site, day)
    figures = queries.day_figures(reader, site, day, now=now)
    return {
        "site": site,
        "site_name": config.name,
        "kind": row["kind"],
        "date": day,
        "made_at": moment(now),
        "late_s": config.policy.long_wait_alarm_s,
        "names": {
            "services": {code: each.name for code, each in config.services.items()},
            "counters": {code: each.name for code, each in config.counters.items()},
            "systems": {code: each.name for code, each in config.outage_systems.items()},
        },
        "figures": figures,
        "course": day_course.of_day(reader, site, day, figures, now=now),
        "online": online.chances(tickets, config.online),
        "outages": figures.get("outages", {}),
        "outliers": outliers.of_day(reader, site, date=day, now=now)["outliers"],
    }


# ---------------------------------------------------------------- the outbox
def due(reader: Reader, site: str, way: str, *, now: int) -> list[tuple[str, bool]]:
    """The days whose report this way has still to carry, oldest first, each with whether the log says so already. A way that was
    set up today does not send the days before: only those that closed lately are wanted without a word in the log."""
    today = _today(reader, site, now)
    closed = reader.closings(site, _back(today, KEPT_DAYS), today)
    found = []
    for day in sorted(closed):
        rows = [row for row in reader.events_of(site, f"report:{day}") if row.data["way"] == way]
        wanted = any(row.type == WANTED for row in rows)
        if not any(row.type == TOLD for row in rows) and (wanted or _closed_at(reader, site, closed[day]) >= now - LATELY_MS):
            found.append((day, wanted))
    return found


def _closed_at(reader: Reader, site: str, seq: int) -> int:
    return reader.events_after(site, seq - 1, 1)[0].at


def want(store: Store, site: str, day: str, way: str) -> None:
    """Into the outbox: from now on a report is owed, whatever becomes of this process or of the mail server."""
    _note(store, site, day, WANTED, {"day": day, "way": way})


def told(store: Store, site: str, day: str, way: str, *, outcome: str, tries: int, version: int, digest: str) -> None:
    """Out of the outbox: `sent`, or `given_up` after a month; with what exactly was sent."""
    _note(store, site, day, TOLD, {"day": day, "way": way, "outcome": outcome, "tries": tries, "version": version, "digest": digest})


def _note(store: Store, site: str, day: str, kind: str, data: dict[str, Any]) -> None:
    def write(repository: Repository) -> None:
        unit = begin(repository, site, "job:report", SYSTEM)
        if not any(row.type == kind and row.data["way"] == data["way"] for row in repository.events_of(site, f"report:{day}")):
            unit.event(kind, f"report:{day}", data)
        unit.finish()

    store.write(site, write)


def old(day: str, now: int, offset_min: int) -> bool:
    """Whether a report has been tried for as long as it is worth: the next look no longer finds it."""
    return day <= _back(calendar.business_day(now, offset_min), KEPT_DAYS)


def _today(reader: Reader, site: str, now: int) -> str:
    return calendar.business_day(now, queries.house(reader, site)[1].utc_offset_min)


def _back(day: str, days: int) -> str:
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()

"""Open data: how long people waited, by service and half hour of days that are over, without anybody in it who could be told apart.

The rule that puts small groups together is `domain.suppression`'s. Only closed days are published: a figure that grows while one
looks at it would tell of one person at a time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, metrics, suppression
from queue_server.domain.config import SiteConfig
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.visit import Ticket
from queue_server.services.open_places import LISTED
from queue_server.services.queries import house

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

HALF_HOUR_MS = 30 * 60_000
DAYS, MOST_DAYS = 7, 31
KEPT_MS = 10 * 60_000  # a correction of a day that is over shows after this time at the latest
COLUMNS = (
    "site",
    "site_name",
    "kind",
    "date",
    "service",
    "service_name",
    "from",
    "to",
    "people",
    "wait_mean_s",
    "wait_median_s",
    "wait_p90_s",
)
NOTES = (
    "Thoi gian cho tai trung tam phuc vu hanh chinh cong - du lieu mo, khong co thong tin ca nhan / Waits, anonymous open data",
    "one row: people of one service who could first be called from `from` to `to` (local time, +07:00) and were called; by steps of visits",
    "people: how many; half hours with fewer than 5 are put together with the next ones, a service with fewer than 5 on a day is left out",
    "wait_mean_s, wait_median_s: first call minus the time from which the person could be called, rounded to whole minutes, in seconds",
    "wait_p90_s: 90 of 100 waited no longer (nearest rank), rounded up to whole minutes; empty below 20 people",
    "left out: waits told afterwards, visits declared void, people who were never called; kind demo: invented people",
)


def waits_csv(reader: Reader, *, site: str | None, first: str | None, last: str | None, now: int) -> str:
    """The table of the asked days, of one site or of all that are listed. Days not yet over are not in it."""
    rows = [row for row in reader.sites() if row["kind"] in LISTED and site in (None, row["code"])]
    if not rows:
        raise Refusal("not_found", what="site")
    out = io.StringIO()
    for line in NOTES:
        out.write(f"# {line}\r\n")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        _, config = house(reader, row["code"])
        for day in _days(first, last, now, config.utc_offset_min):
            writer.writerows(_kept_day(reader, row["code"], row["kind"], config, day, now))
    return out.getvalue()


def _days(first: str | None, last: str | None, now: int, offset_min: int) -> list[str]:
    """The days asked for that are over; the last seven where none were named."""
    yesterday = date.fromisoformat(calendar.business_day(now, offset_min)) - timedelta(days=1)
    end = min(_date(last, "?to"), yesterday) if last else yesterday
    begin = _date(first, "?from") if first else end - timedelta(days=DAYS - 1)
    if (end - begin).days >= MOST_DAYS:
        raise invalid("?from", "out_of_range", f"at most {MOST_DAYS} days at a time")
    return [(begin + timedelta(days=n)).isoformat() for n in range((end - begin).days + 1)]


def _date(text: str, pointer: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise invalid(pointer, "bad_date", "a date such as 2026-11-23") from None
    if not 2000 <= found.year <= 2200:
        raise invalid(pointer, "bad_date", "a date such as 2026-11-23")
    return found


def _kept_day(reader: Reader, site: str, kind: str, config: SiteConfig, day: str, now: int) -> list[list[Any]]:
    """A day's rows, reckoned at most every ten minutes: anybody may ask."""
    place, slot = ("open-data", site, day), now // KEPT_MS
    kept: tuple[int, list[list[Any]]] | None = reader.memo.get(place)
    if kept is not None and kept[0] == slot:
        return kept[1]
    rows = list(day_rows(reader.tickets_of_day(site, day), site, kind, config, day))
    reader.memo[place] = (slot, rows)
    return rows


def day_rows(tickets: Iterable[Ticket], site: str, kind: str, config: SiteConfig, day: str) -> Iterable[list[Any]]:
    """A day of one site: the rows of each service, in the order of the configuration."""
    midnight = calendar.midnight_ms(day, config.utc_offset_min)
    cells: dict[str, list[list[int]]] = {}
    for each in tickets:
        for step in () if each.voided else each.steps:
            slot = (step.available_from - midnight) // HALF_HOUR_MS
            if step.wait_ms is not None and not step.entered_late and 0 <= slot < 48:
                cells.setdefault(step.service, [[] for _ in range(48)])[slot].append(step.wait_ms)
    for service in config.services.values():
        waits = cells.get(service.code, [])
        for begin, end in suppression.grouped([len(cell) for cell in waits]):
            found = [wait for cell in waits[begin:end] for wait in cell]
            yield [site, config.name, kind, day, service.code, service.name, _clock(begin), _clock(end), len(found), *_waited(found)]


def _clock(half_hour: int) -> str:
    return f"{half_hour // 2:02d}:{half_hour % 2 * 30:02d}"


def _waited(waits: Sequence[int]) -> tuple[int, int, int | None]:
    spread = metrics.Spread()
    for wait_ms in waits:
        spread.add(wait_ms)
    mean_s, median_s, p90_s = spread.sum_ms / spread.n / 1000, spread.percentile(50) or 0, spread.percentile(90) or 0
    return _minutes(mean_s), _minutes(median_s), -(-p90_s // 60) * 60 if len(waits) >= suppression.LEAST_FOR_TAIL else None


def _minutes(seconds: float) -> int:
    return int((seconds + 30) // 60) * 60

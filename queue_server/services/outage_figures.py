"""What outages cost: how long each system was out, and which visits and waits stood under it. For a day's figures and a month's export.

The rule is `domain.outages`'s; here it is fed with a site's rows. Waits under an outage stay in the means: they happened. They
are counted once more here, so that a reader can say how much of a bad day was somebody else's system.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.errors import Refusal
from queue_server.domain.outages import Mark, Span, Touched, Wait, touched, union
from queue_server.domain.visit import Ticket
from queue_server.services import outages
from queue_server.services.unit import Configs
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

DEFINITIONS = {
    "outages": "marks of outside systems that did not answer; two marks of one system over the same minute are one minute",
    "outages.out_s": "seconds of the day during which the system was marked as out",
    "outages.out_open_s": "those of them in which any service was open",
    "outages.visits": "tickets of the day with a step that waited, for any part of its wait, under an outage of what its service needs",
    "outages.wait": "the waits of those steps, in full, by the same rule as wait; they are in wait too",
}
COLUMNS = (
    "row", "site", "month", "system", "name", "started_at", "ended_at", "out_min", "out_open_min", "visits", "waits", "wait_n",
    "wait_sum_s", "wait_mean_s", "wait_elsewhere_n", "wait_elsewhere_mean_s", "ended_how", "corrected", "note",
)  # fmt: skip
ANY = "*"


def of_day(reader: Reader, site: str, config: SiteConfig, day: str, *, service: str | None = None, now: int) -> dict[str, Any]:
    """The outages of a business day: of each system, and of all together under `*`. Empty where there was none. With `service` the
    waits of that service alone."""
    from_ms = calendar.midnight_ms(day, config.utc_offset_min)
    to_ms = from_ms + calendar.DAY_MS
    marks = [outages.mark_of(row) for row in reader.outages(site, from_ms, to_ms)]
    if not marks:
        return {}
    waits = [wait for wait in waits_of(reader.tickets_of_day(site, day), now) if service in (None, wait.service)]
    found = _touched(waits, marks, config, now)
    spans = _spans(marks, from_ms, min(to_ms, now), now)
    return {system: _figures(spans[system], touch, config) for system, touch in found.items()}


def waits_of(tickets: Iterable[Ticket], now: int) -> Iterable[Wait]:
    """Every step's wait, also one that no call has ended; `counted` where it stands in the mean of waits."""
    for each in tickets:
        for step in each.steps:
            ended = step.first_called_at or step.ended_at or each.ended_at or now
            counted = step.wait_ms is not None and not step.entered_late and not each.voided
            yield Wait(each.id, step.service, step.available_from, max(step.available_from, ended), counted)


def _touched(waits: Sequence[Wait], marks: Sequence[Mark], config: SiteConfig, now: int) -> dict[str, Touched]:
    needs = {each.code: each.depends_on for each in config.services.values()}
    found = touched(waits, marks, needs, now)
    # Every mark under one name: a wait under two systems at once is one wait.
    chosen = {each: [mark for mark in marks if mark.touches(each, needs.get(each, ()))] for each in {wait.service for wait in waits}}
    one = [Mark(ANY, mark.started_at, mark.ended_at, (service,)) for service, its in chosen.items() for mark in its]
    return dict(sorted(found.items())) | {ANY: touched(waits, one, {}, now).get(ANY, Touched())}


def _spans(marks: Iterable[Mark], from_ms: int, to_ms: int, now: int) -> dict[str, list[Span]]:
    by_system: dict[str, list[Span]] = {ANY: []}
    for mark in marks:
        span = (max(from_ms, mark.started_at), min(to_ms, now if mark.ended_at is None else mark.ended_at))
        by_system.setdefault(mark.system, []).append(span)
        by_system[ANY].append(span)
    return {system: union(spans) for system, spans in by_system.items()}


def _figures(spans: Sequence[Span], touch: Touched, config: SiteConfig) -> dict[str, Any]:
    n, sum_ms = touch.n, touch.sum_ms
    return {
        "out_s": sum(end - begin for begin, end in spans) // 1000,
        "out_open_s": _open_ms(spans, config) // 1000,
        "visits": len(touch.visits),
        "waits": touch.waits,
        "wait": {"n": n, "sum_ms": sum_ms, "mean_s": _mean_s(n, sum_ms)},
    }


def _mean_s(n: int, sum_ms: int) -> int | None:
    return (sum_ms + 500 * n) // (1000 * n) if n else None


def _open_ms(spans: Iterable[Span], config: SiteConfig) -> int:
    """How much of these spans any service was open."""
    offset, total = config.utc_offset_min, 0
    for begin, end in spans:
        day, last = calendar.midnight_ms(calendar.business_day(begin, offset), offset), end
        opened: list[Span] = []
        while day < last:
            date = calendar.business_day(day, offset)
            for code in config.services:
                opened += [(max(begin, a), min(end, b)) for a, b in calendar.spans(config.calendar_of(code), date, offset)]
            day += calendar.DAY_MS
        total += sum(b - a for a, b in union(opened))
    return total


# ---------------------------------------------------------------- a month, for whoever answers for the system
def month(reader: Reader, site: str, month_: str, *, now: int) -> dict[str, Any]:
    """A month's outages, each with what stood under it, and a total per system."""
    row = reader.site(site)
    if row is None:
        raise Refusal("not_found", what="site")
    config = Configs.of(reader, row)
    from_ms, to_ms = outages.month_of(month_, config.utc_offset_min)
    rows = reader.outages(site, from_ms, to_ms)
    waits = _waits_between(reader, site, config, from_ms, min(to_ms, now), now) if rows else []
    listed = [_row(row, waits, config, (from_ms, min(to_ms, now)), now) for row in rows]
    by_system = [_total(system, rows, waits, config, (from_ms, min(to_ms, now)), now) for system in sorted({row["system"] for row in rows})]
    return {"site": site, "month": month_, "outages": listed, "systems": by_system}


def _waits_between(reader: Reader, site: str, config: SiteConfig, from_ms: int, to_ms: int, now: int) -> list[Wait]:
    found: list[Wait] = []
    for at in range(from_ms, to_ms, calendar.DAY_MS):
        day = calendar.business_day(at, config.utc_offset_min)
        if reader.outages(site, at, at + calendar.DAY_MS):  # other days' waits stood under none
            found += waits_of(reader.tickets_of_day(site, day), now)
    return found


def _row(row: Any, waits: Sequence[Wait], config: SiteConfig, bounds: Span, now: int) -> dict[str, Any]:
    mark = outages.mark_of(row)
    known = config.outage_systems.get(mark.system)
    return {
        "system": mark.system, "name": known.name if known else mark.system, "id": row["id"],
        "started_at": moment(mark.started_at), "ended_at": moment(mark.ended_at), "ended_how": row["ended_how"],
        "corrected": row["corrected_at"] is not None, "note": row["note"], **_cost([mark], waits, config, bounds, now),
    }  # fmt: skip


def _total(system: str, rows: Iterable[Any], waits: Sequence[Wait], config: SiteConfig, bounds: Span, now: int) -> dict[str, Any]:
    marks = [outages.mark_of(row) for row in rows if row["system"] == system]
    known = config.outage_systems.get(system)
    return {"system": system, "name": known.name if known else system, "n": len(marks), **_cost(marks, waits, config, bounds, now)}


def _cost(marks: Sequence[Mark], waits: Sequence[Wait], config: SiteConfig, bounds: Span, now: int) -> dict[str, Any]:
    """Of marks of one system: its minutes, what stood under it, and the same services' waits of those days that did not."""
    system = marks[0].system
    needs = {each.code: each.depends_on for each in config.services.values()}
    touch = touched(waits, marks, needs, now)[system]
    spans = _spans(marks, *bounds, now)[system]
    needing = [w for w in waits if w.counted and any(mark.touches(w.service, needs.get(w.service, ())) for mark in marks)]
    rest_n, rest_ms = len(needing) - touch.n, sum(w.to_ms - w.from_ms for w in needing) - touch.sum_ms
    return _figures(spans, touch, config) | {"elsewhere": {"n": rest_n, "sum_ms": rest_ms, "mean_s": _mean_s(rest_n, rest_ms)}}


def table(found: dict[str, Any]) -> list[list[Any]]:
    """A month as rows under `COLUMNS`: each outage, then a total per system. Minutes are rounded down, seconds whole."""
    rows = []
    for kind, each in (*(("outage", one) for one in found["outages"]), *(("total", one) for one in found["systems"])):
        wait, rest = each["wait"], each["elsewhere"]
        rows.append([
            kind, found["site"], found["month"], each["system"], each["name"], each.get("started_at"), each.get("ended_at"),
            each["out_s"] // 60, each["out_open_s"] // 60, each["visits"], each["waits"], wait["n"], wait["sum_ms"] // 1000,
            wait["mean_s"], rest["n"], rest["mean_s"], each.get("ended_how"), "yes" if each.get("corrected") else "", each.get("note"),
        ])  # fmt: skip
    return rows


def as_csv(found: dict[str, Any]) -> str:
    """The table as CSV (RFC 4180, with a byte order mark, which spreadsheets need for Vietnamese)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_plain(cell) for cell in row] for row in table(found))
    return f"\ufeff{out.getvalue()}"


def _plain(cell: Any) -> Any:
    """A note that begins like a formula is text: a spreadsheet must not reckon what somebody typed."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{cell}"
    return "" if cell is None else cell

"""Outages of outside systems: marked by whoever sees them first, ended by whoever sees that it works again, corrected afterwards.

Two people who press the same button made one outage. Nothing here ever stops a number from being given. What stood under an
outage is `domain.outages`'s rule; figures and the export are `outage_figures`'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from queue_server.contract import times
from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.outages import Mark
from queue_server.services.unit import Unit
from queue_server.services.views import moment, seconds

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row


# ---------------------------------------------------------------- marking
def start(unit: Unit, *, system: str, note: str | None = None, services: Sequence[str] = ()) -> dict[str, Any]:
    """A system does not answer. Where its outage is marked already, that one is answered with."""
    if system not in unit.config.outage_systems:
        raise invalid("/system", "unknown_system", f"one of {', '.join(unit.config.outage_systems) or 'none: see outage_systems'}")
    for n, service in enumerate(services):
        unit.config.known_service(service, f"/services/{n}")
    running = _running(unit, system)
    if running is not None:
        return _json(running, unit.config, unit.now_ms)
    made = unit.new_id()
    data = {"outage": made, "system": system, "note": note, "services": list(services), "started_at": unit.now_ms}
    unit.event("outage.started", f"outage:{made}", data)
    return _answer(unit, made)


def end(unit: Unit, named: str) -> dict[str, Any]:
    """It works again. `named` is an outage's id, or a system's code for the one that goes on. Ended already: as it stands."""
    row = _known(unit, named)
    if row["ended_at"] is None:
        _end(unit, row, unit.now_ms, "said")
    return _answer(unit, row["id"])


def end_with_day(unit: Unit, day: str) -> None:
    """Nobody said that these were over: they end with the day they were marked on, and it is written that nobody said so."""
    midnight = calendar.midnight_ms(day, unit.config.utc_offset_min) + calendar.DAY_MS
    for row in unit.repository.running_outages(unit.site):
        _end(unit, row, max(row["started_at"], min(midnight, unit.now_ms)), "day_close")


def correct(
    unit: Unit, named: str, *, started_at: int | None = None, ended_at: int | None = None, withdrawn: bool | None = None, reason: str
) -> dict[str, Any]:
    """Its times as somebody found out afterwards, or that there was none. What was said before stays in the log."""
    row = _known(unit, named)
    began = row["started_at"] if started_at is None else started_at
    ended = row["ended_at"] if ended_at is None else ended_at
    gone = bool(row["withdrawn"]) if withdrawn is None else withdrawn
    _check_times(unit, began, ended)
    if gone and ended is None:
        ended = max(began, unit.now_ms)
    how = "said" if ended_at is not None or (gone and row["ended_how"] is None) else row["ended_how"]
    if (began, ended, gone, how) != (row["started_at"], row["ended_at"], bool(row["withdrawn"]), row["ended_how"]):
        data = {
            "outage": row["id"], "system": row["system"], "started_at": began, "ended_at": ended, "how": how, "withdrawn": gone,
            "reason": reason,
        }  # fmt: skip
        unit.event("outage.corrected", f"outage:{row['id']}", data)
    return _answer(unit, row["id"])


def _check_times(unit: Unit, began: int, ended: int | None) -> None:
    if began > unit.now_ms:
        raise invalid("/started_at", "out_of_range", "an instant that has passed")
    if ended is not None and not began <= ended <= unit.now_ms:
        raise invalid("/ended_at", "out_of_range", "not before its beginning, and not after now")


def _end(unit: Unit, row: Row, ended_at: int, how: str) -> None:
    data = {"outage": row["id"], "system": row["system"], "ended_at": ended_at, "how": how}
    unit.event("outage.ended", f"outage:{row['id']}", data)


def _running(unit: Unit, system: str) -> Row | None:
    return next((row for row in unit.repository.running_outages(unit.site) if row["system"] == system), None)


def _known(unit: Unit, named: str) -> Row:
    row = _running(unit, named) or unit.repository.outage(unit.site, named)
    if row is None:
        raise Refusal("not_found", what="outage")
    return row


def _answer(unit: Unit, outage: str) -> dict[str, Any]:
    row = unit.repository.outage(unit.site, outage)
    assert row is not None
    return _json(row, unit.config, unit.now_ms)


# ---------------------------------------------------------------- looking
def mark_of(row: Row) -> Mark:
    """The rule's value of a stored row."""
    return Mark(row["system"], row["started_at"], row["ended_at"], tuple(json.loads(row["services"])))


def standing(reader: Reader, site: str, config: SiteConfig) -> list[dict[str, Any]]:
    """What is out now, for screens of citizens: the system's name, since when, and the services that wait for it. No actor."""
    found = []
    for row in reader.running_outages(site):
        mark = mark_of(row)
        served = [each.code for each in config.services.values() if mark.touches(each.code, each.depends_on)]
        found.append({"system": row["system"], "name": _name(row, config), "since": moment(row["started_at"]), "services": served})
    return found


def listed(reader: Reader, site: str, config: SiteConfig, *, from_ms: int, to_ms: int, now: int) -> dict[str, Any]:
    """The systems with what is out of them now, and the outages of a time, newest first."""
    running = {row["system"]: row for row in reader.running_outages(site)}
    # A system that is out and was taken from the configuration meanwhile still has a button that ends it.
    known = {code: each.name for code, each in config.outage_systems.items()} | {c: c for c in running if c not in config.outage_systems}
    systems = [{"code": code, "name": name, "running": _maybe(running.get(code), config, now)} for code, name in known.items()]
    rows = reader.outages(site, from_ms, to_ms)
    return {"site": site, "systems": systems, "outages": [_json(row, config, now) for row in reversed(rows)]}


def _maybe(row: Row | None, config: SiteConfig, now: int) -> dict[str, Any] | None:
    return None if row is None else _json(row, config, now)


def _name(row: Row, config: SiteConfig) -> str:
    known = config.outage_systems.get(row["system"])
    return known.name if known else str(row["system"])


def _json(row: Row, config: SiteConfig, now: int) -> dict[str, Any]:
    """An outage as the contract has it."""
    ended_at = row["ended_at"]
    return {
        "id": row["id"], "system": row["system"], "name": _name(row, config), "running": ended_at is None,
        "started_at": moment(row["started_at"]), "ended_at": moment(ended_at), "marked_at": moment(row["marked_at"]),
        "lasted_s": seconds((now if ended_at is None else ended_at) - row["started_at"]), "started_by": row["started_by"],
        "ended_by": row["ended_by"], "ended_how": row["ended_how"], "note": row["note"], "services": json.loads(row["services"]),
        "corrected_at": moment(row["corrected_at"]), "corrected_by": row["corrected_by"], "withdrawn": bool(row["withdrawn"]),
    }  # fmt: skip


def month_of(month: str, offset_min: int) -> tuple[int, int]:
    """The instants at which a month `YYYY-MM` begins and ends."""
    year, number = (int(part) for part in month.split("-"))
    after = f"{year + number // 12:04d}-{number % 12 + 1:02d}"
    return calendar.midnight_ms(f"{month}-01", offset_min), calendar.midnight_ms(f"{after}-01", offset_min)


def month_now(now: int) -> str:
    """This month, `YYYY-MM`."""
    return times.encode(now)[:7]

"""Alerts of a site: the facts as the database has them, what the rules make of them, and the events that follow.

What a rule is stands in `domain.alerting`; whom an alert is told to, and how, is the web layer's. Every process that serves
judges for itself; an alert that stands already is not raised twice, whoever comes first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from queue_server.domain import alerting as rules
from queue_server.domain import calendar
from queue_server.domain.alerting import Device, Facts, Finding, Key, Limits, Memory, Waiting
from queue_server.domain.calendar import Calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.principal import SYSTEM
from queue_server.services.closing import begin
from queue_server.services.queries import house
from queue_server.services.unit import Unit
from queue_server.services.views import moment, seconds

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

LIVES_MS = 60_000  # how often it says so: a card wears by being written
AWAY_MS = 150_000  # no word of itself for so long: this server was not there
SETTLED_MS = 86_400_000  # what nobody could be told within a day is told no more
MOST = 500
AWAY_STATES = ("suspended", "revoked", "lost")


@dataclass(slots=True)
class Watch:
    """What one process remembers of a site between two looks."""

    up_since_ms: int
    memory: Memory = field(default_factory=Memory)


def centre_calendars(config: SiteConfig) -> tuple[Calendar, ...]:
    """When the centre is open: whenever one of the calendars is that its services name; always, where none names one."""
    named = {each.calendar for each in config.services.values() if each.calendar is not None}
    return tuple(config.calendars[name] for name in sorted(named)) or (Calendar(),)


def facts(reader: Reader, site: str, *, now: int, up_since: int, backup: int | None, certificates: Mapping[str, int]) -> Facts:
    """A centre as the rules see it. Devices that were shut out or given up are nobody's trouble any more."""
    config = house(reader, site)[1]
    gone = {each["device"] for each in reader.all_enrolled(site) if each["state"] in AWAY_STATES}
    devices = tuple(
        Device(each["device"], each["role"], each["last_seen_at"] or 0, json.loads(each["report"]))
        for each in reader.devices(site)
        if each["device"] not in gone
    )
    oldest: dict[str, Waiting] = {}
    for each in reader.waiting_summary(site):
        one = Waiting(each["service"], each["n"], each["oldest"] or now)
        before = oldest.get(one.service)
        oldest[one.service] = (
            one if before is None else Waiting(one.service, one.count + before.count, min(one.oldest_ms, before.oldest_ms))
        )
    is_open = any(calendar.is_open(each, now, config.utc_offset_min) for each in centre_calendars(config))
    return Facts(now, is_open, up_since, devices, tuple(oldest.values()), backup, certificates)


def look(store: Store, site: str, watch: Watch, limits: Limits, *, now: int, backup: int | None, certificates: Mapping[str, int]) -> None:
    """Judge a site once; write what is raised and what is cleared."""
    with store.read() as reader:
        seen = facts(reader, site, now=now, up_since=watch.up_since_ms, backup=backup, certificates=certificates)
        standing = [(row["rule"], row["subject"]) for row in reader.open_alerts(site)]
    result = rules.step(watch.memory, standing, rules.judge(seen, limits), now)
    watch.memory = result.memory
    if result.raised or result.cleared:
        store.write(site, lambda repository: _write(repository, site, result.raised, result.cleared))


def _write(repository: Repository, site: str, raised: tuple[Finding, ...], cleared: tuple[Key, ...]) -> None:
    unit = begin(repository, site, "job:alerts", SYSTEM)
    standing = {(row["rule"], row["subject"]): row["id"] for row in repository.open_alerts(site)}
    for each in raised:
        if each.key not in standing:
            _raise(unit, each.rule, each.subject, rules.RULES[each.rule].severity, each.since_ms, dict(each.detail))
    for key in cleared:
        if key in standing:
            _clear(unit, standing[key], *key)
    unit.finish()


def _raise(unit: Unit, rule: str, subject: str, severity: str, since: int, detail: dict[str, Any]) -> str:
    alert = unit.new_id()
    data = {"alert": alert, "rule": rule, "subject": subject, "severity": severity, "since": since, "detail": detail}
    unit.event("alert.raised", f"alert:{alert}", data)
    return alert


def _clear(unit: Unit, alert: str, rule: str, subject: str) -> None:
    unit.event("alert.cleared", f"alert:{alert}", {"alert": alert, "rule": rule, "subject": subject})


# ---------------------------------------------------------------- this server's own life
def lives(store: Store, site: str, *, now: int, first: bool) -> None:
    """Say that this server serves. At a start (`first`) the time it was away is told, over as soon as it is raised."""

    with store.read() as reader:
        alive = reader.alive_at(site)
    if not first and alive is not None and 0 <= now - alive < LIVES_MS:
        return

    def write(repository: Repository) -> None:
        before = repository.alive_at(site)
        if first and before is not None and now - before > AWAY_MS:
            unit = begin(repository, site, "job:alerts", SYSTEM)
            alert = _raise(unit, rules.SERVER_DOWN, "server", rules.URGENT, before, {"away_s": (now - before) // 1000})
            _clear(unit, alert, rules.SERVER_DOWN, "server")
            unit.finish()
        repository.lives(site, now)

    store.write(site, write)


# ---------------------------------------------------------------- whom it was told to
def untold(reader: Reader, site: str, way: str, *, now: int) -> list[tuple[str, dict[str, Any]]]:
    """What this way (webhook, mail) has still to tell: `(raised | cleared, alert)`, oldest first."""
    found: dict[str, Any] = {row["id"]: row for row in reader.alerts_since(site, now - SETTLED_MS, MOST)}
    due: list[tuple[str, dict[str, Any]]] = []
    for row in found.values():
        told = json.loads(row["told"])
        for what in ("raised", "cleared"):
            if f"{what}:{way}" not in told and (what == "raised" or row["cleared_at"] is not None):
                due.append((what, view(row, now)))
    return due


def told(store: Store, site: str, alert: str, *, what: str, way: str, outcome: str, tries: int) -> None:
    """Note in the log whom an alert was told to: `sent`, `given_up`, or `not_wanted` by the way's own rules."""

    def write(repository: Repository) -> None:
        unit = begin(repository, site, "job:alerts", SYSTEM)
        unit.event("alert.told", f"alert:{alert}", {"alert": alert, "what": what, "way": way, "outcome": outcome, "tries": tries})
        unit.finish()

    store.write(site, write)


# ---------------------------------------------------------------- reading
def view(row: Mapping[str, Any], now: int) -> dict[str, Any]:
    """One alert as the API tells it."""
    return {
        "id": row["id"],
        "rule": row["rule"],
        "subject": row["subject"],
        "severity": row["severity"],
        "detail": json.loads(row["detail"]),
        "since": moment(row["since"]),
        "raised_at": moment(row["raised_at"]),
        "cleared_at": moment(row["cleared_at"]),
        "age_s": seconds(now - row["raised_at"]),
    }


def standing(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """What stands, the urgent first, then the oldest."""
    found = [view(row, now) for row in reader.open_alerts(site)]
    return {"alerts": sorted(found, key=lambda each: (each["severity"] != rules.URGENT, -each["age_s"]))}

"""Looking at the hall: help calls, lights of the machines, slips wanted at a kiosk, a lost number. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.services import fleet, queries
from queue_server.services.views import moment, seconds, ticket_json

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

GIVEN_OUT_MS = 120_000  # a slip that its kiosk has not fetched by then comes too late: its person stands somewhere else
MOST_NEAR = 20
LIGHTS = ("kiosk", "board", "keypad")


# ---------------------------------------------------------------- as the contract has them
def call_json(row: Row, config: SiteConfig, now_ms: int) -> dict[str, Any]:
    """A help call. `kind` alarm is a counter's silent alarm: shown, never rung aloud."""
    spec = config.counters.get(row["place"])
    return {
        "id": row["id"],
        "kind": row["kind"],
        "place": row["place"],
        "place_name": spec.name if spec else row["place"],
        "counter": row["place"] if spec else None,
        "need": row["need"],
        "state": row["state"],
        "called_at": moment(row["called_at"]),
        "age_s": seconds(now_ms - row["called_at"]),
        "answered_at": moment(row["answered_at"]),
        "answered_by": row["answered_by"],
        "done_at": moment(row["done_at"]),
    }


def rush_json(row: Row | None) -> dict[str, Any]:
    """Whether it is rush hour, since when and by whom."""
    on = bool(row and row["rush_since"])
    return {"on": on, "since": moment(row["rush_since"]) if on and row else None, "by": row["rush_by"] if on and row else None}


def job_json(row: Row, now_ms: int) -> dict[str, Any]:
    """A slip that was wanted at a kiosk; `late`: the kiosk did not fetch it in time and will not print it."""
    waiting = row["outcome"] is None
    return {
        "job": row["id"],
        "device": row["device"],
        "reprint": bool(row["reprint"]),
        "wanted_at": moment(row["wanted_at"]),
        "outcome": row["outcome"],
        "detail": row["detail"],
        "late": waiting and now_ms - row["wanted_at"] >= GIVEN_OUT_MS,
    }


# ---------------------------------------------------------------- the hall
def calls(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Help calls and silent alarms that are not done, oldest first."""
    _, config = queries.house(reader, site)
    return {"calls": [call_json(row, config, now) for row in reader.help_calls(site)]}


def hall(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Everything an attendant looks at beside the queue."""
    lights = [device for device in fleet.devices(reader, site, now=now)["devices"] if device["role"] in LIGHTS]
    return {"site": site, "rush": rush_json(reader.hall(site)), **calls(reader, site, now=now), "lights": [_light(one) for one in lights]}


def _light(device: dict[str, Any]) -> dict[str, Any]:
    """A machine as a light: what it last said, and how long ago."""
    kept = ("device", "role", "age_s", "last_seen_at", "trouble", "slots", "spool")
    return {name: device[name] for name in kept if device.get(name) is not None}


def errands(reader: Reader, site: str, device: str, *, now: int) -> dict[str, Any]:
    """What a kiosk is wanted for: slips to print, each under a job id that it prints once, and its own open help call."""
    row, config = queries.house(reader, site)
    prints = []
    for job in reader.print_jobs_for(site, device, now - GIVEN_OUT_MS):
        found = reader.ticket(site, job["ticket"])
        if found is not None:
            prints.append({"job": job["id"], "reprint": bool(job["reprint"]), "ticket": ticket_json(found, row, config)})
    own = [call for call in reader.help_calls(site) if call["kind"] == "help" and call["place"] == device]
    return {"prints": prints, "help": call_json(own[-1], config, now) if own else None}


def prints_of(reader: Reader, site: str, ticket_id: str, *, now: int) -> list[dict[str, Any]]:
    """Where a ticket's slip was wanted today, oldest first."""
    return [job_json(row, now) for row in reader.print_jobs_of(site, ticket_id)]


def near(reader: Reader, site: str, *, service: str, about: str, now: int) -> dict[str, Any]:
    """Numbers of a service taken today at about a time of day, the nearest first: for somebody who lost the slip."""
    row, config = queries.house(reader, site)
    config.known_service(service, "?service")
    today = calendar.business_day(now, config.utc_offset_min)
    hours, minutes = about.split(":")
    at = calendar.midnight_ms(today, config.utc_offset_min) + (int(hours) * 60 + int(minutes)) * 60_000
    # Told by the service of any step: who was sent on took the number for the first.
    mine = [each for each in reader.tickets_of_day(site, today) if service in {each.service, *(step.service for step in each.steps)}]
    mine.sort(key=lambda each: (abs(each.issued_at - at), each.issued_seq))
    return {"tickets": [ticket_json(each, row, config) for each in mine[:MOST_NEAR]]}

"""What a standby needs to be the same: rows of the log with what the log does not hold, and their way into its tables.

Holds both ends, `batch` on the server and `take_in` on the standby, as plain values without a wire. The standby folds every
event by the same door as the server did, checks the chain of hashes, and adds what is no event: stored answers,
configuration documents, the numbers of leases, hashes of holders. Accounts and keys are `aside`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from queue_server.domain import counter, ticket
from queue_server.domain.config import parse
from queue_server.domain.counter import Counter
from queue_server.domain.event import Event, canonical, chain_hash
from queue_server.services.closing import KEPT_MS
from queue_server.services.ids import token_hash
from queue_server.services.moving import note_number
from queue_server.services.projecting import project

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository

LIMIT = 500
OVERLAP_MS = 2000  # answers without an event have no place in the log: those of the last moments are sent again


class Diverged(Exception):
    """The rows do not continue this log: the standby must begin anew from a copy."""


# ---------------------------------------------------------------- the server's end
def batch(reader: Reader, site: str, *, after: int, answers_since: int, limit: int = LIMIT) -> dict[str, Any]:
    """Rows after a sequence number and all that belongs to them: JSON values only. `seq` is where the log ends now."""
    row = reader.site(site) or {}
    events = reader.events_after(site, after, limit)
    kinds = {event.type for event in events}
    touched = {event.counter for event in events if event.counter}
    leases = [event.subject.removeprefix("lease:") for event in events if event.type == "lease.issued"]
    versions = [event.data["version"] for event in events if event.type == "config.applied"]
    return {
        "site": site,
        "seq": row["seq"],
        "events": [_plain(event) for event in events],
        "answers": [dict(answer) for answer in reader.requests_since(site, max(0, answers_since - OVERLAP_MS))],
        "holders": _holders(reader, site, events),
        **_bookings(reader, site, kinds),
        "undo": {desk.code: [desk.undo_cmd, desk.undo_until] for desk in reader.counters(site) if desk.code in touched},
        "freed": {desk.code: desk.freed_at for desk in reader.counters(site) if desk.code in touched},
        "leases": [_lease(reader, site, lease) for lease in leases],
        "configs": [dict(reader.config_row(site, version) or {}) for version in versions],
        "epochs": [dict(each) for each in reader.epochs(site)] if "site.epoch_started" in kinds else [],
    }


def _holders(reader: Reader, site: str, events: list[Event]) -> dict[str, str]:
    issued = {event.ticket for event in events if event.type in ("issued", "arrived") and event.ticket}
    return {ticket: key for ticket, key in reader.holders(site).items() if ticket in issued} if issued else {}


def _bookings(reader: Reader, site: str, kinds: set[str]) -> dict[str, Any]:
    """Hashes of contacts and the declared keys, as long as they are kept: neither is ever in the log."""
    if not any(kind.startswith("appointment.") for kind in kinds):
        return {}
    return {"contacts": reader.contacts(site), "contact_keys": [dict(row) for row in reader.contact_keys(site)]}


def _plain(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__slots__}


def _lease(reader: Reader, site: str, lease: str) -> dict[str, Any]:
    entries = [{**entry, "settled_at": None} for entry in map(dict, reader.lease_entries(lease))]
    return {"row": {**dict(reader.lease(site, lease) or {}), "state": "live"}, "entries": entries}


# ---------------------------------------------------------------- the standby's end
def take_in(repository: Repository, told: dict[str, Any]) -> int:
    """Continue this log by a batch, in one unit of work. Answers the sequence number reached."""
    site = told["site"]
    row = repository.lock_site(site)
    if row is None:
        raise Diverged(f"no site {site} here")
    seq, day, last = row["seq"], row["day"], row["day_hash"]
    for epoch in told["epochs"]:
        if epoch["epoch"] > row["epoch"]:
            repository.start_epoch(epoch)
    events = [Event(**each) for each in told["events"]]
    for event in events:
        if event.seq != seq + 1 or event.hash != chain_hash(last if event.business_day == day else "", event):
            raise Diverged(f"row {event.seq} does not follow row {seq}")
        seq, day, last = event.seq, event.business_day, event.hash
        _let_in(repository, event, told)
    if events:
        repository.add_events(events)
        repository.advance_site(site, seq=seq, last_at=events[-1].at, day=day, day_hash=last)
    _undo(repository, site, told["undo"], told.get("freed", {}))
    for answer in told["answers"]:
        if repository.request(site, answer["request_id"]) is None:
            repository.add_request({**answer})
    return int(seq)


def _let_in(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    project(repository, event)
    if event.ticket is not None and event.type in ticket.TRANSITIONS:
        _ticket(repository, event, told["holders"])
    elif event.type in counter.TRANSITIONS:
        repository.put_counter(counter.apply(_counter(repository, event.site, str(event.counter)), event))
    elif event.type in _ROWS:
        _ROWS[event.type](repository, event, told)


def _ticket(repository: Repository, event: Event, holders: dict[str, str]) -> None:
    if event.type not in ("issued", "arrived"):
        before = repository.ticket(event.site, str(event.ticket))
        after = ticket.apply(before, event)  # refuses an event of a ticket that is not here
        assert before is not None
        repository.put_ticket(before, after)
        return
    data = event.data
    repository.add_ticket(ticket.apply(None, event), holders.get(str(event.ticket)))
    if event.type == "arrived":
        note_number(repository, event.site, data["business_day"], data["series"], data["number"])
    elif data.get("lease"):
        repository.settle_entry(data["lease"], data["number"], event.at)
    else:
        repository.set_last_number(event.site, data["business_day"], data["series"], data["number"])


def _counter(repository: Repository, site: str, code: str) -> Counter:
    found = repository.counter(site, code)
    if found is None:
        found = Counter(site, code)
        repository.add_counter(found)
    return found


def _undo(repository: Repository, site: str, offered: dict[str, Iterable[Any]], freed: dict[str, int | None]) -> None:
    for code, (cmd, until) in offered.items():
        desk = replace(_counter(repository, site, code), undo_cmd=cmd, undo_until=until, freed_at=freed.get(code))
        repository.put_counter(desk)


# ---------------------------------------------------------------- events that change other rows
def _config(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    row = next(each for each in told["configs"] if each["version"] == event.data["version"])
    repository.add_config(row, parse(json.loads(row["document"])).name)


def _lease_issued(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    found = next(each for each in told["leases"] if f"lease:{each['row']['id']}" == event.subject)
    repository.add_lease(found["row"], found["entries"])
    row = found["row"]
    repository.set_last_number(event.site, row["business_day"], row["series"], row["last_number"], reserved=True)


def _lease_burnt(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    repository.burn_lease(event.subject.removeprefix("lease:"))


def _day_closed(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    repository.forget_holders(event.site, event.business_day)
    repository.forget_requests(event.site, event.at - KEPT_MS)


def _day_sealed(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    body = event.data
    repository.add_seal({
        "site": event.site, "business_day": body["day"], "first_seq": body["first_seq"], "last_seq": body["last_seq"],
        "digest": token_hash(canonical(body)), "previous": body["previous"], "sealed_at": event.at,
    })  # fmt: skip


def _epoch_started(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    for reserved, numbers in ((False, event.data.get("jump", {})), (True, event.data.get("reserved", {}))):
        for series, number in numbers.items():
            repository.set_last_number(event.site, event.business_day, series, number, reserved=reserved)


def _booked(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    appointment = event.subject.removeprefix("appointment:")
    kept = told["contacts"].get(appointment)
    about = {"id": appointment, "site": event.site, "service": event.service, "booked_at": event.at, "contact_key": kept}
    repository.add_appointment({**about, "state": "booked", "ticket": None, **event.data})


def _booking_ended(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    state = event.type.removeprefix("appointment.")
    repository.end_appointment(event.subject.removeprefix("appointment:"), state=state, ticket=event.data.get("ticket"))


def _contact_key_made(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    for row in told["contact_keys"]:
        if row["n"] == event.data["n"]:
            repository.add_contact_key(row)


def _contact_key_destroyed(repository: Repository, event: Event, told: dict[str, Any]) -> None:
    repository.drop_contact_key(event.site, event.data["n"])


_ROWS: dict[str, Callable[[Repository, Event, dict[str, Any]], None]] = {
    "config.applied": _config,
    "lease.issued": _lease_issued,
    "lease.burnt": _lease_burnt,
    "day.closed": _day_closed,
    "day.sealed": _day_sealed,
    "site.epoch_started": _epoch_started,
    "appointment.booked": _booked,
    "appointment.checked_in": _booking_ended,
    "appointment.missed": _booking_ended,
    "appointment.cancelled": _booking_ended,
    "appointment.key_made": _contact_key_made,
    "appointment.key_destroyed": _contact_key_destroyed,
}


# ---------------------------------------------------------------- beside the log
def aside(reader: Reader) -> dict[str, Any]:
    """Keys, accounts, devices, how far their keys have counted, the site's own key: small, without a place in the log, sent whole
    when their digest has changed."""
    rows = {
        "api_key": reader.keys(),
        "person": reader.people(),
        "device": reader.all_devices(),
        "device_use": reader.device_uses(),
        "authority": reader.authorities(),
    }
    body = {name: [dict(row) for row in found] for name, found in rows.items()}
    return {"digest": token_hash(canonical(body)), "rows": body}


def take_aside(repository: Repository, told: dict[str, Any]) -> None:
    """Keys, accounts and devices as the server has them."""
    for table, rows in told["rows"].items():
        repository.put_aside(table, rows)

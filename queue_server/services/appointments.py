"""Appointments and numbers taken from afar: booked without a name, live at check-in only, released when missed.

A booking is a random code and a slot. The log names it by its id and the hash of its code; a contact never enters the log. What a
check-in is worth is `domain.booking`'s rule, who comes first then is `domain.routing`'s as for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from queue_server.domain import booking, calendar
from queue_server.domain.booking import Slot
from queue_server.domain.calendar import DAY_MS
from queue_server.domain.config import Service, SiteConfig
from queue_server.domain.errors import Refusal, invalid
from queue_server.services import contacts, issuing
from queue_server.services.ids import random_token, token_hash
from queue_server.services.issuing import Booked
from queue_server.services.queries import house
from queue_server.services.unit import Configs, Unit
from queue_server.services.views import moment, names, ticket_json

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

CODE_BYTES = 16


# ---------------------------------------------------------------- looking
def offered(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """What can be booked at a site, and what the booking asks for."""
    row, config = house(reader, site)
    listed = [
        {"code": s.code, "names": dict(names(s)), "slots": s.slot_min > 0, "remote": s.remote, "days_ahead": s.slot_days_ahead}
        for s in config.services.values()
        if s.open and (s.slot_min or s.remote)
    ]
    return {"site": site, "name": config.name, "kind": row["kind"], "contact": config.policy.appointment_contact, "services": listed}


def slots(reader: Reader, site: str, *, service: str, date: str | None = None, now: int) -> dict[str, Any]:
    """The slots of a day with the seats that are free, and the days on which any is."""
    _, config = house(reader, site)
    chosen = config.known_service(service, "?service")
    listed = [day for day in _days(config, chosen, now) if any(slot.free for slot in _slots(reader, site, config, chosen, day, now))]
    day = date or (listed[0] if listed else _today(config, now))
    bookable = day in set(_days(config, chosen, now))
    found = _slots(reader, site, config, chosen, day, now) if bookable else []
    return {
        "service": service,
        "date": day,
        "days": listed,
        "slot_min": chosen.slot_min,
        "slots": [{"slot": moment(each.from_ms), "slot_to": moment(each.to_ms), "free": each.free} for each in found],
    }


def _today(config: SiteConfig, now: int) -> str:
    return calendar.business_day(now, config.utc_offset_min)


def _days(config: SiteConfig, service: Service, now: int) -> list[str]:
    return list(booking.days(_today(config, now), service.slot_days_ahead)) if service.slot_min and service.open else []


def _slots(reader: Reader, site: str, config: SiteConfig, service: Service, day: str, now: int) -> list[Slot]:
    """The slots of a day that have not begun."""
    since = calendar.midnight_ms(day, config.utc_offset_min)
    taken = reader.seats_taken(site, service.code, since, since + DAY_MS)
    found = booking.slots(config.calendar_of(service.code), day, config.utc_offset_min, service.slot_min, service.slot_seats, taken)
    return [slot for slot in found if slot.from_ms > now]


def of_code(reader: Reader, code: str, *, site: str | None = None) -> Row:
    """The appointment of a code, at one site or at any; `not_found` for every other text."""
    row = reader.appointment_by_code(token_hash(code)) if len(code) <= 64 else None
    if row is None or (site is not None and row["site"] != site):
        raise Refusal("not_found", what="appointment")
    return row


def one(reader: Reader, code: str, *, site: str | None = None, now: int) -> dict[str, Any]:
    """How it stands with an appointment; whoever holds the code may know."""
    row = of_code(reader, code, site=site)
    _, config = house(reader, row["site"])
    return _json(row, config, reader)


def _json(row: Row, config: SiteConfig, reader: Reader) -> dict[str, Any]:
    service, policy = config.services.get(row["service"]), config.policy
    found = reader.ticket(row["site"], row["ticket"]) if row["ticket"] else None
    at = row["slot_from"]
    site = reader.site(row["site"]) or {}
    return {
        "id": row["id"],
        "site": row["site"],
        "site_name": config.name,
        "service": row["service"],
        "service_names": dict(names(service)) if service else {"vi": row["service"]},
        "state": row["state"],
        "day": row["day"],
        "slot": moment(at),
        "slot_to": moment(row["slot_to"]),
        "check_in_from": moment(at - policy.appointment_early_s * 1000) if at is not None else None,
        "check_in_until": moment(at + policy.appointment_late_s * 1000) if at is not None else None,
        "ticket": ticket_json(found, site, config) if found else None,
    }


# ---------------------------------------------------------------- booking
def book(unit: Unit, *, service: str, slot: int | None = None, contact: str | None = None) -> dict[str, Any]:
    """A seat in a slot, or (without one) a number from afar that goes live at check-in. The code is told here and never again."""
    chosen = unit.config.known_service(service)
    if not chosen.open:
        raise Refusal("service_closed", service=service)
    if contact is None and unit.config.policy.appointment_contact == "required":
        raise Refusal("contact_required")
    day, slot_to = _place(unit, chosen, slot)
    if contact is not None and contacts.booked(unit, contact):
        raise Refusal("already_booked")
    kept = contacts.keep(unit, contact) if contact is not None else None
    code, made = random_token(unit.repository.entropy, CODE_BYTES), unit.new_id()
    row = {
        "id": made, "site": unit.site, "code_hash": token_hash(code), "service": service, "day": day, "slot_from": slot,
        "slot_to": slot_to, "state": "booked", "ticket": None, "booked_at": unit.now_ms,
    }  # fmt: skip
    told = {name: row[name] for name in ("code_hash", "day", "slot_from", "slot_to")}
    unit.event("appointment.booked", f"appointment:{made}", told, service=service)
    unit.repository.add_appointment(row | {"contact_key": kept})
    public = (unit.config.public_url or "").rstrip("/")
    return _json(row, unit.config, unit.repository) | {"code": code, "url": f"{public}/a/{code}"}


def _place(unit: Unit, service: Service, slot: int | None) -> tuple[str, int | None]:
    """The day and the end of what is booked, or why it cannot be."""
    if slot is None:
        if not service.remote:
            raise invalid("/slot", "required", "this service is booked by slots; see GET /appointments/slots")
        issuing.admit(unit, service, None)
        return unit.business_day, None
    if not service.slot_min:
        raise invalid("/slot", "no_slots", "this service has no appointments")
    day = calendar.business_day(slot, unit.config.utc_offset_min)
    ahead = day in set(_days(unit.config, service, unit.now_ms))
    found = _slots(unit.repository, unit.site, unit.config, service, day, unit.now_ms) if ahead else []
    chosen = next((each for each in found if each.from_ms == slot), None)
    if chosen is None:
        raise Refusal("slot_gone") if slot <= unit.now_ms else invalid("/slot", "no_slot", "no slot begins then")
    if not chosen.free:
        raise Refusal("slot_full")
    return day, chosen.to_ms


def cancel(unit: Unit, code: str) -> dict[str, Any]:
    """The person will not come: the seat is free again."""
    row = of_code(unit.repository, code, site=unit.site)
    if row["state"] != "booked":
        raise Refusal("appointment_ended", state=row["state"])
    _end(unit, row, "cancelled", {"by": unit.who.kind})
    contacts.destroy_unused(unit)
    return _json({**row, "state": "cancelled"}, unit.config, unit.repository)


# ---------------------------------------------------------------- check-in
def check_in(
    unit: Unit, code: str, *, device: str | None = None, lang: str = "vi", priority_class: str | None = None, needs: Sequence[str] = (),
    ticket_id: str | None = None, token_hash: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The person is here: a ticket. In time, it counts from the slot with the credit of appointments; late or from afar, from now."""
    row = of_code(unit.repository, code, site=unit.site)
    if row["ticket"] is not None:
        ticket = unit.ticket(row["ticket"])
        raise Refusal("already_waiting", ticket=ticket_json(ticket, unit.row, unit.config))
    if row["state"] == "cancelled" or row["day"] < unit.business_day:
        raise Refusal("appointment_ended", state=row["state"] if row["state"] != "booked" else "missed")
    worth = _worth(unit, row)
    held = Booked(row["id"], worth.not_before_ms if worth.verdict == "timely" else 0, worth.verdict == "timely")
    ticket_made = issuing.issue(
        unit, service=row["service"], source="mobile" if row["slot_from"] is None else "appointment", booked=held, device=device,
        lang=lang, priority_class=priority_class, needs=needs, ticket_id=ticket_id, token_hash=token_hash,
    )  # fmt: skip
    _end(unit, row, "checked_in", {"ticket": ticket_made["id"], "late": row["slot_from"] is not None and not held.timely})
    contacts.destroy_unused(unit)
    return ticket_made


def _worth(unit: Unit, row: Row) -> booking.Arrival:
    policy = unit.config.policy
    worth = booking.arrival(row["slot_from"], unit.now_ms, policy.appointment_early_s, policy.appointment_late_s)
    if row["state"] == "missed":  # its seat was given away when its time was over
        worth = booking.Arrival("late", unit.now_ms)
    if worth.verdict == "early":
        raise Refusal("appointment_early", opens_at=moment(worth.opens_ms), slot=moment(row["slot_from"]))
    if row["day"] > unit.business_day:
        raise Refusal("appointment_early", opens_at=moment(calendar.midnight_ms(row["day"], unit.config.utc_offset_min)))
    return worth


def issue(unit: Unit, **fields: Any) -> dict[str, Any]:
    """`POST /tickets`: where `appointment` is the code of a booking made here, that is checked in; else it is another system's word."""
    code = fields.get("appointment")
    if code and unit.repository.appointment_by_code(token_hash(code)) is not None:
        kept = ("device", "lang", "priority_class", "needs", "ticket_id", "token_hash")
        return check_in(unit, code, **{name: fields[name] for name in kept if name in fields})
    return issuing.issue(unit, **fields)


# ---------------------------------------------------------------- by the clock
def due(reader: Reader, site: str, *, now: int) -> bool:
    """Whether somebody's time is over: asked often, so cheap."""
    row = reader.site(site)
    return row is not None and bool(_missed(reader, site, Configs.of(reader, row), now))


def _missed(reader: Reader, site: str, config: SiteConfig, now: int) -> list[Row]:
    today = _today(config, now)
    late_ms = config.policy.appointment_late_s * 1000
    return [
        row
        for row in reader.booked_until(site, today)
        if row["day"] < today or (row["slot_from"] is not None and row["slot_from"] + late_ms < now)
    ]


def release(unit: Unit) -> dict[str, Any]:
    """Those whose time is over, without their person: the seats, the contacts and (with the last one) the key are given up."""
    missed = _missed(unit.repository, unit.site, unit.config, unit.now_ms)
    for row in missed:
        _end(unit, row, "missed", {})
    contacts.destroy_unused(unit)
    return {"missed": len(missed)}


def _end(unit: Unit, row: Row, state: str, data: dict[str, Any]) -> None:
    unit.event(f"appointment.{state}", f"appointment:{row['id']}", data, service=row["service"])
    unit.repository.end_appointment(row["id"], state=state, ticket=data.get("ticket"))

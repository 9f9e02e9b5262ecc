"""From one site of this database to another: `moved` in the log of the first, `arrived` in that of the second.

The two logs are two units of work. Between them stands whoever reads the first log (`pending`, `deliver`): it may die at any
moment and begin anew, because the arrival carries the request id `move:TICKET:SEQ` and a ticket that is there already is left
as it is. The ticket keeps its id, its page and its arrival time; its number too, unless that is somebody else's there today.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, numbering, routing
from queue_server.domain.errors import invalid
from queue_server.domain.event import Event
from queue_server.domain.principal import SYSTEM
from queue_server.domain.visit import Ticket
from queue_server.services import command, issuing
from queue_server.services.leftovers import elapsed
from queue_server.services.unit import Configs, Unit
from queue_server.services.views import ticket_json

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

LOOK_BACK_MS = 2 * calendar.DAY_MS  # whoever moved before that is not on the way any more
KEPT = ("priority_class", "source", "channel", "lang", "needs", "quantity", "party", "on_behalf", "dossier_code", "device")


# ---------------------------------------------------------------- the first site
def send(unit: Unit, ticket: Ticket, to: dict[str, Any], *, credits: dict[str, int], reason: str | None) -> Ticket:
    """The person goes to another site with this slip."""
    there = unit.repository.site(to["site"])
    if there is None or there["kind"] != unit.row["kind"]:
        raise invalid("/to/site", "unknown_site", "no site of this code is connected to this one")
    config = Configs.of(unit.repository, there)
    service, counter = to.get("service") or ticket.service, to.get("counter")
    if service not in config.services:
        raise invalid("/to/service", "unknown_service", f"name a service of {to['site']}: no {service!r} there")
    if counter and counter not in config.counters:
        raise invalid("/to/counter", "unknown_counter", f"no counter {counter!r} at {to['site']}")
    if unit.repository.ticket(to["site"], ticket.id) is not None:
        raise invalid("/to/site", "was_there", "the person has been there with this slip: a new number is needed there")
    where = {"site": to["site"], "service": service, "counter": counter}
    data = {"to": where, "credits": credits, "reason": reason, "start_inferred": ticket.state == "called"}
    return unit.ticket_event(ticket, "moved", data)


# ---------------------------------------------------------------- on the way
def pending(store: Store, done: Collection[tuple[str, str]] = ()) -> list[Event]:
    """The moves of the last days, oldest first, without those (site, ticket) that the asker knows to have arrived."""
    with store.read() as reader:
        rows = [row for row in reader.moved_since(reader.now_ms - LOOK_BACK_MS) if (row["site"], row["id"]) not in done]
        logs = [reader.events_of(row["site"], f"ticket:{row['id']}") for row in rows]
    return [event for log in logs for event in log if event.type == "moved"]


def deliver(store: Store, moved: Event) -> bool:
    """Let one person arrive. Twice, after a death or from two processes, is harmless: True where it was done here."""
    target, request_id = moved.data["to"]["site"], f"move:{moved.ticket}:{moved.seq}"
    order = command.Command(request_id, target, SYSTEM, "move", f"{moved.site}:{moved.hash}")
    answer = command.run(store, order, lambda unit: arrive(unit, moved))
    return not answer.replayed and answer.body["result"] == "arrived"


# ---------------------------------------------------------------- the other site
def arrive(unit: Unit, moved: Event) -> dict[str, Any]:
    """The person waits here, with the arrival time of the first site."""
    source = unit.repository.ticket(moved.site, str(moved.ticket))
    if source is None or source.state != "moved":
        return {"result": "gone"}
    if unit.repository.ticket(unit.site, source.id) is not None:
        return {"result": "already"}
    to = moved.data["to"]
    service = to["service"] if to["service"] in unit.config.services else next(iter(unit.config.services))
    number = _number(unit, source)
    data = _kept(unit, source) | _place(unit, source, moved, service) | {
        "number": number, "for_counter": to["counter"] if to["counter"] in unit.config.counters else None,
        "print": source.print if number == source.number else "pending",  # another number needs another slip
        "moved_from": source.site, "moved_seq": moved.seq, "former_label": source.label, "token_hash": source.token_hash,
    }  # fmt: skip
    holder = unit.repository.holders(source.site).get(source.id)
    made = unit.issued(source.id, numbering.label(source.series, number), service, data, holder, kind="arrived")
    if moved.business_day != unit.business_day:  # the way took until the next day: nobody waits any more
        made = unit.ticket_event(made, "expired", {"machine_closed": True, "reason": "day_close"} | elapsed(unit, made))
    return {"result": "arrived", "ticket": ticket_json(made, unit.row, unit.config)}


def _kept(unit: Unit, source: Ticket) -> dict[str, Any]:
    """What the person told the first site, as far as it means something here."""
    data = {name: getattr(source, name) for name in KEPT} | {"needs": list(source.needs)}
    if source.priority_class not in unit.config.priority_classes:
        data["priority_class"] = None
    tasks = [task for task in source.tasks if task in unit.config.services]
    same = {"series": source.series, "business_day": source.business_day, "issued_at": source.issued_at}
    return data | same | {"tasks": tasks, "appointment": None}


def _place(unit: Unit, source: Ticket, moved: Event, service: str) -> dict[str, Any]:
    """The place by the arrival at the first site; the wait of this step begins with the move, or when the service opens."""
    hours = unit.config.calendar_of(service)
    available_from = calendar.available_from(hours, moved.at, unit.config.utc_offset_min) or moved.at
    credits = moved.data["credits"]
    effective_at = routing.effective(source.arrived_from, credits)
    found = issuing.place(unit, service, None, None, available_from)
    place = {
        "arrived_from": source.arrived_from,
        "credits": credits,
        "effective_at": effective_at,
        "zone": unit.config.services[service].zone,
    }
    return found | place | {"available_from": available_from, "before_opening_ms": max(0, available_from - moved.at)}


def _number(unit: Unit, source: Ticket) -> int:
    """The number on the slip where nobody has it here today; else the next of its series here. Sites whose series differ, as
    they should, never come to that."""
    if any(each.series == source.series for each in unit.repository.tickets_of_number(unit.site, source.business_day, source.number)):
        return issuing.next_number(unit, source.series)
    note_number(unit.repository, unit.site, source.business_day, source.series, source.number)
    return source.number


def note_number(repository: Repository, site: str, business_day: str, series: str, number: int) -> None:
    """A series goes on behind a number that came from elsewhere, and never gives it out again."""
    reserved = numbering.RESERVE_FIRST <= number <= numbering.RESERVE_LAST
    last = repository.series(site, business_day, series)["last_reserved" if reserved else "last_number"]
    if number > last:
        repository.set_last_number(site, business_day, series, number, reserved=reserved)

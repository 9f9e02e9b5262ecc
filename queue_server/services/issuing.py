"""Issuing: a person comes, a number is theirs. Refused only for reasons that the person can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, capacity, numbering, routing, waiting
from queue_server.domain.config import Service, SiteConfig
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.visit import Ticket
from queue_server.services import foresight
from queue_server.services.foresight import Wait, estimate_json
from queue_server.services.ids import ticket_token, token_hash
from queue_server.services.offering import PACE_WINDOW_MS, Look, Offer
from queue_server.services.unit import Unit, pool
from queue_server.services.views import ticket_json

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

NEEDS = ("see", "hear", "walk", "talk")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a service's people are called."""

    recent_calls: Sequence[int]
    free_counter: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking whose person checks in: its id, the instant its slot begins (0: none that counts), and whether it came in time."""

    id: str
    not_before_ms: int
    timely: bool


def pace(reader: Reader, site: str, config: SiteConfig, service: str, now_ms: int) -> Pace:
    """The pace of a service's pool of counters, and whether one of them stands free."""
    calls = reader.recent_calls(site, pool(config, service), now_ms - PACE_WINDOW_MS)
    return Pace(calls, any(service in served for _, served in reader.free_counters(site)))


def _known_paces(unit: Unit) -> dict[str, Pace]:
    """The paces looked up since anything but an issue happened at the site: none, unless the log still ends where they were
    looked up. The hash of its last row says so, whichever process wrote it and whatever was undone."""
    kept: tuple[str, dict[str, Pace]] = unit.repository.memo.get(("pace", unit.site), ("", {}))
    return kept[1] if kept[0] == unit.log_hash else {}


def _pace_now(unit: Unit, service: str) -> Pace:
    """The pace of a service as the log stands. A morning's queue in front of the kiosk asks for it once."""
    known = _known_paces(unit)
    found = known.get(service)
    if found is None:
        found = known[service] = pace(unit.repository, unit.site, unit.config, service, unit.now_ms)
        unit.repository.memo["pace", unit.site] = (unit.log_hash, known)
    since = unit.now_ms - PACE_WINDOW_MS
    return Pace([at for at in found.recent_calls if at > since], found.free_counter)


def issue(
    unit: Unit, *, service: str | None = None, tasks: Sequence[str] = (), priority_class: str | None = None, source: str = "api",
    channel: str = "in_person", holder_key: str | None = None, dossier_code: str | None = None, appointment: str | None = None,
    quantity: int = 1, party: int = 1, on_behalf: bool = False, lang: str = "vi", needs: Sequence[str] = (), zone: str | None = None,
    ticket_id: str | None = None, token_hash: str | None = None, device: str | None = None, booked: Booked | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One ticket for one visit; `tasks` are several services in order. Answers with the ticket."""
    first, *rest = [service] if service else list(tasks)
    offered = unit.config.known_service(first or "", "/service" if service else "/tasks/0")
    for n, code in enumerate(rest, start=1):
        unit.config.known_service(code, f"/tasks/{n}")
    _check_needs(needs)
    offer = admit(unit, offered, holder_key, booked=booked is not None)
    opens_for_all = offer.available_from
    available_from = max(opens_for_all, booked.not_before_ms) if booked else opens_for_all
    credited = ("booked" if booked.timely else None) if booked else appointment
    number = next_number(unit, offered.series)
    data = {
        "series": offered.series, "number": number, "business_day": unit.business_day, "issued_at": unit.now_ms,
        "available_from": available_from, "before_opening_ms": opens_for_all - unit.now_ms,
        "priority_class": priority_class, "source": source, "channel": channel, "quantity": quantity, "party": party,
        "on_behalf": on_behalf, "lang": lang, "needs": list(needs), "zone": zone or offered.zone, "tasks": rest,
        "dossier_code": dossier_code, "appointment": booked.id if booked else appointment, "device": device,
        "print": "pending" if source in ("kiosk", "desk") or (booked and device) else "none",
    }  # fmt: skip
    data |= place(unit, offered.code, priority_class, credited, available_from)
    if ticket_id is not None:
        check_free(unit, ticket_id)
    made = record(unit, offered, data, ticket_id or unit.new_id(), token_hash, holder_key)
    return made if offer.warning is None else made | {"warnings": [offer.warning]}


def check_free(unit: Unit, ticket_id: str) -> None:
    """An id that is taken already is refused: two slips must never share one page."""
    if unit.repository.ticket(unit.site, ticket_id) is not None:
        raise invalid("/ticket_id", "taken", "make a new id for a new ticket")


def record(
    unit: Unit, offered: Service, data: dict[str, Any], ticket_id: str, page_hash: str | None, holder_key: str | None
) -> dict[str, Any]:
    """Put the ticket into the log."""
    own = token_hash(ticket_token(unit.row["token_key"], ticket_id))
    label = numbering.label(offered.series, data["number"])
    known = _known_paces(unit)
    made = unit.issued(ticket_id, label, offered.code, data | {"token_hash": page_hash or own}, holder_key)
    unit.repository.memo["pace", unit.site] = (unit.log_hash, known)  # one more who waits calls nobody
    return ticket_json(made, unit.row, unit.config)


def admit(unit: Unit, offered: Service, holder_key: str | None, *, booked: bool = False) -> Offer:
    """From when the person can be served, or the refusal: closed, too late, full, one number already."""
    offer = Look.now(unit.repository, unit.site, unit.config, unit.now_ms).offer(offered, booked=booked)
    if not offer.open:
        raise offer.refusal(offered.code)
    if holder_key:
        _check_holder(unit, offered.code, holder_key)
    return offer


def _check_holder(unit: Unit, service: str, holder_key: str) -> None:
    everywhere = unit.config.policy.holder_scope == "centre"
    if everywhere:
        unit.repository.hold_card(holder_key)
    live = unit.repository.live_anywhere(holder_key) if everywhere else unit.repository.live_of_holder(unit.site, holder_key)
    same = [ticket for ticket in live if ticket.service == service and ticket.site == unit.site]
    limit = unit.config.policy.holder_limit
    if same or (limit and len(live) >= limit):
        ticket = ticket_json((same or live)[0], unit.row, unit.config)
        raise Refusal("already_waiting" if same else "holder_limit", ticket=ticket)


def _check_needs(needs: Sequence[str]) -> None:
    for n, need in enumerate(needs):
        if need not in NEEDS:
            raise invalid(f"/needs/{n}", "unknown_need", f"one of {', '.join(NEEDS)}")


def next_number(unit: Unit, series: str) -> int:
    """The next ordinary number of a series today. Numbers of a day before that are good today are left out, so that a number
    called is one person's alone."""
    row = unit.repository.series(unit.site, unit.business_day, series)
    number, taken = numbering.next_ordinary(row["last_number"]), carried_numbers(unit)
    while (series, number) in taken:
        number = numbering.next_ordinary(number)
    unit.repository.set_last_number(unit.site, unit.business_day, series, number)
    return number


def carried_numbers(unit: Unit) -> frozenset[tuple[str, int]]:
    """Series and number of slips of a day before that are still good. They are carried at the close of a day, which comes
    before everything else of the next, so a day's are looked up once."""
    day, found = unit.repository.memo.get(("carried", unit.site), ("", frozenset()))
    if day != unit.business_day:
        found = unit.repository.carried_numbers(unit.site, unit.business_day)
        unit.repository.memo["carried", unit.site] = (unit.business_day, found)
    return frozenset(found)


def credits_of(config: SiteConfig, priority_class: str | None, appointment: str | None, pointer: str = "/priority_class") -> dict[str, int]:
    """Credits in seconds by the rule that gives them."""
    found: dict[str, int] = {}
    if priority_class:
        if priority_class not in config.priority_classes:
            raise invalid(pointer, "unknown_class", f"no priority class {priority_class!r} here")
        found["priority"] = config.priority_classes[priority_class].credit_s
    if appointment:
        found["appointment"] = config.policy.appointment_credit_s
    return found


def capped(unit: Unit, priority_class: str | None) -> dict[str, Any] | None:
    """Why a priority moves nobody at the moment: its class has had its share of the last hour's calls. None where it may."""
    named = unit.config.priority_classes.get(priority_class or "")
    if named is None or named.cap_share is None:
        return None
    return next((one for one in over_cap(unit.repository, unit.site, unit.config, unit.now_ms) if one["class"] == named.code), None)


def over_cap(reader: Reader, site: str, config: SiteConfig, now_ms: int) -> list[dict[str, Any]]:
    """The priority classes that have had their share of the last hour's calls: `class`, `share_percent`, `cap_percent`."""
    limited = [named for named in config.priority_classes.values() if named.cap_share is not None]
    if not limited:
        return []
    calls = reader.calls_by_class(site, tuple(config.services), now_ms - capacity.SHARE_WINDOW_MS)
    shares = [(named, capacity.over_cap(calls, named.code, named.cap_share)) for named in limited]
    return [{"class": named.code, "share_percent": share, "cap_percent": named.cap_share} for named, share in shares if share is not None]


def place(unit: Unit, service: str, priority_class: str | None, appointment: str | None, available_from: int) -> dict[str, Any]:
    """Where a new ticket stands: its effective time, who is ahead, and what wait to expect."""
    credits = credits_of(unit.config, priority_class, appointment)
    cap = capped(unit, priority_class)
    if cap is not None:
        credits.pop("priority")
    effective_at = routing.effective(available_from, credits)
    ahead = unit.repository.count_ahead(unit.site, pool(unit.config, service), effective_at, unit.next_seq())
    found = _pace_now(unit, service)
    view = waiting.View(
        ahead=ahead,
        free_counter=found.free_counter,
        recent_calls=found.recent_calls,
        prior_gap_s=unit.config.services[service].prior_gap_s,
        opens_in_s=max(0, available_from - unit.now_ms) // 1000,  # a number told of afterwards was there before
    )
    offset = unit.config.utc_offset_min
    privileged = bool(credits)
    foreseen = foresight.of_newcomer(unit.repository, unit.site, service, privileged=privileged, ahead=ahead, now=unit.now_ms)
    told = _told(view, foreseen)
    placed = {"credits": credits, "effective_at": effective_at, "ahead": ahead, "estimate": told}
    placed["half"] = calendar.half_of(available_from, offset)
    return placed if cap is None else placed | {"capped": cap}


def position_of(reader: Reader, site: str, config: SiteConfig, ticket: Ticket, now_ms: int) -> tuple[int, dict[str, Any]]:
    """How many are ahead of a waiting ticket now, and the wait to expect from now on."""
    ahead = reader.count_ahead(site, pool(config, ticket.service), ticket.effective_at, ticket.issued_seq, ticket.doubt)
    found = pace(reader, site, config, ticket.service, now_ms)
    opens_in_s = max(0, ticket.available_from - now_ms) // 1000
    view = waiting.View(ahead, found.free_counter, found.recent_calls, config.services[ticket.service].prior_gap_s, opens_in_s)
    privileged = ticket.effective_at < ticket.available_from
    foreseen = foresight.of_ticket(reader, site, ticket.id, ticket.service, privileged=privileged, ahead=ahead, now=now_ms)
    return ahead, estimate_json(_told(view, foreseen)) or {}


def _told(view: waiting.View, found: Wait | None) -> dict[str, Any]:
    """What was foreseen, wherever this moment does not know better: a counter stands free, or no longer does, or the person cannot
    be called so soon."""
    plain = waiting.estimate(view)
    if plain.basis == foresight.NO_WAIT or found is None or found.mid_s < view.opens_in_s:
        return plain.as_data()
    taken_since = found.basis == foresight.NO_WAIT and not view.free_counter
    return plain.as_data() if taken_since else found.as_data()

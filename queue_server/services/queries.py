"""Looking: what a ticket, a counter, a board, a queue or the log shows at one moment. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from queue_server.contract import position as places
from queue_server.contract.position import Position
from queue_server.domain import calendar, routing
from queue_server.domain.config import Service, SiteConfig
from queue_server.domain.counter import Counter, lawful
from queue_server.domain.errors import Refusal
from queue_server.domain.visit import Ticket
from queue_server.services import figures, fleet, foresight, outages
from queue_server.services.foresight import Wait
from queue_server.services.ids import token_hash
from queue_server.services.issuing import position_of
from queue_server.services.offering import Look, Offer
from queue_server.services.unit import Configs
from queue_server.services.views import counter_json, event_json, moment, names, readmit_until, seconds, ticket_json

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

day_figures = figures.day  # the figures of a day are looked at by this name from everywhere


def house(reader: Reader, site: str) -> tuple[Row, SiteConfig]:
    """The site's row and the configuration in force, or `not_found`."""
    row = reader.site(site)
    if row is None:
        raise Refusal("not_found", what="site")
    return row, Configs.of(reader, row)


def position(reader: Reader, site: str) -> tuple[int, int]:
    """Epoch and sequence number of the log's last row."""
    row, _ = house(reader, site)
    return row["epoch"], row["seq"]


# ---------------------------------------------------------------- tickets
def ticket(reader: Reader, site: str, ticket_id: str, *, now: int) -> dict[str, Any]:
    """One ticket; while it waits, `ahead` and `estimate` are those of this moment."""
    row, config = house(reader, site)
    found = reader.ticket(site, ticket_id)
    if found is None:
        raise Refusal("not_found", what="ticket")
    return _live_json(reader, found, row, config, now)


def _live_json(reader: Reader, found: Ticket, row: Row, config: SiteConfig, now: int) -> dict[str, Any]:
    body = ticket_json(found, row, config)
    if found.state == "waiting" and found.service in config.services:
        body["ahead"], body["estimate"] = position_of(reader, found.site, config, found, now)
    return body


def tickets_by(
    reader: Reader, site: str, *, label: str | None = None, day: str | None = None, dossier: str | None = None, now: int
) -> dict[str, Any]:
    """Tickets by label and day (today without one) or by dossier."""
    row, config = house(reader, site)
    if dossier:
        found = reader.tickets_by_dossier(site, dossier)
    else:
        today = calendar.business_day(now, config.utc_offset_min)
        found = reader.tickets_by_label(site, day or today, label or "")
    return {"tickets": [ticket_json(each, row, config) for each in found]}


CITIZEN_SEES = (
    "label", "state", "service", "zone", "lang", "issued_at", "available_from", "called_at", "counter", "rating", "print", "recalls",
    "carried_to",
)  # fmt: skip


def citizen_ticket(reader: Reader, token: str, *, now: int) -> dict[str, Any]:
    """What the citizen's page shows: no actor, no code of anyone else, nothing personal."""
    found = reader.ticket_by_token(token_hash(token))
    if found is None:
        raise Refusal("not_found", what="ticket")
    row, config = house(reader, found.site)
    live = _live_json(reader, found, row, config, now)
    spec = config.counters.get(found.counter or found.for_counter or "")
    offered = config.services.get(found.service)
    names = {"vi": offered.name, **offered.names} if offered else {}
    body = {name: live[name] for name in CITIZEN_SEES}
    return body | {
        "site": config.name,
        "service_name": offered.name if offered else found.service,
        "service_names": names,
        "counter_name": spec.name if spec else None,
        "ahead": live["ahead"] if found.state == "waiting" else None,
        "estimate": live["estimate"] if found.state == "waiting" else None,
        "revision": found.revision,
        "outages": [out["name"] for out in outages.standing(reader, found.site, config) if found.service in out["services"]],
        "may_cancel": found.state in ("waiting", "held"),
        "may_let_pass": found.state == "waiting",
        "may_rate": found.state == "completed" and found.rating is None,
    }


def site_of_token(reader: Reader, token: str) -> tuple[str, str]:
    """Site and ticket id behind a citizen's token, or `not_found`."""
    found = reader.ticket_by_token(token_hash(token))
    if found is None:
        raise Refusal("not_found", what="ticket")
    return found.site, found.id


# ---------------------------------------------------------------- counters and the queue
def counters(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Every counter of the configuration, in its order."""
    return {"counters": [_counter(reader, site, code, now) for code in house(reader, site)[1].counters]}


DESK_SETTINGS = (
    "guard_s", "confirm_s", "undo_s", "undo_no_show_s", "recalls_before_no_show", "readmit_s", "dossiers_per_turn", "dossier_codes",
)  # fmt: skip


def counter(reader: Reader, site: str, code: str, *, now: int) -> dict[str, Any]:
    """One counter as it stands, with who did not come and may still be taken in again, and the settings its page follows."""
    config = house(reader, site)[1]
    body = _counter(reader, site, code, now)
    missed = reader.absent_at(site, code, now - config.policy.readmit_s * 1000)
    undo_ms = config.policy.undo_no_show_s * 1000
    body["absent"] = [
        {
            "id": each.id, "label": each.label, "service": each.service, "ended_at": moment(each.ended_at),
            "cmd": _cmd_of_no_show(reader, each), "undo_until": moment((each.ended_at or 0) + undo_ms),
            "readmit_until": readmit_until(each, config),
        }
        for each in missed
    ]  # fmt: skip
    return body | {"settings": {name: getattr(config.policy, name) for name in DESK_SETTINGS}}


def _cmd_of_no_show(reader: Reader, each: Ticket) -> str | None:
    """The command that marked somebody absent: the one that an undo names."""
    return next((event.cmd for event in reversed(reader.events_of(each.site, f"ticket:{each.id}")) if event.type == "no_show"), None)


def _counter(reader: Reader, site: str, code: str, now: int) -> dict[str, Any]:
    """One counter: its state, who stands there, what is lawful now, and how many wait for it."""
    row, config = house(reader, site)
    config.known_counter(code)
    desk = reader.counter(site, code) or Counter(site, code)
    if desk.undo_until is not None and desk.undo_until < now:
        desk = _without_undo(desk)
    there = reader.at_counter(site, code)
    n, oldest = _backlog(reader.waiting_summary(site), code, desk.services or config.served_by(code))
    return counter_json(
        desk,
        config,
        now=now,
        current=ticket_json(there, row, config) if there else None,
        held=[ticket_json(each, row, config) for each in reader.held(site) if each.counter == code],
        lawful=lawful(desk, there.state if there else None),
        waiting=n,
        longest_s=seconds(now - oldest) if oldest is not None else 0,
    )


def _without_undo(desk: Counter) -> Counter:
    return replace(desk, undo_cmd=None, undo_until=None)


def _backlog(summary: Iterable[Row], code: str, services: Iterable[str]) -> tuple[int, int | None]:
    """How many a counter could call, and since when the first of them has waited."""
    served = set(services)
    mine = [row for row in summary if (row["for_counter"] == code if row["for_counter"] else row["service"] in served)]
    return sum(row["n"] for row in mine), min((row["oldest"] for row in mine), default=None)


def queue(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Waiting people in calling order, each with the reason for the place; and those on hold."""
    row, config = house(reader, site)
    waiting = [
        ticket_json(each, row, config) | {"place": n, "waited_s": seconds(now - each.available_from), "reason": _reason(each)}
        for n, each in enumerate(reader.waiting(site), start=1)
    ]
    held = [ticket_json(each, row, config) for each in reader.held(site)]
    return {"site": site, "position": places.encode(row["epoch"], row["seq"]), "tickets": waiting, "held": held}


def _reason(each: Ticket) -> dict[str, Any]:
    why = routing.reason(each)
    return {
        "rule": why["rule"],
        "arrived_from": moment(each.arrived_from),
        "credits_s": why["credits"],
        "effective_at": moment(each.effective_at),
        "for_counter": each.for_counter,
        "let_pass": why["let_pass"],
    }


# ---------------------------------------------------------------- boards and kiosks
def board(reader: Reader, site: str, *, zone: str | None = None, now: int) -> dict[str, Any]:
    """What a hall board shows now: calls newest first and how many wait. Never an actor, a code or a name."""
    row, config = house(reader, site)
    zones = {code: spec.zone for code, spec in config.counters.items()}
    called = sorted(reader.at_counters(site), key=lambda each: each.last_called_at or 0, reverse=True)
    calls = [_call_json(each, config) for each in called if zone is None or zones.get(each.counter or "") == zone]
    waiting: dict[str, int] = {}
    for part in reader.waiting_summary(site):
        offered = config.services.get(part["service"])
        if zone is None or (offered is not None and offered.zone == zone):
            waiting[part["service"]] = waiting.get(part["service"], 0) + part["n"]
    waits = foresight.of_newcomers(reader, site, now)
    return {
        "site": site,
        "name": config.name,
        "kind": row["kind"],
        "zone": zone,
        "position": places.encode(row["epoch"], row["seq"]),
        "waiting": sum(waiting.values()),
        "calls": calls,
        "wait": foresight.over(wait for code, wait in waits.items() if waiting.get(code)),
        "services": [
            {"name": s.name, "waiting": waiting.get(s.code, 0), "estimate": _estimate(waits, s.code)}
            for s in config.services.values()
            if zone in (None, s.zone)
        ],
        "settings": {"stale_after_s": 20, "dead_after_s": 90},
    }


def _call_json(each: Ticket, config: SiteConfig) -> dict[str, Any]:
    spec = config.counters.get(each.counter or "")
    return {
        "label": each.label,
        "counter": each.counter,
        "counter_name": spec.name if spec else each.counter,
        "zone": spec.zone if spec else None,
        "called_at": moment(each.called_at),
        "last_called_at": moment(each.last_called_at),
        "recalls": each.recalls,
        "state": each.state,
    }


def services(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """The services on offer."""
    _, config = house(reader, site)
    waiting, look = _waiting_by_service(reader, site), Look.now(reader, site, config, now)
    waits = foresight.of_newcomers(reader, site, now)
    return {
        "services": [_offered(each, look.offer(each), waiting, waits) | {"temporary": each.temporary} for each in config.services.values()]
    }


def _estimate(waits: Mapping[str, Wait], code: str) -> dict[str, Any] | None:
    return foresight.estimate_json(waits[code].as_data()) if code in waits else None


def _offered(service: Service, offer: Offer, waiting: dict[str, int], waits: Mapping[str, Wait]) -> dict[str, Any]:
    """A service with what can be had of it now: `closed_reason` also where it is open and its officer comes only later."""
    return {
        "code": service.code, "name": service.name, "names": names(service), "series": service.series, "zone": service.zone,
        "open": offer.open, "closed_reason": offer.why, "next_open_at": moment(offer.next_at), "note": offer.note or None,
        "warning": offer.warning, "waiting": waiting.get(service.code, 0),
        "estimate": _estimate(waits, service.code) if offer.open else None,
    }  # fmt: skip


def _waiting_by_service(reader: Reader, site: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in reader.waiting_summary(site):
        found[part["service"]] = found.get(part["service"], 0) + part["n"]
    return found


def _rush(reader: Reader, site: str) -> bool:
    """Whether the hall is in rush mode: shorter screens, short slips."""
    row = reader.hall(site)
    return row is not None and row["rush_since"] is not None


KIOSK_SETTINGS = (
    "no_paper", "slip", "number_shown_s", "number_shown_no_paper_s", "idle_s", "same_card_s", "holder_limit", "lease_count",
    "leftovers",
)  # fmt: skip


def kiosk_home(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """What the kiosk's home shows, and the settings it follows."""
    row, config = house(reader, site)
    waiting, policy = _waiting_by_service(reader, site), config.policy
    look = Look.now(reader, site, config, now)
    waits = foresight.of_newcomers(reader, site, now)
    offered = [_offered(each, look.offer(each), waiting, waits) for each in config.services.values() if each.on_kiosk]
    return {
        "site": {"code": site, "name": config.name, "kind": row["kind"], "public_url": config.public_url, "epoch": row["epoch"]},
        "services": offered,
        "rush": _rush(reader, site),
        "outages": outages.standing(reader, site, config),
        "help_service": config.help_service,
        "languages": list(config.languages),
        "priority_classes": [
            {"code": each.code, "names": {"vi": each.name, **each.names}, "from_age": each.from_age}
            for each in config.priority_classes.values()
        ],
        "settings": {
            name: getattr(policy, name)
            for name in (
                "no_paper",
                "slip",
                "number_shown_s",
                "number_shown_no_paper_s",
                "idle_s",
                "same_card_s",
                "holder_limit",
                "lease_count",
            )
        },
    }


# ---------------------------------------------------------------- log, figures, devices
def events(reader: Reader, site: str, *, after: Position, limit: int) -> dict[str, Any]:
    """Rows of the log after a position, in order; `epoch_changed` for a position on a branch that did not go on."""
    row, _ = house(reader, site)
    check_position(reader, row, after)
    found = reader.events_after(site, after.seq, limit)
    last = found[-1] if found else None
    end = (last.epoch, last.seq) if last else (row["epoch"] if after.epoch is None else after.epoch, after.seq)
    return {"site": site, "events": [event_json(each) for each in found], "position": places.encode(*end)}


def check_position(reader: Reader, row: Row, after: Position) -> None:
    """A position is on this log when its epoch is known and it does not lie beyond where that epoch was continued."""
    epoch = int(row["epoch"]) if after.epoch is None else after.epoch
    # Epochs that began here; one may have been skipped, for it belonged to a branch that this log never saw.
    ends = [int(each["continues_after"]) for each in reader.epochs(row["code"]) if epoch < each["epoch"] <= row["epoch"]]
    continues_after = min(ends, default=int(row["seq"]))
    if epoch > row["epoch"] or after.seq > continues_after:
        raise Refusal("epoch_changed", epoch=row["epoch"], continues_after=min(continues_after, row["seq"]))


def seals(reader: Reader, site: str) -> dict[str, Any]:
    """The sealed days."""
    return {"site": site, "seals": [dict(row) | {"sealed_at": moment(row["sealed_at"])} for row in reader.seals(site)]}


def devices(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Every device that reported, those in trouble first."""
    house(reader, site)
    return fleet.devices(reader, site, now=now)

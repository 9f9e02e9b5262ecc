"""What leaves the house: domain values as the contract's JSON. No decisions are taken here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from queue_server.contract import position, times
from queue_server.domain.config import SiteConfig
from queue_server.domain.counter import Counter
from queue_server.domain.event import Event
from queue_server.domain.visit import Step, Ticket
from queue_server.services.foresight import estimate_json
from queue_server.services.ids import ticket_token, token_hash

if TYPE_CHECKING:
    from queue_server.storage.sql import Row


def moment(at_ms: int | None) -> str | None:
    """RFC 3339 in Vietnamese time."""
    return None if at_ms is None else times.encode(at_ms)


def seconds(duration_ms: int) -> int:
    """Whole seconds, rounded down, never below 0."""
    return max(0, duration_ms // 1000)


def page_url(ticket: Ticket, site: Row, config: SiteConfig) -> str | None:
    """The citizen's page: absolute where the site has a public address; None where only the kiosk knows the token."""
    token = ticket_token(site["token_key"], ticket.id)
    if ticket.token_hash != token_hash(token):
        return None
    return f"{(config.public_url or '').rstrip('/')}/t/{token}"


def ticket_json(ticket: Ticket, site: Row, config: SiteConfig) -> dict[str, Any]:
    """A ticket as the contract has it."""
    return {
        "id": ticket.id,
        "site": ticket.site,
        "number": ticket.number,
        "label": ticket.label,
        "series": ticket.series,
        "service": ticket.service,
        "state": ticket.state,
        "priority_class": ticket.priority_class,
        "source": ticket.source,
        "channel": ticket.channel,
        "business_day": ticket.business_day,
        "zone": ticket.zone,
        "lang": ticket.lang,
        "needs": list(ticket.needs),
        "quantity": ticket.quantity,
        "party": ticket.party,
        "on_behalf": ticket.on_behalf,
        "priority_check": ticket.priority_check,
        "reprints": ticket.reprints,
        "issued_at": moment(ticket.issued_at),
        "available_from": moment(ticket.available_from),
        "effective_at": moment(ticket.effective_at),
        "called_at": moment(ticket.called_at),
        "last_called_at": moment(ticket.last_called_at),
        "serving_at": moment(ticket.serving_at),
        "ended_at": moment(ticket.ended_at),
        "counter": ticket.counter,
        "for_counter": ticket.for_counter,
        "return_to": ticket.return_to,
        "held_until": moment(ticket.held_until),
        "readmit_until": readmit_until(ticket, config),
        "moved_from": ticket.moved_from,
        "tasks": list(ticket.tasks),
        "recalls": ticket.recalls,
        "outcome": ticket.outcome,
        "rating": ticket.rating,
        "ahead": ticket.ahead,
        "estimate": estimate_json(ticket.estimate),
        "print": ticket.print,
        "doubt": ticket.print if ticket.doubt else None,
        "carried_to": ticket.carried_to,
        "url": page_url(ticket, site, config),
        "steps": [_step_json(step) for step in ticket.steps],
    }


def readmit_until(ticket: Ticket, config: SiteConfig) -> str | None:
    """Until when somebody who did not come is taken in again with this slip."""
    if ticket.state != "no_show" or ticket.ended_at is None:
        return None
    return moment(ticket.ended_at + config.policy.readmit_s * 1000)


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "n": step.n,
        "service": step.service,
        "counter": step.counter,
        "available_from": moment(step.available_from),
        "first_called_at": moment(step.first_called_at),
        "last_called_at": moment(step.last_called_at),
        "started_at": moment(step.started_at),
        "start_inferred": step.start_inferred,
        "entered_late": step.entered_late,
        "ended_at": moment(step.ended_at),
        "recalls": step.recalls,
        "outcome": step.outcome,
        "procedures": list(step.procedures),
    }


def event_json(event: Event) -> dict[str, Any]:
    """A row of the log as the contract has it. `data` is given exactly as it was hashed: instants in it are Unix
    milliseconds, so that anyone can check the chain."""
    return {
        "epoch": event.epoch,
        "seq": event.seq,
        "position": position.encode(event.epoch, event.seq),
        "site": event.site,
        "at": moment(event.at),
        "type": event.type,
        "subject": event.subject,
        "ticket": event.ticket,
        "label": event.label,
        "service": event.service,
        "counter": event.counter,
        "business_day": event.business_day,
        "cmd": event.cmd,
        "actor": event.actor,
        "config_version": event.config_version,
        "data": event.data,
        "hash": event.hash,
    }


def counter_json(
    counter: Counter, config: SiteConfig, *, current: dict[str, Any] | None, held: list[dict[str, Any]], lawful: tuple[str, ...],
    waiting: int, longest_s: int, now: int,
) -> dict[str, Any]:  # fmt: skip
    """A counter as the contract has it."""
    idle = counter.state == "open" and current is None
    named = {entry["dossier_code"] for entry in current["steps"][-1]["procedures"] if entry.get("dossier_code")} if current else ()
    spec = config.counters[counter.code]
    undo = {"cmd": counter.undo_cmd, "until": moment(counter.undo_until)} if counter.undo_cmd else None
    return {
        "code": counter.code,
        "name": spec.name,
        "zone": spec.zone,
        "state": counter.state,
        "since": moment(counter.since),
        "reason": counter.reason,
        "clerk": counter.clerk,
        "active": not counter.inactive,
        "idle_since": moment(max(counter.since or 0, counter.freed_at or 0)) if idle else None,
        "current": current,
        "dossiers": len(named),
        "held": held,
        "reminders": [
            {"id": each["id"], "label": each["label"], "until": each["held_until"], "due": times.decode(each["held_until"]) <= now}
            for each in held
            if each["held_until"] is not None
        ],
        "undo": undo,
        "lawful": list(lawful),
        "waiting": waiting,
        "longest_s": longest_s,
        "services": list(counter.services or config.served_by(counter.code)),
    }


def names(value: Any) -> Mapping[str, str]:
    """A named thing's names by language; Vietnamese is always there."""
    return {"vi": value.name, **value.names}

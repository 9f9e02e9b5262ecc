"""The end of a step: the visit is complete, or it goes on at a service, a counter or another site.

Holds every way in which a person leaves a desk with something still to do. Who calls them there is `calling`'s affair;
how somebody who moved comes into another site's log is `moving`'s.
"""

from __future__ import annotations

from typing import Any

from queue_server.domain import routing
from queue_server.domain.counter import Counter
from queue_server.domain.errors import invalid
from queue_server.domain.ticket import TRANSITIONS
from queue_server.domain.visit import Ticket
from queue_server.services import dossiers, moving
from queue_server.services.unit import Unit


def complete(
    unit: Unit, desk: Counter, ticket: Ticket, outcome: str = "done", dossier_code: str | None = None, more: int | None = None,
    told: dict[str, Any] | None = None,
) -> Ticket:  # fmt: skip
    """End the step. Where the visit goes on (more dossiers than one turn takes, back to the counter that sent it, or a task this
    desk does not serve), the person waits for the next step; else the visit is complete. A start that nobody marked is
    inferred."""
    data: dict[str, Any] = {"outcome": outcome, "start_inferred": ticket.state == "called"} | (told or {})
    if dossier_code:
        data["dossier_code"] = dossiers.code(unit, dossier_code, "/dossier_code")
        dossiers.within_turn(unit, [*ticket.steps[-1].procedures, {"dossier_code": data["dossier_code"]}], "/dossier_code")
    if more:
        return _again(unit, ticket, more, data)
    if outcome == "done" and ticket.state in TRANSITIONS["transferred"][0]:
        if ticket.return_to and ticket.return_to != desk.code:
            back = ticket.steps[-2].service if len(ticket.steps) > 1 else ticket.service
            return _onward(unit, ticket, back, data | {"for_counter": _still_there(unit, ticket.return_to)})
        remaining = [task for task in ticket.tasks if task not in desk.services]
        if remaining:
            return _onward(unit, ticket, remaining[0], data | {"tasks": remaining[1:]})
    return unit.ticket_event(ticket, "completed", data)


def _still_there(unit: Unit, counter: str) -> str | None:
    """The counter somebody is to go back to; none where it has closed: its service is served by whoever serves it."""
    return counter if unit.counter(counter).state != "closed" else None


def _again(unit: Unit, ticket: Ticket, more: int, data: dict[str, Any]) -> Ticket:
    """Rule `dossier_limit`: who has brought more dossiers than one turn takes waits again, with the same slip, placed as
    if they came now, with the credit of their class alone."""
    limit = unit.config.policy.dossiers_per_turn
    if not limit:
        raise invalid("/more", "no_limit", "no limit of dossiers per turn is set: go on at the desk")
    credits = {rule: credit for rule, credit in (ticket.credits or {}).items() if rule == "priority"}
    place = {"rule": "dossier_limit", "arrived_from": unit.now_ms, "credits": credits, "quantity": more, "limit": limit}
    return _onward(unit, ticket, ticket.service, data | place | {"effective_at": routing.effective(unit.now_ms, credits)})


def _onward(unit: Unit, ticket: Ticket, service: str, data: dict[str, Any]) -> Ticket:
    """The next step waits with the arrival time kept and one more transfer's credit, unless `data` says otherwise."""
    credits = transfer_credits(unit, ticket)
    zone = unit.config.services[service].zone if service in unit.config.services else None
    onward = {"service": service, "credits": credits, "effective_at": routing.effective(ticket.arrived_from, credits), "zone": zone}
    return unit.ticket_event(ticket, "transferred", onward | data)


def transfer_credits(unit: Unit, ticket: Ticket) -> dict[str, int]:
    """The credits after one more transfer."""
    credits = dict(ticket.credits or {})
    return credits | {"transfer": credits.get("transfer", 0) + unit.config.policy.transfer_credit_s}


def transfer(
    unit: Unit, desk: Counter, ticket: Ticket, to: dict[str, Any], *, return_to_me: bool = False, reason: str | None = None
) -> Ticket:
    """Send the person on to a service or a counter of this site, or to another site of this database."""
    if to.get("site") and to["site"] != unit.site:
        if return_to_me:
            raise invalid("/return_to_me", "other_site", "nobody is sent back from another site by itself")
        return moving.send(unit, ticket, to, credits=transfer_credits(unit, ticket), reason=reason)
    service, counter = to.get("service"), to.get("counter")
    if service:
        unit.config.known_service(service, "/to/service")
    if counter:
        unit.config.known_counter(counter)
    if not service and not counter:
        raise invalid("/to", "required", "name a service or a counter")
    if not service:
        served = unit.config.served_by(str(counter))
        service = ticket.service if ticket.service in served else served[0]
    data = {"for_counter": counter, "reason": reason, "return_to": desk.code if return_to_me else None}
    data["start_inferred"] = ticket.state == "called"
    return _onward(unit, ticket, service, data)

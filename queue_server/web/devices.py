"""Devices: their heartbeat and the list a technician reads. Leases of numbers for kiosks that may be cut off."""

from __future__ import annotations

from typing import Any

from queue_server.contract.messages import Heartbeat, body_of
from queue_server.contract.strict import wire
from queue_server.services import fleet, leasing, queries, restating
from queue_server.web.call import Call, UseCase


def heartbeat(call: Call) -> UseCase:
    message: Heartbeat = call.message
    return lambda unit: fleet.heartbeat(unit, **wire(message))


def devices(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.devices(reader, call.site, now=call.now_ms)


def lease(call: Call) -> UseCase:
    return lambda unit: leasing.lease(unit, **body_of(call.message))


def settle(call: Call) -> UseCase:
    tickets = [wire(ticket) for ticket in call.message.tickets]
    return lambda unit: restating.settle(unit, call.args["lease"], tickets=tickets)


def restate(call: Call) -> UseCase:
    tickets = [wire(ticket) for ticket in call.message.tickets]
    return lambda unit: restating.restate(unit, tickets=tickets)

"""Devices: their heartbeat and the list a technician reads. Leases of numbers for kiosks that may be cut off."""

from __future__ import annotations

from typing import Any

from queue_server.contract.device import wipe_document
from queue_server.contract.messages import Heartbeat, body_of
from queue_server.contract.orders import OrderKind
from queue_server.contract.strict import wire
from queue_server.domain.errors import Refusal
from queue_server.services import devices as admitted
from queue_server.services import fleet, leasing, queries, restating
from queue_server.web.call import Call, UseCase


def heartbeat(call: Call) -> UseCase:
    """A device with a key of its own reports for itself alone; a start of the machine that comes back gives a copy of it away."""
    message: Heartbeat = call.message
    proof = call.proof
    if proof is None:
        return lambda unit: fleet.heartbeat(unit, **wire(message))
    if message.device != call.who.id:
        raise Refusal("forbidden")

    def use_case(unit: Any) -> dict[str, Any]:
        admitted.seen_started(unit, message.device, proof.keyid, message.boot_id)
        answer = fleet.heartbeat(unit, **wire(message))
        return answer | {"orders": [_signed(order, proof.keyid, call.house.authority) for order in answer.get("orders", ())]}

    return use_case


def _signed(order: dict[str, Any], keyid: str, authority: Any) -> dict[str, Any]:
    """A device forgets everything only where the site itself signed for this very key; other orders go as they are."""
    if order["kind"] != OrderKind.WIPE:
        return order
    document = wipe_document(keyid)
    return {**order, "args": {"document": document, "signature": authority.sign_document(document)}}


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

"""Ticket calls: issuing, changing, reading, and what a counter does with a named ticket.

Thin: each function picks the use-case and hands over the fields of the message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from queue_server.contract.messages import body_of
from queue_server.contract.strict import wire
from queue_server.domain.errors import Refusal
from queue_server.services import appointments, attending, calling, queries, stating
from queue_server.web.call import Call, UseCase


def issue(call: Call) -> UseCase:
    """What a device with a key of its own issues is its own, whatever it says: once it is stolen, it must be found."""
    body = body_of(call.message) | ({"device": call.who.id} if call.proof is not None else {})
    return lambda unit: appointments.issue(unit, **body)


def paper(call: Call) -> UseCase:
    return lambda unit: stating.paper(unit, **body_of(call.message))


def attend(name: str) -> Callable[[Call], UseCase]:
    """amend, cancel, readmit, print-outcome, reprint, rate, annotate."""
    act: Callable[..., dict[str, Any]] = getattr(attending, name.replace("-", "_"))
    return lambda call: lambda unit: act(unit, call.args["ticket"], **body_of(call.message))


def on_ticket(name: str) -> Callable[[Call], UseCase]:
    """recall, serve, hold, resume, release, transfer, complete, no-show, reclassify, procedures."""

    def view(call: Call) -> UseCase:
        fields = body_of(call.message)
        if "to" in fields:
            fields["to"] = wire(fields["to"])
        if "procedures" in fields:
            fields["procedures"] = [wire(entry) for entry in fields["procedures"]]
        return lambda unit: calling.on_ticket(unit, call.args["ticket"], name, **fields)

    return view


def one(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.ticket(reader, call.site, call.args["ticket"], now=call.now_ms)


def several(call: Call) -> dict[str, Any]:
    wanted = {name: call.query[name] for name in ("label", "day", "dossier") if call.query.get(name) is not None}
    if not wanted.keys() & {"label", "dossier"}:
        raise Refusal("invalid", errors=[{"pointer": "?label", "code": "required", "detail": "give label or dossier"}])
    with call.reader() as reader:
        return queries.tickets_by(reader, call.site, now=call.now_ms, **wanted)

"""Counter calls: opening and closing, next, a chosen person, keys of a keypad, undo, and how a counter stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from queue_server.contract.messages import body_of
from queue_server.services import calling, desk, queries, stating, undoing
from queue_server.services import counters as opening
from queue_server.web.call import Call, UseCase


def command(name: str) -> Callable[[Call], UseCase]:
    """open, close, pause, resume, wrap-up, alarm, activate, hand-over."""
    return lambda call: lambda unit: opening.command(unit, call.args["counter"], name, **body_of(call.message))


def next_ticket(call: Call) -> UseCase:
    message = call.message
    return lambda unit: calling.next_ticket(unit, call.args["counter"], previous=message.previous, if_ticket=message.if_ticket)


def call_chosen(call: Call) -> UseCase:
    return lambda unit: calling.call_chosen(unit, call.args["counter"], ticket=call.message.ticket, reason=call.message.reason)


def at_counter(name: str) -> Callable[[Call], UseCase]:
    """recall, serve, hold, no-show, complete for whoever stands there."""
    return lambda call: lambda unit: calling.on_counter(unit, call.args["counter"], name, if_ticket=call.message.if_ticket)


def tick(call: Call) -> UseCase:
    return lambda unit: stating.tick(unit, call.args["counter"], **body_of(call.message))


def undo(call: Call) -> UseCase:
    return lambda unit: undoing.undo(unit, call.args["counter"], cmd=call.message.cmd, reason=call.message.reason)


def all_counters(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.counters(reader, call.site, now=call.now_ms)


def one(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.counter(reader, call.site, call.args["counter"], now=call.now_ms)


def check(call: Call) -> dict[str, Any]:
    """A slip held under the scanner: right here, or what else."""
    with call.reader() as reader:
        return desk.check(reader, call.site, call.args["counter"], call.query["code"], now=call.now_ms)


def find(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return desk.find(reader, call.site, call.query["q"], now=call.now_ms)


def rules(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return desk.rules(reader, call.site, now=call.now_ms)

"""Calls of the people who guide the hall, and of a kiosk that asks what it is wanted for. Thin: fields in, use-case out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from queue_server.contract.messages import body_of
from queue_server.domain.errors import Refusal
from queue_server.services import day_keys, hall_queries, helping
from queue_server.web.call import Call, UseCase


def call_help(call: Call) -> UseCase:
    return lambda unit: helping.call(unit, **body_of(call.message))


def on_call(name: str) -> Callable[[Call], UseCase]:
    """answer, done."""
    act: Callable[..., dict[str, Any]] = getattr(helping, name)
    return lambda call: lambda unit: act(unit, call.args["call"])


def on_ticket(name: str) -> Callable[[Call], UseCase]:
    """print-at, priority."""
    act: Callable[..., dict[str, Any]] = getattr(helping, name.replace("-", "_"))
    return lambda call: lambda unit: act(unit, call.args["ticket"], **body_of(call.message))


def rush(call: Call) -> UseCase:
    return lambda unit: helping.rush(unit, on=call.message.on)


def calls(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return hall_queries.calls(reader, call.site, now=call.now_ms)


def hall(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return hall_queries.hall(reader, call.site, now=call.now_ms)


def errands(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return hall_queries.errands(reader, call.site, call.args["device"], now=call.now_ms)


def day_key(call: Call) -> dict[str, Any]:
    """For machines alone: a person has no card numbers to hash. Not from a standby, whose server draws it, nor from a process beside
    the one that draws."""
    if call.who.kind not in ("key", "device"):
        raise Refusal("not_found", what="day key")
    if call.house.standing.word(call.site) != "serving":
        raise Refusal("standby")
    if not call.house.day_keys.mine(call.house.store):
        raise Refusal("busy")
    with call.reader() as reader:
        return day_keys.hand_out(reader, call.house.day_keys, call.site, offered=call.message.offered, now=call.now_ms)


def near(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return hall_queries.near(reader, call.site, service=call.query["service"], about=call.query["about"], now=call.now_ms)

"""A manager's calls: the configuration read, settings previewed and changed, a temporary service made and ended."""

from __future__ import annotations

from typing import Any

from queue_server.contract.messages import body_of
from queue_server.services import policies, surging
from queue_server.web.call import Call, UseCase


def config(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return policies.shown(reader, call.site)


def preview(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return policies.preview(reader, call.site, version=call.message.version, changes=_changes(call.message))


def change(call: Call) -> UseCase:
    return lambda unit: policies.change(unit, version=call.message.version, changes=_changes(call.message))


def _changes(message: Any) -> list[dict[str, Any]]:
    return [{"pointer": each.pointer, "value": each.value} for each in message.changes]


def surge(call: Call) -> UseCase:
    return lambda unit: surging.begin(unit, **body_of(call.message))


def surge_end(call: Call) -> UseCase:
    return lambda unit: surging.end(unit, call.args["service"])

"""Calls about accounts that rest after wrong passwords: which they are, and letting one try again. Thin: fields in, use-case out."""

from __future__ import annotations

from typing import Any

from queue_server.services import accounts
from queue_server.web.call import Call, UseCase


def resting(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return accounts.resting(reader, call.site, call.now_ms)


def unlock(call: Call) -> UseCase:
    return lambda unit: accounts.unlock(unit, call.args["login"])


def page_of(call: Call, _: dict[str, Any]) -> str:
    return f"/accounts?site={call.site}" if len(call.who.sites) > 1 else "/accounts"

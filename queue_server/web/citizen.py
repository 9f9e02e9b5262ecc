"""The citizen's own ticket by its token: state as JSON, giving it up, rating it. The page itself belongs to the pages.

The token is all that is asked for and all that is known: whoever holds the slip may do no more than these three things.
"""

from __future__ import annotations

from typing import Any

from queue_server.domain.principal import Principal
from queue_server.services import attending, queries
from queue_server.web.call import Addressed, Call, UseCase


def state(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.citizen_ticket(reader, call.args["token"], now=call.now_ms)


def cancel(call: Call) -> Addressed:
    return _own(call, lambda ticket: lambda unit: attending.cancel(unit, ticket, reason="citizen"))


def rating(call: Call) -> Addressed:
    return _own(call, lambda ticket: lambda unit: attending.rate(unit, ticket, stars=call.message.stars))


def _own(call: Call, act: Any) -> Addressed:
    with call.reader() as reader:
        site, ticket = queries.site_of_token(reader, call.args["token"])
    who = Principal("citizen", ticket, (site,), frozenset(), role="citizen")
    chosen: UseCase = act(ticket)

    def use_case(unit: Any) -> dict[str, Any]:
        chosen(unit)
        return queries.citizen_ticket(unit.repository, call.args["token"], now=unit.now_ms)

    return Addressed(who, site, use_case)

"""What a standby in the building asks: a copy to begin with, rows after a position, what stands beside the log; and promotion.

Holds the handlers. The rows are `services.replicating`'s, the new epoch `services.epochs`'.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import request

from queue_server.domain.errors import Refusal
from queue_server.services import epochs, replicating, timekeeping
from queue_server.web.call import Call, UseCase
from queue_server.web.standing import HEADER


def rows(call: Call) -> dict[str, Any]:
    after = int(call.query.get("after") or 0)
    call.house.followers.asked(call.site, after)
    with call.reader() as reader:
        return replicating.batch(reader, call.site, after=after, answers_since=int(call.query.get("answers_since") or 0))


def aside(call: Call) -> dict[str, Any]:
    _of_every_site(call)
    with call.reader() as reader:
        told = replicating.aside(reader)
    return {"digest": told["digest"]} if call.query.get("known") == told["digest"] else told


def snapshot(call: Call) -> Path:
    """One moment of the whole database in a file that is deleted once it is open."""
    _of_every_site(call)
    if call.house.copy_to is None:
        raise Refusal("not_found")
    folder = Path(tempfile.mkdtemp(prefix="toiluot-copy-"))
    call.house.copy_to(folder / "copy.sqlite3")
    return folder / "copy.sqlite3"


def _of_every_site(call: Call) -> None:
    """What is not one site's is only for a credential of them all."""
    if not set(call.house.store.sites()) <= set(call.who.sites):
        raise Refusal("not_found", what="every site")


def standing(call: Call) -> dict[str, Any]:
    call.house.standing.hear(call.site, request.headers.get(HEADER))
    with call.reader() as reader:
        leap = timekeeping.state(reader, call.site)
    return {
        "site": call.site,
        "standing": call.house.standing.word(call.site),
        "epoch": call.house.store.position(call.site)[0],
        "standby": call.house.followers.words(call.site),
        "clock": leap,
    }


def promote(call: Call) -> dict[str, Any]:
    """This standby takes over, whoever asked."""
    house = call.house
    if not house.standing.following:
        raise Refusal("conflict", why="not a standby")
    done = epochs.take_over(house.store, call.who, house.standing.heard_at)
    house.standing.promoted()
    house.log.warning("promoted", who=call.who.actor, epochs={site: body["epoch"] for site, body in done.items()})
    return {"sites": done}


def confirm_clock(call: Call) -> UseCase:
    return timekeeping.confirm

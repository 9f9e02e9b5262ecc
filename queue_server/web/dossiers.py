"""Looking a dossier up by its code. Thin: the line is asked, the words are the service's."""

from __future__ import annotations

from typing import Any

from queue_server.domain.errors import Refusal
from queue_server.services import looking_up
from queue_server.web.call import Call


def look_up(call: Call) -> dict[str, Any]:
    """No database is read while the far end is waited for."""
    line = call.house.dossiers
    if line is None:
        raise Refusal("dossier_off")
    code = looking_up.code(call.args["code"])
    seen = line.look_up(code, f"{call.site} {call.who.actor}", call.now_ms)
    if seen.known is None:
        raise Refusal("dossier_unknown")
    with call.reader() as reader:
        return looking_up.answer(reader, call.site, code, seen.known, seen.asked_at_ms)

"""The staffing advice as a call: what is known now, at once; what is missing is being reckoned."""

from __future__ import annotations

from typing import Any

from queue_server.contract.strict import Text
from queue_server.domain.errors import Refusal, invalid
from queue_server.web.call import Call, Param

MOST = 5000
MORE = Param("more", Text(4), about=f"how many people more than usual, 1 to {MOST}")


def more_of(text: str | None) -> int:
    """How many people more than usual are asked about; 0 for none."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or not 0 <= int(text) <= MOST:
        raise invalid("/more", "out_of_range", f"0 to {MOST}")
    return int(text)


def advice(call: Call) -> dict[str, Any]:
    if call.house.adviser is None:
        raise Refusal("not_found", what="staffing advice on this server")
    told: dict[str, Any] = call.house.adviser.ask(call.site, more_of(call.query.get("more")))
    return told

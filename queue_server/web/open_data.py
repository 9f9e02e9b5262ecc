"""What anybody may read: waits of days that are over as a table, and the live wait of each site. Thin: the answer's bytes and type."""

from __future__ import annotations

import json

from queue_server.services import open_data, open_places
from queue_server.web.call import Call


def waits(call: Call) -> tuple[bytes, str]:
    with call.reader() as reader:
        text = open_data.waits_csv(
            reader, site=call.query.get("site"), first=call.query.get("from"), last=call.query.get("to"), now=call.now_ms
        )
    return text.encode(), "text/csv; charset=utf-8"


def places(call: Call) -> tuple[bytes, str]:
    with call.reader() as reader:
        found = open_places.of_server(reader, now=call.now_ms)
    return json.dumps(found, ensure_ascii=False).encode(), "application/json"

"""Rows of branches that did not go on, read for a person. Keeping them is `recovery.branches`' and `epochs`' affair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

NAMED = ("at", "type", "label", "service", "counter", "business_day", "cmd")


def listed(reader: Reader, site: str) -> list[dict[str, Any]]:
    """Every disowned row of a site, oldest first: `{epoch, seq, received_at, at, type, label, service, counter, …}`."""
    told = [(row, json.loads(row["body"])) for row in reader.disowned(site)]
    return [
        {"epoch": row["epoch"], "seq": row["seq"], "received_at": row["received_at"], **{name: event[name] for name in NAMED}}
        for row, event in told
    ]

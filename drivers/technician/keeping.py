"""`drivers record`: has the service take down one slot's line for a while, and writes what it gives into one file."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from drivers.client import DriversClient


def keep(client: DriversClient, slot: str, file: Path, seconds: float) -> dict[str, Any]:
    """The file is opened first: one that cannot be written is told before anybody lays a card down."""
    with file.open("x" if not file.exists() else "w", encoding="utf-8") as out:
        client.record(slot, True)
        try:
            threading.Event().wait(seconds)
        except KeyboardInterrupt:
            pass  # that is how a person ends it
        recording = client.record(slot, False)
        json.dump(recording, out, ensure_ascii=False, indent=1)
        out.write("\n")
    came = sum(len(data) // 2 for _, what, data in recording["events"] if what == "in")
    return {"file": str(file), "slot": slot, "events": len(recording["events"]), "bytes_in": came, "complete": recording["complete"]}

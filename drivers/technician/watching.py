"""`drivers watch`: what comes and what goes, one line each. Sleeps in between; opens nothing."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from typing import Any

from drivers.ports.discovery import UdevWatch, devices

SETTLE_S = 0.05


def changes(seconds: float | None = None, ready: Callable[[], object] = lambda: None) -> Iterator[dict[str, Any]]:
    """Until `seconds` have passed, or for ever. `ready` is called when what is there has been seen."""
    watch = UdevWatch()
    try:
        known = {device.key: device for device in devices()}
        ready()
        until = None if seconds is None else time.monotonic() + seconds
        while until is None or time.monotonic() < until:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select(watch.filenos(), [], [], left)[0]:
                return
            while select.select(watch.filenos(), [], [], SETTLE_S)[0]:
                watch.drain()
            now = {device.key: device for device in devices()}
            yield from ({"change": "remove", "device": known[key].as_json()} for key in known.keys() - now.keys())
            yield from ({"change": "add", "device": now[key].as_json()} for key in now.keys() - known.keys())
            known = now
    finally:
        watch.close()

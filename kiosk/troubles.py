"""Counts of what went wrong since the start, for the heartbeat: codes only, never a text that might hold a person."""

from __future__ import annotations

import threading
from typing import Any

MOST = 50


class Troubles:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, str]] = {}

    def count(self, code: str, at: str) -> None:
        with self._lock:
            if code in self._seen or len(self._seen) < MOST:
                self._seen[code] = (self._seen.get(code, (0, ""))[0] + 1, at)

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{"code": code, "count": count, "last_at": at} for code, (count, at) in self._seen.items()]

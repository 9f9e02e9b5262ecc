"""The keyed hash that stands for a card, and the age class it speaks for. Computed in memory; the number goes nowhere.

The key is random per process and business day and lives in RAM only: nobody can turn a hash back into a number, not
even with this disk in hand. (A key shared by a centre's kiosks replaces `_key` once the server hands one out.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading


class HolderKeys:
    """One day's key; yesterday's is forgotten at the first card of a new day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day = ""
        self._key = b""

    def holder_key(self, number: str, business_day: str) -> str:
        with self._lock:
            if business_day != self._day:
                self._day, self._key = business_day, secrets.token_bytes(32)
            return hmac.new(self._key, number.encode(), hashlib.sha256).hexdigest()

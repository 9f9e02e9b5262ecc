"""The keyed hash that stands for a card. Computed in memory; the number goes nowhere.

The key is the centre's for the day, given by the server and kept in memory alone on both sides, so that two kiosks know one
card. As long as this kiosk has none it draws one of its own and says so in the hash: what it makes then is known to itself
alone. Nobody can turn a hash back into a number, not even with this disk in hand.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

OWN = "own."


class HolderKeys:
    """One day's keys; yesterday's are overwritten with the first card or key of a new day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: tuple[str, bytearray] = ("", bytearray())
        self._shared: tuple[str, bytearray] = ("", bytearray())

    def holder_key(self, number: str, business_day: str) -> str:
        with self._lock:
            self._forget(business_day)
            if self._shared[0]:
                return _hash(self._shared[1], number)
            if not self._own[0]:
                self._own = (business_day, bytearray(secrets.token_bytes(32)))
            return OWN + _hash(self._own[1], number)

    def adopt(self, business_day: str, key: bytes) -> None:
        """The centre's key of a day."""
        with self._lock:
            self._forget(business_day)
            if bytes(self._shared[1]) != key:
                self._shared[1][:] = bytes(len(self._shared[1]))
                self._shared = (business_day, bytearray(key))

    def shared(self, business_day: str) -> str | None:
        """The centre's key of this day as the wire has it, where it is here."""
        with self._lock:
            self._forget(business_day)
            return self._shared[1].hex() or None

    def _forget(self, business_day: str) -> None:
        for day, key in (self._own, self._shared):
            if day and day != business_day:
                key[:] = bytes(len(key))
        if self._own[0] != business_day:
            self._own = ("", bytearray())
        if self._shared[0] != business_day:
            self._shared = ("", bytearray())


def _hash(key: bytearray, number: str) -> str:
    return hmac.new(key, number.encode(), hashlib.sha256).hexdigest()

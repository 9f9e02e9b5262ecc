"""How a device stands with its site, as its page shows it: asking, waiting for a person, refused, let in, or shut out.

Holds one value and the place where threads leave and take it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    STARTING = "starting"
    UNREACHABLE = "unreachable"  # no server answers
    UNTRUSTED = "untrusted"  # a server answers and is not the one the card names
    WAITING = "waiting"  # a technician compares the words
    REFUSED = "refused"
    ACCEPTED = "accepted"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Standing:
    phase: Phase = Phase.STARTING
    words: tuple[str, ...] = ()
    user_code: str = ""
    server_words: tuple[str, ...] = ()
    pinned: bool = False  # the card named the site's authority: the device has checked the server already
    plain: bool = False  # the line to the server is not encrypted
    server: str = ""
    name: str = ""
    role: str = "kiosk"


class Board:
    """The newest standing, for whoever draws it."""

    def __init__(self, first: Standing) -> None:
        self._lock, self._now = threading.Lock(), first

    def now(self) -> Standing:
        with self._lock:
            return self._now

    def change(self, **fields: Any) -> None:
        with self._lock:
            self._now = replace(self._now, **fields)

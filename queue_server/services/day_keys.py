"""The day key of a centre: what its kiosks turn a card's number into a hash with, so that two of them know one card.

In memory alone, drawn anew each business day and overwritten at its end: no table, event, answer kept or log row ever holds it
(docs/security.md). A server that was started in the middle of a day has forgotten it; the kiosks have not, and the first one
that asks brings it back. Sites of one database whose policy counts a card over the centre have one key together.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.services.queries import house

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.store import Store

SIZE = 32


@dataclass
class _Kept:
    day: str
    ends_at_ms: int
    key: bytearray = field(repr=False)


class DayKeys:
    """The keys of one process."""

    def __init__(self, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._entropy, self._lock = entropy, threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._held: ExitStack | None = None  # the job of drawing keys, where several processes serve one database

    def mine(self, store: Store) -> bool:
        """Whether this process is the one that draws the keys: two of them would draw two. Kept until `close`."""
        with self._lock:
            if self._held is None:
                held = ExitStack()
                if held.enter_context(store.alone("day-key")):
                    self._held = held
                else:
                    held.close()
            return self._held is not None

    def close(self) -> None:
        """Forget every key, and let another process draw the next."""
        with self._lock:
            for scope in list(self._kept):
                self._drop(scope)
            held, self._held = self._held, None
        if held is not None:
            held.close()

    def of(self, scope: str, day: str, ends_at_ms: int, now_ms: int, offered: bytes | None = None) -> bytes:
        """The key of a scope (a site, or its centre) on a business day; `offered` is a kiosk's, taken where there is none yet."""
        with self._lock:
            self._sweep(now_ms)
            kept = self._kept.get(scope)
            if kept is None or kept.day != day:
                self._drop(scope)
                kept = self._kept[scope] = _Kept(day, ends_at_ms, bytearray(offered or self._entropy(SIZE)))
            return bytes(kept.key)

    def sweep(self, now_ms: int) -> None:
        """Overwrite the keys of days that are over."""
        with self._lock:
            self._sweep(now_ms)

    def _sweep(self, now_ms: int) -> None:
        for scope in [scope for scope, kept in self._kept.items() if now_ms >= kept.ends_at_ms]:
            self._drop(scope)

    def _drop(self, scope: str) -> None:
        gone = self._kept.pop(scope, None)
        if gone is not None:
            gone.key[:] = bytes(len(gone.key))


def hand_out(reader: Reader, keys: DayKeys, site: str, *, offered: str | None, now: int) -> dict[str, Any]:
    """The key with which the kiosks of a site hash a card's number today. `offered` is what the kiosk has, if it has one."""
    row, config = house(reader, site)
    now_ms = max(now, row["last_at"])
    day = calendar.business_day(now_ms, config.utc_offset_min)
    ends_at_ms = calendar.midnight_ms(day, config.utc_offset_min) + calendar.DAY_MS
    scope = config.policy.holder_scope
    key = keys.of(f"{scope}:{site if scope == 'site' else ''}", day, ends_at_ms, now_ms, bytes.fromhex(offered) if offered else None)
    return {"site": site, "business_day": day, "scope": scope, "key": key.hex()}

"""Carries "something changed" from the kiosk's threads to the page streams on the event loop.

Holds a version number and the waiting streams. Says nothing about what changed: a stream reads the newest state.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


class Feed:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 0
        self._closed = False
        self.on_change: Callable[[], None] = lambda: None
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def closed(self) -> bool:
        return self._closed

    def changed(self) -> None:
        with self._lock:
            self._version += 1
            self._wake()
        self.on_change()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._wake()
        self.on_change()

    def _wake(self) -> None:
        for loop, event in self._waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def after(self, version: int, timeout_s: float) -> int:
        """The newest version, at once where it differs from `version`, else when it changes or time is up."""
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        with self._lock:
            if self._version != version or self._closed:
                return self._version
            self._waiting.add(entry)
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting.discard(entry)
        return self._version

"""A number that never falls, one per signed request, cheap to keep: only every 256th is written down, ahead of its use.

Holds the file and the lock. After a restart it goes on above everything that may have been used; gaps mean nothing.
"""

from __future__ import annotations

import threading
from pathlib import Path

from queue_server.contract.device import COUNTER_STEP

from .files import put


class Counter:
    """`path` is this signer's own file. `others`: files of signers before it with the same key, whose numbers are passed."""

    def __init__(self, path: Path, *others: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._last = max(_read(one) for one in (path, *others))
        self._written = 0  # nothing is used before the next step is on disk

    def next(self) -> int:
        with self._lock:
            if self._last + 1 > self._written:
                ahead = self._last + COUNTER_STEP
                put(self._path, f"{ahead}\n".encode(), 0o600)
                self._written = ahead
            self._last += 1
            return self._last

    def above(self, number: int) -> bool:
        """Go on above what the server has seen, where that is more: the card was put back to an older state. Whether it was."""
        with self._lock:
            behind = number > self._last
            if behind:
                self._last, self._written = number, 0
            return behind


def _read(path: Path) -> int:
    """What may have been used. A file that is not a number is worn: refusing to start would close a kiosk over it, and
    starting from 1 would look like a copy of this device, so it is told as what it is."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0
    if not text:
        return 0  # systemd hands out a blank file for a credential that is not there
    if not text.isdigit():
        raise ValueError(f"{path} holds no number: order a new key for this device, or enrol it anew")
    return int(text)

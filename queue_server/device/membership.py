"""Whether the site still takes this device's word, as its own answers say: working, suspended, or shut out for good.

Holds the last word and what it leads to: the page says so, and a device that was withdrawn forgets its key when the site signed that
it must. A line that is cut says nothing: a kiosk alone works on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from queue_server.client import Client, Json, Problem

from .standing import Phase, Standing

_OUT = {"device_suspended": Phase.SUSPENDED, "device_revoked": Phase.REVOKED}


class Membership:
    """`on_wipe` is told once what the site signed."""

    def __init__(self, standing: Standing, on_wipe: Callable[[Mapping[str, Any]], object] = lambda signed: None) -> None:
        self._lock, self._working, self._on_wipe = threading.Lock(), standing, on_wipe
        self._phase = Phase.ACCEPTED
        self._wiped = False

    def heard(self, refused: Problem | None) -> None:
        """The server's last word to this device: None where it served it, a refusal otherwise. Other refusals say nothing of it."""
        phase = Phase.ACCEPTED if refused is None else _OUT.get(refused.code)
        if phase is None:
            return
        signed = refused.body.get("wipe") if refused else None
        with self._lock:
            self._phase = phase
            first = isinstance(signed, Mapping) and not self._wiped
            self._wiped = self._wiped or first
        if first:
            assert isinstance(signed, Mapping)
            self._on_wipe(signed)

    def now(self) -> Standing:
        with self._lock:
            return Standing(
                phase=self._phase, words=self._working.words, server=self._working.server, name=self._working.name, role=self._working.role
            )

    def out(self) -> Standing | None:
        """The standing where the device may not work; None where it may."""
        standing = self.now()
        return None if standing.phase is Phase.ACCEPTED else standing


class Heard(Client):
    """A client whose heartbeats tell how the site stands to this device."""

    def __init__(self, *about: Any, on_word: Callable[[Problem | None], None], **more: Any) -> None:
        super().__init__(*about, **more)
        self._on_word = on_word

    def heartbeat(self, beat: Mapping[str, Any]) -> Json:
        try:
            answer = super().heartbeat(beat)
        except Problem as refused:
            self._on_word(refused)
            raise
        self._on_word(None)
        return answer

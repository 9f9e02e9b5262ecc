"""Says the screen to who listens: watches the visit, and whenever something new is to be heard sends it to the headphones.

Holds one thread and what was said last. Which words is `audio`'s affair, making them heard the drivers'. A screen that
only changed under the listener (another count of people waiting) is not said again; a new key cuts off the old words.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kiosk import audio, i18n
from kiosk.agent import Agent
from kiosk.audio import Part
from kiosk.devices import Devices, DriversAway
from kiosk.saying import speakable, voice_of


@dataclass(frozen=True)
class Heard:
    """What decides whether there is something new: the screen, the place on it and how often it was asked for."""

    key: tuple[Any, ...]
    paper: str


class Voice:
    def __init__(self, agent: Agent, devices: Devices) -> None:
        self._agent, self._devices = agent, devices
        self._changed = threading.Event()
        self._stopping = False
        self._last: Heard | None = None
        agent.feed.on_change = self._changed.set

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="voice", daemon=True)]

    def stop(self) -> None:
        self._stopping = True
        self._changed.set()

    def _run(self) -> None:
        while not self._stopping:
            self._changed.wait()
            self._changed.clear()
            self.look()

    def look(self) -> None:
        """Say what is new since the last look."""
        session, view = self._agent.seen()
        if not session.audio:
            if self._last is not None:
                self._last = None
                self._say((), session.volume)
            return
        key = (view["visit"], view["screen"], view.get("problem"), view["lang"], session.cursor, session.asked)
        now, before = Heard(key, audio.paper(view)), self._last
        self._last = now
        if before is None or before.key != now.key:
            self._say(audio.utterance(view, session.cursor, i18n.translator(session.lang)), session.volume)
        elif before.paper != now.paper:
            self._say((Part(voice_of(session.lang), speakable(now.paper, session.lang)),), session.volume, append=True)

    def _say(self, parts: Sequence[Part], volume: int, *, append: bool = False) -> None:
        try:
            self._devices.say([(part.voice, part.text) for part in parts], volume, append=append)
        except DriversAway as away:
            self._agent.trouble(f"say_{away}")

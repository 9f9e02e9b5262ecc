"""From a key of the tactile keypad to what a finger would have done: the first key only wakes the voice.

Holds the one step between the drivers' names of keys and the session. Which key means what is `audio`'s affair.
"""

from __future__ import annotations

from kiosk import audio
from kiosk.acts import ACTS
from kiosk.agent import Agent
from kiosk.audio import Touch
from kiosk.events import Headphones


def press(agent: Agent, key: str) -> None:
    """A key went down. Names that mean nothing here are ignored."""
    session, view = agent.seen()
    if not session.audio:
        agent.post(Headphones(True))
        return
    meant = audio.press(view, session.cursor, key)
    if isinstance(meant, Touch):
        ACTS[meant.act](agent, dict(meant.body))
    elif meant is not None:
        agent.post(meant)


def headphones(agent: Agent, plugged: bool) -> None:
    agent.post(Headphones(plugged))

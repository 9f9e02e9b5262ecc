"""What the people of the house want of this machine, and what this machine wants of them.

Asks the server every few seconds for slips wanted here (each under a job id that is on disk before the printer is asked, so
whatever is told again is printed once) and for how it stands with the call for help; sends that call. A call is not kept
for later: nobody should come running an hour after the line is back. Slips wanted while the line was cut are the server's to
forget.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

from kiosk.agent import Agent
from kiosk.events import Help, HelpSays
from kiosk.ids import uuid7
from kiosk.spool import PrintIntent
from kiosk.values import ticket_from
from queue_server.client import Client, Problem, Unreachable

EVERY_S = 2.5
CALL_WITHIN_S = 15.0  # then the screen sends to the desk
SAY_FAILED_S = 20.0
AGAIN_S = 1.0


class Errands:
    def __init__(self, agent: Agent, server: Client, *, every_s: float = EVERY_S, call_within_s: float = CALL_WITHIN_S) -> None:
        self._agent, self._server, self._every_s, self._call_within_s = agent, server, every_s, call_within_s
        self._stopping, self._wake, self._pressed = threading.Event(), threading.Event(), threading.Event()
        self._silent_until_s = 0.0  # what the server says of calls waits until "could not call" was read
        agent.on_help = self._press

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="errands", daemon=True)]

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def _press(self) -> None:
        self._pressed.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            if self._pressed.is_set():
                self._pressed.clear()
                self._call()
            elif self._agent.with_server():
                self.ask()
            self._wake.wait(self._every_s)

    # ------------------------------------------------------------ help
    def _call(self) -> None:
        """Under one request id, however often it must be sent: one call."""
        request_id, clock = uuid7(self._agent.clock.wall_ms()), self._agent.clock
        give_up_s = clock.monotonic() + self._call_within_s
        while not self._stopping.is_set():
            try:
                self._server.call_help(request_id, self._agent.name)
                self._agent.post(HelpSays(Help.CALLED))
                return
            except (Problem, Unreachable):
                self._agent.trouble("help_not_called")
            if clock.monotonic() >= give_up_s:
                break
            self._stopping.wait(AGAIN_S)
        self._silent_until_s = clock.monotonic() + SAY_FAILED_S
        self._agent.post(HelpSays(Help.FAILED))

    # ------------------------------------------------------------ what is wanted
    def ask(self) -> None:
        """One question to the server and what follows from its answer."""
        try:
            told = self._server.errands(self._agent.name)
        except (Problem, Unreachable):
            return  # the first screen's own poll notices and counts a cut line
        try:
            for wanted in told.get("prints") or ():
                self._print(wanted)
        except (sqlite3.Error, KeyError, ValueError):
            self._agent.trouble("wanted_slip")
        if self._pressed.is_set() or self._agent.clock.monotonic() < self._silent_until_s:
            return
        self._agent.post(HelpSays(_help_of(told.get("help"))))

    def _print(self, wanted: dict[str, Any]) -> None:
        ticket, lang = ticket_from(wanted["ticket"]), str(wanted["ticket"].get("lang") or "vi")
        offered = self._agent.languages()
        intent = PrintIntent(
            str(wanted["job"]), {**vars(ticket)}, lang if lang in offered else "vi", wanted.get("reprint") is True,
            self._agent.clock.wall_ms(),
        )  # fmt: skip
        if self._agent.spool.want(intent):
            self._agent.on_print(intent)


def _help_of(call: dict[str, Any] | None) -> Help:
    states = {"open": Help.CALLED, "answered": Help.COMING}
    return states.get(str((call or {}).get("state")), Help.NONE)

"""Asks the server how it stands with a slip or a dossier that was laid on the reader, and tells it what a slip's holder wants.

Holds two threads, each with the newest question of its kind; an answer that comes when its person has gone is the session's to
drop. Keeps no token and no code: they live as long as the question. A dossier is asked about over a line of its own with a short
patience, so that a silent dossier system keeps nobody from looking up a slip.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from kiosk.agent import Agent
from kiosk.dossier import dossier_from
from kiosk.events import ActOnSlip, DossierTold, Event, LookUp, LookUpDossier, SlipFound
from kiosk.ids import uuid7
from kiosk.own_dossier import SILENT, UNKNOWN, WRONG
from kiosk.values import found_from
from queue_server.client import Client, Problem, Unreachable

DOSSIER_S = 2.0  # the screen waits no longer


class _Lane:
    """Questions of one kind, answered one after the other; the newest counts."""

    def __init__(self, name: str, agent: Agent, answer: Callable[[Any], Event]) -> None:
        self._agent, self._answer = agent, answer
        self.asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        while (asked := self.asked.get()) is not None:
            while not self.asked.empty():  # somebody shook the slip before the glass: the last reading counts
                asked = self.asked.get()
                if asked is None:
                    return
            self._agent.post(self._answer(asked))


class Lookup:
    """`quick` is the line for dossiers."""

    def __init__(self, agent: Agent, server: Client, quick: Client) -> None:
        self._agent, self._server, self._quick = agent, server, quick
        self._slips, self._dossiers = _Lane("lookup", agent, self._answer), _Lane("dossiers", agent, self._of_dossier)
        agent.on_lookup = self._ask

    def threads(self) -> list[threading.Thread]:
        return [self._slips.thread, self._dossiers.thread]

    def stop(self) -> None:
        self._slips.asked.put(None)
        self._dossiers.asked.put(None)

    def _ask(self, asked: LookUp | ActOnSlip | LookUpDossier) -> None:
        (self._dossiers if isinstance(asked, LookUpDossier) else self._slips).asked.put(asked)

    def _answer(self, asked: LookUp | ActOnSlip) -> SlipFound:
        try:
            told = self._server.citizen_ticket(asked.token) if isinstance(asked, LookUp) else self._act(asked)
            return SlipFound(asked.visit_no, found_from(told, asked.token))
        except Problem as problem:
            known = {"nobody_behind": "nobody_behind", "illegal_transition": "slip_changed", "not_found": "slip_unknown"}
            return SlipFound(asked.visit_no, None, known.get(problem.code, "slip_later"))
        except (Unreachable, KeyError):
            return SlipFound(asked.visit_no, None, "slip_later")

    def _act(self, asked: ActOnSlip) -> dict[str, Any]:
        """Under one request id, once more where no answer came: the server does it once."""
        request_id = uuid7(self._agent.clock.wall_ms())
        fields = {"count": asked.count} if asked.what == "let_pass" else {}
        try:
            return self._server.own_slip(request_id, asked.token, asked.what.replace("_", "-"), **fields)
        except Unreachable:
            return self._server.own_slip(request_id, asked.token, asked.what.replace("_", "-"), **fields)

    def _of_dossier(self, asked: LookUpDossier) -> DossierTold:
        """Asked once: whoever waits goes on without it rather than wait for another try."""
        try:
            return DossierTold(asked.visit_no, asked.code, dossier_from(self._quick.dossier(asked.code)))
        except Problem as problem:
            known = {"dossier_unknown": UNKNOWN, "invalid": WRONG}
            return DossierTold(asked.visit_no, asked.code, None, known.get(problem.code, SILENT))
        except (Unreachable, KeyError, TypeError, ValueError):
            self._agent.trouble("dossier_look_up")
            return DossierTold(asked.visit_no, asked.code, None, SILENT)

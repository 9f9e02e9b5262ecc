"""Asks the server how it stands with a slip that was laid on the reader, and tells it what the holder wants.

Holds one thread and the newest question; an answer that comes when its person has gone is the session's to drop. Keeps
no token: it lives as long as the question.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

from kiosk.agent import Agent
from kiosk.events import ActOnSlip, LookUp, SlipFound
from kiosk.ids import uuid7
from kiosk.values import found_from
from queue_server.client import Client, Problem, Unreachable


class Lookup:
    def __init__(self, agent: Agent, server: Client) -> None:
        self._agent, self._server = agent, server
        self._asked: queue.SimpleQueue[LookUp | ActOnSlip | None] = queue.SimpleQueue()
        agent.on_lookup = self._asked.put

    def threads(self) -> list[threading.Thread]:
        return [threading.Thread(target=self._run, name="lookup", daemon=True)]

    def stop(self) -> None:
        self._asked.put(None)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            while not self._asked.empty():  # somebody shook the slip before the glass: the last reading counts
                asked = self._asked.get()
                if asked is None:
                    return
            self._agent.post(self._answer(asked))

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

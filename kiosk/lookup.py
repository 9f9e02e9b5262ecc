"""Asks the server how it stands with a slip that was laid on the reader.

Holds one thread and the newest question; an answer that comes when its person has gone is the session's to drop. Keeps
no token: it lives as long as the question.
"""

from __future__ import annotations

import queue
import threading

from kiosk.agent import Agent
from kiosk.events import LookUp, SlipFound
from kiosk.values import found_from
from queue_server.client import Client, Problem, Unreachable


class Lookup:
    def __init__(self, agent: Agent, server: Client) -> None:
        self._agent, self._server = agent, server
        self._asked: queue.SimpleQueue[LookUp | None] = queue.SimpleQueue()
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

    def _answer(self, asked: LookUp) -> SlipFound:
        try:
            return SlipFound(asked.visit_no, found_from(self._server.citizen_ticket(asked.token)))
        except Problem as problem:
            return SlipFound(asked.visit_no, None, "slip_unknown" if problem.status == 404 else "slip_later")
        except (Unreachable, KeyError):
            return SlipFound(asked.visit_no, None, "slip_later")

"""Everything the kiosk says to the server: commands from the spool until answered, and the home screen by ETag.

Two lanes, so that a report about paper never stands before a person who wants a number. Judges answers (done, refused
for good, ask again); keeps nothing itself.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import httpx

from kiosk.agent import Agent
from kiosk.spool import Command
from kiosk.values import home_from
from queue_server.client import Client, Problem, Unreachable

HOME_EVERY_S = 2.5  # an unchanged home is a 304 without a body
RETRY_FIRST_S, RETRY_MOST_S = 0.3, 5.0
FAILURES_TO_PAUSE = 2  # one lost answer is no reason to send a hall to the desk
# The key is wrong or withdrawn: nothing happened, and a technician must look.
_KEY_TROUBLE = (401, 403)


class Uplink:
    def __init__(
        self,
        agent: Agent,
        server: Client,
        *,
        home_every_s: float = HOME_EVERY_S,
        retry_most_s: float = RETRY_MOST_S,
        on_word: Callable[[Problem | None], None] = lambda refused: None,
    ) -> None:
        self._agent, self._server, self._on_word = agent, server, on_word
        self._home_every_s, self._retry_most_s = home_every_s, retry_most_s
        self._stopping = threading.Event()
        self._wake = {True: threading.Event(), False: threading.Event()}
        self._ask_home = threading.Event()
        self._maybe_sent: set[str] = set()
        self._tries: dict[str, int] = {}  # request id of an issue → servers that did not answer it
        agent.on_command = self.wake

    def threads(self) -> list[threading.Thread]:
        lanes = [threading.Thread(target=self._lane, args=(issue,), name=f"uplink-{issue}", daemon=True) for issue in (True, False)]
        return [*lanes, threading.Thread(target=self._poll_home, name="home", daemon=True)]

    def wake(self) -> None:
        for event in self._wake.values():
            event.set()

    def stop(self) -> None:
        self._stopping.set()
        self._ask_home.set()
        self.wake()

    # ------------------------------------------------------------ commands
    def _lane(self, issue: bool) -> None:
        self._maybe_sent |= {command.request_id for command in self._agent.spool.pending(issue=issue)}  # left by the last start
        pause_s = RETRY_FIRST_S
        while not self._stopping.is_set():
            self._wake[issue].clear()
            left = [command for command in self._agent.spool.pending(issue=issue) if not self._settle(command)]
            if not left:
                pause_s = RETRY_FIRST_S
                self._wake[issue].wait(30)
            else:
                self._wake[issue].wait(pause_s * random.uniform(0.7, 1.3))  # noqa: S311 - spreads the kiosks of a centre
                pause_s = min(pause_s * 2, self._retry_most_s)

    def _settle(self, command: Command) -> bool:
        """Whether the command has left the spool."""
        try:
            return True if self._stopping.is_set() else self._attempt(command)
        except sqlite3.Error:  # full or worn disk: the answer is asked for again, under the same request id
            self._agent.trouble("disk")
            self._maybe_sent.add(command.request_id)
            return False

    def _attempt(self, command: Command) -> bool:
        try:
            answer = self._send(command)
        except Problem as problem:
            return self._judge(command, problem)
        except Unreachable as cut:
            return self._cut(command, cut)
        self._maybe_sent.discard(command.request_id)
        self._tries.pop(command.request_id, None)
        if command.asks:
            self._agent.issued(command, answer)
        else:
            self._agent.spool.answered(command.request_id)
        return True

    def _send(self, command: Command) -> dict[str, Any]:
        if command.call == "check_in":
            body = dict(command.body)
            return self._server.check_in(command.request_id, body.pop("code"), ticket_id=command.ticket_id, **body)
        if command.call == "issue":
            return self._server.issue(command.request_id, ticket_id=command.ticket_id, **command.body)
        if command.call == "cancel":
            return self._server.cancel(command.request_id, command.ticket_id, **command.body)
        if command.call == "reprint":
            return self._server.reprint(command.request_id, command.ticket_id, **command.body)
        body = dict(command.body)
        return self._server.print_outcome(command.request_id, command.ticket_id, body.pop("outcome"), **body)

    def _judge(self, command: Command, problem: Problem) -> bool:
        known = problem.body.get("ticket")
        if command.asks and problem.code == "already_waiting" and isinstance(known, dict):
            self._agent.issued(command, known, repeat=True)
            return True
        if problem.code in ("standby", "fenced"):
            return self._nobody(command, never_left=True)  # this server did nothing, and the other may be gone
        if command.call == "cancel" and problem.status == 404:
            self._agent.spool.answered(command.request_id)  # the question never reached the server: nothing to drop
            return True
        again = problem.status in (408, 429) or problem.status >= 500
        if again or (problem.status in _KEY_TROUBLE and not command.asks):
            self._maybe_sent.add(command.request_id)
            self._agent.trouble(f"server_{problem.code}")
            return False
        if problem.status != 409:
            self._agent.trouble(f"refused_{problem.code}")
        unknown = command.call == "check_in" and problem.status == 404
        self._agent.refused(command, "appointment_unknown" if unknown else problem.code, str(problem.body.get("opens_at") or ""))
        return True

    def _cut(self, command: Command, cut: Unreachable) -> bool:
        self._agent.trouble("server_unreachable")
        self._ask_home.set()
        return self._nobody(command, never_left=isinstance(cut.__cause__, httpx.ConnectError | httpx.ConnectTimeout))

    def _nobody(self, command: Command, *, never_left: bool) -> bool:
        """No server took it. When each of them was asked once, the person gets a leased number."""
        if not never_left:
            self._maybe_sent.add(command.request_id)
        if command.asks:
            self._tries[command.request_id] = tries = self._tries.get(command.request_id, 0) + 1
            sent = command.request_id in self._maybe_sent
            if tries >= self._server.servers and self._agent.cut_off(command, maybe_sent=sent):
                self._tries.pop(command.request_id)
                self.wake()
                return True
        if never_left and command.asks and command.request_id not in self._maybe_sent:
            return self._agent.withdraw(command)
        return False

    # ------------------------------------------------------------ home
    def _poll_home(self) -> None:
        etag: str | None = None
        failures = 0
        while not self._stopping.is_set():
            self._ask_home.clear()
            try:
                body, etag = self._server.kiosk_home(etag)
                self._agent.learned(home_from(body) if body is not None else None)
                failures = 0
                self._on_word(None)
                if body is not None:
                    self._keep_home(body)
            except (Problem, Unreachable) as bad:
                failures += 1
                etag = None if isinstance(bad, Problem) else etag
                if isinstance(bad, Problem):
                    self._agent.trouble(f"home_{bad.code}")
                    self._on_word(bad)
                if failures >= FAILURES_TO_PAUSE * self._server.servers:
                    self._agent.link_lost()
            except sqlite3.Error:
                self._agent.trouble("disk")
                etag = None  # asked for again in full until it is on disk
            if failures:
                self._stopping.wait(min(1.0, self._home_every_s))
            else:
                self._ask_home.wait(self._home_every_s)

    def _keep_home(self, body: dict[str, Any]) -> None:
        """What a start without the server needs. Counts of people change all day and are not worth a write."""
        lasting = {**body, "services": [{**one, "waiting": 0, "estimate": None} for one in body.get("services") or ()]}
        if lasting != self._agent.leases.kept("home"):
            self._agent.leases.keep("home", lasting)

"""The kiosk's one session, alive: events in, effects written down before they happen, the newest screen out.

Holds the lock, the clock's offset to the server and the mapping from visits to request ids. The rules are in
`session`, the words in `screens`; sending is `uplink`'s and printing is `printing`'s affair. Order of an issue: request
id and ticket id on disk → asked → answer and its consequence on disk in one transaction → shown and printed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from kiosk import events, i18n, screens
from kiosk import session as rules
from kiosk.events import (
    Card,
    CardRead,
    CardUnreadable,
    Event,
    Issue,
    Issued,
    Link,
    LookUp,
    Print,
    PrintDone,
    Refused,
    ReportUnprinted,
    Session,
    SlipRead,
    State,
)
from kiosk.feed import Feed
from kiosk.holder import HolderKeys
from kiosk.ids import uuid7
from kiosk.spool import Command, PrintIntent, Spool
from kiosk.timing import deadline_ms
from kiosk.troubles import Troubles
from kiosk.values import Home, Ticket, proposed_class, ticket_from
from toiluot_edge import Clock

SITE_TIME = timezone(timedelta(hours=7))
STILL_THERE_MS = 20_000  # after a restart, a person this young still stands before the screen
Json = dict[str, Any]


class Agent:
    def __init__(self, spool: Spool, clock: Clock, *, name: str, boot: str, extra_languages: tuple[str, ...] = ()) -> None:
        self.spool, self.clock, self.name = spool, clock, name
        self.feed, self.troubles = Feed(), Troubles()
        self.home = Home()
        self.on_command: Callable[[], None] = lambda: None
        self.on_print: Callable[[PrintIntent], None] = lambda intent: None
        self.on_lookup: Callable[[LookUp], None] = lambda asked: None
        self._boot, self._extra = boot, extra_languages
        self._lock = threading.RLock()
        self._timer = threading.Condition(self._lock)
        self._stopping = False
        self._keys = HolderKeys()
        self._offset_ms = clock.wall_ms() - self._mono_ms()
        self._visits: dict[str, int] = {}  # request id of an issue in flight → its visit
        self.session = Session(since_ms=self._mono_ms())
        self._resume()

    # ------------------------------------------------------------ time
    def _mono_ms(self) -> int:
        return int(self.clock.monotonic() * 1000)

    def now_ms(self) -> int:
        """The server's time as far as it is known: a small board has no clock of its own."""
        return self._mono_ms() + self._offset_ms

    def now(self) -> str:
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC).astimezone(SITE_TIME).isoformat(timespec="seconds")

    def machine_time(self) -> str:
        """This machine's own clock, right or wrong: the server compares."""
        return datetime.fromtimestamp(self.clock.wall_ms() / 1000, UTC).astimezone(SITE_TIME).isoformat(timespec="seconds")

    def still_there(self, since_ms: int) -> bool:
        """Whether a person of that moment may still stand here. Both ends are this machine's clock, never the server's."""
        return 0 <= self.clock.wall_ms() - since_ms < STILL_THERE_MS

    def server_time(self, now_ms: int) -> None:
        with self._lock:
            self._offset_ms = now_ms - self._mono_ms()
            self.feed.changed()

    def run_timer(self) -> None:
        """Ticks exactly when the table says that time changes something."""
        while True:
            with self._lock:
                if self._stopping:
                    return
                due = deadline_ms(self.session, self.home.settings)
                left_s = None if due is None else (due - self._mono_ms()) / 1000
                if left_s is None or left_s > 0:
                    self._timer.wait(left_s)
                    continue
            self.post(events.Tick())

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            self._timer.notify_all()
        self.feed.close()

    # ------------------------------------------------------------ events
    def post(self, event: Event) -> None:
        with self._lock:
            after, effects = rules.step(self.session, event, self._mono_ms(), self.home.settings)
            changed = after != self.session
            self.session = after
            for effect in effects:
                self._begin(effect)
            if changed:
                self._timer.notify_all()
                self.feed.changed()

    def _begin(self, effect: events.Effect, answered: str | None = None) -> None:
        match effect:
            case Issue():
                try:
                    self._issue(effect)
                except sqlite3.Error:  # a full or worn disk: nothing was promised, so send the person to the desk
                    self.trouble("disk")
                    self.post(Refused(effect.visit_no, "disk"))
            case Print():
                self._print(effect, answered)
            case LookUp():
                self.on_lookup(effect)
            case ReportUnprinted(ticket_id, detail):
                report = self.report(ticket_id, "not_sent", detail)
                self.spool.answered(answered, report) if answered else self.spool.add(report)
                self.on_command()

    def _issue(self, effect: Issue) -> None:
        card = effect.card or Card("none")
        wall_ms = self.clock.wall_ms()
        body = {
            "service": effect.service,
            "priority_class": effect.priority,
            "source": "kiosk",
            "holder_key": card.holder_key,
            "dossier_code": card.dossier_code,
            "lang": effect.lang if effect.lang != i18n.PSEUDO else "en",
            "device": self.name,
        }
        command = Command(uuid7(wall_ms), "issue", uuid7(wall_ms), {k: v for k, v in body.items() if v is not None}, wall_ms)
        self.spool.add(command)
        self._visits[command.request_id] = effect.visit_no
        self.on_command()

    def _print(self, effect: Print, answered: str | None) -> None:
        wall_ms = self.clock.wall_ms()
        ticket = {**vars(effect.ticket)}
        job = f"{effect.ticket.id}-r{wall_ms}" if effect.reprint else effect.ticket.id
        intent = PrintIntent(job, ticket, effect.lang, effect.reprint, wall_ms)
        if answered:
            self.spool.answered(answered, intent)
        else:
            self.spool.intend(intent)
        if effect.reprint:
            self.spool.add(Command(uuid7(wall_ms), "reprint", effect.ticket.id, {"reason": "asked at the kiosk"}, wall_ms))
            self.on_command()
        self.on_print(intent)

    def report(self, ticket_id: str, outcome: str, detail: str | None = None) -> Command:
        wall_ms = self.clock.wall_ms()
        body = {"outcome": outcome, "detail": detail, "device": self.name}
        return Command(uuid7(wall_ms), "print_outcome", ticket_id, {k: v for k, v in body.items() if v}, wall_ms)

    # ------------------------------------------------------------ answers
    def issued(self, command: Command, answer: Json, *, repeat: bool = False) -> None:
        """The server's ticket. What follows from it is on disk before the command leaves the spool."""
        with self._lock:
            event = Issued(self._visits.get(command.request_id, 0), ticket_from(answer), repeat)
            after, effects = rules.step(self.session, event, self._mono_ms(), self.home.settings)
            for effect in effects:
                self._begin(effect, command.request_id)
            if not effects:
                self.spool.answered(command.request_id)
            self.session = after
            self._visits.pop(command.request_id, None)
            self._timer.notify_all()
            self.feed.changed()

    def refused(self, command: Command, code: str) -> None:
        with self._lock:
            self.spool.refuse(command.request_id, code, self.clock.wall_ms())
            if command.call == "issue":
                self.post(Refused(self._visits.pop(command.request_id, 0), code))

    def withdraw(self, command: Command) -> bool:
        """Take back an issue that provably never left this machine and whose person has gone."""
        with self._lock:
            waiting = self.session.state in (State.ISSUING, State.ERROR)
            if waiting and self._visits.get(command.request_id) == self.session.visit_no:
                return False
            self._visits.pop(command.request_id, None)
            self.spool.answered(command.request_id)
            return True

    def print_done(self, intent: PrintIntent, outcome: str, detail: str | None = None) -> None:
        paper = {"printed": events.Paper.PRINTED, "not_sent": events.Paper.MISSING}.get(outcome, events.Paper.UNCONFIRMED)
        with self._lock:
            self.spool.printed(intent.job_id, self.report(intent.ticket_id, outcome, detail))
            self.post(PrintDone(intent.ticket_id, paper))
        if paper is not events.Paper.PRINTED:
            self.trouble(f"print_{outcome}")
        self.on_command()

    # ------------------------------------------------------------ the world
    def learned(self, home: Home | None) -> None:
        """The server answered (None = nothing new)."""
        with self._lock:
            if home is not None and home != self.home:
                self.home = home
                default = next(iter(self.languages()), "vi")
                self.session = replace(self.session, home_lang=default)
                self.feed.changed()
            self.post(Link(True))

    def link_lost(self) -> None:
        self.post(Link(False))

    def card(
        self, kind: str, *, number: str | None = None, birth_year: int | None = None, code: str | None = None, token: str | None = None
    ) -> None:
        """A card was read. Its number ends in this function: only the keyed hash goes on."""
        now = self.now()
        if kind == "id_card" and number:
            card = Card(kind, self._keys.holder_key(number, now[:10]))
            proposed = proposed_class(self.home, birth_year, int(now[:4]))
            open_now = [one.code for one in self.home.services if one.open]
            self.post(CardRead(card, proposed, open_now[0] if len(open_now) == 1 else None))
        elif kind == "slip" and token:
            self.post(SlipRead(token))
        elif kind == "dossier" and code:
            self.post(CardRead(Card(kind, None, code)))
        elif kind in ("health_insurance", "appointment", "text"):
            self.post(CardUnreadable("card_other"))
        else:
            self.trouble("card_unreadable")
            self.post(CardUnreadable())

    def trouble(self, code: str) -> None:
        self.troubles.count(code, self.now())

    # ------------------------------------------------------------ screen
    def languages(self) -> tuple[str, ...]:
        return i18n.offered(self.home.languages, self._extra)

    def _own_names(self) -> dict[str, str]:
        return {tag: i18n.own_name(tag) for tag in self.languages()}

    def visit(self, visit_no: int) -> str:
        return f"{self._boot}-{visit_no}"

    def visit_no(self, visit: str) -> int:
        """The visit a page names; 0 (never a visit) for one of another start of this program."""
        boot, _, number = visit.rpartition("-")
        return int(number) if boot == self._boot and number.isascii() and number.isdigit() else 0

    def view(self) -> Json:
        return self.seen()[1]

    def seen(self) -> tuple[Session, Json]:
        """The session and its screen, of one moment."""
        with self._lock:
            session, home = self.session, self.home
            return session, screens.view(
                session, home, self.visit(session.visit_no), self.now(), i18n.translator(session.lang), self._own_names()
            )

    def ticket_of(self, visit: str) -> Json | None:
        """The ticket that belongs to a touch made again on an old screen."""
        with self._lock:
            ticket = rules.recent_for_visit(self.session, self.visit_no(visit), self._mono_ms(), self.home.settings)
        return {"id": ticket.id, "label": ticket.label, "service": ticket.service} if ticket else None

    # ------------------------------------------------------------ start
    def _resume(self) -> None:
        """After a power cut: the person of the last request may still stand here, and gets its answer."""
        issues = self.spool.pending(issue=True)
        if issues and self.still_there(issues[-1].created_at_ms):
            last = issues[-1]
            self._visits[last.request_id] = self.session.visit_no
            self.session = replace(self.session, state=State.ISSUING, service=str(last.body.get("service", "")), slow=True)
            return
        slips = [one for one in self.spool.intents() if not one.reprint and self.still_there(one.intended_at_ms)]
        if slips:
            self.session = replace(self.session, state=State.NUMBER, ticket=Ticket(**slips[-1].ticket), paper=events.Paper.PRINTING)

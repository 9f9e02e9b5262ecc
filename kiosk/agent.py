"""The kiosk's one session, alive: events in, effects written down before they happen, the newest screen out.

Holds the lock, the clock's offset to the server and the mapping from visits to request ids. The rules are in
`session`, the words in `screens`; sending is `uplink`'s and printing is `printing`'s affair. Order of an issue: request
id and ticket id on disk → asked → answer and its consequence on disk in one transaction → shown and printed. Where the server
does not answer: a leased number and its slip on disk in one transaction → shown and printed → settled when it answers again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from kiosk import events, i18n, offline, screens
from kiosk import session as rules
from kiosk.events import (
    ActOnSlip,
    AppointmentRead,
    CallHelp,
    Card,
    CardRead,
    CardUnreadable,
    CheckIn,
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
from kiosk.leases import Leases
from kiosk.spool import Also, Command, PrintIntent, Spool, insert
from kiosk.timing import deadline_ms
from kiosk.troubles import Troubles
from kiosk.values import Home, Ticket, home_from, proposed_class, ticket_from
from toiluot_edge import Clock

SITE_TIME = timezone(timedelta(hours=7))
STILL_THERE_MS = 20_000  # after a restart, a person this young still stands before the screen
Json = dict[str, Any]


def _instant(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(SITE_TIME).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Answered:
    """A request that is done with, and what is written together with its consequence."""

    request_id: str
    also: Also | None = None


class Agent:
    def __init__(
        self, spool: Spool, clock: Clock, *, name: str, boot: str, extra_languages: tuple[str, ...] = (), leases: Leases | None = None
    ) -> None:
        self.spool, self.clock, self.name = spool, clock, name
        self.leases = leases or Leases(spool)
        self.feed, self.troubles = Feed(), Troubles()
        self.home = home_from(self.leases.kept("home") or {})
        self._left: frozenset[str] = frozenset()  # series with leased numbers, while alone
        self._shown: deque[str] = deque(maxlen=200)  # tickets whose number somebody could read on the screen
        self.on_command: Callable[[], None] = lambda: None
        self.on_print: Callable[[PrintIntent], None] = lambda intent: None
        self.on_help: Callable[[], None] = lambda: None
        self.on_lookup: Callable[[LookUp | ActOnSlip | events.LookUpDossier], None] = lambda asked: None
        self._boot, self._extra = boot, extra_languages
        self._lock = threading.RLock()
        self._timer = threading.Condition(self._lock)
        self._stopping = False
        self.keys = HolderKeys()
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
        return _instant(self.now_ms())

    def machine_time(self) -> str:
        """This machine's own clock, right or wrong: the server compares."""
        return _instant(self.clock.wall_ms())

    def still_there(self, since_ms: int) -> bool:
        """Whether a person of that moment may still stand here. Both ends are this machine's clock, never the server's."""
        return 0 <= self.clock.wall_ms() - since_ms < STILL_THERE_MS

    def server_time(self, now_ms: int) -> None:
        with self._lock:
            self._offset_ms = now_ms - self._mono_ms()
            self.leases.heard(now_ms)
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

    def _begin(self, effect: events.Effect, answered: Answered | None = None) -> None:
        match effect:
            case Issue() | CheckIn():
                try:
                    self._issue(effect) if isinstance(effect, Issue) else self._check_in(effect)
                except sqlite3.Error:  # a full or worn disk: nothing was promised, so send the person to the desk
                    self.trouble("disk")
                    self.post(Refused(effect.visit_no, "disk"))
            case Print():
                self._print(effect, answered)
            case LookUp() | ActOnSlip() | events.LookUpDossier():
                self.on_lookup(effect)
            case CallHelp():
                self.on_help()
            case ReportUnprinted(ticket_id, detail):
                report = self.report(ticket_id, "not_sent", detail)
                self.spool.answered(answered.request_id, report, answered.also) if answered else self.spool.add(report)
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
        if self.session.alone and self._from_lease(command, effect.visit_no):
            return
        self.spool.add(command)
        self._visits[command.request_id] = effect.visit_no
        self.on_command()

    def _check_in(self, effect: CheckIn) -> None:
        wall_ms = self.clock.wall_ms()
        body = {"code": effect.code, "lang": effect.lang if effect.lang != i18n.PSEUDO else "en", "device": self.name}
        command = Command(uuid7(wall_ms), "check_in", uuid7(wall_ms), body, wall_ms)
        self.spool.add(command)
        self._visits[command.request_id] = effect.visit_no
        self.on_command()

    def _print(self, effect: Print, answered: Answered | None) -> None:
        wall_ms = self.clock.wall_ms()
        ticket = {**vars(effect.ticket)}
        job = f"{effect.ticket.id}-r{wall_ms}" if effect.reprint else effect.ticket.id
        intent = PrintIntent(job, ticket, effect.lang, effect.reprint, wall_ms)
        if answered:
            self.spool.answered(answered.request_id, intent, answered.also)
        else:
            self.spool.intend(intent)
        if effect.reprint:
            self.spool.add(Command(uuid7(wall_ms), "reprint", effect.ticket.id, {"reason": "asked at the kiosk"}, wall_ms))
            self.on_command()
        self.on_print(intent)

    def report(self, ticket_id: str, outcome: str, detail: str | None = None, job: str | None = None) -> Command:
        wall_ms = self.clock.wall_ms()
        body = {"outcome": outcome, "detail": detail, "device": self.name, "job": job}
        return Command(uuid7(wall_ms), "print_outcome", ticket_id, {k: v for k, v in body.items() if v}, wall_ms)

    # ------------------------------------------------------------ answers
    def issued(self, command: Command, answer: Json, *, repeat: bool = False) -> None:
        """The server's ticket. What follows from it is on disk before the command leaves the spool."""
        with self._lock:
            event = Issued(self._visits.get(command.request_id, 0), ticket_from(answer), repeat)
            self._settle(event, Answered(command.request_id, None if repeat else self.leases.acknowledging(answer)))

    def _settle(self, event: Issued, answered: Answered) -> None:
        """A ticket for a request: its consequence on disk, then on the screen."""
        after, effects = rules.step(self.session, event, self._mono_ms(), self.home.settings)
        for effect in effects:
            self._begin(effect, answered)
        if not effects:
            self.spool.answered(answered.request_id, None, answered.also)
        self.session = after
        if after.ticket and after.ticket.id == event.ticket.id:
            self._shown.append(event.ticket.id)
        self._visits.pop(answered.request_id, None)
        self._timer.notify_all()
        self.feed.changed()

    # ------------------------------------------------------------ away from the server
    def _from_lease(self, command: Command, visit_no: int, *, maybe_sent: bool = False) -> bool:
        """Give a leased number instead of asking. Where the server may have heard the question, it is told to drop that ticket."""
        service = self.home.service(str(command.body.get("service")))
        number, now = (self.leases.next(service.series) if service else None), self.leases.now_ms()
        if service is None or number is None or now is None:
            return False
        at = _instant(now)
        told: Json = {key: command.body[key] for key in ("service", "priority_class", "lang", "holder_key") if key in command.body}
        given = self.leases.giving(number, told | {"ticket_id": number.ticket_id, "number": number.number, "issued_at": at})
        drop = Command(uuid7(self.clock.wall_ms()), "cancel", command.ticket_id, {"reason": "number given offline"}, self.clock.wall_ms())

        def write(db: sqlite3.Connection) -> None:
            given(db)
            if maybe_sent:
                insert(db, drop)

        public = self.home.public_url.rstrip("/")
        ticket = Ticket(
            id=number.ticket_id, label=number.label, service=service.code, zone=service.zone, issued_at=at,
            url=f"{public}/t/{number.token}" if public.startswith(("https://", "http://")) else "",
            priority_class=str(command.body.get("priority_class") or ""), alone=True,
        )  # fmt: skip
        self._settle(Issued(visit_no, ticket), Answered(command.request_id, write))
        self.trouble("offline_issued")
        if self.session.alone:
            self.link_lost()  # these may have been the last of a series
        return True

    def cut_off(self, command: Command, *, maybe_sent: bool) -> bool:
        """The server does not answer: whoever still waits for this number gets a leased one."""
        with self._lock:
            visit_no = self._visits.get(command.request_id)
            waiting = self.session.state in (State.ISSUING, State.ERROR) and visit_no == self.session.visit_no
            return waiting and visit_no is not None and self._from_lease(command, visit_no, maybe_sent=maybe_sent)

    def refused(self, command: Command, code: str, from_time: str = "") -> None:
        with self._lock:
            self.spool.refuse(command.request_id, code, self.clock.wall_ms())
            if command.asks:
                self.post(Refused(self._visits.pop(command.request_id, 0), code, from_time))

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
            wanted = self.spool.was_wanted(intent.job_id)
            if outcome in ("not_sent", "unknown"):  # no slip, but perhaps a number that its person has read
                seen = intent.reprint or wanted or intent.ticket_id in self._shown
                detail = f"{'shown' if seen else 'unseen'} {detail or ''}".strip()
            report = self.report(intent.ticket_id, outcome, detail, job=intent.job_id if wanted else None)
            self.spool.printed(intent.job_id, report, self.leases.outcome(intent.ticket_id, outcome))
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
        """The server does not answer: numbers come from leases as long as there are any."""
        with self._lock:
            left = frozenset(self.leases.free()) & {one.series for one in self.home.services}
            if left != self._left:
                self._left = left
                self.feed.changed()
            self.post(Link(bool(left), alone=bool(left)))

    def with_server(self) -> bool:
        return self.session.link and not self.session.alone

    def offered(self) -> Home:
        """What can be had now."""
        return offline.offered(self.home, self._left, self.now()) if self.session.alone else self.home

    def card(
        self, kind: str, *, number: str | None = None, birth_year: int | None = None, code: str | None = None, token: str | None = None
    ) -> None:
        """A card was read. Its number ends in this function: only the keyed hash goes on."""
        now = self.now()
        if kind == "id_card" and number:
            card = Card(kind, self.keys.holder_key(number, now[:10]))
            proposed = proposed_class(self.home, birth_year, int(now[:4]))
            open_now = [one for one in self.offered().services if one.open]
            only = open_now[0].code if len(open_now) == 1 and not open_now[0].warning else None  # a warning is asked about
            self.post(CardRead(card, proposed, only))
        elif kind == "slip" and token:
            self.post(SlipRead(token))
        elif kind == "dossier" and code:
            self.post(events.DossierRead(code))
        elif kind == "appointment" and code:
            self.post(AppointmentRead(code))
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
            session, home = self.session, self.offered()
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
        own = (one for one in self.spool.intents() if not one.reprint and not self.spool.was_wanted(one.job_id))
        slips = [one for one in own if self.still_there(one.intended_at_ms)]
        if slips:
            self._shown.append(slips[-1].ticket_id)
            self.session = replace(self.session, state=State.NUMBER, ticket=Ticket(**slips[-1].ticket), paper=events.Paper.PRINTING)

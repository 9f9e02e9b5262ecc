"""What somebody does with a slip or a code of their own at the kiosk: how it stands, letting others pass, giving it up, an appointment.

Pure handlers of `session`'s table. The token of a slip lives in the session as long as its screen, and goes only to the server.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk.events import (
    ActOnSlip,
    AppointmentRead,
    Card,
    CheckIn,
    Consider,
    Event,
    LookUp,
    OwnSlip,
    Paper,
    Printer,
    Session,
    SlipFound,
    SlipRead,
    State,
)
from kiosk.turns import Result, enter, fresh, problem, recent, show
from kiosk.values import Settings

QUESTIONS = ("let_pass", "cancel")
SENT = "sent"  # the server is asked: nothing more can be touched until it answers


def laid(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    """The screen stays until the answer is there: a slip laid by mistake takes nobody's choice away."""
    assert isinstance(event, SlipRead)
    if session.state is State.NUMBER:
        if session.paper is Paper.PRINTING:
            return session, ()
        session = fresh(session, now_ms, settings)
    return replace(session, touched_ms=now_ms), (LookUp(session.visit_no, event.token),)


def found(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    """The server's answer about a slip, or about what its holder asked for."""
    assert isinstance(event, SlipFound)
    if event.visit_no != session.visit_no:
        return session, ()  # the person has gone
    if event.found is None:
        return problem(session, event.problem, now_ms), ()
    return replace(enter(session, State.FOUND, now_ms), found=event.found, problem=""), ()


def consider(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    """A question before anything is given up, and the way back from it."""
    assert isinstance(event, Consider)
    if session.considering == SENT or session.found is None or (event.what and event.what not in session.found.offers):
        return session, ()
    return replace(session, considering=event.what, since_ms=now_ms, touched_ms=now_ms, cursor=""), ()


def act(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    """The answer to the question that is on the screen, and to no other."""
    assert isinstance(event, OwnSlip)
    if session.found is None or session.considering != event.what:
        return session, ()
    asked = ActOnSlip(session.visit_no, session.found.token, event.what, event.count)
    return replace(session, considering=SENT, since_ms=now_ms, touched_ms=now_ms), (asked,)


def appointment(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    """The code of an appointment: its person is here and gets a number. The same code again shows the same number."""
    assert isinstance(event, AppointmentRead)
    key = f"appointment:{event.code}"
    known = recent(session, key, now_ms, settings)
    if session.state is State.NUMBER:
        if session.paper is Paper.PRINTING or (known and session.ticket and known.ticket.id == session.ticket.id):
            return session, ()
        session = fresh(session, now_ms, settings)
    if known:
        return show(session, known.ticket, known.paper, now_ms, repeat=True), ()
    if session.state is State.ERROR:
        session = replace(session, visit_no=session.visit_no + 1)
    if session.alone:
        return problem(session, "appointment_later", now_ms), ()
    if settings.no_paper == "refuse" and session.printer in (Printer.OUT, Printer.FAULT):
        return problem(session, "no_paper", now_ms), ()
    waiting = replace(enter(session, State.ISSUING, now_ms), service=None, card=Card("appointment", key), slow=False, problem="")
    return waiting, (CheckIn(session.visit_no, event.code, session.lang),)

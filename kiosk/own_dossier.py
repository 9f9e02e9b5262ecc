"""Somebody wants to know how their dossier stands: its receipt was scanned, or its code is typed on the screen.

Pure handlers of `session`'s table. The code lives in the session as long as its visit and goes only to the server; whatever the
answer, and also without one, a number can be taken.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk import dossier
from kiosk.events import (
    Card,
    DossierRead,
    DossierTold,
    Event,
    LookUpDossier,
    OpenTyping,
    Paper,
    Session,
    State,
    TypeKey,
)
from kiosk.turns import Result, enter, fresh
from kiosk.values import Settings

SILENT, UNKNOWN, WRONG = "dossier_silent", "dossier_unknown", "dossier_form"


def can_ask(session: Session, settings: Settings) -> bool:
    """Whether dossiers are looked up here, and now."""
    return settings.look_up and session.link and not session.alone


def scanned(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    """A receipt under the reader. Left lying it changes nothing: neither the answer nor the number taken with it."""
    assert isinstance(event, DossierRead)
    card = Card("dossier", None, event.code)
    if session.card == card and session.state in (State.CHOOSING, State.PRIORITY, State.MAY_NOT, State.DOSSIER, State.NUMBER):
        return replace(session, touched_ms=now_ms), ()
    if session.state is State.NUMBER:
        if session.paper is Paper.PRINTING:
            return session, ()
        session = fresh(session, now_ms, settings)
    if session.state is State.ERROR:
        session = replace(session, visit_no=session.visit_no + 1)
    return _ask(replace(session, priority=None), card, now_ms)


def open_typing(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    """The keys, empty; or, where a code was not found, with that code to be put right."""
    assert isinstance(event, OpenTyping)
    if not can_ask(session, settings):
        return session, ()
    again = session.state is State.DOSSIER and session.problem == UNKNOWN
    text = session.card.dossier_code or "" if again and session.card else ""
    return replace(enter(session, State.TYPING, now_ms), typed=text, problem=""), ()


def key(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, TypeKey)
    if event.key == dossier.LOOK:
        return _look_up(session, now_ms)
    heard = session.asked + 1 if session.audio else session.asked
    return replace(session, typed=dossier.typed(session.typed, event.key), touched_ms=now_ms, problem="", asked=heard), ()


def _look_up(session: Session, now_ms: int) -> Result:
    code = dossier.known(session.typed)
    if not code:
        return replace(session, problem=WRONG, touched_ms=now_ms), ()
    return _ask(session, Card("dossier", None, code), now_ms)


def _ask(session: Session, card: Card, now_ms: int) -> Result:
    assert card.dossier_code is not None
    asking = replace(enter(session, State.LOOKING, now_ms), card=card, problem="", service=None)
    return asking, (LookUpDossier(session.visit_no, card.dossier_code),)


def told(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    """The server's answer to the question that is on the screen, and to no other."""
    assert isinstance(event, DossierTold)
    asked = session.card.dossier_code if session.card else None
    if event.visit_no != session.visit_no or event.code != asked:
        return session, ()
    return replace(enter(session, State.DOSSIER, now_ms), dossier=event.dossier, problem=event.problem), ()


def silent(session: Session, now_ms: int) -> Session:
    """Nobody answered in time: the person goes on without."""
    return replace(enter(session, State.DOSSIER, now_ms), problem=SILENT)

"""How a session turns, whatever turned it: into another state, into a fresh visit, into a problem, onto a number.

Pure, and without the table of what follows from what: that is `session`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kiosk.events import Effect, Event, Paper, Recent, Session, State
from kiosk.values import Settings, Ticket

Result = tuple[Session, tuple[Effect, ...]]
Handler = Callable[[Session, "Event", int, Settings], Result]


def enter(session: Session, state: State, now_ms: int) -> Session:
    """Another state; what belonged to the screen before is gone."""
    return replace(
        session, state=state, since_ms=now_ms, touched_ms=now_ms, under=None, cursor="", found=None, dossier=None, considering="",
        from_time="",
    )  # fmt: skip


def fresh(session: Session, now_ms: int, settings: Settings) -> Session:
    """A new visit that knows nothing of the person before; only the recent tickets survive, and only for their time."""
    kept = tuple(one for one in session.recent if now_ms - one.at_ms < settings.same_card_ms)
    return Session(
        state=State.HOME if session.link else State.PAUSED,
        visit_no=session.visit_no + 1,
        since_ms=now_ms,
        touched_ms=now_ms,
        home_lang=session.home_lang,
        lang=session.home_lang,
        link=session.link,
        alone=session.alone,
        printer=session.printer,
        recent=kept,
        help=session.help,
    )


def problem(session: Session, code: str, now_ms: int) -> Session:
    """What went wrong, on the screen."""
    return replace(enter(session, State.ERROR, now_ms), problem=code)


def recent(session: Session, key: str | None, now_ms: int, settings: Settings) -> Recent | None:
    """The ticket that this card, code or visit got a moment ago."""
    found = (one for one in reversed(session.recent) if one.key == key and now_ms - one.at_ms < settings.same_card_ms)
    return next(found, None) if key else None


def show(session: Session, ticket: Ticket, paper: Paper, now_ms: int, *, repeat: bool = False) -> Session:
    """A number on the screen."""
    return replace(enter(session, State.NUMBER, now_ms), ticket=ticket, paper=paper, repeat=repeat, problem="", slow=False)

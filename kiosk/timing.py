"""How long each screen waits for a person: by eye and finger, and, longer, by ear and key.

Pure: instants in, an instant out. What happens then is `session`'s table.
"""

from __future__ import annotations

from kiosk.events import Paper, Session, State
from kiosk.values import Settings


def deadline_ms(session: Session, settings: Settings) -> int | None:
    """When a tick will next change something; None = only an event can."""
    return _audio_deadline_ms(session, settings) if session.audio else _usual_deadline_ms(session, settings)


def _audio_deadline_ms(session: Session, settings: Settings) -> int | None:
    heard_ms = max(session.since_ms, session.touched_ms)
    match session.state:
        case State.ISSUING | State.LOOKING:
            return _usual_deadline_ms(session, settings)
        case State.NUMBER if session.paper is Paper.PRINTING:
            return _usual_deadline_ms(session, settings)
        case State.NUMBER | State.FOUND | State.DOSSIER | State.ERROR:
            return heard_ms + settings.audio_shown_ms
        case State.ASKING:
            return session.since_ms + settings.audio_ask_ms
    return heard_ms + settings.audio_idle_ms


def _usual_deadline_ms(session: Session, settings: Settings) -> int | None:
    since, touched = session.since_ms, session.touched_ms
    match session.state:
        case State.ISSUING:
            return since + (settings.give_up_ms if session.slow else settings.slow_ms)
        case State.LOOKING:
            return since + settings.look_ms
        case State.NUMBER | State.FOUND | State.ERROR:
            return since + _shown_ms(session, settings)
        case State.CHOOSING | State.PRIORITY | State.DOSSIER:
            return touched + (settings.card_idle_ms if session.card else settings.idle_ms)
        case State.TYPING | State.SCAN_HELP | State.MAY_NOT:
            return touched + settings.idle_ms
        case State.ASKING:
            return since + (settings.ask_large_ms if session.large else settings.ask_ms)
        case State.HOME if session.lang != session.home_lang or session.large:
            return touched + settings.idle_ms  # somebody set the language and walked away
        case State.HOME if settings.dim_ms and not session.dim:
            return touched + settings.dim_ms
    return None


def _shown_ms(session: Session, settings: Settings) -> int:
    if session.state is State.ERROR:
        return settings.error_shown_ms
    if session.state is State.FOUND:
        return 2 * settings.number_shown_ms
    match session.paper:
        case Paper.PRINTED:
            return settings.number_shown_ms
        case Paper.PRINTING:
            return settings.print_wait_ms
        case Paper.UNCONFIRMED:
            return 2 * settings.number_shown_ms
        case Paper.MISSING:
            return settings.no_paper_shown_ms

"""The citizen's visit to the kiosk as one table: state and event in, next session and effects out.

Pure: no clock (`now_ms` is an argument), no network, no printer, no words for people. What an effect does is the
agent's affair; what a state looks like is `screens`' affair. A pair that is not in the table changes nothing: that is
how a second touch on a dead button, a card laid during printing or a late tick stay harmless.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk import own_dossier, own_slip
from kiosk.events import (
    Again,
    AppointmentRead,
    AskHelp,
    AskReprint,
    Browse,
    CallHelp,
    Card,
    CardRead,
    CardUnreadable,
    Choose,
    Consider,
    DossierRead,
    DossierTold,
    Event,
    Focus,
    GoHome,
    Headphones,
    Help,
    HelpSays,
    Issue,
    Issued,
    Language,
    Link,
    OpenPriority,
    OpenTyping,
    OwnSlip,
    Paper,
    Print,
    PrintDone,
    Printer,
    PrinterSays,
    Recent,
    Refused,
    ReportUnprinted,
    ScanHelp,
    Session,
    SetPriority,
    SlipFound,
    SlipRead,
    State,
    Stay,
    TakeAnyway,
    TextSize,
    Tick,
    TypeKey,
    Wake,
)
from kiosk.timing import deadline_ms
from kiosk.turns import Handler, Result
from kiosk.turns import enter as _enter
from kiosk.turns import fresh as _fresh
from kiosk.turns import problem as _problem
from kiosk.turns import recent as _recent
from kiosk.turns import show as _show
from kiosk.values import Settings, Ticket

KEPT_RECENT = 50
VOLUMES = (1, 5)


def _go_home(session: Session, _: Event, now_ms: int, settings: Settings) -> Result:
    return _hearing(session, _fresh(session, now_ms, settings)), ()


def _hearing(before: Session, fresh: Session) -> Session:
    """Who begins again by ear goes on hearing, in the same language: only time or the headphones end that."""
    return replace(fresh, audio=True, lang=before.lang, volume=before.volume) if before.audio else fresh


# ---------------------------------------------------------------- handlers
def _choose(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    assert isinstance(event, Choose)
    if event.visit_no != session.visit_no:
        return session, ()  # a touch on a screen that is gone
    if event.warn and not session.alone:
        return replace(_enter(session, State.MAY_NOT, now_ms), service=event.service), ()
    return _issue(session, event.service, now_ms, settings)


def _take_anyway(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    assert isinstance(event, TakeAnyway)
    if event.visit_no != session.visit_no or session.service is None:
        return session, ()
    return _issue(session, session.service, now_ms, settings)


def _issue(session: Session, service: str, now_ms: int, settings: Settings) -> Result:
    if settings.no_paper == "refuse" and session.printer in (Printer.OUT, Printer.FAULT):
        return _problem(session, "no_paper", now_ms), ()
    waiting = replace(_enter(session, State.ISSUING, now_ms), service=service, slow=False, problem="")
    return waiting, (Issue(session.visit_no, service, session.card, session.priority, session.lang),)


def _browse(session: Session, _: Event, now_ms: int, __: Settings) -> Result:
    again = session.state is State.ERROR  # a visit gives at most one ticket, so another try is another visit
    no = session.visit_no + (1 if again else 0)
    return replace(_enter(session, State.CHOOSING, now_ms), visit_no=no, service=None, problem=""), ()


def _scan_help(session: Session, _: Event, now_ms: int, __: Settings) -> Result:
    return _enter(session, State.SCAN_HELP, now_ms), ()


def _card(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    assert isinstance(event, CardRead)
    if session.card == event.card and session.state in (State.CHOOSING, State.PRIORITY, State.MAY_NOT, State.ASKING):
        return _stay(session, event, now_ms, settings)  # the same card left lying: what was chosen meanwhile stands
    known = _recent(session, event.card.holder_key, now_ms, settings)
    if session.state is State.NUMBER:
        if session.paper is Paper.PRINTING or (known and session.ticket and known.ticket.id == session.ticket.id):
            return session, ()  # the same card left lying, or a slip still on its way
        session = _fresh(session, now_ms, settings)
    if session.state is State.ERROR:
        session = replace(session, visit_no=session.visit_no + 1)
    session = replace(session, card=event.card, priority=event.proposed, problem="")
    if known:
        return _show(session, known.ticket, known.paper, now_ms, repeat=True), ()
    if event.only_service and not event.proposed:
        return _issue(session, event.only_service, now_ms, settings)
    return _enter(session, State.CHOOSING, now_ms), ()


def _dossier(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    """A receipt: how it stands, where that can be asked; else its code only goes with the number, as a card would."""
    assert isinstance(event, DossierRead)
    if own_dossier.can_ask(session, settings):
        return own_dossier.scanned(session, event, now_ms, settings)
    return _card(session, CardRead(Card("dossier", None, event.code)), now_ms, settings)


def recent_for_visit(session: Session, visit_no: int, now_ms: int, settings: Settings) -> Ticket | None:
    """The ticket a repeated touch on an old screen belongs to."""
    found = _recent(session, f"visit:{visit_no}", now_ms, settings)
    return found.ticket if found else None


def _unreadable(session: Session, event: Event, now_ms: int, __: Settings) -> Result:
    assert isinstance(event, CardUnreadable)
    return _problem(session, event.problem, now_ms), ()


def _open_priority(session: Session, _: Event, now_ms: int, __: Settings) -> Result:
    return _enter(session, State.PRIORITY, now_ms), ()


def _set_priority(session: Session, event: Event, now_ms: int, __: Settings) -> Result:
    assert isinstance(event, SetPriority)
    return replace(_enter(session, State.CHOOSING, now_ms), priority=event.code), ()


def _issued(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, Issued)
    if event.visit_no != session.visit_no:
        return _orphan(session, event, now_ms, _)
    ticket = event.ticket
    ready = session.printer in (Printer.READY, Printer.LOW)
    if event.repeat:
        return _show(session, ticket, Paper.PRINTED, now_ms, repeat=True), ()
    paper = Paper.PRINTING if ready else Paper.MISSING
    keys = [f"visit:{session.visit_no}"]
    if session.card and session.card.holder_key:
        keys.append(session.card.holder_key)
    recent = (*session.recent, *(Recent(key, ticket, now_ms, paper) for key in keys))[-KEPT_RECENT:]
    shown = replace(_show(session, ticket, paper, now_ms), recent=recent)
    return shown, ((Print(ticket, session.lang),) if ready else (ReportUnprinted(ticket.id, "shown"),))


def _orphan(session: Session, event: Event, _: int, __: Settings) -> Result:
    """The answer came when its person had been sent to the desk: say that nobody holds this number."""
    assert isinstance(event, Issued)
    return session, (() if event.repeat else (ReportUnprinted(event.ticket.id, "late"),))


def _refused(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, Refused)
    if event.visit_no != session.visit_no:
        return session, ()
    return replace(_problem(session, event.code, now_ms), from_time=event.from_time), ()


def _printed(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, PrintDone)
    recent = tuple(replace(one, paper=event.paper) if one.ticket.id == event.ticket_id else one for one in session.recent)
    session = replace(session, recent=recent)
    if session.state is State.NUMBER and session.ticket and session.ticket.id == event.ticket_id:
        session = replace(session, paper=event.paper, since_ms=now_ms)  # the time to read begins when the slip is out
    return session, ()


def _reprint(session: Session, _: Event, now_ms: int, __: Settings) -> Result:
    if session.ticket is None or not session.repeat or session.printer in (Printer.OUT, Printer.FAULT):
        return session, ()
    again = replace(session, paper=Paper.PRINTING, repeat=False, since_ms=now_ms)
    return again, (Print(session.ticket, session.lang, reprint=True),)


def _ask_help(session: Session, _: Event, now_ms: int, __: Settings) -> Result:
    """One call at a time, and none where nobody would hear it."""
    if session.alone or not session.link or session.help not in (Help.NONE, Help.FAILED):
        return replace(session, touched_ms=now_ms), ()
    return replace(session, help=Help.CALLING, touched_ms=now_ms), (CallHelp(),)


def _help_says(session: Session, event: Event, _: int, __: Settings) -> Result:
    assert isinstance(event, HelpSays)
    return replace(session, help=event.help), ()


def _stay(session: Session, _: Event, now_ms: int, __: Settings) -> Result:
    if session.state is State.ASKING and session.under:
        return _enter(session, session.under, now_ms), ()
    return replace(session, touched_ms=now_ms), ()


def _language(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, Language)
    return replace(session, lang=event.lang, touched_ms=now_ms, cursor=""), ()


def _text_size(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, TextSize)
    return replace(session, large=event.large, touched_ms=now_ms), ()


def _link(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    assert isinstance(event, Link)
    changed = replace(session, link=event.up, alone=event.alone)
    if event.up and session.state is State.PAUSED:
        return _hearing(session, _fresh(changed, now_ms, settings)), ()
    busy = session.state in (State.ISSUING, State.NUMBER, State.PAUSED, State.ERROR, State.FOUND, State.LOOKING, State.DOSSIER)
    return (changed if event.up or busy else _hearing(session, _fresh(changed, now_ms, settings))), ()


def _printer(session: Session, event: Event, _: int, __: Settings) -> Result:
    assert isinstance(event, PrinterSays)
    return replace(session, printer=event.printer), ()


# ---------------------------------------------------------------- by keys and headphones
def _headphones(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    assert isinstance(event, Headphones)
    if event.plugged:
        heard = replace(session, audio=True, cursor="", touched_ms=now_ms, asked=session.asked + 1)
        return heard, ()
    if session.audio and session.state in (*_OPEN, State.LOOKING, State.ASKING, State.ERROR, State.FOUND):
        return _fresh(session, now_ms, settings), ()  # the person has gone, and so has what the screen says of them
    reading = session.audio and session.state is State.NUMBER  # the eyes get their full time
    since_ms = now_ms if reading else session.since_ms
    return replace(session, audio=False, cursor="", volume=Session.volume, since_ms=since_ms), ()


def _focus(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, Focus)
    return (replace(session, cursor=event.id, touched_ms=now_ms, asked=session.asked + 1) if session.audio else session), ()


def _again(session: Session, event: Event, now_ms: int, _: Settings) -> Result:
    assert isinstance(event, Again)
    volume = min(max(session.volume + event.louder, VOLUMES[0]), VOLUMES[1])
    return (replace(session, volume=volume, touched_ms=now_ms, asked=session.asked + 1) if session.audio else session), ()


# ---------------------------------------------------------------- time
def _hurried(session: Session, settings: Settings) -> bool:
    """In rush hour nobody is asked whether they are still there, but for those who need more time to answer anything."""
    return settings.rush and not (session.audio or session.large)


def _tick(session: Session, _: Event, now_ms: int, settings: Settings) -> Result:
    due = deadline_ms(session, settings)
    if due is None or now_ms < due:
        return session, ()
    if session.state is State.ISSUING:
        return (_problem(session, "slow", now_ms) if session.slow else replace(session, slow=True)), ()
    if session.state is State.LOOKING:
        return own_dossier.silent(session, now_ms), ()
    if session.state is State.NUMBER and session.paper is Paper.PRINTING:
        return replace(session, paper=Paper.UNCONFIRMED, since_ms=now_ms), ()  # the printer keeps silent: the person must not wait for it
    if session.state in (State.CHOOSING, State.PRIORITY, State.TYPING) and not _hurried(session, settings):
        return replace(_enter(session, State.ASKING, now_ms), under=session.state), ()
    if session.state is State.HOME and (session.lang, session.large, session.audio) == (session.home_lang, False, False):
        return replace(session, dim=True), ()
    return _fresh(session, now_ms, settings), ()


# ---------------------------------------------------------------- the table
S = State
_NOBODY = (Tick, Link, PrinterSays, PrintDone, Issued, Refused, HelpSays, DossierTold)  # happen without anybody at the screen
_OPEN = (S.HOME, S.SCAN_HELP, S.CHOOSING, S.PRIORITY, S.MAY_NOT, S.TYPING, S.DOSSIER)  # screens that wait for a decision
TABLE: dict[tuple[State, type], Handler] = {
    (S.HOME, Choose): _choose,
    (S.CHOOSING, Choose): _choose,
    (S.DOSSIER, Choose): _choose,
    (S.MAY_NOT, TakeAnyway): _take_anyway,
    (S.HOME, Browse): _browse,
    (S.MAY_NOT, Browse): _browse,
    (S.SCAN_HELP, Browse): _browse,
    (S.ERROR, Browse): _browse,
    (S.FOUND, Browse): _browse,
    (S.DOSSIER, Browse): _browse,
    (S.TYPING, TypeKey): own_dossier.key,
    (S.LOOKING, DossierTold): own_dossier.told,
    **{(state, OpenTyping): own_dossier.open_typing for state in (S.HOME, S.SCAN_HELP, S.DOSSIER)},
    **{(state, DossierRead): _dossier for state in (*_OPEN, S.ASKING, S.ERROR, S.NUMBER, S.FOUND)},
    (S.HOME, ScanHelp): _scan_help,
    (S.ERROR, ScanHelp): _scan_help,
    (S.PRIORITY, SetPriority): _set_priority,
    (S.CHOOSING, SetPriority): _set_priority,
    (S.ISSUING, Refused): _refused,
    (S.FOUND, Consider): own_slip.consider,
    (S.FOUND, OwnSlip): own_slip.act,
    **{(state, AppointmentRead): own_slip.appointment for state in (*_OPEN, S.ASKING, S.ERROR, S.NUMBER, S.FOUND)},
    (S.NUMBER, AskReprint): _reprint,
    (S.ASKING, Stay): _stay,
    (S.HOME, Wake): _stay,
    **{(state, AskHelp): _ask_help for state in (S.HOME, S.SCAN_HELP, S.PRIORITY, S.ERROR)},
    **{(state, HelpSays): _help_says for state in State},
    **{(S.ASKING, kind): _stay for kind in (Focus, Again)},  # any key says "I am here"
    **{(state, Headphones): _headphones for state in State},
    **{(state, kind): handler for kind, handler in ((Focus, _focus), (Again, _again)) for state in State if state is not S.ASKING},
    **{(state, OpenPriority): _open_priority for state in (S.HOME, S.CHOOSING)},
    **{(state, CardRead): _card for state in (*_OPEN, S.ASKING, S.ERROR, S.NUMBER, S.FOUND)},
    **{(state, SlipRead): own_slip.laid for state in (*_OPEN, S.ASKING, S.ERROR, S.NUMBER, S.FOUND)},
    **{(state, SlipFound): own_slip.found for state in (*_OPEN, S.ASKING, S.ERROR, S.FOUND)},
    **{(state, CardUnreadable): _unreadable for state in (*_OPEN, S.ASKING, S.ERROR, S.FOUND)},
    **{(state, GoHome): _go_home for state in (*_OPEN[1:], S.NUMBER, S.FOUND, S.ERROR, S.ASKING)},
    **{(state, Stay): _stay for state in _OPEN},
    **{(state, Language): _language for state in (*_OPEN, S.NUMBER, S.FOUND, S.ERROR, S.PAUSED)},
    **{(state, TextSize): _text_size for state in (*_OPEN, S.NUMBER, S.FOUND, S.ERROR)},
    **{(state, Issued): (_issued if state in (S.ISSUING, S.ERROR) else _orphan) for state in State},
    **{(state, PrintDone): _printed for state in State},
    **{(state, Link): _link for state in State},
    **{(state, PrinterSays): _printer for state in State},
    **{(state, Tick): _tick for state in State},
}


def step(session: Session, event: Event, now_ms: int, settings: Settings) -> Result:
    """The only way a session changes."""
    handler = TABLE.get((session.state, type(event)))
    if handler is None:
        return session, ()
    after, effects = handler(session, event, now_ms, settings)
    return (after if isinstance(event, _NOBODY) else replace(after, dim=False)), effects
